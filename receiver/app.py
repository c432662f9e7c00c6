"""Webhooks in: authenticate, put the key in the inbox, answer. Nothing else, in milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.settings import Pair, Settings
from receiver import bigcommerce, brightpearl
from receiver.writer import Delivery, Writer
from store.crosswalk import Crosswalk
from store.database import Database
from store.errors import StoreUnavailableError

LARGEST_BODY = 256 * 1024
ORDERS = "orders"
OK, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, TOO_LARGE, UNAVAILABLE = 200, 400, 401, 404, 413, 503


class TooLargeError(Exception):
    """The body is larger than any webhook."""


class Receiver:
    """The endpoints, and what they need."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._pairs = settings.pairs
        self._database = database
        self._crosswalk = Crosswalk(database)
        self._writer = Writer(database)

    def app(self) -> Starlette:
        """The ASGI application; its lifespan runs the writer."""
        return Starlette(
            routes=[
                Route("/webhooks/bigcommerce/{pair}", self.from_bigcommerce, methods=["POST"]),
                Route(
                    "/webhooks/brightpearl/{pair}/{token}",
                    self.from_brightpearl,
                    methods=["POST", "PUT"],
                ),
                Route("/health", self.health),
            ],
            lifespan=self._lifespan,
        )

    async def from_bigcommerce(self, request: Request) -> Response:
        """One event of a store."""
        pair = self._pairs.get(request.path_params["pair"])
        if pair is None:
            return Response(status_code=NOT_FOUND)
        try:
            body = await _body(request)
        except TooLargeError:
            return await self._refuse(pair, TOO_LARGE, "too large")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not bigcommerce.is_genuine(headers, body, _secrets(pair), time.time()):
            return await self._refuse(pair, UNAUTHORIZED, "not genuine")
        try:
            event = _object(body)
            found = bigcommerce.keys_of(event)
        except (KeyError, TypeError, ValueError):
            return await self._refuse(pair, BAD_REQUEST, "malformed")
        producer = event.get("producer")
        if producer is not None and producer != f"stores/{pair.bigcommerce.store_hash}":
            return await self._refuse(pair, NOT_FOUND, "of another store")
        if found is None:
            return await self._keep(Delivery(pair.name, f"ignored {_scope(event)}"))
        entity, keys, source = found
        return await self._keep(Delivery(pair.name, "accepted", entity, keys, source))

    async def from_brightpearl(self, request: Request) -> Response:
        """One notice of an account, which may name many orders."""
        pair = self._pairs.get(request.path_params["pair"])
        if pair is None:
            return Response(status_code=NOT_FOUND)
        secret = pair.webhooks.secret
        known = secret.get_secret_value() if secret else None
        if not brightpearl.is_genuine(request.path_params["token"], known):
            return await self._refuse(pair, UNAUTHORIZED, "not genuine")
        try:
            notice = _object(await _body(request))
            ids = brightpearl.order_ids(notice)
        except TooLargeError:
            return await self._refuse(pair, TOO_LARGE, "too large")
        except (KeyError, TypeError, ValueError):
            return await self._refuse(pair, BAD_REQUEST, "malformed")
        if notice.get("accountCode") != pair.brightpearl.account:
            return await self._refuse(pair, NOT_FOUND, "of another account")
        if ids is None:
            return await self._keep(Delivery(pair.name, "ignored"))
        return await self._keep_orders(pair, ids)

    async def health(self, _request: Request) -> Response:
        """200 while webhooks can be kept, else 503."""
        try:
            await asyncio.to_thread(self._look)
        except StoreUnavailableError as error:
            return PlainTextResponse(str(error), status_code=UNAVAILABLE)
        return PlainTextResponse("ok")

    async def _keep_orders(self, pair: Pair, ids: list[str]) -> Response:
        """Keys of the orders that are ours; what others made in Brightpearl concerns nobody."""
        try:
            links = await asyncio.to_thread(self._crosswalk.find, pair.name, ORDERS, ids)
        except StoreUnavailableError as error:
            return PlainTextResponse(str(error), status_code=UNAVAILABLE)
        keys = [link.key_bc for link in links.values()]
        counted = "accepted" if keys else "ignored"
        return await self._keep(Delivery(pair.name, counted, ORDERS, keys, "notice"))

    async def _refuse(self, pair: Pair, status: int, why: str) -> Response:
        """Say no; the count is for the operator, and a database that is away does not change it."""
        with contextlib.suppress(StoreUnavailableError):
            await self._writer.keep(Delivery(pair.name, f"refused: {why}"))
        return Response(status_code=status)

    async def _keep(self, delivery: Delivery) -> Response:
        """Answer 2xx only for what is on disk; 503 lets the sender come back."""
        try:
            await self._writer.keep(delivery)
        except StoreUnavailableError as error:
            return PlainTextResponse(str(error), status_code=UNAVAILABLE)
        return Response(status_code=OK)

    def _look(self) -> None:
        with self._database.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(self._writer.run())
        yield
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _body(request: Request) -> bytes:
    """The whole body, unless it is larger than it may be; the rest is not read then.

    Raises: TooLargeError.
    """
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise TooLargeError
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                raise TooLargeError
    except ClientDisconnect:
        return b""
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise TypeError("not an object")
    return document


def _scope(event: Mapping[str, Any]) -> str:
    """The scope as a counter's name: what an attacker sends must not make many."""
    scope = str(event["scope"])
    return scope if scope in {"store/hook/deliveryException", "store/app/uninstalled"} else "scope"


def _secrets(pair: Pair) -> bigcommerce.Secrets:
    shared = pair.webhooks.secret
    return bigcommerce.Secrets(
        pair.bigcommerce.client_secret.get_secret_value(),
        shared.get_secret_value() if shared else None,
    )

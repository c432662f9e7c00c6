"""Webhooks in: authenticate, put the key in the inbox, answer. Nothing else, in milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.cards import places_of_cards
from core.errors import ConfigError
from core.settings import Pair, Settings
from core.times import utc_now
from receiver import bigcommerce, brightpearl
from receiver.doors import MOST_REFUSALS, RareWarnings, Refusals, doors_of_process
from receiver.writer import Delivery, Writer
from store.database import Database, StoreUnavailableError, database_of
from store.links import Links

LARGEST_BODY = 256 * 1024
ORDERS, SHIPMENTS, STOCK = "orders", "shipments", "stock"
PRODUCTS, PRICES = "products", "prices"
BODY_WITHIN_S = 10.0
"""From the end of the headers to the end of the body."""
MOST_BODIES = 32 * 1024 * 1024
"""Bytes of all bodies that are being read at once."""
KEEP_ALIVE_S = 75
"""How long an idle connection stays open: longer than senders keep it open, as a rule a minute at
most, so that none of them sends a webhook into one that is just being closed."""
OK, UNAUTHORIZED, NOT_FOUND, TOO_SLOW, TOO_LARGE = 200, 401, 404, 408, 413
TOO_MANY, UNAVAILABLE = 429, 503
CLOSE = {"connection": "close"}
"""What is left of a refused request is not read."""


class RefusedError(Exception):
    """A delivery that is answered with a status and only counted."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class UnusableError(Exception):
    """A genuine delivery that nothing can be made of: acknowledged and counted.

    Senders repeat what is answered otherwise for hours, in vain, and hold it against us.
    """


class Receiver:
    """The endpoints, and what they need."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Callable[[], datetime] = utc_now,
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self._pairs = settings.pairs
        self._database = database
        self._clock = clock
        self._body_within_s = body_within_s
        self._links = Links(database)
        self._writer = Writer(database, clock)
        self._refusals = Refusals()
        self._warnings = RareWarnings()
        self._reading = 0
        """Bytes of bodies that are being read."""

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
        return await self._answer(request, self._event)

    async def from_brightpearl(self, request: Request) -> Response:
        """One notice of an account, which may name many orders."""
        return await self._answer(request, self._notice)

    async def _answer(
        self, request: Request, read: Callable[[Pair, Request], Awaitable[Delivery]]
    ) -> Response:
        """2xx for what is on disk, and for what is of no use; 503 while nothing can be kept.

        The sender comes back then.
        A database that is away does not change the answer to a delivery that is refused anyway.
        """
        pair = self._pairs.get(request.path_params["pair"])
        if pair is None:
            return Response(status_code=NOT_FOUND, headers=CLOSE)
        source = request.client.host if request.client else ""
        try:
            await self._writer.keep(await read(pair, request))
        except UnusableError as unusable:
            with contextlib.suppress(StoreUnavailableError):
                await self._writer.keep(Delivery(pair.name, f"refused: {unusable}"))
        except RefusedError as refused:
            self._refusals.add(source)
            if self._refusals.are_too_many(source):
                # Not even counted in the database, which those who flood us would keep busy.
                self._warnings.add(
                    f"More than {MOST_REFUSALS} deliveries from {source} were refused",
                    "If they are genuine, compare the secrets: causeway webhooks ensure.",
                )
                return Response(status_code=TOO_MANY, headers={**CLOSE, "retry-after": "60"})
            with contextlib.suppress(StoreUnavailableError):
                await self._writer.keep(Delivery(pair.name, f"refused: {refused.why}"))
            return Response(status_code=refused.status, headers=CLOSE)
        except StoreUnavailableError as error:
            return PlainTextResponse(str(error), status_code=UNAVAILABLE)
        return Response(status_code=OK)

    async def _event(self, pair: Pair, request: Request) -> Delivery:
        """What a BigCommerce event asks to be remembered.

        Raises: RefusedError, UnusableError.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        secrets = _secrets(pair)
        if not bigcommerce.could_be_genuine(headers, secrets):
            raise RefusedError(UNAUTHORIZED, "not genuine")
        body = await self._body(request)
        if not bigcommerce.is_genuine(headers, body, secrets, self._clock()):
            raise RefusedError(UNAUTHORIZED, "not genuine")
        try:
            event = _object(body)
            found = bigcommerce.keys_of(event)
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableError("malformed") from error
        if event.get("producer", _producer(pair)) != _producer(pair):
            raise UnusableError("of another store")
        self._refuse_card(pair, event)
        if found is None:
            return Delivery(pair.name, f"ignored {_scope(event)}")
        keys, source = found
        return Delivery(pair.name, "accepted", keys, source)

    async def _notice(self, pair: Pair, request: Request) -> Delivery:
        """What a Brightpearl notice asks to be remembered: linked orders, goods notes, stock.

        Raises: RefusedError, UnusableError, StoreUnavailableError.
        """
        known = pair.webhooks.secrets_at(pair.webhooks.base)
        if not brightpearl.is_genuine(request.path_params["token"], known):
            raise RefusedError(UNAUTHORIZED, "not genuine")
        try:
            notice = _object(await self._body(request))
            named = brightpearl.read_notice(notice)
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableError("malformed") from error
        if notice.get("accountCode") != pair.brightpearl.account:
            raise UnusableError("of another account")
        # Ids come as sets, which may have the form of a card's number: `40000001-40000009`.
        self._refuse_card(pair, {name: one for name, one in notice.items() if name != "id"})
        links = await asyncio.to_thread(
            self._links.get, pair.name, ORDERS, named.orders, by="id_bp"
        )
        found = {
            ORDERS: [link.key_bc for link in links.values()],
            SHIPMENTS: named.notes,
            STOCK: named.stock,
            PRODUCTS: named.products,
            PRICES: named.products,
        }
        keys = {entity: list(ones) for entity, ones in found.items() if ones}
        return Delivery(pair.name, "accepted" if keys else "ignored", keys, "notice")

    def _refuse_card(self, pair: Pair, document: Mapping[str, Any]) -> None:
        """Make nothing of a document in which a payment card's number stands, and say where.

        Raises: UnusableError.
        """
        if place := next(places_of_cards(document), None):
            self._warnings.add(
                f"A webhook to {pair.name} is refused: {place[:80]} holds a payment card's number",
                "Find out which app sends it: a webhook holds nothing but ids.",
            )
            raise UnusableError("with a card's number")

    async def _body(self, request: Request) -> bytes:
        """The whole body, unless it is too large, too slow, or there is too much under way.

        Raises: RefusedError; then the remainder is not read.
        """
        if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
            raise RefusedError(TOO_LARGE, "too large")
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_within_s):
                async for part in request.stream():
                    body += part
                    self._reading += len(part)
                    if len(body) > LARGEST_BODY:
                        raise RefusedError(TOO_LARGE, "too large")
                    if self._reading > MOST_BODIES:
                        raise RefusedError(UNAVAILABLE, "too much at once")
        except ClientDisconnect:
            return b""
        except TimeoutError:
            raise RefusedError(TOO_SLOW, "too slow") from None
        finally:
            self._reading -= len(body)
        return bytes(body)

    async def health(self, _request: Request) -> Response:
        """200 while webhooks can be kept, else 503."""
        try:
            await asyncio.to_thread(self._ping)
        except StoreUnavailableError as error:
            return PlainTextResponse(str(error), status_code=UNAVAILABLE)
        return PlainTextResponse("ok")

    def _ping(self) -> None:
        with self._database.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(self._writer.run())
        yield
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT. No access log: paths hold Brightpearl's token.

    Raises: ConfigError, StoreUnavailableError at start only.
    """
    host, port = settings.receiver.host, settings.receiver.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"The receiver cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Stop what listens there, or set CAUSEWAY_RECEIVER__HOST and __PORT.",
        ) from error
    database = database_of(settings)
    config = uvicorn.Config(
        Receiver(settings, database).app(),
        host=settings.receiver.host,
        port=settings.receiver.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        http=doors_of_process().protocol(),
        ws="none",
    )
    server = uvicorn.Server(config)
    where = f"{settings.receiver.host}:{settings.receiver.port}"
    print(f"causeway receiver: listening on {where}", flush=True)  # noqa: T201 - people wait for it
    server.run()


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise TypeError("not an object")
    return document


def _scope(event: Mapping[str, Any]) -> str:
    """The scope as a counter's name: what an attacker sends must not make many."""
    scope = str(event["scope"])
    return scope if scope in {"store/hook/deliveryException", "store/app/uninstalled"} else "scope"


def _producer(pair: Pair) -> str:
    return f"stores/{pair.bigcommerce.store_hash}"


def _secrets(pair: Pair) -> bigcommerce.Secrets:
    return bigcommerce.Secrets(
        pair.bigcommerce.client_secret.get_secret_value(),
        pair.webhooks.secrets_at(pair.webhooks.base),
    )

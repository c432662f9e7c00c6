"""The front door of a system: limits, credentials, faults, the operation, and the request log.

A sandbox adds what is its vendor's own: who may call, how many calls a window lets through, which
headers an answer has, and how errors are written.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.kit.faults import AFTER, BEFORE, FaultEffects, Faults
from sandbox.kit.limits import Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Call, Reply, Router

S = TypeVar("S")
C = TypeVar("C", bound=Call)
OK, NO_CONTENT, FAILED = 200, 204, 400
URL_PARTS = 4
"""Nothing, the prefix, the store or account, and the rest."""


class _CutResponse(Response):
    """Promises a byte that never comes: the server closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the headers alone."""
        status = OK if self.status_code == NO_CONTENT else self.status_code
        start = {"type": "http.response.start", "status": status, "headers": self.raw_headers}
        await send(start)


class Gateway(ABC, Generic[S, C]):
    """Answers the vendor's own URLs, as an ASGI application."""

    prefixes: ClassVar[frozenset[str]]
    """The part of a URL that the store hash or account code follows."""
    json_type: ClassVar[str]
    html_type: ClassVar[str]

    def __init__(  # noqa: PLR0913, PLR0917 - what every front door needs, wired once
        self,
        system: S,
        router: Router[S, C],
        call_type: type[C],
        faults: Faults,
        log: RequestsLog,
        seed: int,
    ) -> None:
        self.system = system
        self.errors = router.errors
        self._router = router
        self._call_type = call_type
        self.faults = faults
        self._effects = FaultEffects(router.errors, seed)
        self._log = log

    # --- what a sandbox declares

    @abstractmethod
    def take_quota(self) -> Verdict:
        """Count one request."""

    @abstractmethod
    def turn_away(self, call: C, verdict: Verdict) -> Reply | None:
        """The answer to a caller who may not call, or not so often; None for everybody else."""

    @abstractmethod
    def headers(self, call: C, reply: Reply, verdict: Verdict) -> dict[str, str]:
        """Headers of an answer besides those that describe its body."""

    def foreign_path(self, path: str) -> str:
        """The path that a call has when its URL is not the vendor's."""
        return path

    def latency_s(self) -> float:
        """How long an answer takes at least."""
        return 0.0

    def perform(self, call: C) -> Reply:
        """Do what is asked."""
        return self._router.handle(self.system, call)

    def finish(self) -> None:
        """Do what follows a call, before its answer is sent."""

    def content_type(self, call: C, reply: Reply) -> str:  # noqa: ARG002 - for vendors to overrule
        """What an answer that is no page says it is."""
        return self.json_type

    def encode(
        self,
        call: C,  # noqa: ARG002 - for vendors to overrule
        body: bytes,
        headers: dict[str, str],  # noqa: ARG002 - for vendors to overrule
    ) -> bytes:
        """The body as it is sent; adds the headers that say so."""
        return body

    # --- what all of them do

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        call = self._read(request, await request.body())
        verdict = self.take_quota()
        reply = await self.answer(call, verdict)
        self._record(call, reply)
        self.finish()
        response = self.response(call, reply, self.headers(call, reply, verdict))
        await response(scope, receive, send)

    def _read(self, request: Request, raw_body: bytes) -> C:
        scope = request.scope
        parts = scope["path"].split("/", URL_PARTS - 1)
        if len(parts) == URL_PARTS and parts[1] in self.prefixes:
            tenant, path = parts[2], "/" + parts[3].rstrip("/")
        else:
            tenant, path = "", self.foreign_path(scope["path"])
        return self._call_type(
            method=request.method,
            path=path,
            query=dict(request.query_params) if scope["query_string"] else {},
            raw_body=raw_body,
            headers=dict(request.headers.items()),
            tenant=tenant,
            url_length=len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]),
        )

    async def answer(self, call: C, verdict: Verdict) -> Reply:
        """What the caller gets, after all that may go wrong on the way."""
        if (refusal := self.turn_away(call, verdict)) is not None:
            return refusal
        if (wait_s := self.latency_s()) > 0:
            await asyncio.sleep(wait_s)
        fault = self.faults.pick(call.method, call.path, BEFORE)
        if fault is not None:
            instead = await self._effects.before(fault, call)
            if instead is not None:
                return instead
        reply = self.perform(call)
        fault = self.faults.pick(call.method, call.path, AFTER)
        return reply if fault is None else self._effects.after(fault, reply, call)

    def _record(self, call: C, reply: Reply) -> None:
        template = self._router.find(call.method, call.path).template
        failed = reply.status >= FAILED or reply.is_cut
        self._log.record(call.method, template, throttled=reply.is_throttled, failed=failed)

    def response(self, call: C, reply: Reply, headers: dict[str, str]) -> Response:
        """The answer, written."""
        body = b""
        if reply.page is not None:
            body, headers["content-type"] = reply.page.encode(), self.html_type
        elif reply.body is not None:
            whole = reply.body
            body = whole if isinstance(whole, bytes) else orjson.dumps(whole)
            headers["content-type"] = self.content_type(call, reply)
        body = self.encode(call, body, headers)
        if reply.is_cut:
            headers["content-length"] = str(len(body) + 1)
            return _CutResponse(body, reply.status, headers)
        return Response(body, reply.status, headers)

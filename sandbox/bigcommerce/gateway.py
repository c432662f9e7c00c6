"""The vendor's front door: credentials, quota, faults, then the API. Pure ASGI, for speed."""

import asyncio
import gzip
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from sandbox.bigcommerce import access, misbehaviour, reference, refunds_api
from sandbox.bigcommerce.api import ROUTER
from sandbox.bigcommerce.formats import rfc2822
from sandbox.bigcommerce.misbehaviour import Raw
from sandbox.bigcommerce.routing import Call, Reply
from sandbox.bigcommerce.store import Store
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.window import FixedWindow, Verdict

TOO_MANY, FAILED, NO_CONTENT = 429, 400, 204
HUGE = 1_000_000
GZIP_FROM = 1000
PARTS = 4
"""`""`, `stores`, the hash, the rest."""


@dataclass(slots=True)
class Gateway:
    """Answers HTTP requests under `/stores/{hash}/`, and `/oauth2/token`."""

    store: Store
    faults: Faults
    log: RequestsLog
    window: FixedWindow
    random: Random
    running: int = 0
    answered: int = 0
    used_codes: set[str] = field(default_factory=set)
    refunding: Counter[str] = field(default_factory=Counter)
    """Refunds under way, by path and so by order."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        raw_body = await _body(receive)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        store_hash, path = _split(scope["path"])
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(scope["method"], path, query, raw_body)
        verdict = self._take()
        self.running += 1
        is_refund = refunds_api.is_refund(call)
        self.refunding[call.path] += is_refund
        try:
            answer = await self._answer(call, store_hash, headers, verdict)
        finally:
            self.running -= 1
            self.refunding[call.path] -= is_refund
            if not self.refunding[call.path]:
                del self.refunding[call.path]
        self._note(call, answer)
        await self._send(send, answer, verdict, headers)

    def _take(self) -> Verdict:
        switches = self.store.switches
        self.window.limit = reference.QUOTAS[switches.plan]
        self.window.foreign = switches.foreign_requests
        verdict = self.window.take()
        if switches.limits == "off":
            return replace(verdict, allowed=True, limit=HUGE, left=HUGE)
        return verdict

    async def _answer(
        self, call: Call, store_hash: str, headers: dict[str, str], verdict: Verdict
    ) -> Raw:
        switches = self.store.switches
        if call.path == access.TOKEN_PATH and call.method == "POST":
            content_type = headers.get("content-type", "")
            return _raw(access.token(call.raw_body, content_type, self.used_codes))
        refused = access.refusal(call, store_hash, headers, switches)
        if refused is not None:
            return Raw(refused.status, refused.body(is_v2=call.is_v2))
        if (turned_away := self._turned_away(call, verdict)) is not None:
            return turned_away
        if switches.latency_ms:
            await asyncio.sleep(switches.latency_ms / 1000)
        fault = self.faults.pick(call.method, call.path, BEFORE)
        if fault is not None:
            instead = await misbehaviour.before(fault, is_v2=call.is_v2)
            if instead is not None:
                return instead
        answer = _raw(ROUTER.handle(self.store, call))
        fault = self.faults.pick(call.method, call.path, AFTER)
        if fault is None:
            return answer
        return misbehaviour.after(fault, answer, self.random, is_v2=call.is_v2)

    def _turned_away(self, call: Call, verdict: Verdict) -> Raw | None:
        """The answer to a request that comes too soon or beside too many others."""
        crowded = 0 < self.store.switches.concurrent_requests < self.running
        if crowded or not verdict.allowed:
            return Raw(TOO_MANY, misbehaviour.throttled(is_v2=call.is_v2))
        if self.refunding[call.path] > 1 and (reply := refunds_api.busy(self.store, call)):
            return _raw(reply)
        return None

    def _note(self, call: Call, answer: Raw) -> None:
        template = ROUTER.find(call.path)[0]
        failed = answer.status >= FAILED or answer.dropped
        self.log.record(call.method, template, throttled=answer.status == TOO_MANY, failed=failed)

    async def _send(self, send: Send, answer: Raw, verdict: Verdict, asked: dict[str, str]) -> None:
        self.answered += 1
        headers = {
            "date": rfc2822(self.store.clock.now()).replace("+0000", "GMT"),
            "x-request-id": f"{self.answered:032x}",
            **answer.headers,
        }
        if answer.quota_headers:
            headers |= _quota_headers(verdict)
        body = b""
        if answer.html is not None:
            body, headers["content-type"] = answer.html.encode(), "text/html"
        elif answer.body is not None:
            whole = answer.body
            body = whole if isinstance(whole, bytes) else orjson.dumps(whole)
            headers["content-type"] = "application/json"
        zips = self.store.switches.gzip and "gzip" in asked.get("accept-encoding", "")
        if zips and len(body) >= GZIP_FROM:
            body = gzip.compress(body, 1)
            headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
        await _write(send, answer, headers, body)


def _raw(reply: Reply) -> Raw:
    return Raw(reply.status, reply.body)


def _quota_headers(verdict: Verdict) -> dict[str, str]:
    return {
        "x-rate-limit-time-window-ms": str(reference.WINDOW_S * 1000),
        "x-rate-limit-time-reset-ms": str(verdict.reset_ms),
        "x-rate-limit-requests-quota": str(verdict.limit),
        "x-rate-limit-requests-left": str(verdict.left),
    }


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _split(path: str) -> tuple[str, str]:
    """Store hash and the path from the API version on; the hash is empty for other URLs."""
    parts = path.split("/", 3)
    if len(parts) < PARTS or parts[1] != "stores":
        return "", path
    return parts[2], "/" + parts[3].rstrip("/")


async def _write(send: Send, answer: Raw, headers: dict[str, str], body: bytes) -> None:
    listed = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    if answer.status != NO_CONTENT or answer.dropped:
        length = len(body) + (1 if answer.dropped else 0)
        listed.append((b"content-length", str(length).encode()))
    status = 200 if answer.dropped and answer.status == NO_CONTENT else answer.status
    await send({"type": "http.response.start", "status": status, "headers": listed})
    if answer.dropped:
        return  # a promised byte never comes: the server closes the connection
    await send({"type": "http.response.body", "body": body})

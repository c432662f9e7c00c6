"""The vendor's front door: authentication, throttle, faults, then the API. Pure ASGI, for speed."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from sandbox.brightpearl import auth, misbehaviour, multi_message, quota, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import ROUTER
from sandbox.brightpearl.misbehaviour import Raw
from sandbox.brightpearl.notices import Notices
from sandbox.brightpearl.oauth import Tokens
from sandbox.brightpearl.outgoing import Outgoing
from sandbox.brightpearl.routing import Call, Reply
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.requests_log import RequestsLog

UNAUTHORIZED = 401
UNAVAILABLE = 503
FAILED = 400
TOKEN_PATHS = frozenset({"/oauth/token", f"/{reference.ACCOUNT_CODE}/oauth/token"})
PREFIXES = frozenset({"public-api", "2.0.0"})


@dataclass(slots=True)
class Gateway:
    """Answers HTTP requests under `/public-api/{account}/` (and the older `/2.0.0/{account}/`)."""

    account: Account
    faults: Faults
    log: RequestsLog
    send_notice: Callable[[Outgoing], None]
    throttle: quota.Quota
    tokens: Tokens
    notices: Notices
    random: Random

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        raw_body = await _body(receive)
        if scope["method"] == "POST" and scope["path"] in TOKEN_PATHS:
            reply = self.tokens.exchange(raw_body)
            await _send(send, Raw(reply.status, reply.body), {})
            return
        self.account.settle()
        verdict = self.throttle.take()
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        code, path = _split(scope["path"])
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(scope["method"], path, query, raw_body, headers)
        length = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if length > self.account.switches.longest_url:
            answer = misbehaviour.page(414, "Request-URI too large")
        else:
            answer = await self._answer(call, code, verdict)
        self._note(call, answer, verdict)
        self.release_notices()
        extra = dict(verdict.headers) if answer.throttle_headers else {}
        if "authorization" in headers:
            extra["brightpearl-installed-integration-instance-id"] = str(
                reference.OAUTH_INSTANCE_ID
            )
        await _send(send, answer, extra)

    async def _answer(self, call: Call, code: str, verdict: quota.Verdict) -> Raw:
        if not verdict.allowed:
            return Raw(UNAVAILABLE, {"response": quota.MESSAGE})
        refusal = auth.refusal(code, call.headers, self.tokens.is_good)
        if refusal is not None:
            return Raw(UNAUTHORIZED, {"response": refusal})
        fault = self.faults.pick(call.method, call.path, BEFORE)
        if fault is not None:
            instead = await misbehaviour.before(fault)
            if instead is not None:
                return instead
        reply = self._reply(call)
        answer = Raw(reply.status, reply.body)
        fault = self.faults.pick(call.method, call.path, AFTER)
        return answer if fault is None else misbehaviour.after(fault, answer, self.random)

    def _reply(self, call: Call) -> Reply:
        if call.path == multi_message.PATH and call.method == "POST":
            return multi_message.process(self.account, call, self._message)
        return ROUTER.handle(self.account, call)

    def _message(self, call: Call) -> Reply:
        """One message of a multi-message; it may fail by itself, before or after its work."""
        inner = self.faults.pick(call.method, call.path, BEFORE)
        if inner is not None and inner.kind == "http_500":
            return misbehaviour.internal_error()
        reply = ROUTER.handle(self.account, call)
        inner = self.faults.pick(call.method, call.path, AFTER)
        if inner is not None and inner.kind == "error_after_commit":
            return misbehaviour.internal_error()
        return reply

    def _note(self, call: Call, answer: Raw, verdict: quota.Verdict) -> None:
        _, template, _ = ROUTER.find(call.method, call.path)
        failed = answer.status >= FAILED or answer.dropped
        self.log.record(call.method, template, throttled=not verdict.allowed, failed=failed)

    def release_notices(self) -> None:
        """Hand deliveries that are due to the sender."""
        self.account.settle()
        for outgoing in self.notices.release():
            self.send_notice(outgoing)


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message: MutableMapping[str, Any] = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _split(path: str) -> tuple[str, str]:
    """Account code and the path from the service name on; both empty for other URLs."""
    parts = path.split("/", 3)
    if len(parts) < 4 or parts[1] not in PREFIXES:  # noqa: PLR2004 - "", prefix, account, rest
        return "", "/"
    return parts[2], "/" + parts[3].rstrip("/")


async def _send(send: Send, answer: Raw, extra: dict[str, str]) -> None:
    if answer.html is not None:
        body, content_type = answer.html.encode(), "text/html; charset=UTF-8"
    else:
        body, content_type = orjson.dumps(answer.body), "application/json;charset=UTF-8"
    headers = {"content-type": content_type, **extra, **answer.headers}
    length = len(body) + (1 if answer.dropped else 0)
    listed = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    listed.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": listed})
    if answer.dropped:
        return  # a promised byte never comes: the server closes the connection
    await send({"type": "http.response.body", "body": body})

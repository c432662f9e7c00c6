"""Faults on request: what each kind does to an answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from sandbox.brightpearl.quota import MESSAGE
from sandbox.brightpearl.routing import Reply
from sandbox.kit.faults import Fault

HTML = "<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as bytes may be made of it: JSON, or a page of HTML, or a cut connection."""

    status: int
    body: object = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False
    throttle_headers: bool = True


def internal_error() -> Reply:
    """The vendor's own fault: the code says that it may be retried."""
    error = {"code": "CMNU-003", "message": "An internal error occurred"}
    return Reply(500, {"errors": [error]})


def page(status: int, text: str) -> Raw:
    """What a gateway before the API answers."""
    return Raw(status, html=HTML.format(status=status, text=text))


PAGES = {
    "http_502_html": page(502, "Bad gateway"),
    "maintenance": page(503, "Down for maintenance"),
    "http_503": page(503, "Service temporarily unavailable"),
    "http_504": page(504, "Gateway time-out"),
}


async def before(fault: Fault) -> Raw | None:
    """The answer that takes the handler's place, or None when it may go on (after a wait)."""
    match fault.kind:
        case "http_500":
            return Raw(500, internal_error().body)
        case "throttle_without_headers":
            return Raw(503, {"response": MESSAGE}, throttle_headers=False)
        case "drop_connection":
            return Raw(200, dropped=True)
        case "slow":
            await asyncio.sleep(float(fault.params.get("ms", 1000)) / 1000)
    return PAGES.get(fault.kind)


def after(fault: Fault, answer: Raw, random: Random) -> Raw:
    """What the caller sees of an answer whose work is done."""
    match fault.kind:
        case "lost_answer":
            if fault.params.get("as") == "http_502":
                return page(502, "Bad gateway")
            return replace(answer, dropped=True)
        case "error_after_commit":
            return Raw(500, internal_error().body)
        case "extra_fields":
            return replace(answer, body=_with_extra(answer.body))
        case "null_fields":
            return replace(answer, body=_with_nulls(answer.body, random))
    return answer


def _documents(body: object) -> list[dict[str, Any]]:
    value = body.get("response") if isinstance(body, dict) else None
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, dict)]


def _with_extra(body: object) -> object:
    for document in _documents(body):
        document["fieldNobodyKnows"] = {"since": "4.96"}
    return body


def _with_nulls(body: object, random: Random) -> object:
    for document in _documents(body):
        names = [
            name for name in document if name not in {"id", "contactId", "metaData", "results"}
        ]
        if names:
            document[random.choice(names)] = None
    return body

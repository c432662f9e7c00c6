"""Faults on request: what each kind does to an answer."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import orjson

from sandbox.kit.faults import Fault

HTML = "<html><head><title>{0} {1}</title></head><body><h1>{1}</h1></body></html>"
KEPT = frozenset({"id", "data", "meta", "status_id", "total_inc_tax", "total_tax"})
"""Fields that `null_fields` leaves alone, unless told `"field"`."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer before it is written: JSON as bytes or objects, a page of HTML, or a cut."""

    status: int
    body: object = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False
    quota_headers: bool = True


def _page(status: int, text: str) -> Raw:
    return Raw(status, html=HTML.format(status, text), quota_headers=False)


PAGES = {
    "http_502_html": _page(502, "Bad Gateway"),
    "http_503": _page(503, "Service Unavailable"),
    "http_504": _page(504, "Gateway Time-out"),
    "maintenance": _page(503, "Down for Maintenance"),
}


def throttled(*, is_v2: bool) -> object:
    """The body of a 429."""
    if is_v2:
        return [{"status": 429, "message": "Too many requests"}]
    return {
        "status": 429,
        "title": "Too many requests",
        "type": "https://developer.bigcommerce.com/docs/start/about/status-codes",
    }


def internal_error(*, is_v2: bool) -> Raw:
    """The vendor's own fault."""
    text = "An unexpected error occurred."
    body = [{"status": 500, "message": text}] if is_v2 else {"status": 500, "title": text}
    return Raw(500, body)


async def before(fault: Fault, *, is_v2: bool) -> Raw | None:
    """The answer that takes the handler's place, or None when it may go on (after a wait)."""
    match fault.kind:
        case "http_500":
            return internal_error(is_v2=is_v2)
        case "throttle_without_headers":
            return Raw(429, throttled(is_v2=is_v2), quota_headers=False)
        case "drop_connection":
            return Raw(200, dropped=True)
        case "slow":
            await asyncio.sleep(float(fault.params.get("ms", 1000)) / 1000)
    return PAGES.get(fault.kind)


def after(fault: Fault, answer: Raw, random: Random, *, is_v2: bool) -> Raw:
    """What the caller sees of an answer whose work is done."""
    match fault.kind:
        case "lost_answer":
            if fault.params.get("as") == "http_502":
                return PAGES["http_502_html"]
            return replace(answer, dropped=True)
        case "error_after_commit":
            return internal_error(is_v2=is_v2)
    body = answer.body
    if isinstance(body, bytes):
        body = orjson.loads(body)
    for document in _documents(body):
        _spoil(fault, document, random)
    return replace(answer, body=body)


def _documents(body: object) -> Iterator[dict[str, Any]]:
    rows = body.get("data", body) if isinstance(body, dict) else body
    for row in rows if isinstance(rows, list) else [rows]:
        if isinstance(row, dict):
            yield row


def _spoil(fault: Fault, document: dict[str, Any], random: Random) -> None:
    match fault.kind:
        case "extra_fields":
            document["field_nobody_knows"] = {"since": 2027}
        case "null_fields":
            names = [name for name in document if name not in KEPT]
            named = fault.params.get("field")
            if named or names:
                document[named or random.choice(names)] = None
        case "empty_line_items":
            _empty_lines(document)


def _empty_lines(document: dict[str, Any]) -> None:
    """The anomaly seen on real stores: consignments without their lines."""
    whole = document.get("consignments")
    for consignments in whole if isinstance(whole, list) else [whole]:
        if isinstance(consignments, dict):
            for place in consignments.get("shipping", ()):
                place["line_items"] = []

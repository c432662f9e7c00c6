"""Faults on request: which kind meets which request, how often, and what it does to the answer.

The same for the same seed.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Generic, TypeVar

import orjson

from sandbox.kit.routing import Call, ErrorFormat, Reply

C = TypeVar("C", bound=Call)

BEFORE = "before"
"""Takes the handler's place, or delays it."""
AFTER = "after"
"""Changes the answer once the work is done."""
KINDS: Mapping[str, str] = {
    "http_500": BEFORE,
    "http_502_html": BEFORE,
    "http_503": BEFORE,
    "http_504": BEFORE,
    "maintenance": BEFORE,
    "drop_connection": BEFORE,
    "slow": BEFORE,
    "throttle_without_headers": BEFORE,
    "unauthorized": BEFORE,
    "lost_answer": AFTER,
    "error_after_commit": AFTER,
    "truncated_json": AFTER,
    "empty_answer": AFTER,
    "extra_fields": AFTER,
    "null_fields": AFTER,
    "empty_line_items": AFTER,
    "broken_answer": AFTER,
}
BROKEN: Mapping[str, Reply] = {
    "lost": Reply(200, is_cut=True),
    "truncated": Reply(200, body=b'{"data": {"id": 1'),
    "empty": Reply(200, body=b""),
    "null": Reply(200, body=b"null"),
    "wrong_type": Reply(200, body=b'["done"]'),
    **{str(status): Reply(status, page="<h1>Sorry</h1>") for status in (500, 502, 503, 504)},
}
"""What `broken_answer` gives, by its parameter `as`; `committed: false` leaves the work undone."""
_KNOWN = {"kind", "method", "path", "rate", "times", "skip"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was drawn for one request."""

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Rule:
    """When a fault strikes. `times` is how often it still may; None for ever.

    So many requests that it would strike are let through first: `skip`.
    """

    kind: str
    method: str
    path: re.Pattern[str]
    rate: float
    times: int | None
    skip: int
    params: dict[str, Any]
    struck: int = 0

    @property
    def group(self) -> str:
        """Whether it takes the handler's place or changes its answer."""
        is_undone = self.kind == "broken_answer" and not self.params.get("committed", True)
        return BEFORE if is_undone else KINDS[self.kind]

    def document(self) -> dict[str, Any]:
        """As configured, with how often it struck."""
        return {
            "kind": self.kind,
            "method": self.method,
            "path": self.path.pattern,
            "rate": self.rate,
            "times": self.times,
            "skip": self.skip,
            "struck": self.struck,
            **self.params,
        }


class Faults:
    """The faults of one system."""

    def __init__(self, seed: int = 0, rules: Iterable[Mapping[str, Any]] = ()) -> None:
        self._random = Random(seed)  # noqa: S311 - reproducible, not secret
        self._rules: list[Rule] = []
        self.configure(rules)

    def configure(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Replace all rules.

        In: mappings with `kind`, and optionally `method` (default any), `path` (a regular
        expression searched in the path), `rate` (0 to 1, default 1), `times` (default for ever),
        `skip` (how many such requests pass first, default none) and the kind's own parameters,
        such as `ms` of `slow`.
        Raises: ValueError that names the fault in the rules; the old ones stay.
        """
        self._rules = [_rule(given) for given in rules]

    def pick(self, method: str, path: str, kind_group: str) -> Fault | None:
        """A fault of the group for this request, or None."""
        for rule in self._rules:
            if rule.group != kind_group or rule.method not in {"*", method}:
                continue
            if rule.times == 0 or not rule.path.search(path):
                continue
            if rule.rate < 1 and self._random.random() >= rule.rate:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.struck += 1
            if rule.times is not None:
                rule.times -= 1
            return Fault(rule.kind, rule.params)
        return None

    def documents(self) -> list[dict[str, Any]]:
        """All rules as configured."""
        return [rule.document() for rule in self._rules]


def _rule(given: Mapping[str, Any]) -> Rule:
    kind = given.get("kind")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(sorted(KINDS))}")
    rate, times = given.get("rate", 1), given.get("times")
    if not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ValueError(f"{kind}: rate {rate!r} is not between 0 and 1")
    if times is not None and (not isinstance(times, int) or times < 0):
        raise ValueError(f"{kind}: times {times!r} is not a count")
    skip = given.get("skip", 0)
    if not isinstance(skip, int) or skip < 0:
        raise ValueError(f"{kind}: skip {skip!r} is not a count")
    if kind == "broken_answer" and given.get("as", "lost") not in BROKEN:
        raise ValueError(f"broken_answer: as is not one of {', '.join(BROKEN)}")
    try:
        path = re.compile(str(given.get("path", "")))
    except re.error as wrong:
        raise ValueError(f"{kind}: path is not a regular expression: {wrong}") from wrong
    return Rule(
        kind=str(kind),
        method=str(given.get("method", "*")).upper(),
        path=path,
        rate=float(rate),
        times=times,
        skip=skip,
        params={name: value for name, value in given.items() if name not in _KNOWN},
    )


class FaultEffects(Generic[C]):
    """What faults do to the answers of one system."""

    def __init__(self, errors: ErrorFormat[C], seed: int) -> None:
        self._errors = errors
        self._random = Random(seed)  # noqa: S311 - reproducible, not secret

    async def before(self, fault: Fault, call: C) -> Reply | None:
        """The answer that takes the handler's place, or None when it may go on (after a wait)."""
        match fault.kind:
            case "http_500":
                return self._errors.internal_error(call)
            case "throttle_without_headers":
                return replace(self._errors.throttled(call), shows_quota=False)
            case "drop_connection":
                return Reply(200, is_cut=True)
            case "slow":
                await asyncio.sleep(float(fault.params.get("ms", 1000)) / 1000)
            case "broken_answer":
                return BROKEN[str(fault.params.get("as", "lost"))]
        return self._errors.pages.get(fault.kind)

    def after(self, fault: Fault, reply: Reply, call: C) -> Reply:
        """What the caller sees of an answer whose work is done."""
        match fault.kind:
            case "lost_answer":
                if fault.params.get("as") == "http_502":
                    return self._errors.pages["http_502_html"]
                return replace(reply, is_cut=True)
            case "broken_answer":
                return BROKEN[str(fault.params.get("as", "lost"))]
            case "error_after_commit":
                return self._errors.internal_error(call)
            case "truncated_json" | "empty_answer":
                return _shortened(reply, is_empty=fault.kind == "empty_answer")
        body = orjson.loads(reply.body) if isinstance(reply.body, bytes) else reply.body
        for document in self._errors.documents(body):
            self._spoil(fault, document)
        return replace(reply, body=body)

    def _spoil(self, fault: Fault, document: dict[str, Any]) -> None:
        match fault.kind:
            case "extra_fields":
                name, value = self._errors.extra_field
                document[name] = value
            case "null_fields":
                names = [name for name in document if name not in self._errors.kept_fields]
                named = fault.params.get("field")
                if named or names:
                    document[named or self._random.choice(names)] = None
            case "empty_line_items":
                _empty_lines(document)


def _shortened(reply: Reply, *, is_empty: bool) -> Reply:
    """The first half of an answer, or nothing of it."""
    if is_empty or reply.body is None:
        return Reply(200, body=b"")
    whole = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
    return replace(reply, body=whole[: len(whole) // 2])


def _empty_lines(document: dict[str, Any]) -> None:
    """The anomaly seen on real stores: consignments without their lines."""
    whole = document.get("consignments")
    for consignments in whole if isinstance(whole, list) else [whole]:
        if isinstance(consignments, dict):
            for place in consignments.get("shipping", ()):
                place["line_items"] = []

"""Filters of V3 lists."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sandbox.bigcommerce.routing import Call

T = TypeVar("T")


def kept(call: Call, rows: Iterable[T], filters: dict[str, Callable[[T], str]]) -> list[T]:
    """Rows that pass `name`, `name:in` for each name; texts compare in any case."""
    kept = list(rows)
    for name, value in filters.items():
        for asked in (name, f"{name}:in"):
            if asked in call.query:
                text = call.query[asked].casefold()
                wanted = set(text.split(",")) if asked.endswith(":in") else {text}
                kept = [row for row in kept if value(row).casefold() in wanted]
    return kept

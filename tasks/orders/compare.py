"""Which side changed since both agreed, and what would make them agree again. Pure.

Each side is compared with what was agreed on last (`memory.py`): a change on one side may travel to
the other, a change on both is a person's to decide. Times are never compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.money import two_places
from tasks.orders.memory import Memory
from tasks.orders.states import ActualOrder, ActualRow, Content

FOREIGN = "bp:"
"""How a row is called that is not ours."""

Contents = Mapping[str, Content]
"""What stands in an order's rows, by row reference."""


@dataclass(frozen=True)
class RowChange:
    """One row that differs: None where there is none."""

    ref: str
    before: Content | None
    after: Content | None
    row_id: str = ""
    """Brightpearl's, of a row that exists."""


@dataclass(frozen=True)
class Sides:
    """What changed since both sides agreed."""

    store: bool
    account: bool
    apart: tuple[RowChange, ...]
    """What would have to change in Brightpearl to be as the store has it; none: both agree."""


def contents(rows: Iterable[Mapping[str, Any]]) -> dict[str, Content]:
    """What should stand in an order's rows. In: rows of ROWS."""
    return {
        row["row_ref"]: Content(
            row["product_id"], row["quantity"], two_places(row["net"]), two_places(row["tax"])
        )
        for row in rows
    }


def compare(wanted: Contents, there: ActualOrder, memory: Memory) -> Sides:
    """The rows of both sides, with each other and with what was agreed on."""
    base = {
        ref: Content(row.product_id, row.quantity, two_places(row.net), two_places(row.tax))
        for ref, row in memory.rows.items()
    }
    actual = {**there.contents, **{f"{FOREIGN}{r.row_id}": r.content for r in there.foreign}}
    return Sides(
        store=not base or dict(wanted) != base,
        account=not base or actual != base,
        apart=tuple(_changes(wanted, there)),
    )


def is_apart(wanted: Contents, there: ActualOrder) -> bool:
    """Whether any row differs."""
    return any(True for _ in _changes(wanted, there))


def adopted(wanted: Contents, there: ActualOrder) -> ActualOrder:
    """The order, with rows that carry no reference taken for those of ours that they equal.

    A row that was added by a call whose answer was lost stands there without our reference.
    """
    missing = {ref: content for ref, content in wanted.items() if ref not in there.rows}
    rows, foreign = dict(there.rows), []
    for row in there.foreign:
        ref = next((ref for ref, content in missing.items() if content == row.content), None)
        if ref is None:
            foreign.append(row)
        else:
            rows[ref] = replace(row, has_ref=False)
            del missing[ref]
    return replace(there, rows=rows, foreign=tuple(foreign))


def digest(*parts: object) -> str:
    """A short name of a proposal: the same proposal always has the same one."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def in_words(change: RowChange) -> dict[str, str]:
    """A row change for people and the ledger: products by id, units and money, before and after."""
    return {
        "row": change.ref,
        "before": _spoken(change.before),
        "after": _spoken(change.after),
    }


def _changes(wanted: Contents, there: ActualOrder) -> Iterable[RowChange]:
    for ref, content in wanted.items():
        row = there.rows.get(ref)
        if row is None:
            yield RowChange(ref, None, content)
        elif row.content != content:
            yield RowChange(ref, row.content, content, row.row_id)
    for ref, row in _others(wanted, there):
        yield RowChange(ref, row.content, None, row.row_id)


def _others(wanted: Contents, there: ActualOrder) -> Iterable[tuple[str, ActualRow]]:
    yield from ((ref, row) for ref, row in there.rows.items() if ref not in wanted)
    yield from ((f"{FOREIGN}{row.row_id}", row) for row in there.foreign)


def _spoken(content: Content | None) -> str:
    if content is None:
        return "nothing"
    what = f"product {content.product_id}" if content.product_id else "free text"
    return f"{content.quantity} x {what}, net {content.net}, tax {content.tax}"

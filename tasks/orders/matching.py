"""How the rows of both sides are matched and compared. Pure.

Each side is also compared with what was agreed on last: a change on one side may travel to the
other, a change on both is a person's to decide. Times are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.money import two_places
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.actual import ActualOrder, ActualRow, Content, Contents
from tasks.orders.desired import Row

FOREIGN = "bp:"
"""How the reference of a row begins that is not ours."""


@dataclass(frozen=True)
class RowChange:
    """One row that differs: None where there is none."""

    ref: str
    before: Content | None
    after: Content | None
    row_id: str = ""
    """Brightpearl's, of a row that exists."""

    def describe(self) -> dict[str, str]:
        """The change for people and the ledger."""
        return {
            "row": self.ref,
            "before": str(self.before or "nothing"),
            "after": str(self.after or "nothing"),
        }


@dataclass(frozen=True)
class Comparison:
    """What changed since both sides agreed."""

    is_store_changed: bool
    is_account_changed: bool
    changes: tuple[RowChange, ...]
    """What would have to change in Brightpearl to be as the store has it; none: both agree."""


def contents(rows: Iterable[Row]) -> dict[str, Content]:
    """What should be in an order's rows."""
    return {
        row.row_ref: Content(row.product_id, row.quantity, two_places(row.net), two_places(row.tax))
        for row in rows
    }


def compare(desired: Contents, actual: ActualOrder, agreed: AgreedOrder) -> Comparison:
    """The rows of both sides, with each other and with what was agreed on."""
    base = {
        ref: Content(row.product_id, row.quantity, two_places(row.net), two_places(row.tax))
        for ref, row in agreed.rows.items()
    }
    in_account = {**actual.contents, **{f"{FOREIGN}{r.row_id}": r.content for r in actual.foreign}}
    return Comparison(
        is_store_changed=not base or dict(desired) != base,
        is_account_changed=not base or in_account != base,
        changes=tuple(_changes(desired, actual)),
    )


def differs(desired: Contents, actual: ActualOrder) -> bool:
    """Whether any row differs."""
    return any(True for _ in _changes(desired, actual))


def adopt_rows(desired: Contents, actual: ActualOrder) -> ActualOrder:
    """The order, with rows that carry no reference taken for those of ours that they equal.

    A row that was added by a call whose answer was lost is there without our reference.
    """
    missing = {ref: content for ref, content in desired.items() if ref not in actual.rows}
    rows, foreign = dict(actual.rows), []
    for row in actual.foreign:
        ref = next((ref for ref, content in missing.items() if content == row.content), None)
        if ref is None:
            foreign.append(row)
        else:
            rows[ref] = replace(row, has_ref=False)
            del missing[ref]
    return replace(actual, rows=rows, foreign=tuple(foreign))


def _changes(desired: Contents, actual: ActualOrder) -> Iterable[RowChange]:
    for ref, content in desired.items():
        row = actual.rows.get(ref)
        if row is None:
            yield RowChange(ref, None, content)
        elif row.content != content:
            yield RowChange(ref, row.content, content, row.row_id)
    for ref, row in _unwanted(desired, actual):
        yield RowChange(ref, row.content, None, row.row_id)


def _unwanted(desired: Contents, actual: ActualOrder) -> Iterable[tuple[str, ActualRow]]:
    yield from ((ref, row) for ref, row in actual.rows.items() if ref not in desired)
    yield from ((f"{FOREIGN}{row.row_id}", row) for row in actual.foreign)

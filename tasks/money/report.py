"""A tie-out as a document, and in words. Pure. Order numbers, ids and amounts; nobody's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.money import ZERO
from tasks.money.day import Day
from tasks.money.difference import Difference
from tasks.money.sides import REFUND, STORE_ONLY
from tasks.money.totals import ORDERS, Line

HEADINGS = {
    "unexplained": "Differ, and nobody knows why",
    "explained": "Differ, and it is known why",
}
COUNTED = {"orders", "refunds"}
"""Figures that are no amounts."""
WORDS = {
    "goods": "sold less discounts",
    "refunded_tax": "tax refunded",
    "paid_back": "paid back",
}


def findings(
    day: Day,
    orders: Sequence[Line],
    refunds: Sequence[Line],
    differences: Sequence[Difference],
) -> dict[str, Any]:
    """What the audit found, as its document has it."""
    return {
        "day": day.on.isoformat(),
        "zone": day.zone,
        "orders": [line.document(ORDERS) for line in orders],
        "refunds": [line.document(REFUND) for line in refunds],
        "cents_off": cents_off(one for one in differences if not one.is_explained),
        "cents_explained": cents_off(one for one in differences if one.is_explained),
        "unexplained": _by_name(one for one in differences if not one.is_explained),
        "explained": _by_name(one for one in differences if one.is_explained),
        "differences": [_document(one) for one in differences],
    }


def cents_off(differences: Iterable[Difference]) -> int:
    """How many cents they come to: the largest figure of each."""
    return int(
        sum(
            (
                max(
                    (abs(a - b) for name, (a, b) in one.apart.items() if name not in COUNTED),
                    default=ZERO,
                )
                for one in differences
            ),
            ZERO,
        )
        * 100
    )


def says(found: Mapping[str, Any], orders: Sequence[Line], refunds: Sequence[Line]) -> str:
    """The audit in a sentence, and both sides side by side."""
    count = sum(int(line.store.get("orders", ZERO)) for line in orders)
    there = sum(int(line.account.get("orders", ZERO)) for line in orders)
    sentence = (
        f"{found['day']} ({found['zone']}): {count} orders in the store, {there} in Brightpearl; "
        f"{len(found['unexplained'])} differ unexplained, by {_money(found['cents_off'])}, "
        f"{len(found['explained'])} explained, by {_money(found['cents_explained'])}."
    )
    tables = [sentence]
    if orders:
        tables.append(f"Orders placed on the day:\n\n{_table(orders, ORDERS)}")
    if refunds:
        tables.append(f"Refunds made on the day:\n\n{_table(refunds, REFUND)}")
    return "\n\n".join(tables)


def in_words(difference: Difference) -> str:
    """Reason, amounts, and why it is known."""
    amounts = ", ".join(
        f"{WORDS.get(name, name)} {ours} / {theirs}"
        for name, (ours, theirs) in difference.apart.items()
        if name not in COUNTED
    )
    currency = f" {difference.owner.currency_code}" if amounts else ""
    parts = [difference.reason.value, difference.detail, f"{amounts}{currency}", difference.because]
    return "; ".join(part for part in parts if part)


def _by_name(differences: Iterable[Difference]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in differences:
        found[one.name].append(in_words(one))
    return {name: " | ".join(texts) for name, texts in found.items()}


def _document(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name,
        "order": one.order_id,
        "reason": one.reason.name.lower(),
        "says": one.reason.value,
        "detail": one.detail,
        "channel": one.owner.channel_id,
        "currency": one.owner.currency_code,
        "apart": {
            name: {
                "bigcommerce": str(ours),
                "brightpearl": str(theirs),
                "apart": str(ours - theirs),
            }
            for name, (ours, theirs) in one.apart.items()
        },
        "explained": one.is_explained,
        "because": one.because,
    }


def _table(lines: Sequence[Line], names: Sequence[str]) -> str:
    """A Markdown table that reads well as text, too."""
    rows = [["channel", "currency", "figure", "BigCommerce", "Brightpearl", "apart", "explained"]]
    for line in lines:
        for name in names:
            ours, theirs = line.store.get(name, ZERO), line.account.get(name, ZERO)
            if ours or theirs:
                rows.append([*_head(line), WORDS.get(name, name), *_cells(line, name)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    )


def _head(line: Line) -> list[str]:
    return [line.owner.channel_id or "-", line.owner.currency_code or "-"]


def _cells(line: Line, name: str) -> list[str]:
    ours = _amount(name, line.store.get(name, ZERO))
    if name in STORE_ONLY:
        return [ours, "-", "-", "-"]
    rest = (line.account.get(name, ZERO), line.apart(name), line.explained.get(name, ZERO))
    return [ours, *(_amount(name, amount) for amount in rest)]


def _amount(name: str, amount: Decimal) -> str:
    return str(int(amount)) if name in COUNTED else str(amount.quantize(Decimal("0.01")))


def _money(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2).quantize(Decimal("0.01")))

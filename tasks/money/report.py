"""A tie-out as totals, as a document and in words. Pure.

Order numbers, ids and amounts; nothing personal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.money import CENT, ZERO
from core.times import Day
from tasks.money.matching import MoneyDifference
from tasks.money.sides import (
    ORDER,
    REFUND,
    STORE_ONLY,
    AccountDay,
    BookedCredit,
    ChannelCurrency,
    Figure,
    Figures,
    StoreDay,
    StoreRefund,
    total_of,
)

HEADINGS = {
    "unexplained": "Differ, and nobody knows why",
    "explained": "Differ, and it is known why",
}
SHOWN = (
    Figure.ORDERS,
    *STORE_ONLY,
    *ORDER[1:-1],
    Figure.REFUNDED,
    Figure.REFUNDED_TAX,
    Figure.PAID,
    Figure.PAID_BACK,
)
"""Figures of the day's orders, as they follow each other."""
COUNTED = {Figure.ORDERS, Figure.REFUNDS}
"""Figures that are no amounts."""
TITLES = {
    Figure.GOODS: "sold less discounts",
    Figure.REFUNDED_TAX: "tax refunded",
    Figure.PAID_BACK: "paid back",
}
COLUMNS = (
    "channel",
    "currency",
    "figure",
    "BigCommerce",
    "Brightpearl",
    "difference",
    "explained",
)

Parts = Iterable[tuple[ChannelCurrency, Figures]]


@dataclass(frozen=True)
class GroupTotals:
    """Both sides of a day added up: one channel and currency."""

    group: ChannelCurrency
    store: Figures
    account: Figures
    explained: Figures
    """What of the difference is known already."""

    def difference(self, name: Figure) -> Decimal:
        """The store's figure less Brightpearl's; zero where only the store has one."""
        if name in STORE_ONLY:
            return ZERO
        return self.store.get(name, ZERO) - self.account.get(name, ZERO)

    def document(self, names: Sequence[Figure]) -> dict[str, Any]:
        """As JSON has it: counts as numbers, amounts as text."""
        compared = [name for name in names if name not in STORE_ONLY]
        return {
            "channel": self.group.channel_id,
            "currency": self.group.currency_code,
            "bigcommerce": {n.value: _value(n, self.store.get(n, ZERO)) for n in names},
            "brightpearl": {n.value: _value(n, self.account.get(n, ZERO)) for n in compared},
            "difference": {n.value: _value(n, self.difference(n)) for n in compared},
            "explained": {n.value: _value(n, self.explained.get(n, ZERO)) for n in compared},
        }


def totals_of_orders(
    store: StoreDay, account: AccountDay, differences: Iterable[MoneyDifference]
) -> list[GroupTotals]:
    """The orders placed on the day, with all their refunds and payments so far."""
    sold = [(order.group, order.figures) for order in store.orders.values() if order.is_sold]
    booked = [
        (store.group_of(order), order.figures)
        for key, order in account.orders.items()
        if key not in store.of_other_days and not order.is_cancelled
    ]
    refunds = [one for one in store.refunds if one.order_id in store.orders]
    credits_ = [one for one in account.credits if one.order_id in store.orders]
    refunded, credited = _moved(store, refunds, credits_)
    return _totals([*sold, *refunded], [*booked, *credited], differences)


def totals_of_refunds(
    store: StoreDay,
    refunds: Iterable[StoreRefund],
    credits_: Iterable[BookedCredit],
    differences: Iterable[MoneyDifference],
) -> list[GroupTotals]:
    """The refunds made on the day."""
    return _totals(*_moved(store, refunds, credits_), differences)


def findings(
    day: Day,
    orders: Sequence[GroupTotals],
    refunds: Sequence[GroupTotals],
    differences: Sequence[MoneyDifference],
) -> dict[str, Any]:
    """What the audit found, as its document has it."""
    explained = [one for one in differences if one.is_explained]
    unexplained = [one for one in differences if not one.is_explained]
    return {
        "day": day.on.isoformat(),
        "zone": day.zone,
        "orders": [totals.document(SHOWN) for totals in orders],
        "refunds": [totals.document(REFUND) for totals in refunds],
        "cents_off": _cents(unexplained),
        "cents_explained": _cents(explained),
        "unexplained": _by_name(unexplained),
        "explained": _by_name(explained),
        "differences": [_document(one) for one in differences],
    }


def says(found: Mapping[str, Any]) -> str:
    """The audit in a sentence, and both sides side by side. In: `findings`."""
    orders, refunds = found["orders"], found["refunds"]
    in_store, in_account = (
        sum(totals[side][Figure.ORDERS] for totals in orders)
        for side in ("bigcommerce", "brightpearl")
    )
    parts = [
        f"{found['day']} ({found['zone']}): {in_store} orders in the store, {in_account} in "
        f"Brightpearl; {len(found['unexplained'])} differ unexplained, by "
        f"{found['cents_off'] * CENT}, {len(found['explained'])} explained, by "
        f"{found['cents_explained'] * CENT}."
    ]
    if orders:
        parts.append(f"Orders placed on the day:\n\n{_table(orders)}")
    if refunds:
        parts.append(f"Refunds made on the day:\n\n{_table(refunds)}")
    return "\n\n".join(parts)


def _moved(
    store: StoreDay, refunds: Iterable[StoreRefund], credits_: Iterable[BookedCredit]
) -> tuple[Parts, Parts]:
    return (
        [(store.group(one.order_id), one.figures) for one in refunds],
        [(store.group_of(one), one.figures) for one in credits_],
    )


def _totals(
    store: Parts, account: Parts, differences: Iterable[MoneyDifference]
) -> list[GroupTotals]:
    explained: Parts = [
        (one.group, {name: a - b for name, (a, b) in one.amounts.items()})
        for one in differences
        if one.is_explained
    ]
    sides = [_by_group(parts) for parts in (store, account, explained)]
    groups = sorted({group for side in sides for group in side}, key=_sequence)
    return [GroupTotals(group, *(side.get(group, {}) for side in sides)) for group in groups]


def _by_group(parts: Parts) -> dict[ChannelCurrency, Figures]:
    grouped: dict[ChannelCurrency, list[Figures]] = defaultdict(list)
    for group, figures in parts:
        grouped[group].append(figures)
    return {group: total_of(figures) for group, figures in grouped.items()}


def _sequence(group: ChannelCurrency) -> tuple[int, str]:
    number = group.channel_id
    return (int(number) if number.isdecimal() else 0, group.currency_code)


def _cents(differences: Iterable[MoneyDifference]) -> int:
    """How many cents they come to: the largest figure of each."""
    return sum(
        max((int(abs(a - b) / CENT) for _, a, b in _amounts(one)), default=0) for one in differences
    )


def _amounts(difference: MoneyDifference) -> list[tuple[Figure, Decimal, Decimal]]:
    """The figures that are no counts, with both sides' amounts."""
    found = difference.amounts.items()
    return [(name, a, b) for name, (a, b) in found if name not in COUNTED]


def _by_name(differences: Iterable[MoneyDifference]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in differences:
        found[one.name].append(_in_words(one))
    return {name: " | ".join(texts) for name, texts in found.items()}


def _in_words(difference: MoneyDifference) -> str:
    """Reason, amounts, and why it is known."""
    amounts = ", ".join(
        f"{TITLES.get(name, name.value)} {store} / {account}"
        for name, store, account in _amounts(difference)
    )
    currency = f" {difference.group.currency_code}" if amounts else ""
    parts = [difference.reason.value, difference.detail, f"{amounts}{currency}", difference.because]
    return "; ".join(part for part in parts if part)


def _document(one: MoneyDifference) -> dict[str, Any]:
    return {
        "name": one.name,
        "order": one.order_id,
        "reason": one.reason.name.lower(),
        "says": one.reason.value,
        "detail": one.detail,
        "channel": one.group.channel_id,
        "currency": one.group.currency_code,
        "amounts": {
            name.value: {
                "bigcommerce": str(store),
                "brightpearl": str(account),
                "difference": str(store - account),
            }
            for name, (store, account) in one.amounts.items()
        },
        "explained": one.is_explained,
        "because": one.because,
    }


def _table(lines: Iterable[Mapping[str, Any]]) -> str:
    """A Markdown table that reads well as text, too. In: `GroupTotals.document`."""
    rows = [list(COLUMNS)]
    for line in lines:
        compared = [line[side] for side in ("brightpearl", "difference", "explained")]
        for name, amount in line["bigcommerce"].items():
            if any(
                Decimal(side.get(name, 0)) for side in (line["bigcommerce"], line["brightpearl"])
            ):
                title = TITLES.get(Figure(name), name)
                cells = (amount, *(side.get(name, "-") for side in compared))
                rows.append(
                    [line["channel"] or "-", line["currency"] or "-", title, *map(str, cells)]
                )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    )


def _value(name: Figure, amount: Decimal) -> str | int:
    return int(amount) if name in COUNTED else str(amount.quantize(CENT))

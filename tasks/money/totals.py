"""Both sides of a day added up, by channel and currency. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.money import ZERO
from tasks.money.difference import NOBODY, Difference
from tasks.money.sides import (
    PAID,
    REFUND,
    SALE,
    STORE_ONLY,
    AccountSide,
    Credited,
    Figures,
    Owner,
    Returned,
    StoreSide,
    total_of,
)

ORDERS = ("orders", *STORE_ONLY, *SALE[1:], *REFUND[1:3], PAID, "paid_back")
"""Figures of the day's orders, in the order they are shown in."""
Parts = list[tuple[Owner, Figures]]


@dataclass(frozen=True)
class Line:
    """One channel and currency of a day."""

    owner: Owner
    store: Figures
    account: Figures
    explained: Figures
    """What of the difference is known already."""

    def apart(self, name: str) -> Decimal:
        """The store's figure less Brightpearl's; zero where only the store has one."""
        if name in STORE_ONLY:
            return ZERO
        return self.store.get(name, ZERO) - self.account.get(name, ZERO)

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """As JSON has it: amounts as text."""
        compared = [name for name in names if name not in STORE_ONLY]
        return {
            "channel": self.owner.channel_id,
            "currency": self.owner.currency_code,
            "bigcommerce": {name: _text(name, self.store) for name in names},
            "brightpearl": {name: _text(name, self.account) for name in compared},
            "apart": {name: _shown(name, self.apart(name)) for name in compared},
            "explained": {name: _text(name, self.explained) for name in compared},
        }


def lines_of_orders(
    store: StoreSide, account: AccountSide, differences: Iterable[Difference]
) -> list[Line]:
    """The orders placed on the day, with all their refunds and payments so far."""
    owners = {key: sale.owner for key, sale in store.sales.items()}
    ours = [(sale.owner, sale.figures) for sale in store.sales.values() if sale.is_sold]
    theirs: Parts = []
    for key, there in account.bookings.items():
        if key not in store.elsewhere and not there.is_cancelled:
            owner = Owner(owners.get(key, NOBODY).channel_id, there.currency_code)
            theirs.append((owner, there.figures))
    refunds = [one for one in store.refunds if one.order_id in owners]
    credits_ = [one for one in account.credits if one.order_id in owners]
    back, credited = _moved(refunds, credits_, owners)
    return _lines([*ours, *back], [*theirs, *credited], differences)


def lines_of_refunds(
    refunds: Iterable[Returned],
    credits_: Iterable[Credited],
    owners: Mapping[str, Owner],
    differences: Iterable[Difference],
) -> list[Line]:
    """The refunds made on the day."""
    back, credited = _moved(refunds, credits_, owners)
    return _lines(back, credited, differences)


def _moved(
    refunds: Iterable[Returned], credits_: Iterable[Credited], owners: Mapping[str, Owner]
) -> tuple[Parts, Parts]:
    back: Parts = [(owners.get(one.order_id, NOBODY), one.figures) for one in refunds]
    credited: Parts = []
    for credit in credits_:
        channel_id = owners.get(credit.order_id, NOBODY).channel_id
        credited.append((Owner(channel_id, credit.currency_code), credit.figures))
    return back, credited


def _lines(ours: Parts, theirs: Parts, differences: Iterable[Difference]) -> list[Line]:
    explained: Parts = [
        (one.owner, {name: a - b for name, (a, b) in one.apart.items()})
        for one in differences
        if one.is_explained
    ]
    sides = [_by_owner(parts) for parts in (ours, theirs, explained)]
    owners = sorted({owner for side in sides for owner in side}, key=_place)
    store, account, known = sides
    return [
        Line(owner, store.get(owner, {}), account.get(owner, {}), known.get(owner, {}))
        for owner in owners
    ]


def _by_owner(parts: Parts) -> dict[Owner, dict[str, Decimal]]:
    grouped: dict[Owner, list[Figures]] = {}
    for owner, figures in parts:
        grouped.setdefault(owner, []).append(figures)
    return {owner: total_of(figures) for owner, figures in grouped.items()}


def _place(owner: Owner) -> tuple[int, str]:
    number = owner.channel_id
    return (int(number) if number.isdecimal() else 0, owner.currency_code)


def _text(name: str, figures: Figures) -> str | int:
    return _shown(name, figures.get(name, ZERO))


def _shown(name: str, amount: Decimal) -> str | int:
    return int(amount) if name in {"orders", "refunds"} else str(amount.quantize(Decimal("0.01")))

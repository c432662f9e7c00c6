"""Do both systems agree as a whole? Every order and every SKU, counted and compared. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from agreement.differences import (
    IMPORTABLE,
    OFF,
    ORDERS,
    Case,
    Difference,
    Kind,
    differences,
)
from agreement.moments import imported_at, paid_at
from agreement.money import ZERO, cents_between, gross_of, refunded, refunds_of
from agreement.records import (
    CANCELLED,
    OrderRecords,
    State,
    doubled_contacts,
    read_orders,
    unknown_to_store,
)
from agreement.stock import Levels, SkuStock, compare_stock, held_by_orders, reservation_of

AFTER_IMPORT = frozenset({4, 13, 14})
"""The store's statuses that an order has only once it was paid: refunded, disputed."""


@dataclass(frozen=True)
class Sides:
    """Both systems after everything came to rest: full states, and the stock of both."""

    store: State
    account: State
    on_sale: Levels = field(default_factory=dict)
    levels: Levels = field(default_factory=dict)
    parked: Collection[str] = ()
    """Orders of which Causeway says that they wait for a condition."""
    quarantined: Collection[str] = ()
    """Orders of which Causeway says that they wait for a person."""
    cases: Mapping[str, Collection[Case]] = field(default_factory=dict)
    """Open cases by order: what one of them names waits for a person, and is no difference."""
    decided: Collection[str] = ()
    """Orders of which a person applied a case."""
    not_timed: Collection[str] = ()
    """Orders that had to wait on purpose: they say nothing about speed."""


@dataclass(frozen=True)
class Verdict:
    """What was compared and what differs; agreement means that nothing does."""

    placed: int = 0
    eligible: int = 0
    in_brightpearl: int = 0
    parked: int = 0
    quarantined: int = 0
    cancelled: int = 0
    """Cancelled on both sides."""
    differences: Mapping[str, list[Difference]] = field(default_factory=dict)
    """Differences by order."""
    unreserved: list[str] = field(default_factory=list)
    """Orders that are not reserved although the account has free stock, and that wait for nobody:
    an order with an open case is left as it is."""
    stock: Mapping[str, SkuStock] = field(default_factory=dict)
    """Stock of every SKU that both systems keep."""
    refunds: int = 0
    credits: int = 0
    units_left: int = 0
    """Units on notes that left Brightpearl's warehouses."""
    units_shipped: int = 0
    """Units in the store's shipments."""
    cents_off: int = 0
    refund_cents_off: int = 0
    units: int = 0
    units_reserved: int = 0
    doubled_contacts: Mapping[str, list[str]] = field(default_factory=dict)
    """Contacts that share an e-mail address, by the first of them."""
    latencies_s: list[float] = field(default_factory=list)
    """From paid to imported, sorted."""

    @property
    def agrees(self) -> bool:
        """Whether both systems agree."""
        return not (self.differences or self.unreserved or self.wrong_stock)

    @property
    def wrong_stock(self) -> dict[str, SkuStock]:
        """SKUs whose stock is not right."""
        return {sku: one for sku, one in self.stock.items() if not one.is_right}

    def with_kind(self, *kinds: Kind) -> list[str]:
        """Orders that have a difference of one of these kinds."""
        return sorted(
            key
            for key, of_order in self.differences.items()
            if any(one.kind in kinds for one in of_order)
        )

    def of_orders(self) -> list[str]:
        """Each difference of an order as a line for people."""
        return [
            *(
                f"{key}: {one.text}"
                for key, of_order in self.differences.items()
                for one in of_order
            ),
            *(f"{key}: it is not reserved although there is stock" for key in self.unreserved),
        ]

    @property
    def unexplained_cents(self) -> int:
        """By how many cents money differs that no case names."""
        return sum(one.cents for of_order in self.differences.values() for one in of_order)

    def of_stock(self) -> list[str]:
        """Each SKU whose stock is not right as a line for people."""
        return [f"{sku}: {one}" for sku, one in self.wrong_stock.items()]


def judge(
    sides: Sides, *, importable: Collection[int] = IMPORTABLE, since: datetime | None = None
) -> Verdict:
    """Compare both sides order by order, and SKU by SKU.

    In: how fast it went is only asked of orders that were paid after `since`.
    """
    records = read_orders(sides.store, sides.account)
    wanted = set(importable) - {0}
    eligible = {key: one for key, one in records.items() if _is_eligible(one, wanted)}
    imported = {key: one for key, one in eligible.items() if one.sale is not None}
    reservations = {key: reservation_of(one, sides.account) for key, one in imported.items()}
    return Verdict(
        placed=len(records),
        eligible=len(eligible),
        in_brightpearl=len(imported),
        parked=len(sides.parked),
        quarantined=len(sides.quarantined),
        cancelled=sum(_is_cancelled(one) for one in records.values()),
        differences=_differences(sides, records, wanted),
        unreserved=sorted(
            key
            for key, one in reservations.items()
            if one.could_reserve and not sides.cases.get(key)
        ),
        stock=compare_stock(
            sides.on_sale,
            sides.levels,
            held_by_orders(sides.store, sides.account, _undecided(sides)),
            held_by_orders(sides.store, sides.account, _undecided(sides), perhaps_left=True),
        ),
        refunds=sum(len(refunds_of(one.store)) for one in imported.values()),
        credits=sum(len(one.live_credits) for one in imported.values()),
        units_left=sum(_units_left(one) for one in imported.values()),
        units_shipped=sum(_units_shipped(one) for one in imported.values()),
        cents_off=sum(_cents_off(one) for one in imported.values()),
        refund_cents_off=sum(_refund_cents_off(one) for one in imported.values()),
        units=sum(one.units for one in reservations.values()),
        units_reserved=sum(one.reserved for one in reservations.values()),
        doubled_contacts=doubled_contacts(sides.account),
        latencies_s=_latencies(imported, sides.not_timed, since),
    )


def _differences(
    sides: Sides, records: Mapping[str, OrderRecords], importable: Collection[int]
) -> dict[str, list[Difference]]:
    """Differences by order; that one is missing is said by its quarantine entry."""
    found = {
        key: [
            one
            for one in differences(of_order, importable=importable, is_decided=key in sides.decided)
            if not (one.kind is Kind.MISSING and key in sides.quarantined)
            and not one.is_named(sides.cases.get(key, ()))
        ]
        for key, of_order in records.items()
    }
    for key in unknown_to_store(sides.store, sides.account):
        found[key] = [Difference(Kind.UNWANTED, "the store does not know this order")]
    return {key: of_order for key, of_order in found.items() if of_order}


def _undecided(sides: Sides) -> set[str]:
    """Orders of which a person has yet to say whether they are cancelled."""
    return {
        key
        for key, cases in sides.cases.items()
        if any(case.entity == ORDERS and case.field == "cancelled" for case in cases)
    }


def _is_eligible(records: OrderRecords, importable: Collection[int]) -> bool:
    order = records.store
    is_importable = order["status_id"] in importable
    was_imported = order["status_id"] in AFTER_IMPORT and records.sale is not None
    return (is_importable or was_imported) and not order["is_deleted"]


def _is_cancelled(records: OrderRecords) -> bool:
    is_off = records.store["status_id"] in OFF
    return is_off and bool(records.sales) and records.is_cancelled_in_account


def _cents_off(records: OrderRecords) -> int:
    if records.sale is None or records.sale["status_id"] == CANCELLED:
        return 0
    return cents_between(Decimal(records.store["total_inc_tax"]), gross_of(records.family))


def _refund_cents_off(records: OrderRecords) -> int:
    in_store = sum(map(refunded, refunds_of(records.store)), ZERO)
    return cents_between(in_store, gross_of(records.live_credits))


def _units_left(records: OrderRecords) -> int:
    parts = (part for note in records.shipped for row in note["rows"].values() for part in row)
    return sum(int(part[1]) for part in parts)


def _units_shipped(records: OrderRecords) -> int:
    items = (item for one in records.store["shipments"] for item in one["items"])
    return sum(int(item["quantity"]) for item in items)


def _latencies(
    imported: Mapping[str, OrderRecords], not_timed: Collection[str], since: datetime | None
) -> list[float]:
    seconds = []
    for key, records in imported.items():
        began, ended = paid_at(records.store), imported_at(records)
        if key not in not_timed and ended is not None and (since is None or began >= since):
            seconds.append((ended - began).total_seconds())
    return sorted(seconds)

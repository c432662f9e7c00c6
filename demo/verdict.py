"""Do both systems agree? Judged from their full states.

Nothing that Causeway says of itself is believed, except which orders it holds back; those it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from demo.stock_side import StockVerdict

ZERO = Decimal(0)
CENTS = 100
OFF = (5, 6)
"""Statuses of an order that was called off."""
AFTER = (4, 13, 14)
"""Statuses that an order only has after it was paid: refunded, disputed, partly refunded."""


@dataclass(frozen=True)
class StoreOrder:
    """An order as the store has it; money in the order's currency."""

    order_id: str
    status_id: int
    total: Decimal
    currency: str
    paid: Decimal
    """Money that came in: settled transactions, store credit, gift certificates, paid by hand."""
    ready_at: datetime | None
    """When it could be imported first: placed and paid."""
    external_order_id: str = ""
    is_archived: bool = False
    refunds: int = 0
    """Refunds that the gateways carried out."""
    refunded: Decimal = ZERO
    shipped: int = 0
    """Units in shipments."""

    @property
    def is_off(self) -> bool:
        """Cancelled or declined."""
        return self.status_id in OFF


@dataclass(frozen=True)
class AccountOrder:
    """A sales order as the account has it."""

    order_id: str
    gross: Decimal
    currency: str
    received: Decimal
    """Receipts."""
    units: int
    """Units of products that have stock."""
    reserved: int
    could_reserve: int
    """Units not reserved although the account still has free stock of the product."""
    complete_at: datetime | None
    """When the last of its parts was written."""
    credits: int = 0
    """Sales credits for refunds."""
    credited: Decimal = ZERO
    paid_out: Decimal = ZERO
    shipped: int = 0
    """Units on notes that left."""
    is_cancelled: bool = False


@dataclass(frozen=True)
class Sides:
    """Both systems after everything came to rest."""

    store: Sequence[StoreOrder]
    account: Mapping[str, Sequence[AccountOrder]]
    """Sales orders by the store's order id, as their reference tells it."""
    parked: frozenset[str]
    """Ids that Causeway says wait for a condition."""
    quarantined: frozenset[str]
    """Ids that Causeway says wait for a person."""


@dataclass(frozen=True)
class Verdict:
    """What was compared and what differs; agreement means that nothing does."""

    placed: int
    eligible: int
    in_brightpearl: int
    parked: int
    quarantined: int
    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Eligible, not in Brightpearl, not named in quarantine."""
    uncalled_for: list[str] = field(default_factory=list)
    """In Brightpearl although not eligible, or unknown to the store."""
    amounts: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    unreserved: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    """The store does not know Brightpearl's number of the order."""
    refunds: dict[str, str] = field(default_factory=dict)
    shipments: dict[str, str] = field(default_factory=dict)
    called_off: int = 0
    """Called off on both sides."""
    refund_count: int = 0
    credit_count: int = 0
    refund_cents_off: int = 0
    units_left: int = 0
    """Units on notes that left Brightpearl's warehouses."""
    units_told: int = 0
    """Units in the store's shipments."""
    cents_off: int = 0
    stock: StockVerdict = field(default_factory=StockVerdict)
    units: int = 0
    units_reserved: int = 0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether both systems agree."""
        return not self.differences()

    def differences(self) -> list[str]:
        """Each difference as a line for people."""
        lines = [f"{order_id} is missing in Brightpearl" for order_id in self.missing]
        lines += [f"{order_id} is in Brightpearl more than once" for order_id in self.duplicates]
        lines += [f"{order_id} should not be in Brightpearl" for order_id in self.uncalled_for]
        lines += [f"{order_id}: {what}" for order_id, what in self.amounts.items()]
        lines += [f"{order_id}: {what}" for order_id, what in self.payments.items()]
        lines += [f"{order_id}: {what}" for order_id, what in self.refunds.items()]
        lines += [f"{order_id}: {what}" for order_id, what in self.shipments.items()]
        lines += [
            f"{order_id} is not reserved although there is stock" for order_id in self.unreserved
        ]
        lines += [f"{order_id}: the store does not know its number" for order_id in self.untold]
        return lines


def judge(sides: Sides, importable: Iterable[int]) -> Verdict:
    """Compare both sides order by order. Pure."""
    wanted = set(importable) - {0}
    there = sides.account
    eligible = {
        order.order_id: order
        for order in sides.store
        if (order.status_id in wanted or (order.status_id in AFTER and order.order_id in there))
        and not order.is_archived
    }
    both = {key: (order, there[key][0]) for key, order in eligible.items() if there.get(key)}
    called_off = {
        order.order_id
        for order in sides.store
        if order.is_off and all(one.is_cancelled for one in there.get(order.order_id, []))
    }
    amounts = {key: what for key, pair in both.items() if (what := _amounts(*pair))}
    return Verdict(
        placed=len(sides.store),
        eligible=len(eligible),
        in_brightpearl=len(both),
        parked=len(sides.parked),
        quarantined=len(sides.quarantined),
        duplicates=sorted(key for key, orders in there.items() if len(orders) > 1),
        missing=sorted(set(eligible) - set(both) - sides.quarantined),
        uncalled_for=sorted(key for key in there if key not in eligible and key not in called_off),
        amounts=amounts,
        payments={key: what for key, pair in both.items() if (what := _payments(*pair))},
        refunds={key: what for key, pair in both.items() if (what := _refunds(*pair))},
        shipments={key: what for key, pair in both.items() if (what := _shipments(*pair))},
        called_off=len(called_off & set(there)),
        refund_count=sum(order.refunds for order, _ in both.values()),
        credit_count=sum(order.credits for _, order in both.values()),
        refund_cents_off=int(sum(abs(a.refunded - b.credited) for a, b in both.values()) * CENTS),
        units_left=sum(order.shipped for _, order in both.values()),
        units_told=sum(order.shipped for order, _ in both.values()),
        unreserved=sorted(key for key, (_, order) in both.items() if order.could_reserve),
        untold=sorted(
            key for key, (ours, order) in both.items() if ours.external_order_id != order.order_id
        ),
        cents_off=int(sum(abs(a.total - b.gross) for a, b in both.values()) * CENTS),
        units=sum(order.units for _, order in both.values()),
        units_reserved=sum(order.reserved for _, order in both.values()),
        latencies_s=sorted(
            (order.complete_at - ours.ready_at).total_seconds()
            for ours, order in both.values()
            if order.complete_at and ours.ready_at
        ),
    )


def percentile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that at least `part` of the sorted values do not exceed; None of none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * int(part * CENTS) // CENTS))
    return values[min(rank, len(values)) - 1]


def _amounts(ours: StoreOrder, theirs: AccountOrder) -> str:
    if ours.currency != theirs.currency:
        return f"the store says {ours.currency}, Brightpearl {theirs.currency}"
    if ours.total == theirs.gross:
        return ""
    return f"the store says {ours.total} {ours.currency}, Brightpearl {theirs.gross}"


def _refunds(ours: StoreOrder, theirs: AccountOrder) -> str:
    if (ours.refunds, ours.refunded) != (theirs.credits, theirs.credited):
        return (
            f"{ours.refunds} refunds over {ours.refunded} {ours.currency}, Brightpearl has "
            f"{theirs.credits} credits over {theirs.credited}"
        )
    if ours.refunded != theirs.paid_out:
        return f"{ours.refunded} {ours.currency} went back, Brightpearl paid out {theirs.paid_out}"
    return ""


def _shipments(ours: StoreOrder, theirs: AccountOrder) -> str:
    if ours.shipped == theirs.shipped:
        return ""
    return f"{theirs.shipped} units left Brightpearl, the store knows of {ours.shipped}"


def _payments(ours: StoreOrder, theirs: AccountOrder) -> str:
    if ours.paid == theirs.received:
        return ""
    return f"{ours.paid} {ours.currency} were paid, Brightpearl has receipts of {theirs.received}"

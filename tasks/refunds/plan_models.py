"""What a plan for refunds consists of: the writes that would make both sides agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connectors.bigcommerce.refund_models import RefundItemCreate
from tasks.outcome import Obstacle
from tasks.refunds.goods import Release, Units
from tasks.refunds.memory import RefundMemory
from tasks.refunds.states import Credit

Record = Mapping[str, Any]


class Action(StrEnum):
    """What becomes of one refund's credit."""

    CREATE = "create"
    COMPLETE = "complete"
    """It exists, but money, goods or the invoice are missing."""
    UNDO = "undo"
    NOTHING = "nothing"


@dataclass(frozen=True)
class CreditPlan:
    """Everything that one refund's credit needs."""

    order_id: str
    refund_id: str
    external_ref: str
    action: Action
    agreed: str = ""
    """Fingerprint of the refund when all of it is written."""
    credit: Credit | None = None
    """The one that exists."""
    header: Record = field(default_factory=dict)
    """One row of CREDITS, of one that is to be created."""
    rows: tuple[Record, ...] = ()
    """Rows of CREDIT_ROWS."""
    payouts: tuple[Record, ...] = ()
    """Rows of PAYOUTS, of money that is not booked yet."""
    take_back: Mapping[str, str] = field(default_factory=dict)
    """Payment ids by transaction reference, of money that did not go out in the end."""
    units: tuple[Units, ...] = ()
    """Of its goods, those that come back and those that had not left."""
    receive: tuple[Units, ...] = ()
    """Units that come back and are not in stock yet."""
    close: bool = False
    cancel: bool = False
    """Whether the credit is called off."""
    memory: RefundMemory = field(default_factory=RefundMemory)
    """As it was before."""

    @property
    def gross(self) -> Decimal:
        """What the credit is worth."""
        if self.header:
            total: Decimal = self.header["total_inc_tax"]
            return total
        return self.credit.document.total.gross if self.credit else Decimal(0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be written."""
        writes = (self.header, self.payouts, self.take_back, self.receive, self.close, self.cancel)
        return not any(writes)

    def writes(self) -> Iterable[str]:
        """What would be written, in words."""
        if self.header:
            yield f"sales credit {self.external_ref} over {self.gross} with {len(self.rows)} rows"
        if back := sum(unit.back for unit in self.receive):
            yield f"take {back} units back"
        for payout in self.payouts:
            yield f"pay out {payout['amount']} {payout['currency_code']}"
        for ref in self.take_back:
            yield f"take payment {ref} back"
        if self.close:
            yield "invoice the credit"
        if self.cancel:
            yield f"call sales credit {self.external_ref} off"


@dataclass(frozen=True)
class ReturnPlan:
    """A refund in BigCommerce for a credit that staff made."""

    order_id: str
    credit: Credit
    items: tuple[RefundItemCreate, ...]
    other_items: tuple[RefundItemCreate, ...] = ()
    """The same with charges in the other price terms; none where that makes no difference."""
    is_approved: bool = False
    """Whether a person looked at it: then money may also go back by hand."""

    @property
    def gross(self) -> Decimal:
        """What the credit is worth."""
        return self.credit.document.total.gross


@dataclass(frozen=True)
class OrderPlan:
    """Everything that the refunds and returns of one order need."""

    order_id: str
    sales_order_id: str
    credits: tuple[CreditPlan, ...] = ()
    releases: tuple[Release, ...] = ()
    refund: ReturnPlan | None = None
    """At most one: refunds of an order are made one after the other."""
    cases: tuple[Obstacle, ...] = ()
    waits_for: str = ""
    known: int = 0
    """Refunds of the order that count."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be written."""
        idle = all(one.is_idle for one in self.credits) and all(r.is_idle for r in self.releases)
        return idle and self.refund is None


@dataclass(frozen=True)
class Plan:
    """The writes that would make both sides agree."""

    orders: tuple[OrderPlan, ...]

    def count(self) -> dict[str, int]:
        """How many writes of each kind, and how many orders need none."""
        credits_ = [credit for order in self.orders for credit in order.credits]
        counts = Counter(
            {
                "sales credits": sum(bool(credit.header) for credit in credits_),
                "payments out": sum(len(credit.payouts) for credit in credits_),
                "goods in": sum(bool(credit.receive) for credit in credits_),
                "invoices": sum(credit.close for credit in credits_),
                "undone": sum(credit.action is Action.UNDO for credit in credits_),
                "stock released": sum(
                    not release.is_idle for order in self.orders for release in order.releases
                ),
                "refunds": sum(order.refund is not None for order in self.orders),
                "unchanged": sum(order.is_idle for order in self.orders),
            }
        )
        return dict(counts)

    def preview(self) -> list[dict[str, str]]:
        """One line per order for people: what would be done, without personal data."""
        return [
            {
                "order": order.order_id,
                "writes": ", ".join(_writes(order)) or "nothing",
                "why": "; ".join(case.reason for case in order.cases) or _wait(order),
            }
            for order in self.orders
        ]


def _wait(order: OrderPlan) -> str:
    return f"waits for {order.waits_for}" if order.waits_for else ""


def _writes(order: OrderPlan) -> Iterable[str]:
    for credit in order.credits:
        yield from credit.writes()
    for release in order.releases:
        for note in release.notes:
            yield f"take goods-out note {note} back"
        if release.keep:
            yield f"reserve {sum(units for _, units in release.keep.values())} units, not more"
    if order.refund:
        yield f"refund {order.refund.gross} for sales credit {order.refund.credit.id}"

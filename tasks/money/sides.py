"""Both sides of a day's money, order by order: what the comparison needs to know, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connectors.bigcommerce.models import Order
from core.money import ZERO, two_places

Figures = Mapping[str, Decimal]
"""Amounts by name, in one currency."""
SALE = ("orders", "goods", "shipped", "rounding", "taxed", "total")
"""Of an order, on both sides: goods are what was sold less discounts, shipped is shipping,
handling, wrapping and fees; both without tax."""
STORE_ONLY = ("sold", "discounted")
"""Of an order, where only the store tells them apart: goods before discounts, and discounts."""
PAID = "paid"
REFUND = ("refunds", "refunded", "refunded_tax", "paid_back")
"""Of a refund and its credit: one, with tax, the tax in it, and what left by all payments."""
CHARGES = ("shipping", "handling", "wrapping", "fee")
"""Kinds of rows that are no goods."""
ROUNDING = "rounding"
IN = " in "
"""Between the reference of a receipt and its currency, where that is not the order's."""


def total_of(parts: Iterable[Figures]) -> dict[str, Decimal]:
    """The sum of figures, by name."""
    found: dict[str, Decimal] = {}
    for figures in parts:
        for name, amount in figures.items():
            found[name] = found.get(name, ZERO) + amount
    return found


def receipt_name(ref: str, currency_code: str, order_currency: str) -> str:
    """How a receipt is called; one in another currency than its order says so."""
    foreign = currency_code not in {"", order_currency}
    return f"{ref}{IN}{currency_code}" if foreign else ref


def own_money(receipts: Figures) -> Decimal:
    """What came in in the order's own currency."""
    return sum((amount for name, amount in receipts.items() if IN not in name), ZERO)


def foreign_money(receipts: Figures) -> dict[str, Decimal]:
    """What came in in other currencies, receipt by receipt."""
    return {name: amount for name, amount in receipts.items() if IN in name}


def kind_of(row_ref: str) -> str:
    """What a row reference of ours is of: `shipped`, `rounding` or `goods`.

    A charge's is `shipping`, `fee-12`, or `shipping-at-20` where it stands in a row per tax rate.
    """
    head = row_ref.partition("-")[0]
    if head in CHARGES:
        return "shipped"
    return ROUNDING if head == ROUNDING else "goods"


@dataclass(frozen=True)
class Owner:
    """Where an order's money belongs."""

    channel_id: str
    """BigCommerce's; "" where nobody tells."""
    currency_code: str


@dataclass(frozen=True)
class Sale:
    """One order as the store has it."""

    order_id: str
    owner: Owner
    figures: Figures
    """SALE, STORE_ONLY and `paid`."""
    status_id: str = ""
    is_sold: bool = True
    """No for orders that are incomplete, cancelled or declined."""
    obstacle: str = ""
    """Class of what keeps goods and charges from being told apart by our own rules; then only
    total and tax can be compared."""
    lacks_taxes: bool = False
    """Whether the store's tax rows would tell more; they are a request of their own."""
    receipts: Figures | None = None
    """Money that came in by transaction reference, where transactions were read."""


@dataclass(frozen=True)
class Booking:
    """One order as Brightpearl has it; back orders and copies of it are added in."""

    order_id: str
    """BigCommerce's."""
    ids: tuple[str, ...]
    """Brightpearl's, back orders among them."""
    currency_code: str
    figures: Figures
    """SALE and `paid`."""
    receipts: Figures = field(default_factory=dict)
    """By our transaction reference; one of staff's own as `payment <id>`."""
    copies: int = 1
    """Sales orders that carry the same reference."""
    is_cancelled: bool = False
    channel_id: str = ""
    """Brightpearl's."""
    placed_on: datetime | None = None


@dataclass(frozen=True)
class Returned:
    """A refund as the store has it."""

    order_id: str
    refund_id: str
    created_at: datetime
    figures: Figures
    """REFUND."""
    is_pending: bool = False
    is_declined: bool = False
    """Whether no money went back."""


@dataclass(frozen=True)
class Credited:
    """A sales credit as Brightpearl has it."""

    order_id: str
    credit_id: str
    currency_code: str
    figures: Figures
    """REFUND."""
    refund_id: str = ""
    """BigCommerce's; "" where no refund is known that it is of."""
    made_at: datetime | None = None
    """When it was entered."""


@dataclass(frozen=True)
class StoreSide:
    """The store's orders of a day, their refunds, and the refunds of that day."""

    sales: Mapping[str, Sale] = field(default_factory=dict)
    refunds: tuple[Returned, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)
    """Of refunded orders that were placed on another day."""
    others: Mapping[str, Sale] = field(default_factory=dict)
    """Those of them that had to be read from the store."""
    unreadable: frozenset[str] = frozenset()
    """Orders whose document, or whose refund, breaks the model."""
    gone: frozenset[str] = frozenset()
    """Orders of Brightpearl's that are archived in the store, or not there."""
    elsewhere: frozenset[str] = frozenset()
    """Orders of Brightpearl's that were placed on another day."""
    orders: Mapping[str, Order] = field(default_factory=dict, repr=False)
    """The documents, for a closer look."""

    @property
    def reach(self) -> tuple[int, int]:
        """The lowest and the highest order number of the day; (1, 0) for a day without orders."""
        numbers = [int(key) for key in self.sales]
        return (min(numbers), max(numbers)) if numbers else (1, 0)


@dataclass(frozen=True)
class AccountSide:
    """Brightpearl's side of the same orders and refunds."""

    bookings: Mapping[str, Booking] = field(default_factory=dict)
    """By BigCommerce's order id."""
    credits: tuple[Credited, ...] = ()
    owners: Mapping[str, Booking] = field(default_factory=dict)
    """Sales orders of refunded orders that were placed on another day."""
    unreadable: frozenset[str] = frozenset()
    """Orders whose sales order or credit breaks the model."""


def cents(figures: Figures) -> dict[str, Decimal]:
    """The same, to the cent."""
    return {name: two_places(amount) for name, amount in figures.items()}

"""Both sides of a day's money, order by order: what the comparison needs to know, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from connectors.bigcommerce.models import Order
from core.money import ZERO, two_places


class Figure(StrEnum):
    """What is counted or added up. Goods, discounts and charges are without tax."""

    ORDERS = "orders"
    SOLD = "sold"
    """Goods before discounts; like the discounts, only the store shows them."""
    DISCOUNTED = "discounted"
    GOODS = "goods"
    """What was sold less discounts."""
    SHIPPED = "shipped"
    """Shipping, handling, wrapping and fees."""
    ROUNDING = "rounding"
    TAXED = "taxed"
    TOTAL = "total"
    PAID = "paid"
    REFUNDS = "refunds"
    REFUNDED = "refunded"
    """Of a refund or a credit, with tax."""
    REFUNDED_TAX = "refunded_tax"
    PAID_BACK = "paid_back"
    """What left by all payments of a refund or a credit."""


Figures = Mapping[Figure, Decimal]
"""Amounts in one currency."""
Amounts = Mapping[Figure, tuple[Decimal, Decimal]]
"""The store's and Brightpearl's amount of the figures that differ."""
Receipts = Mapping[str, Decimal]
"""Money received, by the name of each receipt (`receipt_name`)."""
Tenders = Mapping[str, Decimal]
"""Money by Brightpearl's payment methods."""
STORE_ONLY = (Figure.SOLD, Figure.DISCOUNTED)
ROWS = (Figure.ORDERS, Figure.GOODS, Figure.SHIPPED, Figure.ROUNDING, Figure.TAXED, Figure.TOTAL)
"""Figures of an order that its rows make, on both sides."""
ORDER = (*ROWS, Figure.PAID)
REFUND = (Figure.REFUNDS, Figure.REFUNDED, Figure.REFUNDED_TAX, Figure.PAID_BACK)
CHARGES = ("shipping", "handling", "wrapping", "fee")
"""Kinds of rows that are no goods."""
IN = " in "
"""Between the reference of a receipt and its currency, where that is not the order's."""


def total_of(parts: Iterable[Figures]) -> dict[Figure, Decimal]:
    """Each figure added up."""
    found: dict[Figure, Decimal] = {}
    for figures in parts:
        for name, amount in figures.items():
            found[name] = found.get(name, ZERO) + amount
    return found


def differing(store: Figures, account: Figures, names: Collection[Figure]) -> Amounts:
    """The figures of these names that differ; one that a side lacks is nought."""
    pairs = {name: (store.get(name, ZERO), account.get(name, ZERO)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def cents(figures: Figures) -> dict[Figure, Decimal]:
    """The same, to the cent."""
    return {name: two_places(amount) for name, amount in figures.items()}


def kind_of(row_ref: str) -> Figure:
    """What the row of a reference of ours counts as: charges, rounding or goods.

    A charge's is `shipping`, `fee-12`, or `shipping-at-20` where the charge has a row per tax rate.
    """
    head = row_ref.partition("-")[0]
    if head in CHARGES:
        return Figure.SHIPPED
    return Figure.ROUNDING if head == Figure.ROUNDING else Figure.GOODS


def nets_of(rows: Iterable[tuple[str, Decimal]]) -> dict[Figure, Decimal]:
    """Goods, charges and rounding, added up. In: our reference of each row, and its net amount."""
    found = {Figure.GOODS: ZERO, Figure.SHIPPED: ZERO, Figure.ROUNDING: ZERO}
    for row_ref, net in rows:
        found[kind_of(row_ref)] += net
    return found


def receipt_name(ref: str, currency_code: str, order_currency: str) -> str:
    """How a receipt is called; one in another currency than its order says so."""
    is_foreign = currency_code not in {"", order_currency}
    return f"{ref}{IN}{currency_code}" if is_foreign else ref


def own_money(receipts: Receipts) -> Decimal:
    """What was received in the order's own currency."""
    return sum((amount for name, amount in receipts.items() if IN not in name), ZERO)


def foreign_money(receipts: Receipts) -> dict[str, Decimal]:
    """What was received in other currencies, receipt by receipt."""
    return {name: amount for name, amount in receipts.items() if IN in name}


@dataclass(frozen=True)
class ChannelCurrency:
    """The line of the totals to which amounts belong."""

    channel_id: str
    """BigCommerce's; "" where it is not known."""
    currency_code: str


@dataclass(frozen=True)
class StoreOrder:
    """One order as the store has it."""

    order_id: str
    group: ChannelCurrency
    figures: Figures
    """Those of an order, and those that only the store shows."""
    status_id: str = ""
    is_sold: bool = True
    """No for orders that are incomplete, cancelled or declined."""
    unsplit_class: str = ""
    """Class of the refusal that keeps goods and charges from being split by the import's rules;
    then only total and tax can be compared."""
    lacks_taxes: bool = False
    """Whether the store's tax rows would say more; they are a request of their own."""
    receipts: Receipts | None = None
    """Money received by transaction reference, where transactions were read."""


@dataclass(frozen=True)
class BookedOrder:
    """One order as Brightpearl has it; back orders and copies of it are added in."""

    order_id: str
    """BigCommerce's."""
    ids: tuple[str, ...]
    """Brightpearl's, back orders among them."""
    currency_code: str
    figures: Figures
    """Those of an order; `orders` counts the sales orders that carry the same reference."""
    receipts: Receipts = field(default_factory=dict)
    """By our transaction reference; one that staff entered as `payment <id>`."""
    is_cancelled: bool = False
    channel_id: str = ""
    """Brightpearl's."""
    placed_on: datetime | None = None


@dataclass(frozen=True)
class StoreRefund:
    """A refund as the store has it."""

    order_id: str
    refund_id: str
    created_at: datetime
    figures: Figures
    is_pending: bool = False
    is_declined: bool = False
    """Whether no money went back."""
    is_tax_known: bool = True
    tenders: Tenders | None = None
    """What went back by Brightpearl's payment method; None where a provider has none."""


@dataclass(frozen=True)
class BookedCredit:
    """A sales credit as Brightpearl has it."""

    order_id: str
    credit_id: str
    currency_code: str
    figures: Figures
    refund_id: str = ""
    """BigCommerce's; "" where no refund is known that it is of."""
    made_at: datetime | None = None
    """When it was entered."""
    tenders: Tenders = field(default_factory=dict)
    """What was paid back by payment method, in the credit's own currency."""


Counted = StoreOrder | StoreRefund | BookedOrder | BookedCredit
"""What has figures."""


@dataclass(frozen=True)
class StoreDay:
    """The store's orders of a day, their refunds, and the refunds of that day."""

    orders: Mapping[str, StoreOrder] = field(default_factory=dict)
    refunds: tuple[StoreRefund, ...] = ()
    other_orders: Mapping[str, StoreOrder] = field(default_factory=dict)
    """Refunded orders that were placed on another day, where they had to be read."""
    other_groups: Mapping[str, ChannelCurrency] = field(default_factory=dict)
    """Of all refunded orders that were placed on another day."""
    unreadable: frozenset[str] = frozenset()
    """Orders whose document, or whose refund, breaks the model."""
    gone: frozenset[str] = frozenset()
    """Orders of Brightpearl's that are archived in the store, or not in it."""
    of_other_days: frozenset[str] = frozenset()
    """Orders of Brightpearl's that were placed on another day."""
    documents: Mapping[str, Order] = field(default_factory=dict, repr=False)

    def group(self, order_id: str) -> ChannelCurrency:
        """Channel and currency of an order; neither where it is not at hand."""
        order = self.orders.get(order_id)
        return order.group if order else self.other_groups.get(order_id, ChannelCurrency("", ""))

    def group_of(self, one: Counted) -> ChannelCurrency:
        """That of the store's order; what is booked counts in its own currency."""
        group = self.group(one.order_id)
        if isinstance(one, BookedOrder | BookedCredit):
            return replace(group, currency_code=one.currency_code)
        return group


@dataclass(frozen=True)
class AccountDay:
    """Brightpearl's side of the same orders and refunds."""

    orders: Mapping[str, BookedOrder] = field(default_factory=dict)
    """By BigCommerce's order id."""
    credits: tuple[BookedCredit, ...] = ()
    other_orders: Mapping[str, BookedOrder] = field(default_factory=dict)
    """Sales orders of refunded orders that were placed on another day."""
    unreadable: frozenset[str] = frozenset()
    """Orders whose sales order or credit breaks the model."""

    def live(self, order_id: str) -> BookedOrder | None:
        """The order, unless Brightpearl lacks it or has cancelled it."""
        order = self.orders.get(order_id)
        return None if order is None or order.is_cancelled else order

"""Both sides of a batch of refunds as they are, and what they last agreed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from pydantic import AliasChoices, Field

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder, SalesOrderRow
from core.ids import credit_ref, external_ref
from store.links import Link
from tasks.bigcommerce.refunds import link_key
from tasks.reconciler.agreed import Agreed, fingerprint
from tasks.reconciler.outcomes import Outcome

TAX_RATE_SUFFIX = "-at-"
"""Ends the reference of a charge that is sold in several rows, one per tax rate."""


class AgreedRefund(Agreed):
    """One refund with its sales credit, as they were when we last wrote. Its link keeps it."""

    agreed: str = ""
    """Fingerprint of the refund; "" while something is left to do."""
    refund_count: int = Field(default=0, validation_alias=AliasChoices("refund_count", "beside"))
    """How many refunds the order had then, this one among them."""
    gross: Decimal = Decimal(0)
    """Of the credit, in the order's currency."""
    payments: dict[str, Decimal] = Field(default={})
    """What was paid out, by transaction reference."""
    returned: dict[str, int] = Field(default={}, validation_alias=AliasChoices("returned", "back"))
    """Units that had left and come back, by the reference of the sales order's row."""
    unsent: dict[str, int] = Field(default={})
    """Units that had not left: nothing is reserved for them any more."""
    is_closed: bool = False
    is_staffs: bool = False
    """Whether staff made the credit: its goods and its invoice are theirs."""
    is_undone: bool = False


def fingerprint_of(refund: Refund) -> str:
    """A refund as one short text: amounts, parts, and what became of each payment."""
    return fingerprint(
        [
            f"{refund.total_amount}|{refund.total_tax}",
            *(f"{i.item_type}|{i.item_id}|{i.quantity}|{i.requested_amount}" for i in refund.items),
            *(f"{p.id}|{p.provider_id}|{p.amount}|{p.is_declined}" for p in refund.payments),
        ]
    )


@dataclass(frozen=True)
class Sale:
    """A sales order, with the back orders that staff split off it."""

    document: SalesOrder
    back_orders: tuple[SalesOrder, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the sales order itself."""
        return self.document.id

    @property
    def orders(self) -> tuple[SalesOrder, ...]:
        """The sales order and its back orders."""
        return (self.document, *self.back_orders)

    @property
    def rows(self) -> Iterator[tuple[SalesOrder, SalesOrderRow]]:
        """Every row with the order that it belongs to, components of bundles among them."""
        for order in self.orders:
            for row in order.rows:
                yield order, row

    def rows_of(self, ref: str) -> list[tuple[SalesOrder, SalesOrderRow]]:
        """Rows that carry a reference of ours."""
        return [(order, row) for order, row in self.rows if row.external_ref == ref]

    def components(self, order: SalesOrder, row: SalesOrderRow) -> list[tuple[SalesOrderRow, int]]:
        """What a row is sent as, with units per unit of the row: itself, or a bundle's parts."""
        parts = [part for part in order.rows if part.parent_row_id == row.id]
        if not parts or not row.quantity:
            return [(row, 1)]
        return [(part, int(part.quantity / row.quantity)) for part in parts]


@dataclass(frozen=True)
class Credit:
    """A sales credit with the money and the goods that were booked on it."""

    document: SalesCredit
    is_cancelled: bool
    payments: tuple[PaymentRow, ...] = ()
    received: tuple[GoodsInNote, ...] = ()

    @property
    def id(self) -> str:
        """Brightpearl's id of the credit."""
        return self.document.id

    @property
    def paid(self) -> Mapping[str, PaymentRow]:
        """Payments by transaction reference."""
        return {one.transaction_ref: one for one in self.payments if one.transaction_ref}

    def units_in(self) -> Mapping[str, int]:
        """Units that came back so far, by row id, whoever booked them."""
        units: dict[str, int] = {}
        for note in self.received:
            for row_id, quantity in note.rows.items():
                units[row_id] = units.get(row_id, 0) + quantity
        return units

    def is_of(self, order_id: str, refund_id: str) -> bool:
        """Whether we made it for this refund."""
        return self.document.external_ref == credit_ref(order_id, refund_id)

    def undoes_all(self, order_id: str) -> bool:
        """Whether the order sync made it over a whole order, after that was cancelled."""
        return self.document.external_ref == external_ref(order_id)


@dataclass(frozen=True)
class StoreSide:
    """The store's side of a batch, by BigCommerce's order id."""

    refunds: Mapping[str, Sequence[Refund]]
    """All of an order, in the order of their ids; none for an order that was never refunded."""
    orders: Mapping[str, Order]
    """Orders that have refunds, or credits that staff made."""
    links: Mapping[str, Link]
    """What the links keep of these refunds, by `link_key`."""
    skipped: Mapping[str, Outcome] = field(default_factory=dict)
    """Keys that need nothing, and why."""
    absent: frozenset[str] = frozenset()
    """Ids of refunds that have a credit and are certainly not in the store any more."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    """In which the gateway paid, by transaction id; asked for where it may not be the order's."""

    @property
    def wanted(self) -> list[str]:
        """The orders that go on."""
        return [order_id for order_id in self.refunds if order_id not in self.skipped]


@dataclass(frozen=True)
class AccountSide:
    """Brightpearl's side of a batch, by BigCommerce's order id."""

    sales: Mapping[str, Sale]
    credits: Mapping[str, Sequence[Credit]]
    """In the order of their ids."""
    links: Mapping[str, Link]
    """What the links keep of refunds and credits, by `link_key`."""
    notes: Mapping[str, Sequence[GoodsOutNote]] = field(default_factory=dict)
    """Goods-out notes; of orders with refunds that are not settled yet."""
    reserved: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units reserved by row id, by Brightpearl's order id."""
    tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""
    untracked: frozenset[str] = frozenset()
    """Those that certainly have none, even if a note sends them."""
    deleted: frozenset[str] = frozenset()
    """Orders whose sales order was in Brightpearl once and is gone."""
    order_states: Mapping[str, str] = field(default_factory=dict)
    """States of the orders' own keys in the inbox, where no sales order is linked."""

    def agreed(self, order_id: str, refund_id: str) -> AgreedRefund:
        """What both sides last agreed on about a refund."""
        return AgreedRefund.of(self.links.get(link_key(order_id, refund_id)))

    @cached_property
    def linked(self) -> Mapping[str, str]:
        """The refund's link key by credit id."""
        return {link.id_bp: key for key, link in self.links.items()}


@dataclass(frozen=True)
class Sides:
    """Both sides of a batch."""

    store: StoreSide
    account: AccountSide

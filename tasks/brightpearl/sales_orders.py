"""Sales orders of Brightpearl: as every sync reads them, whose they are, and as documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.client import Brightpearl
from connectors.brightpearl.messages import Message
from connectors.brightpearl.models import CurrencyRef, SalesOrder, Unreadable
from core.ids import external_ref, order_id_of
from core.money import ZERO
from store.links import Link, Links
from tasks.policy import with_retries
from tasks.reconciler.agreed import Agreed
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run

ORDERS = "orders"
"""Entity of the links from the store's orders to sales orders."""
AROUND = timedelta(days=1)
"""How much wider Brightpearl is searched: its dates are days in the account's zone."""
UNDONE = "-UNDONE"
"""Ends the reference of the sales credit that undoes a whole order."""
GENERATIONS = 5
"""So often may a back order have been split off a back order."""


class AgreedRow(BaseModel):
    """One row of the sales order, in the order's currency."""

    model_config = ConfigDict(frozen=True)

    row_id: str
    """Brightpearl's id of the row."""
    product_id: str = ""
    """Brightpearl's; "" for a row of free text."""
    quantity: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    address_id: str = ""
    """BigCommerce's order_address_id of the line; "" where nothing of it is shipped."""


class AgreedOrder(Agreed):
    """One order, as it stood on both sides when they last agreed. The link of an order keeps it.

    Shipments and refunds find the rows of order lines by it.
    """

    agreed: str = ""
    """Fingerprint of the store's side; "" while something is left to do."""
    money: str = ""
    """Fingerprint of what the store says of the order's money, when its receipts were read."""
    rows: dict[str, AgreedRow] = {}  # noqa: RUF012 - pydantic copies defaults
    """By row reference: a line's id in BigCommerce, or `shipping`, `fee-12`, `rounding` …"""
    settled: Decimal | None = None
    """What the order cost when as much was paid for it; None while it never was."""
    gone: dict[str, int] = {}  # noqa: RUF012 - pydantic copies defaults
    """Units that had left before the order came to Brightpearl, by row reference."""
    delivery: str = ""
    """Hash of the delivery address."""
    shipping_method_id: str = ""
    status_bc: str = ""
    status_bp: str = ""
    is_cancelled: bool = False
    """Whether both sides had cancelled the order."""
    held_from: str = ""
    """Brightpearl's status when a case first held its pick; "" while no case does."""
    address_note: str = Field(default="", validation_alias=AliasChoices("address_note", "noted"))
    """Hash of the delivery address that a note last asked staff to enter."""
    foreign_order_id: str = ""
    """External order id of another app; the store keeps ours in a metafield then."""
    addresses: str = ""
    """Short for the note that said what goes to which of several addresses."""
    consignments: str = ""
    """Short for what goes to which further address, where each has a sales order of its own."""
    texts: str = ""
    """Short for the note and custom fields that were written; "" while that is not known."""
    receipts: tuple[str, ...] = ()
    """Transaction references of money that both sides know."""
    credited: str = ""
    """Id of the sales credit that undid the order after it was cancelled."""
    short: dict[str, int] = {}  # noqa: RUF012 - pydantic copies defaults
    """Units that could not be reserved, by Brightpearl product id."""


def read_sales_orders(
    run: Run, ids: Iterable[str]
) -> tuple[dict[str, SalesOrder], list[Unreadable]]:
    """Sales orders by id, 200 to a request, and those that break the model."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}, []
    documents = with_retries(lambda: run.brightpearl.get_sales_orders(wanted))
    return (
        {one.id: one for one in documents if isinstance(one, SalesOrder)},
        [one for one in documents if isinstance(one, Unreadable)],
    )


def back_order_ids(brightpearl: Brightpearl, order_ids: Iterable[str]) -> dict[str, str]:
    """The original order's id by the id of each back order, back orders of back orders included.

    Staff split units off an order by making a sales order that names the first one as its parent.
    """
    root = {order_id: order_id for order_id in order_ids}
    asked: Sequence[str] = list(root)
    found: dict[str, str] = {}
    for _ in range(GENERATIONS):
        if not asked:
            break
        refs = _children(brightpearl, asked)
        fresh = {child: root[parent] for child, parent in refs.items() if child not in root}
        root |= fresh
        found |= fresh
        asked = list(fresh)
    return found


def read_back_orders(run: Run, order_ids: Iterable[str]) -> dict[str, list[SalesOrder]]:
    """Back orders that were not cancelled, by the id of the order that they were split off."""
    owners = back_order_ids(run.brightpearl, order_ids)
    documents, _ = read_sales_orders(run, owners)
    found: dict[str, list[SalesOrder]] = defaultdict(list)
    for order in documents.values():
        if not order.is_cancelled:
            found[owners[order.id]].append(order)
    return dict(found)


class Owners:
    """Which order of the store each sales order belongs to, back orders included.

    Sales orders that are not ours belong to none. What our links do not know is read, and kept.
    """

    def __init__(self, connections: Connections) -> None:
        self.order_of: dict[str, str] = {}
        """The store's order by Brightpearl's order id."""
        self.sales_orders: dict[str, SalesOrder] = {}
        """Sales orders that were read on the way."""
        self._brightpearl = connections.brightpearl
        self._links = Links(connections.database)
        self._pair = connections.pair

    def by_order(self) -> Mapping[str, Sequence[str]]:
        """Brightpearl's ids of each order of the store, as far as they are known now."""
        found: dict[str, list[str]] = defaultdict(list)
        for one, owner in self.order_of.items():
            found[owner].append(one)
        return found

    def add(self, links: Iterable[Link]) -> None:
        """Take over what links say."""
        self.order_of.update({link.id_bp: link.key_bc for link in links})

    def find(self, sales_order_ids: Iterable[str]) -> None:
        """Find out whose these sales orders are.

        Only those that our links do not know are read, 200 to a request: those of other channels,
        back orders, and ours that were created a moment ago.
        """
        wanted = {one for one in sales_order_ids if one and one not in self.order_of}
        self._find_links(wanted)
        asked = wanted - self.order_of.keys()
        for _ in range(GENERATIONS):
            if not asked:
                break
            self.read(asked)
            parents = {
                order.parent_id
                for order in self.sales_orders.values()
                if order.id not in self.order_of and order.parent_id
            }
            self._find_links(parents - self.order_of.keys())
            asked = parents - self.order_of.keys() - self.sales_orders.keys()
        # A back order belongs where its parent does.
        for _ in range(GENERATIONS):
            for order in self.sales_orders.values():
                if owner := self.order_of.get(order.parent_id):
                    self.order_of.setdefault(order.id, owner)

    def read(self, sales_order_ids: Iterable[str]) -> None:
        """Read sales orders that were not read yet; their own reference says whose they are."""
        ids = [one for one in dict.fromkeys(sales_order_ids) if one not in self.sales_orders]
        if not ids:
            return
        for order in with_retries(lambda: self._brightpearl.get_sales_orders(ids)):
            if not isinstance(order, SalesOrder):
                continue
            self.sales_orders[order.id] = order
            owner = order_id_of(order.external_ref)
            is_ours = order.instance_id == str(self._pair.brightpearl.instance_id)
            if is_ours and owner and order.external_ref == external_ref(owner):
                self.order_of.setdefault(order.id, owner)

    def add_back_orders(self, order_ids: Iterable[str]) -> None:
        """Add the back orders of these orders of the store, one generation after the other."""
        wanted = set(order_ids)
        known = [one for one, owner in self.order_of.items() if owner in wanted]
        for back_order, original in back_order_ids(self._brightpearl, known).items():
            self.order_of[back_order] = self.order_of[original]

    def _find_links(self, sales_order_ids: Iterable[str]) -> None:
        self.add(
            self._links.get(self._pair.name, ORDERS, sorted(sales_order_ids), by="id_bp").values()
        )


def _children(brightpearl: Brightpearl, parents: Sequence[str]) -> Mapping[str, str]:
    rows = with_retries(lambda: list(brightpearl.list_child_refs(parents)))
    return {row.order_id: row.parent_id for row in rows}


@dataclass(frozen=True)
class Row:
    """A row of ROWS or CREDIT_ROWS: `net` and `tax` are totals of the row."""

    row_ref: str
    kind: str
    product_id: str
    name: str
    quantity: int
    tax_code: str
    net: Decimal
    tax: Decimal
    nominal_code: str
    sequence: int


@dataclass(frozen=True)
class Payment:
    """A row of PAYMENTS or PAYOUTS."""

    transaction_ref: str
    payment_method_code: str
    payment_type: str
    amount: Decimal
    currency_code: str
    paid_at: datetime


def total_of(rows: Iterable[Row]) -> Decimal:
    """What these rows cost, with tax."""
    return sum((row.net + row.tax for row in rows), ZERO)


def row_fields(row: Row) -> dict[str, Any]:
    """What creating, changing and adding a row have in common."""
    return {
        "external_ref": row.row_ref,
        "product_id": row.product_id or None,
        "name": row.name or None,
        "quantity": str(row.quantity),
        "tax_code": row.tax_code,
        "net": row.net,
        "tax": row.tax,
        "nominal_code": row.nominal_code or None,
    }


def new_payment(payment: Payment, order_id: str, exchange_rate: Decimal | None = None) -> Message:
    """A customer payment; Brightpearl refuses a second one of the same reference and method."""
    document = PaymentCreate(
        method_code=payment.payment_method_code,
        payment_type=payment.payment_type,
        order_id=int(order_id),
        currency_code=payment.currency_code,
        paid_at=payment.paid_at,
        transaction_ref=payment.transaction_ref,
        amount=payment.amount,
        exchange_rate=exchange_rate,
    )
    return messages.create_payment(payment.transaction_ref, document)


def currency_ref(code: str, rate: Decimal | None) -> CurrencyRef:
    """The order's own rate, where there is one against the account's currency."""
    if rate is None or rate in (0, 1):
        return CurrencyRef(code=code)
    return CurrencyRef(code=code, fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}")

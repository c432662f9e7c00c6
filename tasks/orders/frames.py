"""Orders as frames: mapped to Brightpearl's fields, and typed after the last gate."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from connectors.brightpearl.models import Address
from core.frames import concat, frame, records, records_by
from core.ids import consignment_ref, contact_id_of, sku_key
from core.money import ZERO
from core.orders import CONSIGNMENTS, CONTACTS, LINES, ORDERS, PAYMENTS, ROWS, SALES_ORDERS
from core.refusals import REFUSALS
from mappings.engine import Context, Mapped, apply
from mappings.shapes import CUSTOM_FIELD
from tasks.bigcommerce.order_frames import ADDRESS as PARTS
from tasks.bigcommerce.order_frames import (
    OrderFrames,
    balanced_rows,
    paid_back,
    receipts,
    taken_by_hand,
)
from tasks.bigcommerce.orders import CANCELLED, WHOLLY_SENT, OrderStatus, time_zone
from tasks.brightpearl.contacts import Person
from tasks.brightpearl.reference import account_currency, find_products, unknown_ids, with_doubled
from tasks.brightpearl.sales_orders import Payment, Row
from tasks.reconciler.cases import digest
from tasks.reconciler.gate import Frames, typed_by_key, typed_rows
from tasks.reconciler.gate import rows as columns
from tasks.reconciler.run import Run

ID_COLUMNS = (
    ("sales_orders", "status_id", "order_status"),
    ("sales_orders", "status_id_imported", "order_status"),
    ("sales_orders", "channel_id", "channel"),
    ("sales_orders", "warehouse_id", "warehouse"),
    ("sales_orders", "price_list_id", "price_list"),
    ("sales_orders", "shipping_method_id", "shipping_method"),
    ("consignments", "shipping_method_id", "shipping_method"),
    ("sales_orders", "currency_code", "currency"),
    ("rows", "tax_code", "tax_code"),
    ("payments", "payment_method_code", "payment_method"),
)
"""Columns whose values must exist in the account, and the refusal class of those that do not.

Brightpearl takes some of them silently (a payment method without a bank account loses the
accounting entry), so they are stopped here. Source: fact sheet of customer-payment.
"""
Units = Mapping[str, tuple[str, int]]
"""Product id and units by row reference."""
GOODS = frozenset({"product", "custom", "gift_certificate"})
"""Kinds of rows without which there is no order."""


@dataclass(frozen=True)
class Desired(Frames):
    """What Brightpearl should hold.

    `orders` and `lines` are the store's side again, for the write-back and for what was refunded.
    Contacts stay when an order is refused: the plan takes those it needs.
    """

    orders: pd.DataFrame = columns(ORDERS)
    lines: pd.DataFrame = columns(LINES)
    sales_orders: pd.DataFrame = columns(SALES_ORDERS)
    rows: pd.DataFrame = columns(ROWS)
    consignments: pd.DataFrame = columns(CONSIGNMENTS)
    contacts: pd.DataFrame = columns(CONTACTS, is_keyed=False)
    payments: pd.DataFrame = columns(PAYMENTS)
    money_unread: frozenset[str] = frozenset()
    """Orders of which `payments` says nothing: their money is as it was agreed on."""
    paid_back: Mapping[str, Decimal] = field(default_factory=dict)
    """Money that went back to shoppers, by order."""
    stock_tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """By the name of their suite; `rows_total` is the sum of net and tax of an order's rows."""
        orders, rows, contacts = self.sales_orders, self.rows, self.contacts
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order_id, net, tax in zip(rows["order_id"], rows["net"], rows["tax"], strict=True):
            sums[order_id] += net + tax
        totals = [sums[order_id] for order_id in orders["order_id"]]
        # Each order's contact, so that a refusal names the orders it holds up.
        places = {email: place for place, email in enumerate(contacts["email_key"])}
        people = zip(orders["order_id"], orders["email_key"], strict=True)
        owners = {order_id: places[email] for order_id, email in people if email in places}
        return {
            "sales_orders_out": orders.assign(rows_total=pd.Series(totals, dtype="object")),
            "sales_order_rows_out": rows,
            "payments_out": self.payments,
            "contacts_out": contacts.iloc[[*owners.values()]].assign(order_id=[*owners]),
        }


def map_orders(run: Run, found: OrderFrames) -> Desired:
    """Desired sales orders, rows, contacts and payments of a validated batch.

    What its SKUs and codes refer to is read as far as it is not known yet.

    Raises: TransientError, ConfigError.
    """
    bundle, connections = run.bundle, run.connections
    if not found.has_rows:
        return Desired()
    renamed = bundle.tables["skus"]
    sku_keys = {sku_key(renamed.get(key) or key) for key in set(found.lines["sku_key"]) - {""}}
    products = find_products(connections, sku_keys)
    context = Context(
        zone=time_zone(connections),
        tables=bundle.tables,
        known={"products": {key: product.product_id for key, product in products.items()}},
        account_currency=account_currency(connections),
    )
    rows = balanced_rows(found, bundle, connections.pair.orders)
    headers = apply(bundle.mappings["orders"], found.orders, context)
    finished = apply(bundle.mappings["order_rows"], rows.rows, context)
    further = apply(bundle.mappings["orders"], found.consignments, context)
    accepted = found.orders
    if len(headers.refusals):
        accepted = accepted[accepted["order_id"].isin(headers.frame["order_id"])]
    placed, emails = accepted["placed_at"].tolist(), accepted["email_key"].tolist()
    # The addresses of a person are those of the newest order.
    newest = {
        emails[place]: place
        for place in sorted(range(len(placed)), key=placed.__getitem__)
        if not contact_id_of(emails[place])
    }
    people = _homes(accepted.iloc[[*newest.values()]])
    contacts = apply(bundle.mappings["contacts"], people, context)
    read = found.without(found.money_unread)
    payments = apply(
        bundle.mappings["payments"],
        receipts(read.orders, read.transactions, taken_by_hand(bundle)),
        context,
    )
    frames = {
        "sales_orders": headers.frame,
        "rows": finished.frame,
        "consignments": _consignments(found.consignments, further),
        "payments": payments.frame,
    }
    unknown = [
        unknown_ids(connections, frames[name], column, class_)
        for name, column, class_ in ID_COLUMNS
    ]
    refusals = [one.refusals for one in (rows, headers, further, payments)]
    refusals.append(with_doubled(connections, finished.refusals, renamed))
    if len(contacts.refusals):
        refusals.append(_of_orders(contacts.refusals, found.orders))
    desired = Desired(
        orders=found.orders,
        lines=found.lines,
        contacts=contacts.frame,
        money_unread=found.money_unread,
        paid_back=paid_back(read.transactions),
        stock_tracked=frozenset(p.product_id for p in products.values() if p.stock_tracked),
        counts={"rounding rows": rows.rounded},
        refusals=concat([*refusals, *unknown], REFUSALS),
        **frames,
    )
    return desired.without(set(desired.refusals["key"]))


def _consignments(further: pd.DataFrame, mapped: Mapped) -> pd.DataFrame:
    """CONSIGNMENTS of the orders whose further addresses could all be mapped."""
    if not len(further):
        return frame([], CONSIGNMENTS)
    refused = set(mapped.refusals["key"])
    source, target = (
        one[~one["order_id"].isin(refused)].reset_index(drop=True)
        for one in (further, mapped.frame)
    )
    found = target.assign(address_id=source["address_id"], line_ids=source["line_ids"])
    return found[[*CONSIGNMENTS]]


def _homes(orders: pd.DataFrame) -> pd.DataFrame:
    """The orders, collected ones with the shopper's own address: no contact lives in a shop."""
    is_collected = orders["pickup_method"] != ""
    return orders.assign(
        **{
            f"shipping_{name}": orders[f"shipping_{name}"].mask(
                is_collected, orders[f"billing_{name}"]
            )
            for name in PARTS
        }
    )


def _of_orders(refusals: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """A person who cannot become a contact holds up every order of that person."""
    people = orders.set_index("order_id")["email_key"]
    held = refusals.assign(email_key=refusals["key"].map(people)).drop(columns="key")
    owners = orders[["order_id", "email_key"]].rename(columns={"order_id": "key"})
    return held.merge(owners, on="email_key")[list(REFUSALS)]


@dataclass(frozen=True)
class Line:
    """What of a row of LINES the plan needs."""

    line_id: str
    sku: str
    name: str
    address_id: str
    qty_refunded: int
    qty_shipped: int


@dataclass(frozen=True)
class StoreOrder:
    """The order's state in BigCommerce: what of a row of ORDERS the plan needs."""

    status_id: str
    external_order_id: str
    qty_shipped: int
    destinations: str = field(default="", repr=False)
    """What is still to go where, of an order that does not go to one address."""
    foreign_order_id: str = ""
    """The external order id, where it is not known to be Brightpearl's."""

    @property
    def status(self) -> OrderStatus:
        """By its name."""
        return OrderStatus(int(self.status_id))

    @property
    def is_cancelled(self) -> bool:
        """Whether the store cancelled the order."""
        return self.status in CANCELLED


@dataclass(frozen=True)
class Consignment:
    """What of an order goes to a further address, as a sales order of its own."""

    address_id: str
    """BigCommerce's order_address_id."""
    external_ref: str
    shipping_method_id: str
    delivery: Address
    rows: tuple[Row, ...]

    @property
    def refs(self) -> frozenset[str]:
        """References of its rows."""
        return frozenset(row.row_ref for row in self.rows)


@dataclass(frozen=True)
class DesiredOrder:
    """One order as it should be in Brightpearl, with what the store says of it."""

    order_id: str
    external_ref: str
    ref: str
    placed_at: datetime
    tax_on: str
    status_id: str
    """Brightpearl's, which it follows to; "" where the store's status is not followed."""
    channel_id: str
    warehouse_id: str
    price_list_id: str
    price_mode_code: str
    currency_code: str
    exchange_rate: Decimal | None
    shipping_method_id: str
    status_id_after: str
    email_key: str
    total_inc_tax: Decimal
    person: Person | None
    """Whose order it is, should Brightpearl not know the contact yet; None for a default one."""
    billing: Address
    delivery: Address
    rows: tuple[Row, ...]
    """All of them, whichever address they go to."""
    payments: tuple[Payment, ...]
    store: StoreOrder
    units: Units
    """Of what has stock and was not refunded: in a plan, of what has yet to leave."""
    address_ids: Mapping[str, str]
    """BigCommerce's order_address_id by line."""
    note: str = field(default="", repr=False)
    """What people wrote about the order."""
    custom_fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Texts by the code of the account's own field."""
    is_money_read: bool = True
    """Whether `payments` says all; else its money is as it was agreed on."""
    paid_back: Decimal = ZERO
    """Money that went back to the shopper: so much more may have come in."""
    gone: Mapping[str, int] = field(default_factory=dict)
    """Units that the store says have left, by row reference."""
    consignments: tuple[Consignment, ...] = ()
    """What goes to further addresses, of an order that is a sales order for each."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What staff know lines by: SKU and name."""
    status_id_imported: str = ""
    """Brightpearl's, with which it is created; "" by mappings of an older version."""

    @property
    def delivery_hash(self) -> str:
        """The delivery address as it is compared and kept."""
        return address_hash(self.delivery.plain)

    @property
    def texts(self) -> str:
        """Note and custom fields, short: it reveals nothing of them."""
        return digest(self.note, sorted(self.custom_fields.items()))

    @property
    def has_goods(self) -> bool:
        """Whether the order has anything but charges."""
        return any(row.kind in GOODS for row in self.rows)


HEADER = {one.name for one in fields(DesiredOrder)} & SALES_ORDERS.keys()
"""Fields of an order that are columns of SALES_ORDERS."""
ADDRESS = {
    name: {"full_name": "name", "telephone": "phone"}.get(name, name)
    for name in Address.model_fields
}
"""Columns of SALES_ORDERS by part of an address, each after `billing_` or `delivery_`."""


def desired_orders(desired: Desired) -> list[DesiredOrder]:
    """The orders of a batch, each with everything of its own. In: validated frames."""
    rows = typed_by_key(desired.rows, Row)
    payments = typed_by_key(desired.payments, Payment)
    lines = typed_by_key(desired.lines, Line)
    stores = typed_by_key(desired.orders, StoreOrder)
    people = {person.email_key: person for person in typed_rows(desired.contacts, Person)}
    further = records_by(desired.consignments, "order_id")
    orders: list[DesiredOrder] = []
    for header in records(desired.sales_orders):
        key = header["order_id"]
        own, of_order = rows.get(key, []), lines.get(key, [])
        refunded = {line.line_id: line.qty_refunded for line in of_order}
        left = {row.row_ref: row.quantity - refunded.get(row.row_ref, 0) for row in own}
        is_sent = stores[key][0].status in WHOLLY_SENT
        sent = {one.line_id: one.qty_shipped for one in of_order}
        gone = {
            row.row_ref: row.quantity if is_sent else sent[row.row_ref]
            for row in own
            if sent.get(row.row_ref) or (is_sent and row.row_ref in sent)
        }
        units = {
            row.row_ref: (row.product_id, left[row.row_ref])
            for row in own
            if row.product_id in desired.stock_tracked and left[row.row_ref] > 0
        }
        orders.append(
            DesiredOrder(
                **{name: header[name] for name in HEADER},
                person=people.get(header["email_key"]),
                billing=_address(header, "billing"),
                delivery=_address(header, "delivery"),
                rows=tuple(own),
                payments=tuple(payments.get(key, ())),
                store=stores[key][0],
                units=units,
                gone=gone,
                names={one.line_id: f"{one.sku} {one.name}".strip() for one in of_order},
                custom_fields={
                    name: text
                    for name, text in header.items()
                    if name.startswith(CUSTOM_FIELD) and text
                },
                address_ids={line.line_id: line.address_id for line in of_order},
                is_money_read=key not in desired.money_unread,
                paid_back=desired.paid_back.get(key, ZERO),
                consignments=tuple(
                    _consignment(header["external_ref"], one, own) for one in further.get(key, ())
                ),
            )
        )
    return orders


def _consignment(reference: str, of: Mapping[str, Any], rows: Sequence[Row]) -> Consignment:
    """What goes to a further address. In: a row of CONSIGNMENTS, and all rows of its order."""
    line_ids = of["line_ids"].split()
    return Consignment(
        address_id=of["address_id"],
        external_ref=consignment_ref(reference, of["address_id"]),
        shipping_method_id=of["shipping_method_id"],
        delivery=_address(of, "delivery"),
        rows=tuple(row for row in rows if row.row_ref in line_ids),
    )


def _address(of: Mapping[str, Any], use: str) -> Address:
    """The billing or delivery address in a row of SALES_ORDERS or CONSIGNMENTS."""
    return Address(**{part: of[f"{use}_{name}"] or None for part, name in ADDRESS.items()})


def address_hash(plain: Mapping[str, str]) -> str:
    """An address without letter case and spacing, as a short text that reveals nothing of it."""
    text = "\x1f".join(f"{name}={part}" for name, part in sorted(plain.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""What orders should be in Brightpearl: as frames, as typed rows, and by the merchant's rules."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import pandas as pd

from connectors.brightpearl.models import Address
from core.frames import records
from core.orders import CONTACTS, LINES, ORDERS, PAYMENTS, ROWS, SALES_ORDERS
from tasks.bigcommerce.statuses import CANCELLED, OrderStatus
from tasks.brightpearl.documents import Payment, Row
from tasks.reconciler.cases import Decisions
from tasks.reconciler.frames import Frames, by_key
from tasks.reconciler.frames import rows as columns
from tasks.reconciler.run import Run


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
    contacts: pd.DataFrame = columns(CONTACTS, is_keyed=False)
    payments: pd.DataFrame = columns(PAYMENTS)
    money_unread: frozenset[str] = frozenset()
    """Orders of which `payments` says nothing: their money is as it was agreed on."""
    stock_tracked: frozenset[str] = frozenset()
    """Brightpearl's ids of the products that have stock."""

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """By the name of their suite."""
        people = self.sales_orders[["order_id", "email_key"]]
        return {
            "sales_orders_out": with_row_sums(self),
            "sales_order_rows_out": self.rows,
            "payments_out": self.payments,
            # Each order's contact, so that a refusal names the orders it holds up.
            "contacts_out": people.merge(self.contacts, on="email_key", how="inner"),
        }


def with_row_sums(desired: Desired) -> pd.DataFrame:
    """SALES_ORDERS beside `rows_total`, the sum of net and tax of each order's rows."""
    gross = desired.rows["net"] + desired.rows["tax"]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order_id, amount in zip(desired.rows["order_id"], gross, strict=True):
        sums[order_id] += amount
    totals = [sums[order_id] for order_id in desired.sales_orders["order_id"]]
    return desired.sales_orders.assign(rows_total=pd.Series(totals, dtype="object"))


Units = Mapping[str, tuple[str, int]]
"""Product id and units by row reference."""
GOODS = frozenset({"product", "custom"})
"""Kinds of rows without which there is no order."""

T = TypeVar("T")


@dataclass(frozen=True)
class Party:
    """Who is billed, or whom it is delivered to. Lines are street, suburb, city, state."""

    name: str
    company: str
    line_1: str
    line_2: str
    line_3: str
    line_4: str
    post_code: str
    country_iso3: str
    phone: str
    email: str

    @property
    def address(self) -> Address:
        """As Brightpearl's documents have it."""
        return Address(
            full_name=self.name or None,
            company=self.company or None,
            line_1=self.line_1 or None,
            line_2=self.line_2 or None,
            line_3=self.line_3 or None,
            line_4=self.line_4 or None,
            post_code=self.post_code or None,
            country_iso3=self.country_iso3 or None,
            telephone=self.phone or None,
            email=self.email or None,
        )

    @property
    def in_one_line(self) -> str:
        """For a note that staff read in Brightpearl."""
        lines = (self.line_1, self.line_2, self.line_3, self.line_4)
        parts = (self.name, self.company, *lines, self.post_code, self.country_iso3)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class StoreOrder:
    """The order's state in BigCommerce."""

    status: OrderStatus
    external_order_id: str
    qty_shipped: int

    @property
    def is_cancelled(self) -> bool:
        """Whether the store cancelled the order."""
        return self.status in CANCELLED

    @property
    def status_id(self) -> str:
        """As links and tables write it."""
        return str(int(self.status))


@dataclass(frozen=True)
class DesiredOrder:
    """One order as it should be in Brightpearl, with what the store says of it."""

    order_id: str
    external_ref: str
    ref: str
    placed_at: datetime
    tax_on: str
    status_id: str
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
    billing: Party
    delivery: Party
    rows: tuple[Row, ...]
    payments: tuple[Payment, ...]
    store: StoreOrder
    units: Units
    """Of what has stock and was not refunded."""
    address_ids: Mapping[str, str]
    """BigCommerce's order_address_id by line."""
    is_money_read: bool = True
    """Whether `payments` says all; else its money is as it was agreed on."""

    @property
    def delivery_hash(self) -> str:
        """The delivery address as it is compared and kept."""
        return address_hash(self.delivery.address.plain)

    @property
    def has_goods(self) -> bool:
        """Whether the order has anything but charges."""
        return any(row.kind in GOODS for row in self.rows)


def desired_orders(desired: Desired) -> list[DesiredOrder]:
    """The orders of a batch, each with everything of its own. In: validated frames."""
    rows, payments, lines = by_key(desired.rows), by_key(desired.payments), by_key(desired.lines)
    stores = {row["order_id"]: row for row in records(desired.orders)}
    return [
        _order(
            header,
            [_typed(Row, row) for row in rows.get(header["order_id"], ())],
            [_typed(Payment, row) for row in payments.get(header["order_id"], ())],
            lines.get(header["order_id"], ()),
            stores[header["order_id"]],
            desired.stock_tracked,
            is_money_read=header["order_id"] not in desired.money_unread,
        )
        for header in records(desired.sales_orders)
    ]


def address_hash(plain: Mapping[str, str]) -> str:
    """An address without letter case and spacing, as a short text that reveals nothing of it."""
    text = "\x1f".join(f"{name}={part}" for name, part in sorted(plain.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _order(  # noqa: PLR0913, PLR0917 - the frames of one order
    header: Mapping[str, Any],
    rows: Sequence[Row],
    payments: Sequence[Payment],
    lines: Sequence[Mapping[str, Any]],
    store: Mapping[str, Any],
    stock_tracked: frozenset[str],
    *,
    is_money_read: bool,
) -> DesiredOrder:
    refunded = {line["line_id"]: line["qty_refunded"] for line in lines}
    own = {field.name for field in fields(DesiredOrder)} & header.keys()
    return DesiredOrder(
        **{name: header[name] for name in own},
        billing=_party(header, "billing"),
        delivery=_party(header, "delivery"),
        rows=tuple(rows),
        payments=tuple(payments),
        store=StoreOrder(
            OrderStatus(int(store["status_id"])), store["external_order_id"], store["qty_shipped"]
        ),
        units=units_to_reserve(rows, stock_tracked, refunded),
        address_ids={line["line_id"]: line["address_id"] for line in lines},
        is_money_read=is_money_read,
    )


def units_to_reserve(
    rows: Iterable[Row], stock_tracked: frozenset[str], refunded: Mapping[str, int]
) -> dict[str, tuple[str, int]]:
    """Everything of an order that has stock, less what was refunded before it left."""
    units = {
        row.row_ref: (row.product_id, row.quantity - refunded.get(row.row_ref, 0))
        for row in rows
        if row.product_id in stock_tracked
    }
    return {
        ref: (product_id, quantity) for ref, (product_id, quantity) in units.items() if quantity > 0
    }


def _typed(cls: type[T], row: Mapping[str, Any]) -> T:
    return cls(**{field.name: row[field.name] for field in fields(cls)})  # type: ignore[arg-type]


def _party(header: Mapping[str, Any], use: str) -> Party:
    return Party(**{field.name: header[f"{use}_{field.name}"] for field in fields(Party)})


@dataclass(frozen=True)
class Rules(Decisions):
    """The merchant's settings, the account's statuses, and what people decided about cases."""

    on_hold: str = ""
    """Brightpearl's status of an order whose pick must wait; "" if the table has none."""
    cancelled: str = ""
    cancel_in_store: bool = True

    @classmethod
    def of(cls, run: Run) -> Rules:
        """The rules for the batch of a run."""
        statuses = run.bundle.table("account_statuses")
        decisions = run.decisions()
        return cls(
            approved=decisions.approved,
            discarded=decisions.discarded,
            on_hold=statuses.get("on_hold") or "",
            cancelled=statuses.get("cancelled") or "",
            cancel_in_store=run.connections.pair.orders.cancel_in_store,
        )

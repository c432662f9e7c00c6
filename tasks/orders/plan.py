"""What to write so that both sides agree: desired minus actual.

Worked out before, and apart from, any write. Pure: the same frames always give the same plan, and
a plan can be shown and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pandas as pd

from core.frames import records
from core.ids import external_ref
from core.money import two_places
from tasks.orders.desired import Desired
from tasks.policy import PURE, step


class Action(StrEnum):
    """What becomes of one order."""

    CREATE = "create"
    COMPLETE = "complete"
    """It exists, but a payment, the reservation or the word back to the store is missing."""
    AMEND = "amend"
    CANCEL = "cancel"
    CREDIT = "credit"
    HOLD = "hold"
    """Both sides differ in a way that a person has to decide."""
    NOTHING = "nothing"


Allocation = Literal["not required", "none", "part", "all"]


@dataclass(frozen=True)
class ActualOrder:
    """A sales order as it stands in Brightpearl."""

    order_id_bp: str
    external_ref: str
    gross: Decimal
    row_ids: Mapping[str, str]
    """Row id by our row reference."""
    allocation: Allocation
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Units reserved by row id; filled where `allocation` is `part`."""
    transaction_refs: frozenset[str] = frozenset()
    is_shipped: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True)
class Actual:
    """Brightpearl's side of a batch."""

    orders: Mapping[str, ActualOrder]
    """By external reference."""
    contacts: Mapping[str, str]
    """Contact id by e-mail as compared."""
    on_hand: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Units free by (warehouse id, product id); filled for products of part-reserved orders."""
    deleted: frozenset[str] = frozenset()
    """External references of orders that stood in Brightpearl once and are gone."""


@dataclass(frozen=True)
class NewContact:
    """A person Brightpearl does not know yet; serves every order of the batch with that e-mail."""

    email_key: str
    document: Mapping[str, Any]
    """One row of CONTACTS."""


@dataclass(frozen=True)
class NewSalesOrder:
    """A sales order with its rows."""

    order_id: str
    external_ref: str
    email_key: str
    header: Mapping[str, Any]
    """One row of SALES_ORDERS."""
    rows: tuple[Mapping[str, Any], ...]
    """Rows of ROWS, in sequence."""


@dataclass(frozen=True)
class Reservation:
    """Stock to set aside for one order in one warehouse."""

    order_id: str
    external_ref: str
    warehouse_id: str
    units: Mapping[str, tuple[str, int]]
    """Product id and units by our row reference."""
    replaces: bool = False
    """The order has a reservation already, which is to grow."""


@dataclass(frozen=True)
class Receipt:
    """Money that came in for an order."""

    order_id: str
    external_ref: str
    transaction_ref: str
    document: Mapping[str, Any]
    """One row of PAYMENTS."""


@dataclass(frozen=True)
class WriteBack:
    """What the store is to know: one PUT that carries nothing else."""

    order_id: str
    external_ref: str
    before: Mapping[str, str]
    status_id: str
    """The status the order is to have; the one it has when it is to stay."""


@dataclass(frozen=True)
class OrderPlan:
    """Everything that one order needs."""

    order_id: str
    action: Action
    reason: str = ""
    create: NewSalesOrder | None = None
    reservation: Reservation | None = None
    receipts: tuple[Receipt, ...] = ()
    write_back: WriteBack | None = None
    short: Mapping[str, int] = field(default_factory=dict)
    """Units that stay unreserved for want of stock, by Brightpearl product id."""


@dataclass(frozen=True)
class Plan:
    """The writes that would make both sides agree, in the order they are to be made."""

    contacts: tuple[NewContact, ...]
    orders: tuple[OrderPlan, ...]

    def count(self) -> dict[str, int]:
        """How many writes of each kind, and how many orders need none."""
        return {
            "contacts": len(self.contacts),
            "sales orders": sum(order.create is not None for order in self.orders),
            "reservations": sum(order.reservation is not None for order in self.orders),
            "receipts": sum(len(order.receipts) for order in self.orders),
            "words back": sum(order.write_back is not None for order in self.orders),
            "unchanged": sum(order.action is Action.NOTHING for order in self.orders),
            "held": sum(order.action is Action.HOLD for order in self.orders),
        }

    def preview(self) -> list[dict[str, str]]:
        """One line per order for people: what would be done, without personal data."""
        return [
            {
                "order": order.order_id,
                "action": order.action.value,
                "writes": ", ".join(_writes(order)),
                "why": order.reason,
            }
            for order in self.orders
        ]


@step("plan-orders", PURE)
def plan_orders(desired: Desired, actual: Actual) -> Plan:
    """The plan for a batch. In: validated frames of core/orders.py, and Brightpearl's side."""
    return work_out(desired, actual)


def work_out(desired: Desired, actual: Actual) -> Plan:
    """Desired minus actual (see `plan_orders`)."""
    orders = tuple(
        _plan_order(wanted, actual, desired.stock_tracked) for wanted in _wanted(desired)
    )
    return Plan(contacts=_new_contacts(desired, orders, actual), orders=orders)


@dataclass(frozen=True)
class _Wanted:
    """One order as it should be, and as the store has it."""

    header: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    payments: tuple[Mapping[str, Any], ...]
    store: Mapping[str, Any]


def _wanted(desired: Desired) -> Iterable[_Wanted]:
    rows, payments = _by_order(desired.rows), _by_order(desired.payments)
    stores = {row["order_id"]: row for row in records(desired.orders)}
    for header in records(desired.sales_orders):
        order_id = header["order_id"]
        yield _Wanted(
            header,
            tuple(rows.get(order_id, [])),
            tuple(payments.get(order_id, [])),
            stores[order_id],
        )


def _plan_order(wanted: _Wanted, actual: Actual, stock_tracked: frozenset[str]) -> OrderPlan:
    header = wanted.header
    order_id, ref = header["order_id"], header["external_ref"]
    there = actual.orders.get(ref)
    if there is None and ref in actual.deleted:
        return OrderPlan(order_id, Action.NOTHING, "deleted in Brightpearl; not created again")
    if there is not None and (reason := _why_held(header, there)):
        return OrderPlan(order_id, Action.HOLD, reason)
    create = None
    if there is None:
        create = NewSalesOrder(order_id, ref, header["email_key"], header, wanted.rows)
    asked = _units(wanted, stock_tracked)
    reservation = _reservation(asked, there, actual)
    short = {} if reservation or there is None else shortage(asked, there)
    known = there.transaction_refs if there else frozenset()
    receipts = tuple(
        Receipt(order_id, ref, payment["transaction_ref"], payment)
        for payment in wanted.payments
        if payment["transaction_ref"] not in known
    )
    write_back = _write_back(wanted, there)
    missing = reservation or receipts or write_back
    action = Action.CREATE if create else Action.COMPLETE if missing else Action.NOTHING
    return OrderPlan(order_id, action, "", create, reservation, receipts, write_back, short)


def _why_held(header: Mapping[str, Any], there: ActualOrder) -> str:
    """Why an existing order must not be touched, or nothing."""
    if there.is_cancelled:
        return "cancelled in Brightpearl while it is open in the store"
    return differs(header, there)


def differs(header: Mapping[str, Any], there: ActualOrder) -> str:
    """How far the order's totals are apart, in words; nothing when they agree to the cent."""
    apart = two_places(header["total_inc_tax"]) - two_places(there.gross)
    if apart:
        return (
            f"the store says {two_places(header['total_inc_tax'])} {header['currency_code']}, "
            f"Brightpearl says {two_places(there.gross)}: {apart} apart"
        )
    return ""


def shortage(asked: Reservation, there: ActualOrder) -> dict[str, int]:
    """Units that an order lacks of what is asked for it, by Brightpearl product id."""
    if there.allocation in {"all", "not required"} or there.is_shipped:
        return {}
    short: dict[str, int] = {}
    for row, (product_id, quantity) in asked.units.items():
        missing = quantity - there.reserved.get(there.row_ids.get(row, ""), 0)
        if missing > 0:
            short[product_id] = short.get(product_id, 0) + missing
    return short


def _units(wanted: _Wanted, stock_tracked: frozenset[str]) -> Reservation:
    """Everything of the order that has stock, as one reservation."""
    header = wanted.header
    units = {
        row["row_ref"]: (row["product_id"], row["quantity"])
        for row in wanted.rows
        if row["product_id"] in stock_tracked
    }
    return Reservation(header["order_id"], header["external_ref"], header["warehouse_id"], units)


def _reservation(
    asked: Reservation, there: ActualOrder | None, actual: Actual
) -> Reservation | None:
    """Stock to reserve; nothing where it is all reserved, gone out, or none has come in since."""
    if not asked.units:
        return None
    if there is None:
        return asked
    if not shortage(asked, there) or not _any_free(asked, there, actual):
        return None
    return replace(asked, replaces=there.allocation == "part")


def _any_free(asked: Reservation, there: ActualOrder, actual: Actual) -> bool:
    """Whether Brightpearl has free stock of a product that the order still lacks."""
    return any(
        actual.on_hand.get((asked.warehouse_id, product_id), 0) > 0
        for product_id in shortage(asked, there)
    )


def _write_back(order: _Wanted, there: ActualOrder | None) -> WriteBack | None:
    header, store = order.header, order.store
    wanted = header["status_id_after"] or store["status_id"]
    before = {
        "status_id": store["status_id"],
        "external_order_id": store["external_order_id"],
    }
    known = there.order_id_bp if there else None
    if wanted == store["status_id"] and known and known == store["external_order_id"]:
        return None
    return WriteBack(header["order_id"], header["external_ref"], before, wanted)


def _new_contacts(
    desired: Desired, orders: Iterable[OrderPlan], actual: Actual
) -> tuple[NewContact, ...]:
    """One contact per unknown e-mail, however many orders of the batch it has."""
    wanted = {order.create.email_key for order in orders if order.create}
    return tuple(
        NewContact(row["email_key"], row)
        for row in records(desired.contacts)
        if row["email_key"] in wanted and row["email_key"] not in actual.contacts
    )


def _by_order(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(rows):
        found.setdefault(row["order_id"], []).append(row)
    return found


def _writes(order: OrderPlan) -> Iterable[str]:
    if order.create:
        yield f"sales order {external_ref(order.order_id)} with {len(order.create.rows)} rows"
    if order.reservation:
        yield f"reserve {sum(q for _, q in order.reservation.units.values())} units"
    for receipt in order.receipts:
        document = receipt.document
        yield f"receipt {document['amount']} {document['currency_code']}"
    if order.write_back:
        yield f"status {order.write_back.status_id} and id back to the store"

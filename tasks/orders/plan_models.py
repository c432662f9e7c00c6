"""What a plan for orders consists of: the writes that would make both sides agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.ids import external_ref
from tasks.orders.compare import RowChange
from tasks.outcome import Obstacle


class Action(StrEnum):
    """What becomes of one order."""

    CREATE = "create"
    COMPLETE = "complete"
    """It exists, but a payment, the reservation or the word back to the store is missing."""
    AMEND = "amend"
    CANCEL = "cancel"
    HOLD = "hold"
    """Both sides differ in a way that a person has to decide."""
    NOTHING = "nothing"


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
class Amendment:
    """What is to change in a sales order that exists and has not left."""

    changes: tuple[RowChange, ...] = ()
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Rows of ROWS by reference, of the rows that are changed or added."""
    shipping_method_id: str = ""
    """The new one; "" where it stays."""
    notes: tuple[str, ...] = ()
    """Goods-out notes to take back first; what they held is reserved again."""


@dataclass(frozen=True)
class CallOff:
    """How an order is called off: its notes taken back, its stock released, its status set."""

    status_id: str
    note: str
    notes: tuple[str, ...] = ()
    releases: bool = True


@dataclass(frozen=True)
class StatusChange:
    """A status that Brightpearl's side is to have."""

    before: str
    after: str
    note: str = ""
    """What staff are told with it."""
    returns_to: str = ""
    """Where it puts the pick on hold: the status the order has once it goes on."""


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
    amend: Amendment | None = None
    call_off: CallOff | None = None
    credit: NewSalesOrder | None = None
    """A sales credit that undoes an invoiced order, after a person approved it."""
    status: StatusChange | None = None
    reservation: Reservation | None = None
    """To be asked for; worked out anew after an amendment."""
    wanted_units: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Product id and units by row reference, of everything of the order that has stock."""
    receipts: tuple[Receipt, ...] = ()
    address_note: str = ""
    """Staff are to be told a delivery address, which no call can change; never shown or kept."""
    write_back: WriteBack | None = None
    short: Mapping[str, int] = field(default_factory=dict)
    """Units that stay unreserved for want of stock, by Brightpearl product id."""
    ahead: Mapping[str, int] = field(default_factory=dict)
    """Units by row reference that the store has sold and Brightpearl's rows lack."""
    cases: tuple[Obstacle, ...] = ()
    """What a person has to decide."""
    delivery: str = ""
    """Hash of the delivery address that the store's side has."""
    address_moved: bool = False
    """Whether Brightpearl still has another delivery address than the store."""
    agrees: bool = False
    """Whether the rows of both sides agree, or will once the plan is carried out."""
    is_off: bool = False
    """Whether the store called the order off."""
    holds: bool = False
    """Whether its pick has to wait for a case."""
    store_status_id: str = ""
    """The store's, to be remembered."""
    is_status_open: bool = False
    """Whether a person decides about it: then the statuses that were agreed on stay remembered."""
    warehouse_id: str = ""
    address_ids: Mapping[str, str] = field(default_factory=dict)
    """BigCommerce's order_address_id by line."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be written."""
        return not any(
            (self.create, self.amend, self.call_off, self.credit, self.status, self.reservation)
        ) and not any((self.receipts, self.write_back, self.address_note))


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
            "amendments": sum(order.amend is not None for order in self.orders),
            "cancellations": sum(order.call_off is not None for order in self.orders),
            "credits": sum(order.credit is not None for order in self.orders),
            "statuses": sum(order.status is not None for order in self.orders),
            "reservations": sum(order.reservation is not None for order in self.orders),
            "receipts": sum(len(order.receipts) for order in self.orders),
            "words back": sum(order.write_back is not None for order in self.orders),
            "unchanged": sum(order.action is Action.NOTHING for order in self.orders),
            "cases": sum(bool(order.cases) for order in self.orders),
        }

    def preview(self) -> list[dict[str, str]]:
        """One line per order for people: what would be done, without personal data."""
        return [
            {
                "order": order.order_id,
                "action": order.action.value,
                "writes": ", ".join(_writes(order)),
                "why": order.reason or "; ".join(case.reason for case in order.cases),
            }
            for order in self.orders
        ]


def _writes(order: OrderPlan) -> list[str]:
    told: list[str] = []
    if order.create:
        rows = len(order.create.rows)
        told.append(f"sales order {external_ref(order.order_id)} with {rows} rows")
    if order.amend:
        told.extend(_amended(order.amend))
    if order.call_off:
        told.extend(f"take back goods-out note {note}" for note in order.call_off.notes)
        told.append(f"cancel in Brightpearl (status {order.call_off.status_id})")
    if order.credit:
        told.append(f"sales credit {order.credit.external_ref}")
    if order.status:
        told.append(f"Brightpearl status {order.status.before} → {order.status.after}")
    if order.reservation:
        told.append(f"reserve {sum(q for _, q in order.reservation.units.values())} units")
    for receipt in order.receipts:
        document = receipt.document
        told.append(f"receipt {document['amount']} {document['currency_code']}")
    if order.write_back:
        told.append(f"status {order.write_back.status_id} and id back to the store")
    return told


def _amended(amend: Amendment) -> list[str]:
    told = [f"take back goods-out note {note}" for note in amend.notes]
    for change in amend.changes:
        verb = "add" if change.before is None else "drop" if change.after is None else "change"
        told.append(f"{verb} row {change.ref}")
    if amend.shipping_method_id:
        told.append(f"shipping method {amend.shipping_method_id}")
    return told

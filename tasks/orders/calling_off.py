"""An order that one side called off: what follows on the other side, by how far it has come. Pure.

| in Brightpearl | what follows |
|---|---|
| reserved | stock released, order cancelled |
| given another status by staff meanwhile | untouched; a case |
| split into back orders | untouched; a case |
| on a goods-out note that has not left | held, note taken back, stock released, cancelled |
| something has left | untouched; a case: intercept it, or take it back as a return |
| invoiced | untouched; a case that proposes a credit: money is never posted silently |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.money import two_places
from tasks.orders.compare import digest
from tasks.orders.memory import Memory
from tasks.orders.plan_models import CallOff
from tasks.orders.rules import DISPUTED, OFF, PARTLY_REFUNDED, REFUNDED, SENT, Rules
from tasks.orders.states import ActualOrder
from tasks.outcome import Obstacle, review

Record = Mapping[str, Any]


def is_off(store: Record) -> bool:
    """Whether the store called the order off."""
    return store["status_id"] in OFF


def call_off(there: ActualOrder, rules: Rules) -> CallOff | Obstacle | None:
    """How to cancel in Brightpearl; a case where a person has to decide; None if it is done."""
    if there.is_cancelled:
        return None
    if there.is_shipped:
        return review(
            "intercept",
            digest(there.order_id_bp),
            f"the store cancelled the order, but goods of sales order {there.order_id_bp} have "
            "left; stop the parcel or take the goods back as a return",
            {},
        )
    if there.is_invoiced:
        return review(
            "credit",
            digest(there.order_id_bp, there.gross),
            f"the store cancelled the order, but sales order {there.order_id_bp} is invoiced; a "
            f"sales credit over {two_places(there.gross)} would undo it",
            {"credit": str(two_places(there.gross)), "sales_order": there.order_id_bp},
        )
    if there.children:
        orders = ", ".join((there.order_id_bp, *there.children))
        return review(
            "split",
            digest(orders),
            f"the store cancelled the order, and staff split it into the sales orders {orders}; "
            "cancel each of them in Brightpearl",
            {},
        )
    if not rules.cancelled:
        return Obstacle(
            "order_status",
            "account_statuses",
            "cancelled",
            "the store cancelled the order, and no status is known that means cancelled",
            "Add `cancelled,<status id>` to mappings/tables/account_statuses.csv, then: causeway "
            "quarantine release --class order_status --value cancelled",
        )
    return CallOff(
        rules.cancelled,
        "Cancelled in BigCommerce. Goods-out notes that had not left were taken back."
        if there.notes
        else "Cancelled in BigCommerce.",
        tuple(note.note_id for note in there.notes if not note.is_shipped),
        releases=there.allocation in {"part", "all"},
    )


def taken_up(there: ActualOrder) -> Obstacle:
    """A sales order that staff took up again after both sides had called the order off."""
    return review(
        "reopened",
        digest(there.order_id_bp, "reopened"),
        f"the store's order is cancelled, and sales order {there.order_id_bp} was cancelled with "
        "it; staff took it up again in Brightpearl",
        {"sales order": f"cancel {there.order_id_bp} again"},
    )


def moved_on(there: ActualOrder) -> Obstacle:
    """A sales order that staff gave another status while the store called the order off.

    The status may say that its goods are on their way, even without a note.
    """
    return review(
        "cancelled",
        digest(there.order_id_bp, there.status_id),
        f"the store cancelled the order, and staff meanwhile gave sales order {there.order_id_bp} "
        f"the status {there.status_id}",
        {"sales order": f"cancel {there.order_id_bp}"},
    )


def is_over(store: Record, memory: Memory) -> bool:
    """Whether the store's status says of a cancelled order only that its money went back."""
    status = store["status_id"]
    return status == REFUNDED or (status == PARTLY_REFUNDED and memory.is_cancelled)


def cancel_store(
    store: Record, there: ActualOrder, memory: Memory, rules: Rules
) -> Obstacle | None:
    """Why an order that staff cancelled in Brightpearl may not be cancelled in the store as well.

    None where it may: no goods are on their way, nobody decided otherwise in the store, and the
    merchant wants it.
    """
    number, status = there.order_id_bp, store["status_id"]
    if int(store["qty_shipped"]) or status in SENT:
        return review(
            "cancelled",
            digest(number, "sent"),
            f"sales order {number} is cancelled in Brightpearl, but the store's order has a "
            "shipment; take the shipment back first, or reopen the sales order",
            {},
        )
    if status == DISPUTED:
        return review(
            "cancelled",
            digest(number, "disputed"),
            f"sales order {number} is cancelled in Brightpearl, and the shopper disputes the "
            "payment; the store's order is left as it is until its status changes",
            {},
        )
    if not rules.cancel_in_store or status != (memory.status_bc or status):
        why = "" if rules.cancel_in_store else digest(number)
        return review(
            "cancelled",
            why or digest(number, status),
            f"sales order {number} is cancelled in Brightpearl and open in the store",
            {"store": "cancel the order (status 5)"},
        )
    return None


def is_reopened(there: ActualOrder, memory: Memory, store: Record) -> bool:
    """Whether both had called it off and the store took it up again.

    A shipment alone does not say so: staff may have sent something before they called it off.
    """
    off = {*OFF, *SENT, REFUNDED, PARTLY_REFUNDED}
    return there.is_cancelled and memory.is_cancelled and store["status_id"] not in off

"""An order that one side called off: what follows on the other side, by how far it has come. Pure.

| in Brightpearl | what follows |
|---|---|
| reserved | stock released, order cancelled |
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
from tasks.orders.rules import OFF, SENT, Rules
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


def cancel_store(store: Record, there: ActualOrder, rules: Rules) -> Obstacle | None:
    """Why an order that staff cancelled in Brightpearl may not be cancelled in the store as well.

    None where it may: no goods are on their way, and the merchant wants it.
    """
    if int(store["qty_shipped"]) or store["status_id"] in SENT:
        return review(
            "cancelled",
            digest(there.order_id_bp, "sent"),
            f"sales order {there.order_id_bp} is cancelled in Brightpearl, but the store's order "
            "has a shipment; take the shipment back first, or reopen the sales order",
            {},
        )
    if not rules.cancel_in_store:
        return review(
            "cancelled",
            digest(there.order_id_bp),
            f"sales order {there.order_id_bp} is cancelled in Brightpearl and open in the store",
            {"store": "cancel the order (status 5)"},
        )
    return None


def is_reopened(there: ActualOrder, memory: Memory, store: Record) -> bool:
    """Whether both had called it off and the store took it up again."""
    return there.is_cancelled and memory.is_cancelled and not is_off(store)

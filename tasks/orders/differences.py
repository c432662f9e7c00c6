"""A sales order that stands and differs from the store's order: amend it, or let a person decide.

Only what the store changed travels; what staff changed in Brightpearl is never undone without a
person's word. Nothing is amended once goods are on a note. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.money import two_places
from tasks.orders.compare import Sides, digest, in_words
from tasks.orders.memory import Memory
from tasks.orders.plan_models import Amendment
from tasks.orders.rules import DISPUTED, Rules
from tasks.orders.states import ActualOrder
from tasks.outcome import Obstacle, review

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """What is to be written, and what a person has to decide."""

    amend: Amendment | None = None
    cases: tuple[Obstacle, ...] = ()
    holds: bool = False
    """Whether the pick has to wait for the decision."""


def amendment(  # noqa: PLR0913, PLR0917 - both sides, what they agreed on, and who decides
    order_id: str,
    header: Record,
    rows: Sequence[Record],
    sides: Sides,
    there: ActualOrder,
    memory: Memory,
    rules: Rules,
) -> Difference:
    """What becomes of rows and shipping method that differ."""
    method = _new_method(header, there, memory)
    if not sides.apart and not method:
        return Difference()
    documents = {row["row_ref"]: row for row in rows}
    wanted = Amendment(sides.apart, documents, method)
    is_empty = not any(row["kind"] in GOODS for row in rows)
    why = EMPTIED if is_empty else _why_not(sides, there)
    if not why:
        return Difference(wanted)
    if not sides.apart:
        return Difference()  # a carrier alone is no case: the note says how it goes
    kind = KINDS[why]
    name = digest(*(tuple(in_words(change).values()) for change in sides.apart), method)
    may = _may_apply(there) and not is_empty
    case = review(
        kind,
        name,
        f"sales order {there.order_id_bp} and the store's order differ ({_apart(header, there)}): "
        f"{why}",
        {"rows": [in_words(change) for change in sides.apart], "shipping_method": method}
        if may
        else {},
    )
    if may and (order_id, case.value) in rules.approved:
        notes = tuple(note.note_id for note in there.notes if not note.is_shipped)
        return Difference(Amendment(sides.apart, documents, method, notes))
    waits = sides.store and there.has_notes and not there.is_shipped
    return Difference(cases=(case,), holds=waits)


RECEIPT = "receipt"
GOODS = {"product", "custom"}
"""Kinds of rows without which there is no order."""
ON_NOTE = "its goods are on a goods-out note already"
LEFT = "goods have left"
INVOICED = "it is invoiced"
SPLIT = "part of it is in a back order"
THERE = "it was changed in Brightpearl, and the store's order was not"
BOTH = "both were changed since they agreed last"
EMPTIED = "the store's order has no lines left; cancel it there if it is not wanted"
KINDS = {
    ON_NOTE: "edit",
    LEFT: "edit",
    INVOICED: "edit",
    SPLIT: "edit",
    THERE: "differs",
    BOTH: "differs",
    EMPTIED: "emptied",
}


def _why_not(sides: Sides, there: ActualOrder) -> str:
    """Why the difference is not simply amended; nothing where it is."""
    if sides.account:
        return BOTH if sides.store else THERE
    if there.is_invoiced:
        return INVOICED
    if there.is_shipped:
        return LEFT
    if there.has_notes:
        return ON_NOTE
    return SPLIT if there.children else ""


def _may_apply(there: ActualOrder) -> bool:
    return not (there.is_invoiced or there.is_shipped or there.children)


def _new_method(header: Record, there: ActualOrder, memory: Memory) -> str:
    """The shipping method, where only the store changed it."""
    wanted: str = header["shipping_method_id"]
    if not wanted or wanted == there.shipping_method_id or not memory.rows:
        return ""
    untouched = there.shipping_method_id == memory.shipping_method_id
    return wanted if wanted != memory.shipping_method_id and untouched else ""


def differs(header: Record, there: ActualOrder) -> str:
    """How far the order's totals are apart, in words; nothing when they agree to the cent."""
    return (
        ""
        if two_places(header["total_inc_tax"]) == two_places(there.gross)
        else _apart(header, there)
    )


def _apart(header: Record, there: ActualOrder) -> str:
    ours, theirs = two_places(header["total_inc_tax"]), two_places(there.gross)
    if ours == theirs:
        return "their totals agree, their rows do not"
    return (
        f"the store says {ours} {header['currency_code']}, Brightpearl says {theirs}: "
        f"{ours - theirs} apart"
    )


def address_case(delivery: str, there: ActualOrder, memory: Memory) -> Obstacle | None:
    """A delivery address that the store changed: no documented call changes it in Brightpearl."""
    if not memory.delivery or delivery in {memory.delivery, there.delivery}:
        return None
    return Obstacle(
        "address",
        "delivery",
        f"address {digest(delivery)}",
        f"the delivery address was changed in BigCommerce; sales order {there.order_id_bp} has the "
        "old one, and a note with the new one",
        "Enter the new delivery address in Brightpearl: the next look closes this case. Or discard "
        "it.",
    )


def money_cases(
    order_id: str, payments: Sequence[Record], there: ActualOrder, memory: Memory
) -> Iterable[Obstacle]:
    """Receipts that one side does not have any more."""
    wanted = {payment["transaction_ref"]: payment for payment in payments}
    for ref in sorted(set(memory.receipts) & set(wanted) - there.transaction_refs):
        payment = wanted[ref]
        amount = f"{two_places(payment['amount'])} {payment['currency_code']}"
        yield review(
            RECEIPT,
            digest(ref),
            f"the receipt {ref} over {amount} is not on the sales order any more: it was deleted "
            "in Brightpearl, or stands on an order that was deleted",
            {"receipt": ref, "amount": amount},
        )
    known = set(memory.receipts) & there.transaction_refs
    for ref in sorted(known - set(wanted)):
        yield review(
            RECEIPT,
            digest(ref, "gone"),
            f"the store does not know of the money behind the receipt {ref} of order {order_id} "
            "any more; delete the receipt in Brightpearl, or find out where the money went",
            {},
        )


def receipt_value(ref: str) -> str:
    """The case in which a deleted receipt is proposed anew, as its value names it."""
    return f"{RECEIPT} {digest(ref)}"


def dispute_case(store: Record, there: ActualOrder) -> Obstacle | None:
    """A chargeback: shown on both sides, and never credited by itself."""
    if store["status_id"] != DISPUTED:
        return None
    return review(
        "dispute",
        digest(there.order_id_bp),
        f"the shopper disputes the payment of the order; sales order {there.order_id_bp} is left "
        "as it is until the store's status changes",
        {},
    )


def deleted_case(order_id: str, ref: str, left: Sequence[str] = ()) -> Obstacle:
    """An order that staff deleted in Brightpearl while it is open in the store.

    One of which back orders are left would be there twice in part: it is not proposed anew.
    """
    if left:
        orders = ", ".join(left)
        return review(
            "deleted",
            digest(ref, orders),
            f"the sales order {ref} was deleted in Brightpearl, and its back orders {orders} still "
            "stand; cancel or delete them as well, then it can be created anew",
            {},
        )
    return review(
        "deleted",
        digest(ref),
        f"the sales order {ref} was deleted in Brightpearl; it is not created again by itself",
        {"create": f"order {order_id} anew"},
    )

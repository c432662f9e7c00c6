"""Refunds of orders that Brightpearl does not have: waited for, or told to a person."""

from __future__ import annotations

from dataclasses import dataclass

from core.frames import frame
from core.ids import external_ref
from core.refusals import REFUSALS
from store.inbox import Inbox
from tasks.claim import Run
from tasks.outcome import Aside
from tasks.policy import PURE, step
from tasks.refunds.actual import ON_ITS_WAY
from tasks.refunds.extract import Read
from tasks.refunds.standing import counted
from tasks.refunds.states import Actual

OVER = {4: "refunded", 5: "cancelled", 6: "declined"}
"""Statuses that an order does not come back from by itself: it will never be imported."""


@dataclass(frozen=True)
class Split:
    """A batch, parted by what Brightpearl has."""

    here: tuple[str, ...]
    """Orders whose sales order is there."""
    asides: dict[str, Aside]


@step("set-aside", PURE)
def set_aside(run: Run, read: Read, actual: Actual) -> Split:
    """Set aside what has no sales order, with its reason; refuse what will never have one."""
    missing = [key for key in read.wanted if key not in actual.sales]
    states = Inbox(run.world.database).states(run.report.pair, "orders", missing)
    asides = dict(read.asides)
    refused: list[dict[str, str]] = []
    for order_id in missing:
        if order_id in run.refused_keys:
            continue
        found = _why(run, read, actual, order_id, states.get(order_id, ""))
        if isinstance(found, Aside):
            asides[order_id] = found
        else:
            refused.append(found)
    run.refuse(frame(refused, REFUSALS))
    refused_ids = run.refused_keys
    here = (key for key in read.wanted if key in actual.sales and key not in refused_ids)
    return Split(tuple(here), asides)


def _why(run: Run, read: Read, actual: Actual, order_id: str, state: str) -> Aside | dict[str, str]:
    refunds = [r for r in counted(read.refunds[order_id]) if r.total_amount]
    if not refunds:
        return Aside("unchanged", "no refund was found: the status alone says so")
    if order_id in actual.deleted:
        return _refusal(
            order_id,
            "deleted",
            refunds_of(len(refunds), "an order that was deleted in Brightpearl"),
            f"Have the order created again (causeway sync orders --key {order_id}, its case "
            "`deleted`) or enter the sales credit by hand",
        )
    if state in ON_ITS_WAY:
        return Aside("again", "the order is on its way to Brightpearl")
    order = read.orders[order_id]
    importable = order.status_id in run.world.pair.orders.importable_statuses
    if not importable and (order.status_id in OVER or order.is_deleted):
        word = OVER.get(order.status_id, "archived")
        return _refusal(
            order_id,
            "order",
            refunds_of(len(refunds), f"an order that never reached Brightpearl and is {word}"),
            "If neither the sale nor the refund belongs in the books: causeway quarantine discard. "
            f"Else add status {order.status_id} to CAUSEWAY_ORDERS__IMPORTABLE_STATUSES, then: "
            f"causeway sync orders --key {order_id}",
        )
    return Aside("parked", "the order has not reached Brightpearl", "order")


def refunds_of(count: int, what: str) -> str:
    """`3 refunds of …`."""
    return f"{count} refund{'s' if count > 1 else ''} of {what}"


def _refusal(order_id: str, class_: str, reason: str, remedy: str) -> dict[str, str]:
    release = f"causeway quarantine release --class {class_} --key {order_id}"
    return {
        "key": order_id,
        "class": class_,
        "field": "order_id",
        "value": external_ref(order_id),
        "reason": reason,
        "remedy": f"{remedy}; then: {release}",
    }

"""An order that one side cancelled: what follows on the other side, by how far it has come. Pure.

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

from collections.abc import Iterable
from dataclasses import replace

from core.money import two_places
from core.refusals import Refusal, release_remedy
from tasks.bigcommerce.orders import CANCELLED, SENT, OrderStatus
from tasks.brightpearl.sales_orders import UNDONE, AgreedOrder
from tasks.orders.completion import missing_receipts, receipt_cases
from tasks.orders.desired import DesiredOrder, Rules, StoreOrder
from tasks.orders.matching import ActualOrder
from tasks.orders.operations import (
    CancelSalesOrder,
    CreateCredit,
    DeleteGoodsOutNote,
    OrderOperation,
    OrderPlan,
    OrderProgress,
    ReleaseStock,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.reconciler.cases import digest, review
from tasks.reconciler.operations import Operation

DO_NOT_SEND = "Cancelled in BigCommerce: do not send."
IN_STORE = "cancelled in BigCommerce"
IN_BRIGHTPEARL = "cancelled in Brightpearl"
ON_BOTH_SIDES = "cancelled on both sides"


def plan_cancelled_in_store(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules
) -> OrderPlan:
    """The plan for an order that the store cancelled."""
    plan = _plan(desired, actual, agreed, rules)
    if agreed.credited or actual.is_cancelled:
        return replace(plan, reason=ON_BOTH_SIDES)
    reason = _why_not(actual, rules)
    if reason is None:
        newer = _newer_status(actual, agreed)
        if newer and not rules.approves(desired.order_id, newer):
            return _waiting(desired, actual, agreed, rules, newer)
        return _with(plan, _cancellation(actual, rules), IN_STORE)
    if _proposes_credit(reason) and rules.approves(desired.order_id, reason):
        credit = CreateCredit(f"{desired.external_ref}{UNDONE}")
        return _with(plan, (credit,), IN_STORE)
    return _waiting(desired, actual, agreed, rules, reason)


def plan_cancelled_in_brightpearl(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules
) -> OrderPlan:
    """The plan for an order that staff cancelled in Brightpearl while the store goes on."""
    plan = _plan(desired, actual, agreed, rules)
    if is_only_refunded(desired.store, agreed):
        return replace(plan, reason=ON_BOTH_SIDES)
    case = store_cancellation_case(desired.store, actual, agreed, rules)
    if case and not rules.approves(desired.order_id, case):
        held = {ref: units for ref, (_, units) in desired.units.items()}
        waiting = _waiting(desired, actual, agreed, rules, case)
        return replace(waiting, missing_units=held)
    back = UpdateStoreOrder(str(int(OrderStatus.CANCELLED)))
    return _with(plan, (back,), IN_BRIGHTPEARL)


def is_reopened(actual: ActualOrder, agreed: AgreedOrder, store: StoreOrder) -> bool:
    """Whether both had cancelled it and the store reopened it.

    A shipment alone does not say so: staff may have sent something before they cancelled it.
    """
    refunded = {OrderStatus.REFUNDED, OrderStatus.PARTIALLY_REFUNDED}
    over = {*CANCELLED, *SENT, *refunded}
    return actual.is_cancelled and agreed.is_cancelled and store.status not in over


def is_only_refunded(store: StoreOrder, agreed: AgreedOrder) -> bool:
    """Whether the store's status says of a cancelled order only that its money went back."""
    if store.status is OrderStatus.PARTIALLY_REFUNDED:
        return agreed.is_cancelled
    return store.status is OrderStatus.REFUNDED


def store_cancellation_case(
    store: StoreOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules
) -> Refusal | None:
    """Why an order that staff cancelled in Brightpearl may not be cancelled in the store as well.

    None where it may: no goods are on their way, nobody decided otherwise in the store, and the
    merchant wants it.
    """
    number = actual.order_id_bp
    if store.qty_shipped or store.status in SENT:
        return review(
            "cancelled",
            digest(number, "sent"),
            f"sales order {number} is cancelled in Brightpearl, but the store's order has a "
            "shipment; take the shipment back first, or reopen the sales order",
            {},
        )
    if store.status is OrderStatus.DISPUTED:
        return review(
            "cancelled",
            digest(number, "disputed"),
            f"sales order {number} is cancelled in Brightpearl, and the shopper disputes the "
            "payment; the store's order is left as it is until its status changes",
            {},
        )
    is_newer = store.status_id != (agreed.status_bc or store.status_id)
    if not rules.cancel_in_store or is_newer:
        name = digest(number, store.status_id) if rules.cancel_in_store else digest(number)
        return review(
            "cancelled",
            name,
            f"sales order {number} is cancelled in Brightpearl and open in the store",
            {"store": "cancel the order (status 5)"},
        )
    return None


def _cancellation(actual: ActualOrder, rules: Rules) -> tuple[OrderOperation, ...]:
    """Notes taken back, stock released, the order cancelled, in this order."""
    notes = actual.unsent_notes
    hold = SetStatus(actual.status_id, rules.on_hold, DO_NOT_SEND)
    says = "Cancelled in BigCommerce."
    if notes:
        says += " Goods-out notes that had not left were taken back."
    return (
        *([hold] if notes and rules.on_hold else ()),
        *(DeleteGoodsOutNote(note_id) for note_id in notes),
        *([ReleaseStock()] if actual.allocation in {"part", "all"} else ()),
        CancelSalesOrder(actual.status_id, rules.cancelled, says),
    )


def _why_not(actual: ActualOrder, rules: Rules) -> Refusal | None:
    """Why an order may not simply be cancelled in Brightpearl; None where it may."""
    number = actual.order_id_bp
    if actual.is_shipped:
        return review(
            "intercept",
            digest(number),
            f"the store cancelled the order, but goods of sales order {number} have left; stop "
            "the parcel or take the goods back as a return",
            {},
        )
    if actual.is_invoiced:
        gross = two_places(actual.gross)
        return review(
            "credit",
            digest(number, actual.gross),
            f"the store cancelled the order, but sales order {number} is invoiced; a sales credit "
            f"over {gross} would undo it",
            {"credit": str(gross), "sales_order": number},
        )
    if actual.back_orders:
        orders = ", ".join((number, *actual.back_orders))
        return review(
            "split",
            digest(orders),
            f"the store cancelled the order, and staff split it into the sales orders {orders}; "
            "cancel each of them in Brightpearl",
            {},
        )
    if not rules.cancelled:
        return Refusal(
            "order_status",
            "account_statuses",
            "cancelled",
            "the store cancelled the order, and no status is known that means cancelled",
            release_remedy(
                "Add `cancelled,<status id>` to mappings/tables/account_statuses.csv",
                "order_status",
                value="cancelled",
            ),
        )
    return None


def _newer_status(actual: ActualOrder, agreed: AgreedOrder) -> Refusal | None:
    """What staff did to the sales order meanwhile that a cancellation would undo."""
    number = actual.order_id_bp
    if agreed.is_cancelled:
        return review(
            "reopened",
            digest(number, "reopened"),
            f"the store's order is cancelled, and sales order {number} was cancelled with it; "
            "staff reopened it in Brightpearl",
            {"sales order": f"cancel {number} again"},
        )
    if agreed.status_bp and actual.status_id != agreed.status_bp:
        # The status may say that its goods are on their way, even without a note.
        return review(
            "cancelled",
            digest(number, actual.status_id),
            f"the store cancelled the order, and staff meanwhile gave sales order {number} the "
            f"status {actual.status_id}",
            {"sales order": f"cancel {number}"},
        )
    return None


def _plan(
    desired: DesiredOrder,
    actual: ActualOrder,
    agreed: AgreedOrder,
    rules: Rules,
    cases: Iterable[Refusal] = (),
) -> OrderPlan:
    """Money is kept up to date whatever becomes of the order: it came in all the same."""
    found = (*cases, *receipt_cases(desired, actual, agreed))
    undecided = rules.undecided(desired.order_id, found)
    receipts = missing_receipts(desired, actual, agreed, rules)
    return OrderPlan(
        key=desired.order_id,
        desired=desired,
        actual=actual,
        agreed=agreed,
        operations=receipts,
        cases=undecided,
        result="held" if undecided else "completed" if receipts else "unchanged",
    )


def _waiting(
    desired: DesiredOrder,
    actual: ActualOrder,
    agreed: AgreedOrder,
    rules: Rules,
    case: Refusal,
) -> OrderPlan:
    """The plan while a person decides: the statuses stay as they were agreed on."""
    return replace(_plan(desired, actual, agreed, rules, [case]), is_status_undecided=True)


def _with(
    plan: OrderPlan, operations: tuple[Operation[OrderProgress], ...], reason: str
) -> OrderPlan:
    return replace(
        plan, operations=(*operations, *plan.operations), result="cancelled", reason=reason
    )


def _proposes_credit(case: Refusal) -> bool:
    return "credit" in case.detail.get("proposal", {})

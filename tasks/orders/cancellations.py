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

from collections.abc import Sequence
from dataclasses import replace

from core.money import two_places
from core.refusals import Refusal, release_remedy
from tasks.bigcommerce.orders import CANCELLED, SENT, OrderStatus
from tasks.brightpearl.sales_orders import UNDONE, AgreedOrder
from tasks.orders.completion import plan_receipts, unreserved
from tasks.orders.frames import StoreOrder
from tasks.orders.matching import ActualOrder
from tasks.orders.operations import (
    CancelSalesOrder,
    CreateCredit,
    DeleteGoodsOutNote,
    OrderOperation,
    OrderPlan,
    OrderProgress,
    ReleaseStock,
    Rules,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.reconciler.cases import digest, review
from tasks.reconciler.operations import Operation

DO_NOT_SEND = "Cancelled in BigCommerce: do not send."
IN_STORE = "cancelled in BigCommerce"
IN_BRIGHTPEARL = "cancelled in Brightpearl"
ON_BOTH_SIDES = "cancelled on both sides"


def plan_cancelled_in_store(plan: OrderPlan, actual: ActualOrder, rules: Rules) -> OrderPlan:
    """The plan for an order that the store cancelled. In: one that does nothing yet."""
    if plan.agreed.credited or actual.is_cancelled:
        return _with(replace(plan, reason=ON_BOTH_SIDES), actual, rules)
    cancelled = replace(plan, reason=IN_STORE)
    case = _why_not(actual, rules)
    if case is None:
        case = _newer_status(actual, plan.agreed)
        if case is None or rules.approves(plan.key, case):
            return _with(cancelled, actual, rules, _cancellation(actual, rules))
    elif "credit" in case.detail.get("proposal", {}) and rules.approves(plan.key, case):
        credit = CreateCredit(f"{plan.desired.external_ref}{UNDONE}")
        return _with(cancelled, actual, rules, [credit])
    return _with(plan, actual, rules, case=case)


def plan_cancelled_in_brightpearl(plan: OrderPlan, actual: ActualOrder, rules: Rules) -> OrderPlan:
    """The plan for an order that staff cancelled in Brightpearl while the store goes on."""
    store, agreed = plan.desired.store, plan.agreed
    if is_only_refunded(store, agreed):
        return _with(replace(plan, reason=ON_BOTH_SIDES), actual, rules)
    case = store_cancellation_case(store, actual, agreed, rules)
    if case and not rules.approves(plan.key, case):
        # A cancelled order keeps its reservation until staff release it.
        held = unreserved(plan.desired, actual)
        return _with(replace(plan, missing_units=held), actual, rules, case=case)
    back = UpdateStoreOrder(str(int(OrderStatus.CANCELLED)))
    return _with(replace(plan, reason=IN_BRIGHTPEARL), actual, rules, [back])


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
    number, proposal = actual.order_id_bp, {}
    if store.qty_shipped or store.status in SENT:
        name = digest(number, "sent")
        reason = (
            ", but the store's order has a shipment; take the shipment back first, or reopen the "
            "sales order"
        )
    elif actual.back_orders:
        orders = ", ".join(actual.back_orders)
        name = digest(number, orders)
        reason = (
            f", and what was split off it is open ({orders}); cancel that as well, or reopen the "
            "sales order"
        )
    elif store.status is OrderStatus.DISPUTED:
        name = digest(number, "disputed")
        reason = (
            ", and the shopper disputes the payment; the store's order is left as it is until its "
            "status changes"
        )
    elif not rules.cancel_in_store or store.status_id != (agreed.status_bc or store.status_id):
        name = digest(number, store.status_id) if rules.cancel_in_store else digest(number)
        reason = " and open in the store"
        proposal = {"store": "cancel the order (status 5)"}
    else:
        return None
    reason = f"sales order {number} is cancelled in Brightpearl{reason}"
    return review("cancelled", name, reason, proposal)


def _cancellation(actual: ActualOrder, rules: Rules) -> tuple[OrderOperation, ...]:
    """Notes taken back, stock released, the order cancelled, in this order."""
    notes = actual.unsent_notes
    hold = SetStatus(actual.status_id, rules.on_hold, DO_NOT_SEND)
    says = "Cancelled in BigCommerce."
    if notes:
        says += " Goods-out notes that had not left were taken back."
    parts = {"": actual, **actual.consignments}
    return (
        *([hold] if notes and rules.on_hold else ()),
        *(DeleteGoodsOutNote(note_id) for note_id in notes),
        *(
            ReleaseStock(address_id=address_id)
            for address_id, one in parts.items()
            if one.allocation in {"part", "all"}
        ),
        *(
            CancelSalesOrder(one.status_id, rules.cancelled, says, address_id=address_id)
            for address_id, one in parts.items()
        ),
    )


def _why_not(actual: ActualOrder, rules: Rules) -> Refusal | None:
    """Why an order may not simply be cancelled in Brightpearl; None where it may."""
    number, said = actual.order_id_bp, "the store cancelled the order"
    if actual.is_shipped:
        reason = (
            f"{said}, but goods of sales order {number} have left; stop the parcel or take the "
            "goods back as a return"
        )
        return review("intercept", digest(number), reason, {})
    if actual.is_invoiced:
        gross = two_places(actual.gross)
        reason = (
            f"{said}, but sales order {number} is invoiced; a sales credit over {gross} would "
            "undo it"
        )
        proposal = {"credit": str(gross), "sales_order": number}
        return review("credit", digest(number, actual.gross), reason, proposal)
    if actual.back_orders and not _is_as_created(actual):
        orders = ", ".join((number, *actual.back_orders))
        reason = (
            f"{said}, and it is split into the sales orders {orders}; cancel each of them in "
            "Brightpearl"
        )
        return review("split", digest(orders), reason, {})
    if not rules.cancelled:
        action = "Add `cancelled,<status id>` to mappings/tables/account_statuses.csv"
        return Refusal(
            "order_status",
            "account_statuses",
            "cancelled",
            f"{said}, and no status is known that means cancelled",
            release_remedy(action, "order_status", value="cancelled"),
        )
    return None


def _is_as_created(actual: ActualOrder) -> bool:
    """Whether its back orders are those of its addresses, and staff have done nothing with them."""
    further = actual.consignments.values()
    return {one.order_id_bp for one in further} == {*actual.back_orders} and not (
        actual.has_notes
        or any(one.is_invoiced or one.status_id != actual.status_id for one in further)
    )


def _newer_status(actual: ActualOrder, agreed: AgreedOrder) -> Refusal | None:
    """What staff did to the sales order meanwhile that a cancellation would undo."""
    number = actual.order_id_bp
    if agreed.is_cancelled:
        reason = (
            f"the store's order is cancelled, and sales order {number} was cancelled with it; "
            "staff reopened it in Brightpearl"
        )
        proposal = {"sales order": f"cancel {number} again"}
        return review("reopened", digest(number, "reopened"), reason, proposal)
    if agreed.status_bp and actual.status_id != agreed.status_bp:
        # The status may say that its goods are on their way, even without a note.
        reason = (
            f"the store cancelled the order, and staff meanwhile gave sales order {number} the "
            f"status {actual.status_id}"
        )
        proposal = {"sales order": f"cancel {number}"}
        return review("cancelled", digest(number, actual.status_id), reason, proposal)
    return None


def _with(
    plan: OrderPlan,
    actual: ActualOrder,
    rules: Rules,
    operations: Sequence[Operation[OrderProgress]] = (),
    case: Refusal | None = None,
) -> OrderPlan:
    """The plan with the operations of a cancellation, or waiting for the person who decides it.

    Money is kept up to date whatever becomes of the order: it came in all the same. While a person
    decides, the statuses stay as they were agreed on.
    """
    booked = actual.transaction_refs
    receipts, receipt_cases = plan_receipts(plan.desired, booked, plan.agreed, rules)
    cases = rules.undecided(plan.key, filter(None, (case, *receipt_cases)))
    result = "held" if cases else "completed" if receipts else "unchanged"
    return replace(
        plan,
        operations=(*operations, *receipts),
        cases=cases,
        result="cancelled" if operations else result,
        is_status_undecided=case is not None,
    )

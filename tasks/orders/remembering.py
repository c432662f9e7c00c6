"""What is remembered of an order after a run: the state in which both sides agreed."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.orders.memory import LET_GO, AgreedRow, Memory
from tasks.orders.plan_models import Action
from tasks.orders.states import ActualOrder
from tasks.orders.work import Work


def remembered(work: Work, before: Memory, short: Mapping[str, int]) -> Memory:
    """The new memory. Rows are only taken up where both sides agree: a case keeps the old ones.

    The fingerprint of the store's side is put in by the one who has read it.
    """
    plan, there = work.plan, work.there
    kept = {
        "receipts": tuple(sorted({*before.receipts, *_receipts(work)})),
        "short": dict(short),
        "credited": work.credit_id or before.credited,
        "status_bc": work.status_id or plan.store_status_id or before.status_bc,
        "status_bp": _status_there(work) or before.status_bp,
        "held_from": _held_from(work, before),
        "is_cancelled": _is_off(work, before),
        "noted": plan.delivery if plan.address_note else before.noted,
    }
    if there is not None and plan.agrees:
        kept["rows"] = _rows(there, plan.address_ids)
        kept["shipping_method_id"] = (
            plan.amend.shipping_method_id if plan.amend else ""
        ) or there.shipping_method_id
    if plan.is_status_open:
        kept |= {"status_bc": before.status_bc, "status_bp": before.status_bp}
    if not plan.address_moved:
        kept["delivery"] = plan.delivery or before.delivery
    return before.model_copy(update=kept)


def _status_there(work: Work) -> str:
    """Brightpearl's status once the plan is carried out."""
    plan = work.plan
    if plan.status:
        return plan.status.after
    if plan.call_off:
        return plan.call_off.status_id
    return work.there.status_id if work.there else ""


def _rows(there: ActualOrder, address_ids: Mapping[str, str]) -> dict[str, AgreedRow]:
    return {
        ref: AgreedRow(
            row_id=row.row_id,
            product_id=row.content.product_id,
            quantity=int(row.content.quantity),
            net=row.content.net,
            tax=row.content.tax,
            address_id=address_ids.get(ref, ""),
        )
        for ref, row in there.rows.items()
    }


def _receipts(work: Work) -> set[str]:
    known = work.there.transaction_refs if work.there else frozenset()
    return {*known, *(receipt.transaction_ref for receipt in work.plan.receipts)}


def _held_from(work: Work, before: Memory) -> str:
    plan, there = work.plan, work.there
    if not plan.holds or there is None:
        return ""
    if not before.held_from:
        return plan.status.returns_to if plan.status else there.status_id
    return before.held_from if there.status_id == before.status_bp else LET_GO


def _is_off(work: Work, before: Memory) -> bool:
    """Whether both sides had called the order off: staff may take it up again since."""
    if work.plan.action is Action.CANCEL:
        return True
    is_off = bool(work.there and work.there.is_cancelled) and work.plan.status is None
    if work.plan.is_off:
        return is_off or before.is_cancelled
    return is_off and before.is_cancelled

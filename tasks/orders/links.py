"""What is remembered of an order after a run: the state in which both sides agreed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from core.ids import ORDER_CONDITION, order_condition, stock_condition
from store.links import Link
from tasks.bigcommerce.order_frames import RECEIPT
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow
from tasks.orders.completion import CreateReceipt
from tasks.orders.edits import SetShippingMethod
from tasks.orders.extract import Read, fingerprint, money_fingerprint
from tasks.orders.held_units import enqueue_cancelled, keep_held, still_held
from tasks.orders.operations import AddNote, OrderProgress, SetStatus
from tasks.reconciler.apply import outcome_of
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import Operation
from tasks.reconciler.run import Run

T = TypeVar("T", bound=Operation[Any])
REMEDY = "Correct the record in BigCommerce or the mapping, then release it."
HOLD_RELEASED = "released"
"""In place of the status before a hold: staff took the order off hold by hand."""


def link_orders(run: Run, read: Read, records: Sequence[OrderProgress]) -> list[Outcome]:
    """Link the orders, with the state in which both sides agreed; what became of each."""
    outcomes = [_outcome(record) for record in records]
    run.report.counts["short of stock"] += sum(
        bool(_short(record)) for record in records if record.error is None
    )
    if not run.dry_run:
        linked = [record for record in records if record.order_id_bp]
        held = still_held(read.found, read.skipped, [r for r in linked if r.error is None])
        # An order counts as holding all it has until it is known: by what it still holds, which
        # is kept before its link, or by the link, after which it need not hold anything.
        keep_held(run, {key: units for key, units in held.items() if units})
        run.links.put(
            run.pair, run.entity, [_link(read, record) for record in linked], now=run.now()
        )
        keep_held(run, {key: units for key, units in held.items() if not units})
        cancelled = {one.key for one in outcomes if one.result == "cancelled"}
        enqueue_cancelled(run, read.found, cancelled)
        _wake_waiting(run, [record.key for record in linked if record.plan.actual is None])
    return [*read.skipped, *outcomes]


def _wake_waiting(run: Run, created: Sequence[str]) -> None:
    """Wake what waits for orders that are in Brightpearl from now on."""
    if not created:
        return
    waiting = run.inbox.waiting_for(run.pair, ORDER_CONDITION)
    if met := waiting & {order_condition(key) for key in created}:
        run.inbox.wake(run.pair, met, now=run.now())


def _outcome(record: OrderProgress) -> Outcome:
    outcome = outcome_of(record, REMEDY)
    if record.error is not None or outcome.waits_for or not (short := _short(record)):
        return outcome
    conditions = tuple(stock_condition(product_id) for product_id in sorted(short))
    return Outcome(
        outcome.key, outcome.result, outcome.reason, outcome.refusals, waits_for=conditions
    )


def _link(read: Read, record: OrderProgress) -> Link:
    """The order's link. Of an order that was stopped, only that work is left."""
    plan, order = record.plan, read.orders[record.key]
    if record.error is not None:
        agreed = plan.agreed.model_copy(update={"agreed": "", "money": ""})
        return Link(record.key, record.order_id_bp, agreed.detail())
    agreed = agreed_order(record)
    is_settled = not _short(record) and not plan.cases and not record.refusals
    update = {
        "agreed": fingerprint(order, record.status_id, record.order_id_bp) if is_settled else "",
        "money": ""
        if any(case.field == RECEIPT for case in plan.cases)
        else money_fingerprint(order),
    }
    return Link(record.key, record.order_id_bp, agreed.model_copy(update=update).detail())


def agreed_order(record: OrderProgress) -> AgreedOrder:
    """What both sides agree on now. Rows are only taken up where they do: a case keeps the old.

    The fingerprints of the store's side are put in by the one who has read it.
    """
    plan, before, desired = record.plan, record.plan.agreed, record.desired
    kept: dict[str, Any] = {
        "receipts": tuple(sorted({*before.receipts, *_receipts(record)})),
        "short": dict(_short(record)),
        "credited": record.credit_id or before.credited,
        "held_from": _held_from(record),
        "is_cancelled": _is_cancelled(record),
    }
    if any(isinstance(one, AddNote) and one.about == "address" for one in plan.operations):
        kept["address_note"] = desired.delivery_hash
    if record.actual is not None and plan.agrees:
        kept["rows"] = _rows(record)
        method = next(_of(record, SetShippingMethod), None)
        kept["shipping_method_id"] = method.after if method else record.actual.shipping_method_id
    if not plan.is_status_undecided:
        kept["status_bc"] = record.status_id or desired.store.status_id
        actual = record.actual.status_id if record.actual else ""
        kept["status_bp"] = record.status_id_bp or actual or before.status_bp
    if not plan.is_address_outdated:
        kept["delivery"] = desired.delivery_hash or before.delivery
    return before.model_copy(update=kept)


def _short(record: OrderProgress) -> dict[str, int]:
    return record.short or dict(record.plan.short)


def _rows(record: OrderProgress) -> dict[str, AgreedRow]:
    return {
        ref: AgreedRow(
            row_id=row.row_id,
            product_id=row.content.product_id,
            quantity=int(row.content.quantity),
            net=row.content.net,
            tax=row.content.tax,
            address_id=record.desired.address_ids.get(ref, ""),
        )
        for ref, row in record.existing.rows.items()
    }


def _receipts(record: OrderProgress) -> set[str]:
    known = record.actual.transaction_refs if record.actual else frozenset()
    return {*known, *(one.payment.transaction_ref for one in _of(record, CreateReceipt))}


def _held_from(record: OrderProgress) -> str:
    """The status before a case held the pick; "" while none does."""
    plan, actual = record.plan, record.plan.actual
    if not plan.holds or actual is None:
        return ""
    before = plan.agreed.held_from
    if not before:
        status = next(_of(record, SetStatus), None)
        return status.returns_to if status else actual.status_id
    return before if actual.status_id == plan.agreed.status_bp else HOLD_RELEASED


def _is_cancelled(record: OrderProgress) -> bool:
    """Whether both sides had cancelled the order: staff may reopen it since."""
    plan, before = record.plan, record.plan.agreed.is_cancelled
    if plan.result == "cancelled":
        return True
    is_status_set = any(True for _ in _of(record, SetStatus))
    is_cancelled = bool(plan.actual and plan.actual.is_cancelled) and not is_status_set
    if record.desired.store.is_cancelled:
        return is_cancelled or before
    return is_cancelled and before


def _of(record: OrderProgress, kind: type[T]) -> Iterator[T]:
    return (one for one in record.plan.operations if isinstance(one, kind))

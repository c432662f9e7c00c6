"""The plan, carried out in the fewest requests Brightpearl allows. Harmless to repeat.

First contacts and sales orders, then changes to those that stand, then (with the row ids read back)
receipts and reservations, then the word back to the store. Everything stands under a natural key. A
record that is refused drops out with its reason; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.errors import CausewayError, RejectedError
from core.ids import external_ref
from tasks.claim import Run
from tasks.deliver import Answers, Write, deliver
from tasks.orders.actual import read_orders
from tasks.orders.amending import amend, call_off, set_statuses, tell_staff
from tasks.orders.creating import create_contacts, create_orders, read_back
from tasks.orders.demand import note_reserved
from tasks.orders.documents import (
    credit_write,
    note_write,
    payment_write,
    reservation_label,
    reservation_write,
)
from tasks.orders.memory import Memory
from tasks.orders.outcome import OrderOutcome
from tasks.orders.plan_models import Action, OrderPlan, Plan, Receipt
from tasks.orders.remembering import remembered
from tasks.orders.reserving import shortage
from tasks.orders.rules import Rules
from tasks.orders.states import Actual
from tasks.orders.telling import tell_store
from tasks.orders.work import Work
from tasks.outcome import Obstacle
from tasks.policy import patiently


def load_orders(run: Run, plan: Plan, actual: Actual, rules: Rules) -> list[OrderOutcome]:
    """Carry the plan out and say what became of each order. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    works = [_work(order, actual) for order in plan.orders]
    contacts = dict(actual.contacts) | create_contacts(run, plan.contacts, works)
    create_orders(run, works, contacts)
    read_back(run, works)
    set_statuses(run, works)
    amend(run, works)
    call_off(run, works, rules)
    _undo(run, works)
    _pay_and_reserve(run, works)
    _find_shortages(run, works)
    tell_staff(run, works)
    tell_store(run, works)
    return [_outcome(work, actual) for work in works]


def _work(order: OrderPlan, actual: Actual) -> Work:
    there = actual.orders.get(external_ref(order.order_id))
    return Work(
        order,
        there=there,
        order_id_bp=there.order_id_bp if there else "",
        reservation=order.reservation,
    )


def _pay_and_reserve(run: Run, works: Sequence[Work]) -> None:
    going = [work for work in works if work.goes_on and work.there]
    reserving = {
        reservation_label(work.plan.order_id): work.plan.order_id
        for work in going
        if work.reservation
    }

    def heard(answers: Answers) -> None:
        note_reserved(run, [reserving[one] for one in reserving.keys() & _carried_out(answers)])

    answers = deliver(run, [part for work in going for part in _details(work)], heard)
    for work in going:
        for receipt in work.plan.receipts:
            answer = answers[receipt.transaction_ref]
            if isinstance(answer, RejectedError):
                answer = _unless_known(run, work, receipt, answer)
            if isinstance(answer, CausewayError):
                work.error = answer
        answer = answers.get(reservation_label(work.plan.order_id))
        if isinstance(answer, CausewayError) and not isinstance(answer, RejectedError):
            work.error = work.error or answer


def _carried_out(answers: Answers) -> set[str]:
    """Labels of what Brightpearl did, or refused because there is no more to do."""
    return {
        label
        for label, answer in answers.items()
        if not isinstance(answer, CausewayError) or isinstance(answer, RejectedError)
    }


def _details(work: Work) -> Iterable[Write]:
    """Receipts and the reservation of one order, beside each other."""
    if work.there is None:
        return
    for receipt in work.plan.receipts:
        yield payment_write(receipt, work.order_id_bp)
    if work.reservation:
        yield reservation_write(work.reservation, work.there)


def _unless_known(
    run: Run, work: Work, receipt: Receipt, refused: RejectedError
) -> RejectedError | None:
    """None for a receipt that was refused because it is there already; else why it was not."""
    ref = receipt.transaction_ref
    found = patiently(lambda: run.world.brightpearl.find_payments(ref))
    if not found:
        return refused
    if any(payment.order_id == work.order_id_bp for payment in found):
        return None
    return RejectedError(
        f"The receipt {ref} stands on sales order {found[0].order_id}, not on {work.order_id_bp}.",
        remedy="Move or delete it in Brightpearl, then release the order.",
        code="receipt",
    )


def _find_shortages(run: Run, works: Sequence[Work]) -> None:
    """What could not be reserved. Brightpearl reserves what it has and does not say so."""
    reserving = [work for work in works if work.reservation and work.goes_on]
    there = read_orders(run, [work.order_id_bp for work in reserving], reserved=True)
    notes: list[Write] = []
    for work in reserving:
        now = there.get(external_ref(work.plan.order_id))
        if now is None or work.reservation is None or work.there is None:
            continue
        known = work.there
        now = replace(now, rows=known.rows, noted=known.noted, moved=known.moved)
        work.short = shortage(work.plan.wanted_units, now)
        if work.short:
            notes.append(note_write(work.plan.order_id, work.order_id_bp, work.short))
    deliver(run, notes)


def _undo(run: Run, works: Sequence[Work]) -> None:
    """Sales credits over whole orders that were called off after they were invoiced."""
    undoing = [work for work in works if work.plan.credit and work.goes_on]
    writes = [
        credit_write(run, work.plan.credit, work.there.contact_id, work.order_id_bp)
        for work in undoing
        if work.plan.credit and work.there
    ]
    answers = deliver(run, writes)
    for work in undoing:
        answer = answers[work.plan.order_id]
        if isinstance(answer, CausewayError):
            work.error = answer
        else:
            work.credit_id = str(answer)


RESULTS = {
    Action.CREATE: "created",
    Action.COMPLETE: "completed",
    Action.AMEND: "amended",
    Action.CANCEL: "cancelled",
    Action.HOLD: "held",
}


def _outcome(work: Work, actual: Actual) -> OrderOutcome:
    order_id, id_bp, plan = work.plan.order_id, work.order_id_bp, work.plan
    before = actual.memories.get(external_ref(order_id), Memory())
    if isinstance(work.error, RejectedError):
        obstacles = (*plan.cases, _rejected(work.error))
        return OrderOutcome(
            order_id, "rejected", str(work.error), obstacles, order_id_bp=id_bp, memory=before
        )
    if work.error is not None:
        return OrderOutcome(
            order_id, "again", work.error.message, plan.cases, order_id_bp=id_bp, memory=before
        )
    short = work.short or plan.short
    return OrderOutcome(
        order_id,
        RESULTS.get(plan.action, "unchanged"),
        plan.reason,
        plan.cases,
        waits_for="stock" if short else "",
        order_id_bp=id_bp,
        short=short,
        status_id=work.status_id,
        external_order_id=work.external_order_id,
        memory=remembered(work, before, dict(short)),
    )


def _rejected(error: RejectedError) -> Obstacle:
    return Obstacle(
        error.code if error.code == "money" else "rejected",
        "",
        error.code,
        error.message,
        error.remedy or "Correct the record in BigCommerce or the mapping, then release it.",
    )

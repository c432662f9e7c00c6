"""What to write so that both sides agree about refunds: desired minus actual. Pure.

The same state always gives the same plan, and a plan can be shown and thrown away. What a person
changed in Brightpearl since we wrote is never written again: it becomes a case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.ids import credit_ref
from core.refusals import Refusal
from core.settings import RefundSettings
from tasks.bigcommerce.refunds import counted
from tasks.reconciler.cases import Decisions
from tasks.reconciler.operations import Operation, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds import operations as ops
from tasks.refunds.frames import CreditRow, Desired, DesiredCredit, RefundKey
from tasks.refunds.goods import DeleteNote, Goods, Units
from tasks.refunds.matching import (
    AgreedRefund,
    Credit,
    MatchedRefund,
    RefundedOrder,
    State,
    Undone,
    fingerprint_of,
)
from tasks.refunds.operations import COMPLETED, CREATED, UNCHANGED, UNDONE, CreditPlan
from tasks.refunds.returns import CreateRefund, plan_return

HELD, REFUNDED = "held", "refunded"
"""What becomes of an order that waits for a person, and of one that is refunded in the store."""
RANKS = (HELD, REFUNDED, CREATED, UNDONE, COMPLETED, UNCHANGED)
"""The first that is true of any part of an order is what becomes of it."""
PENDING = "refund"
"""What an order waits for while the gateway owes an answer."""


@dataclass(frozen=True, kw_only=True)
class OrderPlan(RecordPlan):
    """Everything that the refunds and returns of one order need.

    Its operations are those of its credits, of its stock, and at most one refund in the store:
    refunds of an order are made one after the other.
    """

    credits: tuple[CreditPlan, ...] = ()


@dataclass(frozen=True)
class PlanContext:
    """What a plan is worked out from."""

    desired: Mapping[RefundKey, DesiredCredit]
    decisions: Decisions
    settings: RefundSettings


def plan_refunds(run: Run, orders: Sequence[RefundedOrder], desired: Desired) -> list[OrderPlan]:
    """The plans of a batch. In: validated frames of core/refunds.py, and both sides."""
    settings = run.connections.pair.refunds
    context = PlanContext(desired.by_refund(), run.decisions(), settings)
    refused = run.refused_keys
    return [plan_order(context, order) for order in orders if order.id not in refused]


def plan_order(context: PlanContext, order: RefundedOrder) -> OrderPlan:
    """What the refunds, and the credits, of one order call for."""
    goods = Goods(order)
    plans: list[CreditPlan] = []
    found: list[Refusal] = []
    for one in order.matched:
        if case := _case_of_refund(context, one):
            found.append(case)
        elif one.state is State.WANTED:
            plans.append(_plan_credit(context, order, one, goods))
    plans += [_undo(context, order.id, undone) for undone in order.undone]
    found += [case for plan in plans for case in plan.cases]
    given_up = {unit.sold_ref for plan in plans for unit in plan.units if unit.unsent}
    releases = list(goods.releases(given_up))
    found += [cases.picked(one.sales_order_id, one.picked) for one in releases if one.picked]
    is_pending = any(one.state is State.PENDING for one in order.matched)
    returns = list(_returns(context, order, is_pending=is_pending))
    found += [one for one in returns if isinstance(one, Refusal)]
    refunds = [one for one in returns if isinstance(one, CreateRefund)]
    operations: tuple[Operation[Any], ...] = (
        *(operation for plan in plans for operation in plan.operations),
        *(DeleteNote(one.sales_order_id, note_id) for one in releases for note_id in one.notes),
        *(one for one in releases if one.keep),
        *refunds,
    )
    results = {
        *(plan.result for plan in plans),
        HELD if found else UNCHANGED,
        REFUNDED if refunds else UNCHANGED,
        COMPLETED if operations else UNCHANGED,
    }
    return OrderPlan(
        key=order.id,
        operations=operations,
        credits=tuple(plans),
        cases=tuple(found),
        result=min(results, key=RANKS.index),
        reason="" if found or not is_pending else f"waits for {PENDING}",
        waits_for=(PENDING,) if is_pending else (),
    )


def _case_of_refund(context: PlanContext, one: MatchedRefund) -> Refusal | None:
    """What a person has to decide: about a credit that staff changed, or a tax nobody stated."""
    if one.state in {State.NOTHING, State.PENDING}:
        return None
    if one.credit is not None:
        return cases.differs(one, one.credit)
    order_id, refund_id = one.refund.order_id, one.refund.id
    header = context.desired.get((order_id, refund_id), DesiredCredit()).header
    case = cases.deleted(one.refund) if one.is_deleted else None
    if case is None and header and header.total_tax and one.refund.total_tax is None:
        case = cases.tax_unknown(one.refund, header.total_tax)
    return None if case is None or context.decisions.approves(order_id, case) else case


def _plan_credit(
    context: PlanContext, order: RefundedOrder, one: MatchedRefund, goods: Goods
) -> CreditPlan:
    refund, credit = one.refund, one.credit
    desired = context.desired.get((refund.order_id, refund.id), DesiredCredit())
    units = _units(one, desired.rows, goods)
    closes = context.settings.close_credits and not order.sale.document.is_cancelled
    operations = tuple(_credit_operations(one, desired, units, closes=closes))
    return CreditPlan(
        key=refund.order_id,
        operations=operations,
        result=CREATED if credit is None else COMPLETED if operations else UNCHANGED,
        refund_id=refund.id,
        external_ref=credit_ref(refund.order_id, refund.id),
        fingerprint=fingerprint_of(refund),
        credit=credit,
        units=units,
        agreed=AgreedRefund() if one.is_deleted else one.agreed,
        refund_count=len(counted(order.refunds)),
    )


def _credit_operations(
    one: MatchedRefund, desired: DesiredCredit, units: Sequence[Units], *, closes: bool
) -> Iterator[ops.CreditOperation]:
    """What its credit lacks. In: whether it is invoiced, which one of a cancelled sale is not."""
    credit, paid = one.credit, one.credit.paid if one.credit else {}
    if credit is None and desired.header is not None:
        yield ops.CreateCredit(desired.header, desired.rows)
    wanted = {payout.transaction_ref: payout for payout in desired.payouts}
    for ref in one.agreed.payments:
        if ref in paid and ref not in wanted:
            yield ops.DeletePayment(ref, paid[ref].payment_id)
    if not one.is_paid_by_staff:
        yield from (ops.PayOut(payout) for ref, payout in wanted.items() if not one.is_booked(ref))
    # What came back on a credit that was deleted since is in stock.
    if not one.is_deleted and (back := _to_receive(credit, desired.rows, units)):
        products = (row for row in desired.rows if row.kind == "product")
        yield ops.ReceiveGoods(back, {row.sold_ref: row.row_ref for row in products})
    is_closed = credit and (one.agreed.is_closed or credit.document.is_invoiced)
    if closes and not (one.is_staffs or is_closed):
        yield ops.CloseCredit()


def _units(one: MatchedRefund, rows: Sequence[CreditRow], goods: Goods) -> tuple[Units, ...]:
    """Which of the refund's units had left: decided once, and then as its link keeps it."""
    agreed = one.agreed
    if one.is_staffs:
        return ()
    if not (agreed.returned or agreed.unsent):
        return tuple(goods.split(rows))
    conditions = {row.sold_ref: row.condition for row in rows}
    return tuple(
        Units(ref, conditions.get(ref, ""), agreed.returned.get(ref, 0), agreed.unsent.get(ref, 0))
        for ref in {**agreed.returned, **agreed.unsent}
    )


def _to_receive(
    credit: Credit | None, rows: Sequence[CreditRow], units: Sequence[Units]
) -> tuple[Units, ...]:
    """Units that come back, less those that somebody received already."""
    back = tuple(one for one in units if one.returned and one.condition)
    if credit is None:
        return back
    booked: Counter[str] = Counter()
    for note in credit.received:
        if note.batch_ref == credit.document.external_ref:
            return ()
        booked.update(note.rows)
    refs = {row.row_ref: row.sold_ref for row in rows}
    received = {refs.get(r.external_ref, ""): booked[r.id] for r in credit.document.rows}
    left = (replace(one, returned=one.returned - received.get(one.sold_ref, 0)) for one in back)
    return tuple(one for one in left if one.returned > 0)


def _undo(context: PlanContext, order_id: str, one: Undone) -> CreditPlan:
    """How a credit is taken back whose refund was; a person decides where that is not clean."""
    credit, ref = one.credit, credit_ref(order_id, one.refund_id)
    paid = {key: row.payment_id for key, row in credit.paid.items() if key.startswith(f"{ref}-")}
    is_final = credit.document.is_invoiced or one.agreed.is_closed or bool(credit.received)
    is_clean = credit.is_of(order_id, one.refund_id) and not is_final
    case = cases.undone(order_id, one.refund_id, credit, paid)
    is_held = not is_clean and not context.decisions.approves(order_id, case)
    takes_back = (ops.DeletePayment(*payment) for payment in paid.items())
    return CreditPlan(
        key=order_id,
        operations=() if is_held else (*takes_back, *([ops.CancelCredit()] if is_clean else ())),
        cases=(case,) if is_held else (),
        result=UNCHANGED if is_held else UNDONE,
        refund_id=one.refund_id,
        external_ref=ref,
        credit=credit,
        agreed=one.agreed,
    )


def _returns(
    context: PlanContext, refunded: RefundedOrder, *, is_pending: bool
) -> Iterator[CreateRefund | Refusal]:
    """The refund that staff's credits call for, and cases: for those paid out as well.

    One at a time, and none while another refund is pending.
    """
    order, by_itself = refunded.order, context.settings.staff_credits == "refund"
    if order is None:
        return
    for credit in refunded.unclaimed:
        if credit.tenders:
            yield cases.paid_out(credit)
            continue
        made = plan_return(refunded, order, credit, context.decisions, by_itself=by_itself)
        if isinstance(made, Refusal):
            yield made
        elif not is_pending:
            yield made
            return

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
from tasks.refunds.frames import CreditRow, Desired, DesiredCredit, Payout, RefundKey
from tasks.refunds.goods import DeleteNote, Goods, Release, ReleaseStock, Units
from tasks.refunds.matching import (
    AgreedRefund,
    Credit,
    MatchedRefund,
    RefundedOrder,
    State,
    Undone,
    fingerprint_of,
)
from tasks.refunds.operations import (
    COMPLETED,
    CREATED,
    UNCHANGED,
    UNDONE,
    CancelCredit,
    CloseCredit,
    CreateCredit,
    CreditOperation,
    CreditPlan,
    DeletePayment,
    PayOut,
    ReceiveGoods,
)
from tasks.refunds.returns import CreateRefund, Return, plan_return

HELD, REFUNDED = "held", "refunded"
"""What becomes of an order that waits for a person, and of one that is refunded in the store."""
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
        if one.state is State.PENDING:
            continue
        if case := _case_of_credit(context, one):
            found.append(case)
        elif one.state is State.WANTED:
            plans.append(_plan_credit(context, order, one, goods))
    for undone in order.undone:
        plan, of_undone = _undo(context, order.id, undone)
        plans.append(plan)
        found.extend(of_undone)
    given_up = {unit.sold_ref for plan in plans for unit in plan.units if unit.unsent}
    releases = list(goods.releases(given_up))
    found.extend(cases.picked(one.sales_order_id, one.picked) for one in releases if one.picked)
    is_pending = any(one.state is State.PENDING for one in order.matched)
    refund, of_returns = _return(context, order, is_pending=is_pending)
    found.extend(of_returns)
    refund_count = len(counted(order.refunds))
    operations: tuple[Operation[Any], ...] = (
        *(operation for plan in plans for operation in plan.operations),
        *(operation for release in releases for operation in _of_release(release)),
        *([refund] if refund else []),
    )
    return OrderPlan(
        key=order.id,
        operations=operations,
        credits=tuple(replace(plan, refund_count=refund_count) for plan in plans),
        cases=tuple(found),
        result=_result(plans, found, operations),
        reason="" if found or not is_pending else f"waits for {PENDING}",
        waits_for=(PENDING,) if is_pending else (),
    )


def _result(
    plans: Sequence[CreditPlan], found: Sequence[Refusal], operations: Sequence[Operation[Any]]
) -> str:
    """What becomes of the order once its operations are carried out."""
    if found:
        return HELD
    if any(isinstance(one, CreateRefund) for one in operations):
        return REFUNDED
    of_credits = {plan.result for plan in plans}
    for result in (CREATED, UNDONE, COMPLETED):
        if result in of_credits:
            return result
    return COMPLETED if operations else UNCHANGED


def _case_of_credit(context: PlanContext, one: MatchedRefund) -> Refusal | None:
    """What a person did to the credit, and has to decide about."""
    if one.state is State.NOTHING:
        return None
    if one.credit is not None:
        return cases.differs(one.refund, one.agreed, one.credit)
    case = cases.deleted(one.refund) if one.is_deleted else None
    if case is None or context.decisions.approves(one.refund.order_id, case):
        return None
    return case


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
    )


def _credit_operations(
    one: MatchedRefund, desired: DesiredCredit, units: Sequence[Units], *, closes: bool
) -> Iterator[CreditOperation]:
    """What its credit lacks. In: whether it is invoiced, which one of a cancelled sale is not."""
    if one.credit is None and desired.header is not None:
        yield CreateCredit(desired.header, desired.rows)
    for ref, payment_id in _not_paid(one, desired.payouts).items():
        yield DeletePayment(ref, payment_id)
    for payout in _payouts(one, desired.payouts):
        yield PayOut(payout)
    # What came back on a credit that was deleted since is in stock.
    if not one.is_deleted and (back := _to_receive(one.credit, desired.rows, units)):
        products = (row for row in desired.rows if row.kind == "product")
        yield ReceiveGoods(back, {row.sold_ref: row.row_ref for row in products})
    is_closed = one.credit and (one.agreed.is_closed or one.credit.document.is_invoiced)
    if closes and not (one.is_staffs or is_closed):
        yield CloseCredit()


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


def _payouts(one: MatchedRefund, wanted: Sequence[Payout]) -> Iterator[Payout]:
    """Money that is not booked yet; staff may have booked that of their own credit."""
    credit = one.credit
    if credit is not None and one.is_staffs and not one.agreed.payments:
        booked = sum(row.amount for row in credit.payments if row.payment_type == "PAYMENT")
        if booked >= credit.document.total.gross:
            return
    paid = credit.paid if credit else {}
    yield from (row for row in wanted if row.transaction_ref not in paid)


def _not_paid(one: MatchedRefund, wanted: Sequence[Payout]) -> Mapping[str, str]:
    """Payments of ours whose money did not go out in the end: their ids by reference."""
    paid = one.credit.paid if one.credit else {}
    refs = {row.transaction_ref for row in wanted}
    return {
        ref: paid[ref].payment_id for ref in one.agreed.payments if ref in paid and ref not in refs
    }


def _to_receive(
    credit: Credit | None, rows: Sequence[CreditRow], units: Sequence[Units]
) -> tuple[Units, ...]:
    """Units that come back, less those that somebody received already."""
    back = [one for one in units if one.returned and one.condition]
    if credit is None:
        return tuple(back)
    if any(note.batch_ref == credit.document.external_ref for note in credit.received):
        return ()
    booked: Counter[str] = Counter()
    for note in credit.received:
        booked.update(note.rows)
    refs = {row.row_ref: row.sold_ref for row in rows}
    received = {refs.get(r.external_ref, ""): booked[r.id] for r in credit.document.rows}
    left = (replace(one, returned=one.returned - received.get(one.sold_ref, 0)) for one in back)
    return tuple(one for one in left if one.returned > 0)


def _undo(context: PlanContext, order_id: str, one: Undone) -> tuple[CreditPlan, list[Refusal]]:
    """How a credit is taken back whose refund was; a person decides where that is not clean."""
    credit, ref = one.credit, credit_ref(order_id, one.refund_id)
    paid = {key: row.payment_id for key, row in credit.paid.items() if key.startswith(f"{ref}-")}
    is_staffs = not credit.is_of(order_id, one.refund_id)
    is_final = credit.document.is_invoiced or one.agreed.is_closed or bool(credit.received)
    plan = CreditPlan(
        key=order_id,
        refund_id=one.refund_id,
        external_ref=ref,
        credit=credit,
        agreed=one.agreed,
        result=UNCHANGED,
    )
    if is_final or is_staffs:
        case = cases.undone(order_id, one.refund_id, credit, paid, is_final=is_final)
        if not context.decisions.approves(order_id, case):
            return plan, [case]
    operations: list[CreditOperation] = [DeletePayment(*payment) for payment in paid.items()]
    if not (is_final or is_staffs):
        operations.append(CancelCredit())
    return replace(plan, result=UNDONE, operations=tuple(operations)), []


def _of_release(release: Release) -> Iterator[DeleteNote | ReleaseStock]:
    for note_id in release.notes:
        yield DeleteNote(release.sales_order_id, note_id)
    if release.keep:
        yield ReleaseStock(release)


def _return(
    context: PlanContext, order: RefundedOrder, *, is_pending: bool
) -> tuple[CreateRefund | None, list[Refusal]]:
    """The refund that staff's credits call for: one at a time, none while another is pending."""
    found: list[Refusal] = []
    if order.order is None:
        return None, found
    approved = {value for key, value in context.decisions.approved if key == order.id}
    by_itself = context.settings.staff_credits == "refund"
    for credit in order.unclaimed:
        returned = Return(order.order, order.sale, credit, order.refunds)
        made = plan_return(returned, by_itself=by_itself, approved=approved)
        if isinstance(made, Refusal):
            found.append(made)
        elif not is_pending:
            return made, found
    return None, found

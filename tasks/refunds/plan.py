"""What to write so that both sides agree about refunds: desired minus actual.

Worked out before, and apart from, any write. Pure: the same state always gives the same plan, and a
plan can be shown and thrown away. What a person changed in Brightpearl since we wrote is never
written again: it becomes a case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.frames import records
from core.ids import credit_ref
from core.settings import RefundSettings
from tasks.outcome import Obstacle
from tasks.policy import PURE, step
from tasks.refunds import cases
from tasks.refunds.extract import Read
from tasks.refunds.frames import Desired
from tasks.refunds.goods import Goods, Release, Units
from tasks.refunds.memory import RefundMemory, fingerprint
from tasks.refunds.plan_models import Action, CreditPlan, OrderPlan, Plan, Record, ReturnPlan
from tasks.refunds.returns import Return, plan_return
from tasks.refunds.standing import Standing, State, Undone, counted, unclaimed
from tasks.refunds.states import Actual, Credit

Key = tuple[str, str]
"""Order and refund id."""


@dataclass(frozen=True)
class Scene:
    """Both sides of a batch, and what was decided about it."""

    read: Read
    actual: Actual
    standings: Mapping[str, Sequence[Standing]]
    """By order: those whose sales order is there and that nothing refused."""
    undone: Mapping[str, Sequence[Undone]]
    """By order: credits whose refund was taken back, for certain."""
    approved: Collection[tuple[str, str]]
    """Proposals that a person approved: order, and the case's value."""
    settings: RefundSettings

    def without(self, order_ids: set[str]) -> Scene:
        """The same batch less these orders."""
        kept = {key: many for key, many in self.standings.items() if key not in order_ids}
        return replace(self, standings=kept)

    def is_approved(self, order_id: str, case: Obstacle) -> bool:
        """Whether a person approved what a case proposes."""
        return (order_id, case.value) in self.approved


@step("plan-refunds", PURE)
def plan_refunds(scene: Scene, desired: Desired) -> Plan:
    """The plan for a batch. In: validated frames of core/refunds.py, and both sides."""
    return work_out(scene, desired)


def work_out(scene: Scene, desired: Desired) -> Plan:
    """Desired minus actual (see `plan_refunds`)."""
    wanted = _Wanted(desired)
    return Plan(tuple(_plan_order(scene, order_id, wanted) for order_id in scene.standings))


class _Wanted:
    """The desired documents by refund."""

    def __init__(self, desired: Desired) -> None:
        self.headers = {_key(row): row for row in records(desired.credits)}
        self.rows: dict[Key, list[Record]] = defaultdict(list)
        self.payouts: dict[Key, list[Record]] = defaultdict(list)
        for row in records(desired.rows):
            self.rows[_key(row)].append(row)
        for row in records(desired.payouts):
            self.payouts[_key(row)].append(row)


def _key(row: Record) -> Key:
    return row["order_id"], row["refund_id"]


def _plan_order(scene: Scene, order_id: str, wanted: _Wanted) -> OrderPlan:
    goods = Goods(scene.actual, order_id)
    plans: list[CreditPlan] = []
    found: list[Obstacle] = []
    waits_for = ""
    for standing in scene.standings[order_id]:
        goods.take(standing.memory)
    for standing in scene.standings[order_id]:
        if standing.state is State.PENDING:
            waits_for = "refund"
        elif case := _case_of_credit(scene, order_id, standing):
            found.append(case)
        elif standing.state is State.WANTED:
            plans.append(_plan_credit(scene, standing, wanted, goods))
    for one in scene.undone.get(order_id, ()):
        plan, of_undone = _undo(scene, order_id, one)
        plans.append(plan)
        found.extend(of_undone)
    releases = _releases(goods, plans)
    found.extend(cases.picked(release) for release in releases if release.picked)
    refund, of_return = _return(scene, order_id, waits_for)
    found.extend(of_return)
    return OrderPlan(
        order_id,
        goods.sale.id,
        tuple(plans),
        tuple(releases),
        refund,
        tuple(found),
        waits_for,
        len(counted(scene.read.refunds[order_id])),
    )


def _case_of_credit(scene: Scene, order_id: str, standing: Standing) -> Obstacle | None:
    """What a person did to the credit, and has to decide about."""
    if standing.state is State.NOTHING:
        return None
    if standing.credit is not None:
        return cases.differs(standing, standing.credit)
    case = cases.deleted(standing.refund) if standing.is_gone else None
    return None if case is None or scene.is_approved(order_id, case) else case


def _plan_credit(scene: Scene, standing: Standing, wanted: _Wanted, goods: Goods) -> CreditPlan:
    refund, memory, credit = standing.refund, standing.memory, standing.credit
    key = refund.order_id, refund.id
    rows = tuple(wanted.rows[key])
    units = _units(standing, rows, goods)
    plan = CreditPlan(
        order_id=refund.order_id,
        refund_id=refund.id,
        external_ref=credit_ref(refund.order_id, refund.id),
        action=Action.CREATE,
        agreed=fingerprint(refund),
        credit=credit,
        header=wanted.headers[key] if credit is None else {},
        rows=rows,
        payouts=tuple(_payouts(standing, wanted.payouts[key])),
        take_back=_not_paid(standing, wanted.payouts[key]),
        units=units,
        # What came back on a credit that was deleted since is in stock.
        receive=() if standing.is_gone else _to_receive(credit, rows, units),
        close=_closes(scene, standing),
        memory=RefundMemory() if standing.is_gone else memory,
    )
    if credit is None:
        return plan
    return replace(plan, action=Action.NOTHING if plan.is_idle else Action.COMPLETE)


def _units(standing: Standing, rows: Sequence[Record], goods: Goods) -> tuple[Units, ...]:
    """How the refund's units are told apart: once, and then as it is remembered."""
    memory = standing.memory
    if standing.is_staffs:
        return ()
    if not (memory.back or memory.unsent):
        return tuple(goods.tell_apart(rows))
    conditions = {row["sold_ref"]: row["condition"] for row in rows}
    return tuple(
        Units(ref, conditions.get(ref, ""), memory.back.get(ref, 0), memory.unsent.get(ref, 0))
        for ref in {**memory.back, **memory.unsent}
    )


def _payouts(standing: Standing, wanted: Sequence[Record]) -> Iterator[Record]:
    """Money that is not booked yet; staff may have booked that of their own credit."""
    credit = standing.credit
    if credit is not None and standing.is_staffs and not standing.memory.payments:
        booked = sum(one.amount for one in credit.payments if one.payment_type == "PAYMENT")
        if booked >= credit.document.total.gross:
            return
    paid = credit.paid if credit else {}
    yield from (row for row in wanted if row["transaction_ref"] not in paid)


def _not_paid(standing: Standing, wanted: Sequence[Record]) -> Mapping[str, str]:
    """Payments of ours whose money did not go out in the end."""
    paid = standing.credit.paid if standing.credit else {}
    refs = {row["transaction_ref"] for row in wanted}
    return {
        ref: paid[ref].payment_id
        for ref in standing.memory.payments
        if ref in paid and ref not in refs
    }


def _to_receive(
    credit: Credit | None, rows: Sequence[Record], units: Sequence[Units]
) -> tuple[Units, ...]:
    """Units that come back, less those that somebody received already."""
    back = [one for one in units if one.back and one.condition]
    if credit is None:
        return tuple(back)
    if any(note.batch_ref == credit.document.external_ref for note in credit.received):
        return ()
    booked = credit.units_in()
    refs = {row["row_ref"]: row["sold_ref"] for row in rows}
    known = {refs.get(row.external_ref, ""): booked.get(row.id, 0) for row in credit.document.rows}
    left = (replace(one, back=max(0, one.back - known.get(one.sold_ref, 0))) for one in back)
    return tuple(one for one in left if one.back)


def _closes(scene: Scene, standing: Standing) -> bool:
    """Whether the credit is to be invoiced: not where its sale never was, for it was called off."""
    sale = scene.actual.sales[standing.refund.order_id].document
    if not scene.settings.close_credits or standing.is_staffs or sale.is_cancelled:
        return False
    if standing.credit is None:
        return True
    return not (standing.memory.is_closed or standing.credit.document.is_invoiced)


def _undo(scene: Scene, order_id: str, one: Undone) -> tuple[CreditPlan, list[Obstacle]]:
    """How a credit is taken back whose refund was; a person decides where that is not clean."""
    document = one.credit.document
    ours = [
        ref for ref in one.credit.paid if ref.startswith(f"{credit_ref(order_id, one.refund_id)}-")
    ]
    is_staffs = document.external_ref != credit_ref(order_id, one.refund_id)
    is_final = document.is_invoiced or one.memory.is_closed or bool(one.credit.received)
    plan = CreditPlan(
        order_id,
        one.refund_id,
        credit_ref(order_id, one.refund_id),
        Action.UNDO,
        credit=one.credit,
        take_back={ref: one.credit.paid[ref].payment_id for ref in ours},
        cancel=not is_final and not is_staffs,
        memory=one.memory,
    )
    case = cases.undone(plan, is_final=is_final, is_staffs=is_staffs)
    if not (is_final or is_staffs) or scene.is_approved(order_id, case):
        return plan, []
    return replace(plan, action=Action.NOTHING, take_back={}, cancel=False), [case]


def _releases(goods: Goods, plans: Sequence[CreditPlan]) -> list[Release]:
    refs = {unit.sold_ref for plan in plans for unit in plan.units if unit.unsent}
    found = goods.releases(refs) if refs else ()
    return [one for one in found if not one.is_idle or one.picked]


def _return(
    scene: Scene, order_id: str, waits_for: str
) -> tuple[ReturnPlan | None, list[Obstacle]]:
    """The refund that staff's credits call for: one at a time, and none beside a pending one."""
    found: list[Obstacle] = []
    order = scene.read.orders.get(order_id)
    if order is None:
        return None, found
    approved = {value for key, value in scene.approved if key == order_id}
    by_itself = scene.settings.staff_credits == "refund"
    refunds = scene.read.refunds[order_id]
    for credit in unclaimed(scene.read, scene.actual, order_id):
        returned = Return(order, scene.actual.sales[order_id], credit, refunds)
        made = plan_return(returned, by_itself=by_itself, approved=approved)
        if isinstance(made, Obstacle):
            found.append(made)
        elif not waits_for:
            return made, found
    return None, found

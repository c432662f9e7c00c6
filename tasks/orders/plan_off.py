"""What to write for an order that one side called off. Pure.

What follows when is said in `calling_off.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tasks.orders.calling_off import call_off, cancel_store, is_over, moved_on, taken_up
from tasks.orders.differences import money_cases
from tasks.orders.memory import Memory
from tasks.orders.plan_models import Action, CallOff, OrderPlan, WriteBack
from tasks.orders.receiving import missing_receipts
from tasks.orders.rules import Rules
from tasks.orders.states import ActualOrder
from tasks.orders.wanted import Wanted
from tasks.outcome import Obstacle

UNDONE = "-UNDONE"
"""Ends the reference of the sales credit that undoes a whole order."""
CANCELLED = "5"
"""The store's status of an order that was called off."""


def plan_called_off(wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules) -> OrderPlan:
    """The plan for an order that the store called off."""
    what = None if memory.credited else call_off(there, rules)
    newer = _newer(there, memory) if isinstance(what, CallOff) else None
    if newer and not rules.approves(wanted.order_id, newer):
        return replace(_plan(wanted, there, memory, rules, [newer]), is_status_open=True)
    if isinstance(what, CallOff):
        plan = _plan(wanted, there, memory, rules)
        return replace(plan, action=Action.CANCEL, reason=IN_STORE, call_off=what)
    if what and _proposes_credit(what) and rules.approves(wanted.order_id, what):
        credit = replace(wanted.new(), external_ref=f"{wanted.ref}{UNDONE}")
        plan = _plan(wanted, there, memory, rules)
        return replace(plan, action=Action.CANCEL, reason=IN_STORE, credit=credit)
    plan = _plan(wanted, there, memory, rules, [what] if what else [])
    return replace(plan, reason="" if what else ON_BOTH, is_status_open=what is not None)


def plan_cancelled_there(
    wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules
) -> OrderPlan:
    """The plan for an order that staff cancelled in Brightpearl while the store goes on."""
    if is_over(wanted.store, memory):
        return replace(_plan(wanted, there, memory, rules), reason=ON_BOTH)
    case = cancel_store(wanted.store, there, memory, rules)
    if case and not rules.approves(wanted.order_id, case):
        plan = _plan(wanted, there, memory, rules, [case])
        held = {ref: units for ref, (_, units) in wanted.units.items()}
        return replace(plan, is_status_open=True, ahead=held)
    back = WriteBack(wanted.order_id, wanted.ref, wanted.told(), CANCELLED)
    plan = _plan(wanted, there, memory, rules)
    return replace(plan, action=Action.CANCEL, reason=IN_BRIGHTPEARL, write_back=back)


def _newer(there: ActualOrder, memory: Memory) -> Obstacle | None:
    """What staff did to the sales order that a cancellation would undo."""
    if memory.is_cancelled:
        return taken_up(there)
    is_moved = bool(memory.status_bp) and there.status_id != memory.status_bp
    return moved_on(there) if is_moved else None


IN_STORE = "cancelled in the store"
IN_BRIGHTPEARL = "cancelled in Brightpearl"
ON_BOTH = "called off on both sides"


def _plan(
    wanted: Wanted,
    there: ActualOrder,
    memory: Memory,
    rules: Rules,
    cases: Iterable[Obstacle] = (),
) -> OrderPlan:
    """Money is kept up to date whatever becomes of the order: it came in all the same."""
    found = (*cases, *money_cases(wanted.order_id, wanted.payments, there, memory))
    plan = OrderPlan(
        wanted.order_id,
        Action.NOTHING,
        receipts=missing_receipts(wanted, there, memory, rules),
        cases=rules.undecided(wanted.order_id, found),
    )
    if plan.cases:
        return replace(plan, action=Action.HOLD)
    return plan if plan.is_idle else replace(plan, action=Action.COMPLETE)


def _proposes_credit(case: Obstacle) -> bool:
    return "credit" in case.detail.get("proposal", {})

"""What to write so that both sides agree: desired minus actual.

Worked out before, and apart from, any write. Pure: the same frames always give the same plan, and
a plan can be shown and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.frames import records
from tasks.orders import differences
from tasks.orders.addresses import delivery_hash, spoken
from tasks.orders.calling_off import is_off, is_reopened
from tasks.orders.compare import compare, contents
from tasks.orders.desired import Desired
from tasks.orders.memory import LET_GO, Memory
from tasks.orders.plan_models import (
    Action,
    NewContact,
    OrderPlan,
    Plan,
    StatusChange,
    WriteBack,
)
from tasks.orders.plan_off import plan_called_off, plan_cancelled_there
from tasks.orders.receiving import missing_receipts
from tasks.orders.reserving import reservation, shortage
from tasks.orders.rules import Rules
from tasks.orders.states import Actual, ActualOrder
from tasks.orders.wanted import Wanted, wanted_orders
from tasks.policy import PURE, step

ON_HOLD = "On hold: the order was changed in BigCommerce after its goods-out note was made."
GOES_ON = "No longer on hold: both systems agree again."


@step("plan-orders", PURE)
def plan_orders(desired: Desired, actual: Actual, rules: Rules) -> Plan:
    """The plan for a batch. In: validated frames of core/orders.py, and Brightpearl's side."""
    return work_out(desired, actual, rules)


def work_out(desired: Desired, actual: Actual, rules: Rules | None = None) -> Plan:
    """Desired minus actual (see `plan_orders`)."""
    orders = tuple(
        _plan_order(wanted, actual, rules or Rules()) for wanted in wanted_orders(desired)
    )
    return Plan(contacts=_new_contacts(desired, orders, actual), orders=orders)


def _plan_order(wanted: Wanted, actual: Actual, rules: Rules) -> OrderPlan:
    plan = _planned(wanted, actual, rules)
    return replace(
        plan,
        wanted_units=wanted.units,
        delivery=delivery_hash(wanted.header),
        is_off=is_off(wanted.store),
        store_status_id=wanted.store["status_id"],
        warehouse_id=wanted.header["warehouse_id"],
        address_ids=wanted.address_ids,
    )


def _planned(wanted: Wanted, actual: Actual, rules: Rules) -> OrderPlan:
    there = actual.orders.get(wanted.ref)
    memory = actual.memories.get(wanted.ref, Memory())
    if there is not None:
        return _plan_standing(wanted, there, memory, actual, rules)
    if is_off(wanted.store):
        return OrderPlan(wanted.order_id, Action.NOTHING, "called off and not in Brightpearl")
    if wanted.ref in actual.deleted:
        left = actual.deleted[wanted.ref]
        case = differences.deleted_case(wanted.order_id, wanted.ref, left)
        if not rules.approves(wanted.order_id, case):
            cases = rules.undecided(wanted.order_id, (case,))
            return OrderPlan(wanted.order_id, Action.HOLD, case.reason, cases=cases)
    nothing = ActualOrder("", wanted.ref)
    return OrderPlan(
        wanted.order_id,
        Action.CREATE,
        create=wanted.new(),
        reservation=wanted.asked() if wanted.units else None,
        receipts=missing_receipts(wanted, nothing, memory, rules),
        write_back=_write_back(wanted, None),
        cases=rules.undecided(
            wanted.order_id,
            differences.money_cases(wanted.order_id, wanted.payments, nothing, memory),
        ),
        agrees=True,
    )


def _plan_standing(
    wanted: Wanted, there: ActualOrder, memory: Memory, actual: Actual, rules: Rules
) -> OrderPlan:
    """The plan for an order that stands in Brightpearl."""
    if is_off(wanted.store):
        return plan_called_off(wanted, there, memory, rules)
    if there.is_cancelled and not is_reopened(there, memory, wanted.store):
        return plan_cancelled_there(wanted, there, memory, rules)
    wanted_contents = contents(wanted.rows)
    sides = compare(wanted_contents, there, memory)
    difference = differences.amendment(
        wanted.order_id, wanted.header, wanted.rows, sides, there, memory, rules
    )
    delivery = delivery_hash(wanted.header)
    moved = differences.address_case(delivery, there, memory)
    cases = rules.undecided(
        wanted.order_id,
        (
            *difference.cases,
            *((moved,) if moved else ()),
            *differences.money_cases(wanted.order_id, wanted.payments, there, memory),
            *filter(None, (differences.dispute_case(wanted.store, there),)),
        ),
    )
    holds = difference.holds and any(case in cases for case in difference.cases)
    amend = difference.amend
    plan = OrderPlan(
        wanted.order_id,
        Action.NOTHING,
        amend=amend,
        status=_status(wanted, there, memory, rules, holds=holds),
        reservation=None
        if amend or difference.cases
        else reservation(wanted.asked(), there, actual),
        holds=holds,
        receipts=missing_receipts(wanted, there, memory, rules),
        address_note=spoken(wanted.header) if moved in cases and memory.noted != delivery else "",
        write_back=_write_back(wanted, there),
        cases=cases,
        agrees=not sides.apart or amend is not None,
        address_moved=bool(memory.delivery) and delivery not in {memory.delivery, there.delivery},
    )
    short = {} if plan.reservation or amend else shortage(wanted.units, there)
    ahead = {} if amend else _ahead(wanted, there)
    return replace(plan, action=_action(plan), short=short, ahead=ahead)


def _ahead(wanted: Wanted, there: ActualOrder) -> dict[str, int]:
    """Units that the store's lines have beyond Brightpearl's rows, of what has stock."""
    missing = {
        ref: units - int(there.rows[ref].content.quantity if ref in there.rows else 0)
        for ref, (_, units) in wanted.units.items()
    }
    return {ref: units for ref, units in missing.items() if units > 0}


def _action(plan: OrderPlan) -> Action:
    if plan.amend:
        return Action.AMEND
    if plan.cases:
        return Action.HOLD
    return Action.NOTHING if plan.is_idle else Action.COMPLETE


def _status(
    wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules, *, holds: bool
) -> StatusChange | None:
    """Brightpearl's status, where the store's changed and staff did not set another since.

    A case puts the pick on hold once: staff who let it go on have seen it.
    """
    untouched = there.status_id == memory.status_bp
    may_follow = untouched or there.is_cancelled
    is_held = there.status_id == rules.on_hold
    follows = wanted.header["status_id"]
    if holds and rules.on_hold and not memory.held_from:
        back = follows if there.is_cancelled else there.status_id
        if may_follow and back and not is_held:
            return StatusChange(there.status_id, rules.on_hold, ON_HOLD, returns_to=back)
        return None
    if memory.held_from and untouched and is_held and not holds:
        return _let_go(there, memory)
    changed = bool(memory.status_bc) and wanted.store["status_id"] != memory.status_bc
    if changed and may_follow and follows and follows != there.status_id:
        return StatusChange(there.status_id, follows)
    return None


def _let_go(there: ActualOrder, memory: Memory) -> StatusChange | None:
    """The status from before the hold, unless it was staff who had the order on hold."""
    if memory.held_from in {LET_GO, there.status_id}:
        return None
    return StatusChange(there.status_id, memory.held_from, GOES_ON)


def _write_back(wanted: Wanted, there: ActualOrder | None) -> WriteBack | None:
    """Brightpearl's id for the store, once; the status goes with it and never by itself later."""
    store = wanted.store
    if there is not None and there.order_id_bp == store["external_order_id"]:
        return None
    status = wanted.header["status_id_after"] or store["status_id"]
    return WriteBack(wanted.order_id, wanted.ref, wanted.told(), status)


def _new_contacts(
    desired: Desired, orders: Iterable[OrderPlan], actual: Actual
) -> tuple[NewContact, ...]:
    """One contact per unknown e-mail, however many orders of the batch it has."""
    wanted = {order.create.email_key for order in orders if order.create}
    return tuple(
        NewContact(row["email_key"], row)
        for row in records(desired.contacts)
        if row["email_key"] in wanted and row["email_key"] not in actual.contacts
    )

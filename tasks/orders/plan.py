"""What to write so that both sides agree: desired minus actual.

Worked out before, and apart from, any write. Pure: the same frames always give the same plan, and
a plan can be shown and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.frames import records
from tasks.orders import differences
from tasks.orders.addresses import delivery_hash, spoken
from tasks.orders.calling_off import call_off, cancel_store, is_off, is_reopened
from tasks.orders.compare import compare, contents
from tasks.orders.desired import Desired
from tasks.orders.memory import Memory
from tasks.orders.plan_models import (
    Action,
    CallOff,
    NewContact,
    NewSalesOrder,
    OrderPlan,
    Plan,
    Receipt,
    Reservation,
    StatusChange,
    WriteBack,
)
from tasks.orders.reserving import reservation, shortage, wanted_units
from tasks.orders.rules import Rules
from tasks.orders.states import Actual, ActualOrder
from tasks.outcome import Obstacle
from tasks.policy import PURE, step

UNDONE = "-UNDONE"
"""Ends the reference of the sales credit that undoes a whole order."""
CANCELLED = "5"
"""The store's status of an order that was called off."""
ON_HOLD = "On hold: the order was changed in BigCommerce after its goods-out note was made."
GOES_ON = "No longer on hold: both systems agree again."
Record = Mapping[str, Any]


@step("plan-orders", PURE)
def plan_orders(desired: Desired, actual: Actual, rules: Rules) -> Plan:
    """The plan for a batch. In: validated frames of core/orders.py, and Brightpearl's side."""
    return work_out(desired, actual, rules)


def work_out(desired: Desired, actual: Actual, rules: Rules | None = None) -> Plan:
    """Desired minus actual (see `plan_orders`)."""
    orders = tuple(_plan_order(wanted, actual, rules or Rules()) for wanted in _wanted(desired))
    return Plan(contacts=_new_contacts(desired, orders, actual), orders=orders)


@dataclass(frozen=True)
class Wanted:
    """One order as it should be, and as the store has it."""

    header: Record
    rows: tuple[Record, ...]
    payments: tuple[Record, ...]
    store: Record
    units: Mapping[str, tuple[str, int]]
    """Product id and units by row reference, of what has stock and was not refunded."""
    address_ids: Mapping[str, str]
    """BigCommerce's order_address_id by line."""

    @property
    def order_id(self) -> str:
        """BigCommerce's."""
        return str(self.header["order_id"])

    @property
    def ref(self) -> str:
        """Under which Brightpearl keeps it."""
        return str(self.header["external_ref"])

    def new(self) -> NewSalesOrder:
        """The whole order, as it is created."""
        header = self.header
        return NewSalesOrder(self.order_id, self.ref, header["email_key"], header, self.rows)


def _wanted(desired: Desired) -> Iterable[Wanted]:
    rows, payments = _by_order(desired.rows), _by_order(desired.payments)
    stores = {row["order_id"]: row for row in records(desired.orders)}
    lines = _by_order(desired.lines)
    for header in records(desired.sales_orders):
        order_id = header["order_id"]
        own = tuple(rows.get(order_id, []))
        yield Wanted(
            header,
            own,
            tuple(payments.get(order_id, [])),
            stores[order_id],
            wanted_units(
                own,
                desired.stock_tracked,
                {line["line_id"]: line["qty_refunded"] for line in lines.get(order_id, [])},
            ),
            {line["line_id"]: line["address_id"] for line in lines.get(order_id, [])},
        )


def _plan_order(wanted: Wanted, actual: Actual, rules: Rules) -> OrderPlan:
    return replace(
        _planned(wanted, actual, rules),
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
        case = differences.deleted_case(wanted.order_id, wanted.ref)
        if not _is_approved(case, wanted, rules):
            return OrderPlan(
                wanted.order_id, Action.HOLD, case.reason, cases=_standing((case,), wanted, rules)
            )
    nothing = ActualOrder("", wanted.ref)
    return OrderPlan(
        wanted.order_id,
        Action.CREATE,
        create=wanted.new(),
        reservation=_asked(wanted) if wanted.units else None,
        receipts=tuple(_receipts(wanted, frozenset(), memory.receipts, rules)),
        write_back=_write_back(wanted, None),
        cases=_standing(
            differences.money_cases(wanted.order_id, wanted.payments, nothing, memory),
            wanted,
            rules,
        ),
        agrees=True,
    )


def _plan_standing(
    wanted: Wanted, there: ActualOrder, memory: Memory, actual: Actual, rules: Rules
) -> OrderPlan:
    """The plan for an order that stands in Brightpearl."""
    if is_off(wanted.store):
        return _plan_called_off(wanted, there, memory, rules)
    if there.is_cancelled and not is_reopened(there, memory, wanted.store):
        return _plan_cancelled_there(wanted, there, rules)
    wanted_contents = contents(wanted.rows)
    sides = compare(wanted_contents, there, memory)
    difference = differences.amendment(
        wanted.order_id, wanted.header, wanted.rows, sides, there, memory, rules
    )
    delivery = delivery_hash(wanted.header)
    moved = differences.address_case(delivery, there, memory)
    cases = _standing(
        (
            *difference.cases,
            *((moved,) if moved else ()),
            *differences.money_cases(wanted.order_id, wanted.payments, there, memory),
            *filter(None, (differences.dispute_case(wanted.store, there),)),
        ),
        wanted,
        rules,
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
        else reservation(_asked(wanted), there, actual),
        receipts=tuple(_receipts(wanted, there.transaction_refs, memory.receipts, rules)),
        address_note=spoken(wanted.header) if moved in cases and memory.noted != delivery else "",
        write_back=_write_back(wanted, there),
        cases=cases,
        agrees=not sides.apart or amend is not None,
        address_moved=bool(memory.delivery) and delivery not in {memory.delivery, there.delivery},
    )
    short = {} if plan.reservation or amend else shortage(wanted.units, there)
    return replace(plan, action=_action(plan), short=short)


def _action(plan: OrderPlan) -> Action:
    if plan.amend:
        return Action.AMEND
    if plan.cases:
        return Action.HOLD
    return Action.NOTHING if plan.is_idle else Action.COMPLETE


def _plan_called_off(wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules) -> OrderPlan:
    what = None if memory.credited else call_off(there, rules)
    if isinstance(what, CallOff):
        return OrderPlan(wanted.order_id, Action.CANCEL, "cancelled in the store", call_off=what)
    if what and "credit" in what.detail.get("proposal", {}) and _is_approved(what, wanted, rules):
        credit = replace(wanted.new(), external_ref=f"{wanted.ref}{UNDONE}")
        return OrderPlan(wanted.order_id, Action.CANCEL, "cancelled in the store", credit=credit)
    cases = _standing((what,) if what else (), wanted, rules)
    action = Action.HOLD if cases else Action.NOTHING
    return OrderPlan(
        wanted.order_id, action, "called off on both sides" if not what else "", cases=cases
    )


def _plan_cancelled_there(wanted: Wanted, there: ActualOrder, rules: Rules) -> OrderPlan:
    case = cancel_store(wanted.store, there, rules)
    if case and not _is_approved(case, wanted, rules):
        cases = _standing((case,), wanted, rules)
        action = Action.HOLD if cases else Action.NOTHING
        return OrderPlan(wanted.order_id, action, cases=cases)
    back = WriteBack(wanted.order_id, wanted.ref, _told(wanted.store), CANCELLED)
    return OrderPlan(wanted.order_id, Action.CANCEL, "cancelled in Brightpearl", write_back=back)


def _is_approved(case: Obstacle, wanted: Wanted, rules: Rules) -> bool:
    return (wanted.order_id, case.value) in rules.approved


def _standing(cases: Iterable[Obstacle], wanted: Wanted, rules: Rules) -> tuple[Obstacle, ...]:
    """The cases that nobody decided yet."""
    decided = {*rules.approved, *rules.discarded}
    return tuple(case for case in cases if (wanted.order_id, case.value) not in decided)


def _status(
    wanted: Wanted, there: ActualOrder, memory: Memory, rules: Rules, *, holds: bool
) -> StatusChange | None:
    """Brightpearl's status, where the store's changed and staff did not set another since."""
    if holds and rules.on_hold and there.status_id != rules.on_hold:
        return StatusChange(there.status_id, rules.on_hold, ON_HOLD, holds=True)
    if memory.held_from and there.status_id == rules.on_hold and not holds:
        return StatusChange(there.status_id, memory.held_from, GOES_ON)
    follows = wanted.header["status_id"]
    changed = bool(memory.status_bc) and wanted.store["status_id"] != memory.status_bc
    untouched = there.status_id == memory.status_bp or there.is_cancelled
    if changed and untouched and follows and follows != there.status_id:
        return StatusChange(there.status_id, follows)
    return None


def _asked(wanted: Wanted) -> Reservation:
    """Everything of the order that has stock, as one reservation."""
    return Reservation(wanted.order_id, wanted.ref, wanted.header["warehouse_id"], wanted.units)


def _receipts(
    wanted: Wanted,
    known: frozenset[str],
    agreed: Iterable[str],
    rules: Rules | None = None,
) -> Iterable[Receipt]:
    """Money that Brightpearl does not know of; one that staff deleted only by a person's word."""
    approved = {
        value for order_id, value in (rules or Rules()).approved if order_id == wanted.order_id
    }
    for payment in wanted.payments:
        ref = payment["transaction_ref"]
        again = differences.receipt_value(ref) in approved
        if ref not in known and (ref not in set(agreed) or again):
            yield Receipt(wanted.order_id, wanted.ref, ref, payment)


def _told(store: Record) -> dict[str, str]:
    return {"status_id": store["status_id"], "external_order_id": store["external_order_id"]}


def _write_back(wanted: Wanted, there: ActualOrder | None) -> WriteBack | None:
    """Brightpearl's id for the store, once; the status goes with it and never by itself later."""
    store = wanted.store
    if there is not None and there.order_id_bp == store["external_order_id"]:
        return None
    status = wanted.header["status_id_after"] or store["status_id"]
    return WriteBack(wanted.order_id, wanted.ref, _told(store), status)


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


def _by_order(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(rows):
        found.setdefault(row["order_id"], []).append(row)
    return found

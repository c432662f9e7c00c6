"""What to write so that both sides agree on orders: desired minus actual. Pure.

Computed before any write and separately from it: the same input always gives the same plan, and a
plan can be shown and thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.refusals import Refusal
from tasks.brightpearl.contacts import ContactPlan, Person, plan_contact
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders import edits
from tasks.orders.cancellations import (
    is_reopened,
    plan_cancelled_in_brightpearl,
    plan_cancelled_in_store,
)
from tasks.orders.completion import (
    ReserveStock,
    missing_receipts,
    plan_reservation,
    receipt_cases,
    shortage,
)
from tasks.orders.desired import Desired, DesiredOrder, Rules
from tasks.orders.matching import Account, ActualOrder, compare, contents
from tasks.orders.operations import (
    AddNote,
    CreateSalesOrder,
    OrderPlan,
    OrderProgress,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.reconciler.gate import typed_rows
from tasks.reconciler.operations import Operation

ON_HOLD = "On hold: the order was changed in BigCommerce after its goods-out note was made."
OFF_HOLD = "No longer on hold: both systems agree again."


def plan_orders(
    orders: Sequence[DesiredOrder],
    contacts: Mapping[str, ContactPlan],
    account: Account,
    rules: Rules,
) -> list[OrderPlan]:
    """The plan for a batch. In: `contacts` are those that Brightpearl lacks, by e-mail."""
    free = Counter(account.on_hand)
    in_sequence = sorted(orders, key=lambda order: (order.placed_at, int(order.order_id)))
    return [plan_order(order, contacts, account, rules, free) for order in in_sequence]


def new_contacts(desired: Desired, account: Account) -> dict[str, ContactPlan]:
    """Plans of the people whom Brightpearl does not know, by e-mail as compared."""
    return {
        person.email_key: plan_contact(person)
        for person in typed_rows(desired.contacts, Person)
        if person.email_key not in account.contacts
    }


def plan_order(
    desired: DesiredOrder,
    contacts: Mapping[str, ContactPlan],
    account: Account,
    rules: Rules,
    free: Counter[tuple[str, str]],
) -> OrderPlan:
    """The operations that make both sides agree on one order.

    In: `free` are units that no order has yet, by (warehouse id, product id); the plan takes some.
    """
    key = desired.order_id
    actual = account.orders.get(key)
    agreed = account.agreed.get(key, AgreedOrder())
    if actual is not None:
        return _plan_existing(desired, actual, agreed, rules, free)
    nothing = OrderPlan(key=key, desired=desired, agreed=agreed)
    if desired.store.is_cancelled:
        return replace(nothing, reason="cancelled and not in Brightpearl")
    if key in account.deleted:
        case = edits.deleted_case(desired, account.deleted[key])
        if not rules.approves(key, case):
            cases = rules.undecided(key, (case,))
            return replace(nothing, result="held", reason=case.reason, cases=cases)
    return _plan_new(nothing, contacts, rules)


def _plan_new(nothing: OrderPlan, contacts: Mapping[str, ContactPlan], rules: Rules) -> OrderPlan:
    desired = nothing.desired
    absent = ActualOrder("", desired.external_ref)
    cases = receipt_cases(desired, absent, nothing.agreed)
    return replace(
        nothing,
        result="created",
        operations=(
            CreateSalesOrder(len(desired.rows), contacts.get(desired.email_key)),
            *missing_receipts(desired, absent, nothing.agreed, rules),
            *([ReserveStock(desired.units)] if desired.units else ()),
            *_write_back(desired, None),
        ),
        cases=rules.undecided(desired.order_id, cases),
        agrees=True,
    )


def _plan_existing(
    desired: DesiredOrder,
    actual: ActualOrder,
    agreed: AgreedOrder,
    rules: Rules,
    free: Counter[tuple[str, str]],
) -> OrderPlan:
    """The plan for an order that exists in Brightpearl."""
    if desired.store.is_cancelled:
        return plan_cancelled_in_store(desired, actual, agreed, rules)
    if actual.is_cancelled and not is_reopened(actual, agreed, desired.store):
        return plan_cancelled_in_brightpearl(desired, actual, agreed, rules)
    return _Comparison(desired, actual, agreed, rules).plan(free)


@dataclass
class _Comparison:
    """One order that is open on both sides."""

    desired: DesiredOrder
    actual: ActualOrder
    agreed: AgreedOrder
    rules: Rules
    edit: edits.Edit = field(init=False)
    address_case: Refusal | None = field(init=False)
    cases: tuple[Refusal, ...] = field(init=False)

    def __post_init__(self) -> None:
        rows = compare(contents(self.desired.rows), self.actual, self.agreed)
        self.rows_differ = bool(rows.changes)
        self.edit = edits.plan_edit(self.desired, rows, self.actual, self.agreed, self.rules)
        self.address_case = edits.address_case(self.desired, self.actual, self.agreed)
        self.cases = self.rules.undecided(
            self.desired.order_id,
            (
                *self.edit.cases,
                *filter(None, (self.address_case,)),
                *receipt_cases(self.desired, self.actual, self.agreed),
                *filter(None, (edits.dispute_case(self.desired, self.actual),)),
            ),
        )

    def plan(self, free: Counter[tuple[str, str]]) -> OrderPlan:
        """Its plan: edits, statuses, money, stock and the write-back."""
        desired, actual, edit = self.desired, self.actual, self.edit
        holds = edit.holds and any(case in self.cases for case in edit.cases)
        is_settled = not (edit.operations or edit.cases)
        reservation = plan_reservation(desired, actual, free) if is_settled else None
        operations = (
            *self._status(holds=holds),
            *edit.operations,
            *missing_receipts(desired, actual, self.agreed, self.rules),
            *([reservation] if reservation else ()),
            *self._address_note(),
            *_write_back(desired, actual),
        )
        return OrderPlan(
            key=desired.order_id,
            desired=desired,
            actual=actual,
            agreed=self.agreed,
            operations=operations,
            result=self._result(operations),
            cases=self.cases,
            holds=holds,
            agrees=not self.rows_differ or bool(edit.operations),
            is_address_outdated=bool(self.agreed.delivery)
            and desired.delivery_hash not in {self.agreed.delivery, actual.delivery},
            short={} if reservation or edit.operations else shortage(desired.units, actual),
            missing_units={} if edit.operations else self._missing_units(),
        )

    def _result(self, operations: Sequence[Operation[OrderProgress]]) -> str:
        if self.edit.operations:
            return "amended"
        if self.cases:
            return "held"
        return "completed" if operations else "unchanged"

    def _status(self, *, holds: bool) -> Iterable[SetStatus]:
        """Brightpearl's status, where the store's changed and staff did not set another since.

        A case puts the pick on hold once: staff who released the hold have seen it.
        """
        desired, actual, agreed = self.desired, self.actual, self.agreed
        is_untouched = actual.status_id == agreed.status_bp
        may_follow = is_untouched or actual.is_cancelled
        is_held = actual.status_id == self.rules.on_hold
        if holds and self.rules.on_hold and not agreed.held_from:
            back = desired.status_id if actual.is_cancelled else actual.status_id
            if may_follow and back and not is_held:
                yield SetStatus(actual.status_id, self.rules.on_hold, ON_HOLD, returns_to=back)
            return
        if agreed.held_from and is_untouched and is_held and not holds:
            # Unless it was staff who had the order on hold.
            if agreed.held_from.isdecimal() and agreed.held_from != actual.status_id:
                yield SetStatus(actual.status_id, agreed.held_from, OFF_HOLD)
            return
        is_changed = bool(agreed.status_bc) and desired.store.status_id != agreed.status_bc
        follows = desired.status_id
        if is_changed and may_follow and follows and follows != actual.status_id:
            yield SetStatus(actual.status_id, follows)

    def _address_note(self) -> Iterable[AddNote]:
        """No call changes a delivery address: staff are asked to, once."""
        is_open = self.address_case is not None and self.address_case in self.cases
        if is_open and self.agreed.address_note != self.desired.delivery_hash:
            yield edits.address_note(self.desired)

    def _missing_units(self) -> dict[str, int]:
        """Units that the store's lines have beyond Brightpearl's rows, of what has stock."""
        rows = self.actual.rows
        missing = {
            ref: units - int(rows[ref].content.quantity if ref in rows else 0)
            for ref, (_, units) in self.desired.units.items()
        }
        return {ref: units for ref, units in missing.items() if units > 0}


def _write_back(desired: DesiredOrder, actual: ActualOrder | None) -> Iterable[UpdateStoreOrder]:
    """Brightpearl's id for the store, once; the status goes with it and never by itself later."""
    if actual is None or actual.order_id_bp != desired.store.external_order_id:
        yield UpdateStoreOrder(desired.status_id_after or desired.store.status_id)

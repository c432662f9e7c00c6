"""What to write so that both sides agree on orders: desired minus actual. Pure.

Computed before any write and separately from it: the same input always gives the same plan, and a
plan can be shown and thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from core.money import ZERO
from tasks.brightpearl.contacts import plan_contact
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders import edits
from tasks.orders.cancellations import (
    is_reopened,
    plan_cancelled_in_brightpearl,
    plan_cancelled_in_store,
)
from tasks.orders.checks import OrderCheck
from tasks.orders.completion import (
    MarkNote,
    NoteWhatLeft,
    ShipNote,
    balance_case,
    is_settled,
    plan_receipts,
    plan_reservations,
    short_of,
)
from tasks.orders.consignments import (
    arrangement_case,
    missing_consignments,
    parts_of,
    with_consignments,
)
from tasks.orders.frames import DesiredOrder, Units
from tasks.orders.matching import Account, ActualOrder, compare, contents
from tasks.orders.operations import (
    AddNote,
    AddTexts,
    CreateConsignment,
    CreateSalesOrder,
    OrderOperation,
    OrderPlan,
    OrderProgress,
    Rules,
    SetCustomFields,
    SetMetafield,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.reconciler.cases import digest
from tasks.reconciler.operations import Operation

ON_HOLD = "On hold: the order was changed in BigCommerce after its goods-out note was made."
FOREIGN_ID = "The order's number in the app or marketplace that it came by:"
CHANGED = "Changed in BigCommerce. It now says:"
GONE = "Had left before this order came to Brightpearl; do not pick again:"
SEVERAL = "On hold: the order goes to several addresses. See the note."
OFF_HOLD = "No longer on hold: both systems agree again."


def plan_orders(
    orders: Sequence[DesiredOrder],
    account: Account,
    rules: Rules,
    checks: Mapping[str, OrderCheck] = MappingProxyType({}),
) -> list[OrderPlan]:
    """The plan for a batch. In: what the checks say of new orders, by order id."""
    free = Counter(account.on_hand)
    in_sequence = sorted(orders, key=lambda order: (order.placed_at, int(order.order_id)))
    return [
        plan_order(order, account, rules, free, checks.get(order.order_id, OrderCheck()))
        for order in in_sequence
    ]


def plan_order(
    desired: DesiredOrder,
    account: Account,
    rules: Rules,
    free: Counter[tuple[str, str]],
    check: OrderCheck,
) -> OrderPlan:
    """The operations that make both sides agree on one order.

    In: `free` are units that no order has yet, by (warehouse id, product id); the plan takes some.
    """
    key, store, email = desired.order_id, desired.store, desired.email_key
    actual, agreed = account.orders.get(key), account.agreed.get(key, AgreedOrder())
    gone, all_units = _gone_before(desired, actual, agreed, rules), desired.units
    left = {ref: (one, many - gone.get(ref, 0)) for ref, (one, many) in desired.units.items()}
    desired = replace(desired, units={ref: unit for ref, unit in left.items() if unit[1] > 0})
    desired = with_consignments(desired, actual, agreed)
    plan = OrderPlan(key=key, desired=desired, actual=actual, agreed=agreed, gone=gone)
    if actual is not None:
        if store.is_cancelled:
            return plan_cancelled_in_store(plan, actual, rules)
        if actual.is_cancelled and not is_reopened(actual, agreed, store):
            return plan_cancelled_in_brightpearl(plan, actual, rules)
        return _plan_open(plan, actual, rules, free, all_units)
    if store.is_cancelled:
        return replace(plan, reason="cancelled and not in Brightpearl")
    first = [edits.deleted_case(desired, account.deleted[key])] if key in account.deleted else []
    if held := [case for case in (*first, *check.cases) if not rules.approves(key, case)]:
        undecided = rules.undecided(key, held)
        return replace(plan, result="held", reason=held[0].reason, cases=undecided)
    person = None if email in account.contacts else desired.person
    contact = plan_contact(person) if person else None
    receipts, receipt_cases = plan_receipts(desired, (), agreed, rules)
    paid = sum((one.payment.amount for one in receipts), ZERO)
    addresses = None if desired.consignments else edits.addresses_case(desired, None)
    cases = rules.undecided(key, filter(None, (addresses, *receipt_cases)))
    parts = list(parts_of(desired, None))
    created = [part.address_id for part in parts]
    held_from = ""
    if addresses in cases and rules.on_hold:
        held_from = desired.status_id_imported or desired.status_id
        desired = replace(desired, status_id_imported=rules.on_hold)
    return replace(
        plan,
        desired=desired,
        held_from=held_from,
        result="created",
        operations=(
            CreateSalesOrder(parts[0].rows, contact),
            *(CreateConsignment(one) for one in desired.consignments),
            *receipts,
            *plan_reservations(desired, None, free, created),
            *_left_before(desired, all_units, gone, rules),
            *([edits.addresses_note(desired, agreed)] if addresses in cases else ()),
            *([AddNote("checks", check.note, {})] if check.note else ()),
            *_texts(desired, agreed, created),
            *_write_back(desired, None, agreed),
        ),
        cases=cases,
        settled=desired.total_inc_tax if is_settled(desired, paid, rules) else None,
        agrees=True,
    )


def _gone_before(
    desired: DesiredOrder, actual: ActualOrder | None, agreed: AgreedOrder, rules: Rules
) -> Mapping[str, int]:
    """Units by row reference that had left before the order came to Brightpearl.

    Kept from then on; what leaves later does so on Brightpearl's own goods notes.
    """
    if actual is None or not (agreed.rows or actual.has_notes or actual.is_shipped):
        return desired.gone
    return agreed.gone if agreed.rows or not rules.notes_what_left else desired.gone


def _left_before(
    desired: DesiredOrder, units: Units, gone: Mapping[str, int], rules: Rules
) -> Iterable[Operation[OrderProgress]]:
    """How Brightpearl learns what had left: by a note that has left as well, or by a text.

    An order of which everything left needs no text: its status says it.
    """
    left = {ref: (one, min(many, gone.get(ref, 0))) for ref, (one, many) in units.items()}
    if rules.notes_what_left and (left := {ref: one for ref, one in left.items() if one[1] > 0}):
        yield from (NoteWhatLeft(left), MarkNote(), ShipNote())
    if gone and desired.units:
        yield _gone_note(desired, gone)


def _gone_note(desired: DesiredOrder, gone: Mapping[str, int]) -> AddNote:
    """What staff must not pick of an order of which the rest is to be sent."""
    units = "; ".join(f"{many} x {desired.names.get(ref, ref)}" for ref, many in gone.items())
    return AddNote("goods that had left", f"{GONE} {units}.", {"left before": dict(gone)})


def _plan_open(
    plan: OrderPlan,
    actual: ActualOrder,
    rules: Rules,
    free: Counter[tuple[str, str]],
    units: Units,
) -> OrderPlan:
    """The plan for an order that is open on both sides: edits, status, money, stock, write-back."""
    desired, agreed = plan.desired, plan.agreed
    missing = () if agreed.rows else missing_consignments(desired, actual)
    unwritten = {ref for one in missing for ref in one.refs}
    rows = compare(
        contents(row for row in desired.rows if row.row_ref not in unwritten), actual, agreed
    )
    edit = edits.plan_edit(desired, rows, actual, agreed, rules)
    address = edits.address_case(desired, actual, agreed)
    receipts, receipt_cases = plan_receipts(desired, actual.transaction_refs, agreed, rules)
    paid = sum((one.payment.amount for one in receipts), actual.paid)
    balance = None if edit.cases else balance_case(desired, paid, agreed, rules)
    addresses = (
        arrangement_case(desired, actual, agreed)
        if agreed.consignments or desired.consignments
        else edits.addresses_case(desired, actual)
    )
    dispute = edits.dispute_case(desired, actual)
    found = (*edit.cases, address, addresses, *receipt_cases, balance, dispute)
    cases = rules.undecided(plan.key, filter(None, found))
    hold = ON_HOLD if edit.holds and any(case in cases for case in edit.cases) else ""
    hold = hold or (SEVERAL if addresses in cases else "")
    is_unchanged = not (edit.operations or edit.cases)
    creating = [one.address_id for one in missing]
    reservations = plan_reservations(desired, actual, free, creating) if is_unchanged else ()
    # No call changes a delivery address: staff are asked to, once.
    is_note_new = address in cases and agreed.address_note != desired.delivery_hash
    goes = digest(desired.store.destinations)
    is_list_new = addresses in cases and agreed.addresses != goes
    operations = (
        *_status_changes(desired, actual, agreed, rules, hold),
        *(CreateConsignment(one) for one in missing),
        *edit.operations,
        *([] if agreed.rows else _left_before(desired, units, plan.gone, rules)),
        *receipts,
        *reservations,
        *([edits.address_note(desired)] if is_note_new else ()),
        *([edits.addresses_note(desired, agreed)] if is_list_new else ()),
        *_texts(desired, agreed, ["", *actual.consignments, *creating]),
        *_write_back(desired, actual, agreed),
    )
    result = "held" if cases else "completed" if operations else "unchanged"
    return replace(
        plan,
        operations=operations,
        result="amended" if edit.operations else result,
        cases=cases,
        holds=bool(hold),
        settled=desired.total_inc_tax if is_settled(desired, paid, rules) else None,
        agrees=not rows.changes or bool(edit.operations),
        is_address_outdated=address is not None,
        short={} if reservations or edit.operations else short_of(desired, actual),
        missing_units={} if edit.operations or missing else _missing_units(desired, actual),
    )


def _texts(
    desired: DesiredOrder, agreed: AgreedOrder, address_ids: Iterable[str]
) -> Iterable[OrderOperation]:
    """What people wrote, where it is not in Brightpearl yet, on each of the order's sales orders.

    An order that an older release imported keeps what it has, until the store's texts change.
    """
    if agreed.texts == desired.texts or (agreed.status_bc and not agreed.texts):
        return
    text = f"{CHANGED}\n{desired.note}" if agreed.texts else desired.note
    for address_id in address_ids:
        if desired.note:
            is_known = bool(agreed.texts)
            yield AddTexts("texts", text, {}, is_known=is_known, address_id=address_id)
        if desired.custom_fields:
            yield SetCustomFields(desired.custom_fields, address_id=address_id)


def _write_back(
    desired: DesiredOrder, actual: ActualOrder | None, agreed: AgreedOrder
) -> Iterable[OrderOperation | SetMetafield | UpdateStoreOrder]:
    """What the store is to know: the status, and Brightpearl's id, whose place may be taken."""
    store, foreign_id = desired.store, desired.store.foreign_order_id
    status_id = desired.status_id_after or store.status_id
    if actual is not None and actual.order_id_bp == store.external_order_id:
        return
    if not foreign_id:
        yield UpdateStoreOrder(status_id)
    elif actual is None or agreed.foreign_order_id != foreign_id:
        text = f"{FOREIGN_ID} {foreign_id}"
        yield AddNote("external order id", text, {"external_order_id": foreign_id})
        yield SetMetafield()
        yield UpdateStoreOrder(status_id)


def _status_changes(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules, hold: str
) -> Iterable[SetStatus]:
    """The statuses of an order's sales orders: those of further addresses go with the first one.

    Unless staff gave one of them another.
    """
    for change in _status_change(desired, actual, agreed, rules, hold):
        yield change
        for address_id, own in actual.consignments.items():
            if own.status_id == change.before:
                yield replace(change, address_id=address_id)


def _status_change(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder, rules: Rules, hold: str
) -> Iterable[SetStatus]:
    """Brightpearl's status, where the store's changed and staff did not set another since.

    A case puts the pick on hold once: staff who released the hold have seen it. In: why it has to
    wait, as staff read it; "" if it has not.
    """
    is_untouched = actual.status_id == agreed.status_bp
    may_follow = is_untouched or actual.is_cancelled
    is_held = actual.status_id == rules.on_hold
    if hold and rules.on_hold and not agreed.held_from:
        back = desired.status_id if actual.is_cancelled else actual.status_id
        if may_follow and back and not is_held:
            yield SetStatus(actual.status_id, rules.on_hold, hold, returns_to=back)
        return
    if hold and is_held and agreed.held_from.isdecimal():
        return  # what the store changes meanwhile is followed once the hold is over
    if agreed.held_from and is_untouched and is_held and not hold:
        # Unless it was staff who had the order on hold.
        if agreed.held_from.isdecimal() and agreed.held_from != actual.status_id:
            yield SetStatus(actual.status_id, agreed.held_from, OFF_HOLD)
        return
    is_changed = bool(agreed.status_bc) and desired.store.status_id != agreed.status_bc
    if is_changed and may_follow and desired.status_id not in {"", actual.status_id}:
        yield SetStatus(actual.status_id, desired.status_id)


def _missing_units(desired: DesiredOrder, actual: ActualOrder) -> dict[str, int]:
    """Units that the store's lines have beyond Brightpearl's rows, of what has stock."""
    booked = {ref: int(row.content.quantity) for ref, row in actual.rows.items()}
    missing = {ref: units - booked.get(ref, 0) for ref, (_, units) in desired.units.items()}
    return {ref: units for ref, units in missing.items() if units > 0}

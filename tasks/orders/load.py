"""The plans of a batch of orders, carried out phase by phase, and what is remembered of them.

First contacts and sales orders, then changes to those that exist, then (with the row ids read back)
receipts and reservations, then the write-back to the store. Harmless to repeat. The links keep what
both sides agree on afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.bigcommerce.models import Order
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.ids import ORDER_CONDITION, consignment_ref, order_condition, sku_key, stock_condition
from core.money import describe_difference, two_places
from store.links import Link
from store.stock import Demand
from tasks.bigcommerce.order_frames import RECEIPT
from tasks.bigcommerce.orders import sold_units, unsent_units
from tasks.brightpearl.contacts import create_contacts
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow, total_of
from tasks.orders import edits
from tasks.orders import operations as ops
from tasks.orders.account import read_actual
from tasks.orders.completion import (
    CreateReceipt,
    MarkNote,
    NoteWhatLeft,
    ReserveStock,
    ShipNote,
    short_of,
)
from tasks.orders.consignments import ADDRESSES, Part, arrangement, parts_of
from tasks.orders.extract import Read, enqueue_stock, fingerprints, keep_held
from tasks.orders.matching import (
    Account,
    ActualOrder,
    adopt_rows,
    compare,
    contents,
    with_back_order,
)
from tasks.orders.operations import OrderPlan, OrderProgress
from tasks.reconciler.apply import Answer, Phase, apply, outcome_of
from tasks.reconciler.cases import Outcome, digest
from tasks.reconciler.operations import Write
from tasks.reconciler.run import Run

CORRECT = "Correct the order in BigCommerce, or the mapping"
HOLD_RELEASED = "released"
"""In place of the status before a hold: staff took the order off hold by hand."""
RELEASING = {"gone", "not imported"}
"""Results of orders that hold nothing any more."""


def load_orders(run: Run, plans: Sequence[OrderPlan], account: Account) -> list[OrderProgress]:
    """Carry the plans out and say how far each order came. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its progress.
    """
    if run.dry_run:
        return []
    people = {
        one.contact.person.email_key: one.contact
        for plan in plans
        for one in plan.operations
        if isinstance(one, ops.CreateSalesOrder) and one.contact
    }
    created, failed = create_contacts(run, [*people.values()]) if people else ({}, {})
    contacts = {**account.contacts, **created}
    records = [
        OrderProgress(
            plan=plan,
            actual=plan.actual,
            order_id_bp=plan.actual.order_id_bp if plan.actual else "",
            consignment_ids={
                address_id: one.order_id_bp
                for address_id, one in (plan.actual.consignments if plan.actual else {}).items()
            },
            contact_id=contacts.get(plan.desired.email_key, ""),
            short=dict(plan.short),
            # The order of a person who could not be created drops out.
            error=failed.get(plan.desired.email_key) if plan.result == "created" else None,
        )
        for plan in plans
    ]
    return list(apply(run, records, PHASES))


def _read_created(run: Run, records: Sequence[OrderProgress]) -> None:
    """Row ids, and proof that the order is as it was sent: reference and total."""
    found = read_actual(run, {record.key: record.order_id_bp for record in records})
    for record in records:
        first, *_ = parts_of(record.desired, None)
        record.actual = found.get(record.key)
        _check_created(record, record.actual, first)


def _read_consignments(run: Run, records: Sequence[OrderProgress]) -> None:
    """The same of the sales orders of further addresses, which become part of the order's own."""
    found = read_actual(
        run,
        {
            consignment_ref(record.key, address_id): order_id
            for record in records
            for address_id, order_id in record.consignment_ids.items()
        },
    )
    for record in records:
        for part in [*parts_of(record.desired, None)][1:]:
            own = found.get(consignment_ref(record.key, part.address_id))
            _check_created(record, own, part)
            if own and part.address_id not in record.existing.consignments:
                record.actual = with_back_order(record.existing, own, None, part.address_id)


def _check_created(record: OrderProgress, actual: ActualOrder | None, part: Part) -> None:
    """Stop a record of which a sales order is not there, or costs something else than was sent."""
    if actual is None:
        record.fail(
            OutcomeUnknownError(f"The sales order of {record.key} cannot be read back yet.")
        )
    elif (sent := two_places(total_of(part.rows))) != two_places(actual.gross):
        totals = describe_difference(sent, actual.gross, record.desired.currency_code)
        record.fail(
            RejectedError(
                f"Brightpearl stored order {record.key} otherwise than it was sent: {totals}.",
                remedy="Compare the order in both systems and correct it in Brightpearl.",
                code="money",
            )
        )


def _read_amended(run: Run, records: Sequence[OrderProgress]) -> None:
    """Every amended order once more: do its rows agree now, and do they carry our references?

    What still differs is tried again: someone else may have written.
    """
    found = read_actual(run, {record.key: record.order_id_bp for record in records})
    for record in records:
        before, actual = record.existing, found.get(record.key)
        if actual is None:
            record.fail(TransientError(f"The order {record.key} cannot be read back yet."))
            continue
        wanted = contents(record.desired.rows)
        actual = replace(
            adopt_rows(wanted, actual),
            transaction_refs=before.transaction_refs,
            unsent_notes=before.unsent_notes,
        )
        record.actual = actual
        if compare(wanted, actual, AgreedOrder()).changes:
            record.fail(
                TransientError(f"The sales order of {record.key} was amended and still differs.")
            )
        rows = {row.row_ref: row for row in record.desired.rows}
        nameless = {
            row.row_id: rows[ref]
            for ref, row in actual.rows.items()
            if not row.has_ref and ref in rows
        }
        if nameless:
            record.added.append(edits.NameRows(nameless))
        if record.desired.units and actual.allocation in {"none", "part"}:
            replaces = actual.allocation == "part"
            record.added.append(ReserveStock(record.desired.units, replaces=replaces))


def _read_reserved(run: Run, records: Sequence[OrderProgress]) -> None:
    """What could not be reserved. Brightpearl reserves what it has and does not say so."""
    reserving = [
        record
        for record in records
        if any(isinstance(one, ReserveStock) for one in (*record.plan.operations, *record.added))
    ]
    found = read_actual(
        run,
        {
            consignment_ref(record.key, address_id): order_id
            for record in reserving
            for address_id, order_id in {"": record.order_id_bp, **record.consignment_ids}.items()
        },
        with_reservations=True,
    )
    for record in reserving:
        if (actual := found.get(record.key)) is None:
            continue
        known = record.existing
        actual = replace(
            actual,
            rows=known.rows,
            units_on_notes=known.units_on_notes,
            moved=known.moved,
            consignments={
                address_id: own
                for address_id in known.consignments
                if (own := found.get(consignment_ref(record.key, address_id)))
            },
        )
        record.short = short_of(record.desired, actual)
        if record.short:
            lines = [f"product {product}: {units} short" for product, units in record.short.items()]
            text = f"Not enough stock to reserve. {'; '.join(lines)}."
            record.added.append(ops.AddNote("short", text, {"short": dict(record.short)}))


def _release_reserved(run: Run, answered: Sequence[tuple[Write, Answer]]) -> None:
    """Orders that Brightpearl reserved hold nothing more: held on, it would be missing twice.

    Whoever read its stock before its answer came has counted them so. An order that it refused has
    no more to reserve; what it could not reserve is kept when the order is settled.
    """
    reserved = [
        write.key
        for write, answer in answered
        if write.action == ReserveStock.kind
        and (not isinstance(answer, CausewayError) or isinstance(answer, RejectedError))
    ]
    if reserved:
        released = Demand(run.database).release(run.pair, reserved, now=run.now())
        enqueue_stock(run, released)


PHASES: tuple[Phase[OrderProgress], ...] = (
    Phase((ops.CreateSalesOrder,), after=_read_created),
    Phase((ops.CreateConsignment,), after=_read_consignments),
    Phase((ops.SetStatus,)),
    Phase((ops.DeleteGoodsOutNote,)),
    Phase(
        (edits.UpdateRows, edits.DeleteRow, edits.AddRow, edits.SetShippingMethod),
        after=_read_amended,
    ),
    Phase((edits.NameRows,)),
    Phase((ops.ReleaseStock,)),
    Phase((ops.CancelSalesOrder,)),
    Phase((ops.CreateCredit,)),
    Phase((NoteWhatLeft,)),  # before stock is reserved, which it would take
    Phase((MarkNote,)),
    Phase((ShipNote,)),
    Phase(
        (CreateReceipt, ReserveStock),
        together=True,
        after=_read_reserved,
        on_answers=_release_reserved,
    ),
    Phase((ops.AddNote,)),
    Phase((ops.SetCustomFields,)),
    Phase((ops.SetMetafield,)),
    Phase((ops.UpdateStoreOrder,)),
)


def link_orders(run: Run, read: Read, records: Sequence[OrderProgress]) -> list[Outcome]:
    """Link the orders, with the state in which both sides agreed; what became of each."""
    outcomes = {record.key: outcome_of(record, CORRECT) for record in records}
    short = [record for record in records if record.goes_on and record.short]
    for record in short:
        warehouse_id = record.desired.warehouse_id
        waits_for = tuple(stock_condition(one, warehouse_id) for one in sorted(record.short))
        outcomes[record.key] = replace(outcomes[record.key], waits_for=waits_for)
    run.report.counts["short of stock"] += len(short)
    linked = [record for record in records if record.order_id_bp]
    held = still_held(read, [record for record in records if record.goes_on])
    # An order counts as holding all it has until it is known: by what it still holds, which is
    # kept before its link, or by the link, after which it need not hold anything.
    keep_held(run, {key: units for key, units in held.items() if units})
    if linked:
        links = [
            Link(one.key, one.order_id_bp, agreed_order(one, read.orders[one.key]).detail())
            for one in linked
        ]
        run.links.put(run.pair, run.entity, links, now=run.now())
    keep_held(run, {key: units for key, units in held.items() if not units})
    # The store puts the units of an order back on sale that we cancel there, without an event.
    cancelled = [key for key, outcome in outcomes.items() if outcome.result == "cancelled"]
    lines = [line for key in cancelled for line in read.orders[key].lines]
    enqueue_stock(run, {sku_key(line.sku) for line in lines if line.sku})
    # What waits for orders that are in Brightpearl from now on.
    created = {order_condition(record.key) for record in linked if record.plan.actual is None}
    if created and (met := created & run.inbox.waiting_for(run.pair, ORDER_CONDITION)):
        run.inbox.wake(run.pair, met, now=run.now())
    return [*read.skipped, *outcomes.values()]


def still_held(read: Read, settled: Sequence[OrderProgress]) -> dict[str, dict[str, int]]:
    """Units by SKU that the store has yet to send and Brightpearl has not reserved; none of most.

    Of an order that has no sales order, such as one that staff deleted, all of them.
    """
    held: dict[str, dict[str, int]] = {
        outcome.key: {} for outcome in read.skipped if outcome.result in RELEASING
    }
    for record in settled:
        order = read.orders[record.key]
        held[record.key] = not_reserved(record, order) if record.order_id_bp else sold_units(order)
    return held


def not_reserved(record: OrderProgress, order: Order) -> dict[str, int]:
    """Units by SKU that the rows of a sales order lack, or that it has not reserved."""
    if record.desired.store.is_cancelled:
        return {}
    products = {ref: product for ref, (product, _) in record.desired.units.items()}
    missing: Counter[str] = Counter()
    for ref, count in record.plan.missing_units.items():
        missing[products[ref]] += count
    # What rows lack is not reserved either: where the order is short, it is among that.
    left = missing | Counter(record.short)
    for ref, count in unreserved_in_back_orders(record).items():
        left[products[ref]] += count
    units: Counter[str] = Counter()
    for line in order.lines:
        product = products.get(line.id, "")
        count = min(left[product], unsent_units(order, line))
        left[product] -= count
        units[sku_key(line.sku)] += count
    return {sku: count for sku, count in units.items() if sku and count}


def unreserved_in_back_orders(record: OrderProgress) -> dict[str, int]:
    """Units that staff split off and have not reserved, by row reference, of what has stock.

    Less those that are in their place where they were split off from a row of more units than the
    store sold.
    """
    actual, units = record.plan.actual, record.desired.units
    if actual is None:
        return {}
    found = {
        ref: count - max(0, actual.allocated(ref) + actual.moved[ref] - units[ref][1])
        for ref, count in actual.moved_unreserved.items()
        if ref in units
    }
    return {ref: count for ref, count in found.items() if count > 0}


def agreed_order(record: OrderProgress, order: Order) -> AgreedOrder:
    """What both sides agree on now. Rows are only taken up where they do: a case keeps the old.

    Of an order that was stopped, only that work is left.
    """
    plan, before, desired, actual = record.plan, record.plan.agreed, record.desired, record.actual
    if record.error is not None:
        return before.model_copy(update={"agreed": "", "money": ""})
    operations = plan.operations
    booked = {one.payment.transaction_ref for one in operations if isinstance(one, CreateReceipt)}
    receipts = {*before.receipts, *(actual.transaction_refs if actual else ()), *booked}
    status_id = next(
        (one.status_id for one in operations if isinstance(one, ops.UpdateStoreOrder)), ""
    )
    status_bp = (actual.status_id if actual else "") or before.status_bp
    content, money = fingerprints(order, status_id, record.external_order_id)
    waits = record.short or unreserved_in_back_orders(record)
    is_settled = not (waits or plan.cases or record.refusals)
    is_rearranged = any(case.field == ADDRESSES for case in plan.cases)
    is_money_settled = all(case.field != RECEIPT for case in plan.cases)
    update: dict[str, Any] = {
        "agreed": content if is_settled else "",
        "money": money if is_money_settled else "",
        "receipts": tuple(sorted(receipts)),
        "texts": desired.texts,
        "addresses": digest(desired.store.destinations) if desired.store.destinations else "",
        "consignments": before.consignments if is_rearranged else arrangement(desired),
        "foreign_order_id": desired.store.foreign_order_id,
        "short": record.short,
        "credited": record.credit_id or before.credited,
        "gone": dict(plan.gone),
        "settled": before.settled if plan.settled is None else plan.settled,
        "held_from": plan.held_from,
        "is_cancelled": False,
    }
    if plan.actual is not None:
        update |= _hold_and_cancellation(plan, plan.actual)
    if actual is not None and plan.agrees:
        update["rows"] = {
            ref: AgreedRow(
                row_id=row.row_id, address_id=desired.address_ids.get(ref, ""), **vars(row.content)
            )
            for ref, row in actual.rows.items()
        }
        update["shipping_method_id"] = actual.shipping_method_id
    for operation in operations:
        match operation:
            case edits.SetShippingMethod():
                update["shipping_method_id"] = operation.after
            case ops.AddNote(about="address"):
                update["address_note"] = desired.delivery_hash
            case ops.StatusChange(address_id=""):
                status_bp = operation.after
    if not plan.is_status_undecided:
        update |= {"status_bc": status_id or desired.store.status_id, "status_bp": status_bp}
    if not plan.is_address_outdated:
        update["delivery"] = desired.delivery_hash or before.delivery
    return before.model_copy(update=update)


def _hold_and_cancellation(plan: OrderPlan, actual: ActualOrder) -> dict[str, Any]:
    """The status before a case held the pick ("" while none does), and whether both cancelled it.

    Of an order that both sides had cancelled, staff may reopen one side.
    """
    before = plan.agreed
    change = next((one for one in plan.operations if isinstance(one, ops.SetStatus)), None)
    held_from = ""
    if plan.holds and not before.held_from:
        held_from = change.returns_to if change else actual.status_id
    elif plan.holds:
        held_from = before.held_from if actual.status_id == before.status_bp else HOLD_RELEASED
        store = plan.desired.store
        if held_from.isdecimal() and store.status_id != before.status_bc:
            held_from = plan.desired.status_id or held_from
    is_cancelled = [actual.is_cancelled and change is None, before.is_cancelled]
    is_agreed = any(is_cancelled) if plan.desired.store.is_cancelled else all(is_cancelled)
    return {"held_from": held_from, "is_cancelled": is_agreed or plan.result == "cancelled"}

"""The plans of a batch of orders, carried out phase by phase. Harmless to repeat.

First contacts and sales orders, then changes to those that exist, then (with the row ids read back)
receipts and reservations, then the write-back to the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.money import describe_difference, two_places
from store.stock import Demand
from tasks.brightpearl.contacts import create_contacts
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.account import read_actual
from tasks.orders.completion import CreateReceipt, ReserveStock, shortage
from tasks.orders.edits import (
    AddRow,
    DeleteRow,
    NameRows,
    SetShippingMethod,
    UpdateRows,
)
from tasks.orders.extract import enqueue_stock
from tasks.orders.matching import Account, adopt_rows, compare, contents
from tasks.orders.operations import (
    AddNote,
    CancelSalesOrder,
    CreateCredit,
    CreateSalesOrder,
    DeleteGoodsOutNote,
    OrderPlan,
    OrderProgress,
    ReleaseStock,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.reconciler.apply import Answer, Phase, apply
from tasks.reconciler.operations import Write
from tasks.reconciler.run import Run


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
        if isinstance(one, CreateSalesOrder) and one.contact
    }
    created, failed = create_contacts(run, [*people.values()]) if people else ({}, {})
    contacts = {**account.contacts, **created}
    records = [
        OrderProgress(
            plan=plan,
            actual=plan.actual,
            order_id_bp=plan.actual.order_id_bp if plan.actual else "",
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
        desired, actual = record.desired, found.get(record.key)
        record.actual = actual
        if actual is None:
            record.fail(
                OutcomeUnknownError(f"The sales order of {record.key} cannot be read back yet.")
            )
        elif two_places(desired.total_inc_tax) != two_places(actual.gross):
            totals = describe_difference(desired.total_inc_tax, actual.gross, desired.currency_code)
            record.fail(
                RejectedError(
                    f"Brightpearl stored order {record.key} otherwise than it was sent: {totals}.",
                    remedy="Compare the order in both systems, correct it in Brightpearl, release.",
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
            record.added.append(NameRows(nameless))
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
        run, {record.key: record.order_id_bp for record in reserving}, with_reservations=True
    )
    for record in reserving:
        if (actual := found.get(record.key)) is None:
            continue
        known = record.existing
        actual = replace(
            actual, rows=known.rows, units_on_notes=known.units_on_notes, moved=known.moved
        )
        record.short = shortage(record.desired.units, actual)
        if record.short:
            lines = [f"product {product}: {units} short" for product, units in record.short.items()]
            text = f"Not enough stock to reserve. {'; '.join(lines)}."
            record.added.append(AddNote("short", text, {"short": dict(record.short)}))


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
    Phase((CreateSalesOrder,), after=_read_created),
    Phase((SetStatus,)),
    Phase((DeleteGoodsOutNote,)),
    Phase((UpdateRows, DeleteRow, AddRow, SetShippingMethod), after=_read_amended),
    Phase((NameRows,)),
    Phase((ReleaseStock,)),
    Phase((CancelSalesOrder,)),
    Phase((CreateCredit,)),
    Phase(
        (CreateReceipt, ReserveStock),
        together=True,
        after=_read_reserved,
        on_answers=_release_reserved,
    ),
    Phase((AddNote,)),
    Phase((UpdateStoreOrder,)),
)

"""What the credit of a refund needs in Brightpearl, each write with its natural key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.brightpearl import goods_note_models as goods_notes
from connectors.brightpearl import messages, models
from connectors.brightpearl.messages import Message
from core.errors import OutcomeUnknownError, RejectedError
from core.money import two_places
from core.words import counted
from tasks.bigcommerce.refunds import link_key
from tasks.brightpearl.reference import account_currency, default_location, unit_costs
from tasks.brightpearl.sales_orders import currency_ref, new_payment, row_fields
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase
from tasks.reconciler.operations import BrightpearlWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.frames import CreditHeader, CreditRow, Payout
from tasks.refunds.goods import Units
from tasks.refunds.matching import AgreedRefund, Credit

CREATED, COMPLETED, UNDONE, UNCHANGED = "created", "completed", "undone", "unchanged"
"""What becomes of one refund's credit; completed is one of which something was missing."""
WITHOUT_COST = "returned products without a cost price, taken back at a cost of 0"


@dataclass(frozen=True, kw_only=True)
class CreditPlan(RecordPlan):
    """Everything that one refund's credit needs. The key is the order's."""

    refund_id: str
    external_ref: str
    fingerprint: str = ""
    """Of the refund, kept when all of it is written."""
    credit: Credit | None = None
    """The one that exists."""
    units: tuple[Units, ...] = ()
    """Of its goods, those that come back and those that had not left."""
    agreed: AgreedRefund = field(default_factory=AgreedRefund)
    """As it was before."""
    refund_count: int = 0
    """Refunds of the order that count."""


@dataclass(kw_only=True)
class CreditProgress(Progress[CreditPlan]):
    """One refund's credit on its way."""

    credit_id: str = ""
    actual: models.SalesCredit | None = None
    """The credit as it is in Brightpearl, once it is created."""
    moved: list[goods_notes.GoodsMovedCreate] = field(default_factory=list)
    """Goods that come back to it."""
    done: list[CreditOperation] = field(default_factory=list)
    """Operations that are carried out."""

    @property
    def payments(self) -> Mapping[str, Decimal]:
        """Payments of the refund by reference, less those that were taken back."""
        plan, known = self.plan, dict(self.plan.agreed.payments)
        for ref, row in plan.credit.paid.items() if plan.credit else ():
            if ref.startswith(f"{plan.external_ref}-"):
                known[ref] = row.amount
        for operation in self.done:
            if isinstance(operation, PayOut):
                known[operation.payout.transaction_ref] = operation.payout.amount
            elif isinstance(operation, DeletePayment):
                known.pop(operation.ref, None)
        return known


class CreditOperation(Operation[CreditProgress]):
    """A write about one credit. Its natural key makes it safe to send twice."""

    def written(
        self, record: CreditProgress, message: Message, natural_key: str, after: Mapping[str, Any]
    ) -> BrightpearlWrite:
        refund = link_key(record.key, record.plan.refund_id)
        after = {"refund": refund, **after}
        return BrightpearlWrite(natural_key=natural_key, after=after, message=message)

    def apply(self, record: CreditProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        del answer
        record.done.append(self)


@dataclass(frozen=True)
class CreateCredit(CreditOperation):
    """The whole sales credit, under the sales order. Its external reference is the natural key."""

    header: CreditHeader
    rows: Sequence[CreditRow]
    kind = "create sales credit"

    def describe(self) -> str:
        header = self.header
        rows = f"with {counted(len(self.rows), 'row')}"
        return f"sales credit {header.external_ref} over {header.total_inc_tax} {rows}"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite:
        header, ref = self.header, self.header.external_ref
        contact_id = int(header.contact_id)
        credit = models.SalesOrderCreate(
            customer=models.CustomerRef(id=contact_id),
            billing=models.BillingRef(contact_id=contact_id),
            delivery=models.Delivery(),
            ref=header.ref,
            external_ref=ref,
            instance_id=run.connections.pair.brightpearl.instance_id,
            parent_id=int(header.parent_id),
            placed_on=header.placed_at,
            tax_date=header.tax_on,
            status_id=int(header.status_id),
            warehouse_id=int(header.warehouse_id),
            channel_id=int(header.channel_id),
            price_mode_code=header.price_mode_code,
            currency=currency_ref(header.currency_code, header.exchange_rate),
            rows=tuple(
                models.SalesOrderRowCreate(sequence=row.sequence or None, **row_fields(row))
                for row in self.rows
            ),
        )
        after = {
            "parent": header.parent_id,
            "total": str(header.total_inc_tax),
            "tax": str(header.total_tax),
            "currency": header.currency_code,
            "rows": [[r.row_ref, r.quantity, str(r.net), str(r.tax)] for r in self.rows],
        }
        message = messages.create_sales_credit(f"credit:{ref}", credit)
        return self.written(record, message, ref, after)

    def apply(self, record: CreditProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        # Nothing where Brightpearl had it already: it does not say its id then.
        record.credit_id = str(answer or "")


def read_back(run: Run, records: Sequence[CreditProgress]) -> None:
    """Row ids, and proof that each new credit was stored as it was sent: reference and totals."""
    for record in records:
        if not record.credit_id:
            search = partial(run.brightpearl.find_sales_credits, record.plan.external_ref)
            record.credit_id = next((row.order_id for row in with_retries(search)), "")
    ids = [record.credit_id for record in records if record.credit_id]
    found = with_retries(lambda: run.brightpearl.get_sales_credits(ids))
    stored = {credit.id: credit for credit in found if isinstance(credit, models.SalesCredit)}
    for record in records:
        record.actual = stored.get(record.credit_id)
        if record.actual is None:
            record.credit_id = ""
            ref = record.plan.external_ref
            record.fail(OutcomeUnknownError(f"The sales credit {ref} cannot be read back yet."))
            continue
        (header,) = (one.header for one in record.plan.operations if isinstance(one, CreateCredit))
        total, gross = record.actual.total, two_places(record.actual.total.gross)
        if (gross, two_places(total.tax)) != (header.total_inc_tax, header.total_tax):
            record.fail(
                RejectedError(
                    f"Brightpearl stored sales credit {record.credit_id} otherwise than it was "
                    f"sent: {header.total_inc_tax} with {header.total_tax} tax became {gross} with "
                    f"{two_places(total.tax)}.",
                    remedy="Compare it with the refund and correct it in Brightpearl.",
                    code="money",
                )
            )


@dataclass(frozen=True)
class DeletePayment(CreditOperation):
    """A payment whose money did not go out in the end is deleted: there is no way to edit one."""

    ref: str
    payment_id: str
    kind = "take payment back"
    is_done_when_gone = True

    def describe(self) -> str:
        return f"take payment {self.ref} back"

    def write(self, _run: Run, record: CreditProgress) -> BrightpearlWrite:
        message = messages.delete_payment(f"take back:{self.ref}", self.payment_id)
        return self.written(record, message, self.ref, {"payment": self.payment_id})


class CancelCredit(CreditOperation):
    """The credit of a refund that was taken back gets the status of cancelled ones.

    With it comes a note: where the answer is lost, the status says whether both were written. It is
    a case where no such status is mapped.
    """

    kind = "cancel sales credit"
    is_done_when_gone = True

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        status_id = run.bundle.tables["credit_statuses"].get("cancelled")
        if not status_id:
            record.refusals.append(cases.no_cancelled_status(record.credit_id))
            return None
        ref, refund_id = record.plan.external_ref, record.plan.refund_id
        note = f"Refund {refund_id} of BigCommerce order {record.key} was taken back."
        message = messages.set_status(f"cancel:{ref}", record.credit_id, int(status_id), note)
        before = {"status_id": record.actual.status_id if record.actual else ""}
        written = self.written(record, message, ref, {"status_id": status_id})
        return replace(written, before=before, is_repeatable=False)

    def find(self, run: Run, record: CreditProgress) -> str | None:
        """The credit's id, if it has the status by now."""
        cancelled = run.bundle.tables["credit_statuses"].get("cancelled")
        found = with_retries(lambda: run.brightpearl.get_sales_credits([record.credit_id]))
        read = (one for one in found if isinstance(one, models.SalesCredit))
        return next((one.id for one in read if one.status_id == cancelled), None)


@dataclass(frozen=True)
class PayOut(CreditOperation):
    """Money out by one tender; a second payment of the same reference and method is refused."""

    payout: Payout
    kind = "pay out"

    def describe(self) -> str:
        return f"pay out {self.payout.amount} {self.payout.currency_code}"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite:
        row = self.payout
        is_foreign = row.currency_code != account_currency(run.connections)
        message = new_payment(row, record.credit_id, row.exchange_rate if is_foreign else None)
        after = {"amount": str(row.amount), "currency": row.currency_code}
        return self.written(record, message, row.transaction_ref, after)

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        # A payment has the reference; it is a case where that is one of another order.
        ref = self.payout.transaction_ref
        found = with_retries(lambda: run.brightpearl.find_payments(ref))
        if others := [one for one in found if one.order_id != record.credit_id]:
            record.refusals.append(cases.reference_taken(ref, others[0]))
        return bool(found)

    def apply(self, record: CreditProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if all(refusal.value != self.payout.transaction_ref for refusal in record.refusals):
            super().apply(record, answer)


@dataclass(frozen=True)
class ReceiveGoods(CreditOperation):
    """Goods back into stock; the batch reference is the natural key."""

    units: Sequence[Units]
    row_refs: Mapping[str, str]
    """References of the credit's rows by those of the sold rows that they undo."""
    kind = "take goods back"

    def describe(self) -> str:
        return f"take {counted(sum(one.returned for one in self.units), 'unit')} back"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        if record.actual is None or not record.moved:
            return None
        ref = record.plan.external_ref
        note = goods_notes.GoodsInCreate(
            warehouse_id=int(record.actual.warehouse_id),
            moved=tuple(record.moved),
            received_at=run.now(),
            batch_ref=ref,
        )
        after = {
            "units": sum(one.quantity for one in record.moved),
            "rows": [
                [str(one.row_id), str(one.product_id), one.quantity, str(one.location_id)]
                for one in record.moved
            ],
        }
        message = messages.create_goods_in(f"goods:{ref}", record.credit_id, note)
        return self.written(record, message, ref, after)

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        ref = record.plan.external_ref
        notes = with_retries(lambda: run.brightpearl.list_goods_in([record.credit_id]))
        return any(
            isinstance(note, goods_notes.GoodsInNote) and note.batch_ref == ref for note in notes
        )


def find_goods(run: Run, records: Sequence[CreditProgress]) -> None:
    """Rows, units, locations and costs of what comes back; a case where a location is missing."""
    found = [
        (record, part, units, location)
        for record in records
        for operation in record.plan.operations
        if isinstance(operation, ReceiveGoods) and record.actual is not None
        for part, units, location in _goods(run, record, record.actual, operation)
    ]
    products = {part.product_id for _, part, _, _ in found}
    costs = unit_costs(run.connections, products)
    if without := products - set(costs):
        run.report.notes[WITHOUT_COST] += len(without)
    currency = account_currency(run.connections)
    for record, part, units, location in found:
        record.moved.append(
            goods_notes.GoodsMovedCreate(
                product_id=int(part.product_id),
                row_id=int(part.id),
                quantity=units,
                location_id=int(location),
                unit_cost=goods_notes.UnitCost(
                    currency=currency, value=costs.get(part.product_id, Decimal(0))
                ),
            )
        )


def _goods(
    run: Run, record: CreditProgress, credit: models.SalesCredit, operation: ReceiveGoods
) -> Iterator[tuple[models.SalesOrderRow, int, str]]:
    """Rows of the credit with their units that come back, and where to; of a bundle, its parts."""
    warehouse_id, locations = credit.warehouse_id, dict[str, str]()
    for condition in {one.condition for one in operation.units}:
        locations[condition] = (
            run.bundle.tables["quarantine_locations"].get(warehouse_id) or ""
            if condition == cases.QUARANTINE
            else default_location(run.connections, warehouse_id)
        )
        if not locations[condition]:
            record.refusals.append(cases.no_location(warehouse_id, condition))
            return
    rows = {row.external_ref: row for row in credit.rows if row.external_ref}
    for unit in operation.units:
        if row := rows.get(operation.row_refs.get(unit.sold_ref, "")):
            for part in [one for one in credit.rows if one.parent_row_id == row.id] or [row]:
                if units := int(part.quantity * unit.returned / row.quantity):
                    yield part, units, locations[unit.condition]


class CloseCredit(CreditOperation):
    """The credit is invoiced: that begins now and ends later, and is repeatable meanwhile.

    Not while something of the credit waits for a person.
    """

    kind = "invoice sales credit"

    def write(self, _run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        if record.refusals:
            return None
        ref = record.plan.external_ref
        message = messages.close_credit(f"close:{ref}", record.credit_id)
        return self.written(record, message, ref, {"credit": record.credit_id})

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        found = with_retries(lambda: run.brightpearl.get_sales_credits([record.credit_id]))
        return any(isinstance(one, models.SalesCredit) and one.is_invoiced for one in found)


CREDIT_PHASES = (
    Phase((CreateCredit,), together=True, after=read_back),
    Phase((DeletePayment,), together=True),
    Phase((CancelCredit,), together=True),
    Phase((PayOut, ReceiveGoods), together=True, before=find_goods),
    Phase((CloseCredit,), together=True),
)
"""A credit's writes: goods and money need its rows, and its invoice both of them."""

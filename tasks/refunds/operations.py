"""What the credit of a refund, and the stock of its order, need to be written in Brightpearl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.goods_note_models import (
    GoodsInCreate,
    GoodsInNote,
    GoodsMovedCreate,
    UnitCost,
)
from connectors.brightpearl.models import (
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    SalesCredit,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from connectors.brightpearl.multi_message import Message
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import CausewayError, NotFoundError, OutcomeUnknownError, RejectedError
from core.money import two_places
from tasks.bigcommerce.refunds import link_key
from tasks.brightpearl.reference import default_location, reference_of, unit_costs
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase
from tasks.reconciler.operations import BrightpearlWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.frames import CreditHeader, CreditRow, Payout
from tasks.refunds.goods import Release, Units
from tasks.refunds.records import AgreedRefund, Credit

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


@dataclass(frozen=True)
class Moved:
    """Units of a credit's row that come back to a location."""

    row_id: str
    product_id: str
    units: int
    location_id: str


@dataclass(kw_only=True)
class CreditProgress(Progress[CreditPlan]):
    """One refund's credit on its way."""

    credit_id: str = ""
    actual: SalesCredit | None = None
    """The credit as it is in Brightpearl, once it is created."""
    moved: list[Moved] = field(default_factory=list)
    """Goods that come back to it."""
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    """What a unit of them costs, by product id."""
    paid: dict[str, Decimal] = field(default_factory=dict)
    """Payments that were booked, by transaction reference."""
    taken_back: set[str] = field(default_factory=set)
    """Payments that were taken back, by transaction reference."""
    is_closed: bool = False
    is_cancelled: bool = False


class CreditOperation(Operation[CreditProgress]):
    """A write about one credit. Its natural key makes it safe to send twice."""

    def absorb(
        self, run: Run, record: CreditProgress, error: CausewayError
    ) -> CausewayError | None:
        """What is left of an error, unless the refusal means that it is done already."""
        is_done = isinstance(error, RejectedError) and self.is_done(run, record, error)
        return None if is_done else error

    def is_done(self, _run: Run, _record: CreditProgress, _error: RejectedError) -> bool:
        """Whether it is refused because it is done already."""
        return False

    def written(
        self,
        record: CreditProgress,
        message: Message,
        natural_key: str,
        after: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
    ) -> BrightpearlWrite:
        """The write, with what the ledger keeps of it."""
        refund = link_key(record.key, record.plan.refund_id)
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=natural_key,
            after={"refund": refund, **after},
            before=before or {},
            message=message,
        )


@dataclass(frozen=True)
class CreateCredit(CreditOperation):
    """The whole sales credit, under the sales order."""

    header: CreditHeader
    rows: Sequence[CreditRow]
    kind = "create sales credit"

    def describe(self) -> str:
        """Its reference, total and size."""
        header = self.header
        rows = f"with {len(self.rows)} rows"
        return f"sales credit {header.external_ref} over {header.total_inc_tax} {rows}"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite:
        """Its external reference is the natural key."""
        header, ref = self.header, self.header.external_ref
        contact_id = int(header.contact_id)
        credit = SalesOrderCreate(
            customer=CustomerRef(id=contact_id),
            billing=BillingRef(contact_id=contact_id),
            delivery=Delivery(),
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
            currency=_currency(header),
            rows=tuple(_row(row) for row in self.rows),
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
        """Its id; "" where Brightpearl had it already and does not say so."""
        record.credit_id = str(answer or "")


def read_back(run: Run, records: Sequence[CreditProgress]) -> None:
    """Row ids, and proof that each new credit was stored as it was sent: reference and totals."""
    for record in records:
        if not record.credit_id:
            search = partial(run.brightpearl.find_sales_credits, record.plan.external_ref)
            record.credit_id = next((row.order_id for row in with_retries(search)), "")
    ids = [record.credit_id for record in records if record.credit_id]
    found = with_retries(lambda: run.brightpearl.get_sales_credits(ids)) if ids else []
    stored = {credit.id: credit for credit in found if isinstance(credit, SalesCredit)}
    for record in records:
        record.actual = stored.get(record.credit_id)
        if record.actual is None:
            record.credit_id = ""
            ref = record.plan.external_ref
            record.fail(OutcomeUnknownError(f"The sales credit {ref} cannot be read back yet."))
        elif reason := _other_totals(record, record.actual):
            record.fail(
                RejectedError(
                    f"Brightpearl stored sales credit {record.credit_id} otherwise than it was "
                    f"sent: {reason}.",
                    remedy="Compare it with the refund, correct it in Brightpearl, release.",
                    code="money",
                )
            )


@dataclass(frozen=True)
class DeletePayment(CreditOperation):
    """A payment whose money did not go out in the end is deleted: there is no way to edit one."""

    ref: str
    payment_id: str
    kind = "take payment back"

    def describe(self) -> str:
        """By its reference."""
        return f"take payment {self.ref} back"

    def write(self, _run: Run, record: CreditProgress) -> BrightpearlWrite:
        """By Brightpearl's id."""
        message = messages.delete_payment(f"take back:{self.ref}", self.payment_id)
        return self.written(record, message, self.ref, {"payment": self.payment_id})

    def is_done(self, _run: Run, _record: CreditProgress, error: RejectedError) -> bool:
        """Whether it is gone already."""
        return isinstance(error, NotFoundError)

    def apply(self, record: CreditProgress, _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """It is on the credit no longer."""
        record.taken_back.add(self.ref)


@dataclass(frozen=True)
class CancelCredit(CreditOperation):
    """The credit of a refund that was taken back gets the status of cancelled ones."""

    external_ref: str
    kind = "cancel sales credit"

    def describe(self) -> str:
        """By its reference."""
        return f"cancel sales credit {self.external_ref}"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        """Nothing but a case where no such status is mapped."""
        status_id = run.bundle.table("credit_statuses").get("cancelled")
        if not status_id:
            record.refusals.append(cases.no_cancelled_status(record.credit_id))
            return None
        refund_id = record.plan.refund_id
        note = f"Refund {refund_id} of BigCommerce order {record.key} was taken back."
        label = f"cancel:{self.external_ref}"
        return self.written(
            record,
            messages.set_status(label, record.credit_id, int(status_id), note),
            self.external_ref,
            {"status_id": status_id},
            before={"status_id": record.actual.status_id if record.actual else ""},
        )

    def is_done(self, _run: Run, _record: CreditProgress, error: RejectedError) -> bool:
        """Whether the credit is gone."""
        return isinstance(error, NotFoundError)

    def apply(self, record: CreditProgress, _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """Both sides have taken the refund back."""
        record.is_cancelled = True


@dataclass(frozen=True)
class PayOut(CreditOperation):
    """Money out by one tender; a second payment of the same reference and method is refused."""

    payout: Payout
    kind = "pay out"

    def describe(self) -> str:
        """The amount."""
        return f"pay out {self.payout.amount} {self.payout.currency_code}"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite:
        """At the sales order's rate, where it is not in the account's currency."""
        row = self.payout
        is_foreign = row.currency_code != reference_of(run.connections).account_currency
        payment = PaymentCreate(
            method_code=row.payment_method_code,
            payment_type=row.payment_type,
            order_id=int(record.credit_id),
            currency_code=row.currency_code,
            paid_at=row.paid_at,
            transaction_ref=row.transaction_ref,
            amount=row.amount,
            exchange_rate=row.exchange_rate if is_foreign else None,
        )
        message = messages.create_payment(row.transaction_ref, payment)
        after = {"amount": str(row.amount), "currency": row.currency_code}
        return self.written(record, message, row.transaction_ref, after)

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        """Whether a payment has the reference; a case where that is one of another order."""
        ref = self.payout.transaction_ref
        found = with_retries(lambda: run.brightpearl.find_payments(ref))
        if others := [one for one in found if one.order_id != record.credit_id]:
            record.refusals.append(cases.reference_taken(ref, others[0]))
        return bool(found)

    def apply(self, record: CreditProgress, _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """It is on this credit, unless a payment of another order has the reference."""
        ref = self.payout.transaction_ref
        if not any(refusal.value == ref for refusal in record.refusals):
            record.paid[ref] = self.payout.amount


@dataclass(frozen=True)
class ReceiveGoods(CreditOperation):
    """Goods back into stock; the batch reference is the natural key."""

    units: Sequence[Units]
    row_refs: Mapping[str, str]
    """References of the credit's rows by those of the sold rows that they undo."""
    kind = "take goods back"

    def describe(self) -> str:
        """How many units."""
        return f"take {sum(one.returned for one in self.units)} units back"

    def write(self, run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        """What `find_goods` found a location for."""
        if record.actual is None or not record.moved:
            return None
        ref = record.plan.external_ref
        currency = reference_of(run.connections).account_currency
        note = GoodsInCreate(
            warehouse_id=int(record.actual.warehouse_id),
            moved=tuple(
                GoodsMovedCreate(
                    product_id=int(one.product_id),
                    row_id=int(one.row_id),
                    quantity=one.units,
                    location_id=int(one.location_id),
                    unit_cost=UnitCost(
                        currency=currency, value=record.costs.get(one.product_id, Decimal(0))
                    ),
                )
                for one in record.moved
            ),
            received_at=run.now(),
            batch_ref=ref,
        )
        after = {
            "units": sum(one.units for one in record.moved),
            "rows": [[m.row_id, m.product_id, m.units, m.location_id] for m in record.moved],
        }
        message = messages.create_goods_in(f"goods:{ref}", record.credit_id, note)
        return self.written(record, message, ref, after)

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        """Whether the note exists."""
        ref = record.plan.external_ref
        notes = with_retries(lambda: run.brightpearl.list_goods_in([record.credit_id]))
        return any(isinstance(note, GoodsInNote) and note.batch_ref == ref for note in notes)


def find_goods(run: Run, records: Sequence[CreditProgress]) -> None:
    """Rows, units, locations and costs of what comes back; a case where a location is missing."""
    for record in records:
        for operation in record.plan.operations:
            if isinstance(operation, ReceiveGoods) and record.actual is not None:
                record.moved = _moved(run, record, operation, record.actual)
    products = {one.product_id for record in records for one in record.moved}
    costs = unit_costs(run.connections, products)
    if without := products - set(costs):
        run.report.notes[WITHOUT_COST] += len(without)
    for record in records:
        record.costs = costs


@dataclass(frozen=True)
class CloseCredit(CreditOperation):
    """The credit is invoiced: that begins now and ends later, and is repeatable meanwhile."""

    kind = "invoice sales credit"

    def describe(self) -> str:
        """Of which credit is said by the others."""
        return "invoice the credit"

    def write(self, _run: Run, record: CreditProgress) -> BrightpearlWrite | None:
        """Nothing while something of the credit waits for a person."""
        if record.refusals:
            return None
        ref = record.plan.external_ref
        message = messages.close_credit(f"close:{ref}", record.credit_id)
        return self.written(record, message, ref, {"credit": record.credit_id})

    def is_done(self, run: Run, record: CreditProgress, _error: RejectedError) -> bool:
        """Whether it is invoiced."""
        found = with_retries(lambda: run.brightpearl.get_sales_credits([record.credit_id]))
        return any(isinstance(one, SalesCredit) and one.is_invoiced for one in found)

    def apply(self, record: CreditProgress, _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """It is closed once."""
        record.is_closed = True


@dataclass(kw_only=True)
class StockProgress(Progress[RecordPlan]):
    """What one order holds for units that were refunded before they left, on its way out."""


class StockOperation(Operation[StockProgress]):
    """A write about what an order holds; what is gone already holds nothing."""

    def absorb(
        self, _run: Run, _record: StockProgress, error: CausewayError
    ) -> CausewayError | None:
        """What is left of an error."""
        return None if isinstance(error, NotFoundError) else error


@dataclass(frozen=True)
class DeleteNote(StockOperation):
    """A goods-out note that nobody has picked is taken back."""

    sales_order_id: str
    note_id: str
    kind = "take goods-out note back"

    def describe(self) -> str:
        """By its id."""
        return f"take goods-out note {self.note_id} back"

    def write(self, _run: Run, record: StockProgress) -> BrightpearlWrite:
        """Refused once it is shipped."""
        label = f"note:{self.note_id}"
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=f"note {self.note_id}",
            after={"note": self.note_id},
            message=messages.delete_goods_out(label, self.sales_order_id, self.note_id),
        )


@dataclass(frozen=True)
class ReleaseStock(StockOperation):
    """A reservation holds what is still wanted of the rows named."""

    release: Release
    kind = "release stock"

    def describe(self) -> str:
        """How many units stay."""
        return f"reserve {sum(units for _, units in self.release.keep.values())} units, not more"

    def write(self, run: Run, record: StockProgress) -> BrightpearlWrite | None:
        """A reservation of its own where none is left; None where nothing is to be reserved."""
        release, label = self.release, f"release:{self.release.sales_order_id}"
        is_new = bool(release.notes) and self._is_bare(run)
        products = [
            ReservedProduct(product_id=int(product_id), row_id=int(row_id), quantity=units)
            for row_id, (product_id, units) in release.keep.items()
            if units or not is_new
        ]
        if not products:
            return None
        order_id = release.sales_order_id
        message = (
            messages.reserve(label, order_id, release.warehouse_id, products)
            if is_new
            else messages.set_reservation(label, order_id, products)
        )
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=label,
            after={"keep": {row_id: units for row_id, (_, units) in release.keep.items()}},
            is_repeatable=not is_new,
            message=message,
        )

    def _is_bare(self, run: Run) -> bool:
        """Whether nothing is reserved after notes were taken back: it is not documented."""
        read = partial(run.brightpearl.get_reservation, self.release.sales_order_id)
        return with_retries(read) is None


CREDIT_PHASES = (
    Phase((CreateCredit,), together=True, after=read_back),
    Phase((DeletePayment,), together=True),
    Phase((CancelCredit,), together=True),
    Phase((PayOut, ReceiveGoods), together=True, before=find_goods),
    Phase((CloseCredit,), together=True),
)
"""A credit's writes: goods and money need its rows, and its invoice both of them."""
STOCK_PHASES = (
    Phase((DeleteNote,), together=True),
    Phase((ReleaseStock,), together=True),
)
"""Notes hold units that a reservation can only have back when they are gone."""


def _currency(header: CreditHeader) -> CurrencyRef:
    """The sales order's rate, which holds for what undoes it as well."""
    rate = header.exchange_rate
    if rate is None or rate in (0, 1):
        return CurrencyRef(code=header.currency_code)
    return CurrencyRef(
        code=header.currency_code, fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}"
    )


def _row(row: CreditRow) -> SalesOrderRowCreate:
    return SalesOrderRowCreate(
        product_id=int(row.product_id) if row.product_id else None,
        name=row.name or None,
        quantity=str(row.quantity),
        tax_code=row.tax_code,
        net=row.net,
        tax=row.tax,
        nominal_code=row.nominal_code or None,
        external_ref=row.row_ref,
        sequence=row.sequence or None,
    )


def _other_totals(record: CreditProgress, stored: SalesCredit) -> str:
    """How the credit that was stored differs from the one that was sent; "" where it does not."""
    (header,) = (one.header for one in record.plan.operations if isinstance(one, CreateCredit))
    meant = header.total_inc_tax, header.total_tax
    actual = two_places(stored.total.gross), two_places(stored.total.tax)
    if meant == actual:
        return ""
    return f"{meant[0]} with {meant[1]} tax became {actual[0]} with {actual[1]}"


def _moved(
    run: Run, record: CreditProgress, operation: ReceiveGoods, credit: SalesCredit
) -> list[Moved]:
    """Units of the credit's rows that come back; of a bundle, of its parts."""
    locations: dict[str, str] = {}
    for condition in {one.condition for one in operation.units}:
        location = _location(run, credit.warehouse_id, condition)
        if not location:
            record.refusals.append(cases.no_location(credit.warehouse_id, condition))
            return []
        locations[condition] = location
    rows = {row.external_ref: row for row in credit.rows if row.external_ref}
    found: list[Moved] = []
    for unit in operation.units:
        row = rows.get(operation.row_refs.get(unit.sold_ref, ""))
        if row is None:
            continue
        for part in [one for one in credit.rows if one.parent_row_id == row.id] or [row]:
            units = int(part.quantity * unit.returned / row.quantity)
            found.append(Moved(part.id, part.product_id, units, locations[unit.condition]))
    return [one for one in found if one.units]


def _location(run: Run, warehouse_id: str, condition: str) -> str:
    if condition == cases.QUARANTINE:
        return run.bundle.table("quarantine_locations").get(warehouse_id) or ""
    return default_location(run.connections, warehouse_id)

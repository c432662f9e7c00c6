"""What may be written for an order, each write with its natural key and its entry in the ledger."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl import messages
from connectors.brightpearl.account_models import PaymentCreate
from connectors.brightpearl.models import (
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    RowAdd,
    RowUpdate,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from connectors.brightpearl.multi_message import Message
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import CausewayError, NotFoundError, RejectedError, TransientError
from core.money import two_places
from tasks.brightpearl.contacts import ContactPlan
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.actual import ActualOrder
from tasks.orders.desired import DesiredOrder, Payment, Row, Units
from tasks.orders.matching import RowChange
from tasks.policy import with_retries
from tasks.reconciler.operations import (
    BigCommerceWrite,
    BrightpearlWrite,
    Operation,
    Progress,
    RecordPlan,
)
from tasks.reconciler.run import Run

Changes = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Before and after, as the ledger keeps them."""


@dataclass(frozen=True, kw_only=True)
class OrderPlan(RecordPlan):
    """Everything that one order needs, and what is to be remembered of it."""

    desired: DesiredOrder
    actual: ActualOrder | None = None
    agreed: AgreedOrder = field(default_factory=AgreedOrder)
    short: Mapping[str, int] = field(default_factory=dict)
    """Units that stay unreserved for want of stock, by Brightpearl product id."""
    missing_units: Mapping[str, int] = field(default_factory=dict)
    """Units by row reference that the store has sold and Brightpearl's rows lack."""
    agrees: bool = False
    """Whether the rows of both sides agree, or will once the plan is carried out."""
    holds: bool = False
    """Whether its pick has to wait for a case."""
    is_address_outdated: bool = False
    """Whether Brightpearl still has another delivery address than the store."""
    is_status_undecided: bool = False
    """Whether a person decides about it: then the statuses that were agreed on stay remembered."""


@dataclass(kw_only=True)
class OrderProgress(Progress[OrderPlan]):
    """An order's plan, and how far it is carried out."""

    actual: ActualOrder | None = None
    """Brightpearl's side, as it was last read."""
    order_id_bp: str = ""
    contact_id: str = ""
    is_reserving: bool = False
    short: dict[str, int] = field(default_factory=dict)
    credit_id: str = ""
    status_id: str = ""
    """The store's, after the write-back."""
    status_id_bp: str = ""
    """Brightpearl's, where it was set."""

    @property
    def desired(self) -> DesiredOrder:
        """The order as it should be."""
        return self.plan.desired

    @property
    def there(self) -> ActualOrder:
        """Brightpearl's side of an order that exists by now."""
        if self.actual is None:
            raise TransientError(f"The sales order of {self.key} cannot be read back yet.")
        return self.actual


class OrderOperation(Operation[OrderProgress]):
    """A write to a sales order that exists. Harmless to repeat."""

    is_repeatable: ClassVar[bool] = True

    @abstractmethod
    def message(self, record: OrderProgress) -> Message:
        """The message; its label is the natural key."""

    def changes(self) -> Changes:
        """Before and after, for the ledger."""
        return {}, {}

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite:
        """The message with its ledger entry."""
        message = self.message(record)
        before, after = self.changes()
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=message.label,
            before=before,
            after=after,
            is_repeatable=self.is_repeatable,
            message=message,
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """An order that is gone meanwhile is read again."""
        del run, record
        return TransientError(error.message) if isinstance(error, NotFoundError) else error


class Removal(OrderOperation):
    """A write that takes something away: fine if it is gone, and read again if it is refused.

    A refusal says most likely that the order has moved on meanwhile.
    """

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """Nothing of an absence; a retry of a refusal."""
        del run, record
        if isinstance(error, NotFoundError):
            return None
        return TransientError(error.message) if isinstance(error, RejectedError) else error


@dataclass(frozen=True)
class CreateSalesOrder(Operation[OrderProgress]):
    """The whole sales order; its external reference makes it safe to send twice."""

    rows: int
    contact: ContactPlan | None = None
    """The customer, where Brightpearl does not know one yet."""
    kind = "create sales order"

    def describe(self) -> str:
        """With how many rows."""
        return f"sales order with {self.rows} rows"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite:
        """The order for its contact, who exists by now."""
        order = sales_order(run, record.desired, record.contact_id)
        return _whole_order(record, messages.create_sales_order(record.key, order), self.kind)

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """Its id."""
        record.order_id_bp = str(answer)


@dataclass(frozen=True)
class CreateCredit(Operation[OrderProgress]):
    """A sales credit over a whole order that was cancelled after it was invoiced."""

    external_ref: str
    kind = "create sales credit"

    def describe(self) -> str:
        """Under which reference."""
        return f"sales credit {self.external_ref}"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite:
        """The order's rows as a credit under it."""
        status = run.bundle.table("credit_statuses").get("new") or "0"
        credit = sales_order(run, record.desired, record.there.contact_id).model_copy(
            update={
                "external_ref": self.external_ref,
                "parent_id": int(record.order_id_bp),
                "status_id": int(status),
            }
        )
        message = messages.create_sales_credit(record.key, credit)
        return _whole_order(record, message, self.kind, self.external_ref)

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """Its id."""
        record.credit_id = str(answer)


@dataclass(frozen=True)
class StatusChange(OrderOperation):
    """A status of Brightpearl's side; harmless to repeat but for its note."""

    before: str
    after: str
    note: str = ""
    """What staff read with it."""
    returns_to: str = ""
    """Where it puts the pick on hold: the status the order has once it goes on."""
    kind = "set status"

    def describe(self) -> str:
        """From which to which."""
        return f"Brightpearl status {self.before} → {self.after}"

    def message(self, record: OrderProgress) -> Message:
        """One PUT of the status, with its note."""
        label = f"status:{record.key}"
        return messages.set_status(label, record.order_id_bp, int(self.after), self.note)

    def changes(self) -> Changes:
        """Status ids."""
        return {"status_id": self.before}, {"status_id": self.after}

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """The status it has now."""
        del answer
        record.status_id_bp = self.after


@dataclass(frozen=True)
class SetStatus(StatusChange):
    """A status that follows the store's, or that puts a pick on hold or takes it off hold."""


@dataclass(frozen=True)
class CancelSalesOrder(StatusChange):
    """The status that means cancelled, once its stock is released."""

    def describe(self) -> str:
        """With the status."""
        return f"cancel in Brightpearl (status {self.after})"


@dataclass(frozen=True)
class DeleteGoodsOutNote(Removal):
    """A goods-out note that has not left, taken back."""

    note_id: str
    kind = "take back goods-out note"

    def describe(self) -> str:
        """Which."""
        return f"take back goods-out note {self.note_id}"

    def message(self, record: OrderProgress) -> Message:
        """One DELETE."""
        label = f"take-back:{self.note_id}"
        return messages.delete_goods_out(label, record.order_id_bp, self.note_id)


@dataclass(frozen=True)
class ReleaseStock(Removal):
    """All that an order has reserved, released."""

    kind = "release stock"

    def describe(self) -> str:
        """Part of the cancellation: not worth a word of its own."""
        return ""

    def message(self, record: OrderProgress) -> Message:
        """One DELETE."""
        return messages.release_reservation(f"release:{record.key}", record.order_id_bp)


@dataclass(frozen=True)
class UpdateRows(OrderOperation):
    """Rows that change, all in one request."""

    row_changes: tuple[RowChange, ...]
    rows: tuple[Row, ...]
    """As they are to be, in the same order."""
    kind = "change rows"

    def describe(self) -> str:
        """Which."""
        return ", ".join(f"change row {change.ref}" for change in self.row_changes)

    def message(self, record: OrderProgress) -> Message:
        """One PUT of all rows."""
        updates = [
            RowUpdate(id=int(change.row_id), external_ref=row.row_ref, **_row_fields(row))
            for change, row in zip(self.row_changes, self.rows, strict=True)
        ]
        return messages.update_rows(f"rows:{record.key}", record.order_id_bp, updates)

    def changes(self) -> Changes:
        """Contents by row."""
        return _before_and_after(self.row_changes)


@dataclass(frozen=True)
class DeleteRow(Removal):
    """A row that the store's order does not have any more."""

    change: RowChange
    kind = "drop row"

    def describe(self) -> str:
        """Which."""
        return f"drop row {self.change.ref}"

    def message(self, record: OrderProgress) -> Message:
        """One DELETE."""
        label = f"drop:{record.key}:{self.change.row_id}"
        return messages.delete_row(label, record.order_id_bp, self.change.row_id)

    def changes(self) -> Changes:
        """Its content."""
        return _before_and_after([self.change])


@dataclass(frozen=True)
class AddRow(OrderOperation):
    """A row that comes later. It has no reference at first, so it is not sent twice.

    The next read of the order finds a row whose answer was lost.
    """

    change: RowChange
    row: Row
    kind = "add row"
    is_repeatable = False

    def describe(self) -> str:
        """Which."""
        return f"add row {self.change.ref}"

    def message(self, record: OrderProgress) -> Message:
        """One POST; money with two places."""
        fields = _row_fields(self.row)
        row = RowAdd(**fields | {"net": two_places(self.row.net), "tax": two_places(self.row.tax)})
        label = f"add:{record.key}:{self.change.ref}"
        return messages.add_row(label, record.order_id_bp, row)

    def changes(self) -> Changes:
        """Its content."""
        return _before_and_after([self.change])


@dataclass(frozen=True)
class NameRows(OrderOperation):
    """Our references for rows that were added without one."""

    rows: Mapping[str, Row]
    """By row id."""
    kind = "name rows"

    def describe(self) -> str:
        """Part of the amendment: not worth a word of its own."""
        return ""

    def message(self, record: OrderProgress) -> Message:
        """One PUT of all these rows."""
        updates = [
            RowUpdate(id=int(row_id), external_ref=row.row_ref, **_row_fields(row))
            for row_id, row in self.rows.items()
        ]
        return messages.update_rows(f"refs:{record.key}", record.order_id_bp, updates)


@dataclass(frozen=True)
class SetShippingMethod(OrderOperation):
    """Another shipping method."""

    before: str
    after: str
    kind = "change shipping method"

    def describe(self) -> str:
        """Which."""
        return f"shipping method {self.after}"

    def message(self, record: OrderProgress) -> Message:
        """One PATCH, which Brightpearl takes only by itself."""
        label = f"method:{record.key}"
        return messages.patch_order(label, record.order_id_bp, shipping_method_id=int(self.after))

    def changes(self) -> Changes:
        """Method ids."""
        return {"shipping_method_id": self.before}, {"shipping_method_id": self.after}


@dataclass(frozen=True)
class CreateReceipt(Operation[OrderProgress]):
    """Money that came in. Brightpearl refuses a second payment of one reference and method."""

    payment: Payment
    kind = "create receipt"

    def describe(self) -> str:
        """How much."""
        return f"receipt {self.payment.amount} {self.payment.currency_code}"

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite:
        """The receipt under its transaction reference."""
        payment = self.payment
        document = PaymentCreate(
            method_code=payment.payment_method_code,
            payment_type=payment.payment_type,
            order_id=int(record.order_id_bp),
            currency_code=payment.currency_code,
            paid_at=payment.paid_at,
            transaction_ref=payment.transaction_ref,
            amount=payment.amount,
        )
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=payment.transaction_ref,
            after={"amount": str(payment.amount), "currency": payment.currency_code},
            message=messages.create_payment(payment.transaction_ref, document),
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """A receipt that is refused because it is on this order already is done."""
        if not isinstance(error, RejectedError):
            return error
        ref = self.payment.transaction_ref
        found = with_retries(lambda: run.brightpearl.find_payments(ref))
        if not found:
            return error
        if any(payment.order_id == record.order_id_bp for payment in found):
            return None
        return RejectedError(
            f"The receipt {ref} is on sales order {found[0].order_id}, not on "
            f"{record.order_id_bp}.",
            remedy="Move or delete it in Brightpearl, then release the order.",
            code="receipt",
        )


@dataclass(frozen=True)
class ReserveStock(Operation[OrderProgress]):
    """Stock to set aside in one warehouse; read again afterwards, for a part is not reported."""

    units: Units
    replaces: bool = False
    """The order has a reservation already, which is to grow."""
    kind = "reserve stock"

    def describe(self) -> str:
        """How much."""
        return f"reserve {sum(units for _, units in self.units.values())} units"

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite:
        """Every row that has an id."""
        row_ids = record.there.row_ids
        products = [
            ReservedProduct(product_id=int(product_id), row_id=int(row_ids[ref]), quantity=units)
            for ref, (product_id, units) in self.units.items()
            if ref in row_ids
        ]
        label, order_id = f"reserve:{record.key}", record.order_id_bp
        message = (
            messages.set_reservation(label, order_id, products)
            if self.replaces
            else messages.reserve(label, order_id, record.desired.warehouse_id, products)
        )
        return BrightpearlWrite(
            key=record.key,
            action=self.kind,
            natural_key=label,
            after={"units": sum(product.quantity for product in products)},
            is_repeatable=self.replaces,
            message=message,
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """A refused reservation is a shortage, which is read afterwards."""
        del run, record
        return None if isinstance(error, RejectedError) else error

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """How far it went is to be read."""
        del answer
        record.is_reserving = True


@dataclass(frozen=True)
class AddNote(OrderOperation):
    """A note that staff read on the sales order."""

    about: str
    text: str = field(repr=False)
    after: Mapping[str, Any]
    """For the ledger: without the text, which may be personal."""
    kind = "add note"

    def describe(self) -> str:
        """What it is about."""
        return f"note about the {self.about}"

    def message(self, record: OrderProgress) -> Message:
        """One POST."""
        return messages.add_note(f"{self.about}:{record.key}", record.order_id_bp, self.text)

    def changes(self) -> Changes:
        """What it is about."""
        return {}, self.after


@dataclass(frozen=True)
class UpdateStoreOrder(Operation[OrderProgress]):
    """The write-back: status and Brightpearl's id, in one PUT that carries nothing else."""

    status_id: str
    """The status the order is to have; the one it has when it is to stay."""
    kind = "update BigCommerce order"

    def describe(self) -> str:
        """Which status."""
        return f"status {self.status_id} and Brightpearl's id to BigCommerce"

    def write(self, _run: Run, record: OrderProgress) -> BigCommerceWrite:
        """Harmless to repeat: it says what is to be."""
        store, order_id, order_id_bp = record.desired.store, record.key, record.order_id_bp
        status_id = int(self.status_id) if self.status_id != store.status_id else None

        def send(bigcommerce: BigCommerce) -> None:
            bigcommerce.update_order(order_id, status_id=status_id, external_order_id=order_id_bp)

        return BigCommerceWrite(
            key=order_id,
            action=self.kind,
            natural_key=order_id,
            before={
                "status_id": store.status_id,
                "external_order_id": store.external_order_id,
            },
            after={"status_id": self.status_id, "external_order_id": order_id_bp},
            send=send,
        )

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """The store's status now."""
        del answer
        record.status_id = self.status_id


def sales_order(run: Run, desired: DesiredOrder, contact_id: str) -> SalesOrderCreate:
    """The order as Brightpearl's document."""
    billing = desired.billing.address
    return SalesOrderCreate(
        customer=CustomerRef(id=int(contact_id), address=billing),
        billing=BillingRef(contact_id=int(contact_id), address=billing),
        delivery=Delivery(
            address=desired.delivery.address,
            shipping_method_id=_number(desired.shipping_method_id),
        ),
        ref=desired.ref,
        external_ref=desired.external_ref,
        instance_id=run.connections.pair.brightpearl.instance_id,
        placed_on=desired.placed_at,
        tax_date=desired.tax_on,
        status_id=int(desired.status_id or 0),
        warehouse_id=int(desired.warehouse_id),
        channel_id=int(desired.channel_id),
        price_list_id=_number(desired.price_list_id),
        price_mode_code=desired.price_mode_code,
        currency=_currency(desired.currency_code, desired.exchange_rate),
        rows=tuple(
            SalesOrderRowCreate(
                external_ref=row.row_ref, sequence=row.sequence or None, **_row_fields(row)
            )
            for row in desired.rows
        ),
    )


def _whole_order(
    record: OrderProgress, message: Message, kind: str, external_ref: str = ""
) -> BrightpearlWrite:
    desired = record.desired
    return BrightpearlWrite(
        key=record.key,
        action=kind,
        natural_key=external_ref or desired.external_ref,
        after={
            "total_inc_tax": str(desired.total_inc_tax),
            "currency": desired.currency_code,
            "rows": [
                [row.row_ref, row.quantity, str(row.net), str(row.tax)] for row in desired.rows
            ],
        },
        message=message,
    )


def _row_fields(row: Row) -> dict[str, Any]:
    return {
        "product_id": _number(row.product_id),
        "name": row.name or None,
        "quantity": str(row.quantity),
        "tax_code": row.tax_code,
        "net": row.net,
        "tax": row.tax,
        "nominal_code": row.nominal_code or None,
    }


def _before_and_after(
    changes: Sequence[RowChange],
) -> Changes:
    described = [change.describe() for change in changes]
    return (
        {one["row"]: one["before"] for one in described},
        {one["row"]: one["after"] for one in described},
    )


def _currency(code: str, rate: Decimal | None) -> CurrencyRef:
    """The order's own rate, where the store's is one against the account's currency."""
    if rate is None or rate == 1:
        return CurrencyRef(code=code)
    return CurrencyRef(code=code, fixed_exchange_rate=True, exchange_rate=f"{rate:.6f}")


def _number(text: str) -> int | None:
    return int(text) if text else None

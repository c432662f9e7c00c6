"""What may be written for an order, each write with its natural key and its entry in the ledger."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, ClassVar

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl import messages
from connectors.brightpearl.messages import Message
from connectors.brightpearl.models import (
    BillingRef,
    CustomerRef,
    Delivery,
    SalesOrder,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from core.errors import CausewayError, NotFoundError, RejectedError, TransientError
from core.ids import consignment_ref
from core.money import CENT, two_places
from core.words import counted
from tasks.brightpearl.contacts import ContactPlan
from tasks.brightpearl.sales_orders import AgreedOrder, Row, currency_ref, row_fields, total_of
from tasks.orders.frames import Consignment, DesiredOrder
from tasks.orders.matching import ActualOrder
from tasks.policy import with_retries
from tasks.reconciler.agreed import fingerprint
from tasks.reconciler.cases import Decisions
from tasks.reconciler.operations import (
    BigCommerceWrite,
    BrightpearlWrite,
    Operation,
    Progress,
    RecordPlan,
)
from tasks.reconciler.run import Run

METAFIELD = "brightpearl_order_id"
"""Key of the order's metafield with Brightpearl's id."""
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
    gone: Mapping[str, int] = field(default_factory=dict)
    """Units by row reference that had left before the order came to Brightpearl."""
    settled: Decimal | None = None
    """What the order costs, where that much is paid."""
    agrees: bool = False
    """Whether the rows of both sides agree, or will once the plan is carried out."""
    holds: bool = False
    """Whether its pick has to wait for a case."""
    held_from: str = ""
    """Of a new order whose pick has to wait: its status once it has not."""
    is_address_outdated: bool = False
    """Whether Brightpearl still has another delivery address than the store."""
    is_status_undecided: bool = False
    """Whether a person decides about it: then the statuses that were agreed on stay remembered."""


@dataclass(frozen=True)
class Rules(Decisions):
    """The merchant's settings, the account's statuses, and what people decided about cases."""

    on_hold: str = ""
    """Brightpearl's status of an order whose pick must wait; "" if the table has none."""
    cancelled: str = ""
    cancel_in_store: bool = True
    amendment_cap: Decimal = CENT
    notes_what_left: bool = False
    """Whether goods that left before the import are put on a goods-out note."""

    @classmethod
    def of(cls, run: Run) -> Rules:
        """The rules for the batch of a run."""
        statuses = run.bundle.tables["account_statuses"]
        decisions = run.decisions()
        return cls(
            approved=decisions.approved,
            discarded=decisions.discarded,
            on_hold=statuses.get("on_hold") or "",
            cancelled=statuses.get("cancelled") or "",
            cancel_in_store=run.connections.pair.orders.cancel_in_store,
            notes_what_left=run.connections.pair.orders.left_before == "note",
            amendment_cap=run.connections.pair.orders.amendment_cap,
        )


@dataclass(kw_only=True)
class OrderProgress(Progress[OrderPlan]):
    """An order's plan, and how far it is carried out."""

    actual: ActualOrder | None = None
    """Brightpearl's side, as it was last read."""
    order_id_bp: str = ""
    consignment_ids: dict[str, str] = field(default_factory=dict)
    """Sales orders of further addresses, by BigCommerce's order_address_id."""
    contact_id: str = ""
    short: dict[str, int] = field(default_factory=dict)
    """Units that stay unreserved for want of stock, by Brightpearl product id."""
    credit_id: str = ""
    left_note_id: str = ""
    """Of the goods-out note of what had left before the import, until it has left itself."""

    @property
    def desired(self) -> DesiredOrder:
        """The order as it should be."""
        return self.plan.desired

    @property
    def external_order_id(self) -> str:
        """What the store's order is to have: Brightpearl's id, unless another app's is in it."""
        return self.desired.store.foreign_order_id or self.order_id_bp

    def sales_order_id(self, address_id: str = "") -> str:
        """Brightpearl's id of the sales order for an address; of the first one where it is gone."""
        return self.consignment_ids.get(address_id, self.order_id_bp)

    def label(self, what: str, address_id: str = "") -> str:
        """The label of a message about the sales order for an address."""
        return consignment_ref(f"{what}:{self.key}", address_id)

    @property
    def existing(self) -> ActualOrder:
        """Brightpearl's side of an order that exists by now."""
        if self.actual is None:
            raise TransientError(f"The sales order of {self.key} cannot be read back yet.")
        return self.actual


@dataclass(frozen=True, kw_only=True)
class OrderOperation(Operation[OrderProgress]):
    """A write to a sales order that exists. Harmless to repeat."""

    address_id: str = ""
    """Of the sales order of a further address: BigCommerce's order_address_id."""
    is_repeatable: ClassVar[bool] = True
    takes_away: ClassVar[bool] = False
    """Then it is fine if that is gone, and a refusal says most likely that the order moved on."""

    @abstractmethod
    def message(self, record: OrderProgress) -> Message:
        """The message; its label is the natural key."""

    def changes(self) -> Changes:
        """Before and after, for the ledger."""
        return {}, {}

    def write(self, _run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        """The message with its ledger entry."""
        message = self.message(record)
        before, after = self.changes()
        return BrightpearlWrite(
            natural_key=message.label,
            before=before,
            after=after,
            is_repeatable=self.is_repeatable,
            message=message,
        )

    def absorb(self, run: Run, record: OrderProgress, error: CausewayError) -> CausewayError | None:
        """An order that is gone, or has moved on, meanwhile is read again."""
        del run, record
        if self.takes_away and isinstance(error, NotFoundError):
            return None
        is_outdated = isinstance(error, RejectedError if self.takes_away else NotFoundError)
        return TransientError(error.message) if is_outdated else error


@dataclass(frozen=True)
class CreateSalesOrder(Operation[OrderProgress]):
    """The sales order, less what is one for a further address.

    Its external reference makes it safe to send twice.
    """

    rows: tuple[Row, ...]
    contact: ContactPlan | None = None
    """The customer, where Brightpearl does not know one yet."""
    kind = "create sales order"

    def describe(self) -> str:
        return f"sales order with {counted(len(self.rows), 'row')}"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite:
        return _creation(run, record, record.contact_id, messages.create_sales_order, self.rows)

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.order_id_bp = str(answer)


@dataclass(frozen=True)
class CreateConsignment(Operation[OrderProgress]):
    """The sales order of a further address: a back order of the first one, as staff make them."""

    consignment: Consignment
    kind = "create sales order of a further address"

    def describe(self) -> str:
        rows = counted(len(self.consignment.rows), "row")
        return f"sales order {self.consignment.external_ref} with {rows}"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite:
        one = self.consignment
        return _creation(
            run,
            record,
            record.contact_id or record.existing.contact_id,
            messages.create_sales_order,
            one.rows,
            delivery=Delivery(
                address=one.delivery, shipping_method_id=one.shipping_method_id or None
            ),
            external_ref=one.external_ref,
            parent_id=record.order_id_bp,
        )

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.consignment_ids[self.consignment.address_id] = str(answer)


@dataclass(frozen=True)
class CreateCredit(Operation[OrderProgress]):
    """A sales credit over a whole order that was cancelled after it was invoiced."""

    external_ref: str
    kind = "create sales credit"

    def describe(self) -> str:
        return f"sales credit {self.external_ref}"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite:
        return _creation(
            run,
            record,
            record.existing.contact_id,
            messages.create_sales_credit,
            record.desired.rows,
            external_ref=self.external_ref,
            parent_id=record.order_id_bp,
            status_id=run.bundle.tables["credit_statuses"].get("new") or "0",
        )

    def apply(self, record: OrderProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.credit_id = str(answer)


@dataclass(frozen=True)
class StatusChange(OrderOperation):
    """A status of Brightpearl's side; with a note, the status is read before it is set again."""

    before: str
    after: str
    note: str = ""
    """What staff read with it."""
    returns_to: str = ""
    """Where it puts the pick on hold: the status the order has once it goes on."""
    kind = "set status"

    def describe(self) -> str:
        return f"Brightpearl status {self.before} → {self.after}"

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        write = super().write(run, record)
        return replace(write, is_repeatable=not self.note) if write else None

    def find(self, run: Run, record: OrderProgress) -> str | None:
        """The order's id, if it has the status by now."""
        order_id = record.sales_order_id(self.address_id)
        found = with_retries(lambda: run.brightpearl.get_sales_orders([order_id]))
        read = (one for one in found if isinstance(one, SalesOrder))
        return next((one.id for one in read if one.status_id == self.after), None)

    def message(self, record: OrderProgress) -> Message:
        label = record.label("status", self.address_id)
        order_id = record.sales_order_id(self.address_id)
        return messages.set_status(label, order_id, int(self.after), self.note)

    def changes(self) -> Changes:
        return {"status_id": self.before}, {"status_id": self.after}


@dataclass(frozen=True)
class SetStatus(StatusChange):
    """A status that follows the store's, or that puts a pick on hold or takes it off hold."""


@dataclass(frozen=True)
class CancelSalesOrder(StatusChange):
    """The status that means cancelled, once its stock is released."""

    def describe(self) -> str:
        return f"cancel in Brightpearl (status {self.after})"


@dataclass(frozen=True)
class DeleteGoodsOutNote(OrderOperation):
    """A goods-out note that has not left, taken back."""

    note_id: str
    kind = "take back goods-out note"
    takes_away = True

    def describe(self) -> str:
        return f"take back goods-out note {self.note_id}"

    def message(self, record: OrderProgress) -> Message:
        label = f"take-back:{self.note_id}"
        return messages.delete_goods_out(label, record.order_id_bp, self.note_id)


@dataclass(frozen=True)
class ReleaseStock(OrderOperation):
    """All that an order has reserved, released."""

    kind = "release stock"
    takes_away = True

    def describe(self) -> str:
        return ""

    def message(self, record: OrderProgress) -> Message:
        label = record.label("release", self.address_id)
        return messages.release_reservation(label, record.sales_order_id(self.address_id))


@dataclass(frozen=True)
class AddNote(OrderOperation):
    """A note that staff read on the sales order.

    Brightpearl gives a note no key of ours, so its text is its natural key: where an earlier try
    may have added it, the order's notes are read first.
    """

    about: str
    text: str = field(repr=False)
    after: Mapping[str, Any]
    """For the ledger: without the text, which may be personal."""
    kind = "add note"
    is_repeatable = False

    def describe(self) -> str:
        return f"note about the {self.about}"

    def message(self, record: OrderProgress) -> Message:
        label = record.label(self.about, self.address_id)
        return messages.add_note(label, record.sales_order_id(self.address_id), self.text)

    def changes(self) -> Changes:
        return {}, self.after

    def write(self, run: Run, record: OrderProgress) -> BrightpearlWrite | None:
        message = self.message(record)
        before, after = self.changes()
        write = BrightpearlWrite(
            natural_key=f"{message.label}:{fingerprint([record.key, self.text])}",
            before=before,
            after=after,
            is_repeatable=self.is_repeatable,
            message=message,
        )
        exists = self.may_exist(run, record, write) and self.find(run, record) is not None
        return None if exists else write

    def may_exist(self, run: Run, record: OrderProgress, write: BrightpearlWrite) -> bool:
        """Whether an earlier try may have added it, of which nothing else is kept."""
        begun = run.ledger.begun(run.pair, run.entity, [record.key])
        return any(entry.natural_key == write.natural_key for entry in begun)

    def find(self, run: Run, record: OrderProgress) -> str | None:
        """Its id, if it is the order's last note that begins so: an older one was superseded."""
        order_id, heading = record.sales_order_id(self.address_id), _heading(self.text)
        notes = with_retries(lambda: list(run.brightpearl.list_order_notes(order_id)))
        same = [note for note in notes if _heading(note.text) == heading]
        last = max(same, key=lambda note: int(note.id), default=None)
        return last.id if last and last.text == self.text else None


@dataclass(frozen=True)
class AddTexts(AddNote):
    """The note with what people wrote in the store.

    It is also searched for where nothing is known of an order that Brightpearl has already.
    """

    is_known: bool = False
    """Whether it is known what notes the order has."""

    def may_exist(self, run: Run, record: OrderProgress, write: BrightpearlWrite) -> bool:
        is_unknown = not self.is_known and record.plan.actual is not None
        return is_unknown or super().may_exist(run, record, write)


def _heading(text: str) -> str:
    """What a note begins with, which the later notes about the same have as well."""
    return re.split(r"[:.\n]", text, maxsplit=1)[0]


@dataclass(frozen=True)
class SetCustomFields(OrderOperation):
    """The account's own fields of a sales order."""

    fields: Mapping[str, str] = field(repr=False)
    kind = "set custom fields"

    def describe(self) -> str:
        return f"custom fields {', '.join(sorted(self.fields))}"

    def message(self, record: OrderProgress) -> Message:
        label = record.label("fields", self.address_id)
        order_id = record.sales_order_id(self.address_id)
        return messages.set_custom_fields(label, order_id, self.fields)

    def changes(self) -> Changes:
        return {}, {"custom_fields": sorted(self.fields)}


@dataclass(frozen=True)
class UpdateStoreOrder(Operation[OrderProgress]):
    """The write-back: status and Brightpearl's id, in one PUT that carries nothing else."""

    status_id: str
    """The status the order is to have; the one it has when it is to stay."""
    kind = "update BigCommerce order"

    def describe(self) -> str:
        return f"status {self.status_id} and Brightpearl's id to BigCommerce"

    def write(self, _run: Run, record: OrderProgress) -> BigCommerceWrite | None:
        store, order_id = record.desired.store, record.key
        status_id = int(self.status_id) if self.status_id != store.status_id else None
        wanted = record.external_order_id
        external_id = wanted if wanted != store.external_order_id else None
        if status_id is None and external_id is None:
            return None

        def send(bigcommerce: BigCommerce) -> None:
            bigcommerce.update_order(order_id, status_id=status_id, external_order_id=external_id)

        return BigCommerceWrite(
            natural_key=order_id,
            before={
                "status_id": store.status_id,
                "external_order_id": store.external_order_id,
            },
            after={
                "status_id": self.status_id,
                "external_order_id": wanted,
            },
            send=send,
        )


@dataclass(frozen=True)
class SetMetafield(Operation[OrderProgress]):
    """Brightpearl's id in a metafield of an order whose external order id is another app's."""

    kind = "set order metafield"

    def describe(self) -> str:
        return "Brightpearl's id to a metafield of the BigCommerce order"

    def write(self, _run: Run, record: OrderProgress) -> BigCommerceWrite:
        order_id, order_id_bp = record.key, record.order_id_bp

        def send(bigcommerce: BigCommerce) -> None:
            bigcommerce.set_order_metafield(order_id, METAFIELD, order_id_bp)

        return BigCommerceWrite(
            natural_key=order_id,
            before={"external_order_id": record.desired.store.external_order_id},
            after={METAFIELD: order_id_bp},
            send=send,
        )


def _creation(
    run: Run,
    record: OrderProgress,
    contact_id: str,
    create: Callable[[str, SalesOrderCreate], Message],
    rows: Sequence[Row],
    **changed: Any,  # noqa: ANN401 - fields of the document
) -> BrightpearlWrite:
    """Rows of the order as Brightpearl's document.

    In: what is otherwise than in the order's first sales order.
    """
    desired, billing = record.desired, record.desired.billing
    fields = {
        "delivery": Delivery(
            address=desired.delivery, shipping_method_id=desired.shipping_method_id or None
        ),
        "external_ref": desired.external_ref,
        "status_id": desired.status_id_imported or desired.status_id or "0",
        **changed,
    }
    document = SalesOrderCreate(
        customer=CustomerRef(id=contact_id, address=billing),
        billing=BillingRef(contact_id=contact_id, address=billing),
        ref=desired.ref,
        instance_id=run.connections.pair.brightpearl.instance_id,
        placed_on=desired.placed_at,
        tax_date=desired.tax_on,
        warehouse_id=desired.warehouse_id,
        channel_id=desired.channel_id,
        price_list_id=desired.price_list_id or None,
        price_mode_code=desired.price_mode_code,
        currency=currency_ref(desired.currency_code, desired.exchange_rate),
        rows=tuple(
            SalesOrderRowCreate(sequence=row.sequence or None, **row_fields(row)) for row in rows
        ),
        **fields,
    )
    return BrightpearlWrite(
        natural_key=document.external_ref,
        after={
            "total_inc_tax": str(two_places(total_of(rows))),
            "currency": desired.currency_code,
            "rows": [
                [row.row_ref, row.quantity, str(row.net), str(row.tax), row.product_id]
                for row in rows
            ],
        },
        message=create(document.external_ref, document),
    )

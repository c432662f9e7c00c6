"""The `order` resource: headers of every type, reads in the parties shape, status, notes."""

from dataclasses import dataclass
from typing import NoReturn

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import AddressIn, order_address
from sandbox.brightpearl.api import (
    Call,
    Change,
    Incoming,
    Routes,
    answer,
    apply_all,
    done,
    operations,
    options_answer,
)
from sandbox.brightpearl.formats import local_midnight, require_moment
from sandbox.brightpearl.order_documents import party_order
from sandbox.brightpearl.order_rows_api import editable
from sandbox.brightpearl.order_state import paid_total, settled_units, start_invoicing
from sandbox.brightpearl.records import Order, OrderNote
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.sales_orders import place
from sandbox.kit.routing import Reply

routes = Routes()
READ_LIMIT = 200
REFERENCE_LENGTH = 64


@routes("GET", "/order-service/order/{ids}")
def read_orders(account: Account, call: Call) -> Reply:
    """A list without the missing ones: never 404."""
    ids = call.id_set(limit=READ_LIMIT).among(account.orders, account.orders)
    options = call.options()
    return answer([party_order(account, account.orders[number], options) for number in ids])


@routes("OPTIONS", "/order-service/order", "/order-service/order/{ids}")
def order_options(account: Account, call: Call) -> Reply:
    """GET paths that name existing ids only."""
    return options_answer(account.orders, call, "order")


@routes("OPTIONS", "/order-service/sales-order", "/order-service/sales-order/{ids}")
def sales_order_options(account: Account, call: Call) -> Reply:
    """The same for sales orders."""
    return options_answer(account.orders, call, "sales-order", _is_sales_order)


def _is_sales_order(order: Order) -> bool:
    return order.type_code == "SO"


class PartyIn(AddressIn):
    """A party: a contact, or an address."""

    contact_id: int | None = None


class PartiesIn(Incoming):
    """`parties`."""

    customer: PartyIn | None = None
    supplier: PartyIn | None = None
    delivery: PartyIn | None = None


class StatusRefIn(Incoming):
    """`orderStatus`."""

    order_status_id: int | None = None


class OrderCurrencyIn(Incoming):
    """`currency`."""

    order_currency_code: str | None = None


class HeaderIn(Incoming):
    """The body of `POST /order-service/order`."""

    order_type_code: str | None = None
    reference: str | None = Field(default=None, max_length=REFERENCE_LENGTH)
    parent_order_id: int | None = None
    price_list_id: int | None = None
    price_mode_code: str | None = Field(default=None, pattern="^(INC|EXC)$")
    placed_on: str | None = None
    order_status: StatusRefIn = StatusRefIn()
    currency: OrderCurrencyIn = OrderCurrencyIn()
    parties: PartiesIn = PartiesIn()
    warehouse_id: int | None = None


@routes("POST", "/order-service/order")
def create_header(account: Account, call: Call) -> Reply:
    """Only a header, and no protection from duplicates."""
    body = call.read(HeaderIn)
    if body.order_type_code is None:
        refuse("ORDC-005", "You have not supplied an order type code")
    if body.order_type_code not in reference.ORDER_TYPE_IDS:
        refuse("ORDC-006", "You have supplied an invalid order type code")
    order = _new_header(account, body, body.order_type_code)
    place(account, order)
    return answer(order.id)


def _new_header(account: Account, body: HeaderIn, type_code: str) -> Order:
    purchase = type_code in {"PO", "PC"}
    party = body.parties.supplier if purchase else body.parties.customer
    contact = account.contacts.get(party.contact_id or 0) if party is not None else None
    if contact is None and purchase:
        refuse("ORDC-022", "Suppllier ID Required.")  # spelt as recorded
    if contact is None:
        refuse("ORDC-901", "A customer id is required")
    status_id = body.order_status.order_status_id or reference.DEFAULT_STATUS[type_code]
    check_status(status_id, type_code)
    currency = body.currency.order_currency_code or reference.BASE_CURRENCY
    if currency not in reference.CURRENCIES:
        refuse("ORDC-903", f"currency {currency[:8]} does not exist")
    price_list = (
        body.price_list_id if body.price_list_id in reference.PRICE_LISTS else contact.price_list_id
    )
    placed_on = (
        require_moment(body.placed_on, "placedOn", account.zone)
        if body.placed_on
        else account.now()
    )
    own = order_address(contact, account.addresses.get(contact.address_ids.get("DEF", 0)))
    delivery = body.parties.delivery
    return Order(
        id=account.sequences.next("order"),
        type_code=type_code,
        contact_id=contact.id,
        status_id=status_id,
        warehouse_id=body.warehouse_id or reference.DEFAULT_WAREHOUSE,
        channel_id=1,
        currency_code=currency,
        exchange_rate=reference.CURRENCIES[currency][2],
        price_list_id=price_list,
        price_mode=body.price_mode_code or "EXC",
        placed_on=placed_on,
        tax_date=local_midnight(placed_on, account.zone),
        created_on=account.now(),
        customer_address=own,
        billing_contact_id=contact.id,
        billing_address=own,
        delivery_address=delivery.to_address() if delivery is not None else own,
        ref=body.reference or "",
        parent_id=body.parent_order_id or 0,
    )


def check_status(status_id: int, type_code: str) -> None:
    """Refuse a status that does not exist for this type of order."""
    status = reference.STATUSES.get(status_id)
    if status is None or status.order_type != type_code:
        refuse(
            "ORDC-908", f"Order status {status_id} does not exist for orders of type {type_code}"
        )


class NoteIn(Incoming):
    """A note; `addedOn` defaults to now."""

    text: str
    is_public: bool = False
    added_on: str | None = None
    file_id: int | None = None


class StatusIn(Incoming):
    """A new status, with a note when wanted."""

    order_status_id: int
    order_note: NoteIn | None = None


@routes("PUT", "/order-service/order/{id}/status")
def set_status(account: Account, call: Call) -> Reply:
    """`{}`. A status releases no stock and invoices nothing."""
    order = account.order(call.number("id"))
    body = call.read(StatusIn)
    check_status(body.order_status_id, order.type_code)
    change_status(account, order, body.order_status_id)
    if body.order_note is not None:
        add_note(account, order, body.order_note)
    return done()


def change_status(account: Account, order: Order, status_id: int) -> None:
    """Set a status that fits the order's type.

    Raises: Refusal 400 when it would cancel an order that can no longer be cancelled.
    """
    if reference.STATUSES[status_id].state == "cancelled":
        _check_cancellable(account, order)
    order.status_id = status_id
    account.touch(order)
    account.emit("order", order.id, "modified", "order-status")


def _check_cancellable(account: Account, order: Order) -> None:
    if order.invoice_reference is not None:
        refuse("ORDB-915", f"Order {order.id} is invoiced and cannot be cancelled")
    if account.switches.cancelling_refused_for == "invoiced":
        return
    if settled_units(account, order):
        refuse("ORDB-916", f"Order {order.id} has goods notes and cannot be cancelled")
    if paid_total(account, order) > 0:
        refuse("ORDB-917", f"Order {order.id} is paid and cannot be cancelled")


@routes("POST", "/order-service/order/{id}/note")
def create_note(account: Account, call: Call) -> Reply:
    """Answers the note id."""
    order = account.order(call.number("id"))
    note = add_note(account, order, call.read(NoteIn))
    account.touch(order)
    account.emit("order", order.id, "modified")
    return answer(note.id)


def add_note(account: Account, order: Order, body: NoteIn) -> OrderNote:
    """The note as kept."""
    added = (
        require_moment(body.added_on, "addedOn", account.zone) if body.added_on else account.now()
    )
    note = OrderNote(
        id=account.sequences.next("note"),
        order_id=order.id,
        contact_id=order.contact_id,
        text=body.text,
        is_public=body.is_public,
        added_on=added,
        order_status_id=order.status_id,
        file_id=body.file_id,
    )
    account.notes[note.id] = note
    account.notes_by_order[order.id].append(note.id)
    return note


@routes("PATCH", "/order-service/order/{id}")
def patch_order(account: Account, call: Call) -> Reply:
    """The whole order after the change."""
    order = account.order(call.number("id"))
    apply_all(operations(call), _HeaderPatch(account, order).paths())
    account.touch(order)
    account.emit("order", order.id, "modified")
    return answer(party_order(account, order))


def _refuse_absent(name: str, value: object) -> NoReturn:
    refuse("ORDC-903", f"{name} {str(value)[:20]} does not exist")


@dataclass(frozen=True, slots=True)
class _HeaderPatch:
    account: Account
    order: Order

    def paths(self) -> dict[str, dict[str, Change]]:
        """What the vendor lets be patched, and how."""
        return {
            "/reference": {
                "replace": self._set_reference,
                "remove": lambda _: self._set_reference(""),
            },
            "/warehouseId": {"replace": self._set_warehouse},
            "/delivery/shippingMethodId": {
                "replace": self._set_method,
                "remove": lambda _: self._set_method(0),
            },
            "/delivery/deliveryDate": {"replace": self._set_delivery_date},
            "/parties/customer/contactId": {"replace": self._set_customer},
            "/parties/billing/contactId": {"replace": self._set_biller},
        }

    def _set_reference(self, value: object) -> None:
        text = str(value or "")
        if len(text) > REFERENCE_LENGTH:
            refuse("ORDC-909", f"reference is longer than {REFERENCE_LENGTH} characters")
        index = self.account.orders_by_ref
        index[self.order.ref].remove(self.order.id)
        index[text].append(self.order.id)
        self.order.ref = text

    def _set_warehouse(self, value: object) -> None:
        if self.order.allocation_status not in {"ANR", "ANA"}:
            refuse("ORDB-910", "The warehouse cannot change once stock is allocated")
        number = int(str(value))
        if number not in reference.WAREHOUSES:
            _refuse_absent("warehouseId", value)
        self.order.warehouse_id = number

    def _set_method(self, value: object) -> None:
        number = int(str(value))
        if number not in (0, *reference.SHIPPING_METHODS):
            _refuse_absent("shippingMethodId", value)
        self.order.shipping_method_id = number

    def _set_delivery_date(self, value: object) -> None:
        self.order.delivery_on = require_moment(str(value), "deliveryDate", self.account.zone)

    def _set_customer(self, value: object) -> None:
        self.order.contact_id = self._contact(value)

    def _set_biller(self, value: object) -> None:
        self.order.billing_contact_id = self._contact(value)

    def _contact(self, value: object) -> int:
        if self.order.invoice_reference is not None:
            refuse("ORDB-911", "The order is invoiced")
        number = int(str(value))
        if number not in self.account.contacts:
            _refuse_absent("Contact", value)
        return number


class CloseIn(Incoming):
    """Body of a close."""

    tax_date: str | None = None


@routes("POST", "/order-service/sales-order/{id}/close")
def close_sales_order(account: Account, call: Call) -> Reply:
    """Starts invoicing; repeatable while pending, refused afterwards."""
    return _close(account, call, "SO")


@routes("POST", "/order-service/sales-credit/{id}/close")
def close_sales_credit(account: Account, call: Call) -> Reply:
    """The same for a credit."""
    return _close(account, call, "SC")


def _close(account: Account, call: Call, type_code: str) -> Reply:
    order = editable(account, call, type_code)
    body = call.read(CloseIn) if call.raw_body.strip() else CloseIn()
    if body.tax_date:
        order.tax_date = require_moment(body.tax_date, "taxDate", account.zone)
    start_invoicing(account, order)
    return done()

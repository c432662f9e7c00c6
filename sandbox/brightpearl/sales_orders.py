"""Sales orders and sales credits in the flat shape: one call with all rows, or nothing."""

from collections.abc import Container
from datetime import datetime
from decimal import Decimal

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import AddressIn, order_address
from sandbox.brightpearl.api import Call, Incoming, Routes, answer
from sandbox.brightpearl.automation import follow_rules
from sandbox.brightpearl.formats import local_midnight, require_moment
from sandbox.brightpearl.order_documents import flat_order
from sandbox.brightpearl.order_rows import RowIn, new_rows
from sandbox.brightpearl.order_state import refresh
from sandbox.brightpearl.records import Address, Contact, Order
from sandbox.brightpearl.refusals import refuse
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 200
MIXED = 207


class CustomerIn(Incoming):
    """`customer` of the body."""

    id: int
    address: AddressIn | None = None


class BillingIn(Incoming):
    """`billing` of the body."""

    contact_id: int | None = None
    address: AddressIn | None = None


class DeliveryIn(Incoming):
    """`delivery` of the body."""

    date: str | None = None
    address: AddressIn | None = None
    shipping_method_id: int | None = None


class CurrencyIn(Incoming):
    """`currency` of the body."""

    code: str | None = None
    fixed_exchange_rate: bool | None = None
    exchange_rate: Decimal | None = Field(default=None, gt=0)


class SalesOrderIn(Incoming):
    """The body of `POST /order-service/sales-order` and `/sales-credit`."""

    customer: CustomerIn | None = None
    customer_id: int | None = None
    billing: BillingIn = BillingIn()
    delivery: DeliveryIn = DeliveryIn()
    ref: str | None = Field(default=None, max_length=64)
    external_ref: str | None = None
    installed_integration_instance_id: int | None = None
    placed_on: str | None = None
    tax_date: str | None = None
    parent_id: int | None = None
    status_id: int | None = None
    warehouse_id: int | None = None
    channel_id: int | None = None
    staff_owner_id: int | None = None
    project_id: int | None = None
    lead_source_id: int | None = None
    team_id: int | None = None
    price_list_id: int | None = None
    price_mode_code: str | None = Field(default=None, pattern="^(INC|EXC)$")
    currency: CurrencyIn = CurrencyIn()
    rows: list[RowIn] = Field(default_factory=list)


@routes("POST", "/order-service/sales-order")
def create_sales_order(account: Account, call: Call) -> Reply:
    """Answers the new id, or for a known externalRef + instance the id that already has it."""
    return _create(account, call, "SO")


@routes("POST", "/order-service/sales-credit")
def create_sales_credit(account: Account, call: Call) -> Reply:
    """As sales orders; quantities and amounts are positive."""
    return _create(account, call, "SC")


@routes("GET", "/order-service/sales-order/{ids}")
def read_sales_orders(account: Account, call: Call) -> Reply:
    """Up to 200; 207 when some are missing."""
    return _read(account, call, "SO")


@routes("GET", "/order-service/sales-credit/{ids}")
def read_sales_credits(account: Account, call: Call) -> Reply:
    """Up to 200; 207 when some are missing."""
    return _read(account, call, "SC")


def _read(account: Account, call: Call, type_code: str) -> Reply:
    wanted = call.id_set(limit=READ_LIMIT).ids()
    found = [
        flat_order(account, account.orders[number])
        for number in wanted
        if number in account.orders and account.orders[number].type_code == type_code
    ]
    return answer(found, 200 if len(found) == len(wanted) else MIXED)


def _create(account: Account, call: Call, type_code: str) -> Reply:
    body = call.read(SalesOrderIn)
    key = _key(body, type_code)
    if key is not None and (known := account.order_by_key.get(key)) is not None:
        existing = account.switches.duplicate_order_answer == "existing_id"
        return answer(known) if existing else Reply(200, {})
    contact = _contact(account, body)
    _check_references(account, body, type_code)
    order = _header(account, body, contact, type_code)
    for row in new_rows(account, body.rows):
        order.rows[row.id] = row
    place(account, order)
    contact.last_ordered_on = account.now()
    if type_code == "SO":
        account.emit("sales-order", order.id, "created")
        follow_rules(account, order)
    return answer(order.id)


def _key(body: SalesOrderIn, type_code: str) -> tuple[str, str, int] | None:
    if body.external_ref is None or body.installed_integration_instance_id is None:
        return None
    return type_code, body.external_ref, body.installed_integration_instance_id


def place(account: Account, order: Order) -> None:
    """Add a finished order to the records and indexes, and emit its event."""
    account.orders[order.id] = order
    if order.external_ref is not None:
        account.orders_by_external_ref[order.external_ref].append(order.id)
        if order.instance_id is not None:
            account.order_by_key[order.type_code, order.external_ref, order.instance_id] = order.id
    account.orders_by_ref[order.ref].append(order.id)
    if order.parent_id:
        account.orders_by_parent[order.parent_id].append(order.id)
    for row_id in order.rows:
        account.order_by_row[row_id] = order.id
    refresh(account, order)
    if account.switches.order_modified_on_creation:
        account.emit("order", order.id, "modified")


def _contact(account: Account, body: SalesOrderIn) -> Contact:
    contact_id = body.customer.id if body.customer is not None else body.customer_id
    if contact_id is None:
        refuse("ORDC-901", "A customer id is required")
    contact = account.contacts.get(contact_id)
    if contact is None:
        refuse("ORDC-902", f"Contact {contact_id} does not exist")
    return contact


def _check_references(account: Account, body: SalesOrderIn, type_code: str) -> None:
    status = reference.STATUSES.get(body.status_id or reference.DEFAULT_STATUS[type_code])
    checks = (
        (status is not None and status.order_type == type_code, f"statusId {body.status_id}"),
        (_known(body.warehouse_id, reference.WAREHOUSES), f"warehouseId {body.warehouse_id}"),
        (_known(body.channel_id, reference.CHANNELS), f"channelId {body.channel_id}"),
        (_known(body.price_list_id, reference.PRICE_LISTS), f"priceListId {body.price_list_id}"),
        (
            _known(body.delivery.shipping_method_id or None, reference.SHIPPING_METHODS),
            f"shippingMethodId {body.delivery.shipping_method_id}",
        ),
        (_known(body.currency.code, reference.CURRENCIES), f"currency {body.currency.code}"),
        (_known(body.parent_id or None, account.orders), f"parentId {body.parent_id}"),
        (
            _known(body.billing.contact_id, account.contacts),
            f"billing contact {body.billing.contact_id}",
        ),
    )
    for valid, what in checks:
        if not valid:
            refuse("ORDC-903", f"{what} does not exist for this order type")


def _known(value: str | int | None, listed: Container[str | int]) -> bool:
    """Whether a reference was left out, or names something."""
    return value is None or value in listed


def _header(account: Account, body: SalesOrderIn, contact: Contact, type_code: str) -> Order:
    now = account.now()
    biller = account.contacts[body.billing.contact_id or contact.id]
    sent = body.customer.address if body.customer is not None else None
    price_list = body.price_list_id or contact.price_list_id
    currency = body.currency.code or reference.BASE_CURRENCY
    default_mode = "INC" if reference.PRICE_LISTS[price_list].gross else "EXC"
    placed_on = _moment(account, body.placed_on, "placedOn")
    return Order(
        id=account.sequences.next("order"),
        type_code=type_code,
        contact_id=contact.id,
        status_id=body.status_id or reference.DEFAULT_STATUS[type_code],
        warehouse_id=body.warehouse_id or reference.DEFAULT_WAREHOUSE,
        channel_id=body.channel_id or 1,
        currency_code=currency,
        exchange_rate=body.currency.exchange_rate or reference.CURRENCIES[currency][2],
        fixed_exchange_rate=bool(body.currency.fixed_exchange_rate),
        price_list_id=price_list,
        price_mode=body.price_mode_code or default_mode,
        placed_on=placed_on or now,
        tax_date=_moment(account, body.tax_date, "taxDate")
        or local_midnight(placed_on or now, account.zone),
        created_on=now,
        customer_address=_address(account, contact, sent, "DEF"),
        billing_contact_id=biller.id,
        billing_address=_address(account, biller, body.billing.address, "BIL"),
        delivery_address=_address(account, contact, body.delivery.address, "DEL"),
        ref=body.ref or "",
        external_ref=body.external_ref,
        instance_id=body.installed_integration_instance_id,
        parent_id=body.parent_id or 0,
        delivery_on=_moment(account, body.delivery.date, "delivery.date"),
        shipping_method_id=body.delivery.shipping_method_id or 0,
        staff_owner_id=body.staff_owner_id or 0,
        project_id=body.project_id or 0,
        lead_source_id=body.lead_source_id or 0,
        team_id=body.team_id or 0,
    )


def _moment(account: Account, text: str | None, field: str) -> datetime | None:
    return require_moment(text, field, account.zone) if text else None


def _address(account: Account, contact: Contact, sent: AddressIn | None, kind: str) -> Address:
    if sent is not None:
        return sent.to_address()
    book = contact.address_ids
    return order_address(contact, account.addresses.get(book.get(kind) or book.get("DEF") or 0))

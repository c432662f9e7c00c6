"""Searches of the order and accounting services."""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.idset import parse_id_set
from sandbox.brightpearl.records import Order, OrderNote, Payment
from sandbox.brightpearl.routing import Routes
from sandbox.brightpearl.search import Column, Search, since

routes = Routes()


def _by_id(account: Account, text: str) -> Iterable[Order]:
    wanted = parse_id_set(text)
    ids = wanted.among(account.orders, account.orders) if wanted is not None else []
    return [account.orders[number] for number in sorted(ids)]


def _by_external_ref(account: Account, text: str) -> Iterable[Order]:
    return [account.orders[number] for number in account.orders_by_external_ref.get(text, ())]


def _by_ref(account: Account, text: str) -> Iterable[Order]:
    return [account.orders[number] for number in sorted(account.orders_by_ref.get(text, ()))]


def _by_refs(account: Account, text: str) -> Iterable[Order]:
    ids = {number for ref in text.split(",") for number in account.orders_by_ref.get(ref, ())}
    return [account.orders[number] for number in sorted(ids)]


def _by_parent(account: Account, text: str) -> Iterable[Order]:
    wanted = parse_id_set(text)
    if wanted is None:
        return account.orders.values()
    ids = [number for parent in wanted.ids() for number in account.orders_by_parent.get(parent, ())]
    return [account.orders[number] for number in sorted(ids)]


def _created_since(account: Account, text: str) -> Iterable[Order]:
    """Ids rise with time, unless the sandbox clock was turned back: then nothing is left out."""
    if account.clock_went_back:
        return account.orders.values()
    return since(reversed(account.orders.values()), lambda o: o.created_on, text, account)


def _changed_since(account: Account, text: str) -> Iterable[Order]:
    if account.clock_went_back:
        return account.orders.values()
    changed = reversed(account.orders_by_change.values())
    return sorted(since(changed, lambda o: o.updated_on, text, account), key=lambda o: o.id)


def _order_names(page: Sequence[Order]) -> dict[str, Any]:
    used = {str(reference.ORDER_TYPE_IDS[order.type_code]) for order in page}
    return (
        {"orderTypeNames": {key: reference.ORDER_TYPE_NAMES[key] for key in sorted(used)}}
        if used
        else {}
    )


def _placed(order: Order) -> object:
    return order.placed_on


ORDER_SEARCH = Search[Order](
    path="/order-service/order-search",
    columns=(
        Column("orderId", "IDSET", lambda o: o.id),
        Column("orderTypeId", "IDSET", lambda o: reference.ORDER_TYPE_IDS[o.type_code]),
        Column("contactId", "INTEGER", lambda o: o.contact_id),
        Column("orderStatusId", "INTEGER", lambda o: o.status_id),
        Column(
            "orderStockStatusId", "INTEGER", lambda o: reference.STOCK_STATUS_IDS[o.stock_status]
        ),
        Column("createdOn", "PERIOD", lambda o: o.created_on),
        Column("createdById", "INTEGER", lambda _: reference.API_USER_ID),
        Column("customerRef", "STRING", lambda o: o.ref),
        Column(
            "orderPaymentStatusId",
            "INTEGER",
            lambda o: reference.PAYMENT_STATUS_IDS[o.payment_status],
        ),
        Column("updatedOn", "PERIOD", lambda o: o.updated_on),
        Column("parentOrderId", "IDSET", lambda o: o.parent_id),
        Column(
            "orderShippingStatusId",
            "INTEGER",
            lambda o: reference.SHIPPING_STATUSES[o.shipping_status][0],
        ),
        Column("externalRef", "STRING", lambda o: o.external_ref),
        Column("installedIntegrationInstanceId", "INTEGER", lambda o: o.instance_id),
        Column("warehouseId", "INTEGER", lambda o: o.warehouse_id),
        Column("staffOwnerContactId", "INTEGER", lambda o: o.staff_owner_id),
        Column("taxDate", "PERIOD", lambda o: o.tax_date),
        Column("departmentId", "INTEGER", lambda o: o.channel_id),
        Column("deliveryDate", "PERIOD", lambda o: o.delivery_on),
    ),
    filters=(
        Column("placedOn", "PERIOD", _placed),
        Column("shippingMethodId", "INTEGER", lambda o: o.shipping_method_id),
        Column("projectId", "INTEGER", lambda o: o.project_id),
        Column("leadSourceId", "INTEGER", lambda o: o.lead_source_id),
        Column("isClone", "BOOLEAN", lambda _: False),
        Column("isHistoricalOrder", "BOOLEAN", lambda _: False),
    ),
    records=lambda account: account.orders.values(),
    created_at=lambda o: o.created_on,
    narrow={
        "externalRef": _by_external_ref,
        "customerRef": _by_ref,
        "orderId": _by_id,
        "parentOrderId": _by_parent,
        "updatedOn": _changed_since,
        "createdOn": _created_since,
    },
    names=_order_names,
)

SALES_ORDER_SEARCH = Search[Order](
    path="/order-service/sales-order-search",
    columns=(
        Column("salesOrderId", "IDSET", lambda o: o.id),
        Column("customerId", "INTEGER", lambda o: o.contact_id),
        Column("orderStatusId", "INTEGER", lambda o: o.status_id),
        Column("orderStockStatus", "STRING", lambda o: o.stock_status),
        Column("createdOn", "PERIOD", lambda o: o.created_on),
        Column("createdById", "INTEGER", lambda _: reference.API_USER_ID),
        Column("customerRef", "STRING", lambda o: o.ref),
        Column("orderPaymentStatus", "STRING", lambda o: o.payment_status),
        Column("updatedOn", "PERIOD", lambda o: o.updated_on),
        Column("orderShippingStatus", "STRING", lambda o: o.shipping_status),
        Column("externalRef", "STRING", lambda o: o.external_ref),
        Column("installedIntegrationInstanceId", "INTEGER", lambda o: o.instance_id),
        Column("warehouseId", "INTEGER", lambda o: o.warehouse_id),
        Column("staffOwnerId", "INTEGER", lambda o: o.staff_owner_id),
        Column("taxDate", "PERIOD", lambda o: o.tax_date),
        Column("channelId", "INTEGER", lambda o: o.channel_id),
        Column("deliveryDate", "PERIOD", lambda o: o.delivery_on),
    ),
    filters=(
        Column("customerRefs", "STRING_SET", lambda o: o.ref),
        Column("placedOn", "PERIOD", _placed),
        Column("isHistoricalOrder", "BOOLEAN", lambda _: False),
    ),
    records=lambda account: [o for o in account.orders.values() if o.type_code == "SO"],
    created_at=lambda o: o.created_on,
    narrow={
        "externalRef": lambda account, text: _sales_only(_by_external_ref(account, text)),
        "customerRef": lambda account, text: _sales_only(_by_ref(account, text)),
        "customerRefs": lambda account, text: _sales_only(_by_refs(account, text)),
        "salesOrderId": lambda account, text: _sales_only(_by_id(account, text)),
        "updatedOn": lambda account, text: _sales_only(_changed_since(account, text)),
        "createdOn": lambda account, text: _sales_only(_created_since(account, text)),
    },
)


def _sales_only(orders: Iterable[Order]) -> list[Order]:
    return [order for order in orders if order.type_code == "SO"]


def _notes_of(account: Account, text: str) -> Iterable[OrderNote]:
    wanted = parse_id_set(text)
    if wanted is None:
        return account.notes.values()
    ids = [note for order in wanted.ids() for note in account.notes_by_order.get(order, ())]
    return [account.notes[number] for number in sorted(ids)]


NOTE_SEARCH = Search[OrderNote](
    path="/order-service/order-note-search",
    columns=(
        Column("orderId", "IDSET", lambda n: n.order_id),
        Column("noteId", "IDSET", lambda n: n.id),
        Column("contactId", "INTEGER", lambda n: n.contact_id),
        Column("noteText", "SEARCH_STRING", lambda n: n.text),
        Column("isPublic", "BOOLEAN", lambda n: n.is_public),
        Column("dateAdded", "PERIOD", lambda n: n.added_on),
        Column("addedBy", "INTEGER", lambda _: reference.API_USER_ID),
        Column("orderStatusId", "INTEGER", lambda n: n.order_status_id),
    ),
    records=lambda account: account.notes.values(),
    narrow={"orderId": _notes_of},
)


def _payments_of(account: Account, text: str) -> Iterable[Payment]:
    wanted = parse_id_set(text)
    if wanted is None:
        return account.payments.values()
    ids = [item for order in wanted.ids() for item in account.payments_by_order.get(order, ())]
    return [account.payments[number] for number in sorted(ids)]


def _payments_by_ref(account: Account, text: str) -> Iterable[Payment]:
    return [account.payments[number] for number in account.payments_by_ref.get(text, ())]


def _payments_since(account: Account, text: str) -> Iterable[Payment]:
    if account.clock_went_back:
        return account.payments.values()
    return since(reversed(account.payments.values()), lambda p: p.created_on, text, account)


PAYMENT_SEARCH = Search[Payment](
    path="/accounting-service/customer-payment-search",
    columns=(
        Column("paymentId", "IDSET", lambda p: p.id),
        Column("transactionRef", "STRING", lambda p: p.transaction_ref),
        Column("transactionCode", "STRING", lambda p: p.transaction_code),
        Column("paymentMethodCode", "STRING", lambda p: p.method_code),
        Column("paymentType", "STRING", lambda p: p.type_code),
        Column("orderId", "IDSET", lambda p: p.order_id),
        Column("currencyId", "INTEGER", lambda p: reference.CURRENCIES[p.currency_code][0]),
        Column("currencyCode", "STRING", lambda p: p.currency_code),
        Column("amountAuthorized", "STRING", lambda p: str(p.amount_authorized)),
        Column("amountPaid", "STRING", lambda p: str(p.amount_paid)),
        Column("expires", "PERIOD", lambda p: p.expires_on),
        Column("paymentDate", "PERIOD", lambda p: p.payment_on),
        Column("createdOn", "PERIOD", lambda p: p.created_on),
        Column("journalId", "INTEGER", lambda p: p.journal_id),
    ),
    records=lambda account: account.payments.values(),
    created_at=lambda p: p.created_on,
    narrow={
        "transactionRef": _payments_by_ref,
        "orderId": _payments_of,
        "createdOn": _payments_since,
    },
)

for _search in (ORDER_SEARCH, SALES_ORDER_SEARCH):
    _search.register(routes)
NOTE_SEARCH.register(routes)
PAYMENT_SEARCH.register(routes)

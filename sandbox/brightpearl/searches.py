"""The searches of all services: their columns, filters, and quick ways to candidates."""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Routes
from sandbox.brightpearl.records import Contact, Order, OrderNote, Payment, Product
from sandbox.brightpearl.search import Column, Narrow, Search, by_ids, by_key, by_owners, since
from sandbox.brightpearl.stock_records import GoodsInNote, GoodsMovement, GoodsOutNote

routes = Routes()


def _orders(account: Account) -> dict[int, Order]:
    return account.orders


def _notes(account: Account) -> dict[int, OrderNote]:
    return account.notes


def _payments(account: Account) -> dict[int, Payment]:
    return account.payments


def _products(account: Account) -> dict[int, Product]:
    return account.products


def _goods_out(account: Account) -> dict[int, GoodsOutNote]:
    return account.goods_out


def _goods_in(account: Account) -> dict[int, GoodsInNote]:
    return account.goods_in


def _movements(account: Account) -> dict[int, GoodsMovement]:
    return account.movements


_by_order_id = by_ids(_orders)
_by_external_ref = by_key(_orders, lambda account: account.orders_by_external_ref)
_by_ref = by_key(_orders, lambda account: account.orders_by_ref)
_created_since = since(_orders, lambda o: o.created_on)
_changed_since = since(
    _orders, lambda o: o.updated_on, latest=lambda account: account.orders_by_change
)


def _by_refs(account: Account, text: str) -> Iterable[Order]:
    ids = {number for ref in text.split(",") for number in account.orders_by_ref.get(ref, ())}
    return [account.orders[number] for number in sorted(ids)]


def _sales_only(narrow: Narrow[Order]) -> Narrow[Order]:
    return lambda account, text: [
        order for order in narrow(account, text) if order.type_code == "SO"
    ]


def _order_type_names(page: Sequence[Order]) -> dict[str, Any]:
    used = {str(reference.ORDER_TYPE_IDS[order.type_code]) for order in page}
    return (
        {"orderTypeNames": {key: reference.ORDER_TYPE_NAMES[key] for key in sorted(used)}}
        if used
        else {}
    )


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
        Column("placedOn", "PERIOD", lambda o: o.placed_on),
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
        "orderId": _by_order_id,
        "parentOrderId": by_owners(_orders, lambda account: account.orders_by_parent),
        "updatedOn": _changed_since,
        "createdOn": _created_since,
    },
    names=_order_type_names,
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
        Column("placedOn", "PERIOD", lambda o: o.placed_on),
        Column("isHistoricalOrder", "BOOLEAN", lambda _: False),
    ),
    records=lambda account: [o for o in account.orders.values() if o.type_code == "SO"],
    created_at=lambda o: o.created_on,
    narrow={
        "externalRef": _sales_only(_by_external_ref),
        "customerRef": _sales_only(_by_ref),
        "customerRefs": _sales_only(_by_refs),
        "salesOrderId": _sales_only(_by_order_id),
        "updatedOn": _sales_only(_changed_since),
        "createdOn": _sales_only(_created_since),
    },
)


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
    narrow={"orderId": by_owners(_notes, lambda account: account.notes_by_order)},
)


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
        "transactionRef": by_key(_payments, lambda account: account.payments_by_ref),
        "orderId": by_owners(_payments, lambda account: account.payments_by_order),
        "createdOn": since(_payments, lambda p: p.created_on),
    },
)


def _identity(name: str) -> Column[Product]:
    key = name.lower()
    return Column(name, "STRING", lambda p: p.document.get("identity", {}).get(key, ""))


def _category(product: Product) -> str:
    channels = product.document.get("salesChannels") or [{}]
    categories = channels[0].get("categories") or [{}]
    return str(categories[0].get("categoryCode", ""))


def _memberships(page: Sequence[Product]) -> dict[str, Any]:
    members = {str(p.id): [_category(p)] for p in page if _category(p)}
    return {"productCategoryMembership": members} if members else {}


PRODUCT_SEARCH = Search[Product](
    path="/product-service/product-search",
    columns=(
        Column("productId", "IDSET", lambda p: p.id),
        Column("productName", "SEARCH_STRING", lambda p: p.name),
        Column("SKU", "STRING", lambda p: p.sku),
        _identity("barcode"),
        _identity("EAN"),
        _identity("UPC"),
        _identity("ISBN"),
        _identity("MPN"),
        Column("stockTracked", "BOOLEAN", lambda p: p.stock_tracked),
        Column("salesChannelName", "STRING", lambda _: "Brightpearl"),
        Column("createdOn", "PERIOD", lambda p: p.created_on),
        Column("updatedOn", "PERIOD", lambda p: p.updated_on),
        Column("brightpearlCategoryCode", "STRING", _category),
        Column("productGroupId", "INTEGER", lambda p: p.document.get("productGroupId", 0)),
        Column("brandId", "INTEGER", lambda p: p.document.get("brandId")),
        Column("productTypeId", "INTEGER", lambda p: p.document.get("productTypeId", 1)),
        Column("productStatus", "STRING_SET", lambda p: p.status),
        Column("primarySupplierId", "INTEGER", lambda _: None),
    ),
    records=lambda account: account.products.values(),
    created_at=lambda p: p.created_on,
    narrow={
        "SKU": by_key(_products, lambda account: account.products_by_sku),
        "productId": by_ids(_products),
        "createdOn": since(_products, lambda p: p.created_on),
        "updatedOn": since(
            _products, lambda p: p.updated_on, latest=lambda account: account.products_by_change
        ),
    },
    names=_memberships,
    changes=lambda account: account.product_changes,
)


def _contacts_with(account: Account, text: str) -> Iterable[Contact]:
    """Contacts whose primary address holds the text; there are many, so in one quick pass."""
    folded = text.casefold()
    return [c for c in account.contacts.values() if folded in c.emails.get("PRI", "").casefold()]


CONTACT_SEARCH = Search[Contact](
    path="/contact-service/contact-search",
    columns=(
        Column("contactId", "IDSET", lambda c: c.id),
        Column("primaryEmail", "SEARCH_STRING", lambda c: c.emails.get("PRI")),
        Column("secondaryEmail", "SEARCH_STRING", lambda c: c.emails.get("SEC")),
        Column("tertiaryEmail", "SEARCH_STRING", lambda c: c.emails.get("TER")),
        Column("firstName", "SEARCH_STRING", lambda c: c.first_name),
        Column("lastName", "SEARCH_STRING", lambda c: c.last_name),
        Column("isSupplier", "BOOLEAN", lambda c: c.is_supplier),
        Column("companyName", "SEARCH_STRING", lambda c: c.organisation),
        Column("isStaff", "BOOLEAN", lambda c: c.is_staff),
        Column("isCustomer", "BOOLEAN", lambda c: not (c.is_supplier or c.is_staff)),
        Column("createdOn", "PERIOD", lambda c: c.created_on),
        Column("updatedOn", "PERIOD", lambda c: c.updated_on),
        Column("lastContactedOn", "PERIOD", lambda _: None),
        Column("lastOrderedOn", "PERIOD", lambda c: c.last_ordered_on),
        Column("nominalCode", "INTEGER", lambda _: 0),
        Column("isPrimary", "BOOLEAN", lambda _: True),
        Column("pri", "STRING", lambda c: c.telephones.get("PRI")),
        Column("sec", "STRING", lambda c: c.telephones.get("SEC")),
        Column("mob", "STRING", lambda c: c.telephones.get("MOB")),
        Column("exactCompanyName", "STRING", lambda c: c.organisation),
        Column("title", "STRING", lambda c: c.salutation),
    ),
    filters=(Column("allEmail", "SEARCH_STRING", lambda c: " ".join(c.emails.values())),),
    records=lambda account: account.contacts.values(),
    created_at=lambda c: c.created_on,
    narrow={"primaryEmail": _contacts_with},
)


GOODS_OUT_SEARCH = Search[GoodsOutNote](
    path="/warehouse-service/goods-note/goods-out-search",
    columns=(
        Column("goodsOutNoteId", "IDSET", lambda n: n.id),
        Column("printed", "BOOLEAN", lambda n: "printed" in n.stages),
        Column("picked", "BOOLEAN", lambda n: "picked" in n.stages),
        Column("packed", "BOOLEAN", lambda n: "packed" in n.stages),
        Column("shipped", "BOOLEAN", lambda n: n.shipped),
        Column("shippedOn", "PERIOD", lambda n: n.stages["shipped"][0] if n.shipped else None),
        Column("orderId", "IDSET", lambda n: n.order_id),
        Column("shippingMethodId", "INTEGER", lambda n: n.shipping_method_id),
        Column("warehouseId", "INTEGER", lambda n: n.warehouse_id),
        Column("priority", "BOOLEAN", lambda n: n.priority),
        Column("createdOn", "PERIOD", lambda n: n.created_on),
        Column("releaseDate", "PERIOD", lambda n: n.release_date),
        Column("createdBy", "INTEGER", lambda n: n.created_by),
        Column("labelUri", "STRING", lambda n: n.label_uri),
        Column("channelId", "INTEGER", lambda n: n.channel_id),
        Column("transfer", "BOOLEAN", lambda n: n.transfer),
    ),
    records=lambda account: account.goods_out.values(),
    created_at=lambda n: n.created_on,
    narrow={"orderId": by_owners(_goods_out, lambda account: account.goods_out_by_order)},
)


def _goods_in_by_batch(account: Account, text: str) -> Iterable[GoodsInNote]:
    number = account.goods_in_by_batch.get(text)
    return [] if number is None else [account.goods_in[number]]


GOODS_IN_SEARCH = Search[GoodsInNote](
    path="/warehouse-service/goods-in-search",
    columns=(
        Column("goodsInNoteId", "IDSET", lambda n: n.id),
        Column("purchaseOrderId", "IDSET", lambda n: n.order_id),
        Column("warehouseId", "INTEGER", lambda n: n.warehouse_id),
        Column("receivedOn", "PERIOD", lambda n: n.received_on),
        Column("createdOn", "PERIOD", lambda n: n.created_on),
        Column("userBatchReference", "STRING", lambda n: n.user_batch_reference),
    ),
    records=lambda account: account.goods_in.values(),
    created_at=lambda n: n.created_on,
    narrow={
        "userBatchReference": _goods_in_by_batch,
        "purchaseOrderId": by_owners(_goods_in, lambda account: account.goods_in_by_order),
    },
)


MOVEMENT_SEARCH = Search[GoodsMovement](
    path="/warehouse-service/goods-movement-search",
    columns=(
        Column("goodsMovementId", "IDSET", lambda m: m.id),
        Column("productId", "IDSET", lambda m: m.product_id),
        Column("orderId", "IDSET", lambda m: m.order_id),
        Column("orderRowId", "IDSET", lambda m: m.order_row_id),
        Column("goodsNoteId", "IDSET", lambda m: m.note_id),
        Column("goodsNoteTypeCode", "STRING", lambda m: m.note_type),
        Column("warehouseId", "IDSET", lambda m: m.warehouse_id),
        Column("destinationLocationId", "IDSET", lambda m: m.location_id),
        Column("quantity", "INTEGER", lambda m: m.quantity),
        Column("updatedOn", "PERIOD", lambda m: m.updated_on),
    ),
    records=lambda account: account.movements.values(),
    created_at=lambda m: m.updated_on,
    narrow={"updatedOn": since(_movements, lambda m: m.updated_on)},
)


SEARCHES: tuple[Search[Any], ...] = (
    ORDER_SEARCH,
    SALES_ORDER_SEARCH,
    NOTE_SEARCH,
    PAYMENT_SEARCH,
    PRODUCT_SEARCH,
    CONTACT_SEARCH,
    GOODS_OUT_SEARCH,
    GOODS_IN_SEARCH,
    MOVEMENT_SEARCH,
)
for _search in SEARCHES:
    _search.register(routes)

"""Searches of the product, warehouse, contact and reference resources."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.idset import parse_id_set
from sandbox.brightpearl.records import Contact, Product
from sandbox.brightpearl.routing import Routes
from sandbox.brightpearl.search import Column, Search, since
from sandbox.brightpearl.stock_records import GoodsInNote, GoodsMovement, GoodsOutNote

routes = Routes()


def _identity(name: str) -> Column[Product]:
    key = name.lower()
    return Column(name, "STRING", lambda p: p.document.get("identity", {}).get(key, ""))


def _by_sku(account: Account, text: str) -> Iterable[Product]:
    return [account.products[number] for number in account.products_by_sku.get(text, ())]


def _by_id(account: Account, text: str) -> Iterable[Product]:
    wanted = parse_id_set(text)
    ids = wanted.among(account.products, account.products) if wanted is not None else []
    return [account.products[number] for number in sorted(ids)]


def _products_created(account: Account, text: str) -> Iterable[Product]:
    """Ids rise with time, unless the sandbox clock was turned back: then nothing is left out."""
    if account.clock_went_back:
        return account.products.values()
    return since(reversed(account.products.values()), lambda p: p.created_on, text, account)


def _products_changed(account: Account, text: str) -> Iterable[Product]:
    if account.clock_went_back:
        return account.products.values()
    changed = reversed(account.products_by_change.values())
    return sorted(since(changed, lambda p: p.updated_on, text, account), key=lambda p: p.id)


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
        "SKU": _by_sku,
        "productId": _by_id,
        "createdOn": _products_created,
        "updatedOn": _products_changed,
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


def _goods_out_of(account: Account, text: str) -> Iterable[GoodsOutNote]:
    wanted = parse_id_set(text)
    if wanted is None:
        return account.goods_out.values()
    ids = [note for order in wanted.ids() for note in account.goods_out_by_order.get(order, ())]
    return [account.goods_out[number] for number in sorted(ids)]


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
    narrow={"orderId": _goods_out_of},
)


def _goods_in_of(account: Account, text: str) -> Iterable[GoodsInNote]:
    wanted = parse_id_set(text)
    if wanted is None:
        return account.goods_in.values()
    ids = [note for order in wanted.ids() for note in account.goods_in_by_order.get(order, ())]
    return [account.goods_in[number] for number in sorted(ids)]


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
    narrow={"userBatchReference": _goods_in_by_batch, "purchaseOrderId": _goods_in_of},
)


def _movements_since(account: Account, text: str) -> Iterable[GoodsMovement]:
    if account.clock_went_back:
        return account.movements.values()
    return since(reversed(account.movements.values()), lambda m: m.updated_on, text, account)


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
    narrow={"updatedOn": _movements_since},
)

Row = tuple[Any, ...]


def _table(path: str, names: str, types: str, rows: Sequence[Row]) -> Search[Row]:
    """A search over fixed reference data; the first column is the id."""
    columns = [
        Column[Row](name, type_name, lambda row, index=index: row[index])  # type: ignore[misc] # mypy cannot infer a lambda with a default
        for index, (name, type_name) in enumerate(zip(names.split(), types.split(), strict=True))
    ]
    return Search[Row](path=path, columns=columns, records=lambda _: rows)


TABLES = (
    _table(
        "/warehouse-service/warehouse-search",
        "id name typeDescription addressId",
        "IDSET SEARCH_STRING STRING INTEGER",
        [
            (number, name, "Warehouse", 2000 + number)
            for number, name in reference.WAREHOUSES.items()
        ],
    ),
    _table(
        "/warehouse-service/shipping-method-search",
        "id code name",
        "IDSET STRING SEARCH_STRING",
        [(number, code, name) for number, (code, name) in reference.SHIPPING_METHODS.items()],
    ),
    _table(
        "/accounting-service/payment-method-search",
        "id code name isActive",
        "IDSET STRING SEARCH_STRING BOOLEAN",
        [(number, code, name, True) for number, (code, name) in reference.PAYMENT_METHODS.items()],
    ),
    _table(
        "/accounting-service/currency-search",
        "id name code symbol exchangeRate isDefault",
        "IDSET STRING STRING STRING STRING BOOLEAN",
        [
            (number, code, code, symbol, f"{rate:.6f}", rate == Decimal(1))
            for code, (number, symbol, rate) in reference.CURRENCIES.items()
        ],
    ),
    _table(
        "/accounting-service/nominal-code-search",
        "id code name",
        "IDSET STRING SEARCH_STRING",
        [(int(code), code, name) for code, name in reference.NOMINAL_CODES.items()],
    ),
)

PRODUCT_SEARCH.register(routes)
CONTACT_SEARCH.register(routes)
GOODS_OUT_SEARCH.register(routes)
GOODS_IN_SEARCH.register(routes)
MOVEMENT_SEARCH.register(routes)
for _search in TABLES:
    _search.register(routes)

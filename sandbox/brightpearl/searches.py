"""The searches of all services; their columns stand in `searches.csv`, next to this module.

A row names a column, its type, where its value comes from (an attribute of the record, or a name in
`DERIVED`), what it is not used for, and which names of ids come next to the response with it.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Routes
from sandbox.brightpearl.formats import two
from sandbox.brightpearl.records import Contact, Order, Product
from sandbox.brightpearl.search import (
    Column,
    Names,
    Narrow,
    Search,
    by_ids,
    by_key,
    by_owners,
    since,
)
from sandbox.brightpearl.stock_records import GoodsInNote

routes = Routes()
COLUMNS_FILE = Path(__file__).with_name("searches.csv")
Value = Callable[[Any], object]


def _book(name: str) -> Callable[[Account], Any]:
    """The account's records of one kind by id, or an index of them."""
    return attrgetter(name)


# --- values that are no attribute of a record


def _identity(key: str) -> Value:
    """An identifier of a product; the vendor writes null where there is none."""
    return lambda product: product.document.get("identity", {}).get(key)


def _of_product(key: str, default: object = None) -> Value:
    return lambda product: product.document.get(key, default)


def _email(kind: str) -> Value:
    return lambda contact: contact.emails.get(kind, "")


def _telephone(kind: str) -> Value:
    return lambda contact: contact.telephones.get(kind, "")


def _stage(name: str) -> Value:
    return lambda note: name in note.stages


def _always(value: object) -> Value:
    return lambda _: value


def _categories(product: Product) -> list[int]:
    channels = product.document.get("salesChannels") or [{}]
    listed = channels[0].get("categories") or []
    return [int(item["categoryCode"]) for item in listed if str(item["categoryCode"]).isdigit()]


DERIVED: Mapping[str, Value] = {
    "api user": _always(reference.API_USER_ID),
    "always": _always(value=True),
    "never": _always(value=False),
    "nought": _always(0),
    "unset": _always(None),
    "order type": lambda order: reference.ORDER_TYPE_IDS[order.type_code],
    "stock status": lambda order: reference.STOCK_STATUS_IDS[order.stock_status],
    "payment status": lambda order: reference.PAYMENT_STATUS_IDS[order.payment_status],
    "shipping status": lambda order: reference.SHIPPING_STATUSES[order.shipping_status][0],
    "currency": lambda payment: reference.CURRENCIES[payment.currency_code][0],
    "authorised": lambda payment: two(payment.amount_authorized),
    "paid": lambda payment: two(payment.amount_paid),
    "barcode": lambda product: product.document.get("identity", {}).get("barcode") or "",
    **{key: _identity(key) for key in ("ean", "upc", "isbn", "mpn")},
    "sales channel": _always("Brightpearl"),
    "category": lambda product: next(iter(_categories(product)), None),
    "product group": _of_product("productGroupId", 0),
    "brand": _of_product("brandId"),
    "product type": _of_product("productTypeId", 1),
    "primary email": _email("PRI"),
    "secondary email": _email("SEC"),
    "tertiary email": _email("TER"),
    "every email": lambda contact: " ".join(contact.emails.values()),
    "telephone": _telephone("PRI"),
    "second telephone": _telephone("SEC"),
    "mobile telephone": _telephone("MOB"),
    "customer": lambda contact: not (contact.is_supplier or contact.is_staff),
    "primary": lambda contact: not contact.company_id,
    "changed": lambda contact: contact.updated_on or contact.created_on,
    "title": lambda contact: contact.salutation or None,
    **{name: _stage(name) for name in ("printed", "picked", "packed")},
    "shipped on": lambda note: note.stages["shipped"][0] if note.shipped else None,
}


def _product_categories(product: Product) -> tuple[int, list[int]] | None:
    codes = _categories(product)
    return (product.id, codes) if codes else None


NAMES: Mapping[str, Names[Any]] = {
    "orderTypeNames": lambda order: (
        reference.ORDER_TYPE_IDS[order.type_code],
        reference.ORDER_TYPE_NAMES[str(reference.ORDER_TYPE_IDS[order.type_code])],
    ),
    "orderStatusNames": lambda order: (
        order.status_id,
        reference.STATUSES[order.status_id].name,
    ),
    "orderStockStatusNames": lambda order: (
        reference.STOCK_STATUS_IDS[order.stock_status],
        reference.STOCK_STATUS_NAMES[order.stock_status],
    ),
    "orderPaymentStatusNames": lambda order: (
        reference.PAYMENT_STATUS_IDS[order.payment_status],
        order.payment_status,
    ),
    "orderShippingStatusNames": lambda order: reference.SHIPPING_STATUSES[order.shipping_status],
    "productCategoryMembership": _product_categories,
}
"""What each kind of names has of a record: the id and its name, or None."""


def _read_columns() -> dict[str, list[Column[Any]]]:
    """All columns and filters, by the search they belong to."""
    found: dict[str, list[Column[Any]]] = {}
    with COLUMNS_FILE.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            column = Column[Any](
                name=row["column"],
                type_name=row["type"],
                value=DERIVED.get(row["value"]) or attrgetter(row["value"]),
                is_sortable=row["use"] != "no sort",
                is_filterable=row["use"] != "no filter",
                is_shown=row["use"] != "filter only",
                names={row["reference"]: NAMES[row["reference"]]} if row["reference"] else {},
            )
            found.setdefault(row["search"], []).append(column)
    return found


# --- quicker ways to the candidates of some filters

_orders = _book("orders")
_by_order_id = by_ids(_orders)
_by_external_ref = by_key(_orders, _book("orders_by_external_ref"))
_by_ref = by_key(_orders, _book("orders_by_ref"))
_orders_created = since(_orders, attrgetter("created_on"))
_orders_changed = since(_orders, attrgetter("updated_on"), latest=_book("orders_by_change"))


def _by_refs(account: Account, text: str) -> Iterable[Order]:
    ids = {number for ref in text.split(",") for number in account.orders_by_ref.get(ref, ())}
    return [account.orders[number] for number in sorted(ids)]


def _sales_only(narrow: Narrow[Order]) -> Narrow[Order]:
    return lambda account, text: [
        order for order in narrow(account, text) if order.type_code == "SO"
    ]


def _contacts_with(account: Account, text: str) -> Iterable[Contact]:
    """Contacts whose primary address holds the text; there are many, so in one quick pass."""
    folded = text.casefold()
    return [c for c in account.contacts.values() if folded in c.emails.get("PRI", "").casefold()]


def _goods_in_by_batch(account: Account, text: str) -> Iterable[GoodsInNote]:
    number = account.goods_in_by_batch.get(text)
    return [] if number is None else [account.goods_in[number]]


_COLUMNS = _read_columns()


def _search(  # noqa: PLR0913 - what one search has of its own
    path: str,
    kind: str,
    book: str,
    *,
    narrow: Mapping[str, Narrow[Any]],
    created: str | None = "created_on",
    only: Callable[[Any], bool] | None = None,
    changes: Callable[[Account], int] | None = None,
) -> Search[Any]:
    """The search over a book of the account, or over those of its records that `only` takes."""
    records = _book(book)
    return Search[Any](
        path=path,
        columns=[column for column in _COLUMNS[kind] if column.is_shown],
        filters=[column for column in _COLUMNS[kind] if not column.is_shown],
        records=lambda account: (
            records(account).values()
            if only is None
            else [record for record in records(account).values() if only(record)]
        ),
        created_at=attrgetter(created) if created else lambda _: None,
        narrow=narrow,
        changes=changes,
    )


SEARCHES: Sequence[Search[Any]] = (
    _search(
        "/order-service/order-search",
        "order",
        "orders",
        narrow={
            "externalRef": _by_external_ref,
            "customerRef": _by_ref,
            "orderId": _by_order_id,
            "parentOrderId": by_owners(_orders, _book("orders_by_parent")),
            "updatedOn": _orders_changed,
            "createdOn": _orders_created,
        },
    ),
    _search(
        "/order-service/sales-order-search",
        "sales order",
        "orders",
        only=lambda order: order.type_code == "SO",
        narrow={
            "externalRef": _sales_only(_by_external_ref),
            "customerRef": _sales_only(_by_ref),
            "customerRefs": _sales_only(_by_refs),
            "salesOrderId": _sales_only(_by_order_id),
            "updatedOn": _sales_only(_orders_changed),
            "createdOn": _sales_only(_orders_created),
        },
    ),
    _search(
        "/order-service/order-note-search",
        "note",
        "notes",
        created=None,
        narrow={"orderId": by_owners(_book("notes"), _book("notes_by_order"))},
    ),
    _search(
        "/accounting-service/customer-payment-search",
        "payment",
        "payments",
        narrow={
            "transactionRef": by_key(_book("payments"), _book("payments_by_ref")),
            "orderId": by_owners(_book("payments"), _book("payments_by_order")),
            "createdOn": since(_book("payments"), attrgetter("created_on")),
        },
    ),
    _search(
        "/product-service/product-search",
        "product",
        "products",
        narrow={
            "SKU": by_key(_book("products"), _book("products_by_sku")),
            "productId": by_ids(_book("products")),
            "productGroupId": by_owners(_book("products"), _book("product_groups")),
            "createdOn": since(_book("products"), attrgetter("created_on")),
            "updatedOn": since(
                _book("products"), attrgetter("updated_on"), latest=_book("products_by_change")
            ),
        },
        changes=lambda account: account.product_changes,
    ),
    _search(
        "/contact-service/contact-search",
        "contact",
        "contacts",
        narrow={"primaryEmail": _contacts_with, "contactId": by_ids(_book("contacts"))},
    ),
    _search(
        "/warehouse-service/goods-note/goods-out-search",
        "goods-out note",
        "goods_out",
        narrow={"orderId": by_owners(_book("goods_out"), _book("goods_out_by_order"))},
    ),
    _search(
        "/warehouse-service/goods-in-search",
        "goods-in note",
        "goods_in",
        narrow={
            "userBatchReference": _goods_in_by_batch,
            "purchaseOrderId": by_owners(_book("goods_in"), _book("goods_in_by_order")),
        },
    ),
    _search(
        "/warehouse-service/goods-movement-search",
        "goods movement",
        "movements",
        created="updated_on",
        narrow={"updatedOn": since(_book("movements"), attrgetter("updated_on"))},
    ),
)
for _declared in SEARCHES:
    _declared.register(routes)

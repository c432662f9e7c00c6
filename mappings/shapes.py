"""Which frames a mapping file may read and fill, and what of them is not up to the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.customers import ACCOUNT_CUSTOMERS, STORE_CUSTOMERS
from core.frames import Schema
from core.orders import CONTACTS, ORDERS, PAYMENTS, ROWS, SALES_ORDERS, TRANSACTIONS
from core.prices import ACCOUNT_PRICES, STORE_PRICES
from core.products import ACCOUNT_PRODUCTS, ACCOUNT_VARIANTS, STORE_PRODUCTS, STORE_VARIANTS
from core.refunds import CREDIT_ROWS, CREDITS, PAYOUTS, REFUND_PAYMENTS, REFUNDS
from core.shipments import NOTES, SHIPMENTS
from core.stock import OFFERS, STOCK_LEVELS

SOURCES: Mapping[str, Schema] = {
    "bigcommerce.order": ORDERS,
    "bigcommerce.receipt": {**TRANSACTIONS, "payment_method": "text"},
    "balanced.row": ROWS,
    "bigcommerce.refund": REFUNDS,
    "bigcommerce.refund_payment": REFUND_PAYMENTS,
    "balanced.credit_row": CREDIT_ROWS,
    "brightpearl.goods_note": NOTES,
    "brightpearl.offer": OFFERS,
    "bigcommerce.customer": STORE_CUSTOMERS,
    "brightpearl.customer": ACCOUNT_CUSTOMERS,
    "brightpearl.product": ACCOUNT_PRODUCTS,
    "brightpearl.variant": ACCOUNT_VARIANTS,
    "bigcommerce.product": STORE_PRODUCTS,
    "brightpearl.price": ACCOUNT_PRICES,
}
"""Frames by the name that a mapping file calls them. `bigcommerce.receipt`: transactions that are
money received, with their order's `payment_method`. `balanced.row`: the rows of
`mappings.order_rows.order_rows`, which already add up; `balanced.credit_row`: those of
`mappings.credit_rows.credit_rows`, which add up to a refund."""

TARGETS: Mapping[str, Schema] = {
    "brightpearl.sales_order": SALES_ORDERS,
    "brightpearl.sales_order_row": ROWS,
    "brightpearl.contact": CONTACTS,
    "brightpearl.customer_payment": PAYMENTS,
    "brightpearl.sales_credit": CREDITS,
    "brightpearl.sales_credit_row": CREDIT_ROWS,
    "brightpearl.payment_out": PAYOUTS,
    "bigcommerce.shipment": SHIPMENTS,
    "bigcommerce.stock_level": STOCK_LEVELS,
    "brightpearl.customer": ACCOUNT_CUSTOMERS,
    "bigcommerce.customer": STORE_CUSTOMERS,
    "bigcommerce.product": STORE_PRODUCTS,
    "bigcommerce.variant": STORE_VARIANTS,
    "brightpearl.product": ACCOUNT_PRODUCTS,
    "bigcommerce.price": STORE_PRICES,
}

CUSTOM_FIELD = "PCF_"
"""How the account's own fields of a sales order begin; each is a column that a mapping may fill."""


def target_schema(target: str, columns: Iterable[str]) -> Schema:
    """The columns of a target: its own, and those of `columns` that are custom fields."""
    own = TARGETS[target]
    if target != "brightpearl.sales_order":
        return own
    return {**own, **{name: "text" for name in columns if name.startswith(CUSTOM_FIELD)}}


FILES: Mapping[str, tuple[str, str]] = {
    "orders": ("bigcommerce.order", "brightpearl.sales_order"),
    "order_rows": ("balanced.row", "brightpearl.sales_order_row"),
    "contacts": ("bigcommerce.order", "brightpearl.contact"),
    "payments": ("bigcommerce.receipt", "brightpearl.customer_payment"),
    "refunds": ("bigcommerce.refund", "brightpearl.sales_credit"),
    "refund_rows": ("balanced.credit_row", "brightpearl.sales_credit_row"),
    "refund_payments": ("bigcommerce.refund_payment", "brightpearl.payment_out"),
    "shipments": ("brightpearl.goods_note", "bigcommerce.shipment"),
    "stock": ("brightpearl.offer", "bigcommerce.stock_level"),
    "customers": ("bigcommerce.customer", "brightpearl.customer"),
    "store_customers": ("brightpearl.customer", "bigcommerce.customer"),
    "products": ("brightpearl.product", "bigcommerce.product"),
    "variants": ("brightpearl.variant", "bigcommerce.variant"),
    "account_products": ("bigcommerce.product", "brightpearl.product"),
    "prices": ("brightpearl.price", "bigcommerce.price"),
}
"""The mapping files that the syncs apply: source and target of each."""

ADDED = frozenset({"customers", "store_customers", "prices"})
"""Files that mappings which an earlier release published lack: only their own sync needs them."""
TABLES = (
    "skus",
    "tax_codes",
    "account_statuses",
    "credit_statuses",
    "quarantine_locations",
    "shipment_status",
    "stock_locations",
    "stock_buffers",
    "custom_fields",
)
"""Tables that are read outside the mapping files as well: which SKUs to ask the account for, which
tax rates have a code, the statuses that mean on hold and cancelled, also of credits, where damaged
goods are received, and the store's status of an order of which goods left."""
KNOWN = ("products", "brands", "categories")
"""What the account knows at run time: Brightpearl's ids of products by SKU as compared, of brands
by name and of categories by path, in small letters."""


@dataclass(frozen=True)
class Key:
    """How a column must be made, because the record is found again by it."""

    source: tuple[str, ...]
    steps: tuple[str, ...] = ()
    template: str = ""


REQUIRED: Mapping[str, frozenset[str]] = {
    "brightpearl.sales_order": frozenset(
        {
            "order_id",
            "external_ref",
            "ref",
            "placed_at",
            "tax_on",
            "channel_id",
            "warehouse_id",
            "price_mode_code",
            "currency_code",
            "email_key",
            "total_inc_tax",
            "total_tax",
        }
    ),
    "brightpearl.sales_order_row": frozenset(
        {"order_id", "row_ref", "kind", "quantity", "tax_code", "net", "tax", "sequence"}
    ),
    "brightpearl.contact": frozenset({"email_key", "email"}),
    "brightpearl.customer_payment": frozenset(PAYMENTS),
    "brightpearl.sales_credit": frozenset(CREDITS) - {"exchange_rate"},
    "brightpearl.sales_credit_row": frozenset(
        {"order_id", "refund_id", "row_ref", "kind", "quantity", "tax_code", "net", "tax"}
    ),
    "brightpearl.payment_out": frozenset(PAYOUTS) - {"exchange_rate"},
    "bigcommerce.shipment": frozenset({"order_id", "part_ref", "note_key"}),
    "bigcommerce.stock_level": frozenset({"sku_key", "sku", "location_id", "quantity"}),
    "brightpearl.customer": frozenset({"customer_key", "email_key", "email"}),
    "bigcommerce.customer": frozenset({"customer_key", "email_key", "email"}),
    "bigcommerce.product": frozenset({"key", "name"}),
    "bigcommerce.variant": frozenset({"key", "product_id", "sku"}),
    "brightpearl.product": frozenset({"key"}),
    "bigcommerce.price": frozenset(STORE_PRICES),
}
"""Columns without which the document cannot be written; they are never blank."""

KEYS: Mapping[str, Mapping[str, Key]] = {
    "brightpearl.sales_order": {
        "order_id": Key(("order_id",)),
        "external_ref": Key(("order_id",), ("external_ref",)),
        "email_key": Key(("email_key",)),
    },
    "brightpearl.sales_order_row": {
        "order_id": Key(("order_id",)),
        "row_ref": Key(("row_ref",)),
        "quantity": Key(("quantity",)),
        "net": Key(("net",)),
        "tax": Key(("tax",)),
    },
    "brightpearl.contact": {"email_key": Key(("email_key",))},
    "brightpearl.customer_payment": {
        "order_id": Key(("order_id",)),
        "transaction_ref": Key(
            ("order_id", "transaction_id"), ("template",), "BC-{order_id}-{transaction_id}"
        ),
    },
    "brightpearl.sales_credit": {
        "order_id": Key(("order_id",)),
        "refund_id": Key(("refund_id",)),
        "external_ref": Key(("order_id", "refund_id"), ("template",), "BC-{order_id}-R{refund_id}"),
        "parent_id": Key(("sales_order_id",)),
    },
    "brightpearl.sales_credit_row": {
        name: Key((name,))
        for name in ("order_id", "refund_id", "row_ref", "sold_ref", "quantity", "net", "tax")
    },
    "brightpearl.payment_out": {
        "order_id": Key(("order_id",)),
        "refund_id": Key(("refund_id",)),
        "transaction_ref": Key(
            ("order_id", "refund_id", "payment_id"),
            ("template",),
            "BC-{order_id}-R{refund_id}-{payment_id}",
        ),
    },
    "bigcommerce.shipment": {
        name: Key((name,))
        for name in ("order_id", "part_ref", "note_key", "address_id", "shipped_at")
    },
    "bigcommerce.stock_level": {
        name: Key((name,)) for name in ("sku_key", "sku", "product_id", "location_id")
    },
    "brightpearl.customer": {name: Key((name,)) for name in ("customer_key", "email_key")},
    "bigcommerce.customer": {name: Key((name,)) for name in ("customer_key", "email_key")},
    "bigcommerce.product": {name: Key((name,)) for name in ("key", "product_id")},
    "bigcommerce.variant": {name: Key((name,)) for name in ("key", "product_id", "options")},
    "brightpearl.product": {name: Key((name,)) for name in ("key", "product_id")},
    "bigcommerce.price": {
        name: Key((name,)) for name in ("sku_key", "sku", "product_id", "quantity", "currency")
    },
}
"""The natural keys of what we write, and the amounts that add up: changed, they would make second
orders, receipts and credits, or documents that no longer agree to the cent."""

RECORDS: Mapping[str, str] = {
    "bigcommerce.stock_level": "sku_key",
    "brightpearl.customer": "customer_key",
    "bigcommerce.customer": "customer_key",
    "bigcommerce.product": "key",
    "bigcommerce.variant": "key",
    "brightpearl.product": "key",
    "bigcommerce.price": "sku_key",
}
"""The column of the source that names the record, by target; `order_id` where none is named."""
NOUNS: Mapping[str, tuple[str, str]] = {
    "brightpearl.customer": ("customer", "BigCommerce"),
    "bigcommerce.customer": ("contact", "Brightpearl"),
    "bigcommerce.product": ("product", "Brightpearl"),
    "bigcommerce.variant": ("product", "Brightpearl"),
    "brightpearl.product": ("product", "BigCommerce"),
    "bigcommerce.price": ("product's price", "Brightpearl"),
}
"""What a record is called, and the system in which it is completed, by target; where none is named
it is the order in BigCommerce."""
ORDER = ("order", "BigCommerce")

_PERSONAL = {
    *("email_key", "customer_message", "name", "reason"),
    *("email", "first_name", "last_name", "company", "phone"),
    *("staff_notes", "form_fields", "gift_messages", "line_details", "destinations"),
}
_NOT_PERSONAL = {
    "shipping_method",
    "shipping_method_id",
    "billing_country_iso2",
    "shipping_country_iso2",
    "billing_country_iso3",
}


def is_personal(column: str) -> bool:
    """Whether a source column may hold personal data, which a refusal must not repeat."""
    if column in _NOT_PERSONAL:
        return False
    return column in _PERSONAL or column.startswith(("billing_", "shipping_", "delivery_"))

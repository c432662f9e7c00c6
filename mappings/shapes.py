"""Which frames a mapping file may read and fill, and what of them is not up to the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.frames import Schema
from core.orders import CONTACTS, ORDERS, PAYMENTS, ROWS, SALES_ORDERS, TRANSACTIONS

SOURCES: Mapping[str, Schema] = {
    "bigcommerce.order": ORDERS,
    "bigcommerce.receipt": {**TRANSACTIONS, "payment_method": "text"},
    "balanced.row": ROWS,
}
"""Frames by the name that a mapping file calls them. `bigcommerce.receipt`: transactions that are
money received, beside their order's `payment_method`. `balanced.row`: the rows of
`mappings.rows.order_rows`, which already add up."""

TARGETS: Mapping[str, Schema] = {
    "brightpearl.sales_order": SALES_ORDERS,
    "brightpearl.sales_order_row": ROWS,
    "brightpearl.contact": CONTACTS,
    "brightpearl.customer_payment": PAYMENTS,
}

FILES: Mapping[str, tuple[str, str]] = {
    "orders": ("bigcommerce.order", "brightpearl.sales_order"),
    "order_rows": ("balanced.row", "brightpearl.sales_order_row"),
    "contacts": ("bigcommerce.order", "brightpearl.contact"),
    "payments": ("bigcommerce.receipt", "brightpearl.customer_payment"),
}
"""The mapping files that the order sync applies: source and target of each."""

TABLES = ("skus", "tax_codes")
"""Tables that are read outside the mapping files as well: which SKUs to ask the account for, and
which tax rates have a code."""
NUMERIC_TABLES = ("tax_codes",)
"""Those of them whose values are numbers."""

KNOWN = ("products",)
"""What the account knows at run time: `products` is Brightpearl's product id by SKU as compared."""


@dataclass(frozen=True)
class Key:
    """How a column must be made, because other rooms find the record again by it."""

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
            "status_id",
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
}
"""The natural keys of what we write, and the amounts that add up: changed, they would make second
orders and second receipts, or orders that no longer agree to the cent."""

_PERSONAL = {"email_key", "customer_message", "name"}
_NOT_PERSONAL = {"shipping_method", "billing_country_iso2", "shipping_country_iso2"}


def is_personal(column: str) -> bool:
    """Whether a source column may hold personal data, which a refusal must not repeat."""
    if column in _NOT_PERSONAL:
        return False
    return column in _PERSONAL or column.startswith(("billing_", "shipping_"))

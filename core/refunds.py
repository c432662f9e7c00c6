"""The frames on the way of a refund: which columns each has. See docs/refunds.md for the words.

All amounts are in the order's currency. `refund_id` is BigCommerce's; rows of one refund share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

REFUNDS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "created_at": "time",
    "channel_id": "text",
    "currency_code": "text",
    "is_tax_inclusive": "flag",
    "total_amount": "money",
    "total_tax": "money",
    "is_overridden": "flag",
    "payments_total": "money",
    "beyond_order": "money",
    "sales_order_id": "text",
    "contact_id": "text",
    "sales_channel_id": "text",
    "sales_warehouse_id": "text",
    "sales_currency_code": "text",
    "sales_exchange_rate": "money",
    "rate_difference": "money",
}
"""Refunds of BigCommerce that are final, one row each, with facts of their sales order.
`total_amount` contains `total_tax`, which is None where BigCommerce does not say; `is_overridden`
says that the merchant stated both; `payments_total` sums all payments, declined ones too;
`beyond_order` is by how much the order's refunds up to this one exceed the order; `sales_*` is what
the sales order says of itself; `rate_difference` by what part the store's exchange rate differs
from the sales order's (0 where they cannot be compared)."""

REFUND_ITEMS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "item": "count",
    "kind": "text",
    "item_id": "text",
    "sold_ref": "text",
    "sku_key": "text",
    "name": "text",
    "quantity": "count",
    "qty_beyond": "count",
    "requested": "money",
    "worth": "money",
    "reason": "text",
}
"""Parts of a refund, in their order. `kind` is product, wrapping, shipping, handling, fee, order or
tax (in capitals where BigCommerce says something else); `item_id` is BigCommerce's; `sold_ref` is
the reference of the sales order's row it undoes, "" for order and tax; `qty_beyond` are units
beyond those of the line that earlier refunds left; `requested` is what was asked for by amount;
`worth` what the units were sold for, with tax (None where BigCommerce does not say)."""

SOLD_ROWS: Schema = {
    "order_id": "text",
    "row_ref": "text",
    "row_id": "text",
    "product_id": "text",
    "sku_key": "text",
    "name": "text",
    "quantity": "count",
    "tax_code": "text",
    "nominal_code": "text",
    "net": "money",
    "tax": "money",
}
"""Rows of the sales order; `row_ref` is ours, "" for a row that staff added."""

REFUND_PAYMENTS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "payment_id": "text",
    "provider_id": "text",
    "payment_method": "text",
    "is_offline": "flag",
    "amount": "money",
    "currency_code": "text",
    "order_currency_code": "text",
    "sales_exchange_rate": "money",
    "created_at": "time",
}
"""Money that went back, one row per tender, less what was declined. `payment_method` is the order's
text at checkout; `currency_code` is the gateway's where that was asked for, else the order's."""

CREDITS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "external_ref": "text",
    "parent_id": "text",
    "contact_id": "text",
    "ref": "text",
    "placed_at": "time",
    "tax_on": "text",
    "status_id": "text",
    "channel_id": "text",
    "warehouse_id": "text",
    "price_mode_code": "text",
    "currency_code": "text",
    "exchange_rate": "money",
    "total_inc_tax": "money",
    "total_tax": "money",
}
"""Desired sales credits, Brightpearl's ids as text. `parent_id` is the sales order; `exchange_rate`
is the sales order's."""

CREDIT_ROWS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "row_ref": "text",
    "sold_ref": "text",
    "kind": "text",
    "product_id": "text",
    "name": "text",
    "quantity": "count",
    "rate_percent": "money",
    "tax_code": "text",
    "net": "money",
    "tax": "money",
    "nominal_code": "text",
    "sequence": "count",
    "reason": "text",
    "condition": "text",
}
"""Rows of sales credits, two places, positive. `row_ref` is unique in its credit and stable;
`condition` says what becomes of units that were shipped: restock, quarantine, or "" for units that
do not come back (or whose coming back staff book themselves)."""

PAYOUTS: Schema = {
    "order_id": "text",
    "refund_id": "text",
    "transaction_ref": "text",
    "payment_method_code": "text",
    "payment_type": "text",
    "amount": "money",
    "currency_code": "text",
    "exchange_rate": "money",
    "paid_at": "time",
}
"""Desired customer payments out of sales credits; `transaction_ref` is unique."""

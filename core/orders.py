"""The frames on the way of an order: which columns each has. See docs/glossary.md for the words.

Where a column belongs to one system it keeps that system's word; where both meet, ids say whose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that only read mappings need no frames, hence no pandas
    from core.frames import Schema

_PARTY: Schema = {
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "street_1": "text",
    "street_2": "text",
    "city": "text",
    "state": "text",
    "zip": "text",
    "country_iso2": "text",
    "email": "text",
    "phone": "text",
}


_ADDRESS = (
    *("name", "company", "line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3"),
    *("phone", "email"),
)


def _prefixed(prefix: str) -> Schema:
    return {f"{prefix}_{name}": kind for name, kind in _PARTY.items()}


ORDERS: Schema = {
    "order_id": "text",
    "status_id": "text",
    "channel_id": "text",
    "customer_id": "text",
    "placed_at": "time",
    "modified_at": "time",
    "currency_code": "text",
    "store_currency_code": "text",
    "exchange_rate": "money",
    "is_tax_inclusive": "flag",
    "total_ex_tax": "money",
    "total_inc_tax": "money",
    "total_tax": "money",
    "discount_amount": "money",
    "coupon_discount": "money",
    "store_credit_amount": "money",
    "gift_certificate_amount": "money",
    "payment_method": "text",
    "payment_status": "text",
    "external_order_id": "text",
    "foreign_order_id": "text",
    "email_key": "text",
    "shipping_method": "text",
    "customer_message": "text",
    "staff_notes": "text",
    "form_fields": "text",
    "gift_messages": "text",
    "destinations": "text",
    "pickup_method": "text",
    "pickup_status_id": "text",
    "pickup_location_id": "text",
    "pickup_details": "text",
    "line_details": "text",
    "promised_delivery": "text",
    "coupon_codes": "text",
    "qty_ordered": "count",
    "qty_shipped": "count",
    "status_id_of_goods": "text",
    "tax_place": "text",
    "in_brightpearl": "text",
    **_prefixed("billing"),
    **_prefixed("shipping"),
}
"""BigCommerce orders, one row each. `currency_code` is the transactional currency, in which all
amounts are; `exchange_rate` is units of it per unit of `store_currency_code`; `email_key` is the
billing e-mail as compared; `shipping_*` is the first shipping consignment, or the shop at which the
order is collected, or billing; `shipping_method` is "" for an order without shipping;
`destinations` is what is still to go where, a line per consignment, of an order that does not go to
`shipping_*` alone; `pickup_*` are "" for an order that is not collected: what the store calls the
method, the order's status, BigCommerce's id of the location, and how and when to collect it;
`coupon_codes` are joined by ", "; `foreign_order_id` is the external order id where another app has
set it, such as the number of a marketplace; `form_fields` is what the checkout asked besides, a
line `name: answer` each, of the billing and all shipping addresses; `gift_messages` the wrapping of
lines and its messages, `line_details` their configurable fields and event dates, a line each;
`promised_delivery` is the shipping method where the carrier has added a day to it;
`qty_ordered` and `qty_shipped` sum the lines; `status_id_of_goods` is the status, but of an order
that was refunded in part the one that says how much of it has left; `tax_place` is where the order
goes to, as the table of tax codes calls it: `GB`, `US-NY`; `in_brightpearl` is "yes" for an order
that was imported before, else "no"."""

FURTHER_ADDRESSES: Schema = {**ORDERS, "address_id": "text", "line_ids": "text"}
"""ORDERS as they are for each further address: `shipping_*` and `shipping_method` are those of it,
`address_id` and `line_ids` as in CONSIGNMENTS."""

LINES: Schema = {
    "order_id": "text",
    "line_id": "text",
    "product_id": "text",
    "sku": "text",
    "sku_key": "text",
    "name": "text",
    "options": "text",
    "kind": "text",
    "quantity": "count",
    "qty_refunded": "count",
    "qty_shipped": "count",
    "address_id": "text",
    "total_ex_tax": "money",
    "total_inc_tax": "money",
    "total_tax": "money",
    "discounted_total_inc_tax": "money",
    "parent_line_id": "text",
    "tax_place": "text",
}
"""Order lines. `line_id` is BigCommerce's order_product_id; `product_id` is "0" for a custom line;
`kind` is physical, digital or giftcertificate; `options` is shopper's text such as engraving;
`qty_refunded` and `qty_shipped` are parts of `quantity`; `address_id` is BigCommerce's
order_address_id, "" for what is not shipped; `tax_place` is where the line goes, "" where the
order's first address says it;
`total_*` is before discounts, `discounted_total_inc_tax` after all of them (None if unknown)."""

CHARGES: Schema = {
    "order_id": "text",
    "charge_id": "text",
    "kind": "text",
    "name": "text",
    "total_ex_tax": "money",
    "total_inc_tax": "money",
    "total_tax": "money",
}
"""What an order costs besides its lines. `kind` is shipping, handling, wrapping or fee;
`charge_id` is unique within the order and stable, such as `shipping` or `fee-12`."""

TAXES: Schema = {
    "order_id": "text",
    "line_id": "text",
    "kind": "text",
    "address_id": "text",
    "tax_class": "text",
    "name": "text",
    "rate_percent": "money",
    "amount": "money",
}
"""BigCommerce's own tax rows, read only where lines alone do not say the tax per class. `kind` is
item, shipping, handling or wrapping; `line_id` is "" where the tax is not on a line, `address_id`
where BigCommerce does not say the address; `name` is what the merchant calls the tax."""

TRANSACTIONS: Schema = {
    "order_id": "text",
    "transaction_id": "text",
    "event": "text",
    "method": "text",
    "gateway": "text",
    "status": "text",
    "amount": "money",
    "currency_code": "text",
    "reference_transaction_id": "text",
    "created_at": "time",
}
"""Gateway transactions as BigCommerce reports them."""

SALES_ORDERS: Schema = {
    "order_id": "text",
    "external_ref": "text",
    "ref": "text",
    "placed_at": "time",
    "tax_on": "text",
    "status_id": "text",
    "status_id_imported": "text",
    "channel_id": "text",
    "warehouse_id": "text",
    "price_list_id": "text",
    "price_mode_code": "text",
    "currency_code": "text",
    "exchange_rate": "money",
    "shipping_method_id": "text",
    "payment_method_code": "text",
    "status_id_after": "text",
    "note": "text",
    "email_key": "text",
    "total_inc_tax": "money",
    "total_tax": "money",
    **{f"{use}_{name}": "text" for use in ("billing", "delivery") for name in _ADDRESS},
}
"""Desired Brightpearl sales orders, Brightpearl's ids as text. `order_id` is BigCommerce's;
`tax_on` an ISO date, the store's local day; `exchange_rate` units of the order's currency per unit
of the account's; `status_id` is the one to follow to, `status_id_imported` the one to be created
with; `status_id_after` is the BigCommerce status the order is to have afterwards;
`note` what staff are to read on it; further columns are the account's own fields by their code
(`PCF_…`);
address lines are street, suburb, city, state."""

CONSIGNMENTS: Schema = {
    "order_id": "text",
    "address_id": "text",
    "line_ids": "text",
    "shipping_method_id": "text",
    **{f"delivery_{name}": "text" for name in _ADDRESS},
}
"""Where else an order goes that is a sales order for each of its addresses: a row for each further
one. `address_id` is BigCommerce's order_address_id; `line_ids` are its lines, joined by blanks."""

ROWS: Schema = {
    "order_id": "text",
    "row_ref": "text",
    "kind": "text",
    "sku_key": "text",
    "product_id": "text",
    "name": "text",
    "quantity": "count",
    "tax_place": "text",
    "tax_class": "text",
    "rate_percent": "money",
    "tax_code": "text",
    "net": "money",
    "tax": "money",
    "nominal_code": "text",
    "sequence": "count",
}
"""Desired sales order rows, in the order's currency, two places. `row_ref` is unique in the order
and stable: the line id, or the charge id, or `rounding`; `kind` is product, custom,
gift_certificate, shipping, handling, wrapping, fee or rounding; `tax_place` is where it is taxed,
`tax_class` BigCommerce's class where its tax rows were read; `product_id` is Brightpearl's, "" for
a free-text row; `net` and `tax` are totals of the row."""

CONTACTS: Schema = {
    "email_key": "text",
    "email": "text",
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "phone": "text",
    **{f"billing_{name}": "text" for name in (
        "line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3",
    )},
    **{f"delivery_{name}": "text" for name in (
        "line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3",
    )},
}  # fmt: skip
"""Desired Brightpearl contacts, one row per e-mail; names at most 32 characters as Brightpearl
takes them."""

PAYMENTS: Schema = {
    "order_id": "text",
    "transaction_ref": "text",
    "payment_method_code": "text",
    "payment_type": "text",
    "amount": "money",
    "currency_code": "text",
    "paid_at": "time",
}
"""Desired customer payments: one receipt per settled transaction; `transaction_ref` is unique."""

"""The parts of an order as V2 writes them: header, lines, addresses, coupons, fees, messages."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import money, rate, rfc2822
from sandbox.bigcommerce.order_records import (
    Amount,
    Fee,
    FormFields,
    Line,
    Order,
    OrderCoupon,
    OrderMessage,
    ShipTo,
)
from sandbox.catalogue.model import Address

Document = dict[str, Any]
NOTHING = "0.0000"
API = f"https://api.bigcommerce.com/stores/{reference.STORE_HASH}/v2"


def link(resource: str) -> Document:
    """A reference to a sub-resource instead of its rows."""
    return {"url": f"{API}{resource}", "resource": resource}


def amount_fields(name: str, amount: Amount) -> Document:
    """An amount as `{name}_ex_tax`, `_inc_tax` and `_tax`."""
    return {
        f"{name}_ex_tax": money(amount.ex),
        f"{name}_inc_tax": money(amount.inc),
        f"{name}_tax": money(amount.tax),
    }


def address_document(
    person: Address, email: str, form_fields: FormFields | None = None
) -> Document:
    """A person's address, with what else the shopper filled in."""
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "street_1": person.street_1,
        "street_2": person.street_2,
        "city": person.city,
        "state": person.state,
        "zip": person.zip,
        "country": person.country,
        "country_iso2": person.country_iso2,
        "phone": person.phone,
        "email": email,
        "form_fields": _named_values(form_fields or {}),
    }


def _named_values(fields: FormFields) -> list[Document]:
    return [{"name": name, "value": value} for name, value in fields.items()]


def line_document(order: Order, item: Line) -> Document:
    """A line, as in `products` and in consignments."""
    exact = item.unit.inc if order.is_inclusive else item.unit.ex
    return {
        "id": item.id,
        "order_id": order.id,
        "product_id": item.product_id,
        "variant_id": item.variant_id,
        "order_pickup_method_id": item.pickup_id,
        "order_address_id": item.address_id,
        "name": item.name,
        "name_customer": item.name,
        "name_merchant": item.name,
        "sku": item.sku,
        "upc": "",
        "type": item.type,
        "base_price": money(exact),
        **amount_fields("price", item.unit),
        "base_total": money(item.total.inc if order.is_inclusive else item.total.ex),
        **amount_fields("total", item.total),
        "quantity": item.quantity,
        "base_cost_price": NOTHING,
        **amount_fields("cost_price", Amount()),
        "weight": money(item.weight),
        "width": NOTHING,
        "height": NOTHING,
        "depth": NOTHING,
        "is_refunded": 0 < item.quantity == item.quantity_refunded,
        "quantity_refunded": item.quantity_refunded,
        "refund_amount": NOTHING,
        "return_id": 0,
        "wrapping_id": 1 if item.wrapping_name else 0,
        "wrapping_name": item.wrapping_name or None,
        "base_wrapping_cost": money(item.wrapping),
        **amount_fields("wrapping_cost", item.wrapped),
        "wrapping_message": item.wrapping_message,
        "quantity_shipped": item.quantity_shipped,
        "event_name": None,
        "event_date": None,
        "fixed_shipping_cost": NOTHING,
        "ebay_item_id": "",
        "ebay_transaction_id": "",
        "option_set_id": None,
        "parent_order_product_id": item.parent_id,
        "is_bundled_product": False,
        "bin_picking_number": "",
        "external_id": None,
        "brand": item.brand,
        "applied_discounts": [
            {
                "id": discount.id,
                "amount": money(discount.taken_inc),
                "name": discount.name,
                "code": discount.code,
                "target": discount.target,
            }
            for discount in item.discounts
        ],
        "product_options": list(_option_documents(item)),
        "configurable_fields": _named_values(item.fields),
        "gift_certificate_id": item.id if item.type == "giftcertificate" else None,
        "discounted_total_inc_tax": money(item.discounted.inc),
    }


def _option_documents(item: Line) -> Iterator[Document]:
    """Options by the ids of the catalogue; `value` is the id of what was chosen, or the text."""
    for place, option in enumerate(item.options, start=1):
        is_choice = option.value_id is not None
        document = {
            "id": item.id * 10 + place,
            "option_id": option.option_id,
            "order_product_id": item.id,
            "product_option_id": option.option_id,
            "value": str(option.value_id) if is_choice else option.label,
            "type": "Multiple choice" if is_choice else "Text field",
            "name": option.name,
            "display_style": "Rectangle" if is_choice else "",
        }
        for side in ("", "_customer", "_merchant"):
            document[f"display_name{side}"] = option.name
            document[f"display_value{side}"] = option.label
        yield document


def shipping_address_document(order: Order, place: ShipTo) -> Document:
    """An address that something goes to."""
    lines = [item for item in order.lines if item.address_id == place.id]
    quotes = f"/orders/{order.id}/shippingaddresses/{place.id}/shippingquotes"
    return {
        "id": place.id,
        "order_id": order.id,
        **address_document(place.address, place.email, place.form_fields),
        "items_total": sum(item.quantity for item in lines),
        "items_shipped": sum(item.quantity_shipped for item in lines),
        "shipping_method": place.method,
        "base_cost": money(place.cost),
        **amount_fields("cost", place.shipping),
        "cost_tax_class_id": reference.STANDARD.id,
        "base_handling_cost": money(place.handling),
        **amount_fields("handling_cost", place.handled),
        "handling_cost_tax_class_id": reference.STANDARD.id,
        "shipping_zone_id": 1 if place.zone == "United Kingdom" else 2,
        "shipping_zone_name": place.zone,
        "shipping_quotes": link(quotes),
    }


def coupon_document(order: Order, used: OrderCoupon) -> Document:
    """A coupon, with what it took off the order (tax incl.)."""
    name = str(used.coupon_id)
    taken = sum(
        discount.taken_inc
        for item in order.discounted
        for discount in item.discounts
        if discount.id == name and discount.code == used.code
    )
    return {
        "id": used.id,
        "coupon_id": used.coupon_id,
        "order_id": order.id,
        "code": used.code,
        "amount": money(used.amount),
        "type": used.kind,
        "discount": float(taken),
    }


def fee_document(item: Fee) -> Document:
    """A further cost."""
    return {
        "id": item.id,
        "type": "custom_fee",
        "display_name_customer": item.name,
        "display_name_merchant": item.name,
        "source": item.source,
        "base_cost": money(item.price),
        **amount_fields("cost", item.cost),
        "tax_class_id": reference.STANDARD.id if item.rate else None,
    }


def message_document(order: Order, item: OrderMessage) -> Document:
    """A message between shopper and staff."""
    return {
        "id": item.id,
        "order_id": order.id,
        "staff_id": item.staff_id or 0,
        "customer_id": order.customer_id,
        "type": "customer",
        "subject": item.subject,
        "message": item.text,
        "status": "unread",
        "is_flagged": item.is_flagged,
        "date_created": rfc2822(item.created_at),
        "customer": link(f"/customers/{order.customer_id}") if order.customer_id else {},
    }


def header_document(order: Order) -> Document:
    """An order with links instead of its parts."""
    base = f"/orders/{order.id}"
    return {
        "id": order.id,
        "customer_id": order.customer_id,
        "date_created": rfc2822(order.created_at),
        "date_modified": rfc2822(order.modified_at),
        "date_shipped": rfc2822(order.shipped_at),
        "status_id": order.status_id,
        "status": reference.STATUSES[order.status_id].name,
        "custom_status": reference.STATUSES[order.status_id].label,
        "cart_id": order.cart_id,
        **_totals(order),
        "is_tax_inclusive_pricing": order.is_inclusive,
        "items_total": order.pieces,
        "items_shipped": sum(line.quantity_shipped for line in order.lines),
        "payment_method": order.payment_method,
        "payment_provider_id": order.payment_provider or None,
        "payment_status": order.payment_status,
        "credit_card_type": None,
        "refunded_amount": NOTHING,
        "order_is_digital": _is_digital(order),
        "store_credit_amount": money(order.store_credit),
        "gift_certificate_amount": money(order.gift_certificate),
        "ip_address": "203.0.113.7",
        "ip_address_v6": "",
        "geoip_country": order.billing.country,
        "geoip_country_iso2": order.billing.country_iso2,
        **_currencies(order),
        "staff_notes": order.staff_notes,
        "customer_message": order.customer_message,
        "discount_amount": money(order.totals.discount),
        "coupon_discount": money(order.totals.coupon),
        "shipping_address_count": len(order.addresses),
        "is_deleted": order.is_archived,
        "ebay_order_id": "0",
        "billing_address": address_document(order.billing, order.email, order.form_fields),
        "is_email_opt_in": False,
        "order_source": order.source,
        "channel_id": order.channel_id,
        "external_source": order.external_source,
        "external_id": order.external_id,
        "external_merchant_id": order.external_merchant_id,
        "external_order_id": order.external_order_id,
        "tax_provider_id": order.tax_provider,
        "customer_locale": "en",
        "products": link(f"{base}/products"),
        "shipping_addresses": link(f"{base}/shippingaddresses"),
        "coupons": link(f"{base}/coupons"),
        "consignments": link(f"{base}/consignments"),
        "fees": link(f"{base}/fees"),
    }


def _is_digital(order: Order) -> bool:
    return bool(order.lines) and all(line.type == "digital" for line in order.lines)


def _totals(order: Order) -> Document:
    totals = order.totals
    return {
        "subtotal_ex_tax": money(totals.subtotal.ex),
        "subtotal_inc_tax": money(totals.subtotal.inc),
        "subtotal_tax": money(totals.subtotal_tax),
        "base_shipping_cost": money(sum((p.cost for p in order.addresses), Decimal(0))),
        **amount_fields("shipping_cost", totals.shipping),
        "shipping_cost_tax_class_id": reference.STANDARD.id,
        "base_handling_cost": money(sum((p.handling for p in order.addresses), Decimal(0))),
        **amount_fields("handling_cost", totals.handling),
        "handling_cost_tax_class_id": reference.STANDARD.id,
        "base_wrapping_cost": money(sum((line.wrapping for line in order.lines), Decimal(0))),
        **amount_fields("wrapping_cost", totals.wrapping),
        "wrapping_cost_tax_class_id": reference.STANDARD.id,
        "total_ex_tax": money(totals.ex),
        "total_inc_tax": money(totals.inc),
        "total_tax": money(totals.tax),
    }


def _currencies(order: Order) -> Document:
    """`currency_*` is what the shopper saw, `default_currency_*` what amounts are in."""
    return {
        "currency_id": reference.CURRENCIES[order.display_currency][0],
        "currency_code": order.display_currency,
        "currency_exchange_rate": rate(Decimal(1)),
        "default_currency_id": reference.CURRENCIES[order.currency][0],
        "default_currency_code": order.currency,
        "store_default_currency_code": reference.CURRENCY,
        "store_default_to_transactional_exchange_rate": rate(order.rate_to_store)
        if order.shows_rate
        else None,
    }

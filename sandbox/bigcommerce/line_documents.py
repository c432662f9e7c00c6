"""Order lines, shipping addresses, coupons, taxes, fees and messages as V2 writes them."""

from collections.abc import Iterator
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import money, rfc2822
from sandbox.bigcommerce.records import Amount, Fee, Line, Message, Order, OrderCoupon, ShipTo
from sandbox.catalogue.model import Address

Document = dict[str, Any]
NOTHING = "0.0000"
API = f"https://api.bigcommerce.com/stores/{reference.STORE_HASH}/v2"


def link(resource: str) -> Document:
    """A reference to a sub-resource instead of its rows."""
    return {"url": f"{API}{resource}", "resource": resource}


def told(name: str, amount: Amount) -> Document:
    """An amount as `{name}_ex_tax`, `_inc_tax` and `_tax`."""
    return {
        f"{name}_ex_tax": money(amount.ex),
        f"{name}_inc_tax": money(amount.inc),
        f"{name}_tax": money(amount.tax),
    }


def address(person: Address, email: str) -> Document:
    """A person's address."""
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
        "form_fields": [],
    }


def line(order: Order, item: Line) -> Document:
    """A line, as in `products` and in consignments."""
    exact = item.unit.inc if order.is_inclusive else item.unit.ex
    return {
        "id": item.id,
        "order_id": order.id,
        "product_id": item.product_id,
        "variant_id": item.variant_id,
        "order_pickup_method_id": 0,
        "order_address_id": item.address_id,
        "name": item.name,
        "name_customer": item.name,
        "name_merchant": item.name,
        "sku": item.sku,
        "upc": "",
        "type": item.type,
        "base_price": money(exact),
        **told("price", item.unit),
        "base_total": money(item.total.inc if order.is_inclusive else item.total.ex),
        **told("total", item.total),
        "quantity": item.quantity,
        "base_cost_price": NOTHING,
        **told("cost_price", Amount()),
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
        **told("wrapping_cost", item.wrapped),
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
        "product_options": list(_options(item)),
        "configurable_fields": [],
        "gift_certificate_id": item.id if item.type == "giftcertificate" else None,
        "discounted_total_inc_tax": money(item.discounted.inc),
    }


def _options(item: Line) -> Iterator[Document]:
    for place, option in enumerate(item.options, start=1):
        document = {
            "id": item.id * 10 + place,
            "option_id": option.id,
            "order_product_id": item.id,
            "product_option_id": option.id + 20,
            "value": option.value,
            "type": option.type,
            "name": option.name,
            "display_style": "",
        }
        for side in ("", "_customer", "_merchant"):
            document[f"display_name{side}"] = option.name
            document[f"display_value{side}"] = option.value
        yield document


def shipping_address(order: Order, place: ShipTo) -> Document:
    """An address that something goes to."""
    lines = [item for item in order.lines if item.address_id == place.id]
    quotes = f"/orders/{order.id}/shippingaddresses/{place.id}/shippingquotes"
    return {
        "id": place.id,
        "order_id": order.id,
        **address(place.address, place.email),
        "items_total": sum(item.quantity for item in lines),
        "items_shipped": sum(item.quantity_shipped for item in lines),
        "shipping_method": place.method,
        "base_cost": money(place.cost),
        **told("cost", place.shipping),
        "cost_tax_class_id": reference.STANDARD.id,
        "base_handling_cost": money(place.handling),
        **told("handling_cost", place.handled),
        "handling_cost_tax_class_id": reference.STANDARD.id,
        "shipping_zone_id": 1 if place.zone == "United Kingdom" else 2,
        "shipping_zone_name": place.zone,
        "shipping_quotes": link(quotes),
    }


def coupon(order: Order, used: OrderCoupon) -> Document:
    """A coupon, with what it took off the order (tax incl.)."""
    name = str(used.coupon_id)
    taken = sum(
        discount.taken_inc
        for item in order.lines
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


def fee(item: Fee) -> Document:
    """A further cost."""
    return {
        "id": item.id,
        "type": "custom_fee",
        "display_name_customer": item.name,
        "display_name_merchant": item.name,
        "source": item.source,
        "base_cost": money(item.price),
        **told("cost", item.cost),
        "tax_class_id": reference.STANDARD.id if item.rate else None,
    }


def message(order: Order, item: Message) -> Document:
    """A note between shopper and staff."""
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
        "customer": link(f"/customers/{order.customer_id}"),
    }

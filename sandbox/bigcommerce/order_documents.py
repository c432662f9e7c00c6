"""The order as V2 writes it, with or without its consignments and fees."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from sandbox.bigcommerce import line_documents, reference
from sandbox.bigcommerce.formats import money, number, rate, rfc2822
from sandbox.bigcommerce.line_documents import NOTHING, Document, link, told
from sandbox.bigcommerce.records import Line, Order
from sandbox.bigcommerce.switches import BigCommerceSwitches

WARNING = "Not all line items are listed here; the rest is at /orders/{}/products"
CONSIGNMENT_MONEY = (
    "base_cost",
    "cost_ex_tax",
    "cost_inc_tax",
    "cost_tax",
    "base_handling_cost",
    "handling_cost_ex_tax",
    "handling_cost_inc_tax",
    "handling_cost_tax",
)


def order_json(
    order: Order, switches: BigCommerceSwitches, include: frozenset[str], *, as_object: bool
) -> bytes:
    """The whole document. Kept until the order changes or a switch makes another one of it."""
    key = (
        f"{sorted(include)}{as_object}{switches.consignment_money}{switches.cut_warning}"
        f"{switches.lines_per_consignment}"
    )
    known = order.cache.get(key)
    if isinstance(known, bytes):
        return known
    made = orjson.dumps(order_document(order, switches, include, as_object=as_object))
    order.cache[key] = made
    return made


def order_document(
    order: Order, switches: BigCommerceSwitches, include: frozenset[str], *, as_object: bool
) -> Document:
    """The document as Python objects.

    In: `include` as in the query, one by one; `as_object` for `consignment_structure=object`.
    """
    document = _header(order)
    if include & {"consignments", "consignments.line_items"}:
        whole = consignments(order, switches, with_lines="consignments.line_items" in include)
        document["consignments"] = whole if as_object else [whole]
    if "fees" in include:
        document["fees"] = [line_documents.fee(item) for item in order.fees]
    return document


def _header(order: Order) -> Document:
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
        "billing_address": line_documents.address(order.billing, order.email),
        "is_email_opt_in": False,
        "order_source": order.source,
        "channel_id": order.channel_id,
        "external_source": order.external_source,
        "external_id": order.external_id,
        "external_merchant_id": order.external_merchant_id,
        "external_order_id": order.external_order_id,
        "tax_provider_id": "BasicTaxProvider",
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
        **told("shipping_cost", totals.shipping),
        "shipping_cost_tax_class_id": reference.STANDARD.id,
        "base_handling_cost": money(sum((p.handling for p in order.addresses), Decimal(0))),
        **told("handling_cost", totals.handling),
        "handling_cost_tax_class_id": reference.STANDARD.id,
        "base_wrapping_cost": money(sum((line.wrapping for line in order.lines), Decimal(0))),
        **told("wrapping_cost", totals.wrapping),
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
        "store_default_to_transactional_exchange_rate": rate(order.rate_to_store),
    }


def consignments(order: Order, switches: BigCommerceSwitches, *, with_lines: bool) -> Document:
    """Where the lines go. Without `with_lines` each list of lines is one link."""

    def group(lines: Sequence[Line], resource: str) -> Document:
        if not with_lines:
            return {"line_items": [link(resource)]}
        return _embedded(order, lines, switches)

    by_kind: dict[str, list[Line]] = {"digital": [], "giftcertificate": [], "physical": []}
    for line in order.lines:
        by_kind[line.type].append(line)
    base = f"/orders/{order.id}/consignments"
    return {
        "pickups": [],
        "shipping": _shipping(order, switches, by_kind["physical"], group),
        "downloads": [
            {"recipient_email": order.email}
            | group(by_kind["digital"], f"{base}/downloads/lineitems")
        ]
        if by_kind["digital"]
        else [],
        "email": {
            "gift_certificates": [
                {"recipient_email": line.recipient}
                | group([line], f"{base}/email/giftcertificates/{line.id}/lineitems")
                for line in by_kind["giftcertificate"]
            ]
        },
    }


def _shipping(
    order: Order,
    switches: BigCommerceSwitches,
    lines: Sequence[Line],
    group: Callable[[Sequence[Line], str], Document],
) -> list[Document]:
    found = []
    for place in order.addresses:
        document = line_documents.shipping_address(order, place)
        del document["order_id"]
        if switches.consignment_money == "number":
            for name in CONSIGNMENT_MONEY:
                document[name] = number(Decimal(document[name]))
        resource = f"/orders/{order.id}/consignments/shipping/{place.id}/lineitems"
        own = [line for line in lines if line.address_id == place.id]
        found.append(document | group(own, resource))
    return found


def _embedded(order: Order, lines: Sequence[Line], switches: BigCommerceSwitches) -> Document:
    shown: list[Any] = [
        line_documents.line(order, item) for item in lines[: switches.lines_per_consignment]
    ]
    if len(lines) <= switches.lines_per_consignment:
        return {"line_items": shown}
    warning = {"__warning__": {"message": WARNING.format(order.id)}}
    if switches.cut_warning == "item":
        return {"line_items": [*shown, warning]}
    return {"line_items": shown, **warning}

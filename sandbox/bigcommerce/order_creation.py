"""What `POST /v2/orders` accepts: products with shipping addresses, or a pick-up consignment."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.api import BAD_REQUEST, refuse
from sandbox.bigcommerce.basket import AddressIn, Basket, LineIn, PickupIn, ShippingIn
from sandbox.bigcommerce.formats import read_moment
from sandbox.bigcommerce.order_writes import (
    ADDRESS,
    WRITABLE,
    Body,
    check_fields,
    rate_between,
    read_address,
    read_amount,
    read_form_fields,
    read_rows,
    read_status,
    refuse_field,
)
from sandbox.bigcommerce.records import Product, Variant
from sandbox.bigcommerce.store import Store

SHORTEST_ZIP = 2
CREATABLE = WRITABLE | {
    "channel_id",
    "consignments",
    "customer_locale",
    "date_created",
    "external_source",
    "ip_address",
    "shipping_addresses",
    "shipping_cost_ex_tax",
    "shipping_cost_inc_tax",
}
LOCATION_FIELDS = {
    "name": "company",
    "address_line_1": "street_1",
    "address_line_2": "street_2",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country_alpha2": "country_iso2",
    "phone": "phone",
}
"""Fields of a pick-up location by those of an address."""


def read_new(store: Store, body: Body) -> Basket:
    """The body of a POST as a basket, to be placed without payment.

    Raises: Refusal 400 that names the field.
    """
    check_fields(body, CREATABLE)
    billing = read_address(body.get("billing_address"))
    has_country = billing.get("country") or billing.get("country_iso2")
    if len(billing.get("zip", "")) < SHORTEST_ZIP or not has_country:
        refuse_field("billing_address")
    pickup, rows = _read_pickup(body)
    lines = [_new_line(store, item) for item in rows]
    places = [] if pickup else body.get("shipping_addresses") or [body["billing_address"]]
    try:
        return Basket(
            lines=lines,
            email=billing.get("email", ""),
            customer_id=body.get("customer_id") or None,
            guest=not body.get("customer_id"),
            channel_id=body.get("channel_id", 1),
            tax_inclusive=False,
            tax_provider="",
            billing=_completed_address(body["billing_address"]),
            shipping=[
                ShippingIn(
                    to=_completed_address(place),
                    cost=_amount_or_none(body, "shipping_cost_ex_tax"),
                )
                for place in places
            ],
            pickup=pickup,
            discount=_amount_or_none(body, "discount_amount"),
            payment_method=body.get("payment_method", ""),
            payment="pending",
            status_id=reference.PENDING if (status := read_status(body)) is None else status,
            message=body.get("customer_message", ""),
            staff_notes=body.get("staff_notes", ""),
            source="external",
            placed_at=read_moment(str(body["date_created"])) if "date_created" in body else None,
            external_source=body.get("external_source"),
        )
    except ValidationError as wrong:
        field = ".".join(str(part) for part in wrong.errors()[0]["loc"])
        refuse(BAD_REQUEST, f"The field '{field}' is invalid.")


def _amount_or_none(body: Body, name: str) -> Decimal:
    return read_amount(body, name) if name in body else Decimal(0)


def _read_pickup(body: Body) -> tuple[PickupIn | None, list[Body]]:
    """The pick-up, if there is one, and the lines of the order.

    It goes with neither products nor shipping addresses, and there is one at most.
    """
    if "consignments" not in body:
        return None, read_rows(body, "products")
    given = body["consignments"]
    if {"products", "shipping_addresses"} & set(body) or not isinstance(given, dict):
        refuse_field("consignments")
    pickups = read_rows(given, "pickups", "consignments.pickups")
    if len(pickups) != 1 or type(pickups[0].get("pickup_method_id")) is not int:
        refuse_field("consignments.pickups")
    (row,) = pickups
    place = row.get("location") or {}
    blank = dict.fromkeys(ADDRESS, "")
    filled = {ours: str(place[name]) for name, ours in LOCATION_FIELDS.items() if name in place}
    pickup = PickupIn(
        method=str(row.get("pickup_method_display_name", "")),
        method_id=row["pickup_method_id"],
        instructions=str(row.get("collection_instructions", "")),
        opening_hours=str(row.get("collection_time_description", "")),
        code=str(place.get("code", "")),
        at=AddressIn(**(blank | filled)),
        email=str(place.get("email", "")),
    )
    return pickup, read_rows(row, "line_items", "consignments.pickups.line_items")


def _completed_address(given: Mapping[str, Any]) -> AddressIn:
    blank = dict.fromkeys(ADDRESS, "")
    filled = {name: str(given[name]) for name in ADDRESS if given.get(name)}
    if "country_iso2" not in filled and filled.get("country") == "United Kingdom":
        filled["country_iso2"] = reference.HOME
    return AddressIn(**(blank | filled), form_fields=read_form_fields(given))


def _new_line(store: Store, item: Body) -> LineIn:
    quantity = item.get("quantity")
    if type(quantity) is not int or quantity < 1:
        refuse_field("products.quantity")
    prices = {"price_ex_tax", "price_inc_tax"} & set(item)
    price, rate = None, None
    if prices:
        if len(prices) == 1:
            refuse_field("products.price_inc_tax")
        price = read_amount(item, "price_ex_tax")
        rate = rate_between(price, read_amount(item, "price_inc_tax"))
    if "product_id" not in item:
        if not item.get("name") or price is None:
            refuse_field("products.name")
        return LineIn(
            name=str(item["name"]), sku=str(item.get("sku", "")), quantity=quantity, price=price,
            tax_rate=rate, custom=True,
        )  # fmt: skip
    product = store.products.get(item["product_id"])
    if product is None:
        refuse_field("products.product_id")
    variant, texts = _chosen(store, product, item)
    return LineIn(sku=variant.sku, quantity=quantity, price=price, tax_rate=rate, options=texts)


def _chosen(store: Store, product: Product, item: Body) -> tuple[Variant, dict[str, str]]:
    """The variant by its id or by the values of its options, and the texts of modifiers."""
    labels: dict[str, str] = {}
    texts: dict[str, str] = {}
    for row in read_rows(item, "product_options") if "product_options" in item else ():
        options = [one for one in product.options if one.id == row.get("id")]
        modifiers = [one for one in product.modifiers if one.id == row.get("id")]
        known = [
            label
            for option in options
            for label, number in option.values.items()
            if str(number) == str(row.get("value"))
        ]
        if not known and not modifiers:
            refuse_field("products.product_options")
        labels |= {option.name: known[0] for option in options}
        texts |= {modifier.name: str(row.get("value", "")) for modifier in modifiers}
    for number in product.variant_ids:
        variant = store.variants[number]
        is_it = number == item.get("variant_id", number)
        if is_it and labels.items() <= dict(variant.options).items():
            return variant, texts
    return refuse_field("products.product_id")

"""What `POST /v2/orders` and `PUT /v2/orders/{id}` accept, and what a change does."""

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.api import BAD_REQUEST, refuse
from sandbox.bigcommerce.basket import AddressIn, Basket, LineIn, ShippingIn
from sandbox.bigcommerce.formats import read_moment, read_money
from sandbox.bigcommerce.order_records import Fee, Order
from sandbox.bigcommerce.placing import set_discount
from sandbox.bigcommerce.pricing import HUNDRED, cents
from sandbox.bigcommerce.staff import LineEdit, NotFound, edit_line
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address

Body = Mapping[str, Any]
TEXTS = ("external_order_id", "staff_notes", "customer_message", "payment_method")
LONGEST = 65_535
SHORTEST_ZIP = 2
ADDRESS = tuple(item.name for item in fields(Address))
WRITABLE = frozenset(
    (*TEXTS, "status_id", "customer_id", "billing_address", "products", "fees", "discount_amount",
     "external_merchant_id")
)  # fmt: skip
CREATABLE = WRITABLE | {
    "channel_id",
    "date_created",
    "external_source",
    "shipping_addresses",
    "shipping_cost_ex_tax",
    "shipping_cost_inc_tax",
    "ip_address",
    "customer_locale",
}


def _known(body: Body, names: frozenset[str]) -> None:
    for name in body:
        if name not in names:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")


def _invalid(name: str) -> None:
    refuse(BAD_REQUEST, f"The field '{name}' is invalid.")


def _status(body: Body) -> int | None:
    if "status_id" not in body:
        return None
    text = str(body["status_id"])
    if not text.isdigit() or int(text) not in reference.STATUSES:
        _invalid("status_id")
    return int(text)


def read_changes(order: Order, body: Body) -> dict[str, Any]:
    """The body of a PUT, checked as a whole before anything changes.

    Raises: Refusal 400 that names the field.
    """
    _known(body, WRITABLE)
    changes = dict(body)
    for name in TEXTS:
        if name in body and not (isinstance(body[name], str) and len(body[name]) <= LONGEST):
            _invalid(name)
    if "status_id" in body:
        changes["status_id"] = _status(body)
    if "customer_id" in body and not isinstance(body["customer_id"], int):
        _invalid("customer_id")
    if "external_merchant_id" in body and order.external_merchant_id:
        _invalid("external_merchant_id")
    if "billing_address" in body:
        changes["billing_address"] = _address(body["billing_address"])
    if "discount_amount" in body:
        changes["discount_amount"] = _amount(body, "discount_amount")
    if "products" in body:
        changes["products"] = [_line_edit(order, item) for item in _listed(body, "products")]
    if "fees" in body:
        changes["fees"] = [_checked_fee(item) for item in _listed(body, "fees")]
    return changes


def _amount(body: Body, name: str) -> Decimal:
    amount = read_money(body.get(name))
    if amount is None or amount < 0:
        _invalid(name)
    return amount or Decimal(0)


def _listed(body: Body, name: str) -> list[Body]:
    rows = body.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        _invalid(name)
    return list(rows or [])


def _address(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        _invalid("billing_address")
        return {}
    known = {*ADDRESS, "email", "form_fields"}
    _known({f"billing_address.{name}": 0 for name in given if name not in known}, frozenset())
    return {name: str(value) for name, value in given.items() if name != "form_fields"}


def _line_edit(order: Order, item: Body) -> LineEdit:
    line = next((line for line in order.lines if line.id == item.get("id")), None)
    if line is None:
        _invalid("products.id")
    if ("price_ex_tax" in item) != ("price_inc_tax" in item):
        _invalid("products.price_inc_tax")
    name = "price_inc_tax" if order.is_inclusive else "price_ex_tax"
    price = _amount(item, name) if name in item else None
    quantity = item.get("quantity")
    if quantity is not None and (type(quantity) is not int or quantity < 0):
        _invalid("products.quantity")
    return LineEdit(id=item.get("id"), quantity=quantity, price=price)


def _checked_fee(item: Body) -> Body:
    if not {"cost_ex_tax", "cost_inc_tax"} <= set(item):
        _invalid("fees.cost_inc_tax")
    _amount(item, "cost_ex_tax")
    _amount(item, "cost_inc_tax")
    return item


def apply_changes(store: Store, order: Order, changes: Body) -> None:
    """Do what `read_changes` let through. A changed line loses its discounts; fees are replaced."""
    for name in (*TEXTS, "customer_id", "external_merchant_id"):
        if name in changes:
            setattr(order, name, changes[name])
    if "billing_address" in changes:
        given = dict(changes["billing_address"])
        order.email = given.pop("email", order.email)
        order.billing = replace(order.billing, **given)
    if {"products", "fees", "discount_amount"} & set(changes):
        _apply_money(store, order, changes)
    status_id = changes.get("status_id", order.status_id)
    if status_id != order.status_id:
        store.set_status(order, status_id)
    else:
        store.touch(order)


def _apply_money(store: Store, order: Order, changes: Body) -> None:
    for change in changes.get("products", ()):
        try:
            edit_line(store, order, change, keep_discounts=False)
        except NotFound as gone:
            refuse(BAD_REQUEST, str(gone))
    if "fees" in changes:
        order.fees = [_fee(store, order, item) for item in changes["fees"]]
    if "discount_amount" in changes:
        set_discount(order, changes["discount_amount"])
    store.compute_amounts(order)


def _rate(ex: Decimal, inc: Decimal) -> Decimal:
    return cents((inc / ex - 1) * HUNDRED) if ex else Decimal(0)


def _fee(store: Store, order: Order, item: Body) -> Fee:
    ex, inc = _amount(item, "cost_ex_tax"), _amount(item, "cost_inc_tax")
    name = str(item.get("display_name_customer") or item.get("name") or "Fee")
    number = item.get("id") or store.sequences.next("fee")
    return Fee(int(number), name, inc if order.is_inclusive else ex, _rate(ex, inc))


def read_new(store: Store, body: Body) -> Basket:
    """The body of a POST as a basket, to be placed without payment.

    Raises: Refusal 400 that names the field.
    """
    _known(body, CREATABLE)
    billing = _address(body.get("billing_address"))
    has_country = billing.get("country") or billing.get("country_iso2")
    if len(billing.get("zip", "")) < SHORTEST_ZIP or not has_country:
        _invalid("billing_address")
    lines = [_new_line(store, item) for item in _listed(body, "products")]
    places = body.get("shipping_addresses") or [billing]
    cost = _amount(body, "shipping_cost_ex_tax") if "shipping_cost_ex_tax" in body else Decimal(0)
    try:
        return Basket(
            lines=lines,
            email=billing.get("email", ""),
            customer_id=body.get("customer_id") or None,
            guest=not body.get("customer_id"),
            channel_id=body.get("channel_id", 1),
            tax_inclusive=False,
            billing=_completed_address(billing),
            shipping=[ShippingIn(to=_completed_address(place), cost=cost) for place in places],
            discount=_amount(body, "discount_amount") if "discount_amount" in body else Decimal(0),
            payment_method=body.get("payment_method", ""),
            payment="pending",
            status_id=reference.PENDING if (status := _status(body)) is None else status,
            message=body.get("customer_message", ""),
            staff_notes=body.get("staff_notes", ""),
            source="external",
            placed_at=read_moment(str(body["date_created"])) if "date_created" in body else None,
            external_source=body.get("external_source"),
        )
    except ValidationError as wrong:
        field = ".".join(str(part) for part in wrong.errors()[0]["loc"])
        refuse(BAD_REQUEST, f"The field '{field}' is invalid.")


def _completed_address(given: Mapping[str, Any]) -> AddressIn:
    blank = dict.fromkeys(ADDRESS, "")
    filled = {name: str(given[name]) for name in ADDRESS if given.get(name)}
    if "country_iso2" not in filled and filled.get("country") == "United Kingdom":
        filled["country_iso2"] = reference.HOME
    return AddressIn(**(blank | filled))


def _new_line(store: Store, item: Body) -> LineIn:
    quantity = item.get("quantity")
    if not isinstance(quantity, int) or quantity < 1:
        _invalid("products.quantity")
    prices = {"price_ex_tax", "price_inc_tax"} & set(item)
    price, rate = None, None
    if prices:
        if len(prices) == 1:
            _invalid("products.price_inc_tax")
        price = _amount(item, "price_ex_tax")
        rate = _rate(price, _amount(item, "price_inc_tax"))
    if "product_id" not in item:
        if not item.get("name") or price is None:
            _invalid("products.name")
        return LineIn(
            name=str(item["name"]), sku=str(item.get("sku", "")), quantity=int(quantity or 0),
            price=price, tax_rate=rate, custom=True,
        )  # fmt: skip
    product = store.products.get(item["product_id"])
    variant_id = item.get("variant_id") or (product.variant_ids[0] if product else 0)
    variant = store.variants.get(variant_id)
    if product is None or variant is None or variant.product_id != product.id:
        _invalid("products.product_id")
    sku = variant.sku if variant else ""
    return LineIn(sku=sku, quantity=int(quantity or 0), price=price, tax_rate=rate)

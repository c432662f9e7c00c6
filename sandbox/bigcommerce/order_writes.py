"""What `PUT /v2/orders/{id}` accepts, what a change does, and how both writes read fields."""

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, NoReturn

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.api import BAD_REQUEST, refuse
from sandbox.bigcommerce.formats import read_money
from sandbox.bigcommerce.order_records import Fee, FormFields, Order
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


def check_fields(body: Body, names: frozenset[str]) -> None:
    """Only these fields are sent.

    Raises: Refusal 400 that names another one.
    """
    for name in body:
        if name not in names:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")


def refuse_field(name: str) -> NoReturn:
    """The value of a field does not do.

    Raises: Refusal 400.
    """
    refuse(BAD_REQUEST, f"The field '{name}' is invalid.")


def read_status(body: Body) -> int | None:
    """The status that is asked for, or None."""
    if "status_id" not in body:
        return None
    text = str(body["status_id"])
    if not text.isdigit() or int(text) not in reference.STATUSES:
        refuse_field("status_id")
    return int(text)


def read_changes(order: Order, body: Body) -> dict[str, Any]:
    """The body of a PUT, checked as a whole before anything changes.

    Raises: Refusal 400 that names the field.
    """
    check_fields(body, WRITABLE)
    changes = dict(body)
    for name in TEXTS:
        if name in body and not (isinstance(body[name], str) and len(body[name]) <= LONGEST):
            refuse_field(name)
    if "status_id" in body:
        changes["status_id"] = read_status(body)
    if "customer_id" in body and not isinstance(body["customer_id"], int):
        refuse_field("customer_id")
    if "external_merchant_id" in body and order.external_merchant_id:
        refuse_field("external_merchant_id")
    if "billing_address" in body:
        changes["billing_address"] = read_address(body["billing_address"])
        changes["form_fields"] = read_form_fields(body["billing_address"])
    if "discount_amount" in body:
        changes["discount_amount"] = read_amount(body, "discount_amount")
    if "products" in body:
        changes["products"] = [_line_edit(order, item) for item in read_rows(body, "products")]
    if "fees" in body:
        changes["fees"] = [_checked_fee(item) for item in read_rows(body, "fees")]
    return changes


def read_amount(body: Body, name: str) -> Decimal:
    """Money that is not below zero."""
    amount = read_money(body.get(name))
    if amount is None or amount < 0:
        refuse_field(name)
    return amount


def read_rows(body: Body, name: str, field: str = "") -> list[Body]:
    """A list of objects; `field` is what it is called in a refusal."""
    rows = body.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        refuse_field(field or name)
    return rows


def read_address(given: object) -> dict[str, str]:
    """The texts of a billing address."""
    if not isinstance(given, dict):
        refuse_field("billing_address")
    known = {*ADDRESS, "email", "form_fields"}
    unknown = {f"billing_address.{name}": 0 for name in given if name not in known}
    check_fields(unknown, frozenset())
    return {name: str(value) for name, value in given.items() if name != "form_fields"}


def read_form_fields(given: Body) -> FormFields:
    """What an address has besides, by name."""
    if "form_fields" not in given:
        return {}
    rows = read_rows(given, "form_fields")
    if not all({"name", "value"} <= set(row) for row in rows):
        refuse_field("form_fields")
    return {str(row["name"]): row["value"] for row in rows}


def _line_edit(order: Order, item: Body) -> LineEdit:
    line = next((line for line in order.lines if line.id == item.get("id")), None)
    if line is None:
        refuse_field("products.id")
    if ("price_ex_tax" in item) != ("price_inc_tax" in item):
        refuse_field("products.price_inc_tax")
    name = "price_inc_tax" if order.is_inclusive else "price_ex_tax"
    price = read_amount(item, name) if name in item else None
    quantity = item.get("quantity")
    if quantity is not None and (type(quantity) is not int or quantity < 0):
        refuse_field("products.quantity")
    return LineEdit(id=item.get("id"), quantity=quantity, price=price)


def _checked_fee(item: Body) -> Body:
    if not {"cost_ex_tax", "cost_inc_tax"} <= set(item):
        refuse_field("fees.cost_inc_tax")
    read_amount(item, "cost_ex_tax")
    read_amount(item, "cost_inc_tax")
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
        order.form_fields = changes["form_fields"] or order.form_fields
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


def rate_between(ex: Decimal, inc: Decimal) -> Decimal:
    """The percent of tax that makes one of the other."""
    return cents((inc / ex - 1) * HUNDRED) if ex else Decimal(0)


def _fee(store: Store, order: Order, item: Body) -> Fee:
    ex, inc = read_amount(item, "cost_ex_tax"), read_amount(item, "cost_inc_tax")
    name = str(item.get("display_name_customer") or item.get("name") or "Fee")
    number = item.get("id") or store.sequences.next("fee")
    return Fee(int(number), name, inc if order.is_inclusive else ex, rate_between(ex, inc))

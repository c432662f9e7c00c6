"""Custom fields of orders, products and contacts."""

from collections.abc import Mapping
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.patching import Operation, illegal, operations
from sandbox.brightpearl.records import Contact, Order, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Routes, answer
from sandbox.kit.routing import Reply

routes = Routes()

Owner = Order | Product | Contact


@routes("GET", "/order-service/order/{id}/custom-field")
def read_order_fields(account: Account, call: Call) -> Reply:
    """Values by code."""
    return answer(_owner(account.orders, call).custom_fields)


@routes("PATCH", "/order-service/order/{id}/custom-field")
def patch_order_fields(account: Account, call: Call) -> Reply:
    """The whole map after the change."""
    return _patch(account, _owner(account.orders, call), "order", call)


@routes("GET", "/product-service/product/{id}/custom-field")
def read_product_fields(account: Account, call: Call) -> Reply:
    """Values by code."""
    return answer(_owner(account.products, call).custom_fields)


@routes("PATCH", "/product-service/product/{id}/custom-field")
def patch_product_fields(account: Account, call: Call) -> Reply:
    """The whole map after the change."""
    return _patch(account, _owner(account.products, call), "product", call)


@routes("GET", "/contact-service/contact/{id}/custom-field")
def read_contact_fields(account: Account, call: Call) -> Reply:
    """Values by code."""
    return answer(_owner(account.contacts, call).custom_fields)


@routes("PATCH", "/contact-service/contact/{id}/custom-field")
def patch_contact_fields(account: Account, call: Call) -> Reply:
    """The whole map after the change."""
    return _patch(account, _owner(account.contacts, call), "contact", call)


def _owner(records: Mapping[int, Owner], call: Call) -> Owner:
    found = records.get(call.number("id"))
    if found is None:
        not_found("Resource not found")
    return found


def _patch(account: Account, owner: Owner, kind: str, call: Call) -> Reply:
    values = dict(owner.custom_fields)
    for operation in operations(call):
        _apply(values, kind, operation)
    owner.custom_fields = values
    if account.switches.custom_fields_bump_updated_on:
        if isinstance(owner, Order):
            account.touch(owner)
        elif isinstance(owner, Product):
            account.touch_product(owner)
        else:
            owner.updated_on = account.now()
    return answer(values)


def _apply(values: dict[str, Any], kind: str, operation: Operation) -> None:
    code, _, rest = operation.path.lstrip("/").partition("/")
    field = next((entry for entry in reference.CUSTOM_FIELDS[kind] if entry[1] == code), None)
    allowed = {"add", "replace", "remove"}
    if field is None or operation.op not in allowed or rest not in {"", "id"}:
        illegal(operation)
        return
    if operation.op == "remove":
        values.pop(code, None)
        return
    if operation.op == "replace" and code not in values:
        refuse("CMNC-906", f"{code} has no value to replace; use add")
    values[code] = _value(field, operation.value)


def _value(field: tuple[int, str, str, str, dict[int, str]], value: object) -> object:
    _, code, _, type_code, options = field
    if type_code != "SELECT":
        return value
    chosen = value.get("id") if isinstance(value, dict) else value
    number = int(str(chosen)) if str(chosen).isdigit() else 0
    if number not in options:
        refuse("CMNC-907", f"{code} has no option {str(chosen)[:20]}")
    return {"id": number, "value": options[number]}


def _meta_data(kind: str) -> Reply:
    return answer([_definition(entry) for entry in reference.CUSTOM_FIELDS[kind]])


def _definition(entry: tuple[int, str, str, str, dict[int, str]]) -> dict[str, Any]:
    number, code, name, type_code, options = entry
    document: dict[str, Any] = {
        "id": number,
        "code": code,
        "name": name,
        "customFieldType": type_code,
        "required": False,
    }
    if options:
        document["options"] = {
            str(key): {"id": key, "value": text} for key, text in options.items()
        }
    return document


@routes("GET", "/order-service/sale/custom-field-meta-data")
def order_meta_data(_account: Account, _call: Call) -> Reply:
    """Definitions for sales."""
    return _meta_data("order")


@routes("GET", "/product-service/product/custom-field-meta-data")
def product_meta_data(_account: Account, _call: Call) -> Reply:
    """Definitions for products."""
    return _meta_data("product")


@routes("GET", "/contact-service/customer/custom-field-meta-data")
def contact_meta_data(_account: Account, _call: Call) -> Reply:
    """Definitions for customers (the path is our reading)."""
    return _meta_data("contact")

"""Custom fields of orders, products and contacts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Operation, Routes, answer, illegal, operations
from sandbox.brightpearl.records import Contact, Order, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.routing import Reply

routes = Routes()

Owner = Order | Product | Contact


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
    if type_code == "INTEGER" and str(value).removeprefix("-").isdigit():
        return int(str(value))
    if type_code != "SELECT":
        return value
    chosen = value.get("id") if isinstance(value, dict) else value
    number = int(str(chosen)) if str(chosen).isdigit() else 0
    if number not in options:
        refuse("CMNC-907", f"{code} has no option {str(chosen)[:20]}")
    return {"id": number, "value": options[number]}


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


def _declare(
    kind: str,
    resource: str,
    definitions: Sequence[str],
    records: Callable[[Account], Mapping[int, Owner]],
) -> None:
    """Declare the operations on custom fields of one kind of record."""

    def read(account: Account, call: Call) -> Reply:
        return answer(_owner(records(account), call).custom_fields)

    def patch(account: Account, call: Call) -> Reply:
        return _patch(account, _owner(records(account), call), kind, call)

    def describe(_account: Account, call: Call) -> Reply:
        listed = {entry[0]: _definition(entry) for entry in reference.CUSTOM_FIELDS[kind]}
        if "ids" not in call.params:
            return answer(list(listed.values()))
        return answer([listed[number] for number in call.id_set().among(listed, listed)])

    routes("GET", f"{resource}/{{id}}/custom-field")(read)
    routes("PATCH", f"{resource}/{{id}}/custom-field")(patch)
    for path in definitions:
        base = f"{path}/custom-field-meta-data"
        routes("GET", base, f"{base}/{{ids}}")(describe)


_declare(
    "order",
    "/order-service/order",
    ("/order-service/sale", "/order-service/purchase"),
    lambda account: account.orders,
)
_declare(
    "product",
    "/product-service/product",
    ("/product-service/product",),
    lambda account: account.products,
)
_declare(
    "contact",
    "/contact-service/contact",
    ("/contact-service/customer", "/contact-service/supplier"),
    lambda account: account.contacts,
)

"""Every operation's answer, held against the machine-readable description of the API."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from reference_material import SPECS, needs_specs

from sandbox.brightpearl import multi_messages
from sandbox.brightpearl.api import Call
from sandbox.brightpearl.gateway import ROUTER
from sandbox.brightpearl.staff_credits import Receipt, StaffCredit, create_credit, receive_goods
from sandbox.brightpearl.staff_stock import Component, StaffProduct, delete_product, write_product
from sandbox.kit.routing import Reply

SPEC = SPECS / "brightpearl" / "brightpearl.openapi.yaml"
pytestmark = needs_specs


class Specification:
    """Finds the schema of an answer and checks the answer by it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.checked: set[tuple[str, str]] = set()
        self._paths = [(path.strip("/").split("/"), path) for path in document["paths"]]
        self._paths.sort(key=lambda entry: sum(part[0] == "{" for part in entry[0]))

    def operations(self) -> set[tuple[str, str]]:
        return {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method in item
            if method in {"get", "post", "put", "patch", "delete", "options"}
        }

    def check(self, method: str, path: str, reply: Reply) -> None:
        template = self._template(method, path)
        if template is None:
            return
        schema = self._schema(self.document["paths"][template][method.lower()], reply.status)
        root = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        root["components"] = self.document["components"]
        faults = list(Draft202012Validator(root).iter_errors(json.loads(json.dumps(reply.body))))
        assert not faults, f"{method} {path}: {[fault.message[:200] for fault in faults]}"
        self.checked.add((method, template))

    def _template(self, method: str, path: str) -> str | None:
        parts = path.strip("/").split("/")
        for segments, template in self._paths:
            fits = len(segments) == len(parts) and all(
                segment[0] == "{" or segment == part
                for segment, part in zip(segments, parts, strict=True)
            )
            if fits and method.lower() in self.document["paths"][template]:
                return template
        return None

    def _schema(self, operation: dict[str, Any], status: int) -> dict[str, Any]:
        answer = operation["responses"][str(status)]
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].split("/")[-1]]
        return answer["content"]["application/json"]["schema"]


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification(yaml.safe_load(SPEC.read_text()))


class CheckedCalls:
    """Calls the API and checks each answer on the way."""

    def __init__(self, account: Any, specification: Specification) -> None:
        self.account = account
        self.specification = specification

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        reply = ROUTER.handle(self.account, Call(method, path, query, raw))
        self.specification.check(method, path, reply)
        body = reply.body
        return body.get("response") if isinstance(body, dict) else None


PRODUCT = {
    "brandId": 74,
    "identity": {"sku": "SET"},
    "financialDetails": {"taxCode": {"code": "T20"}},
    "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Set"}],
}
TEMPLATE = "http://127.0.0.1/${account-code}/${resource-type}/${resource-id}/${lifecycle-event}"


def walk(api: Any, call: CheckedCalls) -> None:
    """One of everything, so that no list in an answer is empty."""
    mug = api.product_id("MUG")
    order = _orders(api, call)
    _people(api, call)
    _catalogue(call, mug)
    _stock(api, call, order)
    _returns(api, call)
    _money(call, order)
    _refusals(api, call)
    _reference(call)
    _searches(call)


def _orders(api: Any, call: CheckedCalls) -> int:
    order = call("POST", "/order-service/sales-order", api.order_body())
    call("GET", f"/order-service/sales-order/{order}")
    call("GET", f"/order-service/sales-order/{order},7")
    call("OPTIONS", f"/order-service/sales-order/{order}")
    call("OPTIONS", f"/order-service/order/{order}")
    base = f"/order-service/order/{order}"
    call("PUT", f"{base}/status", {"orderStatusId": 17})
    call("POST", f"{base}/note", {"text": "hello"})
    call("PATCH", base, [{"op": "replace", "path": "/reference", "value": "R2"}])
    call("PATCH", base, [{"op": "add", "path": "/reference", "value": "R2"}])
    value = {"taxCode": "T20", "rowNet": {"value": "5.00"}, "rowTax": {"value": "1.00"}}
    row = {"productName": "Wrap", "quantity": {"magnitude": "1"}, "rowValue": value}
    row_id = call("POST", f"{base}/row", row)
    patch = [{"op": "replace", "path": "/rowValue/rowNet/value", "value": "6"}]
    call("PATCH", f"{base}/row/{row_id}", patch)
    several = {"id": row_id, "quantity": "1", "taxCode": "T20", "net": "5", "tax": "1"}
    call("PUT", f"/order-service/sales-order/{order}/row/{row_id}", [several])
    call("PUT", f"/order-service/sales-order/{order}/row/{row_id},5", [several])
    call("DELETE", f"{base}/row/{row_id}")
    call("PATCH", f"{base}/custom-field", [{"op": "add", "path": "/PCF_GIFTMSG", "value": "x"}])
    call("GET", f"{base}/custom-field")
    call("GET", base, includeOptional="customFields,nullCustomFields")
    header = {"orderTypeCode": "SO", "parties": {"customer": {"contactId": api.contact()}}}
    empty = call("POST", "/order-service/order", header)
    call("GET", f"/order-service/order/{empty}")
    call("POST", "/order-service/order", {})
    call("POST", f"/order-service/sales-order/{empty}/close", {})
    return order


def _people(api: Any, call: CheckedCalls) -> None:
    number = call("POST", "/contact-service/postal-address", {"addressLine1": "1", "countryId": 5})
    call("PUT", f"/contact-service/postal-address/{number}", {"addressLine1": "2"})
    call("GET", f"/contact-service/postal-address/{number}")
    body = {
        "firstName": "A",
        "lastName": "B",
        "postAddressIds": {"DEF": number, "BIL": number, "DEL": number},
    }
    contact = call("POST", "/contact-service/contact", body)
    call("POST", "/contact-service/contact", body | {"firstName": "x" * 40})
    base = f"/contact-service/contact/{contact}"
    call("GET", base, includeOptional="customFields,postalAddresses")
    call("GET", "/contact-service/contact/3")
    call("OPTIONS", base)
    call("PATCH", base, [{"op": "replace", "path": "/firstName", "value": "C"}])
    call("PUT", f"{base}/postal-address", [{"postalAddressId": number, "type": "DEL"}])
    call("PATCH", f"{base}/custom-field", [{"op": "add", "path": "/PCF_WEBID", "value": "9"}])
    api.contact("second@example.com")


def _catalogue(call: CheckedCalls, mug: int) -> None:
    parts = [{"productId": mug, "productQuantity": "2"}]
    bundle = call(
        "POST",
        "/product-service/product",
        PRODUCT | {"composition": {"bundle": True, "bundleComponents": parts}},
    )
    call("POST", "/product-service/product", {})
    base = f"/product-service/product/{bundle}"
    call("GET", base, includeOptional="customFields,nullCustomFields")
    call("GET", f"/product-service/product/{mug}")
    call("PUT", base, {"featured": True})
    call("OPTIONS", base)
    call("GET", f"{base}/bundle")
    call("GET", f"/warehouse-service/bundle-availability/{bundle}")
    call("PATCH", f"{base}/custom-field", [{"op": "add", "path": "/PCF_WIDTH", "value": 5}])
    call("PUT", f"{base}/identity", {"sku": "SET-2"})
    prices = f"/product-service/product-price/{mug}"
    call(
        "PUT",
        f"{prices}/price-list",
        {"priceLists": [{"priceListId": 2, "quantityPrice": {"1": "9"}}]},
    )
    call("GET", prices)
    call("GET", "/product-service/product-price/5")
    call("OPTIONS", prices)
    call("GET", f"{prices}/price-list/2")


def _stock(api: Any, call: CheckedCalls, order: int) -> None:
    mug = api.product_id("MUG")
    line = {"productId": mug, "salesOrderRowId": api.row_id(order), "quantity": 2}
    base = f"/warehouse-service/order/{order}"
    call("GET", f"{base}/reservation")
    call("POST", f"{base}/reservation/warehouse/2", {"products": [line]})
    call("POST", f"{base}/reservation/warehouse/2", {"products": [line]})
    call("GET", f"{base}/reservation")
    call("PUT", f"{base}/reservation", {"products": [line | {"quantity": 1}]})
    call("DELETE", f"{base}/reservation")
    entry = {"warehouses": [{"warehouseId": 2, "products": [line | {"quantity": 1}]}]}
    first = call("POST", f"{base}/goods-note/goods-out", entry)
    call("DELETE", f"{base}/goods-note/goods-out/{first}")
    note = call("POST", f"{base}/goods-note/goods-out", entry)
    call("PUT", f"/warehouse-service/goods-note/goods-out/{note}", {"shipping": {"boxes": 2}})
    event = {"eventCode": "SHW", "occured": "2026-07-01T13:00:00Z", "eventOwnerId": 4}
    call("POST", f"/warehouse-service/goods-note/goods-out/{note}/event", {"events": [event]})
    call("GET", f"{base}/goods-note/goods-out")
    call("GET", f"/warehouse-service/order/*/goods-note/goods-out/{note}")
    call("GET", f"/warehouse-service/product-availability/{mug}")
    call("GET", "/warehouse-service/product-availability/5")
    delta = {"productId": mug, "quantity": -1, "reason": "count", "locationId": 2}
    path = "/warehouse-service/warehouse/2/stock-correction"
    call("POST", path, {"corrections": [delta]})


def _returns(api: Any, call: CheckedCalls) -> None:
    credit = call("POST", "/order-service/sales-credit", api.order_body("R-1"))
    document = call("GET", f"/order-service/sales-credit/{credit}")[0]
    moved = {
        "productId": api.product_id("MUG"),
        "purchaseOrderRowId": document["rows"][0]["id"],
        "quantity": 1,
        "destinationLocationId": 2,
        "productValue": {"currency": "GBP", "value": 5},
    }
    path = f"/warehouse-service/order/{credit}/goods-note/goods-in"
    note = call("POST", path, {"warehouseId": 2, "goodsMoved": [moved]})
    call("GET", f"/warehouse-service/order/*/goods-note/goods-in/{note}")
    call("GET", f"/order-service/sales-credit/{credit},4")
    call("POST", f"/order-service/sales-credit/{credit}/close", {})


def _money(call: CheckedCalls, order: int) -> None:
    body = {
        "paymentMethodCode": "CARD",
        "paymentType": "RECEIPT",
        "orderId": order,
        "currencyIsoCode": "GBP",
        "paymentDate": "2026-07-01",
        "transactionRef": "tx",
        "amountPaid": "5.00",
    }
    call("POST", "/accounting-service/customer-payment", body)
    call("POST", "/accounting-service/customer-payment", body)
    call("GET", f"/accounting-service/sale-payment-total/{order}")
    second = call("POST", "/accounting-service/customer-payment", body | {"transactionRef": "t2"})
    call("DELETE", f"/accounting-service/customer-payment/{second}")


def _refusals(api: Any, call: CheckedCalls) -> None:
    """An order picked, paid in every way and invoiced, and what it refuses then."""
    order = call("POST", "/order-service/sales-order", api.order_body("BC-2"))
    row, mug = api.row_id(order), api.product_id("MUG")
    line = {"productId": mug, "salesOrderRowId": row, "quantity": 1}
    entry = {"warehouses": [{"warehouseId": 2, "products": [line]}]}
    base = f"/order-service/order/{order}"
    call("POST", f"/warehouse-service/order/{order}/goods-note/goods-out", entry)
    fewer = {"id": row, "quantity": "0", "taxCode": "T20", "net": "1", "tax": "0"}
    call("PUT", f"/order-service/sales-order/{order}/row/{row}", [fewer])
    call("DELETE", f"{base}/row/{row}")
    _every_payment(call, order)
    call("POST", f"/order-service/sales-order/{order}/close", {})
    api.account.clock.advance(5)
    api.account.settle()
    call("GET", base)
    call("GET", f"/order-service/sales-order/{order}")
    call("PUT", f"{base}/status", {"orderStatusId": 5})
    call("PATCH", f"{base}/row/{row}", [])
    credit = create_credit(api.account, StaffCredit(order_id=order))["credit_id"]
    receive_goods(api.account, Receipt(order_id=credit, quarantine=True))
    call("GET", f"/order-service/sales-credit/{credit}")
    call("GET", f"/warehouse-service/product-availability/{mug}")
    moved = {
        "productId": mug,
        "purchaseOrderRowId": 1,
        "quantity": 1,
        "destinationLocationId": 3,
        "productValue": {"currency": "GBP", "value": 5},
    }
    path = f"/warehouse-service/order/{credit}/goods-note/goods-in"
    call("POST", path, {"warehouseId": 2, "goodsMoved": [moved]})
    call("POST", f"/order-service/sales-credit/{credit}/close", {"taxDate": "never"})


def _every_payment(call: CheckedCalls, order: int) -> None:
    body = {
        "paymentMethodCode": "CARD",
        "orderId": order,
        "currencyIsoCode": "GBP",
        "paymentDate": "2026-07-01",
        "amountPaid": "1.00",
        "amountAuthorized": "2.00",
        "authorizationExpiry": "2026-08-01",
    }
    for kind in ("AUTH", "CAPTURE", "VOID", "RECEIPT", "PAYMENT"):
        payment = body | {"paymentType": kind, "transactionRef": f"every-{kind}"}
        call("POST", "/accounting-service/customer-payment", payment)
    call("GET", f"/accounting-service/sale-payment-total/{order}")
    call("DELETE", "/accounting-service/customer-payment/5")


def _reference(call: CheckedCalls) -> None:
    for path in (
        "/order-service/sale/custom-field-meta-data",
        "/order-service/order-status",
        "/order-service/order-shipping-status",
        "/order-service/order-stock-status",
        "/warehouse-service/warehouse",
        "/warehouse-service/warehouse/2/location/default",
        "/warehouse-service/shipping-method",
        "/product-service/price-list",
        "/product-service/channel",
        "/accounting-service/tax-code",
        "/accounting-service/payment-method",
        "/integration-service/account-configuration",
    ):
        call("GET", path)
    body = {"subscribeTo": "product", "httpMethod": "GET", "uriTemplate": TEMPLATE}
    number = call("POST", "/integration-service/webhook", body)
    call("POST", "/integration-service/webhook", body | {"subscribeTo": "contact"})
    call("GET", "/integration-service/webhook")
    path = f"/integration-service/webhook/{number}"
    call("GET", path)
    call("POST", f"{path}/simulate", {"testData": {"${resource-id}": "1"}})
    call("DELETE", path)
    call("GET", path)


def _searches(call: CheckedCalls) -> None:
    for path in (
        "/order-service/sales-order-search",
        "/order-service/order-search",
        "/order-service/order-note-search",
        "/warehouse-service/goods-note/goods-out-search",
        "/warehouse-service/goods-in-search",
        "/warehouse-service/goods-movement-search",
        "/product-service/product-search",
        "/contact-service/contact-search",
        "/accounting-service/customer-payment-search",
    ):
        found = call("GET", path)
        assert found["results"], path
        call("GET", path, createdOn="nonsense", updatedOn="nonsense", dateAdded="nonsense")


def _messages(account: Any) -> Iterator[Reply]:
    message = {
        "label": "a",
        "uri": "/contact-service/postal-address",
        "httpMethod": "POST",
        "body": {"addressLine1": "1"},
    }
    for second in (message, message | {"body": {}}):
        body = {
            "processingMode": "PARALLEL",
            "onFail": "CONTINUE",
            "messages": [message, second],
        }
        call = Call("POST", "/multi-message", {}, json.dumps(body).encode())
        yield multi_messages.process_messages(
            account, call, lambda inner: ROUTER.handle(account, inner)
        )


def test_every_described_operation_answers_as_described(api, specification):
    call = CheckedCalls(api.account, specification)

    walk(api, call)
    for reply in _messages(api.account):
        specification.check("POST", "/multi-message", reply)

    assert specification.operations() - specification.checked == set()


def test_products_that_staff_made_answer_as_described(api, specification):
    """Sound or not: nameless, archived, bundles in a circle, bundles whose part is gone."""
    call = CheckedCalls(api.account, specification)

    def made(**wanted: Any) -> int:
        return write_product(api.account, StaffProduct(**wanted))["product_id"]

    made(name="Nameless", stock_tracked=False)
    made(sku="OLD", status="ARCHIVED", stock=3)
    inner = made(sku="INNER", components=[Component(sku="PEN", quantity="0.5")])
    outer = made(sku="OUTER", components=[Component(product_id=inner)])
    made(edit="INNER", sku="INNER-2", components=[Component(sku="OUTER"), Component(sku="PEN")])
    delete_product(api.account, "PEN")

    ids = ",".join(str(number) for number in api.account.products)
    assert len(call("GET", f"/product-service/product/{ids}")) == 6
    assert len(call("GET", "/product-service/product-search")["results"]) == 6
    for number in (inner, outer):
        call("GET", f"/product-service/product/{number}/bundle")
        call("GET", f"/warehouse-service/bundle-availability/{number}")
    old = api.product_id("OLD")
    call("GET", f"/warehouse-service/product-availability/{old}")
    cost = {"currency": "GBP", "value": 1}
    line = {"productId": old, "quantity": 2, "reason": "found", "locationId": 2, "cost": cost}
    path = "/warehouse-service/warehouse/2/stock-correction"
    call("POST", path, {"corrections": [line]})
    call("POST", path, {"corrections": [line | {"productId": outer}]})
    call("GET", "/warehouse-service/goods-movement-search")

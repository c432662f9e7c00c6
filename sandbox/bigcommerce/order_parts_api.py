"""What belongs to an order: lines, addresses, coupons, taxes, fees, messages, transactions."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sandbox.bigcommerce import order_documents, payments, reference
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    CREATED,
    NO_CONTENT,
    OK,
    UNPROCESSABLE,
    Call,
    Routes,
    first_or_404,
    refuse,
    v2_page,
)
from sandbox.bigcommerce.formats import iso, money, number, read_moment
from sandbox.bigcommerce.order_records import Order, OrderMessage, ShipTo, Transaction
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.routing import Reply

routes = Routes()
ADDRESS_FIELDS = frozenset(item.name for item in fields(Address))
MESSAGE_FILTERS = {
    "min_id", "max_id", "customer_id", "min_date_created", "max_date_created", "is_flagged",
    "status", "page", "limit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Taxed:
    address_id: int
    rate: Decimal
    tax: Decimal
    tax_class_id: int
    line_id: str
    kind: str


def tax_documents(order: Order, *, details: bool) -> list[dict[str, Any]]:
    """Rows; with `details` one for each taxed thing, else one for each address, class and rate."""
    rows = list(_taxed(order))
    if details:
        return [
            {
                **_tax_row(order, place, item),
                "order_product_id": item.line_id,
                "line_item_type": item.kind,
            }
            for place, item in enumerate(rows, start=1)
        ]
    summed: dict[tuple[int, int, Decimal], Decimal] = {}
    for item in rows:
        key = (item.address_id, item.tax_class_id, item.rate)
        summed[key] = summed.get(key, Decimal(0)) + item.tax
    return [
        _tax_row(order, place, _Taxed(address_id, rate, tax, tax_class_id, "", ""))
        for place, ((address_id, tax_class_id, rate), tax) in enumerate(summed.items(), start=1)
    ]


def _taxed(order: Order) -> Iterator[_Taxed]:
    standard = reference.STANDARD.id
    for line in order.lines:
        ref, place = str(line.id), line.address_id
        yield _Taxed(place, line.rate, line.discounted.tax, line.tax_class_id, ref, "item")
        if line.wrapping:
            rate, tax = line.wrapping_rate, line.wrapped.tax
            yield _Taxed(place, rate, tax, standard, ref, "gift-wrapping")
    for to in order.addresses:
        yield _Taxed(to.id, to.rate, to.shipping.tax, standard, "", "shipping")
        if to.handling:
            yield _Taxed(to.id, to.rate, to.handled.tax, standard, "", "handling")


def _tax_row(order: Order, place: int, item: _Taxed) -> dict[str, Any]:
    name = reference.TAX_CLASSES[item.tax_class_id].name
    return {
        "id": order.id * 1000 + place,
        "order_id": order.id,
        "order_address_id": item.address_id,
        "order_pickup_method_id": 0,
        "tax_rate_id": 1,
        "sales_tax_id": "",
        "tax_class_id": item.tax_class_id,
        "name": "VAT" if item.rate else "No tax",
        "class": name,
        "rate": money(item.rate),
        "priority": 0,
        "priority_amount": money(item.tax),
        "line_amount": money(item.tax),
    }


@routes("GET", "/v2/orders/{id}/products")
def list_products(store: Store, call: Call) -> Reply:
    """All lines, none cut."""
    order = require_order(store, call)
    return v2_page(
        store, call, order.lines, lambda line: order_documents.line_document(order, line)
    )


@routes("GET", "/v2/orders/{id}/products/{line_id}")
def get_product(store: Store, call: Call) -> Reply:
    """One line."""
    order, wanted = require_order(store, call), call.id("line_id")
    line = first_or_404(line for line in order.lines if line.id == wanted)
    return Reply(OK, order_documents.line_document(order, line))


@routes("GET", "/v2/orders/{id}/shipping_addresses", "/v2/orders/{id}/shippingaddresses")
def list_addresses(store: Store, call: Call) -> Reply:
    """Where the order goes."""
    order = require_order(store, call)
    return v2_page(
        store,
        call,
        order.addresses,
        lambda place: order_documents.shipping_address_document(order, place),
    )


def _ship_to(store: Store, call: Call) -> ShipTo:
    wanted = call.id("address_id")
    return first_or_404(
        place for place in require_order(store, call).addresses if place.id == wanted
    )


@routes("GET", "/v2/orders/{id}/shipping_addresses/{address_id}")
def get_address(store: Store, call: Call) -> Reply:
    """One address."""
    place = _ship_to(store, call)
    return Reply(OK, order_documents.shipping_address_document(require_order(store, call), place))


@routes("PUT", "/v2/orders/{id}/shipping_addresses/{address_id}")
def update_address(store: Store, call: Call) -> Reply:
    """Change an address. Neither tax nor shipping is computed anew."""
    order, place, body = require_order(store, call), _ship_to(store, call), call.body()
    for name in body:
        if name not in ADDRESS_FIELDS | {"email", "shipping_method"}:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    place.email = str(body.pop("email", place.email))
    place.method = str(body.pop("shipping_method", place.method))
    place.address = replace(place.address, **{name: str(value) for name, value in body.items()})
    store.touch(order)
    return Reply(OK, order_documents.shipping_address_document(order, place))


@routes("GET", "/v2/orders/{id}/coupons")
def list_coupons(store: Store, call: Call) -> Reply:
    """Coupons used; 204 when none."""
    order = require_order(store, call)
    return v2_page(
        store, call, order.coupons, lambda used: order_documents.coupon_document(order, used)
    )


@routes("GET", "/v2/orders/{id}/taxes")
def list_taxes(store: Store, call: Call) -> Reply:
    """Tax rows; by line and charge with `details=true`."""
    order = require_order(store, call)
    rows = tax_documents(order, details=call.query.get("details") == "true")
    return v2_page(store, call, rows, lambda row: row)


@routes("GET", "/v2/orders/{id}/fees")
def list_fees(store: Store, call: Call) -> Reply:
    """Further costs: a list, or by a switch one object as the description types it."""
    order = require_order(store, call)
    if store.switches.fees_shape == "object" and order.fees:
        return Reply(OK, order_documents.fee_document(order.fees[0]))
    return v2_page(store, call, order.fees, order_documents.fee_document)


@routes("GET", "/v2/orders/{id}/messages")
def list_messages(store: Store, call: Call) -> Reply:
    """Notes between shopper and staff; 204 when none."""
    order = require_order(store, call)
    for name in call.query:
        if name not in MESSAGE_FILTERS:
            refuse(BAD_REQUEST, f"The field '{name[:60]}' is not supported by this resource.")
    rows = [item for item in order.messages if _passes_filters(call, item)]
    return v2_page(store, call, rows, lambda item: order_documents.message_document(order, item))


def _passes_filters(call: Call, item: OrderMessage) -> bool:
    earliest = read_moment(call.query.get("min_date_created", ""))
    latest = read_moment(call.query.get("max_date_created", ""))
    flagged = call.query.get("is_flagged")
    return (
        call.number("min_id", item.id) <= item.id <= call.number("max_id", item.id)
        and (earliest is None or item.created_at >= earliest)
        and (latest is None or item.created_at <= latest)
        and (flagged is None or item.is_flagged == (flagged in {"true", "1"}))
        and call.query.get("status", "unread") == "unread"
    )


@routes("GET", "/v3/orders/{id}/transactions")
def list_transactions(store: Store, call: Call) -> Reply:
    """All rows at once; 204 when there are none."""
    order = require_order(store, call)
    if not order.transactions:
        return Reply(NO_CONTENT)
    rows = [_transaction_document(order, row) for row in order.transactions]
    page = {
        "total": len(rows),
        "count": len(rows),
        "per_page": len(rows),
        "current_page": 1,
        "total_pages": 1,
        "links": {"current": f"?page=1&limit={len(rows)}"},
    }
    return Reply(OK, {"data": rows, "meta": {"pagination": page}})


def _transaction_document(order: Order, row: Transaction) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": row.id,
        "order_id": str(order.id),
        "event": row.event,
        "method": row.method,
        "amount": number(row.amount),
        "currency": row.currency,
        "gateway": row.gateway,
        "gateway_transaction_id": row.gateway_id,
        "payment_method_id": f"{row.gateway}.{row.method}",
        "status": row.status,
        "test": False,
        "fraud_review": False,
        "date_created": iso(row.created_at),
        "payment_instrument_token": None,
        "avs_result": {"code": "", "message": "", "street_match": "", "postal_match": ""},
        "cvv_result": {"code": "", "message": ""},
        "gift_certificate": None,
        "store_credit": None,
        "offline": None,
        "custom": None,
    }
    if row.reference_id is not None:
        document["reference_transaction_id"] = row.reference_id
    if row.method == "credit_card":
        document["credit_card"] = {
            "card_type": "visa",
            "card_iin": "411111",
            "card_last4": "1111",
            "card_expiry_month": 12,
            "card_expiry_year": 2030,
        }
    if row.method == "gift_certificate":
        document["gift_certificate"] = {
            "code": row.certificate,
            "original_balance": number(row.amount),
            "starting_balance": number(row.amount),
            "remaining_balance": 0,
            "status": "active",
        }
    if row.method == "store_credit":
        document["store_credit"] = {"remaining_balance": 0}
    if row.method == "offline":
        document["offline"] = {"display_name": row.method_name}
    return document


@routes("POST", "/v3/orders/{id}/payment_actions/capture")
def capture_payment(store: Store, call: Call) -> Reply:
    """Take an authorised payment, now or later; nothing is answered."""
    order = require_order(store, call)
    try:
        payments.start_action(store, order, "capture")
    except payments.PaymentRefused:
        refuse(UNPROCESSABLE, "The order's payment cannot be captured.")
    return Reply(CREATED)


@routes("POST", "/v3/orders/{id}/payment_actions/void")
def void_payment(store: Store, call: Call) -> Reply:
    """Give up an authorised payment, now or later; nothing is answered."""
    try:
        payments.start_action(store, require_order(store, call), "void")
    except payments.PaymentRefused:
        refuse(UNPROCESSABLE, "The order's payment cannot be voided.")
    return Reply(CREATED)

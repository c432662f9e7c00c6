"""Transactions of an order, capture and void (V3)."""

from typing import Any

from sandbox.bigcommerce import payments
from sandbox.bigcommerce.api import (
    CREATED,
    NO_CONTENT,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
    whole_page,
)
from sandbox.bigcommerce.formats import iso, number
from sandbox.bigcommerce.order_records import Order, Transaction
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()


@routes("GET", "/v3/orders/{id}/transactions")
def list_transactions(store: Store, call: Call) -> Reply:
    """All rows at once; 204 when there are none, and beyond the first page."""
    order = require_order(store, call)
    if not order.transactions or call.number("page", 1) > 1:
        return Reply(NO_CONTENT)
    rows = [_transaction_document(order, row) for row in order.transactions]
    return whole_page(store, call, rows)


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
    if row.method == "custom":
        document["custom"] = {"payment_method": row.method_name}
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

"""A store and an account of one order, as both sandboxes write their states."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]
NOON = "2026-11-24T12:00:00+00:00"


def at(seconds: float) -> str:
    """A moment of that noon, as the sandboxes write it."""
    return f"2026-11-24T12:00:{seconds:06.3f}+00:00"


def line(number: int = 1, **more: object) -> State:
    return {
        "id": number,
        "sku": "MUG",
        "quantity": 3,
        "quantity_refunded": 0,
        "quantity_shipped": 0,
        "address_id": 1,
    } | more


def transaction(number: int, event: str, amount: str, **more: object) -> State:
    return {
        "id": number,
        "event": event,
        "status": "ok",
        "amount": amount,
        "created_at": at(number),
    } | more


def store_order(**more: object) -> State:
    return {
        "id": 101,
        "status_id": 9,
        "total_inc_tax": "12.0000",
        "total_tax": "2.0000",
        "default_currency_code": "GBP",
        "paid": "12.00",
        "payment_status": "captured",
        "external_order_id": "100001",
        "is_deleted": False,
        "created_at": NOON,
        "transactions": [],
        "lines": [line()],
        "shipments": [],
        "refunds": [],
    } | more


def row(number: int = 11, **more: object) -> State:
    return {
        "id": number,
        "product_id": 7,
        "sku": "MUG",
        "external_ref": "1",
        "quantity": "3",
        "net": "10.00",
        "tax": "2.00",
    } | more


def sales_order(*rows: State, **more: object) -> State:
    return {
        "id": 100001,
        "type_code": "SO",
        "external_ref": "BC-101",
        "parent_id": 0,
        "status_id": 2,
        "currency_code": "GBP",
        "warehouse_id": 2,
        "created_on": at(1),
        "updated_on": at(3),
        "rows": {str(one["id"]): one for one in rows or (row(),)},
    } | more


def credit(amount: str = "4.80", **more: object) -> State:
    gross = row(91, net=amount, tax="0", external_ref=None)
    return sales_order(
        gross, id=7, type_code="SC", external_ref="BC-101-R3", parent_id=100001, status_id=9
    ) | (more)


def refund(amount: str = "4.80", *, declined: bool | None = False) -> State:
    payments = [{"amount": amount, "is_declined": declined, "offline": False}]
    return {"id": 3, "total_amount": amount, "payments": payments}


def payment(number: int = 1, **more: object) -> State:
    return {
        "id": number,
        "order_id": 100001,
        "type_code": "RECEIPT",
        "amount_paid": "12.00",
        "transaction_ref": f"BC-101-{number}",
        "created_on": at(2),
    } | more


def note(*, units: int, shipped: bool = True, order_id: int = 100001, row_id: int = 11) -> State:
    stages = {"shipped": []} if shipped else {}
    return {"id": 5, "order_id": order_id, "stages": stages, "rows": {str(row_id): [[7, units, 2]]}}


def shipment(units: int) -> State:
    return {"id": 8, "items": [{"order_product_id": 1, "quantity": units}]}


def store(*orders: State) -> State:
    return {"orders": {str(one["id"]): one for one in orders or (store_order(),)}}


def account(*orders: State, **more: object) -> State:
    """An account in which the order is paid and reserved, unless `more` says otherwise."""
    return {
        "orders": {str(one["id"]): one for one in orders or (sales_order(),)},
        "deleted_orders": {},
        "payments": {"1": payment()},
        "goods_out": {},
        "reservations": {"100001": {"rows": {"11": [7, 3]}}},
        "products": {"7": {"document": {"stock": {"stockTracked": True}}}},
        "stock": {"7": {"2": {"in_stock": 3, "allocated": 3}}},
    } | more

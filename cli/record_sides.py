"""One record as it is in both systems now: ids, states, amounts and units, never personal data.

Both systems are asked at the same time, and each of them several things at once: a page is worth
two or three requests of waiting. A system that cannot be read says so in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.inventory_models import StockItem
from connectors.bigcommerce.models import Missing, Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import OrderStatus, PaymentRow
from connectors.brightpearl.client import Brightpearl
from connectors.brightpearl.goods_note_models import DropShipNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder, Unreadable
from connectors.brightpearl.stock_models import ProductStock
from core.errors import NotFoundError, RejectedError, TransientError
from core.ids import DROP_SHIP, GOODS_OUT, external_ref, note_key
from core.money import two_places

Document = dict[str, Any]
ABSENT: Document = {"found": False}
STATUSES = (
    "Incomplete",
    "Pending",
    "Shipped",
    "Partially Shipped",
    "Refunded",
    "Cancelled",
    "Declined",
    "Awaiting Payment",
    "Awaiting Pickup",
    "Awaiting Shipment",
    "Completed",
    "Awaiting Fulfillment",
    "Manual Verification Required",
    "Disputed",
    "Partially Refunded",
)
"""BigCommerce's own names of its order statuses, by status_id; merchants may relabel them."""
AT_ONCE = 6
"""Requests to one system that may wait at the same time."""


@dataclass(frozen=True)
class Sides:
    """A record in both systems."""

    bigcommerce: Document
    brightpearl: Document

    @property
    def is_nowhere(self) -> bool:
        """Whether both systems were read, and neither has it."""
        return self.bigcommerce["found"] is False and self.brightpearl["found"] is False


def both(store: Callable[[], Document], account: Callable[[], Document]) -> Sides:
    """Both sides, read at the same time; one that cannot be read now says why."""
    with ThreadPoolExecutor() as threads:
        sides = [threads.submit(readable, read) for read in (store, account)]
    return Sides(*(side.result() for side in sides))


def readable(read: Callable[[], Document]) -> Document:
    """What a system says, or why it cannot be read now."""
    try:
        return read()
    except (TransientError, RejectedError) as error:
        return {"found": None, "problem": error.message}


def store_order(store: BigCommerce, order_id: str) -> Document:
    """An order of the store with its refunds and shipments.

    Raises: TransientError, ConfigError, ContractError; RejectedError for what breaks the model.
    """
    with ThreadPoolExecutor(AT_ONCE) as threads:
        orders = threads.submit(store.get_orders, [order_id])
        refunds = threads.submit(lambda: list(store.list_refunds(order_ids=[order_id])))
        shipments = threads.submit(store_shipments, store, order_id)
    (order,) = orders.result()
    if isinstance(order, Missing):
        return ABSENT
    if not isinstance(order, Order):
        return {"found": True, "problem": f"{order.field} {order.reason}"}
    return {
        "found": True,
        "status": _status(order.status_id),
        "created_at": order.date_created,
        "modified_at": order.date_modified,
        "total_inc_tax": two_places(order.total_inc_tax),
        "currency": order.default_currency_code,
        "payment_method": order.payment_method,
        "payment_status": order.payment_status,
        "is_archived": order.is_deleted,
        "external_order_id": order.external_order_id,
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "quantity": line.quantity,
                "shipped": line.quantity_shipped,
                "refunded": line.quantity_refunded,
            }
            for line in order.lines
        ],
        "refunds": [_refund(one) for one in refunds.result() if isinstance(one, Refund)],
        "shipments": shipments.result(),
    }


def store_shipments(store: BigCommerce, order_id: str) -> list[Document]:
    """The shipments of an order; none of an order that does not exist.

    Raises: as `store_order`.
    """
    try:
        found = store.list_shipments(order_id)
    except NotFoundError:
        return []
    return [
        {
            "id": one.id,
            "tracking_number": one.tracking_number,
            "carrier": one.tracking_carrier or one.shipping_provider,
            "units": dict(one.units),
        }
        for one in found
    ]


def store_refund(store: BigCommerce, refund_id: str) -> Document:
    """A refund of the store. Raises: as `store_order`."""
    try:
        return {"found": True, **_refund(store.get_refund(refund_id))}
    except NotFoundError:
        return ABSENT


def store_stock(store: BigCommerce, sku: str) -> Document:
    """What the store has of a SKU, by location. Raises: as `store_order`."""
    items = list(store.list_inventory_of_skus([sku]))
    stocked = [one for one in items if isinstance(one, StockItem)]
    if not items:
        return ABSENT
    return {
        "found": True,
        **({} if stocked else {"problem": "its stock cannot be read"}),
        "locations": [
            {
                "sku": item.sku,
                "product_id": item.product_id,
                "variant_id": item.variant_id or "",
                "location_id": place.location_id,
                "on_hand": place.on_hand,
                "safety_stock": place.safety_stock,
                "is_enabled": place.is_enabled,
            }
            for item in stocked
            for place in item.locations
        ],
    }


def account_order(account: Brightpearl, order_id: str, linked: Iterable[str]) -> Document:
    """The sales order of a store order: by its link, else by its reference.

    With its credits, its back orders, and the receipts and goods notes of all of them. Raises: as
    `store_order`.
    """
    reference = external_ref(order_id)
    ids = list(linked) or [one.order_id for one in account.find_sales_orders(reference)]
    if not ids:
        return ABSENT
    further = [one.order_id for one in account.list_child_refs(ids)]
    family = [*ids, *further]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        orders = threads.submit(account.get_sales_orders, ids)
        back_orders = threads.submit(account.get_sales_orders, further)
        statuses = threads.submit(account.list_order_statuses)
        payments = threads.submit(lambda: list(account.list_payments(family)))
        goods_out = threads.submit(account.list_goods_out_of_orders, family)
        drop_ship = threads.submit(account.list_drop_ship_of_orders, family)
        credits_ = threads.submit(lambda: list(account.list_credit_refs(parent_ids=ids)))
    if not orders.result():
        return ABSENT
    order, *others = orders.result()
    return {
        **_sales_order(order, statuses.result()),
        "receipts": _payments(payments.result()),
        "notes": [
            *(_note(one, GOODS_OUT) for one in goods_out.result()),
            *(_note(one, DROP_SHIP) for one in drop_ship.result()),
        ],
        "credits": [
            {"id": one.order_id, "external_ref": one.external_ref} for one in credits_.result()
        ],
        "back_orders": [_sales_order(one, statuses.result()) for one in back_orders.result()],
        "doubles": [one.id for one in others if isinstance(one, SalesOrder)],
    }


def account_note(account: Brightpearl, kind: str, note_id: str) -> Document:
    """One goods note. Raises: as `store_order`."""
    read = account.get_goods_out if kind == GOODS_OUT else account.get_drop_ship
    return next(({"found": True, **_note(one, kind)} for one in read([note_id])), ABSENT)


def account_credit(account: Brightpearl, reference: str, linked: Iterable[str]) -> Document:
    """The sales credit of a refund, by its link or its reference. Raises: as `store_order`."""
    ids = list(linked) or [one.order_id for one in account.find_sales_credits(reference)]
    if not ids:
        return ABSENT
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.submit(account.get_sales_credits, ids)
        statuses = threads.submit(account.list_order_statuses, "SC")
        payments = threads.submit(lambda: list(account.list_payments(ids)))
        notes = threads.submit(account.list_goods_in, ids)
    if not found.result():
        return ABSENT
    return {
        **_sales_order(found.result()[0], statuses.result()),
        "payouts": _payments(payments.result()),
        "goods_in": [
            one.record_id if isinstance(one, Unreadable) else one.id for one in notes.result()
        ],
    }


def account_stock(account: Brightpearl, spellings: Iterable[str]) -> Document:
    """The products that carry a SKU, and what can be promised of them.

    Its search minds letter case: the spellings are tried one after the other. Raises: as
    `store_order`.
    """
    searches = (account.find_products(sku) for sku in dict.fromkeys(spellings) if sku)
    products = next((found for found in searches if found), [])
    if not products:
        return ABSENT
    stock = list(account.list_availability([one.product_id for one in products]))
    units = {one.product_id: one.on_hand for one in stock if isinstance(one, ProductStock)}
    return {
        "found": True,
        "products": [
            {
                "product_id": one.product_id,
                "sku": one.sku,
                "status": one.status,
                "is_stock_tracked": one.stock_tracked,
                "on_hand_by_warehouse": dict(units.get(one.product_id, {})),
            }
            for one in products
        ],
    }


def order_of_sales_order(account: Brightpearl, sales_order_id: str) -> str:
    """The reference of a sales order; "" for one that carries none, or that is gone."""
    found = account.get_sales_orders([sales_order_id])
    return next((one.external_ref for one in found if isinstance(one, SalesOrder)), "")


def _status(status_id: int) -> str:
    known = 0 <= status_id < len(STATUSES)
    return f"{status_id} {STATUSES[status_id]}" if known else str(status_id)


def _refund(one: Refund) -> Document:
    return {
        "id": one.id,
        "order_id": one.order_id,
        "created_at": one.created,
        "total": two_places(one.total_amount),
        "is_pending": one.is_pending,
        "is_declined": one.is_declined,
        "payments": [
            {"provider": part.provider_id, "amount": two_places(part.amount)}
            for part in one.payments
        ],
    }


def _payments(rows: Iterable[PaymentRow]) -> list[Document]:
    return [
        {"method": one.method_code, "kind": one.payment_type, "amount": two_places(one.amount)}
        for one in rows
    ]


def _sales_order(
    one: SalesOrder | SalesCredit | Unreadable, statuses: Iterable[OrderStatus]
) -> Document:
    if isinstance(one, Unreadable):
        return {"found": True, "id": one.order_id, "problem": f"{one.field} {one.reason}"}
    names = {status.status_id: status.name for status in statuses}
    return {
        "found": True,
        "id": one.id,
        "external_ref": one.external_ref,
        "status": f"{one.status_id} {names.get(one.status_id, '')}".rstrip(),
        "created_at": one.created_on,
        "updated_at": one.updated_on,
        "total_gross": two_places(one.total.gross),
        "currency": one.currency_code,
        "payment_status": one.payment_status,
        "allocation": one.allocation_code,
        "shipping": one.shipping_code,
        "is_cancelled": one.is_cancelled,
        "is_invoiced": one.is_invoiced,
        "rows": [
            {"sku": row.sku, "quantity": row.quantity, "gross": two_places(row.net + row.tax)}
            for row in one.rows
        ],
    }


def _note(one: GoodsOutNote | DropShipNote | Unreadable, kind: str) -> Document:
    if isinstance(one, Unreadable):
        key = note_key(kind, one.record_id)
        return {"key": key, "order_id": one.order_id, "problem": f"{one.field} {one.reason}"}
    return {
        "key": note_key(kind, one.id),
        "order_id": one.order_id,
        "is_shipped": one.is_shipped,
        "shipped_at": one.shipped_at,
        "reference": one.reference,
        "units": sum(one.rows.values()),
    }

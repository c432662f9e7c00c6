"""The store's own control routes under `/_sandbox/`: what shoppers and staff do, and the state."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bigcommerce import (
    generator,
    metafields_api,
    reference,
    refunds_api,
    shipments,
    shipments_api,
    staff,
    staff_refunds,
    staff_stock,
    webhooks,
)
from sandbox.bigcommerce.basket import Basket
from sandbox.bigcommerce.consignments import order_document
from sandbox.bigcommerce.customers import CustomerEdit, EmailTaken, edit_customer
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.payments import PaymentRefused, paid, paid_back
from sandbox.bigcommerce.placing import BasketRefused, place
from sandbox.bigcommerce.records import Variant
from sandbox.bigcommerce.refund_pricing import RefundRefused
from sandbox.bigcommerce.shipments import ShipmentRefused
from sandbox.bigcommerce.staff import NotFound
from sandbox.bigcommerce.store import Store
from sandbox.kit.controls import ControlBody, answer, answered

M = TypeVar("M", bound=ControlBody)
STATUSES: Mapping[type[Exception], int] = {
    NotFound: 404,
    EmailTaken: 409,
    BasketRefused: 409,
    PaymentRefused: 409,
    ShipmentRefused: 409,
    RefundRefused: 409,
}
"""Why a control is refused, and the status of its answer."""


def state(store: Store) -> dict[str, Any]:
    """Counts, and every record by id. Orders are as V2 writes them, with lines and payments."""
    return {name: make() for name, make in state_parts(store).items()}


def state_parts(store: Store) -> dict[str, Callable[[], dict[Any, Any]]]:
    """How to make each part of the state: all of it takes seconds where there are many records."""
    store.timers.run_due()
    return {
        "counts": lambda: _counts(store),
        "orders": lambda: {order.id: order_state(store, order) for order in store.orders.values()},
        "products": lambda: {product.id: _fields(product) for product in store.products.values()},
        "variants": lambda: {variant.id: _variant(variant) for variant in store.variants.values()},
        "locations": lambda: {one.id: _fields(one) for one in store.stock.locations.values()},
        "customers": lambda: {one.id: asdict(one) for one in store.customers.values()},
        "hooks": lambda: {
            hook.id: webhooks.hook_document(hook) | {"is_deactivated": hook.is_deactivated}
            for hook in store.hooks.values()
        },
        "source": lambda: store.report | {"refunds_refused": store.refused_refunds},
    }


def _counts(store: Store) -> dict[str, Any]:
    orders = store.orders.values()
    return {
        "orders": len(store.orders),
        "orders_by_status": dict(sorted(Counter(order.status_id for order in orders).items())),
        "orders_not_placed_yet": len(store.unplaced),
        "refunds_not_made_yet": len(store.unrefunded),
        "products": len(store.products),
        "variants": len(store.variants),
        "locations": len(store.stock.locations),
        "customers": len(store.customers),
        "shipments": sum(len(order.shipments) for order in orders),
        "refunds": len(store.refunds),
        "shopper_mails": sum(len(order.mails) for order in orders),
        "hooks": len(store.hooks),
    }


def _fields(record: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of any kind
    """The record's fields, not copied: there may be a hundred thousand records."""
    return {name: getattr(record, name) for name in record.__slots__}


def _variant(variant: Variant) -> dict[str, Any]:
    """A variant; `on_hand` and `available` are what is really at the default location."""
    level = variant.stock[reference.LOCATION]
    return _fields(variant) | {
        "on_hand": level.on_hand,
        "available": level.available,
        "safety_stock": level.safety_stock,
        "warning_level": level.warning_level,
    }


def order_state(store: Store, order: Order) -> dict[str, Any]:
    """One order: its V2 header with all `lines`, `addresses`, `transactions` and `paid`."""
    known = order.cache.get("state")
    if isinstance(known, dict):
        return known
    document = order_document(order, store.switches, frozenset({"fees"}), as_object=True)
    document |= {
        "lines": [asdict(line) for line in order.lines],
        "addresses": [asdict(place) for place in order.addresses],
        "used_coupons": [asdict(coupon) for coupon in order.coupons],
        "transactions": [asdict(row) for row in order.transactions],
        "shipments": [
            shipments_api.shipment_document(store.switches, order, row) for row in order.shipments
        ],
        "shopper_mails": [asdict(mail) for mail in order.mails],
        "refunds": [refunds_api.refund_document(store.switches, row) for row in order.refunds],
        "status_before_refunds": order.before_refunds[0] if order.before_refunds else None,
        "paid": str(paid(order)),
        "paid_back": str(paid_back(order)),
        "created_at": order.created_at.isoformat(),
        "modified_at": order.modified_at.isoformat(),
    }
    order.cache["state"] = document
    return document


def control_routes(store: Store) -> list[Route]:
    """Routes for this store."""

    def action(shape: type[M], act: Callable[[Store, M], dict[str, Any]], path: str) -> Route:
        async def endpoint(request: Request) -> Response:
            raw_body = await request.body()
            return answered(lambda: _each(store, raw_body, shape, act), STATUSES)

        return Route(path, endpoint, methods=["POST"])

    async def orders(request: Request) -> Response:
        raw_body = await request.body()
        return answered(lambda: place_orders(store, orjson.loads(raw_body)), STATUSES)

    async def remove_product(request: Request) -> Response:
        sku = request.path_params["sku"]
        return answered(lambda: staff_stock.delete_product(store, sku), STATUSES)

    async def refund(request: Request) -> Response:
        raw_body = await request.body()
        return answered(lambda: staff_refunds.act(store, orjson.loads(raw_body)), STATUSES)

    async def take_back(request: Request) -> Response:
        order_id, shipment_id = request.path_params["id"], request.path_params.get("shipment_id")
        return answered(lambda: shipments.take_back(store, order_id, shipment_id), STATUSES)

    shipments_path = "/_sandbox/orders/{id:int}/shipments"
    return [
        Route("/_sandbox/orders", orders, methods=["POST"]),
        Route("/_sandbox/refund", refund, methods=["POST"]),
        Route(shipments_path, take_back, methods=["DELETE"]),
        Route(shipments_path + "/{shipment_id:int}", take_back, methods=["DELETE"]),
        action(shipments.Parcel, shipments.ship_parcels, "/_sandbox/ship"),
        action(staff.Payment, staff.pay, "/_sandbox/pay"),
        action(staff.OrderEdit, staff.edit, "/_sandbox/edit"),
        action(metafields_api.NewMetafield, metafields_api.keep, "/_sandbox/metafields"),
        action(CustomerEdit, edit_customer, "/_sandbox/customers"),
        action(staff_stock.StockChange, staff_stock.change_stock, "/_sandbox/stock"),
        action(staff_stock.LocationChange, staff_stock.locate, "/_sandbox/locations"),
        action(staff_stock.TrackingChange, staff_stock.track, "/_sandbox/tracking"),
        *_stock_routes(store),
        action(staff_stock.NewProduct, staff_stock.create_product, "/_sandbox/products"),
        Route("/_sandbox/products/{sku:path}", remove_product, methods=["DELETE"]),
    ]


def _each(
    store: Store, raw_body: bytes, shape: type[M], act: Callable[[Store, M], dict[str, Any]]
) -> Any:  # noqa: ANN401 - one answer or a list, as was sent
    sent = orjson.loads(raw_body)
    if isinstance(sent, list):
        return [act(store, shape.model_validate(item)) for item in sent]
    return act(store, shape.model_validate(sent))


def place_orders(store: Store, sent: object) -> dict[str, Any]:
    """Place orders and answer `ids` and `orders`.

    In: one basket, a list of them, `{"generate": n}`, `{"next": n}` for the next n loaded orders
    that were not placed yet, or `{"invoices": [numbers]}` for certain ones.
    Raises: BasketRefused, ValidationError.
    """
    match sent:
        case {"generate": int(count)}:
            placed = generator.generate(store, count)
        case {"next": int(count)}:
            placed = generator.place_loaded(store, count)
        case {"invoices": list(numbers)}:
            placed = generator.place_invoices(store, [str(number) for number in numbers])
        case list(baskets):
            checked = [Basket.model_validate(basket) for basket in baskets]
            placed = [place(store, basket) for basket in checked]
        case _:
            placed = [place(store, Basket.model_validate(sent))]
    return {
        "ids": [order.id for order in placed],
        "orders": [staff.order_answer(order) for order in placed],
        "left": len(store.unplaced),
    }


def _stock_routes(store: Store) -> list[Route]:
    """Stock as it really is; `GET stock/journal?sku=A&sku=B` answers the changes of these alone."""

    async def levels(_request: Request) -> Response:
        return answer(staff_stock.levels(store))

    async def journal(request: Request) -> Response:
        return answer(staff_stock.journal(store, request.query_params.getlist("sku")))

    async def forget(_request: Request) -> Response:
        return answered(lambda: staff_stock.clear_journal(store), STATUSES)

    path = "/_sandbox/stock"
    return [
        Route(path, levels, methods=["GET"]),
        Route(f"{path}/journal", journal, methods=["GET"]),
        Route(f"{path}/journal", forget, methods=["DELETE"]),
    ]

"""What people do in the store's control panel, not over the API."""

from decimal import Decimal
from typing import Any, Literal

from sandbox.bigcommerce import payments, reference
from sandbox.bigcommerce.basket import Asked
from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.records import Line, Order, Variant
from sandbox.bigcommerce.stock_records import StockAt
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Product


class NotThere(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The record that was named does not exist."""


class Payment(Asked):
    """`POST /_sandbox/pay`: the gateway answers, or staff note a payment.

    `capture` and `settle` take an `amount`, or all that is left; `void` gives up what is left of
    an authorisation. `add` writes a further row of any kind, whatever the order is worth.
    """

    order_id: int
    action: Literal["capture", "decline", "settle", "void", "add"] = "capture"
    amount: Decimal | None = None
    method: str = ""
    """Of `add`: a payment method, `Store Credit` or `Gift Certificate`; the order's by default."""
    event: Literal["purchase", "authorization", "capture", "settled", "pending"] = "purchase"
    status: Literal["ok", "error"] = "ok"


class StockChange(Asked):
    """`POST /_sandbox/stock`: `on_hand` sets, `delta` adds; at the default location unless told."""

    sku: str
    location_id: int = reference.LOCATION
    on_hand: int | None = None
    delta: int = 0
    safety_stock: int | None = None


class NewProduct(Asked):
    """`POST /_sandbox/products`: a product for sale from now on."""

    sku: str
    name: str = ""
    price_ex_tax: Decimal = Decimal("9.99")
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.3")
    stock: int = 0
    type: Literal["physical", "digital"] = "physical"


def order_of(store: Store, order_id: int) -> Order:
    """The order.

    Raises: NotThere.
    """
    found = store.orders.get(order_id)
    if found is None:
        raise NotThere(f"there is no order {order_id}")
    return found


def pay(store: Store, wanted: Payment) -> dict[str, Any]:
    """Let the payment of an order go on.

    Raises: NotThere, PaymentRefused.
    """
    order = order_of(store, wanted.order_id)
    match wanted.action:
        case "capture":
            payments.capture(store, order, wanted.amount)
        case "settle":
            payments.settle_by_hand(store, order, wanted.amount)
        case "decline":
            payments.decline(store, order)
        case "void":
            payments.void(store, order)
        case "add":
            payments.add(
                store, order, wanted.event, wanted.method, wanted.amount, ok=wanted.status == "ok"
            )
    return shown(order)


def line_named(order: Order, line_id: int | None, sku: str) -> Line:
    """The line with this id or SKU.

    Raises: NotThere.
    """
    for line in order.lines:
        if line.id == line_id or (sku and line.sku == sku):
            return line
    raise NotThere(f"order {order.id} has no such line")


def shown(order: Order) -> dict[str, Any]:
    """What the controls answer about an order."""
    return {
        "id": order.id,
        "status_id": order.status_id,
        "payment_status": order.payment_status,
        "total_inc_tax": f"{order.totals.inc:.4f}",
        "total_tax": f"{order.totals.tax:.4f}",
        "currency": order.currency,
    }


def variant_named(store: Store, sku: str) -> Variant:
    """The variant with this SKU.

    Raises: NotThere.
    """
    variant = store.variant(sku)
    if variant is None:
        raise NotThere(f"there is no SKU {sku!r}")
    return variant


def change_stock(store: Store, wanted: StockChange) -> dict[str, Any]:
    """Count stock; reads show it at once.

    Raises: NotThere.
    """
    store.timers.run_due()
    variant = variant_named(store, wanted.sku)
    if wanted.location_id not in store.stock.locations:
        raise NotThere(f"there is no location {wanted.location_id}")
    level = variant.stock.setdefault(wanted.location_id, StockAt())
    if wanted.safety_stock is not None:
        level.safety_stock = wanted.safety_stock
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - level.on_hand
    if store.products[variant.product_id].tracking != "none":
        store.stock.move(variant, wanted.location_id, delta, "staff")
    return {
        "sku": variant.sku,
        "location_id": wanted.location_id,
        "on_hand": level.on_hand,
        "available": level.available,
    }


def create_product(store: Store, wanted: NewProduct) -> dict[str, Any]:
    """A product for sale from now on.

    Raises: BasketRefused when the SKU exists.
    """
    given = wanted.model_dump() | {"name": wanted.name or f"Product {wanted.sku}"}
    try:
        variant = store.add_product(Product(**given))
    except ValueError as wrong:
        raise BasketRefused(str(wrong)) from wrong
    return {"product_id": variant.product_id, "variant_id": variant.id}


def delete_product(store: Store, sku: str) -> dict[str, Any]:
    """Take a SKU away; orders keep their lines.

    Raises: NotThere.
    """
    variant = variant_named(store, sku)
    product = store.products[variant.product_id]
    del store.variants[variant.id], store.variant_by_sku[sku.casefold()]
    product.variant_ids.remove(variant.id)
    store.stock.forget_items()
    if not product.variant_ids:
        del store.products[product.id], store.product_by_name[product.name.casefold()]
        store.emit("store/product/deleted", {"type": "product", "id": product.id})
    return {"product_id": product.id, "variant_id": variant.id}

"""What people do in the store's control panel, not over the API."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.bigcommerce import payments
from sandbox.bigcommerce.basket import AddressIn, Asked, LineIn
from sandbox.bigcommerce.placing import BasketRefused, line_of
from sandbox.bigcommerce.pricing import cents
from sandbox.bigcommerce.records import Line, Message, Order
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Product


class NotThere(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The record that was named does not exist."""


class Payment(Asked):
    """`POST /_sandbox/pay`: the gateway answers, or staff note a payment."""

    order_id: int
    action: Literal["capture", "decline", "settle", "void"] = "capture"


class LineEdit(Asked):
    """A change of one line, by `id` or `sku`. Quantity 0 removes it."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = Field(default=None, ge=0)
    price: Decimal | None = None


class OrderEdit(Asked):
    """`POST /_sandbox/edit`. What is left out stays."""

    order_id: int
    status_id: int | None = Field(default=None, ge=0, le=14)
    lines: list[LineEdit] = Field(default_factory=list)
    add: list[LineIn] = Field(default_factory=list)
    keep_discounts: bool = True
    """Whether discounts of a changed line shrink or grow with it, or go."""
    shipping_address: AddressIn | None = None
    billing_address: AddressIn | None = None
    email: str | None = None
    message: str | None = None
    """A further message of the shopper."""
    staff_notes: str | None = None
    archive: bool = False
    restore: bool = False


class StockChange(Asked):
    """`POST /_sandbox/stock`: `on_hand` sets, `delta` adds."""

    sku: str
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
    action = {
        "capture": payments.capture,
        "decline": payments.decline,
        "settle": payments.settle_by_hand,
        "void": payments.void,
    }[wanted.action]
    action(store, order)
    return shown(order)


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


def edit(store: Store, wanted: OrderEdit) -> dict[str, Any]:
    """Change an order as staff do.

    Raises: NotThere, BasketRefused.
    """
    order = order_of(store, wanted.order_id)
    for change in wanted.lines:
        edit_line(store, order, change, keep_discounts=wanted.keep_discounts)
    for line in wanted.add:
        added = line_of(store, order, line)
        order.lines.append(added)
        if order.holds_stock:
            store.change_stock(added.variant_id, -added.quantity, by_order=True)
    _edit_people(order, wanted)
    if wanted.staff_notes is not None:
        order.staff_notes = wanted.staff_notes
    if wanted.message is not None:
        number = store.sequences.next("message")
        order.messages.append(Message(number, wanted.message, "Order", store.now()))
        data = {"type": "order", "id": order.id, "message": {"order_message_id": number}}
        store.emit("store/order/message/created", data)
    store.reckon(order)
    if wanted.status_id is not None and wanted.status_id != order.status_id:
        store.set_status(order, wanted.status_id)
    elif not wanted.archive:
        store.touch(order)
    if wanted.archive or wanted.restore:
        archive(store, order, archived=wanted.archive)
    return shown(order)


def _edit_people(order: Order, wanted: OrderEdit) -> None:
    if wanted.email is not None:
        order.email = wanted.email
    if wanted.billing_address is not None:
        order.billing = _merged(order.billing, wanted.billing_address)
    if wanted.shipping_address is not None and order.addresses:
        place = order.addresses[0]
        place.address = _merged(place.address, wanted.shipping_address)


def _merged(address: Any, changes: AddressIn) -> Any:  # noqa: ANN401 - a dataclass of any kind
    return replace(address, **changes.model_dump(exclude_unset=True))


def archive(store: Store, order: Order, *, archived: bool) -> None:
    """Put an order away, or back."""
    order.is_archived = archived
    order.modified_at = max(store.now(), order.modified_at)
    order.cache.clear()
    scope = "store/order/archived" if archived else "store/order/updated"
    store.emit(scope, {"type": "order", "id": order.id})


def edit_line(store: Store, order: Order, change: LineEdit, *, keep_discounts: bool) -> None:
    """Change one line; stock follows if the order holds any. Amounts are left to the caller.

    Raises: NotThere.
    """
    line = _line(order, change)
    before = cents(line.price * line.quantity)
    if change.price is not None:
        line.price = change.price
    if change.quantity is not None:
        if order.holds_stock:
            more = change.quantity - line.quantity
            store.change_stock(line.variant_id, -more, by_order=True)
        line.quantity = change.quantity
    if line.quantity == 0:
        order.lines.remove(line)
    if not keep_discounts:
        line.discounts.clear()
    elif before:
        after = cents(line.price * line.quantity)
        for discount in line.discounts:
            discount.amount = cents(discount.amount * after / before)


def _line(order: Order, change: LineEdit) -> Line:
    for line in order.lines:
        if line.id == change.id or (change.sku and line.sku == change.sku):
            return line
    raise NotThere(f"order {order.id} has no such line")


def change_stock(store: Store, wanted: StockChange) -> dict[str, Any]:
    """Count stock.

    Raises: NotThere.
    """
    variant = store.variant(wanted.sku)
    if variant is None:
        raise NotThere(f"there is no SKU {wanted.sku!r}")
    if wanted.safety_stock is not None:
        variant.safety_stock = wanted.safety_stock
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - variant.on_hand
    store.change_stock(variant.id, delta)
    return {"sku": variant.sku, "on_hand": variant.on_hand, "available": variant.available}


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
    variant = store.variant(sku)
    if variant is None:
        raise NotThere(f"there is no SKU {sku!r}")
    product = store.products[variant.product_id]
    del store.variants[variant.id], store.variant_by_sku[sku.casefold()]
    product.variant_ids.remove(variant.id)
    if not product.variant_ids:
        del store.products[product.id], store.product_by_name[product.name.casefold()]
        store.emit("store/product/deleted", {"type": "product", "id": product.id})
    return {"product_id": product.id, "variant_id": variant.id}

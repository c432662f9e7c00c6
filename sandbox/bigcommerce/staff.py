"""What staff do to orders in the control panel: payments, lines, addresses, status, notes."""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.bigcommerce import payments, reference
from sandbox.bigcommerce.basket import AddressIn, LineIn, ShippingIn
from sandbox.bigcommerce.order_records import Line, Order, OrderMessage, ShipTo
from sandbox.bigcommerce.placing import (
    BasketRefused,
    check_quantity,
    line_of,
    set_discount,
    ship_to,
)
from sandbox.bigcommerce.pricing import cents
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Address
from sandbox.kit.controls import ControlBody


class NotFound(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The record that was named does not exist."""


class Payment(ControlBody):
    """`POST /_sandbox/pay`: the gateway answers, or staff record a payment.

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
    currency: str = Field(default="", pattern="^(|GBP|EUR|USD)$")
    """Of an added row, which `amount` is in; the order's by default."""
    of: Literal["", "purchase", "authorization", "capture", "settled"] = ""
    """An added row names the latest row of this event."""


def order_of(store: Store, order_id: int) -> Order:
    """The order.

    Raises: NotThere.
    """
    found = store.orders.get(order_id)
    if found is None:
        raise NotFound(f"there is no order {order_id}")
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
            named = payments.last_transaction(order, wanted.of) if wanted.of else None
            if wanted.of and named is None:
                raise NotFound(f"order {order.id} has no {wanted.of}")
            payments.add_payment(
                store,
                order,
                wanted.event,
                wanted.method,
                wanted.amount,
                ok=wanted.status == "ok",
                reference_id=named.id if named else None,
                currency=wanted.currency,
            )
    return order_answer(order) | {"transaction_ids": [row.id for row in order.transactions]}


def line_named(order: Order, line_id: int | None, sku: str) -> Line:
    """The line with this id or SKU.

    Raises: NotThere.
    """
    for line in order.lines:
        if line.id == line_id or (sku and line.sku == sku):
            return line
    raise NotFound(f"order {order.id} has no such line")


def order_answer(order: Order) -> dict[str, Any]:
    """What the controls answer about an order."""
    return {
        "id": order.id,
        "status_id": order.status_id,
        "payment_status": order.payment_status,
        "total_inc_tax": f"{order.totals.inc:.4f}",
        "total_tax": f"{order.totals.tax:.4f}",
        "currency": order.currency,
    }


class LineEdit(ControlBody):
    """A change of one line, by `id` or `sku`. Quantity 0 removes it."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = None
    price: Decimal | None = None
    address: int | None = None
    """To which of the order's addresses it goes from now on, counted from 0."""


class AddressEdit(ControlBody):
    """A change of one shipping address, by its place counted from 0. Tax stays as it is."""

    address: int = Field(default=0, ge=0)
    to: AddressIn | None = None
    method: str | None = None
    cost: Decimal | None = None
    handling: Decimal | None = None


class OrderEdit(ControlBody):
    """`POST /_sandbox/edit`. What is left out stays."""

    order_id: int
    status_id: int | None = Field(default=None, ge=0, le=14)
    """Any: 5 cancels and gives stock back, 13 disputes."""
    lines: list[LineEdit] = Field(default_factory=list)
    add: list[LineIn] = Field(default_factory=list)
    empty: bool = False
    """All lines go, before any is added."""
    remove_coupons: list[str] = Field(default_factory=list)
    """Codes of coupons that go, with all they took off."""
    keep_discounts: bool = True
    """Whether discounts of a changed line shrink or grow with it, or go."""
    discount: Decimal | None = Field(default=None, ge=0)
    """Taken off by staff, instead of what they took off before."""
    shipping_address: AddressIn | None = None
    """Of the first address."""
    addresses: list[AddressEdit] = Field(default_factory=list)
    add_addresses: list[ShippingIn] = Field(default_factory=list)
    billing_address: AddressIn | None = None
    email: str | None = None
    message: str | None = None
    """A further message of the shopper."""
    staff_notes: str | None = None
    external_order_id: str | None = None
    """As an app sets it."""
    collected: bool = False
    """The shopper has collected a pick-up order: it is completed."""
    archive: bool = False
    restore: bool = False


def edit(store: Store, wanted: OrderEdit) -> dict[str, Any]:
    """Change an order as staff do.

    Raises: NotThere, BasketRefused; nothing is changed then.
    """
    order = order_of(store, wanted.order_id)
    _check_edit(store, order, wanted)
    order.addresses += [ship_to(store, order, item) for item in wanted.add_addresses]
    _edit_addresses(order, wanted)
    _edit_lines(store, order, wanted)
    _remove_coupons(order, wanted.remove_coupons)
    for name in ("staff_notes", "external_order_id"):
        if (text := getattr(wanted, name)) is not None:
            setattr(order, name, text)
    if wanted.message is not None:
        _add_message(store, order, wanted.message)
    store.compute_amounts(order)
    status_id = reference.COMPLETED if wanted.collected else wanted.status_id
    if status_id is not None and status_id != order.status_id:
        store.set_status(order, status_id)
    elif not wanted.archive:
        store.touch(order)
    if wanted.archive or wanted.restore:
        archive(store, order, archived=wanted.archive)
    return order_answer(order)


def _check_edit(store: Store, order: Order, wanted: OrderEdit) -> None:
    if wanted.collected and order.pickup is None:
        raise BasketRefused(f"nothing of order {order.id} is collected")
    if unknown := set(wanted.remove_coupons) - {coupon.code for coupon in order.coupons}:
        raise BasketRefused(f"order {order.id} has no coupon {min(unknown)!r}")
    count = len(order.addresses) + len(wanted.add_addresses)
    places = [edit.address for edit in wanted.addresses]
    for change in wanted.lines:
        line = line_named(order, change.id, change.sku)
        check_quantity(store, change.quantity or 0)
        if change.address is not None:
            places.append(change.address if line.type == "physical" else count)
    for added in wanted.add:
        check_quantity(store, added.quantity)
        if not (added.sku or added.name or added.gift_certificate_for):
            raise BasketRefused("a line needs a sku or a name")
        places += [added.address] if count else []
    if any(not 0 <= place < count for place in places):
        raise BasketRefused(f"order {order.id} has no such address, or the line goes to none")


def _edit_lines(store: Store, order: Order, wanted: OrderEdit) -> None:
    changes = wanted.lines
    if wanted.empty:
        changes = [LineEdit(id=line.id, quantity=0) for line in order.lines]
    for change in changes:
        edit_line(store, order, change, keep_discounts=wanted.keep_discounts)
    for line in wanted.add:
        added = line_of(store, order, line)
        order.lines.append(added)
        if order.holds_stock:
            store.stock.take(added.variant_id, added.quantity, "order", str(order.id))
    if wanted.discount is not None:
        set_discount(order, wanted.discount)


def _edit_addresses(order: Order, wanted: OrderEdit) -> None:
    if wanted.email is not None:
        order.email = wanted.email
    if (billing := wanted.billing_address) is not None:
        order.billing = _merged(order.billing, billing)
        order.form_fields = billing.form_fields or order.form_fields
    if wanted.shipping_address is not None and order.addresses:
        _edit_place(order.addresses[0], AddressEdit(to=wanted.shipping_address))
    for change in wanted.addresses:
        _edit_place(order.addresses[change.address], change)


def _edit_place(place: ShipTo, change: AddressEdit) -> None:
    if change.to is not None:
        place.address = _merged(place.address, change.to)
        place.form_fields = change.to.form_fields or place.form_fields
    for name in ("method", "cost", "handling"):
        if (value := getattr(change, name)) is not None:
            setattr(place, name, value)


def _merged(address: Address, changes: AddressIn) -> Address:
    return replace(address, **changes.model_dump(exclude_unset=True, exclude={"form_fields"}))


def _remove_coupons(order: Order, codes: Collection[str]) -> None:
    for coupon in reversed(order.coupons):
        for place in order.addresses if coupon.code in codes else ():
            place.cost = coupon.freed.get(place.id, place.cost)
    order.coupons = [coupon for coupon in order.coupons if coupon.code not in codes]
    for discounted in order.discounted:
        discounted.discounts = [row for row in discounted.discounts if row.code not in codes]


def _add_message(store: Store, order: Order, text: str) -> None:
    number = store.sequences.next("message")
    order.messages.append(OrderMessage(number, text, "Order", store.now()))
    data = {"type": "order", "id": order.id, "message": {"order_message_id": number}}
    store.emit("store/order/message/created", data)


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
    line = line_named(order, change.id, change.sku)
    before = cents(line.price * line.quantity)
    if change.price is not None:
        line.price = change.price
    if change.quantity is not None:
        if order.holds_stock:
            more = change.quantity - line.quantity
            store.stock.take(line.variant_id, more, "order", str(order.id))
        line.quantity = change.quantity
    if change.address is not None:
        line.address_id = order.addresses[change.address].id
    if line.quantity == 0:
        order.lines.remove(line)
    if not keep_discounts:
        line.discounts.clear()
    elif before:
        after = cents(line.price * line.quantity)
        for discount in line.discounts:
            discount.amount = cents(discount.amount * after / before)

"""Coupons, and what staff take off an order by hand: each spread over its lines."""

from collections.abc import Sequence
from decimal import Decimal

from sandbox.bigcommerce.aftersales import ZERO
from sandbox.bigcommerce.basket import CouponIn
from sandbox.bigcommerce.pricing import HUNDRED, MANUAL_DISCOUNT, cents, share_out
from sandbox.bigcommerce.records import Discount, Line, Order, OrderCoupon
from sandbox.bigcommerce.store import Store

COUPON_KINDS = {"per_item": 0, "percent": 1, "per_order": 2, "free_shipping": 4}


def apply_coupon(store: Store, order: Order, wanted: CouponIn) -> None:
    """Note a coupon, and take off what it gives."""
    kind = COUPON_KINDS[wanted.type]
    coupon = OrderCoupon(
        store.sequences.next("coupon"), 500 + kind, wanted.code, wanted.amount, kind
    )
    order.coupons.append(coupon)
    if wanted.type == "free_shipping":
        for place in order.addresses:
            place.cost = ZERO
        return
    lines = [line for line in order.lines if not wanted.skus or line.sku in wanted.skus]
    lines = [line for line in lines if line.type != "giftcertificate"]
    name, identity = wanted.code, str(coupon.coupon_id)
    if wanted.type == "per_order":
        take_off(order, wanted.amount, identity, name, wanted.code, lines)
        return
    for line in lines:
        off = wanted.amount * line.quantity
        if wanted.type == "percent":
            off = cents(_rest(line) * wanted.amount / HUNDRED)
        _discount(line, Discount(identity, name, wanted.code, "product", off))


def take_off(  # noqa: PLR0913, PLR0917 - a discount is made of all of these
    order: Order,
    amount: Decimal,
    identity: str,
    name: str,
    code: str | None,
    lines: Sequence[Line] | None = None,
) -> None:
    """Spread a discount over lines (all but gift certificates), by what they cost by now."""
    if not amount:
        return
    if lines is None:
        lines = [line for line in order.lines if line.type != "giftcertificate"]
    rests = [_rest(line) for line in lines]
    amount = min(amount, sum(rests, ZERO))
    for line, off in zip(lines, share_out(amount, rests), strict=True):
        _discount(line, Discount(identity, name, code, "order", off))


def set_discount(order: Order, amount: Decimal) -> None:
    """What staff take off the order, instead of what they took off before."""
    for line in order.lines:
        line.discounts = [item for item in line.discounts if item.id != MANUAL_DISCOUNT]
    take_off(order, amount, MANUAL_DISCOUNT, "Manual Discount", None)


def _rest(line: Line) -> Decimal:
    return cents(line.price * line.quantity) - sum((d.amount for d in line.discounts), ZERO)


def _discount(line: Line, discount: Discount) -> None:
    discount.amount = min(discount.amount, _rest(line))
    if discount.amount:
        line.discounts.append(discount)

"""The arithmetic of an order: from prices, rates and discounts to totals that add up.

An order's prices are either ex tax or with tax (`is_inclusive`); that side is exact, the other
follows. Discounts are kept with tax, so that, as on the vendor's sample order, `total_inc_tax` =
subtotal + shipping + handling + wrapping + fees - discount - coupon discount, all with tax.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.order_records import Amount, Discount, Line, Order, Totals

CENT = Decimal("0.01")
FINE = Decimal("0.0001")
HUNDRED = Decimal(100)
MANUAL_DISCOUNT = "manual-discount"


def cents(amount: Decimal) -> Decimal:
    """To whole cents, half up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def split(price: Decimal, rate: Decimal, *, inclusive: bool, step: Decimal = CENT) -> Amount:
    """An amount in price terms as ex, inc and tax; the tax is rounded to `step`."""
    if inclusive:
        tax = (price * rate / (HUNDRED + rate)).quantize(step, rounding=ROUND_HALF_UP)
        return Amount(price - tax, price, tax)
    tax = (price * rate / HUNDRED).quantize(step, rounding=ROUND_HALF_UP)
    return Amount(price, price + tax, tax)


def share_out(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Whole cents of `amount` by weight; they add up, the largest remainders get the odd cents."""
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    exact = [amount * weight / whole for weight in weights]
    parts = [part.quantize(CENT, rounding=ROUND_FLOOR) for part in exact]
    missing = int((cents(amount) - sum(parts, ZERO)) / CENT)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[:missing]:
        parts[i] += CENT
    return parts


def compute_amounts(order: Order, *, round_lines: bool = True) -> None:
    """Compute every amount of the order anew, from its prices and discounts.

    `round_lines` rounds tax to cents on each line; otherwise only the order's total is rounded.
    """
    step = CENT if round_lines else FINE
    for line in order.lines:
        _compute_line(line, inclusive=order.is_inclusive, step=step)
    for place in order.addresses:
        place.shipping = split(place.cost, place.rate, inclusive=order.is_inclusive)
        place.discounted = _less(
            place.cost, place.rate, place.discounts, inclusive=order.is_inclusive, step=CENT
        )
        place.handled = split(place.handling, place.rate, inclusive=order.is_inclusive)
    for fee in order.fees:
        fee.cost = split(fee.price, fee.rate, inclusive=order.is_inclusive)
    order.totals = _totals(order)
    order.cache.clear()


def _compute_line(line: Line, *, inclusive: bool, step: Decimal) -> None:
    line.unit = split(line.price, line.rate, inclusive=inclusive, step=FINE)
    before = cents(line.price * line.quantity)
    line.total = split(before, line.rate, inclusive=inclusive, step=step)
    line.wrapped = split(line.wrapping, line.wrapping_rate, inclusive=inclusive)
    line.discounted = _less(before, line.rate, line.discounts, inclusive=inclusive, step=step)


def _less(
    price: Decimal, rate: Decimal, discounts: Sequence[Discount], *, inclusive: bool, step: Decimal
) -> Amount:
    """What is left of a price; each discount learns what it takes off."""
    now = split(price, rate, inclusive=inclusive, step=step)
    for discount in discounts:
        price -= discount.amount
        after = split(price, rate, inclusive=inclusive, step=step)
        discount.taken_inc = now.inc - after.inc
        now = after
    return now


def _totals(order: Order) -> Totals:
    none = Amount()
    lines = order.lines
    totals = Totals(
        subtotal=sum((line.total for line in lines), none),
        subtotal_tax=sum((line.discounted.tax for line in lines), ZERO),
        shipping=sum((place.shipping for place in order.addresses), none),
        handling=sum((place.handled for place in order.addresses), none),
        wrapping=sum((line.wrapped for line in lines), none),
        fees=sum((fee.cost for fee in order.fees), none),
    )
    for discounted in order.discounted:
        for discount in discounted.discounts:
            if discount.id == MANUAL_DISCOUNT:
                totals.discount += discount.taken_inc
            else:
                totals.coupon += discount.taken_inc
    charges = totals.shipping + totals.handling + totals.wrapping + totals.fees
    untaxed = sum((place.shipping.tax - place.discounted.tax for place in order.addresses), ZERO)
    totals.tax = cents(totals.subtotal_tax + charges.tax - untaxed)
    totals.inc = cents(totals.subtotal.inc + charges.inc - totals.discount - totals.coupon)
    totals.ex = totals.inc - totals.tax
    return totals

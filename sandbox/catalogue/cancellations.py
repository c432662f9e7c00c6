"""Which earlier orders cancelling invoices undo, wholly or in part.

A cancelling invoice is matched when each of its rows is: a product row or free-text row with a line
of an earlier order of the same customer, for the same code and price, with enough pieces left; a
carriage row with that order's shipping; a discount or manual row without such a line with the
order's value as a whole. One order that covers all rows is preferred, the latest such one;
then the rows are spread over several. What one invoice has undone is not available to the next.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sandbox.catalogue.model import Report, ShopLine, ShopOrder, ShopRefund
from sandbox.catalogue.retail_rows import AMOUNTS, SHIPPING, Invoice, Row, is_product, text_name

NO_CUSTOMER = "it names no customer"
NO_ORDER = "no earlier order of the customer is in the files"
UNUSABLE = "a row of it is no cancellation"
NEVER_BOUGHT = "a row was never bought in these orders"
OTHER_PRICE = "a row was bought at another price only"
TOO_MANY = "a row undoes more than is left"
ZERO = Decimal(0)


@dataclass(slots=True)
class _Left:
    """The part of an order that nothing has undone yet. Money ex tax."""

    order: ShopOrder
    pieces: list[int]
    shipping: Decimal
    value: Decimal
    lines: list[ShopLine] = field(default_factory=list)
    """Taken by the invoice at hand, as are the next two."""
    took_shipping: Decimal = ZERO
    took_value: Decimal = ZERO

    def copy(self) -> "_Left":
        """For a trial, with nothing taken."""
        return _Left(self.order, list(self.pieces), self.shipping, self.value)

    def refund(self, invoice: Invoice) -> ShopRefund | None:
        """What the invoice took of this order."""
        if not (self.lines or self.took_shipping or self.took_value):
            return None
        return ShopRefund(
            reference=invoice.number,
            order_reference=self.order.reference,
            refunded_at=invoice.placed_at,
            lines=tuple(self.lines),
            shipping_ex_tax=self.took_shipping,
            amount_ex_tax=self.took_value,
        )


def match(
    invoices: Iterable[Invoice], orders: Sequence[ShopOrder], report: Report
) -> list[ShopRefund]:
    """Refunds that the cancelling invoices come to, earliest first; the rest is in the report."""
    of_customer: dict[str, list[_Left]] = defaultdict(list)
    for order in orders:
        goods = sum((line.price_ex_tax * line.quantity for line in order.lines), ZERO)
        value = goods - order.discount_ex_tax + order.shipping_cost_ex_tax
        left = _Left(
            order, [line.quantity for line in order.lines], order.shipping_cost_ex_tax, value
        )
        of_customer[order.customer.reference].append(left)
    found: list[ShopRefund] = []
    for invoice in sorted(invoices, key=lambda one: (one.placed_at, one.number)):
        known = of_customer[invoice.customer_id] if invoice.customer_id else []
        reason = _match_one(invoice, known, found)
        if reason is None:
            report.matched.append(invoice.number)
        else:
            report.not_matched[invoice.number] = reason
    return found


def _match_one(invoice: Invoice, known: list[_Left], found: list[ShopRefund]) -> str | None:
    """Add its refunds, or give the reason why there are none."""
    earlier = [place for place, left in enumerate(known)
               if left.order.placed_at < invoice.placed_at]  # fmt: skip
    if invoice.is_odd:
        return UNUSABLE
    if not invoice.customer_id:
        return NO_CUSTOMER
    if not earlier:
        return NO_ORDER
    latest_first = earlier[::-1]
    for places in [*([place] for place in latest_first), latest_first]:
        trial = {place: known[place].copy() for place in places}
        missing = [row for row in invoice.rows if _take(trial.values(), row)]
        if not missing:
            refunds = [left.refund(invoice) for left in trial.values()]
            found += [refund for refund in refunds if refund is not None]
            for place, left in trial.items():
                known[place] = left.copy()
            return None
    return _why_not(missing[0], [known[place].order for place in earlier])


def _take(lefts: Iterable[_Left], row: Row) -> int:
    """Take a row from the first of these that have it; the pieces that are missing."""
    missing = row.quantity
    for left in lefts:
        missing = _take_from(left, row, missing)
    return missing


def _take_from(left: _Left, row: Row, missing: int) -> int:
    if row.code in SHIPPING:
        cost = row.price * missing
        if cost > left.shipping:
            return missing
        left.shipping -= cost
        left.took_shipping += cost
        return 0
    for place, line in enumerate(left.order.lines):
        pieces = min(missing, left.pieces[place])
        if pieces and _fits(line, row) and line.price_ex_tax == row.price:
            left.pieces[place] -= pieces
            left.value -= row.price * pieces
            left.lines.append(replace(line, quantity=pieces))
            missing -= pieces
    cost = row.price * missing
    if missing and row.code in AMOUNTS and cost <= left.value:
        left.value -= cost
        left.took_value += cost
        return 0
    return missing


def _fits(line: ShopLine, row: Row) -> bool:
    if is_product(row.code):
        return line.sku == row.code
    return not line.sku and line.name == text_name(row)


def _why_not(row: Row, orders: Sequence[ShopOrder]) -> str:
    if row.code in SHIPPING or row.code in AMOUNTS:
        return TOO_MANY
    prices = {line.price_ex_tax for order in orders for line in order.lines if _fits(line, row)}
    if not prices:
        return NEVER_BOUGHT
    return TOO_MANY if row.price in prices else OTHER_PRICE

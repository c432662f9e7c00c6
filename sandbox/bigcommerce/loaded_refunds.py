"""Refunds that the loaded files tell of, made by staff now: as paid, of orders placed by now."""

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal

from sandbox.bigcommerce import reference, refund_amounts, refund_tenders, refunds
from sandbox.bigcommerce.aftersales import Refund, RefundItem
from sandbox.bigcommerce.generator import SOURCE
from sandbox.bigcommerce.pricing import HUNDRED, cents
from sandbox.bigcommerce.records import Line, Order
from sandbox.bigcommerce.refund_amounts import RefundRefused
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import ShopLine, ShopRefund


def play_next(store: Store, count: int) -> list[Refund]:
    """Make so many refunds, earliest first. Those whose order is not placed yet wait."""
    return _play(store, count, lambda _: True)


def play_invoices(store: Store, numbers: Iterable[str]) -> list[Refund]:
    """Make the refunds of these invoices; those unknown, made or waiting are passed over."""
    wanted = set(numbers)
    return _play(store, len(store.unrefunded), lambda told: told.reference in wanted)


def _play(store: Store, count: int, is_wanted: Callable[[ShopRefund], bool]) -> list[Refund]:
    placed = {
        order.external_id: order
        for order in store.orders.values()
        if order.external_source == SOURCE
    }
    made: list[Refund] = []
    waiting: list[ShopRefund] = []
    for told in store.unrefunded:
        order = placed.get(told.order_reference)
        if order is None or len(made) >= count or not is_wanted(told):
            waiting.append(told)
            continue
        try:
            made.append(_refund(store, order, told))
        except RefundRefused as refused:
            store.refused_refunds[told.reference] = str(refused)
    store.unrefunded = waiting
    return made


def _refund(store: Store, order: Order, told: ShopRefund) -> Refund:
    refunds.check_turn(store, order)
    made = refunds.draft(store, order, [*_pieces(order, told), *_amounts(store, order, told)])
    made.reason = f"Invoice {told.reference}"
    way = refund_tenders.as_paid(store, order, made.amount)
    if not way:
        raise RefundRefused("Less was paid in these ways than is to be refunded.")
    return refunds.create(store, order, made, way, user_id=reference.STAFF_ID)


def _pieces(order: Order, told: ShopRefund) -> list[RefundItem]:
    """Lines by SKU or text and price: staff may have changed the order since."""
    before = refund_amounts.taken(order)
    items: Counter[int] = Counter()
    for wanted in told.lines:
        missing = wanted.quantity
        for line in order.lines:
            if _is_same(line, wanted):
                left = line.quantity - before["PRODUCT", line.id] - items[line.id]
                items[line.id] += min(left, missing)
                missing -= min(left, missing)
        if missing:
            raise RefundRefused(f"The order has {missing} pieces too few of {wanted.name!r}.")
    return [RefundItem("PRODUCT", line_id, pieces) for line_id, pieces in items.items() if pieces]


def _is_same(line: Line, wanted: ShopLine) -> bool:
    named = line.sku == wanted.sku if wanted.sku else line.name == wanted.name
    return named and line.price == wanted.price_ex_tax


def _amounts(store: Store, order: Order, told: ShopRefund) -> list[RefundItem]:
    """Shipping in the terms that the store takes; an amount of the order with its tax."""
    rate = order.addresses[0].rate if order.addresses else Decimal(0)
    items = []
    if told.shipping_ex_tax:
        inclusive = store.switches.refund_amounts == "inc_tax"
        cost = _with_tax(told.shipping_ex_tax, rate) if inclusive else told.shipping_ex_tax
        place = order.addresses[0].id if order.addresses else 0
        items.append(RefundItem("SHIPPING", place, requested=cost))
    if told.amount_ex_tax:
        amount = _with_tax(told.amount_ex_tax, rate)
        items.append(RefundItem("ORDER", order.id, requested=amount))
    return items


def _with_tax(amount: Decimal, rate: Decimal) -> Decimal:
    return cents(amount * (HUNDRED + rate) / HUNDRED)

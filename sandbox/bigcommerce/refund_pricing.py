"""What a refund of certain items comes to, and the ways in which money can go back.

Parts of a line add up to the line, to the cent.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sandbox.bigcommerce import payments, reference
from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.order_records import Amount, Line, Order, Transaction
from sandbox.bigcommerce.pricing import CENT, cents, share_out, split
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.refund_records import Refund, RefundItem
from sandbox.bigcommerce.store import Store

BY_PIECES = frozenset({"PRODUCT", "GIFT_WRAPPING"})
BY_AMOUNT = frozenset({"SHIPPING", "HANDLING", "FEE", "ORDER", "TAX"})
Taken = Counter[tuple[str, int]]
"""Pieces, or cents as asked, that were refunded of something, by kind and id."""
STORE_CREDIT = reference.STORE_CREDIT.gateway
GIFT_CERTIFICATE = reference.GIFT_CERTIFICATE.gateway
CUSTOM = "custom"
PAID_BY_HAND = "Paid outside the store, so it is paid back outside."
NO_GATEWAY_REFUNDS = "The gateway cannot refund."


class RefundRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """The store does not refund this; `field` names the part of the request at fault."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Charge:
    """Something paid once: its amounts and rate."""

    cost: Amount
    rate: Decimal


def in_force(order: Order) -> Iterable[Refund]:
    """Refunds that count."""
    return (refund for refund in order.refunds if not refund.is_given_up)


def taken(order: Order) -> Taken:
    """What earlier refunds took."""
    found: Taken = Counter()
    for refund in in_force(order):
        for item in refund.items:
            found[item.kind, item.item_id] += _size(item)
    return found


def _size(item: RefundItem) -> int:
    if item.kind in BY_PIECES:
        return item.quantity
    return int((item.requested or ZERO) / CENT)


def overcharged(order: Order) -> Decimal:
    """Tax that merchants' own figures left with the store, less what was adjusted since."""
    return sum(
        (
            -refund.tax if refund.is_tax_adjustment else refund.calculated_tax - refund.tax
            for refund in in_force(order)
        ),
        ZERO,
    )


def price(store: Store, order: Order, items: Sequence[RefundItem]) -> None:
    """Compute what each item comes to, after earlier refunds and the items before it.

    Raises: RefundRefused for what the order does not have, or not any more.
    """
    before = taken(order)
    for place, item in enumerate(items):
        already = before[item.kind, item.item_id]
        try:
            if item.kind in BY_PIECES:
                _price_pieces(order, item, already)
            else:
                _price_amount(store, order, item, already * CENT)
        except RefundRefused as refused:
            raise RefundRefused(str(refused), f"items.{place}.{refused.field}") from refused
        before[item.kind, item.item_id] += _size(item)


def _price_pieces(order: Order, item: RefundItem, already: int) -> None:
    line = next((line for line in order.lines if line.id == item.item_id), None)
    if line is None:
        raise RefundRefused("The order has no such product.", "item_id")
    if item.kind == "GIFT_WRAPPING" and not line.wrapping:
        raise RefundRefused("The product is not wrapped.", "item_id")
    if not 1 <= item.quantity <= line.quantity - already:
        raise RefundRefused("The quantity exceeds what is left to refund.", "quantity")
    whole = line.discounted if item.kind == "PRODUCT" else line.wrapped
    item.amount = _share(whole.inc, line, already, item.quantity)
    item.tax = _share(whole.tax, line, already, item.quantity)
    item.amount += sum((less.amount for less in item.adjustments), ZERO)
    if item.amount < 0:
        raise RefundRefused("The adjustments exceed the amount of the item.", "adjustments")


def _share(whole: Decimal, line: Line, already: int, quantity: int) -> Decimal:
    """What further pieces come to, so that all pieces come to the whole."""
    return cents(whole * (already + quantity) / line.quantity) - cents(
        whole * already / line.quantity
    )


def _price_amount(store: Store, order: Order, item: RefundItem, already: Decimal) -> None:
    asked = item.requested or ZERO
    if item.kind == "ORDER":
        _own_id(order, item)
        item.amount, item.tax = asked, ZERO
        return
    if item.kind == "TAX":
        _own_id(order, item)
        back = sum((refund.tax for refund in in_force(order)), ZERO)
        if asked > order.totals.tax - back:
            raise RefundRefused("The amount exceeds the tax left to refund.", "amount")
        item.amount = item.tax = asked
        return
    charge = _charge(order, item)
    inclusive = order.is_inclusive or store.switches.refund_amounts == "inc_tax"
    limit = charge.cost.inc if inclusive else charge.cost.ex
    if asked > limit - already:
        raise RefundRefused("The amount exceeds what is left to refund.", "amount")
    before, after = (
        charge.cost if sum_ == limit else split(sum_, charge.rate, inclusive=inclusive)
        for sum_ in (already, already + asked)
    )
    item.amount, item.tax = after.inc - before.inc, after.tax - before.tax


def _own_id(order: Order, item: RefundItem) -> None:
    if item.item_id != order.id:
        raise RefundRefused("The item id is not that of the order.", "item_id")


def _charge(order: Order, item: RefundItem) -> Charge:
    if item.kind == "FEE":
        for fee in order.fees:
            if fee.id == item.item_id:
                return Charge(fee.cost, fee.rate)
        raise RefundRefused("The order has no such fee.", "item_id")
    for place in order.addresses:
        if place.id == item.item_id:
            cost = place.discounted if item.kind == "SHIPPING" else place.handled
            return Charge(cost, place.rate)
    raise RefundRefused("The order has no such address.", "item_id")


@dataclass(frozen=True, slots=True)
class RefundOption:
    """One payment of an alternative."""

    provider_id: str
    description: str
    amount: Decimal
    is_offline: bool = False
    is_offline_provider: bool = False
    offline_reason: str = ""


@dataclass(slots=True)
class Tender:
    """One way the order was paid, with what is left of it and the row that a refund refers to."""

    provider_id: str
    method: PaymentMethod
    left: Decimal
    row: Transaction


def provider_of(method: PaymentMethod) -> str:
    """How refunds name a way of paying."""
    return method.provider or method.gateway


def tenders(order: Order) -> list[Tender]:
    """As the order was paid: gateway and offline first, then store credit, gift certificate."""
    found: dict[str, Tender] = {}
    for row in payments.money_in(order):
        method = payments.method_named(row.method_name)
        provider = provider_of(method)
        known = found.setdefault(provider, Tender(provider, method, ZERO, row))
        known.left += row.counts
    for refund in order.refunds:
        for payment in refund.payments:
            if payment.provider_id in found and not payment.is_declined:
                found[payment.provider_id].left -= payment.amount
    late = {STORE_CREDIT: 1, GIFT_CERTIFICATE: 2}
    return sorted(found.values(), key=lambda tender: late.get(tender.provider_id, 0))


def refundable(order: Order) -> Decimal:
    """What came in and is neither back nor on its way."""
    committed = sum((refund.committed for refund in order.refunds), ZERO)
    return payments.paid(order) - committed


def alternatives(store: Store, order: Order, total: Decimal) -> list[list[RefundOption]]:
    """Each a list of payments that go together. No store credit for guests."""
    found = [as_paid(store, order, total), [_offline(CUSTOM, "Custom", total)]]
    if order.customer_id:
        found.insert(1, [RefundOption(STORE_CREDIT, reference.STORE_CREDIT.name, total)])
    kept: list[list[RefundOption]] = []
    for option in found:
        if option and option not in kept:
            kept.append(option)
    return kept


def _offline(provider_id: str, description: str, amount: Decimal) -> RefundOption:
    return RefundOption(
        provider_id,
        description,
        amount,
        is_offline=True,
        is_offline_provider=True,
        offline_reason=PAID_BY_HAND,
    )


def as_paid(store: Store, order: Order, total: Decimal) -> list[RefundOption]:
    """The way back by which it came; empty when less is left of it."""
    open_ = [tender for tender in tenders(order) if tender.left > 0]
    if sum((tender.left for tender in open_), ZERO) < total:
        return []
    if store.switches.refund_split == "proportional":
        parts = share_out(total, [tender.left for tender in open_])
    else:
        parts = _in_order(total, [tender.left for tender in open_])
    return [
        _refund_option(store, tender, part)
        for tender, part in zip(open_, parts, strict=True)
        if part
    ]


def _in_order(total: Decimal, limits: Sequence[Decimal]) -> list[Decimal]:
    parts = []
    for limit in limits:
        parts.append(min(limit, total))
        total -= parts[-1]
    return parts


def _refund_option(store: Store, tender: Tender, amount: Decimal) -> RefundOption:
    method = tender.method
    is_offline = method.is_offline or method.gateway == CUSTOM
    is_internal = method.name in payments.INTERNAL
    if is_offline:
        return _offline(tender.provider_id, method.name, amount)
    if not is_internal and not store.switches.gateway_refunds:
        offline = _offline(tender.provider_id, method.name, amount)
        return replace(offline, is_offline_provider=False, offline_reason=NO_GATEWAY_REFUNDS)
    return RefundOption(tender.provider_id, method.name, amount)

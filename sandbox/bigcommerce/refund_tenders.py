"""Which ways money can go back: as it was paid, to store credit, or outside the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.bigcommerce import reference, transactions
from sandbox.bigcommerce.aftersales import ZERO
from sandbox.bigcommerce.pricing import share_out
from sandbox.bigcommerce.records import Order, Transaction
from sandbox.bigcommerce.reference import PaymentMethod
from sandbox.bigcommerce.store import Store

STORE_CREDIT = reference.STORE_CREDIT.gateway
GIFT_CERTIFICATE = reference.GIFT_CERTIFICATE.gateway
CUSTOM = "custom"
PAID_BY_HAND = "Paid outside the store, so it is paid back outside."
NO_GATEWAY_REFUNDS = "The gateway cannot refund."


@dataclass(frozen=True, slots=True)
class Option:
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
    for row in transactions.money_in(order):
        method = transactions.method_named(row.method_name)
        provider = provider_of(method)
        known = found.setdefault(provider, Tender(provider, method, ZERO, row))
        known.left += row.amount
    for refund in order.refunds:
        for payment in refund.payments:
            if payment.provider_id in found and not payment.is_declined:
                found[payment.provider_id].left -= payment.amount
    late = {STORE_CREDIT: 1, GIFT_CERTIFICATE: 2}
    return sorted(found.values(), key=lambda tender: late.get(tender.provider_id, 0))


def refundable(order: Order) -> Decimal:
    """What came in and is neither back nor on its way."""
    committed = sum((refund.committed for refund in order.refunds), ZERO)
    return transactions.paid(order) - committed


def alternatives(store: Store, order: Order, total: Decimal) -> list[list[Option]]:
    """Each a list of payments that go together. No store credit for guests."""
    offline = [Option(CUSTOM, "Custom", total, True, True, PAID_BY_HAND)]  # noqa: FBT003 - as named
    found = [as_paid(store, order, total), offline]
    if order.customer_id:
        found.insert(1, [Option(STORE_CREDIT, reference.STORE_CREDIT.name, total)])
    kept: list[list[Option]] = []
    for option in found:
        if option and option not in kept:
            kept.append(option)
    return kept


def as_paid(store: Store, order: Order, total: Decimal) -> list[Option]:
    """The way back by which it came; empty when less is left of it."""
    open_ = [tender for tender in tenders(order) if tender.left > 0]
    if sum((tender.left for tender in open_), ZERO) < total:
        return []
    if store.switches.refund_split == "proportional":
        parts = share_out(total, [tender.left for tender in open_])
    else:
        parts = _in_order(total, [tender.left for tender in open_])
    return [_option(store, tender, part) for tender, part in zip(open_, parts, strict=True) if part]


def _in_order(total: Decimal, limits: Sequence[Decimal]) -> list[Decimal]:
    parts = []
    for limit in limits:
        parts.append(min(limit, total))
        total -= parts[-1]
    return parts


def _option(store: Store, tender: Tender, amount: Decimal) -> Option:
    method = tender.method
    is_offline = method.is_offline or method.gateway == CUSTOM
    is_internal = method.name in transactions.INTERNAL
    if is_offline:
        return Option(tender.provider_id, method.name, amount, True, True, PAID_BY_HAND)  # noqa: FBT003 - as named
    if not is_internal and not store.switches.gateway_refunds:
        return Option(tender.provider_id, method.name, amount, True, False, NO_GATEWAY_REFUNDS)  # noqa: FBT003 - as named
    return Option(tender.provider_id, method.name, amount)

"""Varied orders out of thin air, the same for the same seed; and those of a loaded catalogue."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from random import Random

from sandbox.bigcommerce.basket import (
    AddressIn,
    Basket,
    CouponIn,
    FeeIn,
    LineIn,
    PaymentOutcome,
    ShippingIn,
)
from sandbox.bigcommerce.order_records import Order
from sandbox.bigcommerce.placing import place
from sandbox.bigcommerce.records import Product
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.countries import address_of
from sandbox.catalogue.model import Address, ShopOrder

SOURCE = "online-retail"
OUTCOMES: tuple[tuple[PaymentOutcome, int], ...] = (
    ("captured", 80),
    ("authorized", 6),
    ("pending", 5),
    ("declined", 4),
)
MOST_PIECES = 4
MANY = 5000
"""Choosing among more SKUs than this for each order would take too long."""
ABROAD = ("Germany", "France", "EIRE", "USA", "Japan", "Switzerland", "Channel Islands")


def generate(store: Store, count: int, moments: Sequence[datetime] = ()) -> list[Order]:
    """Place so many orders, now or at these moments. They use what the catalogue has in stock."""
    placed = []
    for number in range(count):
        basket = _basket(store, store.random)
        if moments:
            basket = basket.model_copy(update={"placed_at": moments[number]})
        placed.append(place(store, basket))
    return placed


def place_loaded(store: Store, count: int | None = None) -> list[Order]:
    """Place the next orders of the catalogue now, earliest first."""
    chosen = store.unplaced[:count]
    store.unplaced = store.unplaced[len(chosen) :]
    return [place(store, basket_of(order)) for order in chosen]


def place_invoices(store: Store, references: list[str]) -> list[Order]:
    """Place these orders of the catalogue now; those unknown or placed already are passed over."""
    wanted = set(references)
    chosen = [order for order in store.unplaced if order.reference in wanted]
    store.unplaced = [order for order in store.unplaced if order.reference not in wanted]
    return [place(store, basket_of(order)) for order in chosen]


def place_in_the_past(store: Store, orders: list[ShopOrder]) -> list[Order]:
    """Place orders as of the moment that their source has."""
    return [
        place(store, basket_of(order).model_copy(update={"placed_at": order.placed_at}))
        for order in orders
    ]


def basket_of(order: ShopOrder) -> Basket:
    """An order of the catalogue as a basket; ex tax, paid by card."""
    return Basket(
        lines=[
            LineIn(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                price=line.price_ex_tax,
                tax_rate=line.tax_rate_percent,
            )
            for line in order.lines
        ],
        email=order.customer.email,
        guest=order.is_guest,
        tax_inclusive=False,
        shipping=[
            ShippingIn(
                to=_address(order.customer.address),
                method=order.shipping_method,
                cost=order.shipping_cost_ex_tax,
            )
        ],
        discount=order.discount_ex_tax,
        payment="captured",
        external_id=order.reference,
        external_source=SOURCE,
    )


def _address(address: Address) -> AddressIn:
    return AddressIn(**asdict(address))


def _basket(store: Store, chance: Random) -> Basket:
    abroad = _often(chance, 0.15)
    number = chance.randint(1, 5000)
    email, guest, home = f"guest{number}@example.com", True, "United Kingdom"
    if store.customers and _often(chance, 0.6):
        customer = chance.choice(list(store.customers.values()))
        email, guest = customer.email, False
        to = _address(customer.address)
    else:
        to = _address(address_of(email, chance.choice(ABROAD) if abroad else home))
    lines = [_line(chance, product) for product in _choose(store, chance)]
    outcome, method = _payment(chance)
    return Basket(
        lines=lines,
        email=email,
        guest=guest,
        channel_id=2 if _often(chance, 0.1) else 1,
        currency="EUR" if to.country_iso2 in {"DE", "FR", "IE"} else "GBP",
        tax_inclusive=_often(chance, 0.4),
        shipping=[_shipping(chance, to)],
        coupons=_coupons(chance),
        discount=Decimal(chance.randint(1, 5)) if _often(chance, 0.08) else Decimal(0),
        fees=[FeeIn()] if _often(chance, 0.05) else [],
        gift_certificate=Decimal(10) if _often(chance, 0.06) else Decimal(0),
        store_credit=Decimal(5) if not guest and _often(chance, 0.06) else Decimal(0),
        payment_method=method,
        payment=outcome,
        message="Please leave it with a neighbour." if _often(chance, 0.1) else "",
    )


def _often(chance: Random, share: float) -> bool:
    return chance.random() < share


def _payment(chance: Random) -> tuple[PaymentOutcome, str]:
    names = [name for name, _ in OUTCOMES]
    outcome = chance.choices(names, [weight for _, weight in OUTCOMES])[0]
    if outcome == "captured" and _often(chance, 0.06):
        return "offline", "Bank deposit"
    return outcome, chance.choice(("Credit card", "Credit card", "PayPal"))


def _choose(store: Store, chance: Random) -> list[tuple[Product, str]]:
    """Distinct SKUs that can be bought; of a large catalogue, from a part drawn anew."""
    numbers = list(store.variants)
    if len(numbers) > MANY:
        numbers = chance.sample(numbers, MANY // 10)
    buyable = [
        (store.products[variant.product_id], variant.sku)
        for variant in (store.variants[number] for number in numbers)
        if store.stock.sellable(variant) >= MOST_PIECES
        or store.products[variant.product_id].tracking == "none"
    ]
    count = min(len(buyable), chance.choice((1, 1, 2, 3, 4, chance.randint(5, 12))))
    return chance.sample(buyable, count)


def _line(chance: Random, chosen: tuple[Product, str]) -> LineIn:
    product, sku = chosen
    wrapped = product.type == "physical" and _often(chance, 0.04)
    return LineIn(
        sku=sku,
        quantity=chance.choice((1, 1, 1, 2, 3, 4)),
        wrapping="Festive paper" if wrapped else "",
        wrapping_price=Decimal("2.50") if wrapped else Decimal(0),
    )


def _shipping(chance: Random, to: AddressIn) -> ShippingIn:
    if to.country_iso2 != "GB":
        return ShippingIn(to=to, method="International tracked")
    method = chance.choice(("Royal Mail 2nd Class", "Royal Mail 2nd Class", "Next day courier"))
    return ShippingIn(to=to, method=method)


def _coupons(chance: Random) -> list[CouponIn]:
    if _often(chance, 0.08):
        return [CouponIn(code="TEN", type="percent", amount=Decimal(10))]
    if _often(chance, 0.04):
        return [CouponIn(code="THREE33", type="per_order", amount=Decimal("3.33"))]
    if _often(chance, 0.02):
        return [CouponIn(code="POSTFREE", type="free_shipping", amount=Decimal(0))]
    return []

"""From a basket to an order, the way a checkout does it: lines, coupons, discounts, payment."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.basket import Basket, CouponIn, FeeIn, LineIn, PickupIn, ShippingIn
from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.order_records import (
    Discount,
    Fee,
    Line,
    LineOption,
    Order,
    OrderCoupon,
    Pickup,
    PickupPoint,
    ShipTo,
)
from sandbox.bigcommerce.payments import pay_at_checkout
from sandbox.bigcommerce.pricing import HUNDRED, MANUAL_DISCOUNT, cents, share_out
from sandbox.bigcommerce.records import Variant
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.tax_zones import Rates, TaxRate, percent, rates_at
from sandbox.catalogue.model import Address

COUPON_KINDS = {"per_item": 0, "percent": 1, "per_order": 2, "shipping": 3, "free_shipping": 4}
ABROAD_ZONE = "Rest of the world"
DELETED_PRODUCT = 990_000
"""Ids from here on are of products that are gone."""


def apply_coupon(store: Store, order: Order, wanted: CouponIn) -> None:
    """Note a coupon, and take off what it gives."""
    kind = COUPON_KINDS[wanted.type]
    coupon = OrderCoupon(
        store.sequences.next("coupon"), 500 + kind, wanted.code, wanted.amount, kind
    )
    order.coupons.append(coupon)
    if wanted.type in {"shipping", "free_shipping"}:
        _discount_shipping(store, order, coupon, wanted)
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
            off = cents(_left_of(line) * wanted.amount / HUNDRED)
        _add_discount(line, Discount(identity, name, wanted.code, "product", off))


def _discount_shipping(store: Store, order: Order, coupon: OrderCoupon, wanted: CouponIn) -> None:
    """Take a coupon off what shipping costs by now, one address after the other."""
    rests = [
        place.cost - sum((d.amount for d in place.discounts), ZERO) for place in order.addresses
    ]
    left = sum(rests, ZERO)
    if wanted.type == "shipping":
        left = min(left, wanted.amount)
    elif store.switches.free_shipping == "cost":
        for place, rest in zip(order.addresses, rests, strict=True):
            coupon.freed[place.id], place.cost = place.cost, place.cost - rest
        return
    for place, rest in zip(order.addresses, rests, strict=True):
        off = min(left, rest)
        if off:
            identity = str(coupon.coupon_id)
            place.discounts.append(Discount(identity, coupon.code, coupon.code, "order", off))
        left -= off


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
    lines = [line for line in lines if _left_of(line) > 0]
    rests = [_left_of(line) for line in lines]
    amount = min(amount, sum(rests, ZERO))
    for line, off in zip(lines, share_out(amount, rests), strict=True):
        _add_discount(line, Discount(identity, name, code, "order", off))


def set_discount(order: Order, amount: Decimal) -> None:
    """What staff take off the order, instead of what they took off before."""
    for line in order.lines:
        line.discounts = [item for item in line.discounts if item.id != MANUAL_DISCOUNT]
    take_off(order, amount, MANUAL_DISCOUNT, "Manual Discount", None)


def _left_of(line: Line) -> Decimal:
    return cents(line.price * line.quantity) - sum((d.amount for d in line.discounts), ZERO)


def _add_discount(line: Line, discount: Discount) -> None:
    discount.amount = min(discount.amount, _left_of(line))
    if discount.amount:
        line.discounts.append(discount)


class BasketRefused(Exception):  # noqa: N818 - a verdict, with its reason for people
    """Checkout does not accept the basket; the text says why."""


def place(store: Store, basket: Basket) -> Order:
    """Place the order, pay as asked, and emit the events. Due timers run first.

    Raises: BasketRefused.
    """
    store.timers.run_due()
    with store.as_of(basket.placed_at):
        order = _new_order(store, basket)
        store.orders[order.id] = order
        store.emit("store/order/created", {"type": "order", "id": order.id})
        method = reference.PAYMENT_METHODS.get(basket.payment_method)
        offline = method is not None and method.is_offline
        pay_at_checkout(store, order, basket.payment or ("offline" if offline else "captured"))
        if basket.status_id is not None:
            store.set_status(order, basket.status_id)
    return order


def _new_order(store: Store, basket: Basket) -> Order:
    order = _new_header(store, basket)
    if basket.pickup is None:
        order.addresses = [ship_to(store, order, wanted) for wanted in basket.shipping]
    else:
        order.pickup = _pickup(store, basket.pickup)
    order.lines = [line_of(store, order, wanted) for wanted in basket.lines]
    for coupon in basket.coupons:
        apply_coupon(store, order, coupon)
    take_off(order, basket.discount, MANUAL_DISCOUNT, "Manual Discount", None)
    order.fees = [_new_fee(store, order, wanted) for wanted in basket.fees]
    order.addresses = _used(order)
    store.compute_amounts(order)
    order.gift_certificate = min(basket.gift_certificate, order.totals.inc)
    order.store_credit = min(basket.store_credit, order.totals.inc - order.gift_certificate)
    order.gift_code = f"GIFT-{order.id}" if order.gift_certificate else ""
    return order


def _new_header(store: Store, basket: Basket) -> Order:
    if basket.currency not in reference.CURRENCIES:
        raise BasketRefused(f"the store does not trade in {basket.currency}")
    if store.switches.refuse_oversell:
        _check_stock(store, basket.lines)
    now = store.now()
    known = None if basket.guest else store.customer_by_email.get(basket.email.casefold())
    customer_id = basket.customer_id or known or 0
    customer = store.customers.get(customer_id)
    billing = basket.billing or (basket.shipping[0].to if basket.shipping else None)
    if billing is None:
        raise BasketRefused("the order needs a billing address")
    method = reference.PAYMENT_METHODS.get(basket.payment_method)
    rate = basket.exchange_rate or reference.CURRENCIES[basket.currency][1]
    inclusive = basket.tax_inclusive
    return Order(
        id=store.sequences.next("order"),
        created_at=now,
        modified_at=now,
        billing=billing.address(),
        email=customer.email if customer else basket.email,
        customer_id=customer_id,
        channel_id=basket.channel_id,
        cart_id=str(UUID(int=store.random.getrandbits(128), version=4)),
        payment_method=basket.payment_text or basket.payment_method,
        paid_by=basket.payment_method if basket.payment_text else "",
        payment_provider=method.provider if method else "",
        is_inclusive=store.switches.tax_inclusive if inclusive is None else inclusive,
        currency=basket.currency,
        display_currency=basket.currency,
        rate_to_store=rate,
        shows_rate=basket.shows_exchange_rate,
        tax_zone=basket.tax_zone,
        tax_provider=basket.tax_provider,
        form_fields=billing.form_fields,
        staff_notes=basket.staff_notes,
        customer_message=basket.message,
        source=basket.source,
        external_id=basket.external_id,
        external_order_id=basket.external_order_id,
        external_source=basket.external_source,
    )


def _check_stock(store: Store, lines: Sequence[LineIn]) -> None:
    for line in lines:
        variant = store.variant(line.sku) if line.sku else None
        if variant is None or store.products[variant.product_id].tracking == "none":
            continue
        available = store.stock.sellable(variant)
        if available < line.quantity:
            raise BasketRefused(f"only {available} of {line.sku!r} are available")


def ship_to(store: Store, order: Order, wanted: ShippingIn) -> ShipTo:
    """An address of the order."""
    is_home = wanted.to.country_iso2 == reference.HOME
    method = wanted.method or ("Royal Mail 2nd Class" if is_home else "International tracked")
    usual = reference.SHIPPING.get(method, Decimal("5.00"))
    address = wanted.to.address()
    rates = rates_on(store, order, reference.STANDARD.id, address)
    cost = _in_terms(order, usual, percent(rates)) if wanted.cost is None else wanted.cost
    place = ShipTo(
        id=store.sequences.next("address"),
        address=address,
        email=order.email,
        method=method,
        cost=cost,
        handling=wanted.handling,
        rate=percent(rates),
        taxes=rates,
        zone="United Kingdom" if is_home else ABROAD_ZONE,
        form_fields=wanted.to.form_fields,
    )
    if wanted.discount:
        off = min(wanted.discount, cost)
        place.discounts.append(Discount(MANUAL_DISCOUNT, "Manual Discount", None, "order", off))
    return place


def _pickup(store: Store, wanted: PickupIn) -> Pickup:
    return Pickup(
        id=store.sequences.next("pickup"),
        method_id=wanted.method_id,
        method=wanted.method,
        instructions=wanted.instructions,
        opening_hours=wanted.opening_hours,
        point=PickupPoint(wanted.location_id, wanted.code, wanted.at.address(), wanted.email),
    )


def rates_on(store: Store, order: Order, tax_class_id: int, address: Address) -> Rates:
    """The tax rates on something that goes to an address."""
    abroad = store.switches.taxed_destinations == "zones"
    return rates_at(tax_class_id, address, order.tax_zone, abroad=abroad)


def _destination(order: Order, place: ShipTo | None) -> Address:
    """Where something is taxed: where it goes or is collected, else at the shopper's home."""
    if place is not None:
        return place.address
    return order.billing if order.pickup is None else order.pickup.point.address


def _new_fee(store: Store, order: Order, wanted: FeeIn) -> Fee:
    rate = wanted.tax_rate
    if rate is None:
        address = _destination(order, order.addresses[0] if order.addresses else None)
        rate = percent(rates_on(store, order, reference.STANDARD.id, address))
    return Fee(store.sequences.next("fee"), wanted.name, wanted.price, rate)


def _in_terms(order: Order, price_ex_tax: Decimal, rate: Decimal) -> Decimal:
    """A price of the store's currency, ex tax, as the order counts."""
    price = price_ex_tax * order.rate_to_store
    if order.is_inclusive:
        price *= (HUNDRED + rate) / HUNDRED
    elif order.rate_to_store == 1:
        return price
    return cents(price)


def check_quantity(store: Store, quantity: int) -> None:
    """Whether the store lets people enter it.

    Raises: BasketRefused.
    """
    if quantity < 0 and not store.switches.negative_quantities:
        raise BasketRefused(f"the quantity {quantity} is below zero")


def line_of(store: Store, order: Order, wanted: LineIn) -> Line:
    """A line of the order, of the catalogue or of free text.

    Raises: BasketRefused.
    """
    check_quantity(store, wanted.quantity)
    line = Line(
        id=store.sequences.next("line"),
        name=wanted.name,
        quantity=wanted.quantity,
        price=wanted.price if wanted.price is not None else Decimal("9.99"),
        rate=ZERO,
        sku=wanted.sku,
        wrapping_name=wanted.wrapping,
        wrapping=wanted.wrapping_price,
        wrapping_message=wanted.wrapping_message,
        fields=wanted.fields,
    )
    variant = None if wanted.custom or not wanted.sku else store.variant(wanted.sku)
    place = place_of(order, wanted.address)
    if wanted.gift_certificate_for:
        line.type, line.recipient = "giftcertificate", wanted.gift_certificate_for
        line.name = line.name or "Gift certificate"
        line.tax_class_id = reference.ZERO_RATE.id
    elif variant is not None:
        _from_catalogue(store, line, variant)
    elif wanted.sku and not wanted.custom:
        line.product_id = DELETED_PRODUCT + line.id
        line.variant_id = line.product_id
        line.name = line.name or f"Deleted product {wanted.sku}"
    elif not line.name:
        raise BasketRefused("a line needs a sku or a name")
    if line.type == "physical" and place is not None:
        line.address_id = place.id
    elif line.type == "physical" and order.pickup is not None:
        line.pickup_id = order.pickup.id
    _add_texts(store, line, wanted)
    if wanted.tax_class_id is not None:
        line.tax_class_id = wanted.tax_class_id
    _add_taxes(store, order, line, _destination(order, place))
    if variant is not None and wanted.price is None:
        line.price = _in_terms(order, variant.price, line.rate)
    if wanted.tax_rate is not None and wanted.tax_rate != line.rate:
        line.rate, line.taxes = wanted.tax_rate, (TaxRate("VAT", wanted.tax_rate),)
    return line


def _add_texts(store: Store, line: Line, wanted: LineIn) -> None:
    """What the shopper typed; of a product that exists these are modifiers."""
    product = store.products.get(line.product_id)
    for number, (name, text) in enumerate(wanted.options.items(), start=101):
        option_id = number if product is None else store.option_named(product.modifiers, name).id
        line.options.append(LineOption(option_id, name, text))


def _add_taxes(store: Store, order: Order, line: Line, address: Address) -> None:
    line.taxes = rates_on(store, order, line.tax_class_id, address)
    line.rate = percent(line.taxes)
    line.wrapping_taxes = rates_on(store, order, reference.STANDARD.id, address)
    line.wrapping_rate = percent(line.wrapping_taxes)


def place_of(order: Order, index: int) -> ShipTo | None:
    """The address with this place, counted from 0; None where the order goes nowhere.

    Raises: BasketRefused when there are fewer.
    """
    if not order.addresses:
        return None
    if index >= len(order.addresses):
        raise BasketRefused(f"the order has no address {index}")
    return order.addresses[index]


def _from_catalogue(store: Store, line: Line, variant: Variant) -> None:
    product = store.products[variant.product_id]
    line.product_id, line.variant_id, line.sku = product.id, variant.id, variant.sku
    line.name = line.name or product.name
    line.type, line.weight, line.brand = product.type, variant.weight, product.brand
    line.tax_class_id = product.tax_class_id
    for name, label in variant.options:
        option = store.option_named(product.options, name)
        line.options.append(LineOption(option.id, name, label, option.values[label]))


def _used(order: Order) -> list[ShipTo]:
    """Addresses that something goes to; none for an order of downloads."""
    used = {line.address_id for line in order.lines}
    return [place for place in order.addresses if place.id in used]

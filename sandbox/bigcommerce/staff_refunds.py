"""What staff and the gateway do about refunds, and refunds that the loaded files contain."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.bigcommerce import reference, refund_pricing, refunds, refunds_api
from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.generator import SOURCE
from sandbox.bigcommerce.order_records import Line, Order
from sandbox.bigcommerce.pricing import CENT, HUNDRED, cents
from sandbox.bigcommerce.refund_pricing import RefundOption, RefundRefused
from sandbox.bigcommerce.refund_records import Refund, RefundAdjustment, RefundItem, TaxShown
from sandbox.bigcommerce.refunds import RefundOutcome
from sandbox.bigcommerce.staff import NotFound, line_named, order_answer, order_of
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import ShopLine, ShopRefund
from sandbox.kit.controls import ControlBody

TenderName = Literal["as_paid", "store_credit", "custom"]


def make_next(store: Store, count: int) -> list[Refund]:
    """Make so many refunds, earliest first. Those whose order is not placed yet wait."""
    return _make_wanted(store, count, lambda _: True)


def make_invoices(store: Store, numbers: Iterable[str]) -> list[Refund]:
    """Make the refunds of these invoices; those unknown, made or waiting are passed over."""
    wanted = set(numbers)
    return _make_wanted(store, len(store.unrefunded), lambda refund: refund.reference in wanted)


def _make_wanted(store: Store, count: int, is_wanted: Callable[[ShopRefund], bool]) -> list[Refund]:
    placed = {
        order.external_id: order
        for order in store.orders.values()
        if order.external_source == SOURCE
    }
    made: list[Refund] = []
    waiting: list[ShopRefund] = []
    for source in store.unrefunded:
        order = placed.get(source.order_reference)
        if order is None or len(made) >= count or not is_wanted(source):
            waiting.append(source)
            continue
        try:
            made.append(_make(store, order, source))
        except RefundRefused as refused:
            store.refused_refunds[source.reference] = str(refused)
    store.unrefunded = waiting
    return made


def _make(store: Store, order: Order, source: ShopRefund) -> Refund:
    refunds.check_turn(store, order)
    made = refunds.draft(
        store, order, [*_line_items(order, source), *_charge_items(store, order, source)]
    )
    made.reason = f"Invoice {source.reference}"
    way = refund_pricing.as_paid(store, order, made.amount)
    if not way:
        raise RefundRefused("Less was paid in these ways than is to be refunded.")
    return refunds.create(store, order, made, way, user_id=reference.STAFF_ID)


def _line_items(order: Order, source: ShopRefund) -> list[RefundItem]:
    """Lines by SKU or text and price: staff may have changed the order since."""
    before = refund_pricing.taken(order)
    items: Counter[int] = Counter()
    for wanted in source.lines:
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


def _charge_items(store: Store, order: Order, source: ShopRefund) -> list[RefundItem]:
    """Shipping in the terms that the store takes; an amount of the order with its tax."""
    rate = order.addresses[0].rate if order.addresses else Decimal(0)
    items = []
    if source.shipping_ex_tax:
        inclusive = store.switches.refund_amounts == "inc_tax"
        cost = _with_tax(source.shipping_ex_tax, rate) if inclusive else source.shipping_ex_tax
        place = order.addresses[0].id if order.addresses else 0
        items.append(RefundItem("SHIPPING", place, requested=cost))
    if source.amount_ex_tax:
        amount = _with_tax(source.amount_ex_tax, rate)
        items.append(RefundItem("ORDER", order.id, requested=amount))
    return items


def _with_tax(amount: Decimal, rate: Decimal) -> Decimal:
    return cents(amount * (HUNDRED + rate) / HUNDRED)


class RefundLine(ControlBody):
    """Pieces of a line, by `id` or `sku`; all that are left without a quantity."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = Field(default=None, ge=1)
    wrapping: bool = False
    """The wrapping of these pieces, not the pieces."""
    adjustment: Decimal = Field(default=Decimal(0), le=0)
    """Below zero: kept back, such as for wear."""


class NewRefund(ControlBody):
    """`POST /_sandbox/refund` of an order. Amounts as the API takes them."""

    order_id: int
    items: list[RefundLine] = Field(default_factory=list)
    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    address: int = Field(default=0, ge=0)
    """Which address `shipping` and `handling` are of, counted from 0."""
    fee: Decimal = ZERO
    """Of the first fee."""
    amount: Decimal = ZERO
    """Of the order as a whole, without tax."""
    tax: Decimal = ZERO
    override_total: Decimal | None = None
    override_tax: Decimal | None = None
    """The merchant's own figures instead of what the store computes, both or none."""
    tax_shown: TaxShown = "number"
    """How `total_tax` of the document is written."""
    everything: bool = False
    """All pieces, wrapping, shipping, handling and fees that are left."""
    reason: str = ""
    tender: TenderName = "as_paid"
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    """That the gateway pays in, if not the order's; amounts stay in the order's."""
    payment: RefundOutcome | None = None
    """`pending` until a control settles it; else the gateway's answer after the switch's delay."""


class RefundChange(ControlBody):
    """`POST /_sandbox/refund` of a refund that is there: one of the three."""

    refund_id: int
    undo: bool = False
    """It vanishes with all it did."""
    decline: bool = False
    """Its payments come back."""
    complete: bool = False
    """Its pending payments are done."""


def create_refund(store: Store, wanted: NewRefund) -> dict[str, Any]:
    """Refund as staff do.

    Raises: NotThere, RefundRefused.
    """
    order = order_of(store, wanted.order_id)
    refunds.check_turn(store, order)
    made = refunds.draft(store, order, _wanted_items(order, wanted), override=_override(wanted))
    made.reason = wanted.reason
    way = _chosen_way(store, order, made.amount, wanted.tender) if made.amount else ()
    refund = refunds.create(
        store,
        order,
        made,
        way,
        outcome=wanted.payment,
        user_id=reference.STAFF_ID,
        currency=wanted.currency,
    )
    refund.tax_shown = wanted.tax_shown
    return refund_answer(store, refund)


def _override(wanted: NewRefund) -> tuple[Decimal, Decimal] | None:
    total, tax = wanted.override_total, wanted.override_tax
    if total is None and tax is None:
        return None
    if total is None or tax is None:
        raise RefundRefused("override_total and override_tax go together")
    return total, tax


def refund_answer(store: Store, refund: Refund) -> dict[str, Any]:
    """What the controls answer about a refund."""
    document = refunds_api.refund_document(store.switches, refund)
    kept = {"refund_id": refund.id, **{name: document[name] for name in document if name != "id"}}
    return kept | {"order": order_answer(store.orders[refund.order_id])}


def _wanted_items(order: Order, wanted: NewRefund) -> list[RefundItem]:
    if wanted.everything:
        return _all_left(order)
    before = refund_pricing.taken(order)
    items = []
    for asked in wanted.items:
        line = line_named(order, asked.id, asked.sku)
        kind = "GIFT_WRAPPING" if asked.wrapping else "PRODUCT"
        left = line.quantity - before[kind, line.id]
        less = (RefundAdjustment(asked.adjustment, "Kept back"),) if asked.adjustment else ()
        quantity = left if asked.quantity is None else asked.quantity
        items.append(RefundItem(kind, line.id, quantity, adjustments=less))
    return [*items, *_charges(order, wanted)]


def _charges(order: Order, wanted: NewRefund) -> list[RefundItem]:
    place = order.addresses[wanted.address].id if wanted.address < len(order.addresses) else 0
    fee = order.fees[0].id if order.fees else 0
    asked = (
        ("SHIPPING", place, wanted.shipping),
        ("HANDLING", place, wanted.handling),
        ("FEE", fee, wanted.fee),
        ("TAX", order.id, wanted.tax),
        ("ORDER", order.id, wanted.amount),
    )
    return [RefundItem(kind, number, requested=sum_) for kind, number, sum_ in asked if sum_]


def _all_left(order: Order) -> list[RefundItem]:
    before = refund_pricing.taken(order)

    def pieces(kind: str, line: Line) -> RefundItem:
        return RefundItem(kind, line.id, line.quantity - before[kind, line.id])

    def charge(kind: str, number: int, cost: Decimal) -> RefundItem:
        return RefundItem(kind, number, requested=cost - before[kind, number] * CENT)

    found = [pieces("PRODUCT", line) for line in order.lines]
    found += [pieces("GIFT_WRAPPING", line) for line in order.lines if line.wrapping]
    for place in order.addresses:
        less = sum((discount.amount for discount in place.discounts), ZERO)
        found.append(charge("SHIPPING", place.id, place.cost - less))
        found.append(charge("HANDLING", place.id, place.handling))
    found += [charge("FEE", fee.id, fee.price) for fee in order.fees]
    return [item for item in found if item.quantity > 0 or (item.requested or ZERO) > 0]


def _chosen_way(
    store: Store, order: Order, amount: Decimal, tender: TenderName
) -> Sequence[RefundOption]:
    if tender == "as_paid":
        if way := refund_pricing.as_paid(store, order, amount):
            return way
        raise RefundRefused("less was paid in these ways than is to be refunded")
    provider = refund_pricing.STORE_CREDIT if tender == "store_credit" else refund_pricing.CUSTOM
    for way in refund_pricing.alternatives(store, order, amount):
        if [option.provider_id for option in way] == [provider]:
            return way
    raise RefundRefused("a guest has no store credit")


def change_refund(store: Store, wanted: RefundChange) -> dict[str, Any]:
    """Undo, decline or complete a refund.

    Raises: NotThere, ValueError.
    """
    refund = store.refunds.get(wanted.refund_id)
    if refund is None:
        raise NotFound(f"there is no refund {wanted.refund_id}")
    if [wanted.undo, wanted.decline, wanted.complete].count(True) != 1:
        raise ValueError("expected one of undo, decline, complete")
    if wanted.undo:
        refunds.undo(store, refund)
        order = order_answer(store.orders[refund.order_id])
        return {"refund_id": refund.id, "undone": True, "order": order}
    if wanted.decline:
        refunds.decline(store, refund)
    else:
        refunds.settle(store, refund, refund.payments, ok=True)
    return refund_answer(store, refund)


def _made_answer(store: Store, made: Sequence[Refund]) -> dict[str, Any]:
    return {
        "ids": [refund.id for refund in made],
        "refunds": [refund_answer(store, refund) for refund in made],
        "left": len(store.unrefunded),
        "refused": dict(store.refused_refunds),
    }


def act(store: Store, sent: object) -> Any:  # noqa: ANN401 - one answer, or one for each
    """`POST /_sandbox/refund`: a new refund, a change of one, or a list of either.

    `{"next": n}` makes the next n refunds of the loaded files whose orders are placed;
    `{"invoices": [numbers]}` those of certain cancelling invoices.

    Raises: NotThere, RefundRefused, ValidationError, ValueError.
    """
    match sent:
        case list():
            return [act(store, one) for one in sent]
        case {"next": int(count)}:
            return _made_answer(store, make_next(store, count))
        case {"invoices": list(numbers)}:
            return _made_answer(store, make_invoices(store, [str(number) for number in numbers]))
        case {"refund_id": _}:
            return change_refund(store, RefundChange.model_validate(sent))
    return create_refund(store, NewRefund.model_validate(sent))

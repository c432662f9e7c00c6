"""What staff and the gateway do about refunds in the control panel."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.bigcommerce import (
    loaded_refunds,
    reference,
    refund_amounts,
    refund_documents,
    refund_tenders,
    refunds,
)
from sandbox.bigcommerce.aftersales import ZERO, Adjustment, Refund, RefundItem
from sandbox.bigcommerce.basket import Asked
from sandbox.bigcommerce.pricing import CENT
from sandbox.bigcommerce.records import Line, Order
from sandbox.bigcommerce.refund_amounts import RefundRefused
from sandbox.bigcommerce.refund_tenders import Option
from sandbox.bigcommerce.refunds import Outcome
from sandbox.bigcommerce.staff import NotThere, line_named, order_of, shown
from sandbox.bigcommerce.store import Store

Tender = Literal["as_paid", "store_credit", "custom"]


class RefundLine(Asked):
    """Pieces of a line, by `id` or `sku`; all that are left without a quantity."""

    id: int | None = None
    sku: str = ""
    quantity: int | None = Field(default=None, ge=1)
    wrapping: bool = False
    """The wrapping of these pieces, not the pieces."""
    adjustment: Decimal = Field(default=Decimal(0), le=0)
    """Below zero: kept back, such as for wear."""


class NewRefund(Asked):
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
    everything: bool = False
    """All pieces, wrapping, shipping, handling and fees that are left."""
    reason: str = ""
    tender: Tender = "as_paid"
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    """That the gateway pays in, if not the order's; amounts stay in the order's."""
    payment: Outcome | None = None
    """`pending` until told; else what the gateway answers, after the switch's delay."""


class RefundChange(Asked):
    """`POST /_sandbox/refund` of a refund that is there: one of the three."""

    refund_id: int
    undo: bool = False
    """It vanishes with all it did."""
    decline: bool = False
    """Its payments come back."""
    complete: bool = False
    """Its pending payments are done."""


def create(store: Store, wanted: NewRefund) -> dict[str, Any]:
    """Refund as staff do.

    Raises: NotThere, RefundRefused.
    """
    order = order_of(store, wanted.order_id)
    refunds.check_turn(store, order)
    made = refunds.draft(store, order, _items(order, wanted))
    made.reason = wanted.reason
    way = _way(store, order, made.amount, wanted.tender)
    refund = refunds.create(
        store,
        order,
        made,
        way,
        outcome=wanted.payment,
        user_id=reference.STAFF_ID,
        currency=wanted.currency,
    )
    return told(store, refund)


def told(store: Store, refund: Refund) -> dict[str, Any]:
    """What the controls answer about a refund."""
    document = refund_documents.refund(store.switches, refund)
    kept = {"refund_id": refund.id, **{name: document[name] for name in document if name != "id"}}
    return kept | {"order": shown(store.orders[refund.order_id])}


def _items(order: Order, wanted: NewRefund) -> list[RefundItem]:
    if wanted.everything:
        return _all_left(order)
    before = refund_amounts.taken(order)
    items = []
    for asked in wanted.items:
        line = line_named(order, asked.id, asked.sku)
        kind = "GIFT_WRAPPING" if asked.wrapping else "PRODUCT"
        left = line.quantity - before[kind, line.id]
        less = (Adjustment(asked.adjustment, "Kept back"),) if asked.adjustment else ()
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
    before = refund_amounts.taken(order)

    def pieces(kind: str, line: Line) -> RefundItem:
        return RefundItem(kind, line.id, line.quantity - before[kind, line.id])

    def charge(kind: str, number: int, cost: Decimal) -> RefundItem:
        return RefundItem(kind, number, requested=cost - before[kind, number] * CENT)

    found = [pieces("PRODUCT", line) for line in order.lines]
    found += [pieces("GIFT_WRAPPING", line) for line in order.lines if line.wrapping]
    for place in order.addresses:
        found.append(charge("SHIPPING", place.id, place.cost))
        found.append(charge("HANDLING", place.id, place.handling))
    found += [charge("FEE", fee.id, fee.price) for fee in order.fees]
    return [item for item in found if item.quantity > 0 or (item.requested or ZERO) > 0]


def _way(store: Store, order: Order, amount: Decimal, tender: Tender) -> Sequence[Option]:
    if tender == "as_paid":
        if way := refund_tenders.as_paid(store, order, amount):
            return way
        raise RefundRefused("less was paid in these ways than is to be refunded")
    provider = refund_tenders.STORE_CREDIT if tender == "store_credit" else refund_tenders.CUSTOM
    for way in refund_tenders.alternatives(store, order, amount):
        if [option.provider_id for option in way] == [provider]:
            return way
    raise RefundRefused("a guest has no store credit")


def change(store: Store, wanted: RefundChange) -> dict[str, Any]:
    """Undo, decline or complete a refund.

    Raises: NotThere, ValueError.
    """
    refund = store.refunds.get(wanted.refund_id)
    if refund is None:
        raise NotThere(f"there is no refund {wanted.refund_id}")
    if [wanted.undo, wanted.decline, wanted.complete].count(True) != 1:
        raise ValueError("expected one of undo, decline, complete")
    if wanted.undo:
        refunds.undo(store, refund)
        order = shown(store.orders[refund.order_id])
        return {"refund_id": refund.id, "undone": True, "order": order}
    if wanted.decline:
        refunds.decline(store, refund)
    else:
        refunds.settle(store, refund, refund.payments, ok=True)
    return told(store, refund)


def _played(store: Store, made: Sequence[Refund]) -> dict[str, Any]:
    return {
        "ids": [refund.id for refund in made],
        "refunds": [told(store, refund) for refund in made],
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
            return _played(store, loaded_refunds.play_next(store, count))
        case {"invoices": list(numbers)}:
            return _played(
                store, loaded_refunds.play_invoices(store, [str(number) for number in numbers])
            )
        case {"refund_id": _}:
            return change(store, RefundChange.model_validate(sent))
    return create(store, NewRefund.model_validate(sent))

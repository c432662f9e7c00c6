"""What a credit that staff made would be as a refund in BigCommerce. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund, RefundItemCreate
from connectors.brightpearl.models import SalesOrderRow
from core.money import ZERO, two_places
from tasks.outcome import Obstacle, review
from tasks.refunds.plan_models import ReturnPlan
from tasks.refunds.standing import counted
from tasks.refunds.states import AT, Credit, Sale

BY_HAND = (
    "Refund it in BigCommerce's control panel: a refund of the same amount is taken for this "
    "credit. Or cancel the credit, then: causeway quarantine release --class {class_} --value "
    "'{value}'"
)


class UnfitError(Exception):
    """The credit cannot become a refund."""

    def __init__(self, class_: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.class_ = class_
        self.field = field


@dataclass(frozen=True)
class Return:
    """A credit beside what it returns."""

    order: Order
    sale: Sale
    credit: Credit
    refunds: Sequence[Refund]


def plan_return(returned: Return, *, by_itself: bool, approved: set[str]) -> ReturnPlan | Obstacle:
    """The refund that a credit calls for; a case for a person unless it may be made by itself."""
    credit = returned.credit
    try:
        items = _items(returned, inclusive=returned.order.is_tax_inclusive_pricing)
        others = _items(returned, inclusive=not returned.order.is_tax_inclusive_pricing)
    except UnfitError as unfit:
        return refused(credit, unfit.class_, unfit.field, str(unfit))
    case = _case(returned, items)
    plan = ReturnPlan(
        returned.order.id, credit, items, others if others != items else (), is_approved=False
    )
    if case.value in approved:
        return replace(plan, is_approved=True)
    return plan if by_itself else case


def refused(credit: Credit, class_: str, field: str, reason: str) -> Obstacle:
    """A credit that is no refund as it stands."""
    value = f"credit {credit.id}"
    remedy = BY_HAND.format(class_=class_, value=value)
    return Obstacle(class_, field, value, f"sales credit {credit.id}: {reason}", remedy)


def _case(returned: Return, items: Sequence[RefundItemCreate]) -> Obstacle:
    document = returned.credit.document
    told = [item.wire() for item in items]
    gross = two_places(document.total.gross)
    text = f"{document.id}|{gross}|{document.currency_code}|{told}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return review(
        "refund",
        f"{document.id}-{digest}",
        f"staff made the sales credit {document.id} over {gross} {document.currency_code}; nothing "
        "is refunded in BigCommerce yet",
        {"refund": str(gross), "currency": document.currency_code, "items": told},
    )


def _items(returned: Return, *, inclusive: bool) -> tuple[RefundItemCreate, ...]:
    """The credit's rows as parts of a refund; charges in these price terms.

    Raises: UnfitError.
    """
    if returned.credit.document.currency_code != returned.order.default_currency_code:
        raise UnfitError("currency", "currency_code", "it is in another currency than its order")
    if two_places(returned.credit.document.total.gross) <= 0:
        raise UnfitError("money", "total", "it gives nothing back")
    left = _left(returned)
    units: Counter[str] = Counter()
    amounts: dict[tuple[str, str], Decimal] = {}
    for row in returned.credit.document.rows:
        kind, item_id = ("PRODUCT", "") if row.product_id else _charge(returned, row)
        if row.is_bundle_child or row.parent_row_id:
            continue
        if kind == "PRODUCT":
            units.update(_lines(returned, row, left, item_id))
        else:
            with_tax = inclusive or kind == "ORDER"
            amount = two_places(row.net + row.tax if with_tax else row.net)
            amounts[kind, item_id] = amounts.get((kind, item_id), ZERO) + amount
    found = [
        *(_by_units(line_id, quantity) for line_id, quantity in units.items()),
        *_by_amount(amounts.items()),
    ]
    if not found:
        raise UnfitError("money", "rows", "it has no rows that give anything back")
    return tuple(found)


def _by_units(line_id: str, quantity: int) -> RefundItemCreate:
    return RefundItemCreate(item_type="PRODUCT", item_id=int(line_id), quantity=quantity)


def _by_amount(
    amounts: Iterable[tuple[tuple[str, str], Decimal]],
) -> Iterator[RefundItemCreate]:
    for (kind, item_id), amount in amounts:
        if amount > 0:
            told = {"item_type": kind, "item_id": int(item_id), "amount": amount}
            yield RefundItemCreate.model_validate(told)


def _left(returned: Return) -> Counter[str]:
    """Units of each line that were not refunded yet."""
    left = Counter({line.id: line.quantity for line in returned.order.lines})
    for refund in counted(returned.refunds):
        for item in refund.items:
            if item.item_type == "PRODUCT":
                left[item.item_id] -= item.quantity
    return left


def _lines(returned: Return, row: SalesOrderRow, left: Counter[str], line_id: str) -> Counter[str]:
    """The lines whose units a row returns, as many of each; they are no longer left.

    In: `line_id` is that of a line without a product, which is told by its name.
    """
    same = [r.external_ref for _, r in returned.sale.rows if r.product_id == row.product_id]
    refs = [line_id] if line_id else same
    asked = int(row.quantity)
    taken: Counter[str] = Counter()
    for ref in dict.fromkeys(refs):
        units = min(asked, max(0, left[ref]))
        if units:
            taken[ref] += units
            left[ref] -= units
            asked -= units
    if asked:
        what = f"{asked} more units of {row.sku or f'product {row.product_id}'}"
        raise UnfitError("quantity", "quantity", f"it returns {what} than are left to refund")
    return taken


def _charge(returned: Return, row: SalesOrderRow) -> tuple[str, str]:
    """What a row of free text gives back: a charge of the order it is like, else money alone."""
    charges = {
        other.external_ref.partition(AT)[0]: other
        for _, other in returned.sale.rows
        if other.external_ref and not other.product_id
    }
    for ref, other in charges.items():
        same = (other.nominal_code, other.tax_code) == (row.nominal_code, row.tax_code)
        if other.name.casefold() == row.name.casefold() or (ref == "shipping" and same):
            if ref.isdecimal():
                return "PRODUCT", ref
            if ref.startswith("fee-"):
                return "FEE", ref.removeprefix("fee-")
            if ref in ("shipping", "handling") and returned.order.consignments.shipping:
                return ref.upper(), returned.order.consignments.shipping[0].id
    return "ORDER", returned.order.id

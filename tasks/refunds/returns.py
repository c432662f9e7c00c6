"""Credits that staff made, as refunds in BigCommerce: planned, quoted, then made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import (
    Refund,
    RefundItemCreate,
    RefundOption,
    RefundQuote,
)
from connectors.brightpearl.models import SalesOrderRow
from core.errors import RejectedError, TransientError
from core.money import ZERO, two_places
from core.refusals import Refusal
from store.links import Link
from store.sql import in_parts
from tasks.bigcommerce.refunds import REFUNDS, counted, link_key
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.apply import TOGETHER, Phase
from tasks.reconciler.operations import BigCommerceWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.matching import TAX_RATE_SUFFIX, AgreedRefund, Credit, Sale, mark


class UnfitError(Exception):
    """The credit cannot become a refund."""

    def __init__(self, class_: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.class_ = class_
        self.field = field


@dataclass(frozen=True)
class Return:
    """A credit with what it returns."""

    order: Order
    sale: Sale
    credit: Credit
    refunds: Sequence[Refund]


@dataclass(frozen=True)
class Offer:
    """What the store would give back for a credit, and by which payments."""

    items: tuple[RefundItemCreate, ...]
    payments: tuple[RefundOption, ...]


@dataclass(kw_only=True)
class ReturnProgress(Progress[RecordPlan]):
    """The refund of one order on its way."""

    offer: Offer | None = None
    refund_id: str = ""
    """Of the refund that was made."""


@dataclass(frozen=True)
class CreateRefund(Operation[ReturnProgress]):
    """A refund in BigCommerce, which knows no key against doubling: it is found by its reason."""

    order_id: str
    credit: Credit
    items: tuple[RefundItemCreate, ...]
    other_items: tuple[RefundItemCreate, ...] = ()
    """The same with charges in the other price terms; none where that makes no difference."""
    is_approved: bool = False
    """Whether a person approved it: then money may also go back by hand."""
    kind = "create refund"

    @property
    def gross(self) -> Decimal:
        """What the credit is worth."""
        return self.credit.document.total.gross

    def describe(self) -> str:
        """Its amount, and the credit."""
        return f"refund {self.gross} for sales credit {self.credit.id}"

    def write(self, _run: Run, record: ReturnProgress) -> BigCommerceWrite | None:
        """What was offered; nothing without an offer."""
        if record.offer is None:
            return None
        items = record.offer.items
        payments = [option.payment() for option in record.offer.payments]
        reason = mark(self.credit.id)

        def send(bigcommerce: BigCommerce) -> Refund:
            return bigcommerce.create_refund(self.order_id, items, payments, reason)

        return BigCommerceWrite(
            key=self.order_id,
            action=self.kind,
            natural_key=reason,
            after={
                "credit": self.credit.id,
                "total": str(self.gross),
                "items": [item.wire() for item in items],
                "payments": [payment.wire() for payment in payments],
            },
            send=send,
            written_id=lambda refund: str(refund.id),
            is_repeatable=False,
        )

    def find(self, run: Run, _record: ReturnProgress) -> Refund | None:
        """The refund whose reason names the credit."""
        reason = mark(self.credit.id)
        listed = run.bigcommerce.list_refunds
        for refund in with_retries(lambda: list(listed(order_ids=[self.order_id]))):
            if isinstance(refund, Refund) and reason in refund.reasons:
                return refund
        return None

    def apply(self, record: ReturnProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        """Its id."""
        record.refund_id = answer.id


def plan_return(returned: Return, *, by_itself: bool, approved: set[str]) -> CreateRefund | Refusal:
    """The refund that a credit calls for; a case for a person unless it may be made by itself."""
    order, credit = returned.order, returned.credit
    try:
        items = _items(returned, inclusive=order.is_tax_inclusive_pricing)
        others = _items(returned, inclusive=not order.is_tax_inclusive_pricing)
    except UnfitError as unfit:
        return cases.not_refundable(credit, unfit.class_, unfit.field, str(unfit))
    refund = CreateRefund(order.id, credit, items, others if others != items else ())
    case = cases.to_refund(credit, items)
    if case.value in approved:
        return replace(refund, is_approved=True)
    return refund if by_itself else case


def quote(run: Run, records: Sequence[ReturnProgress]) -> None:
    """Ask what the store would give back. Quotes change nothing."""
    for future in [quote_few.submit(run, part) for part in in_parts(records, TOGETHER)]:
        future.result()


@step("quote-refunds", PURE)
def quote_few(run: Run, records: Sequence[ReturnProgress]) -> None:
    """Offers; what the store would not do is the record's error or case."""
    for record in records:
        for operation in record.plan.operations:
            if isinstance(operation, CreateRefund):
                try:
                    found = _offer(run, operation)
                except (TransientError, RejectedError) as error:
                    record.fail(error)
                    continue
                if isinstance(found, Refusal):
                    record.refusals.append(found)
                else:
                    record.offer = found


def link_refunds(run: Run, records: Sequence[ReturnProgress]) -> None:
    """Keep whose refunds were made: a crash from here on finds them by their link."""
    made = (
        Link(
            link_key(one.order_id, record.refund_id),
            one.credit.id,
            AgreedRefund(gross=one.gross, is_staffs=True).detail(),
        )
        for record in records
        for one in record.plan.operations
        if isinstance(one, CreateRefund) and record.refund_id
    )
    if links := list(made):
        run.links.put(run.pair, REFUNDS, links, now=run.now())


RETURN_PHASES = (Phase((CreateRefund,), together=True, before=quote, after=link_refunds),)


def _offer(run: Run, refund: CreateRefund) -> Offer | Refusal:
    """The offer whose total is the credit's, to the cent; a case where there is none.

    Raises: TransientError, RejectedError.
    """
    wanted = two_places(refund.gross)
    first = ""
    for items in filter(None, (refund.items, refund.other_items)):
        found = with_retries(partial(run.bigcommerce.quote_refund, refund.order_id, items))
        total = _total(found)
        if total == wanted:
            return _chosen(refund, items, found)
        first = first or str(total)
    reason = f"BigCommerce would give back {first} for what it returns, the credit says {wanted}"
    return cases.not_refundable(refund.credit, "differs", "total", reason)


def _total(found: RefundQuote) -> Decimal:
    """What would go back, by the payments of the first way: they are with tax in any case."""
    for way in found.alternatives:
        return two_places(sum((option.amount for option in way), ZERO))
    return two_places(found.total_amount)


def _chosen(
    refund: CreateRefund, items: tuple[RefundItemCreate, ...], found: RefundQuote
) -> Offer | Refusal:
    """The way by which it was paid; one by hand only when a person approved it."""
    ways = [way for way in found.alternatives if way]
    for way in ways:
        if not any(option.offline for option in way):
            return Offer(items, way)
    if ways and refund.is_approved:
        return Offer(items, ways[0])
    reason = "BigCommerce cannot pay it back by itself"
    return cases.not_refundable(refund.credit, "by_hand", "refund_methods", reason)


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
        RefundItemCreate(item_type="PRODUCT", item_id=int(line_id), quantity=quantity)
        for line_id, quantity in units.items()
    ]
    found += [
        RefundItemCreate.model_validate({"item_type": kind, "item_id": int(id_), "amount": amount})
        for (kind, id_), amount in amounts.items()
        if amount > 0
    ]
    if not found:
        raise UnfitError("money", "rows", "it has no rows that give anything back")
    return tuple(found)


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

    In: `line_id` is that of a line without a product, which is found by its name.
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
        other.external_ref.partition(TAX_RATE_SUFFIX)[0]: other
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

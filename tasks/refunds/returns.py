"""Credits that staff made, as refunds in BigCommerce: planned, quoted, then made once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund, RefundItemCreate, RefundOption
from connectors.brightpearl.models import SalesOrderRow
from core.errors import RejectedError, TransientError
from core.money import ZERO, two_places
from core.refusals import Refusal
from store.links import Link
from store.sql import in_parts
from tasks.bigcommerce.refunds import REFUNDS, counted, link_key
from tasks.policy import PURE, run_each, step, with_retries
from tasks.reconciler.apply import TOGETHER, Phase
from tasks.reconciler.cases import Decisions
from tasks.reconciler.operations import BigCommerceWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.matching import AgreedRefund, Credit, RefundedOrder, Sale, mark

TAX_RATE_SUFFIX = "-at-"
"""Ends the reference of a charge that is sold in several rows, one per tax rate."""


class UnfitError(Exception):
    """The credit cannot become a refund: class and field of the case, and why."""


@dataclass(kw_only=True)
class ReturnProgress(Progress[RecordPlan]):
    """The refund of one order on its way."""

    items: tuple[RefundItemCreate, ...] = ()
    """What the store would give back for the credit."""
    payments: tuple[RefundOption, ...] = ()
    """By which it would; none while it offers nothing."""
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
        return f"refund {self.gross} for sales credit {self.credit.id}"

    def write(self, _run: Run, record: ReturnProgress) -> BigCommerceWrite | None:
        items, reason = record.items, mark(self.credit.id)
        payments = [option.payment() for option in record.payments]
        if not payments:
            return None
        return BigCommerceWrite(
            natural_key=reason,
            after={
                "credit": self.credit.id,
                "total": str(self.gross),
                "items": [item.wire() for item in items],
                "payments": [payment.wire() for payment in payments],
            },
            send=lambda store: store.create_refund(self.order_id, items, payments, reason),
            is_repeatable=False,
        )

    def find(self, run: Run, _record: ReturnProgress) -> Refund | None:
        reason = mark(self.credit.id)
        listed = run.bigcommerce.list_refunds
        for refund in with_retries(lambda: list(listed(order_ids=[self.order_id]))):
            if isinstance(refund, Refund) and reason in refund.reasons:
                return refund
        return None

    def apply(self, record: ReturnProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.refund_id = answer.id


def plan_return(
    refunded: RefundedOrder, order: Order, credit: Credit, decisions: Decisions, *, by_itself: bool
) -> CreateRefund | Refusal:
    """The refund that a credit calls for; a case for a person unless it may be made by itself."""
    is_inclusive = order.is_tax_inclusive_pricing
    try:
        items = _items(refunded, order, credit, inclusive=is_inclusive)
        others = _items(refunded, order, credit, inclusive=not is_inclusive)
    except UnfitError as unfit:
        return cases.not_refundable(credit, *unfit.args)
    refund = CreateRefund(order.id, credit, items, others if others != items else ())
    case = cases.to_refund(credit, items)
    if decisions.approves(order.id, case):
        return replace(refund, is_approved=True)
    is_left = (order.id, case.value) in decisions.discarded
    return refund if by_itself and not is_left else case


def quote(run: Run, records: Sequence[ReturnProgress]) -> None:
    """Ask what the store would give back. Quotes change nothing."""
    run_each([(quote_few, run, part) for part in in_parts(records, TOGETHER)])


@step("quote-refunds", PURE)
def quote_few(run: Run, records: Sequence[ReturnProgress]) -> None:
    """Offers; what the store would not do is the record's error or case."""
    for record in records:
        for operation in record.plan.operations:
            if isinstance(operation, CreateRefund):
                try:
                    _quote(run, record, operation)
                except (TransientError, RejectedError) as error:
                    record.fail(error)


def _quote(run: Run, record: ReturnProgress, refund: CreateRefund) -> None:
    """Take the offer whose total is the credit's, to the cent; a case where there is none.

    Money goes back the way it was paid; by hand only when a person approved it.

    Raises: TransientError, RejectedError.
    """
    wanted, first = two_places(refund.gross), ""
    for items in filter(None, (refund.items, refund.other_items)):
        found = with_retries(partial(run.bigcommerce.quote_refund, refund.order_id, items))
        # The payments of the first way are with tax in any case.
        amounts = [option.amount for way in found.alternatives[:1] for option in way]
        total = two_places(sum(amounts, ZERO) if found.alternatives else found.total_amount)
        first = first or str(total)
        if total == wanted:
            ways = sorted(filter(None, found.alternatives), key=_is_by_hand)
            if ways and (refund.is_approved or not _is_by_hand(ways[0])):
                record.items, record.payments = items, ways[0]
                return
            class_, field = "by_hand", "refund_methods"
            reason = "BigCommerce cannot pay it back by itself"
            break
    else:
        class_, field = "differs", "total"
        reason = (
            f"BigCommerce would give back {first} for what it returns, the credit says {wanted}"
        )
    record.refusals.append(cases.not_refundable(refund.credit, class_, field, reason))


def _is_by_hand(way: Sequence[RefundOption]) -> bool:
    return any(option.offline for option in way)


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


def _items(
    refunded: RefundedOrder, order: Order, credit: Credit, *, inclusive: bool
) -> tuple[RefundItemCreate, ...]:
    """The credit's rows as parts of a refund; charges in these price terms.

    Raises: UnfitError.
    """
    document = credit.document
    if document.currency_code != order.default_currency_code:
        raise UnfitError("currency", "currency_code", "it is in another currency than its order")
    if two_places(document.total.gross) <= 0:
        raise UnfitError("money", "total", "it gives nothing back")
    # Units of each line that were not refunded yet.
    left = Counter({line.id: line.quantity for line in order.lines})
    for item in (item for refund in counted(refunded.refunds) for item in refund.items):
        left[item.item_id] -= item.quantity if item.item_type == "PRODUCT" else 0
    units: Counter[str] = Counter()
    amounts: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in document.rows:
        if row.is_bundle_child or row.parent_row_id:
            continue
        kind, item_id = ("PRODUCT", "") if row.product_id else _charge(refunded.sale, order, row)
        if kind == "PRODUCT":
            taken = _lines(refunded.sale, row, left, item_id)
            units.update(taken)
            left.subtract(taken)
        else:
            with_tax = inclusive or kind == "ORDER"
            amounts[kind, item_id] += two_places(row.net + row.tax if with_tax else row.net)
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


def _lines(sale: Sale, row: SalesOrderRow, left: Mapping[str, int], line_id: str) -> dict[str, int]:
    """The lines whose units a row returns, as many of each as are left.

    In: `line_id` is that of a line without a product, which is found by its name.

    Raises: UnfitError.
    """
    same = [r.external_ref for _, r in sale.rows if r.product_id == row.product_id]
    asked, taken = int(row.quantity), dict[str, int]()
    for ref in dict.fromkeys([line_id] if line_id else same):
        if units := min(asked, max(0, left.get(ref, 0))):
            taken[ref] = units
            asked -= units
    if asked:
        what = f"{asked} more units of {row.sku or f'product {row.product_id}'}"
        raise UnfitError("quantity", "quantity", f"it returns {what} than are left to refund")
    return taken


def _charge(sale: Sale, order: Order, row: SalesOrderRow) -> tuple[str, str]:
    """What a row of free text gives back: a charge of the order it is like, else money alone."""
    charges = {
        other.external_ref.partition(TAX_RATE_SUFFIX)[0]: other
        for _, other in sale.rows
        if other.external_ref and not other.product_id
    }
    for ref, other in charges.items():
        same = (other.nominal_code, other.tax_code) == (row.nominal_code, row.tax_code)
        if other.name.casefold() == row.name.casefold() or (ref == "shipping" and same):
            if ref.isdecimal():
                return "PRODUCT", ref
            if ref.startswith("fee-"):
                return "FEE", ref.removeprefix("fee-")
            if ref in ("shipping", "handling") and order.consignments.shipping:
                return ref.upper(), order.consignments.shipping[0].id
    return "ORDER", order.id

"""Why a day's money differs, and whether that is known already. Pure. See docs/money.md."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

from core.ids import external_ref
from core.money import describe_difference
from tasks.bigcommerce.receipts import RECEIPT, lost_receipt_case, receipt_case
from tasks.bigcommerce.statuses import FINAL, OrderStatus
from tasks.money.known import Case, Known
from tasks.money.sides import PAID, Booking, Credited, Figures, Returned, Sale, foreign_money
from tasks.outcome import REVIEW


class Reason(StrEnum):
    """What is behind a difference."""

    NOT_IMPORTED = "not imported"
    DELETED_THERE = "deleted in Brightpearl"
    CANCELLED_THERE = "cancelled in Brightpearl, open in the store"
    CANCELLED_HERE = "no sale in the store, open in Brightpearl"
    GONE_HERE = "archived or deleted in the store, open in Brightpearl"
    DOUBLED = "in Brightpearl more than once"
    CURRENCY = "in another currency"
    EDITED = "edited in the store"
    AMENDED = "amended in Brightpearl"
    BOTH_CHANGED = "changed on both sides"
    DIFFERS = "amounts differ"
    UNREADABLE = "cannot be read"
    SPLIT = "goods and charges cannot be told apart"
    ROUNDING = "carries a rounding row"
    RECEIPT_MISSING = "receipt missing"
    RECEIPT_TOO_MUCH = "receipt too much"
    RECEIPT_DIFFERS = "receipts differ"
    NO_CREDIT = "refund without credit"
    PENDING = "refund pending at the gateway"
    DECLINED = "refund declined: no money went back"
    CREDIT_OF_DECLINED = "credit of a declined refund"
    CREDIT_DIFFERS = "refund and credit differ"
    PAYOUT_MISSING = "money that went back is not booked"
    PAYOUT_TOO_MUCH = "more booked as paid back than went back"
    NO_REFUND = "credit without refund"


NEVER_MONEY = {"address"}
"""Classes of refusals that are about no amount."""
ROWS = {"edit", "differs", "emptied"}
ENDS = {"deleted", "intercept", "credit", "cancelled"}


def because_absent(sale: Sale, known: Known, importable: Collection[str]) -> str:
    """Why a sale is not in Brightpearl; "" for one of which nobody knows."""
    record, status = known.order(sale.order_id), sale.status_id
    left = _first(record.left, ENDS)
    if case := _first(record.open, {*ROWS, *ENDS}):
        because = f"quarantined: {case.name}"
    elif record.is_active:
        because = "about to be imported"
    elif left or known.is_linked(sale.order_id):
        because = _left(left)
    elif record.state == "parked":
        because = f"parked: {record.reason}"
    elif OrderStatus(int(status or 0)) in FINAL:
        because = f"{FINAL[OrderStatus(int(status))]} before it was imported"
    else:
        because = "" if status in importable else f"status {status} is not imported"
    return because


def because_end(order_id: str, known: Known) -> str:
    """Why one side has called an order off, or put it away, and the other has not."""
    record = known.order(order_id)
    if case := _first(record.open, ENDS):
        return f"waits for a person: {case.name}"
    return "about to be looked at" if record.is_active else _left(_first(record.left, ENDS))


def why_rows(sale: Sale, there: Booking, agreed: Figures) -> Reason:
    """Who changed an order that stands on both sides, by what both agreed on last."""
    if there.copies > 1:
        return Reason.DOUBLED
    here = any(sale.figures[name] != amount for name, amount in agreed.items())
    account = any(there.figures[name] != amount for name, amount in agreed.items())
    if here and account:
        return Reason.BOTH_CHANGED
    if not (here or account):
        return Reason.DIFFERS
    return Reason.EDITED if here else Reason.AMENDED


def because_rows(sale: Sale, there: Booking, known: Known) -> str:
    """Whether a difference of rows waits for a person, or one has decided about it."""
    record = known.order(sale.order_id)
    if case := _first(record.open, ROWS):
        return f"waits for a person: {case.name}"
    if record.is_active:
        return "about to be looked at"
    words = describe_difference(
        sale.figures["total"], there.figures["total"], sale.owner.currency_code
    )
    # A decision holds for the amounts that it was made about.
    decided = (case for case in record.left if case.field in ROWS and words in case.reason)
    return _left(next(decided, None))


def why_receipts(sale: Sale, there: Booking) -> tuple[Reason, tuple[str, ...], tuple[str, ...]]:
    """What is wrong with an order's receipts: references that are missing, and too many."""
    ours = sale.receipts
    if ours is None:
        missing = sale.figures[PAID] > there.figures[PAID]
        return Reason.RECEIPT_MISSING if missing else Reason.RECEIPT_TOO_MUCH, (), ()
    missing_refs = tuple(sorted(set(ours) - set(there.receipts)))
    too_many = tuple(sorted(set(there.receipts) - set(ours)))
    if foreign_money(ours) != foreign_money(there.receipts):
        return Reason.CURRENCY, missing_refs, too_many
    others = any(there.receipts[ref] != ours[ref] for ref in set(ours) & set(there.receipts))
    if others or bool(missing_refs) == bool(too_many):
        return Reason.RECEIPT_DIFFERS, missing_refs, too_many
    return (
        Reason.RECEIPT_MISSING if missing_refs else Reason.RECEIPT_TOO_MUCH,
        missing_refs,
        too_many,
    )


def because_receipts(
    order_id: str, missing: Collection[str], too_many: Collection[str], known: Known
) -> str:
    """Whether receipts that differ wait for a person, or one has decided about each of them."""
    record = known.order(order_id)
    if case := _first(record.open, {RECEIPT}):
        return f"waits for a person: {case.name}"
    if record.is_active:
        return "about to be booked"
    names = {receipt_case(ref) for ref in missing}
    names |= {lost_receipt_case(ref) for ref in too_many}
    left = {case.value for case in record.left}
    return "left as it is by a person" if names and names <= left else ""


def why_refund(refund: Returned, credit: Credited | None) -> Reason:
    """What is wrong with a refund and its credit, which differ."""
    if credit is None:
        if refund.is_declined:
            return Reason.DECLINED
        return Reason.PENDING if refund.is_pending else Reason.NO_CREDIT
    if refund.is_declined:
        return Reason.CREDIT_OF_DECLINED
    ours, theirs = refund.figures, credit.figures
    if any(ours[name] != theirs[name] for name in ("refunded", "refunded_tax")):
        return Reason.CREDIT_DIFFERS
    less = theirs["paid_back"] < ours["paid_back"]
    return Reason.PAYOUT_MISSING if less else Reason.PAYOUT_TOO_MUCH


def because_refund(
    reason: Reason, order_id: str, ids: Collection[str], known: Known, absent: str
) -> str:
    """Why a refund and its credit differ; `absent` is why the order is not in Brightpearl.

    In: the refund's and the credit's ids, as far as there are.
    """
    if reason in {Reason.PENDING, Reason.DECLINED}:
        return "nothing is to be booked"
    record = known.refund(order_id)
    if record.open:
        return f"quarantined: {record.open[0].name}"
    if record.is_active:
        return "about to be booked"
    if record.state == "parked":
        return f"parked: {record.reason}"
    if absent:
        return f"its order is not in Brightpearl: {absent}"
    decided = (case for case in record.left if _is_about(case, order_id, ids))
    return _left(next(decided, None))


def _first(cases: Collection[Case], kinds: Collection[str]) -> Case | None:
    """The first case that is about an order as a whole, or a review of one of these kinds."""
    return next(
        (
            case
            for case in cases
            if (case.class_ == REVIEW and case.field in kinds)
            or case.class_ not in {REVIEW, *NEVER_MONEY}
        ),
        None,
    )


def _left(case: Case | None) -> str:
    return f"left as it is by a person: {case.name}" if case else ""


def _is_about(case: Case, order_id: str, ids: Collection[str]) -> bool:
    """Whether a case is about all refunds of an order, or names a refund or a credit by its id."""
    if case.value == external_ref(order_id):
        return True
    texts = f"{case.value} {case.reason}"
    return any(re.search(rf"\b(refund|credit) {re.escape(one)}\b", texts) for one in ids if one)

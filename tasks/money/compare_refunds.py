"""Refunds and their sales credits against each other, to the cent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.ids import credit_ref, external_ref
from tasks.money import reasons
from tasks.money.day import Day
from tasks.money.difference import NOBODY, Difference, apart_in
from tasks.money.known import Known
from tasks.money.reasons import Reason
from tasks.money.sides import REFUND, AccountSide, Credited, Owner, Returned, StoreSide


def compare_refunds(
    refunds: Sequence[Returned],
    credits_: Sequence[Credited],
    owners: Mapping[str, Owner],
    known: Known,
    absent: Mapping[str, str],
) -> list[Difference]:
    """What differs about refunds and their credits.

    In: `absent` is why orders are not in Brightpearl, by id, as far as that is known.
    """
    by_refund: dict[tuple[str, str], list[Credited]] = {}
    for credit in credits_:
        by_refund.setdefault((credit.order_id, credit.refund_id), []).append(credit)
    found: list[Difference] = []
    for refund in sorted(refunds, key=lambda one: int(one.refund_id)):
        own = by_refund.pop((refund.order_id, refund.refund_id), [])
        owner = owners.get(refund.order_id, NOBODY)
        found.extend(_refund(refund, own, owner, known, absent.get(refund.order_id, "")))
    for left in by_refund.values():
        found.extend(_alone(one, owners.get(one.order_id, NOBODY), known) for one in left)
    return found


def refunds_of_day(
    day: Day, store: StoreSide, account: AccountSide
) -> tuple[list[Returned], list[Credited]]:
    """The refunds made on the day, and their credits, whenever orders and credits were entered.

    Also the credits entered on the day that are of no refund.
    """
    refunds = [one for one in store.refunds if day.holds(one.created_at)]
    named = {(one.order_id, one.refund_id) for one in refunds}
    all_named = {(one.order_id, one.refund_id) for one in store.refunds}
    credits_ = [
        one
        for one in account.credits
        if (own := (one.order_id, one.refund_id)) in named
        or (own not in all_named and day.holds(one.made_at))
    ]
    return refunds, credits_


def owners_of_day(store: StoreSide) -> dict[str, Owner]:
    """Channel and currency of all orders in hand."""
    return {**store.owners, **{key: sale.owner for key, sale in store.sales.items()}}


def _refund(
    refund: Returned, own: Sequence[Credited], owner: Owner, known: Known, absent: str
) -> Iterator[Difference]:
    """What differs about one refund. The first credit is its own, any other is one too many."""
    key = refund.order_id
    name = credit_ref(key, refund.refund_id)
    credit = own[0] if own else None
    foreign = credit is not None and owner.currency_code not in {"", credit.currency_code}
    theirs = credit.figures if credit and not foreign else {}
    apart = apart_in(refund.figures, theirs, REFUND)
    reason = Reason.CURRENCY if foreign else reasons.why_refund(refund, credit)
    if apart or reason is Reason.CREDIT_OF_DECLINED or credit is None:
        ids = (refund.refund_id, credit.credit_id if credit else "")
        because = reasons.because_refund(reason, key, ids, known, absent)
        yield Difference(name, key, reason, owner, apart, because)
    for other in own[0 if foreign else 1 :]:
        there = Owner(owner.channel_id, other.currency_code)
        extra = apart_in({}, other.figures, REFUND)
        why = Reason.CURRENCY if other is credit else Reason.DOUBLED
        because = reasons.because_refund(why, key, (other.credit_id,), known, "")
        yield Difference(name, key, why, there, extra, because, f"credit {other.credit_id}")


def _alone(credit: Credited, owner: Owner, known: Known) -> Difference:
    """A credit that is of no refund."""
    key = credit.order_id
    name = f"{external_ref(key)} credit {credit.credit_id}"
    if credit.refund_id:
        name = credit_ref(key, credit.refund_id)
    ids = (credit.refund_id, credit.credit_id)
    because = reasons.because_refund(Reason.NO_REFUND, key, ids, known, "")
    there = Owner(owner.channel_id, credit.currency_code)
    apart = apart_in({}, credit.figures, REFUND)
    return Difference(name, key, Reason.NO_REFUND, there, apart, because)

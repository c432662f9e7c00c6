"""Both sides of a day against each other, to the cent: every order that differs, and why. Pure.

The differences account for everything: added up, they are what the sides' totals are apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.ids import credit_ref, external_ref
from core.money import ZERO
from tasks.money import reasons
from tasks.money.day import Day
from tasks.money.known import Known
from tasks.money.reasons import Reason
from tasks.money.sides import (
    PAID,
    REFUND,
    ROUNDING,
    SALE,
    AccountSide,
    Booking,
    Credited,
    Figures,
    Owner,
    Returned,
    Sale,
    StoreSide,
    foreign_money,
)

Apart = Mapping[str, tuple[Decimal, Decimal]]
"""The store's and Brightpearl's amount, by figure; only those that differ."""
NOBODY = Owner("", "")


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same on both sides."""

    name: str
    """Of the order, or of its refund or credit, as both systems can be searched for it."""
    order_id: str
    reason: Reason
    owner: Owner
    """To which channel and currency its amounts belong."""
    apart: Apart = field(default_factory=dict)
    because: str = ""
    """Why this is known already; "" for what nobody has explained."""
    detail: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether it is known, and is being dealt with or needs nothing."""
        return bool(self.because)


def absent_orders(
    store: StoreSide, account: AccountSide, known: Known, importable: Collection[str]
) -> dict[str, str]:
    """Why sales are not in Brightpearl, by order id; "" where nobody knows.

    In: `importable` are the store's statuses whose orders are imported.
    """
    missing = [
        sale for key, sale in store.sales.items() if sale.is_sold and key not in account.bookings
    ]
    missing += [sale for key, sale in store.others.items() if key not in account.owners]
    return {sale.order_id: reasons.because_absent(sale, known, importable) for sale in missing}


def compare(
    store: StoreSide, account: AccountSide, known: Known, absent: Mapping[str, str]
) -> list[Difference]:
    """What differs about the day's orders, with all their refunds and credits.

    In: `absent` is why sales are not in Brightpearl (`absent_orders`).
    """
    found: list[Difference] = []
    for key in sorted({*store.sales, *account.bookings, *store.unreadable}, key=int):
        sale, there = store.sales.get(key), account.bookings.get(key)
        if sale is None:
            found.extend(_without_sale(key, there, store, known))
        elif sale.is_sold and (there is None or there.is_cancelled):
            found.append(_absent(sale, there, account, known, absent))
        elif there is not None and not there.is_cancelled:
            found.extend(_standing(sale, there, known))
            found.extend(_broken_parts(sale, store, account, known))
    of_day = [one for one in store.refunds if one.order_id in store.sales]
    credits_ = [one for one in account.credits if one.order_id in store.sales]
    owners = {key: sale.owner for key, sale in store.sales.items()}
    return [*found, *compare_refunds(of_day, credits_, owners, known, absent)]


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


def _absent(
    sale: Sale,
    there: Booking | None,
    account: AccountSide,
    known: Known,
    absent: Mapping[str, str],
) -> Difference:
    """A sale that does not stand in Brightpearl."""
    key = sale.order_id
    if there is not None:
        reason, because = Reason.CANCELLED_THERE, reasons.because_end(key, known)
    elif key in account.unreadable:
        reason, because = Reason.UNREADABLE, ""
    else:
        reason = Reason.DELETED_THERE if known.is_linked(key) else Reason.NOT_IMPORTED
        because = absent[key]
    apart = _apart(sale.figures, {}, (*SALE, PAID))
    return Difference(external_ref(key), key, reason, sale.owner, apart, because)


def _without_sale(
    key: str, there: Booking | None, store: StoreSide, known: Known
) -> Iterator[Difference]:
    """An order of Brightpearl's that the store's day lacks, or one that cannot be read."""
    is_broken = key in store.unreadable
    if not is_broken and (key not in store.gone or there is None or there.is_cancelled):
        return
    reason = Reason.UNREADABLE if is_broken else Reason.GONE_HERE
    case = next(iter(known.order(key).open), None) if is_broken else None
    because = f"quarantined: {case.name}" if case else ""
    if not is_broken:
        because = reasons.because_end(key, known)
    figures = there.figures if there and not there.is_cancelled else {}
    owner = Owner("", there.currency_code if there else "")
    apart = _apart({}, figures, (*SALE, PAID))
    yield Difference(external_ref(key), key, reason, owner, apart, because)


def _standing(sale: Sale, there: Booking, known: Known) -> Iterator[Difference]:
    """What differs about an order that is open in Brightpearl."""
    key, name = sale.order_id, external_ref(sale.order_id)
    if not sale.is_sold:
        because = reasons.because_end(key, known)
        apart = _apart({}, there.figures, (*SALE, PAID))
        owner = Owner(sale.owner.channel_id, there.currency_code)
        yield Difference(name, key, Reason.CANCELLED_HERE, owner, apart, because)
        return
    if sale.owner.currency_code != there.currency_code:
        yield from _currencies(name, sale, there, known)
        return
    if apart := _apart(sale.figures, there.figures, SALE):
        yield _rows(name, sale, there, known, apart)
    elif rounding := sale.figures[ROUNDING]:
        row = f"a rounding row of {rounding} on both sides"
        yield Difference(name, key, Reason.ROUNDING, sale.owner, because=row)
    apart = _apart(sale.figures, there.figures, (PAID,))
    foreign = sale.receipts is not None and foreign_money(sale.receipts) != foreign_money(
        there.receipts
    )
    if apart or foreign:
        yield _receipts(name, sale, there, known, apart)


def _broken_parts(
    sale: Sale, store: StoreSide, account: AccountSide, known: Known
) -> Iterator[Difference]:
    """An order that can be read, with a refund or a credit that cannot."""
    key = sale.order_id
    if key in store.unreadable or key in account.unreadable:
        case = next(iter(known.refund(key).open), None)
        because = f"quarantined: {case.name}" if case else ""
        name, what = external_ref(key), "one of its refunds or credits"
        yield Difference(name, key, Reason.UNREADABLE, sale.owner, {}, because, what)


def _rows(name: str, sale: Sale, there: Booking, known: Known, apart: Apart) -> Difference:
    key = sale.order_id
    untold = sale.obstacle or ("tax_code" if sale.lacks_taxes else "")
    if untold and not {"orders", "taxed", "total"} & set(apart):
        why = f"total and tax agree; class {untold}"
        return Difference(name, key, Reason.SPLIT, sale.owner, apart, why)
    reason = reasons.why_rows(sale, there, known.agreed.get(key, {}))
    because = "" if reason is Reason.DOUBLED else reasons.because_rows(sale, there, known)
    return Difference(name, key, reason, sale.owner, apart, because)


def _receipts(name: str, sale: Sale, there: Booking, known: Known, apart: Apart) -> Difference:
    reason, missing, too_many = reasons.why_receipts(sale, there)
    because = reasons.because_receipts(sale.order_id, missing, too_many, known)
    told = [f"missing {', '.join(missing)}"] if missing else []
    told += [f"too much {', '.join(too_many)}"] if too_many else []
    detail = "; ".join(told)
    return Difference(name, sale.order_id, reason, sale.owner, apart, because, detail)


def _currencies(name: str, sale: Sale, there: Booking, known: Known) -> Iterator[Difference]:
    """Each side's amounts in its own currency."""
    because = reasons.because_rows(sale, there, known)
    detail = f"store {sale.owner.currency_code}, Brightpearl {there.currency_code}"
    for owner, ours, theirs in (
        (sale.owner, sale.figures, {}),
        (Owner(sale.owner.channel_id, there.currency_code), {}, there.figures),
    ):
        apart = _apart(ours, theirs, (*SALE, PAID))
        yield Difference(name, sale.order_id, Reason.CURRENCY, owner, apart, because, detail)


def _refund(
    refund: Returned, own: Sequence[Credited], owner: Owner, known: Known, absent: str
) -> Iterator[Difference]:
    """What differs about one refund. The first credit is its own, any other is one too many."""
    key = refund.order_id
    name = credit_ref(key, refund.refund_id)
    credit = own[0] if own else None
    foreign = credit is not None and owner.currency_code not in {"", credit.currency_code}
    theirs = credit.figures if credit and not foreign else {}
    apart = _apart(refund.figures, theirs, REFUND)
    reason = Reason.CURRENCY if foreign else reasons.why_refund(refund, credit)
    if apart or reason is Reason.CREDIT_OF_DECLINED or credit is None:
        ids = (refund.refund_id, credit.credit_id if credit else "")
        because = reasons.because_refund(reason, key, ids, known, absent)
        yield Difference(name, key, reason, owner, apart, because)
    for other in own[0 if foreign else 1 :]:
        there = Owner(owner.channel_id, other.currency_code)
        extra = _apart({}, other.figures, REFUND)
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
    apart = _apart({}, credit.figures, REFUND)
    return Difference(name, key, Reason.NO_REFUND, there, apart, because)


def _apart(
    ours: Figures, theirs: Figures, names: Collection[str]
) -> dict[str, tuple[Decimal, Decimal]]:
    pairs = {name: (ours.get(name, ZERO), theirs.get(name, ZERO)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

"""Both sides of a day against each other, to the cent: every order that differs, and why. Pure.

The differences account for everything: added up, they are what the sides' totals are apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from core.ids import external_ref
from tasks.money import reasons
from tasks.money.compare_refunds import compare_refunds
from tasks.money.difference import Apart, Difference, apart_in
from tasks.money.known import Known
from tasks.money.reasons import Reason
from tasks.money.sides import (
    PAID,
    ROUNDING,
    SALE,
    AccountSide,
    Booking,
    Owner,
    Sale,
    StoreSide,
    foreign_money,
)


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
    apart = apart_in(sale.figures, {}, (*SALE, PAID))
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
    apart = apart_in({}, figures, (*SALE, PAID))
    yield Difference(external_ref(key), key, reason, owner, apart, because)


def _standing(sale: Sale, there: Booking, known: Known) -> Iterator[Difference]:
    """What differs about an order that is open in Brightpearl."""
    key, name = sale.order_id, external_ref(sale.order_id)
    if not sale.is_sold:
        because = reasons.because_end(key, known)
        apart = apart_in({}, there.figures, (*SALE, PAID))
        owner = Owner(sale.owner.channel_id, there.currency_code)
        yield Difference(name, key, Reason.CANCELLED_HERE, owner, apart, because)
        return
    if sale.owner.currency_code != there.currency_code:
        yield from _currencies(name, sale, there, known)
        return
    if apart := apart_in(sale.figures, there.figures, SALE):
        yield _rows(name, sale, there, known, apart)
    elif rounding := sale.figures[ROUNDING]:
        row = f"a rounding row of {rounding} on both sides"
        yield Difference(name, key, Reason.ROUNDING, sale.owner, because=row)
    apart = apart_in(sale.figures, there.figures, (PAID,))
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
        apart = apart_in(ours, theirs, (*SALE, PAID))
        yield Difference(name, sale.order_id, Reason.CURRENCY, owner, apart, because, detail)

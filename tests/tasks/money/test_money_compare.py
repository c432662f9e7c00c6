"""Any cent on either side is named, and what is named accounts for everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.ids import credit_ref, external_ref
from tasks.bigcommerce.receipts import receipt_case
from tasks.money.compare import absent_orders, compare
from tasks.money.compare_refunds import compare_refunds, owners_of_day, refunds_of_day
from tasks.money.day import Day
from tasks.money.known import Case, Known, Record
from tasks.money.reasons import Reason
from tasks.money.report import findings, says
from tasks.money.sides import (
    AccountSide,
    Booking,
    Credited,
    Owner,
    Returned,
    Sale,
    StoreSide,
)
from tasks.money.totals import lines_of_orders, lines_of_refunds

DAY = Day(date(2026, 3, 10), "Europe/London")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
IMPORTABLE = {"11"}
Amounts = st.decimals(min_value=0, max_value=9999, places=2)
Cents = st.integers(min_value=-500, max_value=500).filter(bool)


def sale_figures(goods: Decimal, shipped: Decimal, taxed: Decimal) -> dict[str, Decimal]:
    total = goods + shipped + taxed
    return {
        "orders": Decimal(1),
        "goods": goods,
        "shipped": shipped,
        "rounding": Decimal(0),
        "taxed": taxed,
        "total": total,
        "paid": total,
    }


@st.composite
def agreeing(draw: Any) -> tuple[StoreSide, AccountSide]:
    """Up to eight orders in two channels and currencies, some refunded, the same on both sides."""
    sales, bookings, refunds, credits_ = {}, {}, [], []
    for number in range(100, 100 + draw(st.integers(1, 8))):
        key = str(number)
        owner = Owner(draw(st.sampled_from("12")), draw(st.sampled_from(["GBP", "EUR"])))
        figures = sale_figures(draw(Amounts), draw(Amounts), draw(Amounts))
        sales[key] = Sale(
            key, owner, {**figures, "sold": figures["goods"], "discounted": Decimal(0)}, "11"
        )
        bookings[key] = Booking(key, (f"9{key}",), owner.currency_code, figures)
        if draw(st.booleans()):
            amount = draw(Amounts)
            moved = {
                "refunds": Decimal(1),
                "refunded": amount,
                "refunded_tax": amount / 2,
                "paid_back": amount,
            }
            refunds.append(Returned(key, f"7{key}", NOON, moved))
            credits_.append(
                Credited(key, f"8{key}", owner.currency_code, moved, f"7{key}", made_at=NOON)
            )
    return (
        StoreSide(sales=sales, refunds=tuple(refunds)),
        AccountSide(bookings=bookings, credits=tuple(credits_)),
    )


def named(store: StoreSide, account: AccountSide, known: Known | None = None) -> list[Any]:
    known = known or Known()
    return compare(store, account, known, absent_orders(store, account, known, IMPORTABLE))


def accounted_for(store: StoreSide, account: AccountSide) -> bool:
    """Whether the differences are, added up, what the totals of both blocks are apart."""
    of_orders = named(store, account)
    refunds, credits_ = refunds_of_day(DAY, store, account)
    owners = owners_of_day(store)
    of_refunds = compare_refunds(refunds, credits_, owners, Known(), {})
    blocks = (
        (lines_of_orders(store, account, of_orders), of_orders),
        (lines_of_refunds(refunds, credits_, owners, of_refunds), of_refunds),
    )
    return all(
        line.apart(name)
        == sum(
            one.apart[name][0] - one.apart[name][1]
            for one in differences
            if one.owner == line.owner and name in one.apart
        )
        for lines, differences in blocks
        for line in lines
        for name in {*line.store, *line.account} - {"sold", "discounted"}
    )


@given(agreeing())
def test_sides_that_agree_have_no_difference(sides: tuple[StoreSide, AccountSide]) -> None:
    assert named(*sides) == []
    assert accounted_for(*sides)


@given(agreeing(), st.data(), Cents)
def test_any_cent_of_an_order_on_either_side_is_named(
    sides: tuple[StoreSide, AccountSide], data: st.DataObject, cents: int
) -> None:
    store, account = sides
    key = data.draw(st.sampled_from(sorted(store.sales)))
    figure = data.draw(st.sampled_from(["goods", "shipped", "rounding", "taxed", "total", "paid"]))
    amount = Decimal(cents) / 100
    if data.draw(st.booleans()):
        sale = store.sales[key]
        moved = replace(sale, figures={**sale.figures, figure: sale.figures[figure] + amount})
        store = replace(store, sales={**store.sales, key: moved})
    else:
        there = account.bookings[key]
        moved_there = replace(
            there, figures={**there.figures, figure: there.figures[figure] + amount}
        )
        account = replace(account, bookings={**account.bookings, key: moved_there})

    (difference,) = named(store, account)

    assert difference.name == external_ref(key)
    assert not difference.is_explained
    ours, theirs = difference.apart[figure]
    assert abs(ours - theirs) == abs(amount)
    assert accounted_for(store, account)


@given(agreeing(), st.data(), Cents)
def test_any_cent_of_a_refund_on_either_side_is_named(
    sides: tuple[StoreSide, AccountSide], data: st.DataObject, cents: int
) -> None:
    store, account = sides
    if not store.refunds:
        return
    at = data.draw(st.integers(0, len(store.refunds) - 1))
    figure = data.draw(st.sampled_from(["refunded", "refunded_tax", "paid_back"]))
    refunds, credits_ = list(store.refunds), list(account.credits)
    side = data.draw(st.sampled_from([refunds, credits_]))
    one: Any = side[at]
    side[at] = replace(
        one, figures={**one.figures, figure: one.figures[figure] + Decimal(cents) / 100}
    )
    store = replace(store, refunds=tuple(refunds))
    account = replace(account, credits=tuple(credits_))

    (difference,) = named(store, account)

    assert difference.name == credit_ref(refunds[at].order_id, refunds[at].refund_id)
    assert set(difference.apart) == {figure}
    assert accounted_for(store, account)


@given(agreeing(), st.data())
def test_whatever_is_missing_on_either_side_is_named(
    sides: tuple[StoreSide, AccountSide], data: st.DataObject
) -> None:
    store, account = sides
    key = data.draw(st.sampled_from(sorted(store.sales)))
    match data.draw(st.sampled_from(["booking", "credit", "refund", "sale", "currency"])):
        case "booking":
            left = {k: b for k, b in account.bookings.items() if k != key}
            account = replace(account, bookings=left)
        case "credit":
            account = replace(
                account, credits=tuple(c for c in account.credits if c.order_id != key)
            )
        case "refund":
            store = replace(store, refunds=tuple(r for r in store.refunds if r.order_id != key))
        case "sale":
            sale = replace(store.sales[key], is_sold=False, status_id="5")
            store = replace(store, sales={**store.sales, key: sale})
        case "currency":
            there = replace(account.bookings[key], currency_code="USD")
            account = replace(account, bookings={**account.bookings, key: there})
    differences = named(store, account)
    assert {one.order_id for one in differences} <= {key}
    assert bool(differences) == ((store, account) != sides)
    assert accounted_for(store, account)


def one_order(**sale: Any) -> tuple[StoreSide, AccountSide]:
    figures = sale_figures(Decimal("10.00"), Decimal("2.00"), Decimal("2.40"))
    own = Sale("100", Owner("1", "GBP"), figures, **{"status_id": "11", **sale})
    return (
        StoreSide(sales={"100": own}),
        AccountSide(bookings={"100": Booking("100", ("9",), "GBP", figures)}),
    )


def review(kind: str, value: str = "", reason: str = "") -> Case:
    return Case("review", kind, value, reason)


def known(record: Record, agreed: Any = None) -> Known:
    linked = {"100": agreed} if agreed is not None else {}
    return Known(orders={"100": record}, agreed=linked)


def test_why_an_order_is_not_there() -> None:
    store, _ = one_order()
    for record, agreed, reason, because in (
        (Record(), None, Reason.NOT_IMPORTED, ""),
        (Record("due"), None, Reason.NOT_IMPORTED, "about to be imported"),
        (Record("parked", "no stock"), None, Reason.NOT_IMPORTED, "parked: no stock"),
        (
            Record(open=(Case("sku", "sku", "X", ""),)),
            None,
            Reason.NOT_IMPORTED,
            "quarantined: sku",
        ),
        (Record("done"), {}, Reason.DELETED_THERE, ""),
        (Record("parked", "stock"), {}, Reason.DELETED_THERE, ""),
        (Record(open=(review("deleted"),)), {}, Reason.DELETED_THERE, "quarantined: case deleted"),
        (
            Record(left=(review("deleted"),)),
            {},
            Reason.DELETED_THERE,
            "left as it is by a person: case deleted",
        ),
        (Record(open=(Case("address", "delivery", "", ""),)), None, Reason.NOT_IMPORTED, ""),
    ):
        (difference,) = named(store, AccountSide(), known(record, agreed))
        assert (difference.reason, difference.because) == (reason, because)


def test_an_order_of_a_status_that_is_not_imported_is_explained() -> None:
    for status, because in (
        ("4", "refunded before it was imported"),
        ("12", "status 12 is not imported"),
    ):
        store, _ = one_order(status_id=status)
        (difference,) = named(store, AccountSide())
        assert difference.because == because


def test_who_changed_an_order_is_told_by_what_both_agreed_on() -> None:
    store, account = one_order()
    agreed = {k: v for k, v in store.sales["100"].figures.items() if k not in {"orders", "paid"}}
    more = {**store.sales["100"].figures, "goods": Decimal("11.00"), "total": Decimal("15.40")}
    here = replace(store, sales={"100": replace(store.sales["100"], figures=more)})
    there = replace(account, bookings={"100": replace(account.bookings["100"], figures=more)})
    other = {**more, "goods": Decimal("12.00"), "total": Decimal("16.40")}
    both = replace(there, bookings={"100": replace(account.bookings["100"], figures=other)})
    for sides, reason in (
        ((here, account), Reason.EDITED),
        ((store, there), Reason.AMENDED),
        ((here, both), Reason.BOTH_CHANGED),
    ):
        (difference, *_) = named(*sides, known(Record(), agreed))
        assert difference.reason is reason
        (difference, *_) = named(*sides, known(Record(open=(review("edit"),)), agreed))
        assert difference.because == "waits for a person: case edit"
        (difference, *_) = named(*sides, known(Record(open=(review("dispute"),)), agreed))
        assert difference.because == ""
    (difference,) = named(here, account)
    assert difference.reason is Reason.DIFFERS


def test_a_decision_holds_for_the_amounts_it_was_made_about_and_no_others() -> None:
    store, account = one_order()
    said = (
        "differ (the store says 14.40 GBP, Brightpearl says 14.41: a difference of -0.01): it was "
        "changed"
    )
    record = Record(left=(review("differs", reason=said),))
    for total, because in (("14.41", "left as it is by a person: case differs"), ("14.42", "")):
        moved = {**account.bookings["100"].figures, "total": Decimal(total)}
        there = {"100": replace(account.bookings["100"], figures=moved)}
        (difference,) = named(store, replace(account, bookings=there), known(record))
        assert difference.because == because


def test_receipts_are_named_one_by_one_where_transactions_were_read() -> None:
    store, account = one_order(receipts={"BC-100-1": Decimal("10.00"), "BC-100-2": Decimal("4.40")})
    fewer = {**account.bookings["100"].figures, "paid": Decimal("10.00")}
    booking = replace(
        account.bookings["100"], figures=fewer, receipts={"BC-100-1": Decimal("10.00")}
    )
    account = replace(account, bookings={"100": booking})
    (difference,) = named(store, account)
    assert (difference.reason, difference.detail) == (Reason.RECEIPT_MISSING, "missing BC-100-2")
    left = Record(left=(review("receipt", receipt_case("BC-100-2")),))
    (difference,) = named(store, account, known(left))
    assert difference.because == "left as it is by a person"
    other = Record(left=(review("receipt", receipt_case("BC-100-1")),))
    (difference,) = named(store, account, known(other))
    assert difference.because == ""


def test_money_in_another_currency_is_compared_receipt_by_receipt() -> None:
    foreign = {"BC-100-1 in EUR": Decimal("16.00")}
    store, account = one_order(receipts=foreign)
    nothing = {**store.sales["100"].figures, "paid": Decimal(0)}
    store = replace(store, sales={"100": replace(store.sales["100"], figures=nothing)})
    booking = replace(account.bookings["100"], figures=nothing, receipts=foreign)
    assert named(store, replace(account, bookings={"100": booking})) == []
    less = replace(booking, receipts={"BC-100-1 in EUR": Decimal("15.99")})
    (difference,) = named(store, replace(account, bookings={"100": less}))
    assert difference.reason is Reason.CURRENCY


def test_what_cannot_be_read_on_either_side_is_named() -> None:
    store, account = one_order()
    case = Record(open=(Case("document", "total_inc_tax", "", ""),))
    unread = replace(store, sales={}, unreadable=frozenset({"100"}))
    for found, because in ((Known(), ""), (known(case), "quarantined: document")):
        (difference,) = named(unread, account, found)
        assert (difference.reason, difference.because) == (Reason.UNREADABLE, because)
        assert difference.apart["total"] == (0, Decimal("14.40"))
    (difference,) = named(store, AccountSide(unreadable=frozenset({"100"})))
    assert (difference.reason, difference.is_explained) == (Reason.UNREADABLE, False)
    (difference,) = named(replace(store, unreadable=frozenset({"100"})), account)
    assert (difference.reason, difference.apart) == (Reason.UNREADABLE, {})


def test_orders_of_another_day_that_the_search_brought_up_are_left_out() -> None:
    store, account = one_order()
    stray = replace(account.bookings["100"], order_id="101")
    both = replace(account, bookings={**account.bookings, "101": stray})
    assert named(replace(store, elsewhere=frozenset({"101"})), both) == []
    assert accounted_for(replace(store, elsewhere=frozenset({"101"})), both)
    (difference,) = named(replace(store, gone=frozenset({"101"})), both)
    assert (difference.name, difference.reason) == ("BC-101", Reason.GONE_HERE)
    assert accounted_for(replace(store, gone=frozenset({"101"})), both)


def test_a_rounding_row_on_both_sides_is_shown_and_moves_nothing() -> None:
    store, account = one_order()
    rounded = {**store.sales["100"].figures, "rounding": Decimal("0.02"), "total": Decimal("14.42")}
    rounded["paid"] = rounded["total"]
    store = replace(store, sales={"100": replace(store.sales["100"], figures=rounded)})
    booking = replace(account.bookings["100"], figures=rounded)
    (difference,) = named(store, replace(account, bookings={"100": booking}))
    assert (difference.reason, difference.apart) == (Reason.ROUNDING, {})
    assert difference.is_explained


def test_an_order_that_cannot_be_told_apart_is_compared_by_total_and_tax() -> None:
    store, account = one_order(obstacle="tax_code")
    moved = {
        **account.bookings["100"].figures,
        "goods": Decimal("9.00"),
        "shipped": Decimal("3.00"),
    }
    there = replace(account, bookings={"100": replace(account.bookings["100"], figures=moved)})
    (difference,) = named(store, there)
    assert (difference.reason, difference.is_explained) == (Reason.SPLIT, True)
    worth_less = {**moved, "total": Decimal("14.39")}
    there = replace(account, bookings={"100": replace(account.bookings["100"], figures=worth_less)})
    (difference,) = named(store, there)
    assert (difference.reason, difference.is_explained) == (Reason.DIFFERS, False)


def moved(amount: str, paid: str | None = None) -> dict[str, Decimal]:
    total = Decimal(amount)
    return {
        "refunds": Decimal(1),
        "refunded": total,
        "refunded_tax": Decimal("0.00"),
        "paid_back": total if paid is None else Decimal(paid),
    }


def test_what_a_refund_without_its_credit_waits_for() -> None:
    store, account = one_order()
    base = Returned("100", "7", NOON, moved("5.00"))
    for refund, record, reason, because in (
        (base, Record(), Reason.NO_CREDIT, ""),
        (base, Record("due"), Reason.NO_CREDIT, "about to be booked"),
        (
            base,
            Record(open=(Case("row", "", "refund 7", ""),)),
            Reason.NO_CREDIT,
            "quarantined: row",
        ),
        (
            base,
            Record(left=(Case("row", "", "refund 7", ""),)),
            Reason.NO_CREDIT,
            "left as it is by a person: row",
        ),
        (base, Record(left=(Case("row", "", "refund 71", ""),)), Reason.NO_CREDIT, ""),
        (replace(base, is_pending=True), Record(), Reason.PENDING, "nothing is to be booked"),
        (replace(base, is_declined=True), Record(), Reason.DECLINED, "nothing is to be booked"),
    ):
        side = replace(store, refunds=(refund,))
        found = named(side, account, Known(refunds={"100": record}))
        assert [(one.reason, one.because) for one in found] == [(reason, because)]


def test_a_refund_of_an_order_that_is_parked_is_explained_by_it() -> None:
    store, _ = one_order()
    side = replace(store, refunds=(Returned("100", "7", NOON, moved("5.00")),))
    found = named(side, AccountSide(), known(Record("parked", "status 12 is not imported yet")))
    assert all(one.is_explained for one in found)
    assert found[1].because == (
        "its order is not in Brightpearl: parked: status 12 is not imported yet"
    )


def test_two_credits_of_one_refund_and_one_in_another_currency_are_named() -> None:
    store, account = one_order()
    side = replace(store, refunds=(Returned("100", "7", NOON, moved("5.00")),))
    own = Credited("100", "80", "GBP", moved("5.00"), "7", NOON)
    twice = replace(account, credits=(own, replace(own, credit_id="81")))
    (difference,) = named(side, twice)
    assert (difference.reason, difference.detail) == (Reason.DOUBLED, "credit 81")
    foreign = replace(account, credits=(replace(own, currency_code="EUR"),))
    found = named(side, foreign)
    assert [one.reason for one in found] == [Reason.CURRENCY, Reason.CURRENCY]
    assert {one.owner.currency_code for one in found} == {"GBP", "EUR"}
    assert accounted_for(side, foreign)


def test_the_credit_of_a_declined_refund_is_named_even_where_amounts_agree() -> None:
    store, account = one_order()
    refund = Returned("100", "7", NOON, moved("5.00", "0.00"), is_declined=True)
    credit = Credited("100", "80", "GBP", moved("5.00", "0.00"), "7", NOON)
    side = replace(store, refunds=(refund,))
    (difference,) = named(side, replace(account, credits=(credit,)))
    assert (difference.reason, difference.is_explained) == (Reason.CREDIT_OF_DECLINED, False)


def test_the_document_says_both_sides_and_the_difference_in_words_and_numbers() -> None:
    store, account = one_order()
    less = {**account.bookings["100"].figures, "total": Decimal("14.39")}
    account = replace(account, bookings={"100": replace(account.bookings["100"], figures=less)})
    differences = named(store, account)
    lines = lines_of_orders(store, account, differences)
    found = findings(DAY, lines, [], differences)
    assert found["unexplained"] == {"BC-100": "amounts differ; total 14.40 / 14.39 GBP"}
    assert found["cents_off"] == 1
    (line,) = found["orders"]
    assert line["apart"]["total"] == "0.01"
    assert line["explained"]["total"] == "0.00"
    text = says(found, lines, [])
    assert text.startswith("2026-03-10 (Europe/London): 1 orders in the store, 1 in Brightpearl;")
    assert "| 1       | GBP      | total" in text

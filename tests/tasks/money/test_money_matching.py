"""Any cent on either side is named, and what is named accounts for everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.ids import credit_ref, external_ref
from core.refusals import Refusal
from core.times import Day
from tasks.bigcommerce.order_frames import receipt_case
from tasks.money.audit import findings, says, totals, totals_of_orders
from tasks.money.matching import Comparison
from tasks.money.reasons import Reason, SyncState, SyncStates
from tasks.money.sides import (
    STORE_ONLY,
    AccountDay,
    BookedCredit,
    BookedOrder,
    ChannelCurrency,
    Figure,
    StoreDay,
    StoreOrder,
    StoreRefund,
)

DAY = Day(date(2026, 3, 10), "Europe/London")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
IMPORTABLE = {"11"}
Amounts = st.decimals(min_value=0, max_value=9999, places=2)
Cents = st.integers(min_value=-500, max_value=500).filter(bool)


def sale_figures(goods: Decimal, shipped: Decimal, taxed: Decimal) -> dict[Figure, Decimal]:
    total = goods + shipped + taxed
    return {
        Figure.ORDERS: Decimal(1),
        Figure.GOODS: goods,
        Figure.SHIPPED: shipped,
        Figure.ROUNDING: Decimal(0),
        Figure.TAXED: taxed,
        Figure.TOTAL: total,
        Figure.PAID: total,
    }


@st.composite
def agreeing(draw: Any) -> tuple[StoreDay, AccountDay]:
    """Up to eight orders in two channels and currencies, some refunded, the same on both sides."""
    orders, booked_orders, refunds, credits_ = {}, {}, [], []
    for number in range(100, 100 + draw(st.integers(1, 8))):
        key = str(number)
        group = ChannelCurrency(draw(st.sampled_from("12")), draw(st.sampled_from(["GBP", "EUR"])))
        figures = sale_figures(draw(Amounts), draw(Amounts), draw(Amounts))
        orders[key] = StoreOrder(
            key,
            group,
            {**figures, Figure.SOLD: figures[Figure.GOODS], Figure.DISCOUNTED: Decimal(0)},
            "11",
        )
        booked_orders[key] = BookedOrder(key, (f"9{key}",), group.currency_code, figures)
        if draw(st.booleans()):
            amount = draw(Amounts)
            moved = {
                Figure.REFUNDS: Decimal(1),
                Figure.REFUNDED: amount,
                Figure.REFUNDED_TAX: amount / 2,
                Figure.PAID_BACK: amount,
            }
            refunds.append(StoreRefund(key, f"7{key}", NOON, moved))
            credits_.append(
                BookedCredit(key, f"8{key}", group.currency_code, moved, f"7{key}", made_at=NOON)
            )
    return (
        StoreDay(orders=orders, refunds=tuple(refunds)),
        AccountDay(orders=booked_orders, credits=tuple(credits_)),
    )


def named(store: StoreDay, account: AccountDay, known: SyncStates | None = None) -> list[Any]:
    return Comparison(store, account, known or SyncStates(), IMPORTABLE).orders()


def accounted_for(store: StoreDay, account: AccountDay) -> bool:
    """Whether the differences are, added up, what the totals of both blocks differ by."""
    both = Comparison(store, account)
    of_orders = both.orders()
    refunds, credits_ = both.refunds_of(DAY)
    of_refunds = both.refunds(refunds, credits_)
    blocks = (
        (totals_of_orders(store, account, of_orders), of_orders),
        (totals(store, refunds, credits_, of_refunds), of_refunds),
    )
    return all(
        one_group.difference(name)
        == sum(
            one.amounts[name][0] - one.amounts[name][1]
            for one in differences
            if one.group == one_group.group and name in one.amounts
        )
        for of_block, differences in blocks
        for one_group in of_block
        for name in {*one_group.store, *one_group.account} - {*STORE_ONLY}
    )


@given(agreeing())
def test_sides_that_agree_have_no_difference(sides: tuple[StoreDay, AccountDay]) -> None:
    assert named(*sides) == []
    assert accounted_for(*sides)


@given(agreeing(), st.data(), Cents)
def test_any_cent_of_an_order_on_either_side_is_named(
    sides: tuple[StoreDay, AccountDay], data: st.DataObject, cents: int
) -> None:
    store, account = sides
    key = data.draw(st.sampled_from(sorted(store.orders)))
    figure = data.draw(
        st.sampled_from(
            [Figure.GOODS, Figure.SHIPPED, Figure.TAXED, Figure.TOTAL, Figure.PAID, Figure.ROUNDING]
        )
    )
    amount = Decimal(cents) / 100
    if data.draw(st.booleans()):
        sale = store.orders[key]
        moved = replace(sale, figures={**sale.figures, figure: sale.figures[figure] + amount})
        store = replace(store, orders={**store.orders, key: moved})
    else:
        booked = account.orders[key]
        changed_order = replace(
            booked, figures={**booked.figures, figure: booked.figures[figure] + amount}
        )
        account = replace(account, orders={**account.orders, key: changed_order})

    (difference,) = named(store, account)

    assert difference.name == external_ref(key)
    assert not difference.is_explained
    in_store, in_account = difference.amounts[figure]
    assert abs(in_store - in_account) == abs(amount)
    assert accounted_for(store, account)


@given(agreeing(), st.data(), Cents)
def test_any_cent_of_a_refund_on_either_side_is_named(
    sides: tuple[StoreDay, AccountDay], data: st.DataObject, cents: int
) -> None:
    store, account = sides
    if not store.refunds:
        return
    at = data.draw(st.integers(0, len(store.refunds) - 1))
    figure = data.draw(st.sampled_from([Figure.REFUNDED, Figure.REFUNDED_TAX, Figure.PAID_BACK]))
    refunds, credits_ = list(store.refunds), list(account.credits)
    side = data.draw(st.sampled_from([refunds, credits_]))
    one: Any = side[at]
    moved = one.figures[figure] + Decimal(cents) / 100
    assume(moved >= 0)  # neither side gives back less than nothing
    side[at] = replace(one, figures={**one.figures, figure: moved})
    store = replace(store, refunds=tuple(refunds))
    account = replace(account, credits=tuple(credits_))

    (difference,) = named(store, account)

    assert difference.name == credit_ref(refunds[at].order_id, refunds[at].refund_id)
    assert set(difference.amounts) == {figure}
    assert accounted_for(store, account)


@given(agreeing(), st.data())
def test_whatever_is_missing_on_either_side_is_named(
    sides: tuple[StoreDay, AccountDay], data: st.DataObject
) -> None:
    store, account = sides
    key = data.draw(st.sampled_from(sorted(store.orders)))
    match data.draw(st.sampled_from(["booking", "credit", "refund", "sale", "currency"])):
        case "booking":
            left = {k: b for k, b in account.orders.items() if k != key}
            account = replace(account, orders=left)
        case "credit":
            account = replace(
                account, credits=tuple(c for c in account.credits if c.order_id != key)
            )
        case "refund":
            store = replace(store, refunds=tuple(r for r in store.refunds if r.order_id != key))
        case "sale":
            sale = replace(store.orders[key], is_sold=False, status_id="5")
            store = replace(store, orders={**store.orders, key: sale})
        case "currency":
            foreign = replace(account.orders[key], currency_code="USD")
            account = replace(account, orders={**account.orders, key: foreign})
    differences = named(store, account)
    assert {one.order_id for one in differences} <= {key}
    assert bool(differences) == ((store, account) != sides)
    assert accounted_for(store, account)


def one_order(**sale: Any) -> tuple[StoreDay, AccountDay]:
    figures = sale_figures(Decimal("10.00"), Decimal("2.00"), Decimal("2.40"))
    own = StoreOrder("100", ChannelCurrency("1", "GBP"), figures, **{"status_id": "11", **sale})
    return (
        StoreDay(orders={"100": own}),
        AccountDay(orders={"100": BookedOrder("100", ("9",), "GBP", figures)}),
    )


def review(kind: str, value: str = "", reason: str = "") -> Refusal:
    return Refusal("review", kind, value, reason, "")


def known(record: SyncState, agreed: Any = None) -> SyncStates:
    linked = {"100": agreed} if agreed is not None else {}
    return SyncStates(orders={"100": record}, agreed=linked)


def test_why_an_order_is_not_in_brightpearl() -> None:
    store, _ = one_order()
    for record, agreed, reason, because in (
        (SyncState(), None, Reason.NOT_IMPORTED, ""),
        (SyncState("due"), None, Reason.NOT_IMPORTED, "about to be imported"),
        (SyncState("parked", "no stock"), None, Reason.NOT_IMPORTED, "parked: no stock"),
        (
            SyncState(open=(Refusal("sku", "sku", "X", "", ""),)),
            None,
            Reason.NOT_IMPORTED,
            "quarantined: sku",
        ),
        (SyncState("done"), {}, Reason.DELETED_IN_BRIGHTPEARL, ""),
        (SyncState("parked", "stock"), {}, Reason.DELETED_IN_BRIGHTPEARL, ""),
        (
            SyncState(open=(review("deleted"),)),
            {},
            Reason.DELETED_IN_BRIGHTPEARL,
            "quarantined: case deleted",
        ),
        (
            SyncState(discarded=(review("deleted"),)),
            {},
            Reason.DELETED_IN_BRIGHTPEARL,
            "left as it is by a person: case deleted",
        ),
        (
            SyncState(open=(Refusal("address", "delivery", "", "", ""),)),
            None,
            Reason.NOT_IMPORTED,
            "",
        ),
    ):
        (difference,) = named(store, AccountDay(), known(record, agreed))
        assert (difference.reason, difference.because) == (reason, because)


def test_an_order_of_a_status_that_is_not_imported_is_explained() -> None:
    for status, because in (
        ("4", "refunded before it was imported"),
        ("12", "status 12 is not imported"),
    ):
        store, _ = one_order(status_id=status)
        (difference,) = named(store, AccountDay())
        assert difference.because == because


def test_who_changed_an_order_is_found_by_what_both_agreed_on() -> None:
    store, account = one_order()
    agreed = {
        k: v
        for k, v in store.orders["100"].figures.items()
        if k not in {Figure.ORDERS, Figure.PAID}
    }
    more = {
        **store.orders["100"].figures,
        Figure.GOODS: Decimal("11.00"),
        Figure.TOTAL: Decimal("15.40"),
    }
    edited = replace(store, orders={"100": replace(store.orders["100"], figures=more)})
    amended = replace(account, orders={"100": replace(account.orders["100"], figures=more)})
    other = {**more, Figure.GOODS: Decimal("12.00"), Figure.TOTAL: Decimal("16.40")}
    both = replace(amended, orders={"100": replace(account.orders["100"], figures=other)})
    for sides, reason in (
        ((edited, account), Reason.EDITED),
        ((store, amended), Reason.AMENDED),
        ((edited, both), Reason.BOTH_CHANGED),
    ):
        (difference, *_) = named(*sides, known(SyncState(), agreed))
        assert difference.reason is reason
        (difference, *_) = named(*sides, known(SyncState(open=(review("edit"),)), agreed))
        assert difference.because == "waits for a person: case edit"
        (difference, *_) = named(*sides, known(SyncState(open=(review("dispute"),)), agreed))
        assert difference.because == ""
    (difference,) = named(edited, account)
    assert difference.reason is Reason.DIFFERS


@pytest.mark.parametrize(
    "said",
    [
        "differ (the store says 14.40 GBP, Brightpearl says 14.41: a difference of -0.01)",
        "differ (the store says 14.40 GBP, Brightpearl says 14.41: -0.01): an older case",
    ],
)
def test_a_decision_holds_for_the_amounts_it_was_made_about_and_no_others(said: str) -> None:
    store, account = one_order()
    record = SyncState(discarded=(review("differs", reason=said),))
    for total, because in (("14.41", "left as it is by a person: case differs"), ("14.42", "")):
        changed = {**account.orders["100"].figures, Figure.TOTAL: Decimal(total)}
        orders = {"100": replace(account.orders["100"], figures=changed)}
        (difference,) = named(store, replace(account, orders=orders), known(record))
        assert difference.because == because


def test_receipts_are_named_one_by_one_where_transactions_were_read() -> None:
    store, account = one_order(receipts={"BC-100-1": Decimal("10.00"), "BC-100-2": Decimal("4.40")})
    fewer = {**account.orders["100"].figures, Figure.PAID: Decimal("10.00")}
    booking = replace(account.orders["100"], figures=fewer, receipts={"BC-100-1": Decimal("10.00")})
    account = replace(account, orders={"100": booking})
    (difference,) = named(store, account)
    assert (difference.reason, difference.detail) == (Reason.RECEIPT_MISSING, "missing BC-100-2")
    left = SyncState(discarded=(review("receipt", receipt_case("BC-100-2")),))
    (difference,) = named(store, account, known(left))
    assert difference.because == "left as it is by a person"
    other = SyncState(discarded=(review("receipt", receipt_case("BC-100-1")),))
    (difference,) = named(store, account, known(other))
    assert difference.because == ""


def test_money_in_another_currency_is_compared_receipt_by_receipt() -> None:
    foreign = {"BC-100-1 in EUR": Decimal("16.00")}
    store, account = one_order(receipts=foreign)
    nothing = {**store.orders["100"].figures, Figure.PAID: Decimal(0)}
    store = replace(store, orders={"100": replace(store.orders["100"], figures=nothing)})
    booking = replace(account.orders["100"], figures=nothing, receipts=foreign)
    assert named(store, replace(account, orders={"100": booking})) == []
    less = replace(booking, receipts={"BC-100-1 in EUR": Decimal("15.99")})
    (difference,) = named(store, replace(account, orders={"100": less}))
    assert difference.reason is Reason.CURRENCY


@pytest.mark.parametrize(
    ("received", "state", "because"),
    [
        ("14.40", SyncState(), None),
        ("24.40", SyncState(), ""),
        ("14.41", SyncState(), ""),
        (
            "24.40",
            SyncState(open=(review("receipt", receipt_case("BC-100-9")),)),
            "waits for a person: case receipt",
        ),
        (
            "24.40",
            SyncState(resolved=(review("receipt", receipt_case("BC-100-2")),)),
            "booked by a person",
        ),
        ("24.40", SyncState(resolved=(review("receipt", receipt_case("BC-100-9")),)), ""),
        ("24.40", SyncState(open=(review("balance", "1a2b"),)), "waits for a person: case balance"),
        (
            "24.40",
            SyncState(discarded=(review("balance", "1a2b"),)),
            "left as it is by a person: case balance",
        ),
    ],
)
def test_more_than_an_order_can_owe_is_named_whatever_the_store_takes_for_receipts(
    received: str, state: SyncState, because: str | None
) -> None:
    receipts = {"BC-100-1": Decimal("4.40"), "BC-100-2": Decimal(received) - Decimal("4.40")}
    store, account = one_order(receipts=receipts)
    figures = {**store.orders["100"].figures, Figure.PAID: Decimal(received)}
    store = replace(store, orders={"100": replace(store.orders["100"], figures=figures)})
    booking = replace(account.orders["100"], figures=figures, receipts=receipts)
    account = replace(account, orders={"100": booking})
    found = named(store, account, known(state))
    assert [(one.reason, one.because) for one in found] == (
        [] if because is None else [(Reason.OVERPAID, because)]
    )
    back = StoreRefund("100", "7", NOON, refunded("10.01"))
    credit = BookedCredit("100", "8", "GBP", refunded("10.01"), "7")
    both = replace(store, refunds=(back,)), replace(account, credits=(credit,))
    assert named(*both, known(state)) == []


def test_what_cannot_be_read_on_either_side_is_named() -> None:
    store, account = one_order()
    case = SyncState(open=(Refusal("document", "total_inc_tax", "", "", ""),))
    unread = replace(store, orders={}, unreadable=frozenset({"100"}))
    for found, because in ((SyncStates(), ""), (known(case), "quarantined: document")):
        (difference,) = named(unread, account, found)
        assert (difference.reason, difference.because) == (Reason.UNREADABLE, because)
        assert difference.amounts[Figure.TOTAL] == (0, Decimal("14.40"))
    (difference,) = named(store, AccountDay(unreadable=frozenset({"100"})))
    assert (difference.reason, difference.is_explained) == (Reason.UNREADABLE, False)
    (difference,) = named(replace(store, unreadable=frozenset({"100"})), account)
    assert (difference.reason, difference.amounts) == (Reason.UNREADABLE, {})


def test_orders_of_another_day_that_the_search_brought_up_are_left_out() -> None:
    store, account = one_order()
    other = replace(account.orders["100"], order_id="101")
    both = replace(account, orders={**account.orders, "101": other})
    assert named(replace(store, of_other_days=frozenset({"101"})), both) == []
    assert accounted_for(replace(store, of_other_days=frozenset({"101"})), both)
    (difference,) = named(replace(store, gone=frozenset({"101"})), both)
    assert (difference.name, difference.reason) == ("BC-101", Reason.GONE_FROM_STORE)
    assert accounted_for(replace(store, gone=frozenset({"101"})), both)


def test_a_rounding_row_on_both_sides_is_shown_and_moves_nothing() -> None:
    store, account = one_order()
    rounded = {
        **store.orders["100"].figures,
        Figure.ROUNDING: Decimal("0.02"),
        Figure.TOTAL: Decimal("14.42"),
    }
    rounded[Figure.PAID] = rounded[Figure.TOTAL]
    store = replace(store, orders={"100": replace(store.orders["100"], figures=rounded)})
    booking = replace(account.orders["100"], figures=rounded)
    (difference,) = named(store, replace(account, orders={"100": booking}))
    assert (difference.reason, difference.amounts) == (Reason.ROUNDING, {})
    assert difference.is_explained


def test_an_order_whose_goods_and_charges_cannot_be_split_is_compared_by_total_and_tax() -> None:
    store, account = one_order(unsplit_class="tax_code")
    moved = {
        **account.orders["100"].figures,
        Figure.GOODS: Decimal("9.00"),
        Figure.SHIPPED: Decimal("3.00"),
    }
    changed = replace(account, orders={"100": replace(account.orders["100"], figures=moved)})
    (difference,) = named(store, changed)
    assert (difference.reason, difference.is_explained) == (Reason.SPLIT, True)
    worth_less = {**moved, Figure.TOTAL: Decimal("14.39")}
    changed = replace(account, orders={"100": replace(account.orders["100"], figures=worth_less)})
    (difference,) = named(store, changed)
    assert (difference.reason, difference.is_explained) == (Reason.DIFFERS, False)


def refunded(amount: str, paid: str | None = None) -> dict[Figure, Decimal]:
    total = Decimal(amount)
    return {
        Figure.REFUNDS: Decimal(1),
        Figure.REFUNDED: total,
        Figure.REFUNDED_TAX: Decimal("0.00"),
        Figure.PAID_BACK: total if paid is None else Decimal(paid),
    }


def test_what_a_refund_without_its_credit_waits_for() -> None:
    store, account = one_order()
    base = StoreRefund("100", "7", NOON, refunded("5.00"))
    for refund, record, reason, because in (
        (base, SyncState(), Reason.NO_CREDIT, ""),
        (base, SyncState("due"), Reason.NO_CREDIT, "about to be booked"),
        (
            base,
            SyncState(open=(Refusal("row", "", "refund 7", "", ""),)),
            Reason.NO_CREDIT,
            "quarantined: row",
        ),
        (
            base,
            SyncState(discarded=(Refusal("row", "", "refund 7", "", ""),)),
            Reason.NO_CREDIT,
            "left as it is by a person: row",
        ),
        (
            base,
            SyncState(discarded=(Refusal("row", "", "refund 71", "", ""),)),
            Reason.NO_CREDIT,
            "",
        ),
        (replace(base, is_pending=True), SyncState(), Reason.PENDING, "nothing is to be booked"),
        (replace(base, is_declined=True), SyncState(), Reason.DECLINED, "nothing is to be booked"),
    ):
        side = replace(store, refunds=(refund,))
        found = named(side, account, SyncStates(refunds={"100": record}))
        assert [(one.reason, one.because) for one in found] == [(reason, because)]


def test_a_refund_of_an_order_that_is_parked_is_explained_by_it() -> None:
    store, _ = one_order()
    side = replace(store, refunds=(StoreRefund("100", "7", NOON, refunded("5.00")),))
    found = named(side, AccountDay(), known(SyncState("parked", "status 12 is not imported yet")))
    assert all(one.is_explained for one in found)
    assert found[1].because == (
        "its order is not in Brightpearl: parked: status 12 is not imported yet"
    )


@pytest.mark.parametrize(
    ("went", "booked", "detail"),
    [
        ({"CARD": "5.00"}, {"CARD": "5.00"}, ""),
        ({"CARD": "5.00"}, {"CARD": "5.00", "CASH": "0.00"}, ""),
        ({"CARD": "5.00"}, {"CASH": "5.00"}, "went back by CARD 5.00, booked by CASH 5.00"),
        (
            {"CARD": "4.00", "GIFTCERT": "1.00"},
            {"CARD": "5.00"},
            "went back by CARD 4.00, GIFTCERT 1.00, booked by CARD 5.00",
        ),
        (None, {"CASH": "5.00"}, ""),
    ],
)
def test_money_that_went_back_is_compared_by_tender(
    went: dict[str, str] | None, booked: dict[str, str], detail: str
) -> None:
    store, account = one_order()
    tenders = None if went is None else {code: Decimal(paid) for code, paid in went.items()}
    refund = StoreRefund("100", "7", NOON, refunded("5.00"), tenders=tenders)
    credit = BookedCredit(
        "100",
        "8",
        "GBP",
        refunded("5.00"),
        "7",
        tenders={code: Decimal(paid) for code, paid in booked.items()},
    )
    found = named(replace(store, refunds=(refund,)), replace(account, credits=(credit,)))
    assert [one.detail for one in found] == ([detail] if detail else [])
    assert all((one.reason, one.amounts) == (Reason.PAYOUT_TENDER, {}) for one in found)


@pytest.mark.parametrize(
    ("is_tax_known", "reason"), [(False, "TAX_UNKNOWN"), (True, "CREDIT_DIFFERS")]
)
def test_a_tax_that_the_store_does_not_say_is_no_difference_that_needs_anybody(
    is_tax_known: bool, reason: str
) -> None:
    store, account = one_order()
    refund = StoreRefund("100", "7", NOON, refunded("5.00"), is_tax_known=is_tax_known)
    taxed = {**refunded("5.00"), Figure.REFUNDED_TAX: Decimal("0.83")}
    credit = BookedCredit("100", "8", "GBP", taxed, "7")
    (found,) = named(replace(store, refunds=(refund,)), replace(account, credits=(credit,)))
    assert (found.reason.name, found.is_explained) == (reason, not is_tax_known)


def test_two_credits_of_one_refund_and_one_in_another_currency_are_named() -> None:
    store, account = one_order()
    side = replace(store, refunds=(StoreRefund("100", "7", NOON, refunded("5.00")),))
    own = BookedCredit("100", "80", "GBP", refunded("5.00"), "7", NOON)
    twice = replace(account, credits=(own, replace(own, credit_id="81")))
    (difference,) = named(side, twice)
    assert (difference.reason, difference.detail) == (Reason.DOUBLED, "credit 81")
    foreign = replace(account, credits=(replace(own, currency_code="EUR"),))
    found = named(side, foreign)
    assert [one.reason for one in found] == [Reason.CURRENCY, Reason.CURRENCY]
    assert {one.group.currency_code for one in found} == {"GBP", "EUR"}
    assert accounted_for(side, foreign)


def test_the_credit_of_a_declined_refund_is_named_even_where_amounts_agree() -> None:
    store, account = one_order()
    refund = StoreRefund("100", "7", NOON, refunded("5.00", "0.00"), is_declined=True)
    credit = BookedCredit("100", "80", "GBP", refunded("5.00", "0.00"), "7", NOON)
    side = replace(store, refunds=(refund,))
    (difference,) = named(side, replace(account, credits=(credit,)))
    assert (difference.reason, difference.is_explained) == (Reason.CREDIT_OF_DECLINED, False)


def test_the_document_says_both_sides_and_the_difference_in_words_and_numbers() -> None:
    store, account = one_order()
    less = {**account.orders["100"].figures, Figure.TOTAL: Decimal("14.39")}
    account = replace(account, orders={"100": replace(account.orders["100"], figures=less)})
    differences = named(store, account)
    found = findings(DAY, totals_of_orders(store, account, differences), [], differences)
    assert found["unexplained"] == {"BC-100": "amounts differ; total 14.40 / 14.39 GBP"}
    assert found["cents_off"] == 1
    (line,) = found[Figure.ORDERS]
    assert line["difference"]["total"] == "0.01"
    assert line["explained"]["total"] == "0.00"
    text = says(found)
    assert text.startswith("2026-03-10 (Europe/London): 1 order in the store, 1 in Brightpearl;")
    assert "| 1       | GBP      | total" in text

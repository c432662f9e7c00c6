"""Which sales credit belongs to which refund, and what is left of it to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from refund_sides import ORDER, credit, link, order, refund, sale, settled, sides, sold_row

from connectors.bigcommerce.refund_models import RefundPayment
from core.refusals import Refusal
from store.links import Link
from tasks.reconciler.cases import Outcome
from tasks.refunds.cases import IMPORTED_WITHIN, credits_named, without_sale
from tasks.refunds.matching import (
    AgreedRefund,
    State,
    mark,
)

STAFFS = {"refund_id": "", "externalRef": ""}


def matched(*args: Any, **wanted: Any) -> list[tuple[State, str]]:
    """State and credit id of each refund."""
    found = sides(*args, **wanted).matched
    return [(one.state, one.credit.id if one.credit else "") for one in found]


@pytest.mark.parametrize(
    ("payments", "state"),
    [
        (["paid"], State.WANTED),
        (["pending"], State.PENDING),
        (["paid", "pending"], State.PENDING),
        (["declined"], State.NOTHING),
        (["declined", "paid"], State.WANTED),
    ],
)
def test_what_a_refund_calls_for_depends_on_its_payments(payments: list[str], state: State) -> None:
    assert matched(refund(payments=payments)) == [(state, "")]


def test_units_for_nothing_call_for_a_credit_and_nothing_at_all_does_not() -> None:
    zero = {"amount": "0.00", "total_tax": "0.00"}
    assert matched(refund(**zero)) == [(State.WANTED, "")]
    assert matched(refund(**zero, payments=["pending"])) == [(State.WANTED, "")]
    assert matched(refund(**zero, items=[])) == [(State.NOTHING, "")]
    money = [{"item_type": "ORDER", "item_id": ORDER, "requested_amount": "0"}]
    assert matched(refund(**zero, items=money)) == [(State.NOTHING, "")]


def test_a_refund_that_reads_as_agreed_is_settled_and_any_other_is_wanted() -> None:
    made = refund()
    known = {"credits_": [credit()], "links": [settled(made)]}
    assert matched(made, **known) == [(State.SETTLED, "6001")]
    assert matched(refund(amount="12.01"), **known) == [(State.WANTED, "6001")]


def test_a_credit_is_found_by_its_link_its_reference_or_the_reason_of_the_refund() -> None:
    staffs = credit("6002", **STAFFS, gross="99.00")
    named = refund(reason=mark("6002"))
    assert matched(refund(), credits_=[credit()]) == [(State.WANTED, "6001")]
    assert matched(refund(), credits_=[staffs], links=[link("7", "6002")]) == [
        (State.WANTED, "6002")
    ]
    assert matched(named, credits_=[staffs]) == [(State.WANTED, "6002")]


def test_a_credit_of_staff_is_taken_for_one_refund_of_the_same_amount_only() -> None:
    staffs = credit("6002", **STAFFS)
    twice = refund("7"), refund("8")
    assert matched(*twice, credits_=[staffs]) == [(State.WANTED, "6002"), (State.WANTED, "")]
    assert matched(refund(amount="12.01"), credits_=[staffs]) == [(State.WANTED, "")]


OTHER = sold_row("2", "32", productId="12", sku="CUP", name="Cup")
CUPS = {"rows": [sold_row("91", "", units=2, productId="12", sku="CUP", name="Cup")]}
TWO_LINES = {"sale": sale(sold_row(), OTHER)}


def test_a_credit_of_another_line_of_the_same_price_is_not_taken() -> None:
    cups = credit("6002", **STAFFS, **CUPS)
    mugs = credit("6003", **STAFFS)
    assert matched(refund(), credits_=[cups], **TWO_LINES) == [(State.WANTED, "")]
    assert matched(refund(), credits_=[cups, mugs], **TWO_LINES) == [(State.WANTED, "6003")]


def test_a_credit_of_other_units_for_the_same_money_is_not_taken() -> None:
    one = credit("6002", **STAFFS, rows=[sold_row("91", units=1)])
    assert matched(refund(), credits_=[one]) == [(State.WANTED, "")]


def test_what_names_no_units_is_matched_by_amount_after_what_names_them() -> None:
    money = refund("7", items=[{"item_type": "ORDER", "item_id": ORDER, "requested_amount": "12"}])
    staffs = credit("6002", **STAFFS)
    assert matched(money, credits_=[staffs]) == [(State.WANTED, "6002")]
    both = matched(money, refund("8"), credits_=[staffs])
    assert both == [(State.WANTED, ""), (State.WANTED, "6002")]


@pytest.mark.parametrize(
    ("provider", "offline", "method", "credit_id"),
    [
        ("card", False, "CARD", "6002"),
        ("card", False, "CASH", ""),
        ("cod", True, "CASH", "6002"),
        ("custom", True, "CASH", "6002"),
        ("klarna", False, "CASH", ""),
    ],
)
def test_a_credit_that_staff_paid_out_is_the_same_return_only_by_the_same_tender(
    provider: str, offline: bool, method: str, credit_id: str
) -> None:
    went_back = [
        {
            "id": 1,
            "provider_id": provider,
            "amount": "12.00",
            "is_declined": False,
            "offline": offline,
            "transaction_id": 901,
        }
    ]
    made = refund().model_copy(
        update={"payments": tuple(map(RefundPayment.model_validate, went_back))}
    )
    staffs = credit("6002", **STAFFS, paid={"their own": "12.00"})
    (paid,) = staffs.payments
    staffs = replace(staffs, payments=(paid.model_copy(update={"method_code": method}),))
    assert matched(made, credits_=[staffs]) == [(State.WANTED, credit_id)]


def test_a_credit_that_a_person_left_as_it_is_is_not_taken() -> None:
    staffs = credit("6002", **STAFFS)
    assert matched(refund(), credits_=[staffs], left={"6002"}) == [(State.WANTED, "")]
    for value in ("refund 6002-0a1b2c3d", "paid 6002-12.00", "credit 6002"):
        assert credits_named(value) == ["6002"]
    assert credits_named("undo BC-100-R6002") == []


def test_a_credit_over_the_whole_order_takes_the_money_of_all_refunds() -> None:
    whole = credit("6003", externalRef=f"BC-{ORDER}", gross="18.00")
    twice = refund("7"), refund("8", amount="6.00")
    assert matched(*twice, credits_=[whole]) == [(State.WANTED, "6003"), (State.WANTED, "6003")]
    assert sides(credits_=[whole]).unclaimed == []


def test_a_credit_that_was_deleted_makes_its_refund_wanted_again() -> None:
    made = refund()
    (found,) = sides(made, links=[settled(made)]).matched
    assert (found.state, found.is_deleted, found.credit) == (State.WANTED, True, None)


def test_credits_that_no_refund_has_are_those_of_staff_alone() -> None:
    staffs = credit("6002", **STAFFS)
    cancelled = replace(credit("6004", **STAFFS), is_cancelled=True)
    found = sides(refund(), credits_=[credit("6001"), staffs, cancelled]).unclaimed
    assert [one.id for one in found] == ["6002"]


def test_a_refund_that_gave_nothing_back_in_the_end_is_undone() -> None:
    declined = refund(payments=["declined"])
    (found,) = sides(declined, credits_=[credit()], links=[settled(refund())]).undone
    assert (found.refund_id, found.credit.id) == ("7", "6001")
    pending = sides(refund(payments=["pending"]), credits_=[credit()])
    assert pending.undone == []
    before = sides(declined, credits_=[credit()], links=[link(is_undone=True)])
    assert before.undone == []


def test_a_refund_that_no_list_shows_is_undone_only_for_certain() -> None:
    known = {"credits_": [credit()], "links": [settled(refund())]}
    assert [one.refund_id for one in sides(**known).without_refund] == ["7"]
    assert sides(**known).undone == []
    certain = sides(**known, absent=frozenset({"7"}))
    assert [one.refund_id for one in certain.undone] == ["7"]


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def ended(status_id: int, state: str = "") -> Outcome | Refusal:
    """What becomes of refunds without a sales order."""
    return without_sale(order(status_id=status_id), 1, state, (11, 9), now=NOON)


def test_refunds_of_an_order_that_will_come_wait_for_it_and_others_are_refused() -> None:
    coming, later, gone = ended(11, "due"), ended(12), ended(5)
    assert isinstance(coming, Outcome)
    assert coming.waits_for == (f"order:{ORDER}",)
    assert coming.wake_at == NOON + IMPORTED_WITHIN
    assert isinstance(later, Outcome)
    assert later.waits_for == (f"order:{ORDER}",)
    assert isinstance(gone, Refusal)
    assert (gone.class_, "cancelled" in gone.reason) == ("order", True)


def test_a_shared_credit_is_found_for_each_refund_that_was_undone() -> None:
    whole = credit("6003", externalRef=f"BC-{ORDER}", gross="18.00")
    kept, gone = refund("7"), refund("8", amount="6.00", payments=["declined"])
    for links in ([link("7", "6003"), link("8", "6003")], [link("8", "6003"), link("7", "6003")]):
        found = sides(kept, gone, credits_=[whole], links=links).undone
        assert [one.refund_id for one in found] == ["8"]


def test_links_of_earlier_versions_are_understood() -> None:
    kept = {"agreed": "x", "beside": 2, "back": {"31": 1}, "unsent": {"31": 2}, "is_staffs": True}
    found = AgreedRefund.of(Link("100/7", "6001", kept))
    assert (found.refund_count, found.returned, found.unsent) == (2, {"31": 1}, {"31": 2})
    assert AgreedRefund.of(Link("100/7", "6001", found.detail())) == found

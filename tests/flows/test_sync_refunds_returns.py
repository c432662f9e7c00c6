"""Credits that staff make in Brightpearl become refunds in BigCommerce, each once, where wanted."""

from __future__ import annotations

from typing import Any

import pytest
from refunding import (
    approve,
    cases,
    change,
    credit,
    credits_of,
    discard,
    gross,
    imported,
    lines,
    paid_out,
    payouts,
    refund,
    runs_again_without_writing,
    states,
    stock,
    store_refunds,
    sync,
)
from sweeping import sweep_refunds
from world import World

pytestmark = pytest.mark.long


@pytest.fixture
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_REFUNDS__STAFF_CREDITS", "refund")


def staff_credit(world: World, key: str, **wanted: Any) -> Any:
    """Staff credit units of the order's first line, or what is wanted."""
    rows = wanted.pop("rows", [{"sku": lines(world, 1)[0]["sku"], "quantity": 1}])
    made = world.brightpearl("credit", external_ref=f"BC-{key}", rows=rows, **wanted)
    return world.sandbox.account.orders[made["credit_id"]]


def test_a_staff_credit_is_a_case_unless_policy_refunds_it(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "refund")
    assert case.detail["proposal"]["refund"] == str(gross(one))
    assert store_refunds(world, key) == []
    assert states(world, key) == ["dead"]
    assert runs_again_without_writing(world, key)
    assert len(cases(world)) == 1


def test_the_proposed_refund_is_made_when_a_person_says_so(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    sync(world, key)

    approve(world)

    (made,) = store_refunds(world, key)
    assert made.amount == gross(one)
    assert payouts(world, one) == {"CARD": gross(one)}
    assert len(credits_of(world)) == 1
    assert cases(world) == []
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)


def test_a_credit_that_changed_since_the_proposal_is_proposed_anew(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    sync(world, key)
    (before,) = cases(world)
    row = next(iter(one.rows))
    world.brightpearl("edit", order_id=one.id, rows=[{"id": row, "quantity": "2"}])

    approve(world)

    (after,) = cases(world)
    assert after.value != before.value
    assert store_refunds(world, key) == []


def test_a_proposal_that_was_discarded_is_left(world: World) -> None:
    key = imported(world, shipped=True)
    staff_credit(world, key)
    sync(world, key)
    discard(world)

    sync(world, key)

    assert cases(world) == []
    assert states(world, key) == ["done"]
    assert store_refunds(world, key) == []


def test_a_staff_credit_is_refunded_once_where_policy_says_so(
    by_itself: None, world: World
) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)

    report = sync(world, key)

    (made,) = store_refunds(world, key)
    assert report["counts"]["refunded"] == 1
    assert (made.amount, made.tax) == (gross(one), one.tax)
    assert [(item.kind, item.quantity) for item in made.items] == [("PRODUCT", 1)]
    assert paid_out(world, one) == gross(one)
    assert len(credits_of(world)) == 1
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)
    assert runs_again_without_writing(world, key, source="webhook")


def test_shipping_and_goodwill_are_refunded_as_what_they_are(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True, tax_inclusive=False)
    order = world.sales_order(key)
    shipping = next(row for row in order.rows.values() if row.external_ref == "shipping")
    one = staff_credit(
        world,
        key,
        rows=[
            {
                "name": shipping.name,
                "net": str(shipping.net),
                "tax": str(shipping.tax),
                "tax_code": shipping.tax_code,
                "nominal_code": shipping.nominal_code,
            },
            {"name": "Goodwill", "net": "2.00", "tax": "0", "tax_code": "T0"},
        ],
    )

    sync(world, key)

    (made,) = store_refunds(world, key)
    assert {item.kind for item in made.items} == {"SHIPPING", "ORDER"}
    assert (made.amount, made.tax) == (gross(one), one.tax)
    assert paid_out(world, one) == gross(one)


@pytest.mark.parametrize("kind", ["lost_answer", "error_after_commit"])
def test_a_refund_whose_answer_was_lost_is_not_made_again(
    by_itself: None, world: World, kind: str
) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    world.fault(
        "bigcommerce",
        {
            "kind": kind,
            "method": "POST",
            "path": "payment_actions/refunds$",
            "rate": 1.0,
            "times": 1,
        },
    )

    sync(world, key)
    world.fault("bigcommerce")
    sync(world, key)

    assert len(store_refunds(world, key)) == 1
    assert paid_out(world, one) == gross(one)
    assert len(credits_of(world)) == 1
    assert runs_again_without_writing(world, key)


def test_a_refund_is_known_by_its_reason_after_a_crash(world: World) -> None:
    key = imported(world, shipped=True)
    other, one = (staff_credit(world, key) for _ in range(2))
    sku = lines(world, 1)[0]["sku"]
    reason = f"Brightpearl credit {one.id}"
    refund(world, key, items=[{"sku": sku, "quantity": 1}], reason=reason)

    sync(world, key)

    assert paid_out(world, one) == gross(one)
    assert payouts(world, other) == {}
    assert [str(other.id) in case.value for case in cases(world)] == [True]
    assert len(credits_of(world)) == 2


def test_staff_who_credit_here_and_refund_there_make_one_return(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    sku = lines(world, 1)[0]["sku"]
    refund(world, key, items=[{"sku": sku, "quantity": 1}])

    sync(world, key)

    assert [credit.id for credit in credits_of(world)] == [one.id]
    assert payouts(world, one) == {"CARD": gross(one)}
    assert len(store_refunds(world, key)) == 1
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)


def test_money_that_staff_booked_themselves_is_not_booked_again(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    world.brightpearl("payment", order_id=one.id)
    sku = lines(world, 1)[0]["sku"]
    refund(world, key, items=[{"sku": sku, "quantity": 1}])

    sync(world, key)

    assert paid_out(world, one) == gross(one)
    assert runs_again_without_writing(world, key)


@pytest.mark.parametrize("method", ["CASH", "CARD"])
def test_a_credit_that_staff_paid_in_cash_is_not_taken_for_a_refund_of_another_line(
    world: World, method: str
) -> None:
    key = imported(world, shipped=True)
    a, b = (line["sku"] for line in lines(world, 1, 1))
    made = refund(world, key, items=[{"sku": b, "quantity": 1}], reason="returned: resellable")
    amount = store_refunds(world, key)[0].amount
    net = amount - store_refunds(world, key)[0].tax
    rows = [{"sku": a, "quantity": 1, "net": str(net), "tax": str(amount - net)}]
    one = staff_credit(world, key, rows=rows)
    world.brightpearl("payment", order_id=one.id, method=method)
    before = stock(world, b).on_hand

    sync(world, key)

    own = credit(world, key, made["refund_id"])
    assert [row.sku for row in own.rows.values()] == [b]
    assert payouts(world, own) == {"CARD": amount}
    assert payouts(world, one) == {method: amount}
    assert stock(world, b).on_hand == before + 1
    (case,) = cases(world)
    assert (case.field, str(one.id) in case.value) == ("paid", True)
    assert runs_again_without_writing(world, key)
    discard(world)
    sync(world, key)
    assert (cases(world), states(world, key)) == ([], ["done"])


def test_a_credit_that_staff_paid_out_is_never_refunded_in_the_store(
    by_itself: None, world: World
) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    world.brightpearl("payment", order_id=one.id, method="CASH")

    sync(world, key)

    assert store_refunds(world, key) == []
    assert [case.field for case in cases(world)] == ["paid"]


def test_a_paid_credit_is_settled_by_recording_it_in_the_store_as_its_case_says(
    world: World,
) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    one = staff_credit(world, key)
    world.brightpearl("payment", order_id=one.id, method="CASH")
    sync(world, key)
    (case,) = cases(world)
    assert "record it there as a refund outside of the store" in case.reason

    refund(world, key, items=[{"sku": sku, "quantity": 1}], tender="custom")
    sync(world, key)

    assert (cases(world), states(world, key)) == ([], ["done"])
    assert [found.id for found in credits_of(world)] == [one.id]
    assert payouts(world, one) == {"CASH": gross(one)}


def test_a_credit_left_as_it_is_takes_no_later_refund(world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    sku = lines(world, 1)[0]["sku"]
    sync(world, key)
    discard(world)

    made = refund(world, key, items=[{"sku": sku, "quantity": 1}])
    sync(world, key)

    assert payouts(world, one) == {}
    assert payouts(world, credit(world, key, made["refund_id"])) == {"CARD": gross(one)}


def test_refunds_of_one_order_are_made_one_after_the_other(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    skus = [line["sku"] for line in lines(world, 1, 1)]
    for sku in skus:
        staff_credit(world, key, rows=[{"sku": sku, "quantity": 1}])

    sync(world, key)

    assert len(store_refunds(world, key)) == 2
    assert len(credits_of(world)) == 2
    assert all(paid_out(world, one) == gross(one) for one in credits_of(world))
    assert runs_again_without_writing(world, key)


def test_no_refund_is_made_while_another_is_pending(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    staff_credit(world, key)
    pending = refund(world, key, amount="1.00", payment="pending")

    sync(world, key)

    assert len(store_refunds(world, key)) == 1
    assert states(world, key) == ["parked"]

    change(world, pending, complete=True)
    sync(world, key, source="transaction")

    assert len(store_refunds(world, key)) == 2
    assert len(credits_of(world)) == 2
    assert runs_again_without_writing(world, key)


def test_a_declined_refund_of_a_return_is_not_tried_again_by_itself(
    by_itself: None, world: World
) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    sync(world, key)
    (made,) = store_refunds(world, key)
    change(world, {"refund_id": made.id}, decline=True)

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "undo")
    assert len(store_refunds(world, key)) == 1
    approve(world)
    assert payouts(world, one) == {}
    assert one.status_id == 9


def test_more_units_than_are_left_are_a_case(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    refund(world, key, items=[{"sku": sku, "quantity": 2}])
    staff_credit(world, key, rows=[{"sku": sku, "quantity": 3}])

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "quantity"
    assert case.remedy
    assert len(store_refunds(world, key)) == 1


def test_another_total_than_the_store_would_give_back_is_a_case(
    by_itself: None, world: World
) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    staff_credit(world, key, rows=[{"sku": sku, "quantity": 1, "net": "0.50", "tax": "0.10"}])

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "differs"
    assert "0.60" in case.reason
    assert store_refunds(world, key) == []


def test_money_that_the_store_cannot_send_itself_is_for_a_person(
    by_itself: None, world: World
) -> None:
    world.switch("bigcommerce", gateway_refunds=False)
    key = imported(world, shipped=True, guest=True, email="nobody@example.com")
    staff_credit(world, key)

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "by_hand"
    assert store_refunds(world, key) == []


def test_a_credit_in_another_currency_than_its_order_is_a_case(
    by_itself: None, world: World
) -> None:
    key = imported(world, shipped=True)
    staff_credit(world, key).currency_code = "USD"

    sync(world, key)

    assert [case.class_ for case in cases(world)] == ["currency"]
    assert store_refunds(world, key) == []


def test_a_credit_without_a_parent_is_not_ours(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    staff_credit(world, key, has_parent=False)

    found = sweep_refunds()
    sync(world, key)

    assert found["changed"] == 0
    assert store_refunds(world, key) == []
    assert cases(world) == []


def test_a_credit_that_staff_cancelled_asks_for_nothing(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)
    world.brightpearl("edit", order_id=one.id, cancel=True)

    sync(world, key)

    assert store_refunds(world, key) == []
    assert states(world, key) == ["done"]


def test_the_sweep_finds_what_staff_credited(by_itself: None, world: World) -> None:
    key = imported(world, shipped=True)
    one = staff_credit(world, key)

    found = sweep_refunds()

    assert found["changed"] == 1
    assert len(store_refunds(world, key)) == 1
    assert paid_out(world, one) == gross(one)

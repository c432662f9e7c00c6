"""Refunds that are undone later, and credits that people change: nobody's newer change is lost."""

from __future__ import annotations

from decimal import Decimal
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
    release,
    runs_again_without_writing,
    settle,
    states,
    stock,
    sync,
)
from world import PAIR, World

from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS, link_key
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long

CANCELLED = 21


@pytest.fixture
def open_credits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_REFUNDS__CLOSE_CREDITS", "false")


def invoiced(world: World, seconds: int = 10) -> None:
    """Time passes, and Brightpearl invoices what is pending."""
    answer = world.http.post(world.control("brightpearl", "clock"), json={"advance_s": seconds})
    assert answer.status_code == 200, answer.text


def payment_ids(world: World, one: Any) -> list[int]:
    return [p.id for p in world.sandbox.account.payments.values() if p.order_id == one.id]


@pytest.mark.parametrize("how", ["undo", "decline"])
def test_a_refund_undone_later_reverses_only_itself(
    open_credits: None, world: World, how: str
) -> None:
    key = imported(world)
    kept, gone = (refund(world, key, amount=amount) for amount in ("2.00", "3.00"))
    sync(world, key)

    change(world, gone, **{how: True})
    report = sync(world, key, source="transaction")

    assert report["counts"]["undone"] == 1
    off = credit(world, key, gone["refund_id"])
    assert (off.status_id, payouts(world, off)) == (CANCELLED, {})
    stays = credit(world, key, kept["refund_id"])
    assert (stays.status_id, paid_out(world, stays)) == (9, Decimal("2.00"))
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)


@pytest.mark.parametrize("kind", ["lost_answer", "error_after_commit"])
def test_a_credit_is_cancelled_with_one_note_although_the_answer_is_lost(
    open_credits: None, world: World, kind: str
) -> None:
    key = imported(world)
    gone = refund(world, key, amount="3.00")
    sync(world, key)
    rule = {"kind": kind, "method": "PUT", "path": "/status$", "rate": 1.0, "times": 1}
    world.fault("brightpearl", rule)

    change(world, gone, undo=True)
    sync(world, key, source="transaction")
    sync(world, key, source="transaction")

    off = credit(world, key, gone["refund_id"])
    assert off.status_id == CANCELLED
    notes = [one for one in world.sandbox.account.notes.values() if one.order_id == off.id]
    assert ["was taken back" in one.text for one in notes].count(True) == 1
    assert states(world, key) == ["done"]


def test_units_of_a_refund_that_was_undone_are_reserved_again(
    open_credits: None, world: World
) -> None:
    key = imported(world)
    sku = lines(world, 1)[0]["sku"]
    free = stock(world, sku).on_hand
    made = refund(world, key, items=[{"sku": sku, "quantity": 2}])
    sync(world, key)
    assert stock(world, sku).on_hand == free + 2

    change(world, made, undo=True)
    sync(world, key)
    world.sync()

    assert stock(world, sku).on_hand == free


def test_an_invoiced_credit_is_reversed_by_a_person_only(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    invoiced(world)
    change(world, made, decline=True)
    world.forget_requests()

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "undo")
    assert case.detail["proposal"]
    assert world.writes() == 0
    assert paid_out(world, one) == Decimal("3.00")

    approve(world)

    assert payouts(world, one) == {}
    assert one.status_id != CANCELLED
    assert cases(world) == []
    assert runs_again_without_writing(world, key)


def test_units_of_an_invoiced_credit_are_reserved_again_once_its_undoing_is_approved(
    world: World,
) -> None:
    key = imported(world)
    sku = lines(world, 1)[0]["sku"]
    free = stock(world, sku).on_hand
    made = refund(world, key, items=[{"sku": sku, "quantity": 2}])
    sync(world, key)
    invoiced(world)
    change(world, made, undo=True)
    sync(world, key)
    assert world.states(key) == ["done"]

    approve(world)

    assert world.states(key) == ["due"]
    world.sync()
    assert stock(world, sku).on_hand == free


def test_a_tender_declined_later_is_taken_back_and_the_others_stay(
    open_credits: None, world: World
) -> None:
    key = imported(world, shipped=True, customer_id=1, store_credit="10.00")
    made = refund(world, key, everything=True)
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    store = world.sandbox.store.refunds[made["refund_id"]]
    card = next(p for p in store.payments if p.provider_id != "storecredit")
    card.is_declined, card.transaction_id = True, None

    sync(world, key)

    assert payouts(world, one) == {"STORECREDIT": Decimal("10.00")}
    assert one.status_id == 9
    assert runs_again_without_writing(world, key)


def test_a_credit_that_staff_deleted_is_not_written_again(open_credits: None, world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    world.brightpearl("edit", external_ref=f"BC-{key}-R{made['refund_id']}", delete=True)
    world.forget_requests()

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "deleted")
    assert world.writes() == 0
    assert credits_of(world) == []
    assert runs_again_without_writing(world, key)


def test_a_credit_that_staff_deleted_before_it_was_settled_is_not_written_again(
    open_credits: None, world: World
) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    Links(connect(PAIR).database).drop(PAIR, REFUNDS, [link_key(key, str(made["refund_id"]))])
    world.brightpearl("edit", external_ref=f"BC-{key}-R{made['refund_id']}", delete=True)

    sync(world, key)

    assert [case.field for case in cases(world)] == ["deleted"]
    assert credits_of(world) == []
    assert runs_again_without_writing(world, key)


def test_a_deleted_credit_is_created_anew_when_a_person_says_so(
    open_credits: None, world: World
) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    (payment,) = payment_ids(world, credit(world, key, made["refund_id"]))
    world.brightpearl("edit", external_ref=f"BC-{key}-R{made['refund_id']}", delete=True)
    sync(world, key)

    approve(world)

    # The payment outlived its credit, and Brightpearl takes a reference only once.
    assert [(case.class_, str(payment) in case.reason) for case in cases(world)] == [
        ("payment", True)
    ]
    world.brightpearl("payment", delete=payment)
    release(world)
    assert paid_out(world, credit(world, key, made["refund_id"])) == Decimal("3.00")
    assert cases(world) == []
    assert runs_again_without_writing(world, key)


def test_a_deleted_credit_stays_away_when_a_person_leaves_it(
    open_credits: None, world: World
) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    world.brightpearl("edit", external_ref=f"BC-{key}-R{made['refund_id']}", delete=True)
    sync(world, key)

    discard(world)
    sync(world, key)

    assert cases(world) == []
    assert states(world, key) == ["done"]
    assert credits_of(world) == []


def test_an_amount_that_staff_changed_is_kept_as_a_case(open_credits: None, world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    row = next(iter(one.rows))
    world.brightpearl("edit", order_id=one.id, rows=[{"id": row, "net": "2.50"}])
    world.forget_requests()

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "differs"
    assert "2.50" in case.reason
    assert world.writes() == 0

    world.brightpearl("edit", order_id=one.id, rows=[{"id": row, "net": "3.00"}])
    release(world)
    assert cases(world) == []
    assert gross(one) == Decimal("3.00")


def test_a_payment_that_staff_removed_is_not_booked_again(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    world.brightpearl("payment", delete=payment_ids(world, one)[0])
    world.forget_requests()

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "differs"
    assert "payment" in case.reason
    assert world.writes() == 0
    assert payouts(world, one) == {}


def test_a_credit_that_staff_cancelled_is_left_as_a_case(open_credits: None, world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    world.brightpearl("edit", order_id=one.id, cancel=True)

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "differs"
    assert one.status_id == CANCELLED
    assert runs_again_without_writing(world, key)


def test_the_status_that_staff_give_a_credit_is_theirs(open_credits: None, world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    world.brightpearl("edit", order_id=one.id, status_id=10)

    sync(world, key)

    assert (one.status_id, cases(world)) == (10, [])


def test_a_refund_of_a_cancelled_sales_order_balances_what_was_received(world: World) -> None:
    key = imported(world)
    world.brightpearl("edit", external_ref=f"BC-{key}", cancel=True)
    made = refund(world, key, everything=True)

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    assert paid_out(world, one) == sum(world.receipts(key))
    assert one.invoice_due_at is None
    assert cases(world) == []
    assert runs_again_without_writing(world, key)


def test_refunds_of_an_order_that_was_credited_as_a_whole_are_paid_out_of_that_credit(
    world: World,
) -> None:
    key = imported(world)
    whole = world.brightpearl("credit", external_ref=f"BC-{key}")
    one = world.sandbox.account.orders[whole["credit_id"]]
    one.external_ref, one.instance_id = f"BC-{key}", 4711
    first = refund(world, key, amount="2.00")
    sync(world, key)
    rest = refund(world, key, amount="5.00")

    sync(world, key)

    paid = Decimal(str(first["total_amount"])) + Decimal(str(rest["total_amount"]))
    assert paid_out(world, one) == paid
    assert len(credits_of(world)) == 1
    assert runs_again_without_writing(world, key)


def test_credits_are_closed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, close_credits="true")
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    one = credit(world, key, made["refund_id"])
    assert one.invoice_due_at is not None
    assert runs_again_without_writing(world, key)
    invoiced(world)
    assert runs_again_without_writing(world, key)

"""Lost answers, outages and crashes between any two writes: still one credit, paid once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from refunding import (
    cases,
    credit,
    credits_of,
    gross,
    imported,
    lines,
    paid_out,
    refund,
    runs_again_without_writing,
    states,
    stock,
    sync,
)
from world import World

pytestmark = pytest.mark.long


def whole(world: World, key: str, refund_id: int) -> bool:
    one = credit(world, key, refund_id)
    payments = [p for p in world.sandbox.account.payments.values() if p.order_id == one.id]
    return paid_out(world, one) == gross(one) and len(payments) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "error_after_commit"])
@pytest.mark.parametrize(
    "path", ["sales-credit$", "customer-payment$", "goods-in", "close$", "multi-message"]
)
def test_a_lost_answer_doubles_nothing(world: World, path: str, kind: str) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    before = stock(world, sku).on_hand
    made = refund(world, key, items=[{"sku": sku, "quantity": 1}], reason="returned: resellable")
    world.fault(
        "brightpearl",
        {"kind": kind, "method": "POST", "path": path, "rate": 1.0, "times": 1},
    )

    sync(world, key)
    world.fault("brightpearl")
    sync(world, key)

    assert states(world, key) == ["done"]
    assert len(credits_of(world)) == 1
    assert whole(world, key, made["refund_id"])
    assert len(world.sandbox.account.goods_in) == 1
    assert stock(world, sku).on_hand == before + 1
    assert runs_again_without_writing(world, key)


@pytest.mark.parametrize("path", ["customer-payment|multi-message", "close|multi-message"])
def test_a_half_done_credit_is_completed_and_not_repeated(world: World, path: str) -> None:
    keys = [imported(world) for _ in range(2)]
    made = [refund(world, key, amount="3.00") for key in keys]
    world.fault("brightpearl", {"kind": "http_503", "method": "POST", "path": path, "rate": 1.0})
    sync(world, *keys)
    world.fault("brightpearl")

    sync(world, *keys)

    assert len(credits_of(world)) == 2
    assert all(whole(world, k, m["refund_id"]) for k, m in zip(keys, made, strict=True))
    assert states(world, *keys) == ["done", "done"]
    assert runs_again_without_writing(world, *keys)


def test_a_credit_whose_answer_says_nothing_is_found_by_its_reference(world: World) -> None:
    world.switch("brightpearl", duplicate_order_answer="empty")
    key = imported(world)
    made = refund(world, key, amount="3.00")
    world.fault(
        "brightpearl",
        {
            "kind": "lost_answer",
            "method": "POST",
            "path": "sales-credit",
            "rate": 1.0,
            "times": 1,
        },
    )

    sync(world, key)

    assert whole(world, key, made["refund_id"])
    assert states(world, key) == ["done"]


def test_one_order_that_is_refused_holds_up_no_other(world: World) -> None:
    bad, good = imported(world, email="gone@example.com", guest=True), imported(world)
    refund(world, bad, amount="3.00")
    made = refund(world, good, amount="4.00")
    world.brightpearl("contacts", contact_id=world.sales_order(bad).contact_id, delete=True)

    sync(world, bad, good)

    assert whole(world, good, made["refund_id"])
    assert [case.key for case in cases(world)] == [bad]
    assert states(world, bad, good) == ["dead", "done"]


def test_columns_and_rows_may_come_in_any_order(world: World) -> None:
    world.switch("brightpearl", shuffle_columns=True, parallel_in_any_order=True)
    keys = [imported(world, shipped=True) for _ in range(3)]
    made = [refund(world, key, everything=True) for key in keys]

    sync(world, *keys)

    for key, one in zip(keys, made, strict=True):
        assert gross(credit(world, key, one["refund_id"])) == Decimal(str(one["total_amount"]))
    assert runs_again_without_writing(world, *keys)

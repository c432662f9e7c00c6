"""Batches of refunds: what sweeps and audits find, and what they cost."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Any

import pytest
from refunding import (
    change,
    credit,
    credits_of,
    gross,
    imported,
    lines,
    paid_out,
    refund,
    runs_again_without_writing,
    states,
    sync,
)
from sweeping import sweep_refunds
from world import PAIR, World

from flows.refunds import audit_refunds

pytestmark = pytest.mark.long

BATCH = 100


def audit(world: World) -> dict[str, Any]:
    return asyncio.run(audit_refunds.fn(PAIR, days=2))


def total(requests: dict[str, int], *parts: str) -> int:
    return sum(n for name, n in requests.items() if any(part in name for part in parts))


def test_a_refund_whose_webhook_was_lost_comes_with_the_sweep(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")

    found = sweep_refunds()

    assert found["changed"] == 1
    assert paid_out(world, credit(world, key, made["refund_id"])) == gross(credits_of(world)[0])
    assert states(world, key) == ["done"]
    world.forget_requests()
    sweep_refunds()
    assert world.writes() == 0


def test_an_audit_agrees_when_everything_is_credited(world: World) -> None:
    key = imported(world, customer_id=1, store_credit="10.00")
    refund(world, key, everything=True)
    refund(world, imported(world), amount="1.00", payment="declined")
    sync(world, key)

    found = audit(world)

    assert found["agrees"]
    assert (found["refunds"], found["credited"], found["cents_off"]) == (1, 1, 0)


def test_an_audit_puts_back_what_is_missing(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="3.00")

    found = audit(world)

    assert found["missing"] == [f"BC-{key}-R{made['refund_id']}"]
    assert not found["agrees"]
    assert states(world, key) == ["due"]
    sync(world)
    assert audit(world)["agrees"]


def test_an_audit_reports_amounts_and_payments_that_differ(world: World) -> None:
    first, second = imported(world), imported(world)
    made = [refund(world, key, amount="3.00") for key in (first, second)]
    sync(world, first, second)
    one, other = (
        credit(world, key, m["refund_id"]) for key, m in zip((first, second), made, strict=True)
    )
    (row,) = one.rows.values()
    row.net -= 1
    payment = next(p for p in world.sandbox.account.payments.values() if p.order_id == other.id)
    world.brightpearl("payment", delete=payment.id)

    found = audit(world)

    assert list(found["amounts_differ"]) == [one.external_ref]
    assert list(found["payouts_differ"]) == [other.external_ref]
    assert found["cents_off"] == 400


def test_an_audit_finds_a_refund_that_was_undone_without_a_word(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_REFUNDS__CLOSE_CREDITS", "false")
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, key)
    change(world, made, decline=True)

    found = audit(world)

    assert found["undone"] == [f"BC-{key}-R{made['refund_id']}"]
    assert states(world, key) == ["due"]


def test_a_hundred_refunds_cost_little_more_than_the_fewest_requests(world: World) -> None:
    sku = lines(world, 1)[0]["sku"]
    world.brightpearl("stock", sku=sku, on_hand=500)
    world.bigcommerce("stock", sku=sku, on_hand=500)
    keys = [world.place(lines=[{"sku": sku, "quantity": 2}]) for _ in range(BATCH)]
    world.sync(*keys)
    for key in keys:
        world.brightpearl("ship", external_ref=f"BC-{key}")
        items = [{"sku": sku, "quantity": 1}]
        refund(world, key, items=items, reason="returned: resellable")
    sync(world, imported(world))  # reference data is read
    world.forget_requests()

    sync(world, *keys, source="webhook")

    brightpearl, bigcommerce = world.requests("brightpearl"), world.requests("bigcommerce")
    assert len(credits_of(world)) == BATCH
    writes = ceil(BATCH / 10) + ceil(3 * BATCH / 10)
    look_ups = 6  # sales orders, credits under them, goods-out notes, rows, location, costs
    assert sum(brightpearl.values()) <= 1.25 * (writes + look_ups)
    assert sum(bigcommerce.values()) <= 1.25 * (ceil(BATCH / 250) + BATCH // 250 + 1)
    assert total(brightpearl, "multi-message") == writes
    assert runs_again_without_writing(world, *keys)

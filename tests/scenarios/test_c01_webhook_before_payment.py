"""C1: the store announces orders before their payment has succeeded, and some never succeed.

Given two orders at status 0 without a captured transaction. When `created` arrives, then forty
seconds later the capture of one, the refusal of the other and a duplicate `created`, then nothing
stands in Brightpearl before the capture, one sales order with one receipt over the captured amount
stands after it, and the declined one is done with, without an alarm. And given 10,000 parked orders
that nobody paid, a newly paid one is still in the first batch that a run takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from stories import (
    ORDERS,
    StoreEvents,
    account_money,
    cases,
    clock,
    inbox,
    lines,
    received,
    run,
    second_pass,
    store_money,
    store_order,
)
from world import PAIR, World

from core.times import utc_now
from store.inbox import Parked, Retry

CREATED = "store/order/created"
PARKED = [str(1_000_000 + number) for number in range(10_000)]


@dataclass
class Story:
    """Two orders that begin unpaid, and what stood in Brightpearl on the way."""

    world: World
    paid: str
    declined: str
    parked_first: list[str] = field(default_factory=list)
    imported_before: int = 0
    report: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    store_events = StoreEvents(world)
    story = Story(world, *(world.place(lines=lines(world, 2), payment="pending") for _ in range(2)))
    both = story.paid, story.declined
    assert [store_order(world, key).status_id for key in both] == [0, 0]
    duplicates = [event for event in store_events.events if event["scope"] == CREATED]
    store_events.deliver()
    run(world, ORDERS)
    story.parked_first = world.states(*both)
    story.imported_before = len(world.sales_orders)

    sleep(world, PARKED, until=utc_now() + timedelta(hours=6))
    clock(world, 40)
    world.bigcommerce("pay", order_id=int(story.paid), action="capture")
    world.bigcommerce("pay", order_id=int(story.declined), action="decline")
    store_events.events.extend(duplicates)
    store_events.deliver()
    story.report = run(world, ORDERS)
    return story


def sleep(world: World, keys: Sequence[str], *, until: datetime) -> None:
    """Orders that were read, and wait for their payment."""
    now = utc_now()
    inbox(world).put(PAIR, ORDERS, keys, source="webhook", now=now)
    claims = inbox(world).claim(PAIR, ORDERS, owner="earlier", limit=len(keys), lease_s=60, now=now)
    assert len(claims) == len(keys)
    waiting = [
        Parked(
            claim.key, ("status",), until, now + timedelta(days=30), "status 0 is not imported yet"
        )
        for claim in claims
    ]
    inbox(world).settle(PAIR, ORDERS, "earlier", waiting, now=now)


def test_nothing_stands_in_brightpearl_before_the_capture(story: Story) -> None:
    assert story.parked_first == ["parked", "parked"]
    assert story.imported_before == 0


def test_the_captured_order_stands_once_with_one_receipt_over_the_captured_amount(
    story: Story,
) -> None:
    world, key = story.world, story.paid
    assert [one.external_ref for one in world.sales_orders] == [f"BC-{key}"]
    assert account_money(world, key) == store_money(world, key)
    captured = [row for row in store_order(world, key).transactions if row.status == "ok"]
    assert len(captured) == len(world.receipts(key)) == 1
    assert received(world, key) == store_money(world, key)[0]
    assert world.states(key) == ["done"]


def test_a_declined_order_is_done_with_and_no_alarm(story: Story) -> None:
    assert story.world.states(story.declined) == ["done"]
    assert inbox(story.world).reasons(PAIR, ORDERS, "done")[story.declined] == "declined"
    assert cases(story.world, story.declined) == []
    assert story.report["counts"]["not imported"] == 1
    assert story.report["counts"]["refused"] == 0


def test_ten_thousand_parked_orders_do_not_hold_up_one_that_was_just_paid(story: Story) -> None:
    assert story.report["batches"] == 1
    assert story.report["keys"] == 2
    assert set(story.world.states(*PARKED)) == {"parked"}


def test_a_fresh_order_is_claimed_before_ten_thousand_that_woke_with_it(story: Story) -> None:
    later = utc_now() + timedelta(hours=7)
    fresh = "999"
    keys = inbox(story.world)
    keys.put(PAIR, ORDERS, [fresh], source="webhook", now=later)

    batch = keys.claim(PAIR, ORDERS, owner="tried", limit=500, lease_s=60, now=later)

    assert len(batch) == 500
    assert batch[0].key == fresh
    again = [Retry(claim.key, later + timedelta(days=365), "tried") for claim in batch]
    keys.settle(PAIR, ORDERS, "tried", again, now=later)


def test_an_order_that_is_never_paid_expires_with_its_reason_and_no_alarm(story: Story) -> None:
    keys, key, now = inbox(story.world), "998", utc_now()
    keys.put(PAIR, ORDERS, [key], source="webhook", now=now)
    reason = "status 0 is not imported yet"
    for moment in (now, now + timedelta(days=31)):
        (claim,) = [
            one
            for one in keys.claim(PAIR, ORDERS, owner="tried", limit=1, lease_s=1, now=moment)
            if one.key == key
        ]
        parked = Parked(claim.key, ("status",), moment, now + timedelta(days=30), reason)
        keys.settle(PAIR, ORDERS, "tried", [parked], now=moment)

    assert story.world.states(key) == ["done"]
    assert keys.reasons(PAIR, ORDERS, "done")[key] == f"expired: {reason}"
    assert cases(story.world, key) == []


def test_a_second_pass_writes_nothing(story: Story) -> None:
    assert second_pass(story.world, orders=[story.paid, story.declined]) == 0

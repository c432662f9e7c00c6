"""C2: the same news comes fifty times, at once, in any order, and once more two days later.

Given one order of a new guest. When `created`, `updated` and `statusUpdated` are delivered fifty
times by eight senders in random order while two runs work, and one event is repeated 47 hours
later, then there is one contact, one sales order, one reservation and one set of payments, the same
as of an order that was imported from a single event, and the late event ends as already satisfied.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from receiving import SECRET, receiving, send
from stories import (
    ORDERS,
    StoreEvents,
    account_money,
    at_once,
    cents,
    clock,
    lines,
    reserved,
    run,
    second_pass,
    stock,
    store_money,
    store_order,
)
from waiting import WITHIN_S
from world import World

from tasks.reconciler.connections import disconnect

DELIVERIES, SENDERS = 50, 8


@dataclass
class Story:
    """An order of many events, one like it of a single event, and the answers to the senders."""

    world: World
    stormy: str
    single: str = ""
    answers: list[int] = field(default_factory=list)
    contacts: int = 0
    late: dict[str, Any] = field(default_factory=dict)
    late_requests: int = 0


@pytest.fixture(scope="module")
def story(world: World) -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_WEBHOOKS__SECRET", SECRET)
        disconnect()
        with receiving() as url:
            yield played(world, url)


def played(world: World, url: str) -> Story:
    basket = {"lines": lines(world, 2, 1), "email": "Storm.Chaser@example.com", "guest": True}
    people = len(world.sandbox.account.contacts)
    store_events = StoreEvents(world)
    story = Story(world, world.place(**basket))
    news = [event for event in store_events.events if event["scope"].startswith("store/order/")]
    assert {event["scope"].rpartition("/")[2] for event in news} >= {"created", "statusUpdated"}
    chosen = random.Random(2)  # noqa: S311 - any order, the same every time
    storm = [chosen.choice(news) for _ in range(DELIVERIES)]
    storm[: len(news)] = news
    chosen.shuffle(storm)

    found = at_once(
        *(partial(deliver, url, storm[start::SENDERS]) for start in range(SENDERS)),
        *[partial(run, world, ORDERS)] * 2,
    )
    story.answers = [status for answered in found[:SENDERS] for status in answered]
    run(world, ORDERS)
    story.contacts = len(world.sandbox.account.contacts) - people

    story.single = world.place(**basket)
    run(world, ORDERS, story.single)
    clock(world, 47 * 3600)
    world.forget_requests()
    deliver(url, news[:1])
    story.late = run(world, ORDERS)
    story.late_requests = sum(world.requests("brightpearl").values())
    return story


def deliver(url: str, events: list[dict[str, Any]]) -> list[int]:
    """What one sender is answered."""
    with httpx.Client(timeout=WITHIN_S) as client:
        return [send(url, event, client) for event in events]


def state_of(world: World, key: str) -> dict[str, Any]:
    """An order in Brightpearl and in the store, without ids of its own."""
    order, stored = world.sales_order(key), store_order(world, key)
    rows = [row for row in order.rows.values() if row.parent_row_id is None]
    payments = [p for p in world.sandbox.account.payments.values() if p.order_id == order.id]
    return {
        "contact": order.contact_id,
        "status": order.status_id,
        "allocation": order.allocation_status,
        "payment": order.payment_status,
        "rows": sorted(
            (row.sku or row.name, int(row.quantity), cents(row.net), cents(row.tax)) for row in rows
        ),
        "reserved": reserved(world, key),
        "payments": [(p.method_code, p.type_code, cents(p.amount_paid)) for p in payments],
        "notes": sum(n.order_id == order.id for n in world.sandbox.account.notes.values()),
        "store status": stored.status_id,
        "is linked": stored.external_order_id == str(order.id),
    }


def test_every_delivery_is_accepted(story: Story) -> None:
    assert story.answers == [200] * DELIVERIES


def test_there_is_one_contact_one_sales_order_one_reservation_one_receipt(story: Story) -> None:
    world, key = story.world, story.stormy
    assert story.contacts == 1
    assert world.duplicates() == {}
    assert len(world.receipts(key)) == 1
    sku = lines(world, 2)[0]["sku"]
    assert reserved(world, key)[sku] == 2
    assert stock(world, sku).allocated == 2 + reserved(world, story.single)[sku]


def test_the_end_is_that_of_an_order_of_a_single_event(story: Story) -> None:
    assert state_of(story.world, story.stormy) == state_of(story.world, story.single)
    assert account_money(story.world, story.stormy) == store_money(story.world, story.stormy)


def test_an_event_that_is_repeated_47_hours_later_is_satisfied_already(story: Story) -> None:
    assert story.late["counts"]["unchanged"] == 1
    assert story.late_requests == 0
    assert story.world.states(story.stormy) == ["done"]


def test_a_second_pass_writes_nothing(story: Story) -> None:
    assert second_pass(story.world, orders=[story.stormy, story.single]) == 0

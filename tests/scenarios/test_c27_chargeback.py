"""C27: a shopper disputes the payment.

Given an order that is reserved and one that has left. When the store marks both as disputed, then
each is a case for a person and on hold in Brightpearl, and no credit, payment or release of stock
is made by itself. When the dispute is won, then the order goes on and its case closes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from stories import (
    ORDERS,
    REFUNDS,
    cases,
    credits_of,
    lines,
    received,
    reserved,
    run,
    second_pass,
    store_money,
)
from world import World

DISPUTED, AWAITING_FULFILMENT = 13, 11
ON_HOLD, NEW_WEB_ORDER = 20, 2


@dataclass
class Story:
    """Two disputed orders."""

    world: World
    kept: str
    sent: str
    held: dict[str, Any] = field(default_factory=dict)
    again: int = -1

    @property
    def all(self) -> list[str]:
        return [self.kept, self.sent]


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    story = Story(world, *(world.place(lines=lines(world, 2, 1)) for _ in range(2)))
    run(world, ORDERS, *story.all)
    world.brightpearl("ship", external_ref=f"BC-{story.sent}")
    for key in story.all:
        world.bigcommerce("edit", order_id=int(key), status_id=DISPUTED)
    run(world, ORDERS, *story.all, source="webhook")
    run(world, REFUNDS, *story.all, source="webhook")
    story.held = {
        key: {
            "case": cases(world, key),
            "status": world.sales_order(key).status_id,
            "reserved": reserved(world, key),
            "payments": world.receipts(key),
            "credits": credits_of(world, key),
        }
        for key in story.all
    }
    story.again = second_pass(world, orders=story.all)
    world.bigcommerce("edit", order_id=int(story.kept), status_id=AWAITING_FULFILMENT)
    run(world, ORDERS, story.kept, source="webhook")
    return story


def test_a_dispute_is_a_case_and_on_hold_in_brightpearl(story: Story) -> None:
    for held in story.held.values():
        (case,) = held["case"]
        assert (case.class_, case.field) == ("review", "dispute")
        assert case.detail["proposal"] == {}
        assert held["status"] == ON_HOLD


def test_nothing_is_credited_paid_back_or_released_by_itself(story: Story) -> None:
    for key, held in story.held.items():
        assert held["credits"] == []
        assert len(held["payments"]) == 1
        assert received(story.world, key) == store_money(story.world, key)[0]
    a, b = (line["sku"] for line in lines(story.world, 2, 1))
    assert story.held[story.kept]["reserved"] == {a: 2, b: 1}


def test_a_second_pass_writes_nothing_while_it_is_disputed(story: Story) -> None:
    assert story.again == 0


def test_a_dispute_that_is_won_lets_the_order_go_on(story: Story) -> None:
    assert cases(story.world, story.kept) == []
    assert story.world.sales_order(story.kept).status_id == NEW_WEB_ORDER
    assert story.world.states(story.kept) == ["done"]
    assert len(cases(story.world, story.sent)) == 1
    assert second_pass(story.world, orders=story.all, refunds=story.all) == 0

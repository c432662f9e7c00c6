"""C21: staff delete a sales order while its order is open in the store.

Given three orders that both systems have, deleted in Brightpearl. When they are checked again,
named by events again and swept again, then none is imported anew: its link stays as a tombstone,
and a person gets a case. One is made anew on request, with a case for its money, which may stand on
the deleted one; one is left as it is; and a refund of the third is credited nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from refunding import refund
from stories import (
    ORDERS,
    REFUNDS,
    StoreEvents,
    account_money,
    approve,
    cases,
    lines,
    reserved,
    run,
    second_pass,
    store_money,
)
from sweeping import recheck_orders, sweep_orders
from world import PAIR, World

from core.times import utc_now
from store.links import Links
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect


@dataclass
class Story:
    """Three deleted orders, by what becomes of them."""

    world: World
    wanted: str
    unwanted: str
    refunded: str
    sales_orders: list[list[str]] = field(default_factory=list)
    """References of all sales orders after each step."""
    proposed: dict[str, Any] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)

    @property
    def all(self) -> list[str]:
        return [self.wanted, self.unwanted, self.refunded]

    def record(self) -> None:
        self.sales_orders.append([one.external_ref for one in self.world.sales_orders])


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    story = Story(world, *(world.place(lines=lines(world, 2, 1)) for _ in range(3)))
    run(world, ORDERS, *story.all)
    story.record()
    for key in story.all:
        world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)
    recheck_orders()
    story.record()
    links = Links(connect(PAIR).database).get(PAIR, ORDERS, story.all)
    gone = world.sandbox.account.deleted_orders
    story.tombstones = {key for key, link in links.items() if int(link.id_bp) in gone}
    story.proposed = {key: cases(world, key) for key in story.all}

    store_events = StoreEvents(world)
    for key in story.all:
        world.bigcommerce("edit", order_id=int(key), staff_notes="Any news?")
    refund(world, story.refunded, amount="4.00")
    store_events.deliver()
    sweep_orders()
    run(world, REFUNDS)
    story.record()

    quarantine = Quarantine(connect(PAIR).database)
    left = [case.id for case in cases(world, story.unwanted)]
    quarantine.discard(left, "deleted on purpose", now=utc_now())
    run(world, ORDERS, story.unwanted)
    run(world, ORDERS, story.unwanted)
    approve(world, story.wanted)
    story.record()
    return story


def test_a_deleted_order_leaves_a_tombstone_and_a_case(story: Story) -> None:
    assert story.tombstones == set(story.all)
    for found in story.proposed.values():
        (case,) = found
        assert (case.class_, case.field) == ("review", "deleted")
        assert "release --apply" in case.remedy


def test_nothing_imports_it_again_by_itself(story: Story) -> None:
    assert story.sales_orders[0] == [f"BC-{key}" for key in story.all]
    assert story.sales_orders[1] == story.sales_orders[2] == []


def test_it_is_made_anew_on_request_and_its_money_is_a_question(story: Story) -> None:
    world, key = story.world, story.wanted
    assert story.sales_orders[3] == [f"BC-{key}"]
    assert account_money(world, key) == store_money(world, key)
    assert sum(reserved(world, key).values()) == 3
    assert world.receipts(key) == []
    (case,) = cases(world, key)
    assert (case.class_, case.field) == ("review", "receipt")


def test_it_stays_away_where_a_person_says_so(story: Story) -> None:
    assert cases(story.world, story.unwanted) == []
    assert story.world.states(story.unwanted) == ["done"]


def test_a_refund_of_it_is_credited_nowhere_and_is_refused(story: Story) -> None:
    credits_ = [o for o in story.world.sandbox.account.orders.values() if o.type_code == "SC"]
    assert credits_ == []
    (case,) = cases(story.world, story.refunded, REFUNDS)
    assert case.class_ == "deleted"
    assert case.remedy


def test_a_second_pass_writes_nothing(story: Story) -> None:
    assert second_pass(story.world, orders=story.all, refunds=[story.refunded]) == 0

"""C10: an order is cancelled when its stock is reserved, its note printed, its goods gone.

Given one order in each state, and a fourth that is paid and invoiced. When the store cancels all
four, then the first is released and cancelled; the second is held, its note taken back, released
and cancelled, in this order; the third is left alone and a person is asked to stop the parcel; for
the fourth a credit is proposed and posted only on request, for Brightpearl refuses to cancel what
is invoiced. The other way round a store order is cancelled only while it has no shipment.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from stories import (
    account_money,
    approve,
    cases,
    cents,
    clock,
    credits_of,
    lines,
    notes_on,
    received,
    reserved,
    second_pass,
    stock,
    store_money,
    store_order,
    written,
)
from world import World

ON_HOLD, CANCELLED, CANCELLED_IN_STORE = "20", "5", 5


@dataclass
class Story:
    """One order for each state, and their state when they were cancelled."""

    world: World
    reserved: str
    on_note: str
    shipped: str
    invoiced: str
    in_account: str
    """Staff cancel it in Brightpearl."""
    live: str
    """The same, but the store has sent a parcel of it."""
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def all(self) -> list[str]:
        return [
            self.reserved,
            self.on_note,
            self.shipped,
            self.invoiced,
            self.in_account,
            self.live,
        ]


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    basket = {"lines": lines(world, 2, 1), "payment": "captured"}
    story = Story(world, *(world.place(**basket) for _ in range(6)))
    sku = basket["lines"][0]["sku"]
    free = stock(world, sku).on_hand
    world.sync(*story.all)
    assert stock(world, sku).on_hand == free - 12
    world.brightpearl("ship", external_ref=f"BC-{story.on_note}", stage="printed")
    world.brightpearl("ship", external_ref=f"BC-{story.shipped}", tracking="AA1")
    world.brightpearl("edit", external_ref=f"BC-{story.invoiced}", close=True)
    clock(world, 60)
    for key in story.all[:4]:
        world.bigcommerce("edit", order_id=int(key), status_id=CANCELLED_IN_STORE)
    world.bigcommerce("ship", order_id=int(story.live), tracking_number="BY HAND")
    for key in (story.in_account, story.live):
        world.brightpearl("edit", external_ref=f"BC-{key}", cancel=True)
    story.before = {
        "sku": sku,
        "free": free,
        "shipped": deepcopy(world.sales_order(story.shipped)),
        "invoiced": deepcopy(world.sales_order(story.invoiced)),
        "live": store_order(world, story.live).status_id,
    }
    world.sync(*story.all[:4], source="webhook")
    world.sync(story.in_account, story.live, source="notice")
    return story


def steps(story: Story, key: str) -> list[str]:
    """What was done about an order after its import, in its order."""
    done = {"set status", "take back goods-out note", "release stock"}
    return [
        f"status {entry.after['status_id']}" if entry.action == "set status" else entry.action
        for entry in written(story.world, key)
        if entry.action in done and entry.outcome == "written"
    ]


def test_a_reserved_order_is_released_and_cancelled(story: Story) -> None:
    assert steps(story, story.reserved) == ["release stock", f"status {CANCELLED}"]
    assert reserved(story.world, story.reserved) == {}
    assert str(story.world.sales_order(story.reserved).status_id) == CANCELLED
    assert story.world.states(story.reserved) == ["done"]


def test_an_order_on_a_note_is_held_and_unwound_before_it_is_cancelled(story: Story) -> None:
    done = steps(story, story.on_note)
    assert done[:2] == [f"status {ON_HOLD}", "take back goods-out note"]
    assert done[-1] == f"status {CANCELLED}"
    order = story.world.sales_order(story.on_note)
    assert story.world.sandbox.account.goods_out_by_order[order.id] == []
    assert reserved(story.world, story.on_note) == {}
    assert str(order.status_id) == CANCELLED


def test_only_the_two_orders_that_had_not_left_give_their_stock_back(story: Story) -> None:
    sku, free = story.before["sku"], story.before["free"]
    # Of six orders of two units: what has left, what is invoiced, and the two that staff cancelled
    # in Brightpearl, whose stock is for staff to release.
    assert stock(story.world, sku).on_hand == free - 8


def test_an_order_that_has_left_is_untouched_and_a_person_is_asked_to_stop_it(
    story: Story,
) -> None:
    assert story.world.sales_order(story.shipped) == story.before["shipped"]
    assert notes_on(story.world, story.shipped) == []
    (case,) = cases(story.world, story.shipped)
    assert (case.class_, case.field) == ("review", "intercept")
    assert "return" in case.reason
    assert story.world.states(story.shipped) == ["dead"]


def test_brightpearl_refuses_to_cancel_what_is_invoiced(story: Story) -> None:
    wanted = {"external_ref": f"BC-{story.invoiced}", "cancel": True}
    answer = story.world.http.post(story.world.control("brightpearl", "edit"), json=wanted)
    assert answer.status_code == 400


def test_an_order_that_staff_cancelled_is_cancelled_in_the_store(story: Story) -> None:
    assert store_order(story.world, story.in_account).status_id == CANCELLED_IN_STORE
    assert cases(story.world, story.in_account) == []
    assert story.world.states(story.in_account) == ["done"]


def test_a_store_order_with_a_live_shipment_is_never_cancelled(story: Story) -> None:
    assert store_order(story.world, story.live).status_id == story.before["live"]
    (case,) = cases(story.world, story.live)
    assert (case.class_, case.field) == ("review", "cancelled")
    assert "shipment" in case.reason


def test_a_credit_is_proposed_then_posted_on_request_and_a_second_pass_writes_nothing(
    story: Story,
) -> None:
    world, key = story.world, story.invoiced
    assert world.sales_order(key) == story.before["invoiced"]
    assert credits_of(world, key) == []
    (case,) = cases(world, key)
    assert (case.class_, case.field) == ("review", "credit")
    assert cents(case.detail["proposal"]["credit"]) == store_money(world, key)[0]
    assert second_pass(world, orders=story.all) == 0

    approve(world, key)

    (credit,) = credits_of(world, key)
    assert (cents(credit.net + credit.tax), cents(credit.tax)) == store_money(world, key)
    assert account_money(world, key) == store_money(world, key)
    assert received(world, key) == store_money(world, key)[0]
    assert cases(world, key) == []
    assert second_pass(world, orders=story.all) == 0

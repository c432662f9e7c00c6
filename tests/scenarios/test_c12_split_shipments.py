"""C12: four units leave in three parcels, from two warehouses, with four tracking numbers.

Given an order of three units of one product and one of another. When one unit leaves the main
warehouse, two leave the other one with two numbers on their note, the fourth moves to a back order
and leaves from there with its number entered late, and the first note is un-shipped by mistake and
sent off again, then the store shows three shipments of four units, each number once, the shopper
is mailed once for each parcel, and the order is partially shipped until the last unit. What is
beyond the order, or not of it, waits for a person.

Notes that have left cannot be taken back over the API: staff do it in Brightpearl's screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from parcels import Parcels, sync
from stories import ORDERS, SHIPMENTS, cases, lines, run, second_pass, skus, store_order
from world import World

PARTIALLY_SHIPPED, SHIPPED = 3, 2
SHIPPED_IN_BRIGHTPEARL = 18
"""The status that Brightpearl's order has then, by `order_status.csv`."""


@dataclass
class Story:
    """The order that goes well, two that do not, and every state of the first one."""

    world: World
    order: Parcels
    excess: Parcels
    unknown: Parcels
    notes: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    seen: list[list[tuple[str, list[int]]]] = field(default_factory=list)

    def sync(self, *keys: str) -> None:
        """A run, and the order's state after it."""
        sync(self.world, *keys)
        self.notes.extend(key for key in keys if key not in self.notes)
        self.statuses.append(self.order.status)
        self.seen.append(self.order.shipments)


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    a, _, c = skus(world)[:3]
    world.brightpearl("stock", sku=a, warehouse_id=3, on_hand=9)
    keys = [world.place(lines=lines(world, *many)) for many in ((3, 1), (2,), (1,))]
    world.sync(*keys)
    played = Story(world, *(Parcels(world, key) for key in keys))
    order = played.order

    first = order.leaves(1, tracking="AA1")
    played.sync(first)

    order.note(first, unship=True)
    second = order.leaves(2, tracking="BB2; BB3", warehouse_id=3)
    played.sync(first, second)

    order.note(first, stage="shipped")
    moved = world.brightpearl(
        "backorder", order_id=order.sales_order.id, rows={str(order.line_ids[1]): 1}
    )
    late = world.brightpearl("ship", order_id=moved["back_order_id"])
    third = f"note-{late['goods_out_note_id']}"
    played.excess.shipped_in_store(1, tracking_number="BY HAND")
    played.sync(first, third, played.excess.leaves(tracking="EX1"), not_of_it(played, c))

    order.note(third, tracking="CC4")
    played.sync(third)
    run(world, ORDERS, order.order, source="webhook")
    return played


def not_of_it(story: Story, sku: str) -> str:
    """Staff add a product that nobody ordered, and ship it along; the note's key."""
    (product_id,) = story.world.sandbox.account.products_by_sku[sku]
    row = {"productId": product_id, "quantity": "1", "taxCode": "T20", "net": "5", "tax": "1"}
    story.world.brightpearl("edit", order_id=story.unknown.sales_order.id, add_rows=[row])
    return story.unknown.leaves(tracking="UN1")


def test_three_shipments_hold_the_four_units(story: Story) -> None:
    assert story.order.shipments == [("AA1", [1, 0]), ("BB2", [2, 0]), ("CC4", [0, 1])]
    lines_ = store_order(story.world, story.order.order).lines
    assert [line.quantity_shipped for line in lines_] == [3, 1]


def test_each_tracking_number_is_sent_once(story: Story) -> None:
    sent = " ".join(f"{one.tracking_number} {one.comments}" for one in story.order.stored.shipments)
    assert [sent.count(number) for number in ("AA1", "BB2", "BB3", "CC4")] == [1, 1, 1, 1]


def test_a_note_un_shipped_by_mistake_and_sent_again_changes_nothing(story: Story) -> None:
    assert story.seen[0] == [("AA1", [1, 0])]
    assert story.seen[1][0] == story.seen[2][0] == ("AA1", [1, 0])


def test_the_shopper_is_mailed_once_for_each_parcel(story: Story) -> None:
    assert story.order.mails == 3


def test_the_order_is_partially_shipped_until_its_last_unit(story: Story) -> None:
    assert story.statuses[:2] == [PARTIALLY_SHIPPED, PARTIALLY_SHIPPED]
    assert story.statuses[2:] == [SHIPPED, SHIPPED]
    assert story.order.sales_order.status_id == SHIPPED_IN_BRIGHTPEARL


def test_a_line_moved_to_a_back_order_reaches_the_store_before_its_number_does(
    story: Story,
) -> None:
    assert story.seen[2][2] == (None, [0, 1])
    assert story.seen[3][2] == ("CC4", [0, 1])


def test_units_beyond_the_order_wait_for_a_person(story: Story) -> None:
    (case,) = cases(story.world, story.excess.order, SHIPMENTS)
    assert (case.class_, case.field) == ("review", "excess")
    assert case.detail["proposal"]["ship"] == {str(story.excess.line_ids[0]): 1}
    assert story.excess.shipments == [("BY HAND", [1])]


def test_units_that_no_line_knows_wait_for_a_person(story: Story) -> None:
    (case,) = cases(story.world, story.unknown.order, SHIPMENTS)
    assert (case.class_, case.field) == ("review", "unknown")
    assert case.detail["proposal"]["ship"] == {str(story.unknown.line_ids[0]): 1}
    assert story.unknown.shipments == []


def test_a_second_pass_writes_nothing(story: Story) -> None:
    orders = [story.order.order, story.excess.order, story.unknown.order]
    shipments = [*story.notes, *orders]
    assert second_pass(story.world, shipments=shipments, orders=[story.order.order]) == 0
    assert story.order.mails == 3

"""C28: one order goes to several addresses, and two orders become one.

Given a merchant who has such orders held, an order whose lines go to two addresses, one product to
both, and two orders of a shopper that staff merge: the lines of the second are added to the first
for a second address, and the second is cancelled. When they are imported and shipped in parts, then
the units of each consignment sum to the order's lines in both systems, each shipment goes to the
address of its lines, and the goods of the merged order stand once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from parcels import Parcels, sync
from stories import (
    ORDERS,
    account_money,
    cents,
    lines,
    reserved,
    run,
    second_pass,
    skus,
    stock,
    store_money,
    store_order,
    units,
)
from world import World

SHIPPED, CANCELLED = 2, 5
HOMES = [{"to": {"street_1": f"{n} High Street"}, "cost": f"{n}.95"} for n in (1, 2)]


@dataclass
class Story:
    """An order to two addresses, and two orders that become one."""

    world: World
    split: Parcels
    merged: str
    absorbed: str
    notes: list[str] = field(default_factory=list)
    allocated: int = 0


@pytest.fixture(scope="module")
def hold() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_ORDERS__SEVERAL_ADDRESSES", "hold")
        yield


@pytest.fixture(scope="module")
def story(world: World, hold: None) -> Story:
    del hold
    a, b = skus(world)[:2]
    key = world.place(
        lines=[
            {"sku": a, "quantity": 2, "address": 0},
            {"sku": b, "quantity": 3, "address": 1},
            {"sku": a, "quantity": 1, "address": 1},
        ],
        shipping=HOMES,
    )
    pair = [world.place(lines=lines(world, 0, many)[1:]) for many in (2, 3)]
    story = Story(world, Parcels(world, key), *pair)
    run(world, ORDERS, key, *pair)
    story.allocated = stock(world, b).allocated

    first = story.split.leaves(1, 1, 1, tracking="AA1")
    sync(world, first)
    world.bigcommerce(
        "edit",
        order_id=int(story.merged),
        add_addresses=[HOMES[1]],
        add=[{"sku": b, "quantity": 3, "address": 1}],
    )
    world.bigcommerce("edit", order_id=int(story.absorbed), status_id=CANCELLED)
    run(world, ORDERS, *pair, source="webhook")
    second = story.split.leaves(tracking="BB2")
    sync(world, second)
    run(world, ORDERS, key, source="webhook")
    story.notes = [first, second]
    return story


def per_address(world: World, key: str) -> dict[int, Counter[str]]:
    """Units by SKU of each consignment, as the store has them."""
    found: dict[int, Counter[str]] = {}
    for line in store_order(world, key).lines:
        found.setdefault(line.address_id, Counter())[line.sku] += line.quantity
    return found


def test_the_consignments_sum_to_the_rows_of_the_sales_order(story: Story) -> None:
    for key in (story.split.order, story.merged):
        consignments = per_address(story.world, key)
        assert len(consignments) == 2
        summed = sum(consignments.values(), Counter())
        assert units(story.world, key) == dict(summed)


def test_what_both_addresses_cost_is_in_the_rows(story: Story) -> None:
    assert account_money(story.world, story.split.order) == store_money(
        story.world, story.split.order
    )
    rows = story.split.sales_order.rows.values()
    (shipping,) = [row for row in rows if row.external_ref == "shipping"]
    cost = sum(place.shipping.inc for place in story.split.stored.addresses)
    assert cents(shipping.net + shipping.tax) == cents(cost)


def test_each_shipment_goes_to_the_address_of_its_lines(story: Story) -> None:
    homes = {line.id: line.address_id for line in story.split.stored.lines}
    shipments = story.split.stored.shipments
    assert {one.tracking_number for one in shipments} == {"AA1", "BB2"}
    assert all(homes[item.line_id] == one.address_id for one in shipments for item in one.items)
    sent: dict[int, Counter[str]] = {}
    for one in shipments:
        for item in one.items:
            line = next(line for line in story.split.stored.lines if line.id == item.line_id)
            sent.setdefault(one.address_id, Counter())[line.sku] += item.quantity
    assert sent == per_address(story.world, story.split.order)
    assert story.split.status == SHIPPED


def test_the_merged_order_holds_the_goods_of_both_once(story: Story) -> None:
    world, b = story.world, skus(story.world)[1]
    assert units(world, story.merged) == reserved(world, story.merged) == {b: 5}
    assert world.sales_order(story.absorbed).status_id == CANCELLED
    assert reserved(world, story.absorbed) == {}
    # Three units of the other order have left since.
    assert stock(world, b).allocated == story.allocated - 3
    rows = world.sales_order(story.merged).rows.values()
    assert len([row for row in rows if row.product_id]) == 2


def test_a_second_pass_writes_nothing(story: Story) -> None:
    orders = [story.split.order, story.merged, story.absorbed]
    shipments = [*story.notes, story.split.order]
    assert second_pass(story.world, orders=orders, shipments=shipments) == 0

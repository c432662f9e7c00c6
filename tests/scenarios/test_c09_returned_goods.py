"""C9: goods come back, or never leave, and stock rises once only.

Given orders whose units come back resellable and damaged, are refunded before they leave, stand on
a note that nobody has picked, and one with two refunds. When the refunds are synced, then what is
resellable is on sale again and what is damaged in quarantine, unsent units are released, the
un-picked note is taken back, and taking one refund back reverses that refund alone.

BigCommerce does not restock what is refunded over the API. The number that the storefront shows is
written by the stock sync from Brightpearl's units on hand; that these rise once, and by the right
number, is what is asserted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from refunding import change, refund
from stories import (
    ORDERS,
    REFUNDS,
    cents,
    credits_of,
    lines,
    reserved,
    run,
    second_pass,
    skus,
    stock,
)
from world import World

from sandbox.brightpearl import reference
from tasks.reconciler.connections import disconnect

CREDIT_CANCELLED = 21


@dataclass
class Story:
    """One order for each kind of return, and the stock before."""

    world: World
    returned: str
    unsent: str
    on_note: str
    twice: str
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    twice_refunded: list[dict[str, Any]] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [self.returned, self.unsent, self.on_note, self.twice]


def on_hand(world: World) -> dict[str, int]:
    return {sku: stock(world, sku).on_hand for sku in skus(world, 1)}


def pieces(sku: str, quantity: int) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity}]


@pytest.fixture(scope="module")
def story(world: World) -> Iterator[Story]:
    a, b = skus(world)[:2]
    with pytest.MonkeyPatch.context() as patch:
        # Whoever invoices credits at once has them reversed by a person (see docs/refunds.md).
        patch.setenv("CAUSEWAY_REFUNDS__CLOSE_CREDITS", "false")
        disconnect()
        story = Story(world, *(world.place(lines=lines(world, 3, 2)) for _ in range(4)))
        run(world, ORDERS, *story.all)
        for key in (story.returned, story.twice):
            world.brightpearl("ship", external_ref=f"BC-{key}")
        world.brightpearl("ship", external_ref=f"BC-{story.on_note}", stage="printed")
        story.before = on_hand(world)

        refund(world, story.returned, items=pieces(a, 2), reason="Too small; returned: resellable")
        refund(world, story.returned, items=pieces(b, 1), reason="Returned: damaged")
        refund(world, story.unsent, items=pieces(a, 2), reason="Changed her mind")
        refund(world, story.on_note, items=pieces(b, 1))
        story.twice_refunded = [
            refund(world, story.twice, amount=much) for much in ("1.00", "2.00")
        ]
        run(world, REFUNDS, *story.all, source="webhook")
        story.after = on_hand(world)
        yield story
    disconnect()


def note_rows(story: Story) -> list[dict[str, int]]:
    """Units by SKU and location of the goods that came in, per note."""
    names = {product.id: product.sku for product in story.world.sandbox.account.products.values()}
    return [
        {
            f"{names[product_id]}@{location}": units
            for parts in note.rows.values()
            for product_id, units, location in parts
        }
        for note in story.world.sandbox.account.goods_in.values()
    ]


def test_resellable_units_are_on_sale_again_and_damaged_ones_are_not(story: Story) -> None:
    a, b = skus(story.world, 1)[:2]
    assert sorted(note_rows(story), key=str) == sorted(
        [
            {f"{a}@{reference.DEFAULT_LOCATION}": 2},
            {f"{b}@{reference.QUARANTINE_LOCATIONS[2]}": 1},
        ],
        key=str,
    )
    assert stock(story.world, b).quarantined == 1


def test_units_on_hand_rise_by_what_may_be_sold_and_by_nothing_else(story: Story) -> None:
    a, b = skus(story.world, 1)[:2]
    risen = {
        sku: story.after[sku] - story.before[sku]
        for sku in story.before
        if story.after[sku] != story.before[sku]
    }
    # Of the first product two came back and two never left; of the second one was on the note.
    assert risen == {a: 2 + 2, b: 1}


def test_units_that_never_left_are_released_and_the_others_stay_reserved(story: Story) -> None:
    a, b = skus(story.world, 1)[:2]
    assert reserved(story.world, story.unsent) == {a: 1, b: 2}


def test_a_note_that_nobody_picked_is_taken_back_and_its_rest_reserved(story: Story) -> None:
    a, b = skus(story.world, 1)[:2]
    assert (
        story.world.sandbox.account.goods_out_by_order[story.world.sales_order(story.on_note).id]
        == []
    )
    assert reserved(story.world, story.on_note) == {a: 3, b: 1}


def test_a_second_pass_writes_nothing_and_no_unit_comes_back_twice(story: Story) -> None:
    assert second_pass(story.world, refunds=story.all, orders=story.all) == 0
    assert on_hand(story.world) == story.after


def test_a_refund_that_is_taken_back_reverses_only_itself(story: Story) -> None:
    world, (gone, kept) = story.world, story.twice_refunded
    change(world, gone, undo=True)

    run(world, REFUNDS, story.twice, source="transaction")

    by_ref = {one.external_ref: one for one in credits_of(world, story.twice)}
    off = by_ref[f"BC-{story.twice}-R{gone['refund_id']}"]
    stays = by_ref[f"BC-{story.twice}-R{kept['refund_id']}"]
    assert (off.status_id, paid_out(world, off)) == (CREDIT_CANCELLED, 0)
    assert stays.status_id != CREDIT_CANCELLED
    assert paid_out(world, stays) == cents(stays.net + stays.tax) == 200
    assert second_pass(world, refunds=story.all) == 0


def paid_out(world: World, credit: Any) -> int:
    payments = world.sandbox.account.payments.values()
    return sum(cents(p.amount_paid) for p in payments if p.order_id == credit.id)

"""C5: the merchant edits an order that is in Brightpearl already.

Given two orders with a coupon of ten percent, one reserved, one with its goods on a goods-out note.
When a line is dropped, a quantity and the address changed, then the reserved order is amended to
the cent, the one on a note is left alone and shown to a person with its pick on hold, and nothing
that is written to the store ever contains lines.

The scenario has the address amended too. No documented call of Brightpearl changes the delivery
address of an order that exists, so a note on it has the new one, and a case of class `address`
stays open until they have entered it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sent import Sent, sent_to
from stories import (
    account_money,
    approve,
    cases,
    lines,
    notes_on,
    received,
    reserved,
    second_pass,
    skus,
    stock,
    store_money,
    store_order,
    units,
    written,
)
from world import World

ON_HOLD = 20
NEW_HOME = {"street_1": "7 New Street", "city": "Leeds", "zip": "LS1 1AA"}


@dataclass
class Story:
    """Two orders, and their state before the merchant's edit was synced."""

    world: World
    sent: Sent
    kept: list[str]
    reserved: str = ""
    on_note: str = ""
    before: dict[str, Any] = field(default_factory=dict)


def placed(world: World) -> str:
    coupon = {"code": "TEN", "type": "percent", "amount": "10"}
    return world.place(lines=lines(world, 2, 3, 1), coupons=[coupon], payment="captured")


@pytest.fixture(scope="module")
def story(world: World) -> Iterator[Story]:
    a, b, c = skus(world)[:3]
    with sent_to(world.sandbox.bigcommerce_url, world.sandbox.brightpearl_url) as sent:
        story = Story(world, sent, [a, b, c], placed(world), placed(world))
        world.sync(story.reserved, story.on_note)
        world.brightpearl("ship", external_ref=f"BC-{story.on_note}", leave=False)
        story.before = {
            "allocated": {sku: stock(world, sku).allocated for sku in story.kept},
            "rows": units(world, story.on_note),
            "total": store_money(world, story.reserved),
            "discounts": discounts(world, story.reserved),
        }
        assert account_money(world, story.reserved) == story.before["total"]
        for key in (story.reserved, story.on_note):
            changes = [{"sku": b, "quantity": 0}, {"sku": a, "quantity": 4}]
            world.bigcommerce("edit", order_id=int(key), lines=changes, shipping_address=NEW_HOME)
        story.before["edited"] = discounts(world, story.reserved)
        world.sync(story.reserved, story.on_note, source="webhook")
        yield story


def discounts(world: World, key: str) -> list[Any]:
    return [(line.id, line.quantity, line.discounts) for line in store_order(world, key).lines]


def test_the_sales_order_has_the_same_lines_discounts_and_total_to_the_cent(story: Story) -> None:
    a, _, c = story.kept
    assert story.world.states(story.reserved) == ["dead"]  # for its address and its money
    assert units(story.world, story.reserved) == {a: 4, c: 1}
    total, tax = store_money(story.world, story.reserved)
    assert (total, tax) != story.before["total"]
    assert account_money(story.world, story.reserved) == (total, tax)
    assert received(story.world, story.reserved) == story.before["total"][0]


def test_the_reservation_follows_the_rows(story: Story) -> None:
    a, b, c = story.kept
    order = story.world.sales_order(story.reserved)
    assert order.allocation_status == "AAA"
    assert reserved(story.world, story.reserved) == {a: 4, c: 1}
    before = story.before["allocated"]
    assert stock(story.world, a).allocated == before[a] + 2
    assert stock(story.world, b).allocated == before[b] - 3
    assert stock(story.world, c).allocated == before[c]


def test_the_ledger_keeps_what_stood_there_before_and_after(story: Story) -> None:
    a, b, _ = [line_id for line_id, *_ in story.before["discounts"]]
    entries = written(story.world, story.reserved)
    changed = next(entry for entry in entries if entry.action == "change rows")
    dropped = next(entry for entry in entries if entry.action == "drop row")
    assert changed.before[str(a)].startswith("2 x product")
    assert changed.after[str(a)].startswith("4 x product")
    assert dropped.before[str(b)].startswith("3 x product")
    assert dropped.after[str(b)] == "nothing"
    assert {changed.outcome, dropped.outcome} == {"written"}


def test_the_new_address_waits_for_staff_on_the_order_and_nowhere_else(story: Story) -> None:
    (case, balance) = sorted(cases(story.world, story.reserved), key=lambda one: one.class_)
    assert (case.class_, case.field) == ("address", "delivery")
    assert balance.field == "balance"  # it was paid before
    assert "New Street" not in f"{case.reason}{case.remedy}{case.value}{case.detail}"
    assert sum("7 New Street" in text for text in notes_on(story.world, story.reserved)) == 1


def test_an_order_on_a_note_is_left_alone_with_one_proposal_and_its_pick_on_hold(
    story: Story,
) -> None:
    world = story.world
    assert units(world, story.on_note) == story.before["rows"]
    assert account_money(world, story.on_note) == story.before["total"]
    assert len(world.sandbox.account.goods_out_by_order[world.sales_order(story.on_note).id]) == 1
    (case,) = [one for one in cases(world, story.on_note) if one.class_ == "review"]
    assert case.field == "edit"
    proposed = {row["row"]: row for row in case.detail["proposal"]["rows"]}
    first, second, _ = rows_of(story)
    assert proposed[first]["after"].startswith("4 x product")
    assert proposed[second]["after"] == "nothing"
    assert world.sales_order(story.on_note).status_id == ON_HOLD
    assert any("On hold" in text for text in notes_on(world, story.on_note))


def rows_of(story: Story) -> list[str]:
    """Row references of the order on a note, in the order of its lines."""
    rows = story.world.sales_order(story.on_note).rows.values()
    return [row.external_ref for row in sorted(rows, key=lambda row: row.id) if row.product_id]


def test_the_write_back_never_contains_lines(story: Story) -> None:
    written_back = story.sent.writes(r"/stores/")
    assert written_back
    assert all(
        set(json.loads(one.body)) <= {"status_id", "external_order_id"} for one in written_back
    )
    assert discounts(story.world, story.reserved) == story.before["edited"]


def test_a_second_pass_writes_nothing_and_an_approval_carries_the_proposal_out(
    story: Story,
) -> None:
    world, (a, _, c) = story.world, story.kept
    assert second_pass(world, orders=[story.reserved, story.on_note]) == 0
    assert len(cases(world, story.on_note)) == 2

    approve(world, story.on_note)

    assert units(world, story.on_note) == {a: 4, c: 1}
    assert account_money(world, story.on_note) == store_money(world, story.on_note)
    assert world.sales_order(story.on_note).status_id != ON_HOLD
    assert second_pass(world, orders=[story.reserved, story.on_note]) == 0

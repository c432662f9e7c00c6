"""C15: clocks that jump, a page that ends within a second, money in another currency.

Given orders on both sides of each change to and from summer time, three hundred in one second
across the end of a page, stamps ninety seconds behind and ahead of the sweep, orders in euros of a
store that counts in pounds, and one of a channel that nobody mapped. When the sweeps run, then each
order is imported once, dated by the store's own calendar day, in its currency at its own rate; its
refund keeps that rate, and one that has drifted is reported; the unmapped one waits and is not
dropped.

The scenario has a store in dollars over an account in pounds. The sandbox's store counts in pounds;
what is asserted is the same: the rate that the order was placed at, never today's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from refunding import refund
from stories import (
    REFUNDS,
    account_money,
    cases,
    cents,
    credits_of,
    lines,
    received,
    run,
    second_pass,
    store_money,
    store_order,
)
from sweeping import sweep_orders
from world import World

SPRING = datetime(2025, 3, 30, 23, 45, tzinfo=UTC)
"""Summer time began at 01:00 that day: the store's clock says 00:45 of the 31st."""
AUTUMN = datetime(2025, 10, 26, 2, 30, tzinfo=UTC)
"""Summer time ended at 01:00 that day: 01:30 came twice."""
LOCAL_DAYS = {
    "2025-03-29T23:50:00+00:00": "2025-03-29",
    "2025-03-30T00:30:00+00:00": "2025-03-30",
    "2025-03-30T01:30:00+00:00": "2025-03-30",
    "2025-03-30T23:10:00+00:00": "2025-03-31",
    "2025-10-25T22:50:00+00:00": "2025-10-25",
    "2025-10-25T23:30:00+00:00": "2025-10-26",
    "2025-10-26T00:30:00+00:00": "2025-10-26",
    "2025-10-26T01:30:00+00:00": "2025-10-26",
}
"""The store's calendar day by the moment an order was placed; its zone is Europe/London."""
SECOND = SPRING - timedelta(minutes=15)
CROWD = 300
RATE = Decimal("1.2000")


@dataclass
class Story:
    """Orders by what is special about them."""

    world: World
    dated: dict[str, str] = field(default_factory=dict)
    """Order by the moment it was placed at."""
    crowd: list[str] = field(default_factory=list)
    skewed: list[str] = field(default_factory=list)
    euros: list[str] = field(default_factory=list)
    unmapped: str = ""
    counts: list[int] = field(default_factory=list)
    """Sales orders after each sweep."""
    repeated: int = -1
    """Writes of a sweep that only found again what the one before had found."""
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def all(self) -> list[str]:
        """Every order that can be imported."""
        return [*self.dated.values(), *self.crowd, *self.skewed, *self.euros]

    def sweep(self) -> None:
        sweep_orders()
        self.counts.append(len(self.world.sales_orders))

    def dated_orders(self, month: int) -> None:
        """Place the orders of one change of the clocks."""
        for moment in LOCAL_DAYS:
            if datetime.fromisoformat(moment).month == month:
                self.dated[moment] = self.world.place(**engraving(), placed_at=moment)


def engraving() -> dict[str, Any]:
    """An order that needs no stock and no money yet, so that hundreds of them are quick."""
    return {
        "lines": [{"name": "Engraving", "custom": True, "price": "5.00"}],
        "payment": "authorized",
    }


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    story = Story(world)
    world.sandbox.clock.freeze(SPRING)
    story.dated_orders(3)
    crowd = [{**engraving(), "placed_at": SECOND.isoformat()}] * CROWD
    placed = world.http.post(f"{world.sandbox.bigcommerce_url}/_sandbox/orders", json=crowd)
    story.crowd = [str(one) for one in placed.json()["ids"]]
    euro = {"lines": lines(world, 3), "currency": "EUR", "exchange_rate": str(RATE)}
    story.euros = [world.place(**euro) for _ in range(2)]
    story.unmapped = world.place(lines=lines(world, 1), channel_id=3)
    story.sweep()

    world.forget_requests()
    story.sweep()
    story.repeated = world.writes()

    for seconds in (-90, 90):
        stamp = SPRING + timedelta(seconds=seconds)
        story.skewed.append(world.place(**engraving(), placed_at=stamp.isoformat()))
    story.sweep()
    world.sandbox.clock.freeze(AUTUMN)
    story.dated_orders(10)
    story.sweep()

    drifted = story.euros[1]
    world.sales_order(drifted).exchange_rate = RATE * Decimal("1.01")
    for key in story.euros:
        refund(world, key, amount="4.00")
    story.report = run(world, REFUNDS, *story.euros)
    return story


def test_no_order_is_missed_or_doubled_by_the_sweeps(story: Story) -> None:
    assert story.world.duplicates() == {}
    imported = {one.external_ref for one in story.world.sales_orders}
    assert imported == {f"BC-{key}" for key in story.all}
    spring = sum(moment.startswith("2025-03") for moment in LOCAL_DAYS)
    first = spring + CROWD + len(story.euros)
    assert story.counts == [first, first, first + 2, first + 2 + len(LOCAL_DAYS) - spring]


def test_three_hundred_orders_of_one_second_are_all_there_though_a_page_ends_among_them(
    story: Story,
) -> None:
    stamps = {store_order(story.world, key).created_at for key in story.crowd}
    assert len(stamps) == 1
    assert len(story.crowd) == CROWD > 250
    assert set(story.world.states(*story.crowd)) == {"done"}


def test_a_sweep_that_finds_the_same_again_writes_nothing(story: Story) -> None:
    assert story.repeated == 0


def test_the_tax_date_is_the_stores_own_day(story: Story) -> None:
    zone = story.world.sandbox.account.zone
    days = {
        moment: story.world.sales_order(key).tax_date.astimezone(zone).date().isoformat()
        for moment, key in story.dated.items()
    }
    assert days == LOCAL_DAYS


def test_an_order_in_euros_stands_in_euros_at_the_rate_it_was_placed_at(story: Story) -> None:
    key = story.euros[0]
    order = story.world.sales_order(key)
    assert (order.currency_code, order.exchange_rate) == ("EUR", RATE)
    assert account_money(story.world, key) == store_money(story.world, key)
    assert received(story.world, key) == store_money(story.world, key)[0]


def test_a_refund_keeps_the_rate_of_its_order(story: Story) -> None:
    for key in story.euros:
        (credit,) = credits_of(story.world, key)
        order = story.world.sales_order(key)
        assert (credit.currency_code, credit.exchange_rate) == ("EUR", order.exchange_rate)
        assert cents(credit.net + credit.tax) == 400


def test_a_rate_that_drifted_by_more_than_half_a_percent_is_reported(story: Story) -> None:
    drifts = {note: count for note, count in story.report["notes"].items() if "rate" in note}
    assert sum(drifts.values()) == 1


def test_an_order_of_a_channel_nobody_mapped_waits_and_is_not_dropped(story: Story) -> None:
    (case,) = [one for one in cases(story.world, story.unmapped) if one.class_ == "channel"]
    assert case.value == "3"
    assert "channels.csv" in case.remedy
    assert story.world.states(story.unmapped) == ["dead"]


def test_a_second_pass_writes_nothing(story: Story) -> None:
    keys = [*story.dated.values(), *story.skewed, *story.euros, story.unmapped]
    assert second_pass(story.world, orders=keys, refunds=story.euros) == 0

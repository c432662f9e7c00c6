"""The watch over activity as a flow: it keeps a report, finds an outage and changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from world import PAIR, World

from core.times import utc_now
from flows.activity import watch_activity
from store.ledger import Intent, Ledger
from store.runs import Runs
from tasks.reconciler.connections import connect

HOUR = timedelta(hours=1)
WEEKS = 3


@pytest.fixture
def busy_until(world: World):
    """Three weeks of steady orders, none in the last hours."""

    def fill(quiet_h: int) -> None:
        end = utc_now().replace(minute=0, second=0, microsecond=0)
        ledger = Ledger(connect(PAIR).database)
        for back in range(quiet_h + 1, WEEKS * 168):
            at = end - back * HOUR + timedelta(minutes=5)
            intents = [
                Intent(PAIR, "orders", str(one), "create sales order", f"BC-{one}")
                for one in range(20)
            ]
            ledger.intend(intents, now=at)

    return fill


def run() -> dict:
    return asyncio.run(watch_activity.fn(PAIR))


def test_an_outage_is_kept_with_its_numbers(busy_until) -> None:
    busy_until(6)

    document = run()

    assert {one["kind"] for one in document["alarms"]} == {"outage"}
    assert Runs(connect(PAIR).database).last(PAIR, flow="watch-activity")[0]["alarms"]

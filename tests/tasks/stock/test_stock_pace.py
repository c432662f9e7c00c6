"""How soon a difference is sent: at once, unless stock moves in floods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.frames import frame
from core.settings import StockSettings
from core.stock import ITEMS
from tasks.stock.memory import StockMemory
from tasks.stock.pace import Pace
from tasks.stock.plan import Scene, work_out
from tasks.stock.plan_models import Plan

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SETTINGS = StockSettings(debounce_from_skus=3, debounce_s=10, debounce_limit_s=60, scarce_units=5)
NOTHING = StockMemory()


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def flood(**others: float) -> dict[str, datetime]:
    """When SKUs were heard of, seconds ago; two more beside them a moment ago."""
    return {name: ago(s) for name, s in {"x": 1.0, "y": 2.0, **others}.items()}


def planned(
    heard: dict[str, datetime], *, shown: int, wanted: int, memory: StockMemory = NOTHING
) -> Plan:
    """The plan for one SKU, `a`, of which so much is on sale and so much is to be."""
    moving = sum(at > ago(SETTINGS.debounce_s) for at in heard.values())
    row = {"sku_key": "a", "sku": "A", "product_id_bc": "5", "location_id": "1"}
    stock = {"is_enabled": True, "on_hand": shown, "available": shown, "safety_stock": 0}
    desired = pd.DataFrame([{**row, "product_id": "10", "quantity": wanted}])
    del desired["product_id_bc"]
    scene = Scene(NOON, SETTINGS, {"a": memory}, heard=heard, moving=moving)
    return work_out(desired, frame([row | stock], ITEMS), scene)


def test_a_change_that_comes_alone_is_sent_at_once() -> None:
    plan = planned({"a": ago(0)}, shown=50, wanted=40)
    assert [one.change for one in plan.adjusts] == [-10]
    assert not plan.rests


def test_in_a_flood_a_sku_waits_until_its_own_events_pause() -> None:
    plan = planned(flood(a=4), shown=50, wanted=40)
    assert not plan.adjusts
    assert plan.rests == {"a": NOON + timedelta(seconds=6)}
    assert plan.memories["a"].rests_since == NOON
    assert [one.change for one in planned(flood(a=10), shown=50, wanted=40).adjusts] == [-10]


def test_it_waits_no_longer_than_a_minute_however_often_it_is_named() -> None:
    nearly = StockMemory(rests_since=ago(58))
    assert planned(flood(a=0), shown=50, wanted=40, memory=nearly).rests == {
        "a": NOON + timedelta(seconds=2)
    }
    over = StockMemory(rests_since=ago(60))
    plan = planned(flood(a=0), shown=50, wanted=40, memory=over)
    assert [one.change for one in plan.adjusts] == [-10]
    assert plan.memories["a"].rests_since is None


def test_a_flood_is_told_by_all_that_moves_and_not_by_one_batch() -> None:
    alone = {"a": ago(0)}
    assert Pace(NOON, SETTINGS, alone, moving=3).rests_until("a", 50, 40, NOTHING)
    assert Pace(NOON, SETTINGS, alone, moving=2).rests_until("a", 50, 40, NOTHING) is None


def test_what_is_running_out_never_waits() -> None:
    assert planned(flood(a=0), shown=50, wanted=5).adjusts
    assert planned(flood(a=0), shown=50, wanted=6).rests
    assert planned(flood(a=0), shown=0, wanted=5).rests


def test_what_agrees_meanwhile_rests_no_more() -> None:
    plan = planned(flood(a=0), shown=40, wanted=40, memory=StockMemory(rests_since=ago(5)))
    assert not plan.adjusts
    assert not plan.rests
    assert plan.memories["a"].rests_since is None


def test_a_comparison_of_everything_waits_for_nothing() -> None:
    assert planned({}, shown=50, wanted=40).adjusts


@given(
    heard_s=st.floats(0, 100),
    rests_s=st.none() | st.floats(0, 100),
    shown=st.integers(-5, 100),
    wanted=st.integers(0, 100),
)
def test_nothing_that_runs_out_rests_and_nothing_rests_longer_than_it_may(
    heard_s: float, rests_s: float | None, shown: int, wanted: int
) -> None:
    memory = StockMemory(rests_since=None if rests_s is None else ago(rests_s))
    until = Pace(NOON, SETTINGS, flood(z=3, a=heard_s), 3).rests_until("a", shown, wanted, memory)
    if until is not None:
        assert not (wanted < shown and wanted <= SETTINGS.scarce_units)
        assert NOON < until <= ago(heard_s) + timedelta(seconds=SETTINGS.debounce_s)
        assert until <= (memory.rests_since or NOON) + timedelta(seconds=SETTINGS.debounce_limit_s)

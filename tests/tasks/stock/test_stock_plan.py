"""What is written of a difference, and when: at once, unless something holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames import frame
from core.settings import StockSettings
from core.stock import ITEMS, STOCK_LEVELS
from mappings.stock_places import Buffers, Places
from store.links import Link
from tasks.reconciler.operations import preview
from tasks.stock.frames import NOTHING_AGREED, AgreedStock, Pending, Snapshot
from tasks.stock.matching import compare
from tasks.stock.plan import Plan, PlanContext, plan_levels

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SETTINGS = StockSettings(debounce_from_skus=3, debounce_s=10, debounce_limit_s=60, scarce_units=5)
OWNED = StockSettings(bigcommerce_owned_locations=("1",))


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def flood(**others: float) -> dict[str, datetime]:
    """When events named SKUs, seconds ago; two more besides them a moment ago."""
    return {name: ago(s) for name, s in {"x": 1.0, "y": 2.0, **others}.items()}


def snapshot(agreed: Mapping[str, AgreedStock], **more: Any) -> Snapshot:
    places = Places((("2", "1"), ("3", "1")), Buffers({}))
    return Snapshot(places=places, agreed=agreed, read_at=NOON, **more)


def planned(
    on_sale: int,
    wanted: int,
    agreed: AgreedStock = NOTHING_AGREED,
    *,
    named_at: Mapping[str, datetime] | None = None,
    moving: int | None = None,
    safety_stock: int = 0,
    settings: StockSettings = SETTINGS,
    sold: Mapping[int, int] | None = None,
) -> Plan:
    """The plan for one SKU, `a`, of which so much is on sale and so much is to be."""
    named = named_at or {}
    recent = sum(at > ago(SETTINGS.debounce_s) for at in named.values())
    found = snapshot({"a": agreed}, sold={"a": sold or {}})
    moved = recent if moving is None else moving
    context = PlanContext(found, settings, named_at=named, moving=moved)
    row = {"sku_key": "a", "sku": "A", "location_id": "1"}
    levels = frame([{**row, "product_id": "10", "quantity": wanted}], STOCK_LEVELS)
    units = {"on_hand": on_sale + safety_stock, "safety_stock": safety_stock}
    items = frame([{**row, "product_id_bc": "5", **units}], ITEMS)
    return plan_levels(compare(levels, items), context)


def sent(plan: Plan) -> list[str]:
    return [one.describe() for one in plan.operations]


def test_the_difference_is_sent_and_not_the_number() -> None:
    known = AgreedStock(on_sale={"1": 4})
    assert sent(planned(4, 9, known, safety_stock=2)) == ["add 5 at location 1"]
    assert sent(planned(9, 4, known)) == ["add -5 at location 1"]


def test_what_was_never_counted_is_set_once_safety_stock_included() -> None:
    assert sent(planned(-1, 9, safety_stock=1)) == ["set to 10 at location 1"]


def test_an_item_is_called_as_the_store_wants_it() -> None:
    (by_sku,) = planned(4, 9).adjusts
    (by_product,) = planned(4, 9, AgreedStock(identity="product_id")).adjusts
    assert (by_sku.row().identity, by_sku.row().value) == ("sku", "A")
    assert (by_product.row().identity, by_product.row().value) == ("product_id", "5")


def test_a_count_where_the_store_is_master_corrects_the_first_warehouse_that_feeds_it() -> None:
    plan = planned(4, 9, settings=OWNED)
    assert sent(plan) == ["correct product 10 in warehouse 2 by -5"]
    assert [preview(record)["outcome"] for record in plan.records()] == ["corrected"]


@given(on_hand=st.integers(-50, 50), safety_stock=st.integers(0, 20), wanted=st.integers(0, 50))
def test_equal_means_that_shoppers_can_buy_as_many_as_they_may(
    on_hand: int, safety_stock: int, wanted: int
) -> None:
    plan = planned(on_hand - safety_stock, wanted, safety_stock=safety_stock)
    is_equal = wanted == max(0, on_hand - safety_stock)
    assert plan.compared["is_equal"].tolist() == [is_equal]
    assert bool(plan.adjusts) is not is_equal
    assert [one.level.on_hand + one.change for one in plan.adjusts] == (
        [] if is_equal else [wanted + safety_stock]
    )


def test_what_agrees_is_kept_as_agreed() -> None:
    assert planned(9, 9).agreed["a"].on_sale == {"1": 9}
    assert planned(9, 9, AgreedStock(on_sale={"1": 9})).agreed == {}


def test_nothing_is_sent_while_an_adjustment_is_pending() -> None:
    pending = AgreedStock(pending={"1": Pending(base=4, units=5, at=ago(3))})
    waits = planned(4, 12, pending)
    assert (sent(waits), waits.waiting, waits.agreed) == ([], {"a"}, {})

    arrived = planned(9, 12, pending)
    assert sent(arrived) == ["add 3 at location 1"]
    assert arrived.agreed["a"].pending == {}


def test_units_sold_since_it_was_sent_do_not_hide_that_it_arrived() -> None:
    pending = Pending(base=4, units=5, at=ago(3), newest_order=100)
    plan = planned(6, 6, AgreedStock(pending={"1": pending}), sold={100: 9, 101: 3})
    assert plan.agreed["a"].pending == {}
    assert not plan.waiting


def test_an_adjustment_that_never_shows_is_given_up_when_every_delay_has_passed() -> None:
    late = Pending(base=4, units=5, at=ago(SETTINGS.visible_after_s))
    plan = planned(4, 9, AgreedStock(pending={"1": late}))
    assert sent(plan) == ["add 5 at location 1"]


def test_a_number_that_was_set_and_cannot_be_seen_yet_is_waited_for_even_if_both_agree() -> None:
    new = Pending(base=0, units=5, is_absolute=True, at=ago(1))
    assert planned(0, 0, AgreedStock(pending={"1": new})).waiting == {"a"}
    assert not planned(4, 4, AgreedStock(pending={"1": new})).waiting


def test_a_change_that_comes_alone_is_sent_at_once() -> None:
    plan = planned(50, 40, named_at={"a": ago(0)})
    assert [one.change for one in plan.adjusts] == [-10]
    assert not plan.debounced


def test_in_a_flood_a_sku_waits_until_its_own_events_pause() -> None:
    plan = planned(50, 40, named_at=flood(a=4))
    assert not plan.adjusts
    assert plan.debounced == {"a": NOON + timedelta(seconds=6)}
    assert plan.agreed["a"].debounced_since == NOON
    assert [one.change for one in planned(50, 40, named_at=flood(a=10)).adjusts] == [-10]


def test_it_waits_no_longer_than_a_minute_however_often_it_is_named() -> None:
    nearly = AgreedStock(debounced_since=ago(58))
    plan = planned(50, 40, nearly, named_at=flood(a=0))
    assert plan.debounced == {"a": NOON + timedelta(seconds=2)}
    over = AgreedStock(debounced_since=ago(60))
    plan = planned(50, 40, over, named_at=flood(a=0))
    assert [one.change for one in plan.adjusts] == [-10]
    assert plan.agreed["a"].debounced_since is None


def test_a_flood_is_all_that_moves_and_not_one_batch() -> None:
    alone = {"a": ago(0)}
    assert planned(50, 40, named_at=alone, moving=3).debounced
    assert not planned(50, 40, named_at=alone, moving=2).debounced


def test_what_is_running_out_never_waits() -> None:
    assert planned(50, 5, named_at=flood(a=0)).adjusts
    assert planned(50, 6, named_at=flood(a=0)).debounced
    assert planned(0, 5, named_at=flood(a=0)).debounced


def test_what_agrees_meanwhile_waits_no_more() -> None:
    plan = planned(40, 40, AgreedStock(debounced_since=ago(5)), named_at=flood(a=0))
    assert not plan.adjusts
    assert not plan.debounced
    assert plan.agreed["a"].debounced_since is None


def test_a_comparison_of_everything_waits_for_nothing() -> None:
    assert planned(50, 40).adjusts


@given(
    named_s=st.floats(0, 100),
    waits_s=st.none() | st.floats(0, 100),
    on_sale=st.integers(-5, 100),
    wanted=st.integers(0, 100),
)
def test_nothing_that_runs_out_waits_and_nothing_waits_longer_than_it_may(
    named_s: float, waits_s: float | None, on_sale: int, wanted: int
) -> None:
    agreed = AgreedStock(debounced_since=None if waits_s is None else ago(waits_s))
    plan = planned(on_sale, wanted, agreed, named_at=flood(z=3, a=named_s), moving=3)
    for until in plan.debounced.values():
        assert not (wanted < on_sale and wanted <= SETTINGS.scarce_units)
        assert NOON < until <= ago(named_s) + timedelta(seconds=SETTINGS.debounce_s)
        longest = timedelta(seconds=SETTINGS.debounce_limit_s)
        assert until <= (agreed.debounced_since or NOON) + longest


def zeroing(orders: Mapping[str, Mapping[str, int]]) -> Plan:
    """The plan that takes all of three SKUs off sale, of a catalogue of ten."""
    rows = [{"sku_key": sku, "sku": sku, "location_id": "1"} for sku in ("a", "b", "c")]
    levels = frame([{**row, "product_id": "10", "quantity": 0} for row in rows], STOCK_LEVELS)
    items = frame([{**row, "product_id_bc": "5", "on_hand": 5} for row in rows], ITEMS)
    settings = StockSettings(zeroing_min_skus=2, zeroing_percent=20)
    found = snapshot({}, orders=orders)
    context = PlanContext(found, settings, catalogue=10)
    return plan_levels(compare(levels, items), context)


def test_a_plan_that_would_empty_the_shop_is_for_a_person_to_release() -> None:
    plan = zeroing(orders={})
    assert (len(plan.adjusts), plan.zeroed) == (3, 3)


def test_what_sells_out_is_no_fault() -> None:
    plan = zeroing(orders={"a": {"100": 5}})
    assert (len(plan.adjusts), plan.zeroed) == (3, 0)


def test_what_an_earlier_version_kept_in_a_link_is_read() -> None:
    way = {"base": 1, "units": 2, "at": "2026-11-24T12:00:00Z"}
    detail = {"sku": "A", "told": {"1": 4}, "sent": {"1": way}, "revision": 3}
    agreed = AgreedStock.of(Link("a", "10", {**detail, "rests_since": "2026-11-24T12:00:00Z"}))
    assert agreed.on_sale == {"1": 4}
    assert agreed.pending == {"1": Pending(base=1, units=2, at=NOON)}
    assert (agreed.revision, agreed.debounced_since) == (3, NOON)
    assert AgreedStock.of(Link("a", "10", agreed.detail())) == agreed


@pytest.mark.parametrize(
    ("agreed", "quantity", "has_risen"),
    [
        (NOTHING_AGREED, 5, False),
        (AgreedStock(on_sale={"1": 4}), 5, True),
        (AgreedStock(on_sale={"1": 5}), 5, False),
        (AgreedStock(on_sale={"1": 6}), 5, False),
        (AgreedStock(on_sale={"1": 6}, pending={"1": Pending(base=6, units=-6, at=NOON)}), 5, True),
    ],
)
def test_what_may_be_sold_has_risen_above_what_was_agreed_on_or_sent_since(
    agreed: AgreedStock, quantity: int, *, has_risen: bool
) -> None:
    assert agreed.has_risen("1", quantity) is has_risen

"""The wide variety of stock, end to end over real HTTP: faults, hands, people's decisions."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from threading import Thread

import pytest
from shelves import (
    audit,
    clocked,
    levels,
    on_sale,
    once,
    pass_time,
    plenty,
    product,
    promised,
    reconcile,
    store_shows_after,
    sync,
    sync_later,
    written,
)
from world import PAIR, World

from core.times import utc_now
from flows.stock import sync_stock
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.reconciler.cases import CATALOGUE
from tasks.reconciler.connections import connect, disconnect
from tasks.reconciler.sweep import sweep
from tasks.stock.entity import STOCK
from tasks.stock.plan import UnusualStockError, ZeroingError

ADJUSTMENTS = "/v3/inventory/adjustments/.*"

pytestmark = pytest.mark.long


def test_a_change_whose_notice_was_lost_is_found_by_the_sweep(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    world.brightpearl("stock", sku=sku, on_hand=7)
    swept = sweep(PAIR, STOCK)
    assert swept["changed"] >= 1
    sync(world)
    assert on_sale(world, sku) == promised(world, sku)


def test_a_dry_run_shows_what_it_would_write_and_writes_nothing(world: World) -> None:
    (sku,) = plenty(world)
    world.brightpearl("stock", sku=sku, on_hand=7)
    world.forget_requests()
    report = asyncio.run(sync_stock.fn(pair=PAIR, dry_run=True, keys=[product(world, sku)]))
    (line,) = report["preview"]
    assert (line["record"], line["outcome"]) == (sku.casefold(), "adjusted")
    assert world.writes() == 0


def test_a_parked_order_holds_its_units_for_as_long_as_it_lives(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sku,) = plenty(world)
    before = on_sale(world, sku)
    key = world.place(lines=[{"sku": sku, "quantity": 2}], status_id=1)
    world.sync(key)
    monkeypatch.setenv("CAUSEWAY_STOCK__ORDERS_WINDOW_MINUTES", "1")
    disconnect()
    pass_time(world, 600)
    sync(world, product(world, sku))
    assert on_sale(world, sku) == before - 2

    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    sync(world)
    assert on_sale(world, sku) == before


def test_an_answer_that_was_lost_is_not_repeated_and_not_forgotten(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    world.fault(
        "bigcommerce", {"kind": "lost_answer", "method": "POST", "path": ADJUSTMENTS, "times": 1}
    )
    world.brightpearl("stock", sku=sku, delta=10)
    sync(world, product(world, sku))
    sync_later(60)
    assert on_sale(world, sku) == promised(world, sku)

    world.fault(
        "bigcommerce",
        {"kind": "drop_connection", "method": "POST", "path": ADJUSTMENTS, "times": 1},
    )
    world.brightpearl("stock", sku=sku, delta=5)
    sync(world, product(world, sku))
    sync_later(60)
    assert on_sale(world, sku) == promised(world, sku)


def test_a_crash_after_sending_does_not_send_twice(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    store_shows_after(world, 60)
    world.brightpearl("stock", sku=sku, delta=10)
    world.forget_requests()

    def die() -> None:
        raise KeyboardInterrupt

    with (
        clocked(once(lambda: written(world) > 0, die)),
        pytest.raises(KeyboardInterrupt),
    ):
        sync(world, product(world, sku))
    disconnect()
    Inbox(connect(PAIR).database).put(PAIR, "stock", [sku.casefold()], source="x", now=utc_now())
    sync_later(400)
    pass_time(world, 61)
    sync_later(500)
    assert on_sale(world, sku) == promised(world, sku)


def test_a_count_made_in_the_store_is_repaired(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    world.bigcommerce("stock", sku=sku, on_hand=999)
    found = audit()
    (drift,) = found["drifted"]
    assert (drift["sku"], drift["before"]) == (sku, 999)
    assert "by hand" in drift["cause"]
    assert found["requeued"] == 1

    sync(world)
    assert on_sale(world, sku) == promised(world, sku)


def test_a_count_made_where_the_store_is_master_corrects_brightpearl(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, down = plenty(world, 2)
    reconcile()
    monkeypatch.setenv("CAUSEWAY_STOCK__BIGCOMMERCE_OWNED_LOCATIONS", "1")
    disconnect()
    world.bigcommerce("stock", sku=up, delta=6)
    world.bigcommerce("stock", sku=down, delta=-6)
    sync(world, up.casefold(), down.casefold())
    for sku in (up, down):
        assert promised(world, sku) == on_sale(world, sku)

    world.forget_requests()
    sync(world, up.casefold(), down.casefold())
    assert world.writes() == 0


def test_a_product_tracked_as_a_whole_is_named_by_its_product_and_others_go_through(
    world: World,
) -> None:
    odd, *others = plenty(world, 3)
    world.bigcommerce("tracking", sku=odd, tracking="product")
    for sku in (odd, *others):
        world.brightpearl("stock", sku=sku, on_hand=4)
    sync(world, *(product(world, sku) for sku in (odd, *others)))
    for sku in (odd, *others):
        assert on_sale(world, sku) == promised(world, sku)


def test_a_location_that_the_store_does_not_have_or_closed_gets_nothing(world: World) -> None:
    made = world.bigcommerce("locations", label="Depot")
    world.bigcommerce("locations", location_id=made["location_id"], enabled=False)
    found = reconcile()
    assert found["accuracy_percent"] == 100


def test_a_run_that_would_empty_the_catalogue_stops_until_a_person_releases_it(
    world: World,
) -> None:
    reconcile()
    store = levels(world, "bigcommerce")
    account = levels(world, "brightpearl")
    many = [sku for sku in store if sku in account and store[sku]["1"][1] > 0]
    for sku in many:
        for warehouse in account[sku]:
            world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))
    with pytest.raises(ZeroingError, match="SKUs off sale"):
        reconcile()
    quarantine = Quarantine(connect(PAIR).database)
    (case,) = quarantine.list(pair=PAIR, entity="stock")
    assert case.field == "zeroing"

    quarantine.approve([case.id], now=datetime.now(UTC))
    assert reconcile()["repaired"] == len(many)
    assert not quarantine.decided(PAIR, "stock", [CATALOGUE]).approved


def test_a_run_that_changes_most_of_the_catalogue_is_held_where_the_settings_say_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconcile()
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__STOCK", "hold")
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__STOCK_CHANGED_PERCENT", "1")
    disconnect()
    account = levels(world, "brightpearl")
    many = [sku for sku in levels(world, "bigcommerce") if sku in account]
    for sku in many:
        for warehouse in account[sku]:
            world.brightpearl("stock", sku=sku, delta=7, warehouse_id=int(warehouse))
    quarantine = Quarantine(connect(PAIR).database)
    world.forget_requests()
    reconcile(dry_run=True)
    assert (world.writes(), quarantine.list(pair=PAIR, entity="stock")) == (0, [])
    with pytest.raises(UnusualStockError, match="of the catalogue"):
        reconcile()
    (case,) = quarantine.list(pair=PAIR, entity="stock")

    quarantine.approve([case.id], now=datetime.now(UTC))
    assert reconcile()["repaired"] > 0
    assert not quarantine.decided(PAIR, "stock", [CATALOGUE]).approved


def test_an_order_cancelled_in_brightpearl_gives_its_stock_back_once(
    world: World,
) -> None:
    (sku,) = plenty(world)
    key = world.place(lines=[{"sku": sku, "quantity": 3}])
    world.sync(key)
    sync(world, product(world, sku))
    world.brightpearl("edit", order_id=world.sales_order(key).id, cancel=True)
    world.brightpearl("stock", sku=sku, delta=3)
    sync(world, product(world, sku))
    world.sync(key, source="notice")
    assert on_sale(world, sku) > promised(world, sku)
    assert sync(world)["counts"]["waiting"] == 1
    sync_later(60)
    assert on_sale(world, sku) == promised(world, sku)


def test_what_was_sold_above_stock_is_named_with_its_orders_and_its_first_cause(
    world: World,
) -> None:
    (sku,) = plenty(world)
    reconcile()
    for warehouse in levels(world, "brightpearl")[sku]:
        world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))
    world.brightpearl("stock", sku=sku, on_hand=1)
    key = world.place(lines=[{"sku": sku, "quantity": 4}])
    sync(world, product(world, sku))
    (first,) = audit()["oversold"]
    assert (first["sku"], first["units"], first["orders"]) == (sku, 3, [key])
    assert "late event" in first["cause"]
    assert on_sale(world, sku) == 0

    world.sync(key)
    sync(world, product(world, sku))
    (again,) = audit()["oversold"]
    assert (again["units"], again["cause"]) == (3, first["cause"])


def test_a_plan_that_another_run_has_overtaken_sends_nothing(world: World) -> None:
    (sku,) = plenty(world)
    reconcile()
    world.brightpearl("stock", sku=sku, delta=10)
    world.forget_requests()

    def is_read() -> bool:
        return any("product-availability" in name for name in world.requests("brightpearl"))

    def overtake() -> None:
        other = Thread(target=sync, args=(world, product(world, sku)))
        other.start()
        other.join()

    with clocked(once(is_read, overtake)):
        found = reconcile()
    assert written(world) == 1
    assert (found["repaired"], found["failed"]) == (0, 1)
    assert on_sale(world, sku) == promised(world, sku)


def test_items_of_the_store_that_cannot_be_read_are_named_by_an_audit(world: World) -> None:
    (sku,) = plenty(world)
    rule = {"kind": "null_fields", "path": "/v3/inventory/items", "field": "locations"}
    world.fault("bigcommerce", rule)
    found = audit()
    assert sku in found["refused"][sku.casefold()]
    assert not found["agrees"]
    cases = Quarantine(connect(PAIR).database).list(pair=PAIR, entity="stock")
    assert (sku.casefold(), "locations") in {(case.key, case.field) for case in cases}


def test_a_correction_that_cannot_be_made_is_a_case_and_the_rest_goes_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sku,) = plenty(world)
    reconcile()
    monkeypatch.setenv("CAUSEWAY_STOCK__BIGCOMMERCE_OWNED_LOCATIONS", "1")
    disconnect()
    world.sandbox.account.without_default_location.update({2, 3})
    world.bigcommerce("stock", sku=sku, delta=6)
    report = sync(world, sku.casefold(), product(world, sku))
    assert report["counts"]["rejected"] == 1
    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR, entity="stock")
    assert case.key == sku.casefold()
    assert "no default location" in case.reason
    assert "stock_locations.csv" in case.remedy

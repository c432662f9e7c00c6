"""Prices over real HTTP: what Brightpearl's price lists become in the store, and what waits."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from world import PAIR, World

from core.times import utc_now
from flows.prices import audit_prices, sync_prices
from mappings.bundle import load_bundle
from store.quarantine import Quarantine
from store.versions import Versions
from tasks.prices.entity import PRICES
from tasks.reconciler.connections import connect
from tasks.reconciler.sweep import sweep

SKU = "GAR-01-RED-M"
OTHER = "GAR-02-RED-S"
TARGETS = "value,becomes,note\n1,cost_price,\n2,price,\n3,list:Trade,\n"


def sync(world: World, *keys: str, **options: Any) -> dict[str, Any]:
    world.due(*keys, entity="prices")
    return asyncio.run(sync_prices.fn(PAIR, **options))


def publish(**files: str) -> None:
    """Publish the mappings with these tables in place of the shipped ones."""
    connections = connect(PAIR)
    changed = {f"tables/{name}.csv": text for name, text in files.items()}
    texts = {**load_bundle().files, **changed}
    Versions(connections.database).publish(
        PAIR, files=texts, author="ann", note="prices", now=utc_now()
    )


def product(world: World, sku: str) -> Any:
    """Brightpearl's product."""
    return next(one for one in world.sandbox.account.products.values() if one.sku == sku)


def price_in_brightpearl(world: World, sku: str, list_id: int, **by_quantity: str) -> None:
    """What staff enter in Brightpearl."""
    world.sandbox.account.products[product(world, sku).id].prices[list_id] = {
        quantity.removeprefix("q"): Decimal(value) for quantity, value in by_quantity.items()
    }


def variant(world: World, sku: str) -> Any:
    store = world.sandbox.store
    return store.variants[store.variant_by_sku[sku.casefold()]]


def cases(world: World) -> list[Any]:
    return Quarantine(connect(PAIR).database).list(pair=PAIR, entity="prices")


def key(sku: str) -> str:
    return sku.casefold()


@pytest.fixture
def trade(world: World) -> Any:
    """A price list in the store, by its record."""
    connections = connect(PAIR)
    connections.bigcommerce.create_price_list("Trade")
    publish(price_targets=TARGETS)
    return next(iter(world.sandbox.store.price_lists.values()))


def test_a_price_that_staff_change_is_asked_in_the_store_and_a_second_run_writes_nothing(
    world: World,
) -> None:
    price_in_brightpearl(world, SKU, 2, q1="21.505")
    world.forget_requests()

    report = sync(world, key(SKU))

    assert report["counts"]["priced"] == 1
    assert variant(world, SKU).price == Decimal("21.51")
    assert world.states(key(SKU), entity="prices") == ["done"]

    writes = world.writes()
    assert sync(world, key(SKU))["counts"]["unchanged"] == 1
    assert world.writes() == writes


def test_a_price_list_takes_prices_with_their_quantity_breaks(world: World, trade: Any) -> None:
    price_in_brightpearl(world, SKU, 3, q1="15", q5="14.5", q10="13")

    sync(world, key(SKU))

    record = trade.records[variant(world, SKU).id, "GBP"]
    assert record.prices["price"] == 15
    assert [(t["quantity_min"], t["quantity_max"], t["amount"]) for t in record.tiers] == [
        (5, 9, 14.5),
        (10, 0, 13.0),
    ]
    world.forget_requests()
    sync(world, key(SKU))
    assert world.writes() == 0

    price_in_brightpearl(world, SKU, 3)
    sync(world, key(SKU))
    assert trade.records == {}


def test_a_list_that_the_store_writes_in_another_case_is_written_to_once(world: World) -> None:
    connect(PAIR).bigcommerce.create_price_list("TRADE")
    publish(price_targets=TARGETS)
    price_in_brightpearl(world, SKU, 3, q1="15")
    sync(world, key(SKU))
    (trade,) = world.sandbox.store.price_lists.values()
    assert trade.records[variant(world, SKU).id, "GBP"].prices["price"] == 15
    world.forget_requests()

    sync(world, key(SKU))

    assert world.writes() == 0


@pytest.mark.parametrize(
    ("price", "kind"), [("1", "below cost"), ("0", "price zero"), ("6", "price fall")]
)
def test_a_price_that_customers_could_buy_at_by_mistake_waits_for_a_person(
    world: World, price: str, kind: str
) -> None:
    price_in_brightpearl(world, SKU, 1, q1="5")
    price_in_brightpearl(world, SKU, 2, q1="20")
    sync(world, key(SKU))
    price_in_brightpearl(world, SKU, 2, q1=price)

    report = sync(world, key(SKU))

    assert report["counts"]["refused"] == 1
    assert variant(world, SKU).price == 20
    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", kind)
    Quarantine(connect(PAIR).database).approve([case.id], now=utc_now())
    sync(world)
    assert variant(world, SKU).price == Decimal(price)
    assert cases(world) == []


def test_a_list_that_the_store_lacks_is_refused_and_other_prices_go_through(world: World) -> None:
    publish(price_targets=TARGETS)
    price_in_brightpearl(world, SKU, 2, q1="22")
    price_in_brightpearl(world, SKU, 3, q1="15")

    sync(world, key(SKU))

    assert variant(world, SKU).price == 22
    (case,) = cases(world)
    assert (case.class_, case.value) == ("price_list", "Trade")
    assert "Create the price list 'Trade'" in case.remedy


def test_a_negative_price_is_refused_alone(world: World) -> None:
    price_in_brightpearl(world, SKU, 2, q1="-1")
    price_in_brightpearl(world, OTHER, 2, q1="30")

    report = sync(world, key(SKU), key(OTHER))

    assert report["counts"]["refused"] == 1
    assert variant(world, OTHER).price == 30
    assert [case.key for case in cases(world)] == [key(SKU)]


def test_tax_and_rounding_are_by_table(world: World) -> None:
    publish(
        price_taxes="value,becomes,note\n2,20,\n*,0,\n",
        price_rounding="value,becomes,note\n*,1-0.01,\n",
    )
    price_in_brightpearl(world, SKU, 2, q1="16.90")

    sync(world, key(SKU))

    assert variant(world, SKU).price == Decimal("19.99")


def test_what_staff_of_the_store_change_is_set_back_to_its_owners_price(world: World) -> None:
    price_in_brightpearl(world, SKU, 2, q1="22")
    sync(world, key(SKU))
    variant(world, SKU).price = Decimal(25)

    sync(world, key(SKU))

    assert variant(world, SKU).price == 22


def test_a_sku_that_one_side_lacks_is_left_alone(world: World) -> None:
    assert sync(world, "nothing")["counts"]["not ours"] == 1
    assert world.states("nothing", entity="prices") == ["done"]


def test_the_sweep_finds_changed_products_and_the_audit_what_differs(world: World) -> None:
    sweep(PAIR, PRICES)
    sync(world)
    assert asyncio.run(audit_prices.fn(PAIR))["agrees"]
    price_in_brightpearl(world, SKU, 2, q1="23")

    found = asyncio.run(audit_prices.fn(PAIR))

    assert list(found["differing"]) == [key(SKU)]
    assert found["records"] == found["equal"] + 1
    assert sync(world)["counts"]["priced"] == 1
    assert variant(world, SKU).price == 23
    assert asyncio.run(audit_prices.fn(PAIR))["agrees"]


def test_a_dry_run_shows_the_change_and_writes_nothing(world: World) -> None:
    price_in_brightpearl(world, SKU, 2, q1="22")
    world.forget_requests()

    report = asyncio.run(sync_prices.fn(PAIR, dry_run=True, keys=[key(SKU)]))

    (line,) = report["preview"]
    assert line["outcome"] == "priced"
    assert "→ 22" in line["writes"]
    assert world.writes() == 0

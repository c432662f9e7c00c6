"""A run of prices that is unusual as a whole is reported, or stops until a person releases it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from world import PAIR, World

from core.times import utc_now
from flows.prices import audit_prices, sync_prices
from store.quarantine import Quarantine
from tasks.prices.entity import PRICES
from tasks.prices.plan import UnusualPricesError
from tasks.reconciler.cases import CATALOGUE
from tasks.reconciler.connections import connect, disconnect
from tasks.reconciler.sweep import sweep

LIST = 2


def sync(world: World, *keys: str, **options: Any) -> dict[str, Any]:
    world.due(*keys, entity="prices")
    return asyncio.run(sync_prices.fn(PAIR, **options))


@pytest.fixture
def skus(world: World) -> list[str]:
    """SKUs, as compared, whose prices both sides agree on."""
    sweep(PAIR, PRICES)
    sync(world)
    variants = world.sandbox.store.variant_by_sku
    found = [one.sku.casefold() for one in world.sandbox.account.products.values() if one.sku]
    return sorted(sku for sku in found if sku in variants and price(world, sku))


@pytest.fixture
def holds(skus: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pair's settings from now on hold unusual runs."""
    assert skus
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__PRICES", "hold")
    disconnect()


def price(world: World, sku: str) -> Decimal | None:
    """What the store asks."""
    store = world.sandbox.store
    found: Decimal | None = store.variants[store.variant_by_sku[sku]].price
    return found


def enter(world: World, skus: list[str], factor: str) -> None:
    """What staff enter in Brightpearl: other prices, by a factor."""
    for product in world.sandbox.account.products.values():
        if product.sku and product.sku.casefold() in skus:
            new = (product.prices[LIST]["1"] * Decimal(factor)).quantize(Decimal("0.01"))
            product.prices[LIST] = {"1": new}


def prices(world: World, skus: list[str]) -> dict[str, Decimal | None]:
    return {sku: price(world, sku) for sku in skus}


def cases(world: World) -> list[Any]:
    return Quarantine(connect(PAIR).database).list(pair=PAIR, entity="prices")


def is_held(world: World, skus: list[str], factor: str, why: str) -> Any:
    """The case of a run of these prices that is held: the store asks what it asked."""
    before = prices(world, skus)
    enter(world, skus, factor)

    with pytest.raises(UnusualPricesError, match=why):
        sync(world, *skus)

    assert prices(world, skus) == before
    (case,) = cases(world)
    return case


@pytest.mark.usefixtures("holds")
def test_a_run_that_changes_most_prices_is_held_until_a_person_releases_it(
    world: World, skus: list[str]
) -> None:
    before = prices(world, skus)
    case = is_held(world, skus, "1.05", "of the catalogue")

    assert (case.key, case.class_, case.value) == (CATALOGUE, "review", "unusual")
    with pytest.raises(UnusualPricesError, match="waits for a person"):
        sync(world, keys=skus[:3])
    assert prices(world, skus) == before
    (case,) = cases(world)
    assert "of the catalogue" in case.reason

    Quarantine(connect(PAIR).database).approve([case.id], now=utc_now())
    sync(world, keys=[*skus, CATALOGUE])
    assert all(after != before[sku] for sku, after in prices(world, skus).items())
    assert not Quarantine(connect(PAIR).database).decided(PAIR, "prices", [CATALOGUE]).approved
    assert asyncio.run(audit_prices.fn(PAIR))["agrees"]


@pytest.mark.usefixtures("holds")
def test_a_release_without_a_run_that_needs_it_is_kept(world: World, skus: list[str]) -> None:
    case = is_held(world, skus, "1.05", "of the catalogue")
    Quarantine(connect(PAIR).database).approve([case.id], now=utc_now())

    sync(world, keys=[CATALOGUE])

    assert world.states(CATALOGUE, entity="prices") == ["done"]
    assert sync(world, keys=skus)["counts"]["priced"] == len(skus)


@pytest.mark.usefixtures("holds")
def test_a_feed_of_zeros_is_one_case_and_not_one_for_each_price(
    world: World, skus: list[str]
) -> None:
    assert is_held(world, skus[:20], "0", "20 changed prices are 0").key == CATALOGUE


@pytest.mark.usefixtures("holds")
def test_prices_that_rise_by_far_are_held(world: World, skus: list[str]) -> None:
    assert is_held(world, skus[:20], "100", "prices move by").value == "unusual"


@pytest.mark.usefixtures("holds")
def test_the_first_batch_of_a_flood_stands_for_all_of_it(
    world: World, skus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_PRICES__BATCH_SIZE", "20")
    disconnect()
    case = is_held(world, skus, "1.05", "of the catalogue")
    Quarantine(connect(PAIR).database).approve([case.id], now=utc_now())
    report = sync(world, keys=skus)
    assert (report["counts"]["priced"], cases(world)) == (len(skus), [])


@pytest.mark.usefixtures("holds")
def test_a_usual_run_goes_through(world: World, skus: list[str]) -> None:
    enter(world, skus[:20], "1.05")

    assert sync(world, *skus)["counts"]["priced"] == 20
    assert cases(world) == []


@pytest.mark.usefixtures("holds")
def test_falls_that_a_person_approved_one_by_one_do_not_hold_a_run(
    world: World, skus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__PRICES_CHANGED_PERCENT", "100")
    disconnect()
    few = skus[:20]
    for start in (0, 10):
        enter(world, few[start : start + 10], "0.1")
        sync(world, *few)
    found = cases(world)
    assert len(found) == 20
    Quarantine(connect(PAIR).database).approve([case.id for case in found], now=utc_now())

    assert sync(world)["counts"]["priced"] == 20


def test_an_unusual_run_is_reported_by_default(world: World, skus: list[str]) -> None:
    enter(world, skus, "1.05")

    report = sync(world, *skus)

    assert report["counts"]["priced"] == len(skus)
    assert any(note.startswith("unusual prices: it changes") for note in report["notes"])
    assert cases(world) == []


def test_nothing_is_said_of_runs_where_the_settings_say_off(
    world: World, skus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__PRICES", "off")
    disconnect()
    enter(world, skus, "1.05")

    assert sync(world, *skus)["notes"] == {}


@pytest.mark.usefixtures("holds")
def test_a_dry_run_and_an_audit_hold_nothing(world: World, skus: list[str]) -> None:
    enter(world, skus, "1.05")

    report = sync(world, dry_run=True, keys=skus)

    assert any("unusual prices" in note for note in report["notes"])
    assert asyncio.run(audit_prices.fn(PAIR))["differing"]
    assert cases(world) == []

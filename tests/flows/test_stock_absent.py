"""SKUs that both systems had and one of them lost: off sale, or a case; the audit names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from shelves import audit, clocked, levels, on_sale, plenty, product, promised, reconcile, sync
from world import PAIR, World

from core.times import to_iso, utc_now
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long


def archive(world: World, sku: str) -> None:
    world.brightpearl("products", edit=sku, status="ARCHIVED")


def untrack(world: World, sku: str) -> None:
    world.brightpearl("products", edit=sku, stock_tracked=False)


def delete(world: World, sku: str) -> None:
    world.http.delete(world.control("brightpearl", f"products/{sku}")).raise_for_status()


def rename(world: World, sku: str) -> None:
    world.brightpearl("products", edit=sku, sku=f"{sku}-NEW")


LOSSES = pytest.mark.parametrize("lose", [archive, untrack, delete, rename])


def agreed(world: World) -> str:
    """A SKU that both systems agree on, with a lot on sale."""
    (sku,) = plenty(world)
    reconcile()
    assert on_sale(world, sku) == promised(world, sku) > 0
    return sku


def case_of(sku: str) -> Entry:
    (case,) = [
        one
        for one in Quarantine(connect(PAIR).database).list(pair=PAIR, entity="stock")
        if one.key == sku.casefold()
    ]
    return case


@LOSSES
def test_what_brightpearl_lost_is_found_by_the_audit_and_taken_off_sale(
    world: World, lose: Callable[[World, str], None]
) -> None:
    sku = agreed(world)
    lose(world, sku)

    found = audit()
    assert not found["agrees"]
    assert sku.casefold() in found["only_in_store_by_sku"]
    assert f"{sku} at location 1" in found["drifted_by_sku"]
    sync(world)
    assert on_sale(world, sku) == 0
    assert levels(world, "bigcommerce")[sku]["1"][1] == 0
    assert audit()["agrees"]


@pytest.mark.parametrize("lose", [untrack, delete])
def test_a_notice_is_enough_where_brightpearl_answers_that_it_keeps_no_stock(
    world: World, lose: Callable[[World, str], None]
) -> None:
    sku = agreed(world)
    key = product(world, sku)
    lose(world, sku)
    sync(world, key)
    assert on_sale(world, sku) == 0


def test_a_product_that_comes_back_is_on_sale_again(world: World) -> None:
    sku = agreed(world)
    archive(world, sku)
    reconcile()
    assert on_sale(world, sku) == 0
    world.brightpearl("products", edit=sku, status="LIVE")
    with clocked(lambda: utc_now() + timedelta(minutes=2)):
        reconcile()
    assert on_sale(world, sku) == promised(world, sku) > 0
    assert sku.casefold() not in audit()["only_in_store_by_sku"]


@LOSSES
def test_by_setting_a_person_decides_and_approval_takes_it_off_sale(
    world: World, lose: Callable[[World, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_STOCK__PRODUCT_GONE", "review")
    disconnect()
    sku = agreed(world)
    before = on_sale(world, sku)
    lose(world, sku)
    audit()
    case = case_of(sku)
    assert (case.class_, case.field) == ("review", "gone")
    sync(world, sku.casefold())
    assert on_sale(world, sku) == before

    Quarantine(connect(PAIR).database).approve([case.id], now=utc_now())
    sync(world)
    assert on_sale(world, sku) == 0
    disconnect()


def test_stock_that_the_store_stopped_to_track_is_a_case_until_it_is_tracked_again(
    world: World,
) -> None:
    sku = agreed(world)
    world.bigcommerce("tracking", sku=sku, tracking="none")

    found = audit()

    assert not found["agrees"]
    assert "without limit" in found["refused"][sku.casefold()]
    case = case_of(sku)
    assert (case.class_, case.field) == ("review", "untracked")
    sync(world, product(world, sku))
    assert case_of(sku).id == case.id

    world.bigcommerce("tracking", sku=sku, tracking="product")
    Quarantine(connect(PAIR).database).release(PAIR, entity="stock", now=utc_now())
    sync(world)
    assert on_sale(world, sku) == promised(world, sku)
    assert not audit()["refused"]


def test_the_audit_says_since_when_each_sku_is_on_one_side_only(world: World) -> None:
    world.brightpearl("products", sku="ONLY-BP", stock=5)
    world.bigcommerce("products", sku="ONLY-BC", stock=7)
    start = utc_now()
    with clocked(lambda: start):
        first = audit()
    with clocked(lambda: start + timedelta(days=3)):
        second = audit()
    since = f"since {to_iso(start)}: "
    for found in (first, second):
        assert found["only_in_brightpearl_by_sku"]["only-bp"].startswith(since)
        assert found["only_in_store_by_sku"]["only-bc"].startswith(since)
    world.bigcommerce("products", sku="ONLY-BP")
    assert "only-bp" not in audit()["only_in_brightpearl_by_sku"]


def test_what_cannot_be_compared_is_named_with_its_time(world: World) -> None:
    sku = agreed(world)
    world.brightpearl("products", sku=sku, stock=5)
    assert audit()["not_comparable"][sku.casefold()].startswith("since ")

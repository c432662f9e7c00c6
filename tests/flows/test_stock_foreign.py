"""Notices of what has no stock of ours: each is settled, and holds nothing else up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from shelves import on_sale, plenty, product, promised, sync
from world import PAIR, World

from flows.stock import sync_stock

pytestmark = pytest.mark.long

NOTHING = ("product:999999", "variant:999999", "no-such-sku")


def dry_run(*keys: str) -> dict[str, Any]:
    return asyncio.run(sync_stock.fn(pair=PAIR, dry_run=True, keys=list(keys)))


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {one["record"]: one["outcome"] for one in report["preview"]}


@pytest.mark.parametrize("key", NOTHING)
def test_a_dry_run_of_a_key_of_nothing_says_that_it_is_not_ours(world: World, key: str) -> None:
    report = dry_run(key)
    assert outcomes(report) == {key: "not ours"}
    assert report["counts"] == {"not ours": 1, "refused": 0}


def test_notices_of_nothing_are_done_and_the_others_of_the_batch_go_through(world: World) -> None:
    (sku,) = plenty(world)
    deleted, blank = (
        f"product:{world.brightpearl('products', sku=name, stock=4)['product_id']}"
        for name in ("DELETED-1", "")
    )
    world.http.delete(world.control("brightpearl", "products/DELETED-1")).raise_for_status()
    foreign = [*NOTHING, deleted, blank]
    world.brightpearl("stock", sku=sku, on_hand=3)
    report = sync(world, *foreign, product(world, sku))
    assert report["counts"]["not ours"] == len(foreign)
    assert world.states(*foreign, entity="stock") == ["done"] * len(foreign)
    assert on_sale(world, sku) == promised(world, sku)
    assert not sync(world, *foreign)["error"]

"""Both systems' stock, for tests of the stock sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from world import PAIR, World

from core.times import utc_now
from flows.stock import audit_stock, reconcile_stock, sync_stock
from tasks.reconciler.connections import connect, disconnect


def sync(world: World, *keys: str) -> dict[str, Any]:
    """One run over these keys, and whatever else is due."""
    world.due(*keys, entity="stock", source="notice")
    return asyncio.run(sync_stock.fn(pair=PAIR))


def reconcile(*, dry_run: bool = False) -> dict[str, Any]:
    return asyncio.run(reconcile_stock.fn(pair=PAIR, dry_run=dry_run))


def audit() -> dict[str, Any]:
    return asyncio.run(audit_stock.fn(pair=PAIR))


def levels(world: World, system: str) -> Any:
    """By SKU and place: on hand and on sale in the store, in stock and promised in the account."""
    return world.http.get(world.control(system, "stock")).json()


def on_sale(world: World, sku: str, location: str = "1") -> int:
    """What shoppers can really buy."""
    return int(levels(world, "bigcommerce")[sku][location][1])


def promised(world: World, sku: str) -> int:
    """What Brightpearl can still promise, in all warehouses."""
    return sum(level[1] for level in levels(world, "brightpearl")[sku].values())


def plenty(world: World, count: int = 1) -> list[str]:
    """SKUs that both systems have a lot of."""
    store, account = levels(world, "bigcommerce"), levels(world, "brightpearl")
    found = [sku for sku in store if sku in account and store[sku]["1"][1] >= 20]
    return sorted(found)[:count]


def product(world: World, sku: str) -> str:
    """The key that Brightpearl's notices name."""
    (found,) = [one for one in world.sandbox.account.products.values() if one.sku == sku]
    return f"product:{found.id}"


def written(world: World) -> int:
    """Requests that adjusted stock, since they were counted."""
    return sum(
        count
        for name, count in world.requests("bigcommerce").items()
        if "/inventory/adjustments/" in name
    )


def pass_time(world: World, seconds: float) -> None:
    """Let the store's clock go on."""
    url = world.control("bigcommerce", "clock")
    assert world.http.post(url, json={"advance_s": seconds}).status_code == 200


def store_shows_after(world: World, seconds: float) -> None:
    """How late the store shows what it was sent."""
    world.switch("bigcommerce", inventory_delay_s=[seconds, seconds])


@contextmanager
def clocked(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let runs go by this clock."""
    disconnect()
    connect(PAIR, clock=clock)
    yield
    disconnect()


def sync_later(seconds: float) -> dict[str, Any]:
    """Sync what is due after a while, by our own clock."""
    later = utc_now() + timedelta(seconds=seconds)
    with clocked(lambda: later):
        return asyncio.run(sync_stock.fn(pair=PAIR))


def once(when: Callable[[], bool], do: Callable[[], object]) -> Callable[[], datetime]:
    """A clock by which something happens in the middle of a run, as soon as `when` is true."""
    done: list[bool] = []

    def clock() -> datetime:
        if not done and when():
            done.append(True)
            do()
        return utc_now()

    return clock

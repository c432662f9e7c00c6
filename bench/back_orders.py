"""How soon orders that wait for stock are reserved once goods arrive, and in which sequence."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agreement.moments import percentile
from agreement.records import read_orders
from agreement.stock import Allocated, units_of
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.shoppers import PLENTY

ORDERS, QUICK_ORDERS = 40, 12
SKUS = 4
"""SKUs that are out of stock; the orders name one after the other."""
WAREHOUSES = (2, 3)
DELIVERED_TO = 2
"""Where goods arrive, and orders are reserved."""
IDLE_WITHIN_S = 300.0
RESERVED_WITHIN_S = 60.0
"""An order that waits longer is a miss, and counts as this long."""
POLL_S = 0.1
BAR_S = 10.0


@dataclass
class Watch:
    """Orders that wait for a delivery, each for one unit, and when each was reserved."""

    env: Environment
    waiting: Mapping[str, Sequence[str]]
    """Orders by SKU, in the sequence in which they were placed."""
    seconds: dict[str, float] = field(default_factory=dict)
    """From the arrival of its unit to its reservation, by order."""
    overtaken: set[str] = field(default_factory=set)
    """Orders that still waited when a later one of the same SKU was reserved."""

    def deliver(self, units: int) -> None:
        """So many units of each SKU arrive; wait until as many more orders are reserved."""
        changes = [
            {"sku": sku, "delta": units, "warehouse_id": DELIVERED_TO} for sku in self.waiting
        ]
        wanted = min(
            len(self.seconds) + units * len(self.waiting), sum(map(len, self.waiting.values()))
        )
        self.env.controls.change_stock("brightpearl", changes)
        began = time.monotonic()
        while len(self.seconds) < wanted and time.monotonic() - began < RESERVED_WITHIN_S:
            time.sleep(POLL_S)
            self._see(time.monotonic() - began)
            self.env.installation.check()

    def _see(self, seconds: float) -> None:
        reserved = reserved_orders(self.env)
        for orders in self.waiting.values():
            self.overtaken |= overtaken(orders, reserved)
            for key in orders:
                if key in reserved:
                    self.seconds.setdefault(key, seconds)


def measure(bench: Bench) -> list[Figure]:
    """Orders for SKUs that are out of stock wait; half of the goods arrive, then the rest."""
    count = bench.pick(ORDERS, QUICK_ORDERS)
    with environment(bench, "back-orders") as env:
        env.pause_schedules()
        waiting = _place(env, count)
        env.wait_idle(IDLE_WITHIN_S)
        before = reserved_orders(env)
        watch = Watch(env, waiting)
        each = count // SKUS
        for units in (each // 2, each - each // 2):
            watch.deliver(units)
            bench.progress.step(f"back-orders: {len(watch.seconds)} of {count} are reserved")
    keys = [key for orders in waiting.values() for key in orders]
    seconds = sorted(watch.seconds.get(key, RESERVED_WITHIN_S) for key in keys)
    how = (
        f"{len(keys)} orders for {SKUS} SKUs of which Brightpearl had none, one unit each; half of "
        f"the units arrive, then the rest; from the arrival to the reservation, asked of the "
        f"sandbox every {POLL_S:g} s; one not reserved within {RESERVED_WITHIN_S:.0f} s is a miss "
        f"and counts as long; by webhooks, schedules paused, limits off"
    )
    return [
        Figure("orders that waited for stock", len(keys) - len(before & set(keys)), "", how,
               at_least(count)),
        Figure("waiting orders reserved in time", len(watch.seconds), "", how, at_least(count)),
        Figure("stock arrives → waiting order reserved, p50", percentile(seconds, 0.5) or 0, "s",
               how),
        Figure("stock arrives → waiting order reserved, p95", percentile(seconds, 0.95) or 0, "s",
               how, at_most(BAR_S)),
        Figure("orders overtaken by one that was placed later", len(watch.overtaken), "", how,
               at_most(0)),
    ]  # fmt: skip


def overtaken(orders: Sequence[str], reserved: set[str]) -> set[str]:
    """Orders that wait although a later one of the same SKU is reserved. Pure."""
    places = [place for place, key in enumerate(orders) if key in reserved]
    last = max(places, default=0)
    return {key for key in orders[:last] if key not in reserved}


def reserved_orders(env: Environment) -> set[str]:
    """Orders whose products are wholly reserved, by the store's id."""
    store = env.controls.state("bigcommerce", "orders")
    account = env.controls.state("brightpearl", "orders", "reservations", "goods_out")
    return wholly_reserved(store, account)


def wholly_reserved(store: Mapping[str, Any], account: Mapping[str, Any]) -> set[str]:
    """The same of both states. Pure."""
    allocated = Allocated.of(account)
    found = set()
    for key, records in read_orders(store, account).items():
        rows = [row for one in records.family for row in one["rows"].values() if row["sku"]]
        if rows and allocated.units(rows) >= sum(map(units_of, rows)):
            found.add(key)
    return found


def _place(env: Environment, count: int) -> dict[str, list[str]]:
    """Shoppers order what the store shows and the account lacks; order ids by SKU."""
    skus = env.controls.skus()[:SKUS]
    env.controls.switch("bigcommerce", refuse_oversell=False)
    for warehouse in WAREHOUSES:
        out = ({"sku": sku, "on_hand": 0, "warehouse_id": warehouse} for sku in skus)
        env.controls.change_stock("brightpearl", out)
    env.controls.change_stock("bigcommerce", ({"sku": s, "on_hand": PLENTY} for s in skus))
    waiting: dict[str, list[str]] = defaultdict(list)
    for number in range(count):
        sku = skus[number % len(skus)]
        order = {
            "lines": [{"sku": sku, "quantity": 1}],
            "email": f"waiting-{number}@example.com",
        }
        waiting[sku] += env.controls.place(order)
    return dict(waiting)

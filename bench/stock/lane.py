"""Does a full reconciliation of a large catalogue hold up orders, at documented limits?"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agreement.moments import complete_at, paid_at, percentile
from bench.figures import Figure, at_least, at_most
from bench.house import House, house
from bench.plan import Bench
from bench.shoppers import PLENTY, basket
from bench.stock.drift import changes_of, drawn
from bench.stock.everything import NIGHTLY, WITHIN_S
from bench.stock.shelves import Shelves, change
from cli.webhooks import ensure_webhooks
from core.errors import CausewayError
from core.times import utc_now
from demo.stage import PAIR
from store.runs import Cursors
from tasks.reference import OVERLAP, PRODUCTS

SKUS, QUICK_SKUS = 100_000, 40_000
ORDERS, QUICK_ORDERS = 50, 20
EVERY_S = 3.0
WARM = 4
SOLD = 40
"""SKUs that shoppers order."""
PEOPLE = 25
SETTLED_WITHIN_S = 600.0
TIMES = 2.0
MOST_NIGHTS = 5


@dataclass
class Lane:
    """Orders at an even pace, and when each was complete."""

    home: House
    skus: Sequence[str]
    numbers: int = 0
    placed: dict[str, datetime] = field(default_factory=dict)
    """When each was, by id."""

    def place(self, count: int, over: threading.Event | None = None) -> list[str]:
        """Place so many, or until it is over; their ids."""
        ids: list[str] = []
        began = time.monotonic()
        while len(ids) < count and not (over and over.is_set()):
            ids += self.home.controls.place([basket(self.numbers, self.skus, PEOPLE)])
            self.numbers += 1
            time.sleep(max(0.0, began + len(ids) * EVERY_S - time.monotonic()))
        return ids

    def seconds(self, ids: Sequence[str]) -> list[float]:
        """Sorted seconds of those that are complete."""
        store = self.home.state("bigcommerce", "orders")
        account = self.home.state("brightpearl", "orders", "payments", "reservations")
        done = complete_at(store, account, lambda row: row["sku"] in self.skus)
        return sorted(
            (done[key] - paid_at(store["orders"][key])).total_seconds()
            for key in ids
            if key in done
        )


@dataclass
class Nightly:
    """A reconciliation that runs beside."""

    home: House
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    seconds: float = 0.0
    error: CausewayError | None = None

    def beside(self, lane: Lane, count: int) -> list[str]:
        """Run it, and place orders at the lane's pace until it is over; their ids."""
        thread = threading.Thread(target=self._run, name="nightly")
        thread.start()
        self.begun.wait(WITHIN_S)
        ids = lane.place(count, self.over)
        thread.join()
        if self.error:
            raise self.error
        return ids

    def _run(self) -> None:
        try:
            self.seconds = self.home.run(NIGHTLY, WITHIN_S, self.begun)
        except CausewayError as error:
            self.error = error
        finally:
            self.over.set()
            self.begun.set()


def measure(bench: Bench) -> list[Figure]:
    """The same orders at the same pace, first alone, then beside a reconciliation."""
    count = bench.pick(ORDERS, QUICK_ORDERS)
    with house(bench, "stock-lane", is_subscribed=False, skus=bench.pick(SKUS, QUICK_SKUS)) as home:
        home.pause_schedules()
        shelves = Shelves.of(home)
        lane = Lane(home, _stocked(home, shelves))
        home.run(NIGHTLY, WITHIN_S)
        _products_are_old(home)
        drifts = [one for one in drawn(shelves, seed=5) if one.sku not in lane.skus]
        change(home, "brightpearl", changes_of(drifts, "account"))
        change(home, "bigcommerce", changes_of(drifts, "store"))
        ensure_webhooks(home.stage.settings)
        lane.place(WARM)
        home.settle(SETTLED_WITHIN_S)
        alone = lane.place(count)
        home.settle(SETTLED_WITHIN_S)
        bench.progress.step(f"stock-lane: {count} orders alone are placed")
        home.controls.forget_requests()
        beside: list[str] = []
        nights: list[Nightly] = []
        while len(beside) < count and len(nights) < MOST_NIGHTS:
            night = Nightly(home)
            beside += night.beside(lane, count - len(beside))
            nights.append(night)
            bench.progress.step(f"stock-lane: {len(beside)} orders beside reconciliations")
        asked = home.counted("brightpearl")
        home.settle(SETTLED_WITHIN_S)
        took_alone, took_beside = lane.seconds(alone), lane.seconds(beside)
    return _figures(
        len(shelves.skus),
        [one.seconds for one in nights],
        (took_alone, took_beside),
        len(beside),
        f"{asked.total} requests to Brightpearl by then, {asked.throttled} throttled",
    )


def _products_are_old(home: House) -> None:
    """The catalogue was made minutes ago: let it not be taken for changed since it was read."""
    Cursors(home.stage.database).set(PAIR, PRODUCTS, utc_now() + OVERLAP)


def _stocked(home: House, shelves: Shelves) -> list[str]:
    """SKUs of which both sides have more than anybody buys."""
    skus = [sku for sku in shelves.skus if shelves.promised(sku) > 0][:SOLD]
    change(home, "bigcommerce", [{"sku": sku, "on_hand": PLENTY} for sku in skus])
    body = [{"sku": sku, "on_hand": PLENTY} for sku in skus]
    change(home, "brightpearl", body)
    elsewhere = [{"sku": sku, "on_hand": 0, "warehouse_id": 3} for sku in skus]
    change(home, "brightpearl", elsewhere)
    return skus


def _figures(
    skus: int,
    nights_s: Sequence[float],
    took: tuple[list[float], list[float]],
    beside: int,
    asked: str,
) -> list[Figure]:
    alone_p95, beside_p95 = (percentile(part, 0.95) or 0.0 for part in took)
    how = (
        f"one order every {EVERY_S:g} s, {len(took[0])} alone, then {len(took[1])} of {beside} "
        f"beside {NIGHTLY} over {skus} SKUs, again and again, in "
        f"{', '.join(f'{one:.0f}' for one in nights_s)} s ({asked}); from the "
        "order to its whole reservation, by the sandboxes' clock; documented limits; seconds "
        + " | ".join(", ".join(f"{one:.1f}" for one in part) for part in took)
    )
    return [
        Figure("orders complete, alone and beside", len(took[0]) + len(took[1]), "", how,
               at_least(len(took[0]) + beside)),
        Figure("order → complete, p95 alone", alone_p95, "s", how),
        Figure("order → complete, p95 beside a reconciliation", beside_p95, "s", how),
        Figure("p95 beside a reconciliation, times p95 alone",
               beside_p95 / alone_p95 if alone_p95 else 0.0, "", how, at_most(TIMES)),
    ]  # fmt: skip

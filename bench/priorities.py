"""Does other work delay orders, at documented limits? A full reconciliation, a backfill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from agreement.moments import complete_at, paid_at, percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.shoppers import PLENTY, Shoppers, basket
from bench.stock.catalogue import NIGHTLY, WITHIN_S, changes_of, drawn
from bench.stock.shelves import Shelves, change
from cli.webhooks import ensure_webhooks
from core.errors import CausewayError, TransientError
from core.times import utc_now
from demo.controls import OTHER_WAREHOUSE
from demo.installation import PAIR
from store.runs import Cursors
from tasks.brightpearl.reference import OVERLAP, PRODUCTS

SKUS, QUICK_SKUS = 100_000, 40_000
BACKFILL, QUICK_BACKFILL = 5_000, 1_000
"""Orders of the past, of which nothing was synced."""
ORDERS, QUICK_ORDERS = 50, 20
EVERY_S = 3.0
WARM = 4
SOLD = 40
"""SKUs that shoppers order."""
PEOPLE = 25
SETTLED_WITHIN_S = 600.0
RECONCILIATION_TIMES, BACKFILL_TIMES = 2.0, 1.5
MOST_RUNS = 5
BEGUN_WITHIN_S = 120.0
COMPLETE_WITHIN_S = 120.0
MISS_S = 600.0
"""What an order counts as that was not complete at the end."""
POLL_S = 1.0


@dataclass
class Pace:
    """Orders at an even pace, and how long each took to be complete."""

    env: Environment
    skus: Sequence[str]
    numbers: count[int] = field(default_factory=count)

    def place(self, orders: int, over: threading.Event | None = None) -> list[str]:
        """Place so many, or until it is over; their ids."""
        ids: list[str] = []
        began = time.monotonic()
        while len(ids) < orders and not (over and over.is_set()):
            ids += self.env.controls.place([basket(next(self.numbers), self.skus, PEOPLE)])
            time.sleep(max(0.0, began + len(ids) * EVERY_S - time.monotonic()))
        return ids

    def seconds(self, ids: Sequence[str]) -> list[float]:
        """Sorted seconds from paid to complete; one that is not complete counts as a miss."""
        store = self.env.controls.state("bigcommerce", "orders")
        account = self.env.controls.state("brightpearl", "orders", "payments", "reservations")
        done = complete_at(store, account, lambda row: row["sku"] in self.skus)
        return sorted(
            (done[key] - paid_at(store["orders"][key])).total_seconds() if key in done else MISS_S
            for key in ids
        )


@dataclass
class Reconciliation:
    """A full reconciliation that runs while orders are placed."""

    env: Environment
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    seconds: float = 0.0
    error: CausewayError | None = None

    def run_during(self, pace: Pace, orders: int) -> list[str]:
        """Run it, and place orders at that pace until it is over; their ids."""
        thread = threading.Thread(target=self._run, name="reconciliation")
        thread.start()
        self.begun.wait(WITHIN_S)
        ids = pace.place(orders, self.over)
        thread.join()
        if self.error:
            raise self.error
        return ids

    def _run(self) -> None:
        try:
            self.seconds = self.env.installation.run(NIGHTLY, WITHIN_S, begun=self.begun)
        except CausewayError as error:
            self.error = error
        finally:
            self.over.set()
            self.begun.set()


def measure_reconciliation(bench: Bench) -> list[Figure]:
    """The same orders at the same pace, first alone, then while stock is reconciled."""
    orders = bench.pick(ORDERS, QUICK_ORDERS)
    skus = bench.pick(SKUS, QUICK_SKUS)
    with environment(bench, "stock-priority", is_subscribed=False, skus=skus) as env:
        env.pause_schedules()
        shelves = Shelves.of(env)
        pace = Pace(env, _stocked(env, shelves))
        env.run(NIGHTLY, WITHIN_S)
        _keep_catalogue(env)
        drifts = [one for one in drawn(shelves, seed=5) if one.sku not in pace.skus]
        change(env, "brightpearl", changes_of(drifts, "account"))
        change(env, "bigcommerce", changes_of(drifts, "store"))
        ensure_webhooks(env.installation.settings)
        pace.place(WARM)
        env.wait_idle(SETTLED_WITHIN_S)
        alone = pace.place(orders)
        env.wait_idle(SETTLED_WITHIN_S)
        bench.progress.step(f"stock-priority: {orders} orders alone are placed")
        env.controls.reset_requests()
        during: list[str] = []
        runs: list[Reconciliation] = []
        while len(during) < orders and len(runs) < MOST_RUNS:
            run = Reconciliation(env)
            during += run.run_during(pace, orders - len(during))
            runs.append(run)
            bench.progress.step(f"stock-priority: {len(during)} orders during reconciliations")
        requests = env.controls.counted("brightpearl")
        env.wait_idle(SETTLED_WITHIN_S)
        took = pace.seconds(alone), pace.seconds(during)
    how = (
        f"during {NIGHTLY} over {len(shelves.skus)} SKUs, again and again, in "
        f"{', '.join(f'{one.seconds:.0f}' for one in runs)} s ({requests.total} requests to "
        f"Brightpearl by then, {requests.throttled} throttled)"
    )
    return compared(took, "during a reconciliation", how, RECONCILIATION_TIMES)


def measure_backfill(bench: Bench) -> list[Figure]:
    """The same orders at the same pace, first alone, then while thousands are imported."""
    orders = bench.pick(ORDERS, QUICK_ORDERS)
    past = bench.pick(BACKFILL, QUICK_BACKFILL)
    with environment(bench, "priorities", limits="documented") as env:
        env.pause_schedules()
        shoppers = Shoppers(env, past)
        pace = Pace(env, shoppers.skus[:SOLD])
        pace.place(WARM)
        env.wait_idle(SETTLED_WITHIN_S)
        alone = pace.place(orders)
        env.wait_idle(SETTLED_WITHIN_S)
        bench.progress.step(f"priorities: {orders} orders alone are placed")
        shoppers.place_silently(past)
        with backfilling(env) as is_running:
            bench.progress.step(f"priorities: {past} orders of the past are being imported")
            pace.place(WARM)
            during = pace.place(orders)
            was_running = is_running()
            _wait_complete(pace, during)
        took = pace.seconds(alone), pace.seconds(during)
        done = len(env.controls.state("brightpearl", "orders")["orders"])
    how = (
        f"during a backfill of {past} orders, which was {'still' if was_running else 'no longer'} "
        f"running at the end, with {done} sales orders made by then"
    )
    return [
        *compared(took, "during a backfill", how, BACKFILL_TIMES),
        Figure("backfill still running when the last order was placed", was_running, "", how,
               at_least(1)),
    ]  # fmt: skip


@contextmanager
def backfilling(env: Environment) -> Iterator[Callable[[], bool]]:
    """Run `causeway backfill` in a process of its own until the block ends; whether it runs.

    Raises: TransientError when it takes up no order.
    """
    services, processes = env.installation.services, env.installation.processes
    keys_before = env.installation.counts().total()
    command = ("-m", "cli.main", "backfill", "orders", "--since", "1d")
    child = processes.start_python("backfill", *command, environment=services.environment)
    until = time.monotonic() + BEGUN_WITHIN_S
    while env.installation.counts().total() == keys_before:
        if time.monotonic() > until:
            raise TransientError("The backfill has not begun.", remedy=f"See {child.log}.")
        time.sleep(POLL_S)
    try:
        yield lambda: child.exit_code is None
    finally:
        processes.kill("backfill")


def _wait_complete(pace: Pace, ids: Sequence[str]) -> None:
    """Give the last orders the time they need; what is not complete by then is a miss."""
    until = time.monotonic() + COMPLETE_WITHIN_S
    while MISS_S in pace.seconds(ids) and time.monotonic() < until:
        time.sleep(POLL_S)


def compared(
    took: tuple[list[float], list[float]], what: str, how: str, times: float
) -> list[Figure]:
    """Figures of the same orders alone and with other work. In: sorted seconds of both."""
    both = [*took[0], *took[1]]
    alone_p95, during_p95 = (percentile(part, 0.95) or 0.0 for part in took)
    how = (
        f"one order every {EVERY_S:g} s, {len(took[0])} alone, then {len(took[1])} {how}; from "
        f"paid to wholly reserved, by the sandboxes' clock, {MISS_S:.0f} s if it is not complete "
        "at the end; documented limits; seconds "
        + " | ".join(", ".join(f"{one:.1f}" for one in part) for part in took)
    )
    ratio = during_p95 / alone_p95 if alone_p95 else 0.0
    return [
        Figure(f"orders complete, alone and {what}", sum(one < MISS_S for one in both), "", how,
               at_least(len(both))),
        Figure("paid → complete, p95 alone", alone_p95, "s", how),
        Figure(f"paid → complete, p95 {what}", during_p95, "s", how),
        Figure(f"p95 {what}, times p95 alone", ratio, "", how, at_most(times)),
    ]  # fmt: skip


def _keep_catalogue(env: Environment) -> None:
    """The catalogue was made minutes ago: it shall not count as changed since it was read."""
    Cursors(env.installation.database).set(PAIR, PRODUCTS, utc_now() + OVERLAP)


def _stocked(env: Environment, shelves: Shelves) -> list[str]:
    """SKUs of which both sides have more than all shoppers buy."""
    skus = [sku for sku in shelves.skus if shelves.promised(sku) > 0][:SOLD]
    change(env, "bigcommerce", [{"sku": sku, "on_hand": PLENTY} for sku in skus])
    body = [{"sku": sku, "on_hand": PLENTY} for sku in skus]
    change(env, "brightpearl", body)
    elsewhere = [{"sku": sku, "on_hand": 0, "warehouse_id": OTHER_WAREHOUSE} for sku in skus]
    change(env, "brightpearl", elsewhere)
    return skus

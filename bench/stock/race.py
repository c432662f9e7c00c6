"""Five pieces, forty orders in ten seconds on two channels, slow APIs: is anything sold twice?"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.latency import Apis, open_apis
from bench.stock.catalogue import HOURLY, NIGHTLY
from bench.stock.resale import (
    LONGEST_S,
    SHORTEST_S,
    Course,
    Pushes,
    Resold,
    matched,
    pushes_of,
    resold,
    resold_by_numbers,
    seconds_until_right,
)
from bench.stock.shelves import Shelves, change, journal, wait_settled
from core.errors import CausewayError, TransientError
from core.ids import sku_key
from demo.controls import SYSTEMS
from demo.installation import PAIR
from store.runs import Runs

SEEDS, QUICK_SEEDS = 20, 4
ROUNDS = 2
"""In the first one shoppers get what is on sale and no more; in the second they may oversell."""
ON_HAND, ORDERS = 5, 40
"""Pieces, and orders of each wave."""
WAVES = ((0, 10.0), (6, 10.0), (6, 30.0))
"""Deliveries of as many pieces again, and seconds in which the orders come."""
EVERY_S = 20.0
RECONCILED_AFTER_S = EVERY_S + 5.0
SHOPPERS, TILLS = 8, 4
PEOPLE = 20
DELAYS = ((0.03, 20_000), (0.07, 5_000), (0.2, 1_500), (1.0, 200))
"""Share of requests that get so far, and their delay in milliseconds."""
ONE_BY_ONE = r"/orders/\d+"
"""Requests for one order alone: hundreds of them, so that the longest delays would take hours."""
ONE_BY_ONE_DELAYS = ((0.2, 1_500), (1.0, 200))
OUT_OF_ORDER = {"duplicate_rate": 0.5, "reorder_rate": 0.5, "reorder_s": 5.0}
WITHIN_S = 1200.0
SETTLED_WITHIN_S = 480.0
"""Orders alone take minutes at such delays."""
QUIET_WITHIN_S = 30.0
RIGHT_WITHIN_S = 60.0
REFUSED = 409
SHOWN = 10
DELIVERY = 0
"""Instead of a sales order's id."""
RESERVED, STAFF = "reservation", "staff"
"""Causes in the account's journal."""


@dataclass
class Race:
    """One round: several seeds side by side, each a SKU of its own."""

    env: Environment
    apis: Apis
    skus: Sequence[str]
    seed: int
    products: Mapping[str, int]
    contact_id: int
    tills: Mapping[str, list[int]] = field(default_factory=dict)
    """Sales orders that staff have prepared, by SKU."""
    calls: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """When each of them was sold."""
    refused: int = 0
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def prepare(self) -> None:
        """Staff write down what they are about to sell; nothing is reserved yet."""
        self.tills = {
            sku: [self._till(sku) for _ in range(len(WAVES) * ORDERS // 2)] for sku in self.skus
        }

    def _till(self, sku: str) -> int:
        row = {"productId": self.products[sku], "quantity": "1", "taxCode": "T20"}
        body = {
            "customer": {"id": self.contact_id},
            "ref": "Till",
            "warehouseId": 2,
            "rows": [row | {"name": sku, "net": "1.00", "tax": "0.20"}],
        }
        answer = self.apis.account.post("/order-service/sales-order", json=body)
        answer.raise_for_status()
        return int(answer.json()["response"])

    def run(self) -> None:
        """Wave after wave, while everything is reconciled in the middle."""
        nightly = threading.Thread(target=self._reconcile, name="nightly")
        nightly.start()
        self.began_at = datetime.now(UTC)
        began = time.monotonic()
        with ThreadPoolExecutor(SHOPPERS) as shoppers, ThreadPoolExecutor(TILLS) as tills:
            for wave in range(len(WAVES)):
                time.sleep(max(0.0, began + wave * EVERY_S - time.monotonic()))
                if wave:
                    self._make_up()
                for at_s, sku, till in self._drawn(wave):
                    time.sleep(max(0.0, began + wave * EVERY_S + at_s - time.monotonic()))
                    if till is None:
                        shoppers.submit(self._order, sku)
                    elif till == DELIVERY:
                        tills.submit(self._deliver, sku)
                    else:
                        tills.submit(self._sell, till)
        nightly.join()

    def _make_up(self) -> None:
        """So many come in that no order waits any more."""
        now = datetime.now(UTC)
        unsold = {course.sku: course.unsold(now) for course in self.courses()}
        lacking = {sku: -units for sku, units in unsold.items() if units < 0}
        change(self.env, "brightpearl", [{"sku": s, "delta": n} for s, n in lacking.items()])

    def _deliver(self, sku: str) -> None:
        change(self.env, "brightpearl", [{"sku": sku, "delta": ON_HAND}])

    def _drawn(self, wave: int) -> list[tuple[float, str, int | None]]:
        """When what is bought, by a shopper (None) or at a till, and what comes in; by time."""
        each = ORDERS // 2
        deliveries, seconds = WAVES[wave]
        found: list[tuple[float, str, int | None]] = []
        for number, sku in enumerate(self.skus):
            own = len(WAVES) * (self.seed + number) + wave
            chance = Random(own)  # noqa: S311 - reproducible, not secret
            buyers = [*self.tills[sku][wave * each : (wave + 1) * each], *[None] * each]
            found += [(chance.uniform(0, seconds), sku, buyer) for buyer in buyers]
            found += [(chance.uniform(0, seconds), sku, DELIVERY) for _ in range(deliveries)]
        return sorted(found, key=lambda one: one[0])

    def _order(self, sku: str) -> None:
        basket = {
            "lines": [{"sku": sku, "quantity": 1}],
            "email": f"racer-{abs(hash((sku, time.monotonic()))) % PEOPLE}@example.com",
        }
        answer = self.env.controls.clients["bigcommerce"].post("/_sandbox/orders", json=basket)
        if answer.status_code == REFUSED:
            self.refused += 1
        else:
            answer.raise_for_status()

    def _sell(self, order_id: int) -> None:
        began = datetime.now(UTC) - timedelta(milliseconds=1)  # the journal has whole ones
        body = {"order_id": order_id, "allocate": True}
        self.env.controls.call("brightpearl", "POST", "edit", body)
        self.calls[order_id] = began, datetime.now(UTC)

    def _reconcile(self) -> None:
        time.sleep(RECONCILED_AFTER_S)
        try:
            self.env.run(NIGHTLY, WITHIN_S)
        except CausewayError as error:
            self.env.installation.progress.step(f"stock-race: the reconciliation failed: {error}")

    def wait_right(self, within_s: float) -> None:
        """Give what is still wrong a while longer."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if all(seconds_until_right(course) is not None for course in self.courses()):
                return
            time.sleep(1)

    def courses(self) -> list[Course]:
        """What became of each SKU since the round began."""
        store = [one for one in journal(self.env, self.skus) if one.at >= self.began_at]
        account = [
            (
                row["sku"],
                datetime.fromisoformat(row["at"]),
                row["cause"],
                row["after"] - row["before"],
            )
            for row in self.env.controls.call("brightpearl", "GET", "stock/journal")
        ]
        reservations = self.env.controls.state("brightpearl", "reservations")["reservations"]
        found = []
        for sku in self.skus:
            rows = [row for row in account if row[0] == sku and row[1] >= self.began_at]
            tills = [till for till in self.tills[sku] if till in self.calls]
            sold = [till for till in tills if str(till) in reservations]
            reserved = [at for _, at, cause, _ in rows if cause == RESERVED]
            found.append(
                Course(
                    sku=sku,
                    opening=ON_HAND,
                    store=[one for one in store if one.sku == sku],
                    elsewhere=matched([self.calls[till] for till in sold], reserved),
                    arrived=[(at, units) for _, at, cause, units in rows if cause == STAFF],
                    changed=[at for _, at, _, _ in rows],
                )
            )
        return found


def measure(bench: Bench) -> list[Figure]:
    """Seeds side by side, in two rounds."""
    each = bench.pick(SEEDS, QUICK_SEEDS) // ROUNDS
    courses: list[Course] = []
    audited: dict[str, int] = {}
    with environment(bench, "stock-race") as env, open_apis(env) as apis:
        env.pause_schedules()
        skus = _skus(env, each * ROUNDS)
        env.controls.place({"lines": [{"sku": _other(env, skus)}]})
        wait_settled(env, WITHIN_S)
        contact_id = int(next(iter(env.controls.state("brightpearl", "contacts")["contacts"])))
        products = _opened(env, skus)
        env.run(NIGHTLY, WITHIN_S)
        wait_settled(env, WITHIN_S)
        refused = 0
        for number in range(ROUNDS):
            own = skus[number * each : (number + 1) * each]
            race = Race(env, apis, own, number * each, products, contact_id)
            race.prepare()
            env.controls.switch("bigcommerce", refuse_oversell=number == 0)
            with _slow(env):
                race.run()
                bench.progress.step(f"stock-race: round {number + 1} of {ROUNDS} is ordered")
                try:
                    wait_settled(env, SETTLED_WITHIN_S)
                except TransientError as error:  # what is not right by now is judged as it is
                    bench.progress.step(f"stock-race: {error}")
                race.wait_right(RIGHT_WITHIN_S)
            courses += race.courses()
            refused += race.refused
            audited |= _audited_oversold(env, own)
        overlaps = len(
            env.controls.call("bigcommerce", "GET", "stock/journal")["overlapping_absolutes"]
        )
        shelves = Shelves.of(env)
        pushes = pushes_of(env, skus)
    return _figures(courses, shelves, pushes, overlaps, refused, audited)


def _skus(env: Environment, count: int) -> list[str]:
    shelves = Shelves.of(env)
    plenty = [sku for sku in shelves.skus if shelves.promised(sku) > ON_HAND]
    return Random(11).sample(plenty, count)  # noqa: S311 - reproducible, not secret


def _other(env: Environment, skus: Sequence[str]) -> str:
    shelves = Shelves.of(env)
    return next(sku for sku in shelves.skus if sku not in skus and shelves.promised(sku) > ON_HAND)


def _opened(env: Environment, skus: Sequence[str]) -> dict[str, int]:
    """Five of each on both sides; Brightpearl's product ids."""
    for warehouse in (2, 3):
        units = ON_HAND if warehouse == 2 else 0  # noqa: PLR2004 - the main warehouse
        body = [{"sku": sku, "on_hand": units, "warehouse_id": warehouse} for sku in skus]
        answers = env.controls.change_stock("brightpearl", body)
    body = [{"sku": sku, "on_hand": ON_HAND} for sku in skus]
    env.controls.change_stock("bigcommerce", body)
    return {sku: int(answer["product_id"]) for sku, answer in zip(skus, answers, strict=True)}


def _audited_oversold(env: Environment, skus: Sequence[str]) -> dict[str, int]:
    """Units sold above stock of each SKU, as the audit reports them."""
    env.run(HOURLY, WITHIN_S)
    (found,) = Runs(env.installation.database).last(PAIR, flow="audit-stock", limit=1)
    reported = {sku_key(one["sku"]): int(one["units"]) for one in found["oversold"]}
    return {sku: reported.get(sku_key(sku), 0) for sku in skus}


@contextmanager
def _slow(env: Environment) -> Iterator[None]:
    """Both APIs answer late, adjustments show late, Brightpearl's notices lose their order."""
    rules = [
        *({"kind": "slow", "path": ONE_BY_ONE, "rate": r, "ms": ms} for r, ms in ONE_BY_ONE_DELAYS),
        *({"kind": "slow", "rate": share, "ms": ms} for share, ms in DELAYS),
    ]
    env.controls.switch("bigcommerce", inventory_delay_s=[SHORTEST_S, LONGEST_S])
    for system in SYSTEMS:
        env.controls.call(system, "PUT", "faults", rules)
    env.controls.call("brightpearl", "PUT", "deliveries", OUT_OF_ORDER)
    try:
        yield
    finally:
        in_order = dict.fromkeys(OUT_OF_ORDER, 0.0)
        env.controls.call("brightpearl", "PUT", "deliveries", in_order)
        for system in SYSTEMS:
            env.controls.call(system, "PUT", "faults", [])
        env.controls.switch("bigcommerce", inventory_delay_s=[0, 0])


def _figures(  # noqa: PLR0913, PLR0917 - all that was seen
    courses: Sequence[Course],
    shelves: Shelves,
    pushes: Pushes,
    overlaps: int,
    refused: int,
    audited: Mapping[str, int],
) -> list[Figure]:
    read_at = pushes.read_at()
    wrong: list[Resold] = [one for course in courses for one in resold(course, read_at)]
    took = [seconds_until_right(course) for course in courses]
    right = [one for one in courses if shelves.on_sale(one.sku) == one.end]
    above = {one.sku: one.oversold for one in courses}
    oversold = sum(above.values())
    misreported = {
        sku: (audited[sku], units) for sku, units in above.items() if audited[sku] != units
    }
    number = sum(len(one.pushes) for one in courses)
    raised = sum(push.after > push.before for one in courses for push in one.pushes)
    plain = sum(resold_by_numbers(one, pushes.numbers(one.sku, seed=1)) for one in courses)
    how = (
        f"{len(courses)} seeds side by side in {ROUNDS} rounds, each a SKU with {ON_HAND} pieces; "
        f"{len(WAVES)} waves of {ORDERS} orders within "
        + ", ".join(f"{seconds:g}" for _, seconds in WAVES)
        + " s, half at Brightpearl's tills, "
        + ", ".join(f"{deliveries}" for deliveries, _ in WAVES)
        + f" deliveries of {ON_HAND} meanwhile; requests {SHORTEST_S:g} "
        f"to {LONGEST_S:g} s late, adjustments read as late; notices twice and out of order; "
        f"{NIGHTLY} in the middle; {refused} shoppers refused by the store, {oversold} units "
        f"oversold; {number} pushes, {raised} of them up; from both sandboxes' journals"
    )
    worst = "; ".join(str(one) for one in wrong[:SHOWN])
    return [
        Figure("seeds played", len(courses), "", how, at_least(len(courses))),
        Figure(
            "sold units that our pushes put on sale again",
            sum(one.units - one.unknowable for one in wrong),
            "",
            worst or how,
            at_most(0),
        ),
        Figure(
            "units put on sale that were sold elsewhere while a push was under way",
            sum(one.unknowable for one in wrong),
            "",
            "sold at a till after both sides were read and before the push took effect, which "
            f"nobody can know; {worst or how}",
        ),
        Figure("absolute adjustments of an item that overlapped", overlaps, "", how, at_most(0)),
        Figure(
            "SKUs that are right at the end", 100 * len(right) / len(courses), "%", how,
            at_least(100),
        ),
        Figure(
            "seconds from quiet until right, slowest seed",
            max((one for one in took if one is not None), default=0.0)
            if None not in took else WITHIN_S,
            "s",
            "quiet: the seed's last order, sale or reservation; by seed "
            + ", ".join("never" if one is None else f"{one:.1f}" for one in took),
            at_most(QUIET_WITHIN_S),
        ),
        Figure("SKUs whose units sold above stock the audit reports exactly",
               len(courses) - len(misreported), "",
               "; ".join([*(f"{sku}: {said} and not {units}" for sku, (said, units)
                            in misreported.items()), f"{oversold} units in all; {how}"]),
               at_least(len(courses))),
        Figure(
            "for comparison: sold units on sale again, had numbers been sent",
            plain,
            "",
            "the same orders and the same pushes, each as the number that was to be on sale, "
            f"landing {SHORTEST_S:g} to {LONGEST_S:g} s later; computed from the journals",
        ),
    ]  # fmt: skip

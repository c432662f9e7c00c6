"""A full reconciliation of a catalogue in which every SKU is wrong: requests, time, memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.figures import Figure, at_least, at_most
from bench.floors import Floor, account_stock_floor, store_stock_floor
from bench.house import Counted, House, house
from bench.plan import Bench
from bench.stock.shelves import Shelves, change, forget
from bench.usage import Family

SIZES, QUICK_SIZES = (10_000, 100_000), (10_000, 20_000)
NIGHTLY, HOURLY = "reconcile-stock/nightly", "audit-stock/hourly"
WITHIN_S = 900.0
MOST_APART = 9
RATIO, SECONDS, MEGABYTES = at_most(1.25), at_most(120), at_most(700)


@dataclass(frozen=True)
class Whole:
    """One reconciliation of everything."""

    skus: int
    wrong: int
    """SKUs that were wrong before."""
    still_wrong: int
    seconds: float
    computed_s: float
    peak_mb: float
    together_mb: float
    store: Counted
    account: Counted
    store_floor: Floor
    account_floor: Floor

    @property
    def how(self) -> str:
        """How it was measured."""
        return (
            f"{self.wrong} of {self.skus} SKUs wrong, half too many and half too few on sale; "
            f"{NIGHTLY} run by Prefect's worker in a process of its own, limits off, no delay, "
            "catalogue not read before"
        )


def measure(bench: Bench) -> list[Figure]:
    """A small catalogue and a large one, each in an installation of its own."""
    sizes = QUICK_SIZES if bench.is_quick else SIZES
    found = [_reconcile(bench, size) for size in sizes]
    figures = [figure for one in found for figure in _figures(one)]
    return [*figures, *_growth(*found)]


def _reconcile(bench: Bench, size: int) -> Whole:
    with house(bench, "stock-all", is_subscribed=False, skus=size) as home:
        home.pause_schedules()
        shelves = Shelves.of(home)
        make_wrong(home, shelves)
        wrong = len(Shelves.of(home).apart())
        forget(home)
        usage = Family(home.worker)
        bench.progress.step(f"stock-all: {wrong} of {len(shelves.store)} SKUs are wrong")
        with usage.watched():
            seconds = home.run(NIGHTLY, WITHIN_S)
        bench.progress.step(f"stock-all: reconciled in {seconds:.1f} s")
        after = Shelves.of(home)
        return Whole(
            skus=len(shelves.skus),
            wrong=wrong,
            still_wrong=len(after.apart()),
            seconds=seconds,
            computed_s=usage.child_computed_s,
            peak_mb=usage.child_peak_mb,
            together_mb=usage.together_mb,
            store=home.counted("bigcommerce"),
            account=home.counted("brightpearl"),
            store_floor=store_stock_floor(len(after.store), wrong),
            account_floor=account_stock_floor(
                len(shelves.skus), int(home.state("brightpearl", "counts")["counts"]["products"])
            ),
        )


def make_wrong(home: House, shelves: Shelves) -> None:
    """Every SKU: half of them get more in the store, half more in the account."""
    chance = Random(len(shelves.skus))  # noqa: S311 - reproducible, not secret
    in_store, in_account = split(shelves, len(shelves.skus))
    change(home, "bigcommerce", _more(in_store, chance))
    change(home, "brightpearl", _more(in_account, chance))


def split(shelves: Shelves, seed: int) -> tuple[list[str], list[str]]:
    """SKUs of which the store gets more, and those of which the account does. Pure.

    What the account has none of gets some: a run that takes too much off sale stops on purpose.
    """
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    some = [sku for sku in shelves.skus if shelves.promised(sku) > 0]
    chosen = set(chance.sample(some, min(len(some), len(shelves.skus) // 2)))
    return sorted(chosen), [sku for sku in shelves.skus if sku not in chosen]


def _more(skus: Sequence[str], chance: Random) -> Iterator[Mapping[str, object]]:
    return ({"sku": sku, "delta": chance.randint(1, MOST_APART)} for sku in skus)


def _figures(one: Whole) -> list[Figure]:
    name = f"{one.skus:,} SKUs"
    sides = (
        ("BigCommerce", one.store, one.store_floor),
        ("Brightpearl", one.account, one.account_floor),
    )
    return [
        Figure(f"{name}: right after one reconciliation", one.skus - one.still_wrong, "", one.how,
               at_least(one.skus)),
        *(
            Figure(
                f"{name}: requests to {system}, times the floor",
                counted.total / floor.requests,
                "",
                f"{counted.total} requests ({counted.most()}); floor {floor}",
                RATIO,
            )
            for system, counted, floor in sides
        ),
        Figure(f"{name}: seconds", one.seconds, "s",
               f"{one.computed_s:.1f} s of them it computed; {one.how}", SECONDS),
        Figure(f"{name}: memory of the process, highest", one.peak_mb, "MB",
               f"VmHWM; with the worker that started it {one.together_mb:.0f} MB, what they share "
               f"counted once; {one.how}", MEGABYTES),
    ]  # fmt: skip


def _growth(small: Whole, large: Whole) -> list[Figure]:
    times = large.skus / small.skus
    how = f"{large.skus} SKUs against {small.skus}: {times:.1f} times as many"
    requests = [one.store.total + one.account.total for one in (small, large)]
    return [
        Figure("requests grow by", requests[1] / requests[0], "times",
               f"{requests[0]} and {requests[1]}; {how}"),
        Figure("seconds grow by", large.seconds / small.seconds, "times",
               f"{small.seconds:.1f} s and {large.seconds:.1f} s; {how}"),
        Figure("memory grows by", large.peak_mb - small.peak_mb, "MB", how),
    ]  # fmt: skip

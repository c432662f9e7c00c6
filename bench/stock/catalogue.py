"""Full reconciliations of a catalogue: one in which every SKU is wrong, one in which few are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.floors import ADJUSTMENTS, Floor, account_stock_floor, ceiling, store_stock_floor
from bench.stock.shelves import (
    Moved,
    Shelves,
    change,
    journal,
    start_counting,
    wait_settled,
)
from bench.usage import Family
from demo.controls import Counted

SIZES, QUICK_SIZES = (10_000, 100_000), (10_000, 20_000)
NIGHTLY, HOURLY = "reconcile-stock/weekly", "audit-stock/hourly"
WITHIN_S = 900.0
MOST_WRONG = 9
RATIO, SECONDS, MEGABYTES = at_most(1.25), at_most(120), at_most(700)
DRIFT_SKUS, QUICK_DRIFT_SKUS = 100_000, 10_000
SHARE = 0.005
ADJUST = "/inventory/adjustments/"
SETTLED_WITHIN_S = 300.0
Cause = Literal["account", "store"]


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


def measure_everything(bench: Bench) -> list[Figure]:
    """A small catalogue and a large one, each in an installation of its own."""
    sizes = QUICK_SIZES if bench.is_quick else SIZES
    found = [_reconcile(bench, size) for size in sizes]
    figures = [figure for one in found for figure in _figures(one)]
    return [*figures, *_growth(*found)]


def _reconcile(bench: Bench, size: int) -> Whole:
    with environment(bench, "stock-all", is_subscribed=False, skus=size) as env:
        env.pause_schedules()
        shelves = Shelves.of(env)
        make_wrong(env, shelves)
        wrong = len(Shelves.of(env).wrong())
        start_counting(env)
        usage = Family(env.worker)
        bench.progress.step(f"stock-all: {wrong} of {len(shelves.store)} SKUs are wrong")
        with usage.watched():
            seconds = env.run(NIGHTLY, WITHIN_S)
        bench.progress.step(f"stock-all: reconciled in {seconds:.1f} s")
        after = Shelves.of(env)
        return Whole(
            skus=len(shelves.skus),
            wrong=wrong,
            still_wrong=len(after.wrong()),
            seconds=seconds,
            computed_s=usage.child_computed_s,
            peak_mb=usage.child_peak_mb,
            together_mb=usage.together_mb,
            store=env.controls.counted("bigcommerce"),
            account=env.controls.counted("brightpearl"),
            store_floor=store_stock_floor(len(after.store), wrong),
            account_floor=account_stock_floor(
                len(shelves.skus),
                int(env.controls.state("brightpearl", "counts")["counts"]["products"]),
            ),
        )


def make_wrong(env: Environment, shelves: Shelves) -> None:
    """Every SKU: half of them get more in the store, half more in the account."""
    chance = Random(len(shelves.skus))  # noqa: S311 - reproducible, not secret
    in_store, in_account = split(shelves, len(shelves.skus))
    change(env, "bigcommerce", _more(in_store, chance))
    change(env, "brightpearl", _more(in_account, chance))


def split(shelves: Shelves, seed: int) -> tuple[list[str], list[str]]:
    """SKUs of which the store gets more, and those of which the account does. Pure.

    What the account has none of gets some: a run that takes too much off sale stops on purpose.
    """
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    some = [sku for sku in shelves.skus if shelves.promised(sku) > 0]
    chosen = set(chance.sample(some, min(len(some), len(shelves.skus) // 2)))
    return sorted(chosen), [sku for sku in shelves.skus if sku not in chosen]


def _more(skus: Sequence[str], chance: Random) -> Iterator[Mapping[str, object]]:
    return ({"sku": sku, "delta": chance.randint(1, MOST_WRONG)} for sku in skus)


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


@dataclass(frozen=True)
class Drift:
    """Units that one SKU has too many (or too few) on sale, and who changed it."""

    sku: str
    units: int
    by: Cause


def measure_drift(bench: Bench) -> list[Figure]:
    """Agree first; then some drift, by sales elsewhere and by counts in the store; repair twice."""
    with environment(
        bench, "stock-drift", is_subscribed=False, skus=bench.pick(DRIFT_SKUS, QUICK_DRIFT_SKUS)
    ) as env:
        env.pause_schedules()
        env.run(NIGHTLY, WITHIN_S)
        shelves = Shelves.of(env)
        drifts = drawn(shelves, seed=4)
        _drift(env, drifts)
        drifted = Shelves.of(env).wrong()
        start_counting(env)
        bench.progress.step(f"stock-drift: {len(drifted)} of {len(shelves.skus)} SKUs drifted")
        env.run(NIGHTLY, WITHIN_S)
        first = env.controls.counted("bigcommerce")
        wait_settled(env, SETTLED_WITHIN_S)
        after, changes = Shelves.of(env), journal(env)
        start_counting(env)
        env.run(NIGHTLY, WITHIN_S)
        wait_settled(env, SETTLED_WITHIN_S)
        again, twice = env.controls.counted("bigcommerce"), journal(env)
    touched = touched_by_us(changes)
    how = (
        f"{len(drifted)} of {len(shelves.skus)} SKUs, half too many and half too few on sale, half "
        f"by counts in the store; {NIGHTLY}; both sandboxes' stock and the store's journal"
    )
    wanted, still_wrong = ceiling(len(drifted), ADJUSTMENTS), after.wrong().keys()
    return [
        Figure("drifted SKUs that are right again", len(drifted.keys() - still_wrong), "", how,
               at_least(len(drifts))),
        Figure("SKUs that are wrong after it", len(still_wrong), "", how, at_most(0)),
        Figure("SKUs touched that had not drifted", len(touched - drifted.keys()), "",
               f"{len(touched)} touched; {how}", at_most(0)),
        Figure("adjustments for them, requests", adjustments(first), "",
               f"⌈{len(drifted)}/{ADJUSTMENTS}⌉ = {wanted}, one location; {first.most()}",
               at_most(wanted)),
        Figure("a second reconciliation: writes", again.writes + len(touched_by_us(twice)), "",
               again.most(), at_most(0)),
    ]  # fmt: skip


def drawn(shelves: Shelves, seed: int) -> list[Drift]:
    """One SKU in two hundred: too many and too few by turns, every second pair by hand. Pure.

    Nothing goes below zero, or to zero.
    """
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    some = [sku for sku in shelves.skus if shelves.promised(sku) > 1]
    chosen = chance.sample(some, round(len(shelves.skus) * SHARE))
    found = []
    for number, sku in enumerate(chosen):
        units = chance.randint(1, min(50, shelves.promised(sku) - 1))
        by: Cause = "account" if number % 4 < 2 else "store"  # noqa: PLR2004 - two of four
        found.append(Drift(sku, units if number % 2 else -units, by))
    return found


def changes_of(drifts: Iterable[Drift], by: Cause) -> list[Mapping[str, object]]:
    """What people do: fewer in the account are too many on sale. Pure."""
    sign = -1 if by == "account" else 1
    return [{"sku": one.sku, "delta": sign * one.units} for one in drifts if one.by == by]


def touched_by_us(changes: Sequence[Moved]) -> Collection[str]:
    """SKUs that were adjusted over the API. Pure."""
    return {one.sku for one in changes if one.is_ours}


def adjustments(counted: Counted) -> int:
    """Requests that adjust stock. Pure."""
    return sum(count for what, count in counted.by_request.items() if ADJUST in what)


def _drift(env: Environment, drifts: Sequence[Drift]) -> None:
    change(env, "brightpearl", changes_of(drifts, "account"))
    change(env, "bigcommerce", changes_of(drifts, "store"))

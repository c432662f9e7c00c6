"""A large catalogue of which one SKU in two hundred drifted: exactly those are repaired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from bench.figures import Figure, at_least, at_most
from bench.floors import ADJUSTMENTS, ceiling
from bench.house import Counted, House, house
from bench.plan import Bench
from bench.stock.everything import NIGHTLY, WITHIN_S
from bench.stock.shelves import Moved, Shelves, change, forget, journal, wait_still

SKUS, QUICK_SKUS = 100_000, 10_000
SHARE = 0.005
ADJUST = "/inventory/adjustments/"
SETTLED_WITHIN_S = 300.0
Cause = Literal["account", "store"]


@dataclass(frozen=True)
class Drift:
    """Units that one SKU has too many (or too few) on sale, and who changed it."""

    sku: str
    units: int
    by: Cause


def measure(bench: Bench) -> list[Figure]:
    """Agree first; then some drift, by sales elsewhere and by counts in the store; repair twice."""
    with house(
        bench, "stock-drift", is_subscribed=False, skus=bench.pick(SKUS, QUICK_SKUS)
    ) as home:
        home.pause_schedules()
        home.run(NIGHTLY, WITHIN_S)
        shelves = Shelves.of(home)
        drifts = drawn(shelves, seed=4)
        _drift(home, drifts)
        apart = Shelves.of(home).apart()
        forget(home)
        bench.progress.step(f"stock-drift: {len(apart)} of {len(shelves.skus)} SKUs drifted")
        home.run(NIGHTLY, WITHIN_S)
        first = home.counted("bigcommerce")
        wait_still(home, SETTLED_WITHIN_S)
        after, changes = Shelves.of(home), journal(home)
        forget(home)
        home.run(NIGHTLY, WITHIN_S)
        wait_still(home, SETTLED_WITHIN_S)
        again, twice = home.counted("bigcommerce"), journal(home)
    touched = touched_by_us(changes)
    how = (
        f"{len(apart)} of {len(shelves.skus)} SKUs, half too many and half too few on sale, half "
        f"by counts in the store; {NIGHTLY}; both sandboxes' stock and the store's journal"
    )
    wanted = ceiling(len(apart), ADJUSTMENTS)
    return [
        Figure("drifted SKUs that are right again", len(apart) - len(apart.keys() & after.apart()),
               "", how, at_least(len(drifts))),
        Figure("SKUs that are wrong after it", len(after.apart()), "", how, at_most(0)),
        Figure("SKUs touched that had not drifted", len(touched - apart.keys()), "",
               f"{len(touched)} touched; {how}", at_most(0)),
        Figure("adjustments for them, requests", adjustments(first), "",
               f"⌈{len(apart)}/{ADJUSTMENTS}⌉ = {wanted}, one location; {first.most()}",
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


def _drift(home: House, drifts: Sequence[Drift]) -> None:
    change(home, "brightpearl", changes_of(drifts, "account"))
    change(home, "bigcommerce", changes_of(drifts, "store"))

"""A large catalogue: loaded for the first time, compared unchanged, changed in one hundredth.

Then edits of single products, one by one.

Floors are those of the fact sheets: a request for each new product, ten changed products or fifty
changed variants to a request, 250 products of the store and 200 of Brightpearl to a page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from random import Random
from typing import Any

from agreement.moments import percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.usage import Family, peak_mb
from connectors.bigcommerce.client import BigCommerce
from demo.controls import Counted, System

NIGHTLY = "reconcile-products/nightly"
ALONE = {"with_stock": False}
SIZE, QUICK_SIZE = 20_000, 2_000
SIZES = ("S", "M", "L")
EDITS, QUICK_EDITS = 20, 5
SEEN_WITHIN_S = 30.0
SHARE = 100
"""One product in so many changes."""
AT_ONCE = 1_500
WITHIN_S = 3_600.0
RATIO = at_most(1.25)
NAMES: Mapping[System, int] = {"bigcommerce": 4, "brightpearl": 2}
"""Reads of the store's settings, of brands and of categories that a process does once: the fact
sheets' floors take such reference data for known."""


def measure(bench: Bench) -> list[Figure]:
    """One catalogue, three passes; then edits of a few products."""
    return [*passes(bench), *measure_edits(bench)]


def passes(bench: Bench) -> list[Figure]:
    """What the catalogue costs, and how long it takes."""
    size = bench.pick(SIZE, QUICK_SIZE)
    with environment(bench, "products", is_subscribed=False, skus=10) as env:
        env.pause_schedules()
        seed(env, size)
        before = len(env.controls.state("bigcommerce", "products")["products"])
        usage = Family(env.worker)
        figures: list[Figure] = []
        with usage.watched():
            seconds, counted = _pass(env)
            products = env.controls.state("bigcommerce", "counts")["counts"]["products"]
            total = size + before
            pages = _pages(total, size * len(SIZES) + before)
            categories = len({path for n in range(size) for path in _paths(n)})
            figures += [
                Figure("products created", products - before, "", _how(size, seconds),
                       at_least(size)),
                *_ratios("first load", counted, {
                    "bigcommerce": size + categories + -(-before // 250),
                    "brightpearl": 2 * pages["brightpearl"],
                }),
                Figure("first load", seconds, "s", _how(size, seconds)),
            ]  # fmt: skip
            bench.progress.step(f"products: first load took {seconds:.0f} s")
            seconds, counted = _pass(env)
            writes = sum(one.writes for one in counted.values())
            figures += [
                *_ratios("no change", counted, pages),
                Figure("writes without a change", writes, "", _how(size, seconds), at_most(0)),
                Figure("pass without a change", seconds, "s", _how(size, seconds), at_most(120)),
            ]
            bench.progress.step(f"products: a pass without a change took {seconds:.0f} s")
            keys = change(env, size)
            env.controls.reset_requests()
            began = time.monotonic()
            counted = env.work_off(keys, WITHIN_S, entity="products")
            seconds = time.monotonic() - began
        changed = size // SHARE
        floor = {
            "bigcommerce": -(-changed // 250) + -(-changed // 10) + -(-changed * 3 // 50),
            "brightpearl": -(-changed * 3 // 200),
        }
        again = env.work_off(keys, WITHIN_S, entity="products")
        figures += [
            *_ratios("one hundredth changed", counted, floor),
            Figure("writes of one more pass", sum(one.writes for one in again.values()), "",
                   _how(size, seconds), at_most(0)),
            Figure("one hundredth changed", seconds, "s", _how(size, seconds)),
            Figure("memory, highest", max(usage.child_peak_mb, peak_mb(env.worker)), "MB",
                   "the worker, and the process that compares all", at_most(700)),
        ]  # fmt: skip
        return figures


def measure_edits(bench: Bench) -> list[Figure]:
    """How long a product takes to the store, while nothing else happens."""
    count = bench.pick(EDITS, QUICK_EDITS)
    with environment(bench, "product-edits", skus=10) as env:
        env.pause_schedules()
        seed(env, count)
        env.wait_idle(WITHIN_S)
        took = sorted(edits(env, count))
    how = f"{count} edits in turn of a product in Brightpearl, while nothing else happens"
    return [
        Figure("edit to the other side, p50", percentile(took, 0.5) or 0, "s", how, at_most(3)),
        Figure("edit to the other side, p95", percentile(took, 0.95) or 0, "s", how, at_most(10)),
    ]


def edits(env: Environment, count: int) -> Iterator[float]:
    """Seconds from an edit in Brightpearl until the store's product says the same, in turn."""
    store = BigCommerce(env.installation.settings.pair().bigcommerce)
    with closing(store):
        for number in range(count):
            sku, text = f"BENCH-{number}-{SIZES[0]}", f"<p>Product {number}, edited</p>"
            (variant,) = store.find_variants([sku])

            def is_seen(product_id: str = variant.product_id, text: str = text) -> bool:
                (product,) = store.list_catalog_of([product_id])
                return product.description == text

            edit = partial(env.controls.change_products, [{"edit": sku, "description": text}])
            yield env.seconds_until(edit, is_seen, SEEN_WITHIN_S)


def _pass(env: Environment) -> tuple[float, Mapping[System, Counted]]:
    env.controls.reset_requests()
    seconds = env.run(NIGHTLY, WITHIN_S, parameters=ALONE)
    systems: tuple[System, System] = ("bigcommerce", "brightpearl")
    return seconds, {system: env.controls.counted(system) for system in systems}


def _paths(number: int) -> set[str]:
    return {f"Range {number % 7}", f"Range {number % 7} > Shelf {number % 40}"}


def products(size: int) -> Iterator[dict[str, Any]]:
    """As staff make them in Brightpearl: three sizes of each."""
    for number in range(size):
        for one in SIZES:
            yield {
                "sku": f"BENCH-{number}-{one}",
                "name": f"Bench product {number}",
                "variations": {"Size": one},
                "weight_kg": "0.2",
                "brand": f"Brand {number % 50}",
                "categories": [f"Range {number % 7} > Shelf {number % 40}"],
                "description": f"<p>Product {number}</p>",
            }


def seed(env: Environment, size: int) -> None:
    """Make the catalogue in Brightpearl."""
    rows = list(products(size))
    for start in range(0, len(rows), AT_ONCE):
        env.controls.change_products(rows[start : start + AT_ONCE])


def change(env: Environment, size: int) -> list[str]:
    """Change one product in a hundred, with all of its variants; their keys."""
    chosen = Random(size).sample(range(size), size // SHARE)  # noqa: S311 - reproducible
    rows = [
        {
            "edit": f"BENCH-{number}-{one}",
            "description": f"<p>Product {number}, changed</p>",
            "weight_kg": "0.3",
        }
        for number in chosen
        for one in SIZES
    ]
    made = env.controls.change_products(rows)
    return [f"product:{one['product_id']}" for one in made]


def _pages(store: int, account: int) -> Mapping[System, int]:
    return {"bigcommerce": -(-store // 250), "brightpearl": -(-account // 200)}


def _ratios(
    name: str, counted: Mapping[System, Counted], floors: Mapping[Any, int]
) -> Iterator[Figure]:
    for system, fewest in floors.items():
        total, floor = counted[system].total, fewest + NAMES[system]
        how = f"{total} requests, at least {floor}: {counted[system].most()}"
        yield Figure(f"{name}: requests to {system} against the floor", total / floor, "", how,
                     RATIO)  # fmt: skip


def _how(size: int, seconds: float) -> str:
    return (
        f"{size} groups of {len(SIZES)} products; {NIGHTLY} run by the worker in a process of "
        f"its own, or keys made due; limits off; {seconds:.1f} s"
    )

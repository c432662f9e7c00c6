"""50,000 prices in three price lists: written for the first time, compared, one hundredth changed.

Floors are those of the fact sheets: 500 products of Brightpearl to a page where their ids are not
known yet, else one page of those that changed; the prices of 200 products to a request; 250
variants or records of the store to a page, 1,000 records to a write.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_most
from bench.usage import Family, peak_mb
from connectors.bigcommerce.client import BigCommerce
from core.ids import sku_key
from demo.controls import Counted
from demo.installation import PAIR
from mappings.bundle import SHIPPED

SKUS, QUICK_SKUS = 16_700, 1_500
LISTS = {1: "Staff", 2: "Shops", 3: "Trade"}
SHARE = 100
AT_ONCE = 1_500
WITHIN_S = 3_600.0
RATIO = at_most(1.25)


def measure(bench: Bench) -> list[Figure]:
    """Three passes over one catalogue."""
    size = bench.pick(SKUS, QUICK_SKUS)
    folder = bench.folder / "prices-mappings"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    rows = "".join(f"{number},list:{name},\n" for number, name in LISTS.items())
    (folder / "tables/price_targets.csv").write_text(f"value,becomes,note\n{rows}")
    settings = {"CAUSEWAY_MAPPINGS_PATH": str(folder.absolute())}
    with environment(bench, "prices", is_subscribed=False, skus=size, settings=settings) as env:
        env.pause_schedules()
        store = BigCommerce(env.installation.settings.pair(PAIR).bigcommerce)
        for name in LISTS.values():
            store.create_price_list(name)
        store.close()
        on_sale, levels = env.controls.levels()
        skus = sorted(on_sale.keys() & levels.keys())
        keys = [sku_key(sku) for sku in skus]
        usage = Family(env.worker)
        with usage.watched():
            pages = -(-len(levels) // 500)
            figures = list(_pass(env, "first load", keys, len(keys) * len(LISTS), pages))
            bench.progress.step("prices: the first load is done")
            figures += _pass(env, "no change", keys, 0)
            bench.progress.step("prices: a pass without a change is done")
            chosen = Random(size).sample(skus, len(skus) // SHARE)  # noqa: S311 - reproducible
            _change(env, chosen)
            changed = [sku_key(sku) for sku in chosen]
            # Staff give the retail and the trade price at once.
            figures += _pass(env, "one hundredth changed", changed, 2 * len(changed))
        memory = max(usage.child_peak_mb, peak_mb(env.worker))
        figures.append(Figure("memory, highest", memory, "MB", "the worker", at_most(700)))
        return figures


def _pass(
    env: Environment, name: str, keys: list[str], written: int, pages: int = 1
) -> Iterator[Figure]:
    """What one pass over these SKUs costs.

    In: how many records it has to write, and pages of Brightpearl's products it has to read.
    """
    counted = env.work_off(keys, WITHIN_S, entity="prices")
    size = len(keys)
    floors = {
        "bigcommerce": -(-size // 250) * (1 + len(LISTS)) + -(-written // 1_000),
        "brightpearl": pages + -(-size // 200),
    }
    for system, floor in floors.items():
        found: Counted = counted[system]  # type: ignore[index]
        how = f"{size} SKUs in {len(LISTS)} lists, {found.total} requests, at least {floor}: "
        yield Figure(
            f"{name}: requests to {system} against the floor",
            found.total / floor,
            "",
            f"{how}{found.most()}",
            RATIO,
        )
    if not written:
        writes = sum(one.writes for one in counted.values())
        yield Figure("writes without a change", writes, "", f"{size} SKUs", at_most(0))


def _change(env: Environment, skus: list[str]) -> None:
    """Staff change the prices of these."""
    rows: list[Mapping[str, Any]] = [
        {"edit": sku, "price_ex_tax": f"{30 + place % 50}.50"} for place, sku in enumerate(skus)
    ]
    for start in range(0, len(rows), AT_ONCE):
        env.controls.change_products(rows[start : start + AT_ONCE])

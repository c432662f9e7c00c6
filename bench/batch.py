"""How many requests a batch costs, against the fewest that the APIs allow; and once more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bench.figures import Figure, at_least, at_most
from bench.floors import Batch, Floor, bigcommerce_floor, brightpearl_floor, long_orders
from bench.house import Counted, House, house
from bench.plan import Bench
from bench.shoppers import Shoppers
from core.ids import sku_key

ORDERS = 500
PEOPLE = 300
"""Customers of generated orders."""
WITHIN_S = 600.0
RATIO = at_most(1.25)


def measure(bench: Bench) -> list[Figure]:
    """One batch of new orders whose webhooks are lost, made due together; then the same again."""
    with house(bench, "batch", days=bench.days, is_subscribed=False) as home:
        contacts_before = _contacts(home)
        if bench.days:
            keys, _ = home.controls.place_next(ORDERS)
        else:
            keys = Shoppers(home, PEOPLE).place(ORDERS)
        began = time.monotonic()
        first = _work_off(home, keys)
        seconds = time.monotonic() - began
        verdict = home.verdict()
        batch = _batch(home, keys, contacts_before)
        second = _work_off(home, keys)
        complete = verdict.in_brightpearl - len(verdict.differences)
        return [
            Figure(
                "orders of the batch that are complete",
                complete,
                "",
                f"{bench.origin}; from both sandboxes' states, compared field by field",
                at_least(len(keys)),
            ),
            _ratio("Brightpearl", first["brightpearl"], brightpearl_floor(batch)),
            _ratio("BigCommerce", first["bigcommerce"], bigcommerce_floor(batch)),
            Figure(
                "orders per second, limits off",
                len(keys) / seconds,
                "/s",
                f"{len(keys)} orders in {seconds:.1f} s, from the inbox until all is at rest",
            ),
            Figure(
                "second pass: writes",
                second["bigcommerce"].writes + second["brightpearl"].writes,
                "",
                "the same keys made due by an operator; requests other than reads that both "
                "sandboxes counted",
                at_most(0),
            ),
        ]


def _work_off(home: House, keys: Sequence[str]) -> dict[str, Counted]:
    """Make the keys due, all at once, and wait; the requests it took."""
    home.controls.forget_requests()
    home.due(keys)
    home.settle(WITHIN_S)
    return {
        "bigcommerce": home.counted("bigcommerce"),
        "brightpearl": home.counted("brightpearl"),
    }


def _ratio(system: str, counted: Counted, floor: Floor) -> Figure:
    return Figure(
        f"requests to {system} for {ORDERS} orders, against the floor",
        counted.total / floor.requests,
        "x",
        f"{counted.total} requests, reference data included; floor {floor}. {counted.most()}",
        RATIO,
    )


def _contacts(home: House) -> int:
    return int(home.state("brightpearl", "counts")["counts"]["contacts"])


def _batch(home: House, keys: Sequence[str], contacts_before: int) -> Batch:
    """What the batch turned out to consist of."""
    orders = home.state("bigcommerce", "orders")["orders"]
    lines: list[list[dict[str, Any]]] = [orders[key]["lines"] for key in keys]
    numbers = [int(key) for key in keys]
    return Batch(
        orders=len(keys),
        span=max(numbers) - min(numbers) + 1,
        new_contacts=_contacts(home) - contacts_before,
        contacts_before=contacts_before,
        skus=len({sku_key(line["sku"]) for of_one in lines for line in of_one if line["sku"]}),
        products=int(home.state("brightpearl", "counts")["counts"]["products"]),
        long_orders=long_orders(len(of_one) for of_one in lines),
    )

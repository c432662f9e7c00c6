"""What the whole life of real orders costs BigCommerce: imported, shipped in parts, refunded."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from agreement.money import refunds_of
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.floors import Floor, Life, life_floor, long_orders
from bench.request_counts import refund_one
from bench.shoppers import Shoppers
from demo import scenario
from demo.play import Play, place_loaded_orders

DAYS, QUICK_DAYS = 2, 1
GENERATED, QUICK_GENERATED = 240, 60
REFUNDED_SHARE = 20
"""One generated order in so many is refunded."""
WITHIN_S = 1200.0
TIMES = 1.15
CANCELLING = "C"
"""How invoices begin that cancel another one."""


def measure(bench: Bench) -> list[Figure]:
    """Place the orders of the two busiest days, send all of them off, refund what was refunded."""
    days = busiest(bench.days, bench.pick(DAYS, QUICK_DAYS))
    with environment(bench, "life", limits="documented", days=days) as env:
        env.pause_schedules()
        env.controls.reset_requests()
        if days:
            place_loaded_orders(env.installation)
            imported = env.controls.counted("bigcommerce").total
            Play(env.installation).change_loaded_orders()
        else:
            Shoppers(env, people=GENERATED).place(bench.pick(GENERATED, QUICK_GENERATED))
            env.wait_idle(WITHIN_S)
            imported = env.controls.counted("bigcommerce").total
            _change_generated(env)
        env.wait_idle(WITHIN_S)
        used = env.controls.counted("bigcommerce")
        verdict = env.verdict()
        life = lived(env)
    floor = life_floor(life)
    how = (
        f"{used.total} requests, {imported} of them by the end of the import; floor {floor}. "
        f"{life.orders} orders ({_origin(bench, days)}), {life.notes} parcels, {life.refunds} "
        f"refunds, by webhooks, schedules paused; documented limits, {used.throttled} throttled. "
        f"{used.most()}"
    )
    return [
        Figure(
            "orders that agree after their lives",
            verdict.in_brightpearl - len(verdict.differences),
            "",
            "; ".join(verdict.of_orders()[:10]) or how,
            at_least(verdict.in_brightpearl),
        ),
        Figure("requests to BigCommerce per order", used.total / life.orders, "", how),
        _ratio(used.total, floor, how),
    ]


def _ratio(requests: int, floor: Floor, how: str) -> Figure:
    name = "requests to BigCommerce for whole lives, against the floor"
    return Figure(name, requests / floor.requests, "x", how, at_most(TIMES))


def busiest(files: Sequence[Path], count: int) -> tuple[Path, ...]:
    """The files of the days with the most orders, in the order of the days."""
    ranked = sorted(files, key=lambda file: (-_orders_in(file), file.name))
    return tuple(sorted(ranked[:count]))


def lived(env: Environment) -> Life:
    """What happened to the orders that were imported."""
    store, account = env.controls.states()
    imported = {
        (order["external_ref"] or "").removeprefix("BC-")
        for order in account["orders"].values()
        if order["type_code"] == "SO" and not order["parent_id"]
    }
    orders = [order for key, order in store["orders"].items() if key in imported]
    numbers = [int(order["id"]) for order in orders]
    return Life(
        orders=len(orders),
        span=max(numbers) - min(numbers) + 1,
        notes=sum("shipped" in note["stages"] for note in account["goods_out"].values()),
        refunds=sum(len(refunds_of(order)) for order in orders),
        long_orders=long_orders(len(order["lines"]) for order in orders),
    )


def _change_generated(env: Environment) -> None:
    """Every wholly reserved order is sent off, half of them in two parcels; some are refunded."""
    ready = scenario.reserved_orders(*env.controls.states())
    env.controls.ship(
        *(
            parcel
            for number, order in enumerate(ready)
            for parcel in scenario.parcels(order, number)
        )
    )
    env.wait_idle(WITHIN_S)
    for order in ready[::REFUNDED_SHARE]:
        refund_one(env, order)


def _orders_in(file: Path) -> int:
    with file.open(encoding="utf-8", newline="") as lines:
        invoices = {row["InvoiceNo"] for row in csv.DictReader(lines)}
    return sum(not invoice.startswith(CANCELLING) for invoice in invoices)


def _origin(bench: Bench, days: Sequence[Path]) -> str:
    return ", ".join(day.stem for day in days) or bench.origin

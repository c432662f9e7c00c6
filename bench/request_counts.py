"""How many requests orders cost, against the fewest that the APIs allow; and once more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.floors import (
    Batch,
    Floor,
    amendment_floors,
    bigcommerce_floor,
    brightpearl_floor,
    long_orders,
    refund_floors,
    shipment_floors,
)
from bench.shoppers import Shoppers
from core.ids import GOODS_OUT, note_key, sku_key
from demo.controls import Counted, System

ORDERS, CHANGED_ORDERS = 500, 100
PEOPLE = 300
"""Customers of generated orders."""
WITHIN_S = 600.0
RATIO = at_most(1.25)
NAMES: Mapping[System, str] = {"brightpearl": "Brightpearl", "bigcommerce": "BigCommerce"}


def measure_batch(bench: Bench) -> list[Figure]:
    """One batch of new orders whose webhooks are lost, made due together; then the same again."""
    with environment(bench, "batch", days=bench.days, is_subscribed=False) as env:
        contacts_before = _contacts(env)
        if bench.days:
            keys, _ = env.controls.place_next(ORDERS)
        else:
            keys = Shoppers(env, PEOPLE).place(ORDERS)
        began = time.monotonic()
        first = env.work_off(keys, WITHIN_S)
        seconds = time.monotonic() - began
        verdict = env.verdict()
        batch = _batch(env, keys, contacts_before)
        second = env.work_off(keys, WITHIN_S)
    floors: Mapping[System, Floor] = {
        "brightpearl": brightpearl_floor(batch),
        "bigcommerce": bigcommerce_floor(batch),
    }
    return [
        Figure(
            "orders of the batch that are complete",
            verdict.in_brightpearl - len(verdict.differences),
            "",
            f"{bench.origin}; from both sandboxes' states, compared field by field",
            at_least(len(keys)),
        ),
        *_ratios(f"{ORDERS} orders", first, floors),
        Figure(
            "orders per second, limits off",
            len(keys) / seconds,
            "/s",
            f"{len(keys)} orders in {seconds:.1f} s, from the inbox until all is idle",
        ),
        _second_pass("second pass: writes", [second]),
    ]


def measure_changes(bench: Bench) -> list[Figure]:
    """A hundred edits, then a hundred parcels, then a hundred refunds, each processed together."""
    with environment(bench, "changes", is_subscribed=False) as env:
        ids = Shoppers(env, CHANGED_ORDERS).place(CHANGED_ORDERS)
        env.work_off(ids, WITHIN_S)
        orders = [env.controls.state("bigcommerce", "orders")["orders"][key] for key in ids]
        env.controls.edit_all(
            {"order_id": order["id"], "lines": [one_more(order)]} for order in orders
        )
        amended = env.work_off(ids, WITHIN_S)
        env.controls.ship(*({"external_ref": f"BC-{order['id']}"} for order in orders))
        notes = [
            note_key(GOODS_OUT, one)
            for one in env.controls.state("brightpearl", "goods_out")["goods_out"]
        ]
        shipped = env.work_off(notes, WITHIN_S, entity="shipments")
        for order in orders:
            refund_one(env, order)
        refunded = env.work_off(ids, WITHIN_S, entity="refunds")
        verdict = env.verdict()
        again = [
            env.work_off(keys, WITHIN_S, entity=entity)
            for entity, keys in (("orders", ids), ("shipments", notes), ("refunds", ids))
        ]
    return [
        Figure(
            "orders that agree after all of it",
            verdict.in_brightpearl - len(verdict.differences),
            "",
            "both states",
            at_least(CHANGED_ORDERS),
        ),
        *_ratios(f"{CHANGED_ORDERS} amendments", amended, amendment_floors(CHANGED_ORDERS)),
        *_ratios(
            f"{CHANGED_ORDERS} shipments", shipped, shipment_floors(CHANGED_ORDERS, len(notes))
        ),
        *_ratios(f"{CHANGED_ORDERS} refunds", refunded, refund_floors(CHANGED_ORDERS)),
        _second_pass("second pass over orders, shipments, refunds: writes", again),
    ]


def one_more(order: Mapping[str, Any]) -> dict[str, Any]:
    """An edit of an order's first line: one unit more."""
    line = order["lines"][0]
    return {"id": line["id"], "quantity": line["quantity"] + 1}


def refund_one(env: Environment, order: Mapping[str, Any]) -> None:
    """Staff refund one unit of an order's first line, which comes back."""
    item = {"id": order["lines"][0]["id"], "quantity": 1}
    env.controls.refund(order_id=order["id"], reason="returned: resellable", items=[item])


def _ratios(
    what: str, counted: Mapping[System, Counted], floors: Mapping[System, Floor]
) -> Iterator[Figure]:
    for system, name in NAMES.items():
        used, floor = counted[system], floors[system]
        yield Figure(
            f"requests to {name} for {what}, against the floor",
            used.total / floor.requests,
            "x",
            f"{used.total} requests, reference data included; floor {floor}. {used.most()}",
            RATIO,
        )


def _second_pass(name: str, passes: Sequence[Mapping[System, Counted]]) -> Figure:
    counted = [one for by_system in passes for one in by_system.values()]
    written = "; ".join(filter(None, (one.writes_text() for one in counted)))
    how = "the same keys made due by an operator; requests other than reads that both sandboxes"
    return Figure(
        name, sum(one.writes for one in counted), "", f"{how} counted. {written}", at_most(0)
    )


def _contacts(env: Environment) -> int:
    return int(env.controls.state("brightpearl", "counts")["counts"]["contacts"])


def _batch(env: Environment, keys: Sequence[str], contacts_before: int) -> Batch:
    """What the batch turned out to consist of."""
    orders = env.controls.state("bigcommerce", "orders")["orders"]
    lines: list[list[dict[str, Any]]] = [orders[key]["lines"] for key in keys]
    numbers = [int(key) for key in keys]
    counts = env.controls.state("brightpearl", "counts")["counts"]
    return Batch(
        orders=len(keys),
        span=max(numbers) - min(numbers) + 1,
        new_contacts=_contacts(env) - contacts_before,
        contacts_before=contacts_before,
        skus=len({sku_key(line["sku"]) for of_one in lines for line in of_one if line["sku"]}),
        products=int(counts["products"]),
        long_orders=long_orders(len(of_one) for of_one in lines),
    )

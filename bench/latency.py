"""How long one order, and one change of it, takes when nothing else happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from agreement.moments import complete_at, paid_at, percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.measured_worker import FILE, validated_s
from bench.request_counts import one_more, refund_one
from bench.shoppers import Shoppers
from bench.usage import computed_s

WARM = 3
"""Orders before the first that is timed: the first one reads reference data and the catalogue."""
ORDERS, QUICK_ORDERS = 40, 30
PEOPLE_SHARE = 2
"""Every shopper orders twice: half of the orders need a new contact."""
CHANGES, QUICK_CHANGES = 20, 8
CHANGE_PEOPLE = 100
ORDER_WITHIN_S = 60.0
CHANGE_WITHIN_S = 600.0
VISIBLE_WITHIN_S = 60.0
POLL_S = 0.02


def measure_orders(bench: Bench) -> list[Figure]:
    """One order after the other, each placed when the one before is settled."""
    count = bench.pick(ORDERS, QUICK_ORDERS)
    pauses = Random(1)  # noqa: S311 - reproducible, not secret
    measured = (bench.folder / "validations").resolve()
    with environment(
        bench,
        "latency",
        worker=("-m", "bench.measured_worker"),
        settings={FILE: str(measured)},
    ) as env:
        shoppers = Shoppers(env, (count + WARM) // PEOPLE_SHARE)
        for _ in range(WARM):
            shoppers.place(1)
            env.wait_idle(ORDER_WITHIN_S)
        timed: list[str] = []
        before, validated_before = computed_s(env.worker), validated_s(measured)
        for _ in range(count):
            # Not in step with anything that runs at fixed intervals.
            time.sleep(pauses.uniform(0, 1))
            timed += shoppers.place(1)
            env.wait_idle(ORDER_WITHIN_S)
        computed = computed_s(env.worker) - before
        validated = validated_s(measured) - validated_before
        latencies = order_seconds(env, timed)
    how = (
        f"{len(latencies)} of {count} orders, one at a time, half of them of new customers; from "
        "the payment in the store's sandbox to the last of sales order, receipt and whole "
        "reservation, by the sandboxes' own clocks; limits off, no delay"
    )
    return [
        Figure("single orders that became complete", len(latencies), "", how, at_least(count)),
        Figure("paid → complete, p50", percentile(latencies, 0.5) or 0, "s", how, at_most(0.45)),
        Figure("paid → complete, p95", percentile(latencies, 0.95) or 0, "s", how, at_most(0.9)),
        Figure("paid → complete, slowest", max(latencies, default=0), "s", how),
        Figure(
            "computing time of the worker per order",
            computed / count,
            "s",
            "user and system time from the first order to the last, all threads; the echo of our "
            "own write, stock and polling included",
        ),
        Figure(
            "share of Great Expectations in it",
            100 * validated / computed,
            "%",
            f"{validated / count:.3f} s an order: computing time of the threads that check suites, "
            "while they do",
            at_most(25),
        ),
    ]


def order_seconds(env: Environment, keys: list[str]) -> list[float]:
    """Sorted seconds from paid to complete, of those orders that are complete."""
    store, account = env.controls.states()
    complete = complete_at(store, account)
    return sorted(
        (complete[key] - paid_at(store["orders"][key])).total_seconds()
        for key in keys
        if key in complete
    )


@dataclass(frozen=True)
class Apis:
    """The two APIs, as any app may use them."""

    store: httpx.Client
    account: httpx.Client

    def sales_order(self, order_id: str) -> Mapping[str, Any]:
        """A sales order as it is now."""
        answer = self.account.get(f"/order-service/sales-order/{order_id}").json()
        document: Mapping[str, Any] = answer["response"][0]
        return document

    def credits(self, order_id: str) -> int:
        """How many sales credits a sales order has."""
        params: dict[str, str | int] = {
            "orderTypeId": 3,
            "parentOrderId": order_id,
            "columns": "orderId",
        }
        answer = self.account.get("/order-service/order-search", params=params).json()
        return int(answer["response"]["metaData"]["resultsAvailable"])

    def shipments(self, order_id: str) -> int:
        """How many shipments an order of the store has."""
        answer = self.store.get(f"/v2/orders/{order_id}/shipments/count").json()
        return int(answer["count"])


@contextmanager
def open_apis(env: Environment) -> Iterator[Apis]:
    """Both APIs, with this installation's credentials."""
    pair = env.installation.settings.pair()
    store, account = pair.bigcommerce, pair.brightpearl
    with (
        httpx.Client(
            base_url=f"{store.api_url}/stores/{store.store_hash}",
            headers={"X-Auth-Token": store.access_token.get_secret_value()},
        ) as of_store,
        httpx.Client(
            base_url=f"{account.api_url}/{account.account}",
            headers={
                "brightpearl-app-ref": account.app_ref,
                "brightpearl-account-token": account.account_token.get_secret_value(),
            },
        ) as of_account,
    ):
        yield Apis(of_store, of_account)


@dataclass(frozen=True)
class Kind:
    """A change on one side, and how the other side shows it."""

    name: str
    act: Callable[[Environment, Mapping[str, Any]], None]
    is_visible: Callable[[Apis, Mapping[str, Any]], bool]


KINDS = (
    Kind(
        "edit → amendment",
        lambda env, order: env.controls.edit(order_id=order["id"], lines=[one_more(order)]),
        lambda apis, order: _units(apis.sales_order(order["sales_order"])) == _pieces(order) + 1,
    ),
    Kind(
        "note shipped → shipment",
        lambda env, order: env.controls.ship({"external_ref": f"BC-{order['id']}"}),
        lambda apis, order: apis.shipments(order["id"]) > 0,
    ),
    Kind(
        "refund → credit",
        refund_one,
        lambda apis, order: apis.credits(order["sales_order"]) > 0,
    ),
    Kind(
        "cancelled → cancelled",
        lambda env, order: env.controls.edit(order_id=order["id"], status_id=5),
        lambda apis, order: bool(apis.sales_order(order["sales_order"]).get("isCanceled")),
    ),
)


def measure_changes(bench: Bench) -> list[Figure]:
    """One change after the other, each when the one before is settled."""
    times = bench.pick(CHANGES, QUICK_CHANGES)
    figures: list[Figure] = []
    with environment(bench, "afterwards") as env, open_apis(env) as apis:
        ids = Shoppers(env, CHANGE_PEOPLE).place((times + 1) * len(KINDS))
        env.wait_idle(CHANGE_WITHIN_S)
        orders = iter(_orders(env, ids))
        for kind in KINDS:
            _timed(env, apis, kind, next(orders))  # the first one imports and fills caches
            seconds = sorted(_timed(env, apis, kind, next(orders)) for _ in range(times))
            how = f"{times} times, one at a time, idle, from the change to its effect by either API"
            p50, p95 = percentile(seconds, 0.5) or 0, percentile(seconds, 0.95) or 0
            figures.append(Figure(f"{kind.name}, p50", p50, "s", how, at_most(2.0)))
            figures.append(Figure(f"{kind.name}, p95", p95, "s", how, at_most(6.0)))
    return figures


def _timed(env: Environment, apis: Apis, kind: Kind, order: Mapping[str, Any]) -> float:
    """Seconds from a change to its effect on the other side."""
    env.wait_idle(CHANGE_WITHIN_S)
    began = time.monotonic()
    kind.act(env, order)
    while not kind.is_visible(apis, order):
        if time.monotonic() - began > VISIBLE_WITHIN_S:
            return VISIBLE_WITHIN_S
        time.sleep(POLL_S)
    return time.monotonic() - began


def _orders(env: Environment, ids: list[str]) -> list[dict[str, Any]]:
    """Orders of the store as they are now, each with its `sales_order`'s id."""
    store, account = env.controls.states()
    sales = {o["external_ref"]: str(o["id"]) for o in account["orders"].values()}
    return [{**store["orders"][key], "sales_order": sales[f"BC-{key}"]} for key in ids]


def _pieces(order: Mapping[str, Any]) -> int:
    return sum(line["quantity"] for line in order["lines"])


def _units(sales_order: Mapping[str, Any]) -> int:
    return sum(int(float(r["quantity"])) for r in sales_order["rows"] if r.get("productId"))

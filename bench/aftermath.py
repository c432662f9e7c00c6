"""What happens to orders after their import: how soon the other side has it, at what cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from agreement.moments import percentile
from bench.figures import Figure, at_least, at_most
from bench.floors import MESSAGES, PAGE, READ_BACK, ROWS, Floor, Term, ceiling
from bench.house import Counted, House, house
from bench.plan import Bench
from bench.shoppers import Shoppers
from core.ids import GOODS_OUT, note_key
from core.times import utc_now
from demo.stage import PAIR
from store.inbox import Inbox

ORDERS = 100
TIMES, QUICK_TIMES = 20, 8
WITHIN_S = 600.0
VISIBLE_WITHIN_S = 60.0
LOOK_S = 0.02
RATIO = at_most(1.25)


@dataclass(frozen=True)
class Paths:
    """The two APIs, as anybody may ask them."""

    store: httpx.Client
    account: httpx.Client

    def sales_order(self, order_id: str) -> Mapping[str, Any]:
        """A sales order as it stands."""
        answer = self.account.get(f"/order-service/sales-order/{order_id}").json()
        document: Mapping[str, Any] = answer["response"][0]
        return document

    def credits(self, order_id: str) -> int:
        """How many sales credits a sales order has."""
        told: dict[str, str | int] = {
            "orderTypeId": 3,
            "parentOrderId": order_id,
            "columns": "orderId",
        }
        answer = self.account.get("/order-service/order-search", params=told).json()
        return int(answer["response"]["metaData"]["resultsAvailable"])

    def shipments(self, order_id: str) -> int:
        """How many shipments an order of the store has."""
        answer = self.store.get(f"/v2/orders/{order_id}/shipments/count").json()
        return int(answer["count"])


@dataclass(frozen=True)
class Kind:
    """Something that happens on one side, and how the other one shows that it knows."""

    name: str
    act: Callable[[House, Mapping[str, Any]], None]
    is_visible: Callable[[Paths, Mapping[str, Any]], bool]


def _refund(home: House, order: Mapping[str, Any]) -> None:
    item = {"id": order["lines"][0]["id"], "quantity": 1}
    home.controls.refund(order_id=order["id"], reason="resellable", items=[item])


KINDS = (
    Kind(
        "edit → amendment",
        lambda home, order: home.controls.edit(order_id=order["id"], lines=[_one_more(order)]),
        lambda paths, order: _units(paths.sales_order(order["sales_order"])) == _pieces(order) + 1,
    ),
    Kind(
        "note shipped → shipment",
        lambda home, order: home.controls.ship({"external_ref": f"BC-{order['id']}"}),
        lambda paths, order: paths.shipments(order["id"]) > 0,
    ),
    Kind(
        "refund → credit",
        _refund,
        lambda paths, order: paths.credits(order["sales_order"]) > 0,
    ),
    Kind(
        "cancelled → cancelled",
        lambda home, order: home.controls.edit(order_id=order["id"], status_id=5),
        lambda paths, order: bool(paths.sales_order(order["sales_order"]).get("isCanceled")),
    ),
)


def measure_latency(bench: Bench) -> list[Figure]:
    """One thing after the other, each when the one before is at rest."""
    times = bench.pick(TIMES, QUICK_TIMES)
    figures: list[Figure] = []
    with house(bench, "afterwards") as home, open_paths(home) as paths:
        ids = Shoppers(home, ORDERS).place((times + 1) * len(KINDS))
        home.settle(WITHIN_S)
        orders = iter(_orders(home, ids))
        for kind in KINDS:
            _timed(home, paths, kind, next(orders))  # the first one imports and reads what is kept
            seconds = sorted(_timed(home, paths, kind, next(orders)) for _ in range(times))
            how = f"{times} times, one at a time, idle, from the change to its effect by either API"
            p50, p95 = percentile(seconds, 0.5) or 0, percentile(seconds, 0.95) or 0
            figures.append(Figure(f"{kind.name}, p50", p50, "s", how, at_most(2.0)))
            figures.append(Figure(f"{kind.name}, p95", p95, "s", how, at_most(6.0)))
    return figures


def measure_requests(bench: Bench) -> list[Figure]:
    """A hundred edits, then a hundred parcels, then a hundred refunds, each worked off together."""
    with house(bench, "aftermath", is_subscribed=False) as home:
        ids = Shoppers(home, ORDERS).place(ORDERS)
        _work_off(home, "orders", ids)
        orders = _orders(home, ids)
        home.controls.edit_all(
            {"order_id": order["id"], "lines": [_one_more(order)]} for order in orders
        )
        amended = _work_off(home, "orders", ids)
        home.controls.ship(*({"external_ref": f"BC-{order['id']}"} for order in orders))
        notes = home.state("brightpearl", "goods_out")["goods_out"]
        shipped = _work_off(home, "shipments", [note_key(GOODS_OUT, one) for one in notes])
        for order in orders:
            _refund(home, order)
        refunded = _work_off(home, "refunds", ids)
        verdict = home.verdict()
        again = [
            _work_off(home, entity, keys)
            for entity, keys in (
                ("orders", ids),
                ("shipments", [note_key(GOODS_OUT, one) for one in notes]),
                ("refunds", ids),
            )
        ]
    agreeing = verdict.in_brightpearl - len(verdict.differences)
    return [
        Figure("orders that agree after it all", agreeing, "", "both states", at_least(ORDERS)),
        *_ratios("amendments", amended, _floors_of_amendments()),
        *_ratios("shipments", shipped, _floors_of_shipments(len(notes))),
        *_ratios("refunds", refunded, _floors_of_refunds()),
        Figure(
            "second pass over orders, shipments, refunds: writes",
            sum(counted.writes for one in again for counted in one.values()),
            "",
            "requests other than reads that both sandboxes counted",
            at_most(0),
        ),
    ]


def _floors_of_amendments() -> dict[str, Floor]:
    n = ORDERS
    return {
        "bigcommerce": Floor(
            (
                Term("list", f"⌊{n}/{PAGE}⌋ + 1", n // PAGE + 1),
                Term("transactions", f"{n}", n),
            )
        ),
        "brightpearl": Floor(
            (
                Term("orders", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("payments", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("rows", f"⌈{n}/{MESSAGES}⌉", ceiling(n, MESSAGES)),
                Term("read back", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("reservations", f"⌈{n}/{MESSAGES}⌉", ceiling(n, MESSAGES)),
                Term("read back", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
            )
        ),
    }


def _floors_of_shipments(notes: int) -> dict[str, Floor]:
    return {
        "bigcommerce": Floor(
            (
                Term("list", f"⌊{ORDERS}/{PAGE}⌋ + 1", ORDERS // PAGE + 1),
                Term("shipments", f"{notes}", notes),
            )
        ),
        "brightpearl": Floor(
            (
                Term("notes", f"⌈{notes}/{ROWS}⌉", ceiling(notes, ROWS)),
                Term("orders", f"⌈{ORDERS}/{READ_BACK}⌉", ceiling(ORDERS, READ_BACK)),
            )
        ),
    }


def _floors_of_refunds() -> dict[str, Floor]:
    n = ORDERS
    return {
        "bigcommerce": Floor(
            (
                Term("refunds", f"⌈{n}/{PAGE}⌉", ceiling(n, PAGE)),
                Term("list", f"⌊{n}/{PAGE}⌋ + 1", n // PAGE + 1),
            )
        ),
        "brightpearl": Floor(
            (
                Term("orders", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("credits that stand", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("credits", f"⌈{n}/{MESSAGES}⌉", ceiling(n, MESSAGES)),
                Term("read back", f"⌈{n}/{READ_BACK}⌉", ceiling(n, READ_BACK)),
                Term("goods in, payment, close", f"⌈3·{n}/{MESSAGES}⌉", ceiling(3 * n, MESSAGES)),
            )
        ),
    }


def _ratios(
    what: str, counted: Mapping[str, Counted], floors: Mapping[str, Floor]
) -> Iterator[Figure]:
    for system, spoken in (("brightpearl", "Brightpearl"), ("bigcommerce", "BigCommerce")):
        used, floor = counted[system], floors[system]
        yield Figure(
            f"requests to {spoken} for {ORDERS} {what}, against the floor",
            used.total / floor.requests,
            "x",
            f"{used.total} requests; floor {floor}. {used.most()}",
            RATIO,
        )


def _work_off(home: House, entity: str, keys: Sequence[str]) -> dict[str, Counted]:
    """Make the keys due, all at once, and wait; the requests it took."""
    home.controls.forget_requests()
    Inbox(home.stage.database).put(PAIR, entity, keys, source="operator", now=utc_now())
    home.settle(WITHIN_S)
    return {
        "bigcommerce": home.counted("bigcommerce"),
        "brightpearl": home.counted("brightpearl"),
    }


def _timed(home: House, paths: Paths, kind: Kind, order: Mapping[str, Any]) -> float:
    """Seconds from a change to its effect on the other side."""
    home.settle(WITHIN_S)
    began = time.monotonic()
    kind.act(home, order)
    while not kind.is_visible(paths, order):
        if time.monotonic() - began > VISIBLE_WITHIN_S:
            return VISIBLE_WITHIN_S
        time.sleep(LOOK_S)
    return time.monotonic() - began


def _orders(home: House, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Orders of the store as they are now, each beside its `sales_order`'s id."""
    store, account = home.controls.states()
    there = {o["external_ref"]: str(o["id"]) for o in account["orders"].values()}
    return [{**store["orders"][key], "sales_order": there[f"BC-{key}"]} for key in ids]


def _one_more(order: Mapping[str, Any]) -> dict[str, Any]:
    line = order["lines"][0]
    return {"id": line["id"], "quantity": line["quantity"] + 1}


def _pieces(order: Mapping[str, Any]) -> int:
    return sum(line["quantity"] for line in order["lines"])


def _units(sales_order: Mapping[str, Any]) -> int:
    return sum(int(float(r["quantity"])) for r in sales_order["rows"] if r.get("productId"))


@contextmanager
def open_paths(home: House) -> Iterator[Paths]:
    """Both APIs, as this installation asks them."""
    pair = home.stage.settings.pair()
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
        yield Paths(of_store, of_account)

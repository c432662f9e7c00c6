"""Real days with restocks, returns and counts in between: is every SKU right in the end?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from agreement.records import State
from agreement.stock import ACCOUNT_PARTS, SkuStock, held_by_orders
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.stock.catalogue import HOURLY, NIGHTLY
from bench.stock.shelves import Shelves, change, wait_settled
from demo.installation import PAIR
from store.runs import Runs

GENERATED, QUICK_GENERATED = 600, 100
AT_ONCE, EVERY_S = 20, 0.5
HAPPENS_EVERY, AUDITED_EVERY, RECONCILED_EVERY = 2, 20, 60
"""Batches of orders from one restock, audit or reconciliation to the next."""
RESTOCKED, LOST, COUNTED, RETURNED = 3, 1, 2, 2
"""SKUs, and orders of which something comes back, each time."""
MOST = 40
WITHIN_S = 1800.0
SHOWN = 10


@dataclass
class Days:
    """What happens besides orders."""

    env: Environment
    skus: Sequence[str]
    chance: Random
    done: Counter[str] = field(default_factory=Counter)

    def happen(self) -> None:
        """Goods come in, some are lost, some come back, and somebody counts in the store."""
        some = self.chance.sample(self.skus, RESTOCKED + LOST + COUNTED)
        come, lost = some[:RESTOCKED], some[RESTOCKED : RESTOCKED + LOST]
        counted = some[RESTOCKED + LOST :]
        change(self.env, "brightpearl", [
            *({"sku": sku, "delta": self.chance.randint(1, MOST)} for sku in come),
            *({"sku": sku, "delta": -self.chance.randint(1, 3)} for sku in lost),
        ])  # fmt: skip
        change(self.env, "bigcommerce", [
            {"sku": sku, "on_hand": self.chance.randint(0, MOST)} for sku in counted
        ])  # fmt: skip
        self.done.update({"restocked": len(come), "lost": len(lost), "counted": len(counted)})
        self._return()

    def _return(self) -> None:
        """Staff credit some orders and put one piece of each back on the shelf."""
        for order in self._returnable():
            row = next(row for row in order["rows"].values() if row["sku"] in self.skus)
            credit = {
                "order_id": order["id"],
                "rows": [{"sku": row["sku"], "quantity": "1"}],
            }
            made = self.env.controls.call("brightpearl", "POST", "credit", credit)
            received = {"order_id": made["credit_id"]}
            self.env.controls.call("brightpearl", "POST", "receive", received)
            self.done["returned"] += 1

    def _returnable(self) -> list[State]:
        orders = self.env.controls.state("brightpearl", "orders")["orders"].values()
        some = [
            order
            for order in orders
            if order["type_code"] == "SO"
            and any(row["sku"] in self.skus for row in order["rows"].values())
        ]
        return self.chance.sample(some, min(len(some), RETURNED))


def measure(bench: Bench) -> list[Figure]:
    """Place all orders, batch by batch, by webhooks as always; compare every SKU at the end."""
    files = bench.days[:1] if bench.is_quick else bench.days
    with environment(bench, "stock-days", days=files) as env:
        env.pause_schedules()
        env.run(NIGHTLY, WITHIN_S)
        skus = Shelves.of(env).skus
        days = Days(env, skus, Random(8))  # noqa: S311 - reproducible, not secret
        placed = _play(bench, env, days, real=bool(files))
        wait_settled(env, WITHIN_S)
        days.happen()
        wait_settled(env, WITHIN_S)
        before = _wrong(env)
        env.run(HOURLY, WITHIN_S)
        wait_settled(env, WITHIN_S)
        wrong = _wrong(env)
        env.run(HOURLY, WITHIN_S)
        (audit,) = Runs(env.installation.database).last(PAIR, flow="audit-stock", limit=1)
    how = (
        f"{placed} orders ({bench.origin}), {AT_ONCE} every {EVERY_S:g} s, by webhooks; in between "
        + ", ".join(f"{count} {what}" for what, count in days.done.items())
        + f"; {HOURLY} every {AUDITED_EVERY} batches and at the end, {NIGHTLY} every "
        f"{RECONCILED_EVERY}; {len(before)} SKUs were wrong before the last audit; both sandboxes' "
        "states"
    )
    some = [f"{sku}: {one}" for sku, one in wrong.items()]
    return [
        Figure("SKU x location right at the end", 100 * (1 - len(wrong) / len(skus)), "%",
               "; ".join([*some[:SHOWN], how]), at_least(100)),
        Figure("accuracy that the last audit says", float(audit["accuracy_percent"]), "%", how,
               at_least(100)),
        Figure("units sold above stock, by the last audit", int(audit["oversold_units"]), "", how),
        Figure("SKUs wrong before the last audit", len(before), "",
               f"counts in the store since the audit before, mostly; {how}"),
        Figure("kinds of events that did not take place", 4 - len(days.done), "", how,
               at_most(0)),
    ]  # fmt: skip


def _play(bench: Bench, env: Environment, days: Days, *, real: bool) -> int:
    """All orders; how many."""
    total = env.controls.source()[0] if real else bench.pick(GENERATED, QUICK_GENERATED)
    placed, batch = 0, 0
    while placed < total:
        wanted = min(AT_ONCE, total - placed)
        if real:
            env.controls.place_next(wanted)
        else:
            env.controls.place({"generate": wanted})
        placed += wanted
        batch += 1
        env.installation.placed = placed
        env.installation.pause(EVERY_S)
        if batch % HAPPENS_EVERY == 0:
            days.happen()
        if batch % RECONCILED_EVERY == 0:
            env.run(NIGHTLY, WITHIN_S)
        elif batch % AUDITED_EVERY == 0:
            env.run(HOURLY, WITHIN_S)
    bench.progress.step(f"stock-days: {placed} orders are placed")
    return placed


def _wrong(env: Environment) -> dict[str, SkuStock]:
    """SKUs that are wrong."""
    store = env.controls.state("bigcommerce", "orders")
    return Shelves.of(env).wrong(
        held_by_orders(store, env.controls.state("brightpearl", *ACCOUNT_PARTS))
    )

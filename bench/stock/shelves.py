"""Stock as it really is in both sandboxes, and what shoppers should be able to buy of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from agreement.stock import SkuStock, compare_stock
from bench.environment import Environment
from core.errors import TransientError
from demo.controls import SYSTEMS, System
from store.statistics import depths

LOCATION = "1"
"""The store's one location, which both warehouses feed."""
OURS = frozenset({"absolute", "relative"})
"""Causes in the store's journal that are adjustments over its API."""
STOCK = "stock"
AT_ONCE = 5000
"""Changes in one request to a sandbox."""
POLL_S = 0.25


@dataclass(frozen=True)
class Shelves:
    """Both sides at one moment."""

    store: Mapping[str, Mapping[str, Sequence[int]]]
    """On hand and available, by SKU and location: what is tracked."""
    account: Mapping[str, Mapping[str, Sequence[int]]]
    """In stock, on hand and allocated, by SKU and warehouse."""

    @classmethod
    def of(cls, env: Environment) -> Self:
        """What both sandboxes say."""
        return cls(*env.controls.levels())

    @property
    def skus(self) -> list[str]:
        """Those that both sides keep stock of."""
        return [sku for sku in self.store if sku in self.account]

    def on_sale(self, sku: str) -> int:
        """What shoppers can buy."""
        return int(self.store[sku][LOCATION][1])

    def promised(self, sku: str) -> int:
        """What the account can still promise, of all warehouses."""
        return sum(int(level[1]) for level in self.account[sku].values())

    def wrong(self, held: Mapping[str, int] | None = None) -> dict[str, SkuStock]:
        """SKUs that are wrong. In: units that store orders hold, by the form SKUs compare in."""
        found = compare_stock(self.store, self.account, held or {})
        return {sku: one for sku, one in found.items() if not one.is_right}


@dataclass(frozen=True)
class Moved:
    """One change of what the store really has."""

    at: datetime
    sku: str
    location: str
    before: int
    after: int
    cause: str
    reference: str
    """The order's id, or the transaction id of an adjustment."""

    @property
    def is_ours(self) -> bool:
        """Whether it came over the API."""
        return self.cause in OURS


def journal(env: Environment, skus: Iterable[str] = ()) -> list[Moved]:
    """Every change of the store's stock since `start_counting`, earliest first."""
    params = {"sku": list(skus)}
    answer = env.controls.call("bigcommerce", "GET", "stock/journal", params=params)
    return [moved(row) for row in answer["changes"]]


def moved(row: Sequence[Any]) -> Moved:
    """A row of the store's journal. Pure."""
    at, sku, location, before, after, cause, reference = row
    return Moved(
        datetime.fromisoformat(at),
        str(sku),
        str(location),
        int(before),
        int(after),
        str(cause),
        str(reference),
    )


def start_counting(env: Environment) -> None:
    """Count requests and changes of stock from here on."""
    env.controls.reset_requests()
    for system in SYSTEMS:
        env.controls.call(system, "DELETE", "stock/journal")


def change(env: Environment, system: System, changes: Iterable[Mapping[str, object]]) -> None:
    """People count, restock or take away, many SKUs at once."""
    for part in parts(list(changes), AT_ONCE):
        env.controls.change_stock(system, part)


def parts(rows: Sequence[Mapping[str, object]], size: int) -> Iterator[list[Mapping[str, object]]]:
    """The same rows, so many at once."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def is_settled(env: Environment) -> bool:
    """Whether nothing is due and every adjustment that was sent was seen to arrive."""
    waiting = sum(
        line.count
        for line in depths(env.installation.database)
        if line.state in {"due", "claimed"} or (line.entity == STOCK and line.state == "parked")
    )
    return not waiting and env.controls.undelivered() == 0


def wait_settled(env: Environment, within_s: float, polls: int = 4) -> None:
    """Block until all adjustments were seen to arrive.

    Raises: TransientError when time is up; ProcessError when a part has ended.
    """
    until = time.monotonic() + within_s
    quiet = 0
    while quiet < polls:
        quiet = quiet + 1 if is_settled(env) else 0
        if time.monotonic() > until:
            raise TransientError(f"Stock is still waited for after {within_s:.0f} s.")
        env.installation.check()
        time.sleep(POLL_S)

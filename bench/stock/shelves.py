"""Stock as it really is in both sandboxes, and what shoppers should be able to buy of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import httpx

from agreement.stock import SkuStock, compare_stock
from bench.house import House, System, answered
from core.errors import TransientError
from store.inbox import Inbox

LOCATION = "1"
"""The store's one location, which both warehouses feed."""
OURS = frozenset({"absolute", "relative"})
"""Causes in the store's journal that are adjustments over its API."""
STOCK = "stock"
AT_ONCE = 5000
"""Changes in one request to a sandbox."""
LOOK_S = 0.25
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Shelves:
    """Both sides at one moment."""

    store: Mapping[str, Mapping[str, Sequence[int]]]
    """On hand and available, by SKU and location: what is tracked."""
    account: Mapping[str, Mapping[str, Sequence[int]]]
    """In stock, on hand and allocated, by SKU and warehouse."""

    @classmethod
    def of(cls, home: House) -> Self:
        """What both sandboxes say."""
        return cls(ask(home, "bigcommerce", "stock"), ask(home, "brightpearl", "stock"))

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

    def apart(self, held: Mapping[str, int] | None = None) -> dict[str, SkuStock]:
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


def journal(home: House, skus: Iterable[str] = ()) -> list[Moved]:
    """Every change of the store's stock since it was forgotten, earliest first."""
    told = ask(home, "bigcommerce", "stock/journal", {"sku": list(skus)})
    return [moved(row) for row in told["changes"]]


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


def forget(home: House) -> None:
    """Count requests and changes from here on."""
    home.controls.forget_requests()
    for client in (home.controls.bigcommerce, home.controls.brightpearl):
        answered(client.delete("/_sandbox/stock/journal", timeout=TIMEOUT_S))


def change(home: House, system: System, changes: Iterable[Mapping[str, object]]) -> None:
    """People count, restock or take away, many SKUs at once."""
    client: httpx.Client = getattr(home.controls, system)
    for part in parts(list(changes), AT_ONCE):
        answered(client.post("/_sandbox/stock", json=part, timeout=TIMEOUT_S))


def ask(home: House, system: System, what: str, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - the sandbox's JSON
    """What a sandbox's control says."""
    client: httpx.Client = getattr(home.controls, system)
    return answered(client.get(f"/_sandbox/{what}", params=params, timeout=TIMEOUT_S))


def parts(rows: Sequence[Mapping[str, object]], size: int) -> Iterator[list[Mapping[str, object]]]:
    """The same rows, so many at once."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def is_still(home: House) -> bool:
    """Whether nothing is due and no stock is waited for that was sent."""
    waiting = sum(
        line.count
        for line in Inbox(home.stage.database).depth()
        if line.state in {"due", "claimed"} or (line.entity == STOCK and line.state == "parked")
    )
    return not waiting and home.controls.undelivered() == 0


def wait_still(home: House, within_s: float, looks: int = 4) -> None:
    """Block until all adjustments were seen to arrive.

    Raises: TransientError when time is up; ProcessError when a part has ended.
    """
    until = time.monotonic() + within_s
    quiet = 0
    while quiet < looks:
        quiet = quiet + 1 if is_still(home) else 0
        if time.monotonic() > until:
            raise TransientError(f"Stock is still waited for after {within_s:.0f} s.")
        home.play.rest.check()
        time.sleep(LOOK_S)

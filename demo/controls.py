"""What people do in both systems, through the sandboxes' controls, and what the sandboxes count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from core.errors import ContractError

System = Literal["bigcommerce", "brightpearl"]
SYSTEMS: tuple[System, ...] = ("bigcommerce", "brightpearl")
TIMEOUT_S = 300.0
"""A full state of a large catalogue takes a minute."""
PLENTY = 20
OTHER_WAREHOUSE = 3
"""The account's second one; orders are reserved in the first, 2."""
READS = ("GET ", "HEAD ", "OPTIONS ")


@dataclass(frozen=True)
class Counted:
    """Requests that one sandbox counted itself."""

    total: int
    throttled: int
    by_request: Mapping[str, int]

    @property
    def writes(self) -> int:
        """Those that may have changed something."""
        return sum(self._writes().values())

    def writes_text(self) -> str:
        """The same one by one, for people."""
        return ", ".join(f"{count} x {request}" for request, count in self._writes().items())

    def _writes(self) -> dict[str, int]:
        return {
            request: count
            for request, count in self.by_request.items()
            if not request.startswith(READS)
        }

    def most(self, count: int = 8) -> str:
        """The commonest requests, for people."""
        ranked = sorted(self.by_request.items(), key=lambda item: -item[1])
        return ", ".join(f"{number} x {request}" for request, number in ranked[:count])


class Controls:
    """Both sandboxes' `/_sandbox/` routes. URLs are those of the servers, without a path."""

    def __init__(self, bigcommerce_url: str, brightpearl_url: str, *, idle: int = 8) -> None:
        """Keep up to `idle` unused connections to each open."""
        # The servers close what was idle for five seconds: a request must not meet that.
        limits = httpx.Limits(max_keepalive_connections=idle, keepalive_expiry=2.0)
        self.clients: Mapping[System, httpx.Client] = {
            "bigcommerce": httpx.Client(base_url=bigcommerce_url, timeout=TIMEOUT_S, limits=limits),
            "brightpearl": httpx.Client(base_url=brightpearl_url, timeout=TIMEOUT_S, limits=limits),
        }

    def __enter__(self) -> Self:
        """Open until the block ends."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        for client in self.clients.values():
            client.close()

    def call(
        self,
        system: System,
        method: str,
        what: str,
        body: object = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - the sandbox's JSON
        """A sandbox's answer.

        Raises: ContractError when it refuses.
        """
        client = self.clients[system]
        answer = client.request(method, f"/_sandbox/{what}", json=body, params=params)
        if answer.is_error:
            raise ContractError(
                f"The sandbox answers {answer.status_code} to {method} {what}: {answer.text[:300]}"
            )
        return answer.json()

    # Shoppers and the store's staff.

    def place(self, orders: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[str]:
        """Shoppers place these orders (or as many as `generate` says); their ids."""
        answer = self.call("bigcommerce", "POST", "orders", orders)
        return [str(number) for number in answer["ids"]]

    def place_next(self, count: int) -> tuple[list[str], int]:
        """Shoppers place the next loaded orders; their ids, and how many are left."""
        answer = self.call("bigcommerce", "POST", "orders", {"next": count})
        return [str(number) for number in answer["ids"]], int(answer["left"])

    def pay(self, order_id: str) -> None:
        """The gateway captures what an order still owes."""
        self.call("bigcommerce", "POST", "pay", {"order_id": int(order_id), "action": "capture"})

    def edit(self, **changes: Any) -> None:  # noqa: ANN401 - JSON values
        """Staff change an order in the store."""
        self.call("bigcommerce", "POST", "edit", changes)

    def edit_all(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Staff change many orders in the store."""
        self.call("bigcommerce", "POST", "edit", list(changes))

    def refund(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
        """Staff refund an order in the store, or say how one ends."""
        answer: dict[str, Any] = self.call("bigcommerce", "POST", "refund", wanted)
        return answer

    def refund_next(self, count: int) -> tuple[list[str], int]:
        """Staff refund what the next loaded cancelling invoices say; ids, and how many are left."""
        answer = self.refund(next=count)
        return [str(number) for number in answer["ids"]], int(answer["left"])

    # The account's staff and warehouse.

    def edit_account(self, **changes: Any) -> None:  # noqa: ANN401 - JSON values
        """Staff change a sales order in Brightpearl."""
        self.call("brightpearl", "POST", "edit", changes)

    def ship(self, *parcels: Mapping[str, Any]) -> None:
        """The warehouse makes goods-out notes and, unless `leave` is false, sends them off."""
        self.call("brightpearl", "POST", "ship", list(parcels))

    def add_product(self, sku: str, name: str, stock: int) -> None:
        """Staff create a product in Brightpearl."""
        self.call("brightpearl", "POST", "products", {"sku": sku, "name": name, "stock": stock})

    # Stock of both.

    def change_products(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Make or change products in Brightpearl; ids and versions, in the same sequence."""
        found: list[dict[str, Any]] = self.call("brightpearl", "POST", "products", list(rows))
        return found

    def levels(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Stock of the store and of the account, by SKU and place."""
        return self.call("bigcommerce", "GET", "stock"), self.call("brightpearl", "GET", "stock")

    def change_stock(self, system: System, changes: Iterable[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - JSON
        """People count, restock or take away: `sku` with `delta` or `on_hand`."""
        return self.call(system, "POST", "stock", list(changes))

    def restock(self, units: int) -> list[str]:
        """Give both systems so many units of everything that is in stock; the SKUs."""
        variants = self.state("bigcommerce", "variants")["variants"].values()
        skus = [variant["sku"] for variant in variants if variant["available"] > 0]
        for system in SYSTEMS:
            self.change_stock(system, ({"sku": sku, "on_hand": units} for sku in skus))
        # The store sells what all warehouses have.
        none = ({"sku": sku, "on_hand": 0, "warehouse_id": OTHER_WAREHOUSE} for sku in skus)
        self.change_stock("brightpearl", none)
        return skus

    def skus(self) -> list[str]:
        """SKUs that both systems know and have enough of for a few orders."""
        variants = self.state("bigcommerce", "variants")["variants"].values()
        return [variant["sku"] for variant in variants if variant["available"] >= PLENTY]

    # The sandboxes themselves.

    def deliver(self, **switches: float) -> None:
        """How reliably the store's webhooks arrive from now on."""
        self.call("bigcommerce", "PUT", "deliveries", switches)

    def undelivered(self) -> int:
        """Webhooks of both systems that are still on their way."""
        return sum(int(self.call(system, "GET", "deliveries")["waiting"]) for system in SYSTEMS)

    def switch(self, system: System, **switches: object) -> None:
        """Set an option that a sandbox otherwise gets at its start."""
        self.call(system, "PUT", "switches", switches)

    def source(self) -> tuple[int, dict[str, Any]]:
        """How many loaded orders are not placed yet, and what became of the files' rows."""
        state = self.state("bigcommerce", "counts", "source")
        return int(state["counts"]["orders_not_placed_yet"]), state["source"]

    def state(self, system: System, *only: str) -> dict[str, Any]:
        """A sandbox's state, or those parts of it."""
        params = {"only": ",".join(only)} if only else None
        answer: dict[str, Any] = self.call(system, "GET", "state", params=params)
        return answer

    def states(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The full state of the store, and of the account."""
        return self.state("bigcommerce"), self.state("brightpearl")

    def counted(self, system: System) -> Counted:
        """Requests since the last `reset_requests`."""
        answer = self.call(system, "GET", "requests")
        by_request = {name: int(row["count"]) for name, row in answer["requests"].items()}
        return Counted(int(answer["total"]), int(answer["throttled"]), by_request)

    def reset_requests(self) -> None:
        """Count requests from here on."""
        for system in SYSTEMS:
            self.call(system, "DELETE", "requests")

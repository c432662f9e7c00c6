"""What people do in both systems during a demo, through the sandboxes' controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from core.errors import ContractError

TIMEOUT_S = 60.0
PLENTY = 20


class Controls:
    """Both sandboxes' `/_sandbox/` routes. URLs are those of the servers, without a path."""

    def __init__(self, bigcommerce_url: str, brightpearl_url: str) -> None:
        self.bigcommerce = httpx.Client(base_url=bigcommerce_url, timeout=TIMEOUT_S)
        self.brightpearl = httpx.Client(base_url=brightpearl_url, timeout=TIMEOUT_S)

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
        self.bigcommerce.close()
        self.brightpearl.close()

    def place(self, orders: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[str]:
        """Shoppers place these orders (or as many as told to `generate`); their ids."""
        return [str(number) for number in _told(self.bigcommerce, "POST", "orders", orders)["ids"]]

    def place_next(self, count: int) -> tuple[list[str], int]:
        """Shoppers place the next loaded orders; their ids, and how many are left."""
        told = _told(self.bigcommerce, "POST", "orders", {"next": count})
        return [str(number) for number in told["ids"]], int(told["left"])

    def pay(self, order_id: str) -> None:
        """The gateway captures what an order still owes."""
        _told(self.bigcommerce, "POST", "pay", {"order_id": int(order_id), "action": "capture"})

    def edit(self, **changes: Any) -> None:  # noqa: ANN401 - JSON values
        """Staff change an order in the store."""
        _told(self.bigcommerce, "POST", "edit", changes)

    def edit_all(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Staff change many orders in the store."""
        _told(self.bigcommerce, "POST", "edit", list(changes))

    def refund(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
        """Staff refund an order in the store, or say how one ends."""
        told: dict[str, Any] = _told(self.bigcommerce, "POST", "refund", wanted)
        return told

    def refund_next(self, count: int) -> tuple[list[str], int]:
        """Staff refund what the next loaded cancelling invoices say; ids, and how many are left."""
        told = self.refund(next=count)
        return [str(number) for number in told["ids"]], int(told["left"])

    def edit_account(self, **changes: Any) -> None:  # noqa: ANN401 - JSON values
        """Staff change a sales order in Brightpearl."""
        _told(self.brightpearl, "POST", "edit", changes)

    def ship(self, *parcels: Mapping[str, Any]) -> None:
        """The warehouse makes goods-out notes and, unless told otherwise, sends them off."""
        _told(self.brightpearl, "POST", "ship", list(parcels))

    def add_product(self, sku: str, name: str, stock: int) -> None:
        """Staff create a product in Brightpearl."""
        product = {"sku": sku, "name": name, "stock": stock}
        _told(self.brightpearl, "POST", "products", product)

    def levels(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Stock of the store and of the account, by SKU and place."""
        return _told(self.bigcommerce, "GET", "stock"), _told(self.brightpearl, "GET", "stock")

    def count_in_store(self, sku: str, units: int) -> None:
        """Staff type a number into the store's stock."""
        _told(self.bigcommerce, "POST", "stock", {"sku": sku, "on_hand": units})

    def change_stock(self, *changes: Mapping[str, Any]) -> None:
        """A delivery, or a count, in Brightpearl: `sku` with `delta` or `on_hand`."""
        _told(self.brightpearl, "POST", "stock", list(changes))

    def deliver(self, **switches: float) -> None:
        """How reliably the store's webhooks arrive from now on."""
        _told(self.bigcommerce, "PUT", "deliveries", switches)

    def undelivered(self) -> int:
        """Webhooks of both systems that are still on their way."""
        return sum(
            int(_told(client, "GET", "deliveries")["waiting"])
            for client in (self.bigcommerce, self.brightpearl)
        )

    def source(self) -> tuple[int, dict[str, Any]]:
        """How many loaded orders nobody has placed yet, and what became of the files' rows."""
        told = _told(self.bigcommerce, "GET", "state?only=counts,source")
        return int(told["counts"]["orders_not_placed_yet"]), told["source"]

    def skus(self) -> list[str]:
        """SKUs that both systems know and have enough of for a few orders."""
        variants = _told(self.bigcommerce, "GET", "state?only=variants")["variants"].values()
        return [variant["sku"] for variant in variants if variant["available"] >= PLENTY]

    def states(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The full state of the store, and of the account."""
        return _told(self.bigcommerce, "GET", "state"), _told(self.brightpearl, "GET", "state")

    def requests(self) -> dict[str, int]:
        """Requests since the last `forget_requests`, and how many of them were throttled."""
        store = _told(self.bigcommerce, "GET", "requests")
        account = _told(self.brightpearl, "GET", "requests")
        return {
            "bigcommerce": store["total"],
            "brightpearl": account["total"],
            "throttled": store["throttled"] + account["throttled"],
        }

    def forget_requests(self) -> None:
        """Count requests from here on."""
        for client in (self.bigcommerce, self.brightpearl):
            _told(client, "DELETE", "requests")


def _told(client: httpx.Client, method: str, what: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    answer = client.request(method, f"/_sandbox/{what}", json=body)
    if answer.is_error:
        raise ContractError(
            f"The sandbox answers {answer.status_code} to {method} {what}: {answer.text[:300]}"
        )
    return answer.json()

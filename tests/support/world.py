"""Both sandboxes and the pair that is to keep them in agreement, for tests of whole flows."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from core.times import utc_now
from flows.orders import sync_orders
from sandbox.serve import Running
from store.inbox import Inbox
from tasks.reconciler.connections import connect

PAIR = "default"


@dataclass
class World:
    """Both sandboxes and the pair that is to keep them in agreement."""

    sandbox: Running
    http: httpx.Client

    def place(self, **order: Any) -> str:
        """A shopper places an order; its id."""
        answer = self.http.post(f"{self.sandbox.bigcommerce_url}/_sandbox/orders", json=order)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ids"][0])

    def bigcommerce(self, what: str, **body: Any) -> Any:
        """Something people do in the store."""
        url = f"{self.sandbox.bigcommerce_url}/_sandbox/{what}"
        answer = self.http.post(url, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def brightpearl(self, what: str, **body: Any) -> Any:
        """Something staff do in the account."""
        answer = self.http.post(self.control("brightpearl", what), json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, system: str, what: str) -> str:
        base = self.sandbox.bigcommerce_url
        if system == "brightpearl":
            base = self.sandbox.brightpearl_url.removesuffix("/public-api")
        return f"{base}/_sandbox/{what}"

    def fault(self, system: str, *rules: dict[str, Any]) -> None:
        """Let a sandbox misbehave."""
        answer = self.http.put(self.control(system, "faults"), json=list(rules))
        assert answer.status_code == 200, answer.text

    def switch(self, system: str, **switches: Any) -> None:
        """Set what the fact sheets are unsure about."""
        answer = self.http.put(self.control(system, "switches"), json=switches)
        assert answer.status_code == 200, answer.text

    def due(self, *keys: str, source: str = "operator", entity: str = "orders") -> None:
        """Keys that may need work."""
        Inbox(connect(PAIR).database).put(PAIR, entity, keys, source=source, now=utc_now())

    def sync(self, *keys: str, source: str = "operator") -> dict[str, Any]:
        """One run of the flow over these keys, and whatever else is due."""
        self.due(*keys, source=source)
        return asyncio.run(sync_orders.fn(pair=PAIR))

    def states(self, *keys: str, entity: str = "orders") -> list[str]:
        found = Inbox(connect(PAIR).database).states(PAIR, entity, keys)
        return [found[key] for key in keys]

    @property
    def sales_orders(self) -> list[Any]:
        """Sales orders in Brightpearl."""
        orders = self.sandbox.account.orders.values()
        return [order for order in orders if order.type_code == "SO"]

    def sales_order(self, key: str) -> Any:
        """The one sales order of a store order."""
        (order,) = [one for one in self.sales_orders if one.external_ref == f"BC-{key}"]
        return order

    def receipts(self, key: str) -> list[Decimal]:
        """Money received for an order, as Brightpearl has it."""
        order = self.sales_order(key)
        payments = self.sandbox.account.payments.values()
        return [p.amount_paid for p in payments if p.order_id == order.id]

    def writes(self) -> int:
        """Requests that may have changed something, in both systems since they were counted."""
        return sum(
            count
            for system in ("bigcommerce", "brightpearl")
            for request, count in self.requests(system).items()
            if not request.startswith(("GET ", "OPTIONS "))
        )

    def requests(self, system: str) -> dict[str, int]:
        """How often each request was sent since they were counted."""
        answer = self.http.get(self.control(system, "requests")).json()
        return {name: counts["count"] for name, counts in answer["requests"].items()}

    def forget_requests(self) -> None:
        for system in ("bigcommerce", "brightpearl"):
            self.http.delete(self.control(system, "requests"))

    def duplicates(self) -> dict[str, int]:
        """References that more than one sales order carries."""
        counted = Counter(order.external_ref for order in self.sales_orders)
        return {ref: count for ref, count in counted.items() if count > 1}

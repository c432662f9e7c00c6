"""Orders to measure with: paid, in stock, different from each other, and always the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.environment import Environment

AT_ONCE = 100
"""Orders in one request to the sandbox."""
PLENTY = 1_000_000
LINES = (1, 2, 3, 2, 4)
"""Lines of the first, second … order, and again."""


@dataclass
class Shoppers:
    """Place orders whose webhooks are lost, or arrive as usual."""

    environment: Environment
    people: int
    """So many shoppers take turns; the first order of each makes a contact."""
    skus: Sequence[str] = ()
    _numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        """Everything they may order is in stock, more than they can buy."""
        self.skus = self.environment.controls.restock(PLENTY)

    def place(self, orders: int) -> list[str]:
        """Place so many; their ids, the oldest first."""
        ids: list[str] = []
        while orders > 0:
            part = min(orders, AT_ONCE)
            ids += self.environment.controls.place([self._next() for _ in range(part)])
            orders -= part
        return ids

    def place_silently(self, orders: int) -> list[str]:
        """Place so many whose webhooks are lost."""
        self.environment.controls.deliver(loss_rate=1)
        ids = self.place(orders)
        self.environment.controls.deliver(loss_rate=0)
        return ids

    def _next(self) -> dict[str, Any]:
        return basket(next(self._numbers), self.skus, self.people)


def basket(number: int, skus: Sequence[str], people: int) -> dict[str, Any]:
    """The n-th order: one to four lines, one or two pieces each."""
    person, first = number % people, number * 7
    return {
        "lines": [
            {"sku": skus[(first + line) % len(skus)], "quantity": 1 + (number + line) % 2}
            for line in range(min(LINES[number % len(LINES)], len(skus)))
        ],
        "email": f"shopper-{person}@example.com",
        "shipping": [
            {"to": {"first_name": f"Shopper {person}", "street_1": f"{1 + person} Bench Road"}}
        ],
    }

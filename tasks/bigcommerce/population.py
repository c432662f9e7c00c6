"""Which orders of a window the audits are about, and where each of them is. Pure.

The audit of orders and that of money count the same orders in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.bigcommerce.models import Order
from tasks.bigcommerce.order_frames import is_paid
from tasks.bigcommerce.orders import CANCELLED, OrderStatus

NEVER_SOLD = CANCELLED | {OrderStatus.INCOMPLETE}
"""Store statuses of orders that are no sale: incomplete, cancelled, declined."""
PLACES = {
    "in_brightpearl": "in Brightpearl",
    "cancelled": "cancelled in Brightpearl",
    "waiting": "waiting",
    "not_imported": "not to be imported",
    "missing": "missing",
}
"""Where a sale may be, as documents and sentences have it."""


def is_sale(order: Order) -> bool:
    """Whether an order is a sale: not incomplete, cancelled, declined or archived."""
    return order.status_id not in NEVER_SOLD and not order.is_deleted


@dataclass(frozen=True)
class Known:
    """What decides where an order is, by BigCommerce's order ids."""

    live: Collection[str]
    """Orders that Brightpearl has and has not cancelled."""
    cancelled: Collection[str]
    """Orders that Brightpearl has only cancelled."""
    waiting: Mapping[str, str]
    """Why orders are due, parked or quarantined."""
    importable: Collection[int]
    """Statuses with which an order is imported."""

    def place(self, order: Order) -> str:
        """Where a sale is."""
        if order.id in self.live:
            return "in_brightpearl"
        if order.id in self.cancelled:
            return "cancelled"
        if order.id in self.waiting:
            return "waiting"
        if order.status_id in self.importable:
            return "missing"
        return "waiting" if is_paid(order) else "not_imported"


@dataclass
class Population:
    """The orders that were placed in a window."""

    sales: Counter[str] = field(default_factory=Counter)
    """Sales, by where they are."""
    others: Counter[str] = field(default_factory=Counter)
    """Orders that are no sale, by their status. The store lists no archived ones."""
    unreadable: int = 0
    """Orders whose document breaks the model."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "placed": self.sales.total() + self.others.total() + self.unreadable,
            "sales": self.sales.total(),
            **{place: self.sales[place] for place in PLACES},
            "no_sale": dict(sorted(self.others.items())),
            "unreadable": self.unreadable,
        }

    def __str__(self) -> str:
        """In a sentence."""
        found = self.document()
        places = [f"{self.sales[place]} {name}" for place, name in PLACES.items()]
        parts = [one for one in places if not one.startswith("0 ")]
        text = f"{found['placed']} orders were placed, {found['sales']} of them sales"
        text += f" ({', '.join(parts)})" if parts else ""
        if self.others:
            statuses = ", ".join(f"{many} {name}" for name, many in found["no_sale"].items())
            text += f"; no sale: {statuses}"
        return f"{text}; {self.unreadable} cannot be read." if self.unreadable else f"{text}."


def count_orders(orders: Iterable[Order], known: Known, *, unreadable: int = 0) -> Population:
    """The population of a window. In: all orders that were placed in it."""
    found = Population(unreadable=unreadable)
    for order in orders:
        if is_sale(order):
            found.sales[known.place(order)] += 1
        else:
            found.others[OrderStatus(order.status_id).title.lower()] += 1
    return found

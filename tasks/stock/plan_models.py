"""What a plan for stock consists of: the adjustments that would make both sides agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks.stock.memory import Identity, StockMemory


@dataclass(frozen=True, slots=True)
class Adjust:
    """One SKU's stock at one location, to be changed in the store."""

    sku_key: str
    location_id: str
    identity: Identity
    value: str
    """The SKU or product id that names it."""
    on_hand: int
    """Units in hand as read."""
    safety_stock: int
    quantity: int
    """What shoppers are to be able to buy."""
    is_absolute: bool = False

    @property
    def change(self) -> int:
        """Units to add."""
        return self.quantity + self.safety_stock - self.on_hand

    @property
    def units(self) -> int:
        """What is sent: the difference, or the number in hand."""
        return self.quantity + self.safety_stock if self.is_absolute else self.change


@dataclass(frozen=True)
class Correct:
    """A product in a warehouse, to be changed in Brightpearl after a count in the store."""

    sku_key: str
    location_id: str
    product_id: str
    warehouse_id: str
    change: int


@dataclass(frozen=True)
class Plan:
    """The writes, those first that take something off sale, and what else was found."""

    adjusts: tuple[Adjust, ...] = ()
    corrects: tuple[Correct, ...] = ()
    waits: frozenset[str] = frozenset()
    """SKUs of which something is on its way: nothing more is sent until it is seen."""
    rests: Mapping[str, datetime] = field(default_factory=dict)
    """SKUs that wait for a flood of events to pass, and until when at most."""
    memories: Mapping[str, StockMemory] = field(default_factory=dict)
    """What is to be remembered of SKUs before anything is written; those that changed."""
    compared: int = 0
    """SKUs at locations."""
    equal: int = 0
    newest_order: int = 0
    needs_word: bool = False
    """Whether it is carried out because a person released it."""

    def count(self) -> dict[str, int]:
        """How many writes of each kind, and how many SKUs need none."""
        return {
            "adjustments": len(self.adjusts),
            "corrections": len(self.corrects),
            "on their way": len(self.waits),
            "resting": len(self.rests),
            "equal": self.equal,
        }

    def preview(self) -> list[dict[str, Any]]:
        """One line per write for people."""
        return [
            {
                "sku": one.sku_key,
                "location": one.location_id,
                "on_hand": str(one.on_hand),
                "writes": f"set to {one.units}" if one.is_absolute else f"add {one.units}",
            }
            for one in self.adjusts
        ] + [
            {
                "sku": one.sku_key,
                "location": one.location_id,
                "writes": f"correct product {one.product_id} in warehouse {one.warehouse_id} by "
                f"{one.change}",
            }
            for one in self.corrects
        ]

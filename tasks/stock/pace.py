"""How soon a difference is sent: at once, unless stock moves in floods. Pure.

While a great many SKUs are named by events at once, those that are not running out wait until
their own events pause, so that a SKU that moves ten times in a minute costs one write and not ten.
What is running out never waits: there a late number is a piece sold twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.settings import StockSettings
from tasks.stock.memory import StockMemory


@dataclass(frozen=True)
class Pace:
    """The pace of one batch."""

    now: datetime
    settings: StockSettings
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """When an event last named each SKU of the batch."""
    moving: int = 0
    """How many SKUs, of this batch or not, events have named within the time of calm."""

    @property
    def is_flood(self) -> bool:
        """Whether so many SKUs are on the move that waiting a moment saves writes."""
        return bool(self.heard) and self.moving >= self.settings.debounce_from_skus

    def rests_until(
        self, sku: str, shown: int, quantity: int, memory: StockMemory
    ) -> datetime | None:
        """Until when a difference waits; None for one that is to be sent now.

        In: what is on sale, what is to be, and what is remembered of the SKU.
        """
        heard_at = self.heard.get(sku)
        if not self.is_flood or heard_at is None:
            return None
        if quantity < shown and quantity <= self.settings.scarce_units:
            return None
        longest = timedelta(seconds=self.settings.debounce_limit_s)
        until = min(heard_at + self._calm, (memory.rests_since or self.now) + longest)
        return until if until > self.now else None

    @property
    def _calm(self) -> timedelta:
        return timedelta(seconds=self.settings.debounce_s)

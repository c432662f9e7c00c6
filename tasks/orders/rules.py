"""What planning has to know besides both sides: the merchant's choices and people's decisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

OFF = frozenset({"5", "6"})
"""Store statuses of an order that was called off: cancelled, declined."""
DISPUTED = "13"
SENT = frozenset({"2", "3", "10"})
"""Store statuses of an order of which something has left, even if no shipment says so."""


@dataclass(frozen=True)
class Rules:
    """The merchant's settings, the account's statuses, and what people decided about cases."""

    on_hold: str = ""
    """Brightpearl's status of an order whose pick must wait; "" if the table has none."""
    cancelled: str = ""
    cancel_in_store: bool = True
    approved: Collection[tuple[str, str]] = frozenset()
    """(order, value of the case) whose proposal may be carried out."""
    discarded: Collection[tuple[str, str]] = frozenset()
    """(order, value of the case) that is left as it is."""

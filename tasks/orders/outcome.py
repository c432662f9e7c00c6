"""What became of one order in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.orders.memory import Memory
from tasks.outcome import Outcome


@dataclass(frozen=True)
class OrderOutcome(Outcome):
    """One order after the writes."""

    order_id_bp: str = ""
    short: Mapping[str, int] = field(default_factory=dict)
    """Units that could not be reserved, by Brightpearl product id."""
    status_id: str = ""
    external_order_id: str = ""
    """What the store knows after the word back."""
    memory: Memory = field(default_factory=Memory)
    """What is to be remembered of it, but for the fingerprint of the store's side."""

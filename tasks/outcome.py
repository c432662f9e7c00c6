"""What became of one order in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Result = Literal["created", "completed", "unchanged", "held", "rejected", "again"]


@dataclass(frozen=True)
class Obstacle:
    """Why an order waits for a person, and what that person can do."""

    class_: str
    field: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class OrderOutcome:
    """One order after the writes."""

    order_id: str
    result: Result
    order_id_bp: str = ""
    reason: str = ""
    obstacle: Obstacle | None = None
    """Set for `held` and `rejected`."""
    short: Mapping[str, int] = field(default_factory=dict)
    """Units that could not be reserved, by Brightpearl product id."""
    status_id: str = ""
    external_order_id: str = ""
    """What the store knows after the word back."""

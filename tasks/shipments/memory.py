"""What BigCommerce was told of an order's goods notes, as the link keeps it.

BigCommerce keeps no reference of ours on a shipment. That a shipment belongs to a note is known
here, or found out again by comparing units and tracking number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from store.links import Link

NOTES = "goods-notes"
"""Entity of links from notes to orders: a note that is gone can no longer say whose it was."""
FIELDS = (
    "tracking_number",
    "tracking_carrier",
    "shipping_provider",
    "shipping_method",
    "comments",
)
"""What a shipment says beside its units."""


class Part(BaseModel):
    """What one note sent to one address, as the store has it."""

    model_config = ConfigDict(frozen=True)

    note_key: str
    address_id: str
    shipment_id: str = ""
    """"" where a person decided that nothing more is to be told of it."""
    units: dict[str, int] = {}
    """By order line, as they stand in the shipment."""
    said: dict[str, int] = {}
    """By order line, as the note has them, where that is more than was told."""
    told: dict[str, str] = {}
    """FIELDS as they were sent; blank ones are left out."""
    absent_since: datetime | None = None
    """Since when the note has been taken back or gone."""

    @property
    def ref(self) -> str:
        """The part's name."""
        return part_ref(self.note_key, self.address_id)

    @property
    def whole(self) -> Mapping[str, int]:
        """The units that this part answers for."""
        return self.said or self.units


class ShipmentMemory(BaseModel):
    """The shipments of one order."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[Part, ...] = ()
    is_settled: bool = True
    """Whether nothing was left to do when it was last looked at."""
    follows: int = 0
    """The store's status before shipments moved it, while it still is to be looked after."""

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link remembers; nothing of an order that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def units(self) -> Mapping[str, int]:
        """Units in our shipments, by order line."""
        return added(part.units for part in self.parts)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is left to do and nothing is waited for."""
        return self.is_settled and not any(part.absent_since for part in self.parts)


def part_ref(note_key: str, address_id: str) -> str:
    """The name of what one note sends to one address."""
    return f"{note_key}/{address_id}"


def added(units: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """Units of several by order line, those of none left out."""
    total: Counter[str] = Counter()
    for one in units:
        total.update(one)
    return {line_id: count for line_id, count in total.items() if count}

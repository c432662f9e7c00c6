"""One order as it stands: in the store now, and in our memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.outcome import Aside
from tasks.shipments.desired import Found
from tasks.shipments.memory import Part, ShipmentMemory
from tasks.shipments.placing import NOWHERE

SHIP = "ship"
"""The ledger's word for making a shipment."""


@dataclass(frozen=True)
class StoreLine:
    """A line that is shipped to an address."""

    address_id: str
    quantity: int
    shipped: int


@dataclass(frozen=True)
class Standing:
    """The store's side of one order, and what we told it before."""

    order_id: str
    order_id_bp: str
    status_id: int
    is_deleted: bool
    lines: Mapping[str, StoreLine]
    """By line id; lines without an address are left out."""
    memory: ShipmentMemory = field(default_factory=ShipmentMemory)
    unsure: tuple[Entry, ...] = ()
    """Writes of an earlier run whose end is not known."""
    made: tuple[Entry, ...] = ()
    """All shipments that the ledger says we made or may have made; filled with `shipments`."""
    is_gone: bool = False
    """Whether the sales order was deleted in Brightpearl, its notes with it."""
    looked: frozenset[str] | None = None
    """The notes that were looked at; None for all there are."""
    shipments: tuple[Shipment, ...] | None = None
    """The shipments in the store; None where our memory agrees with the lines."""

    @classmethod
    def of(cls, order: Order, memory: ShipmentMemory, order_id_bp: str) -> Self:
        """The order as it was read."""
        return cls(
            order_id=order.id,
            order_id_bp=order_id_bp,
            status_id=order.status_id,
            is_deleted=order.is_deleted,
            lines={
                line.id: StoreLine(line.order_address_id, line.quantity, line.quantity_shipped)
                for line in order.lines
                if line.order_address_id not in NOWHERE
            },
            memory=memory,
        )

    @property
    def is_as_told(self) -> bool:
        """Whether the store's lines say what our shipments add up to."""
        return self.shipped == self.memory.units

    @property
    def shipped(self) -> Mapping[str, int]:
        """Units that the store says left, by line."""
        return {line_id: line.shipped for line_id, line in self.lines.items() if line.shipped}

    @property
    def looked_parts(self) -> list[Part]:
        """What was told of the notes that were looked at."""
        return [part for part in self.memory.parts if self.was_looked_at(part.note_key)]

    @property
    def extent(self) -> str:
        """How much has left: `none`, `part` or `all` of what is shipped to an address."""
        if not any(line.shipped for line in self.lines.values()):
            return "none"
        is_whole = all(line.shipped >= line.quantity for line in self.lines.values())
        return "all" if is_whole else "part"

    def shipment(self, shipment_id: str) -> Shipment | None:
        """One of the shipments in the store, as far as they were listed."""
        return next((one for one in self.shipments or () if one.id == shipment_id), None)

    def was_looked_at(self, note_key: str) -> bool:
        """Whether a note was looked at, so that its absence means something."""
        return self.looked is None or note_key in self.looked


@dataclass(frozen=True)
class Read:
    """A batch as it was read: notes as frames, orders as they stand."""

    found: Found
    standings: Mapping[str, Standing]
    asides: dict[str, Aside] = field(default_factory=dict)
    """By key."""

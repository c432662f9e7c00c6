"""A batch of shipments on its way: the store's side, what left, what is to be shipped.

BigCommerce keeps no reference of ours on a shipment. That a shipment belongs to a note is known by
the order's link, or found out again by comparing units and tracking number.

A *part* is what one goods note sends to one address of an order: one shipment in BigCommerce.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from connectors.bigcommerce.models import Order, OrderLine
from connectors.bigcommerce.shipment_models import Shipment
from core.frames import records
from core.shipments import NOTES, SHIPMENTS, UNITS
from mappings.engine import Context, apply
from mappings.rules import Owner
from store.ledger import Entry
from tasks.bigcommerce.orders import UNSENT, OrderStatus
from tasks.reconciler.agreed import Agreed
from tasks.reconciler.cases import Outcome
from tasks.reconciler.gate import Frames, rows, typed_rows
from tasks.reconciler.run import Run

ENTITY = "shipments"
"""As keys, links and settings call it."""
TRACKING: Mapping[str, Owner] = {
    "tracking_number": "",
    "tracking_link": "bigcommerce",
    "tracking_carrier": "bigcommerce",
    "shipping_provider": "bigcommerce",
    "shipping_method": "bigcommerce",
    "comments": "bigcommerce",
}
"""What a shipment says besides its units, and whose value wins: what staff changed in the store
stays; a number of theirs against a new one of the note is a person's matter."""
NO_ADDRESS = {"", "0"}
"""Addresses of lines that are not shipped."""


class Part(BaseModel):
    """What one note sends to one address, as the store has it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    note_key: str
    address_id: str
    shipment_id: str = ""
    """"" where a person decided that nothing more of it is shipped in the store."""
    units: dict[str, int] = {}
    """By order line, as they stand in the shipment."""
    on_note: dict[str, int] = Field(default={}, validation_alias=AliasChoices("on_note", "said"))
    """By order line, as the note has them, where the shipment holds fewer."""
    tracking: dict[str, str] = Field(default={}, validation_alias=AliasChoices("tracking", "told"))
    """TRACKING as the note last had it; blank fields are left out."""
    absent_since: datetime | None = None
    """Since when the note has been taken back or gone."""

    @property
    def ref(self) -> str:
        """The part's name."""
        return part_ref(self.note_key, self.address_id)

    @property
    def note_units(self) -> Mapping[str, int]:
        """The units of the note that this part answers for."""
        return self.on_note or self.units


class AgreedShipments(Agreed):
    """The shipments of one order, as its link keeps them."""

    parts: tuple[Part, ...] = ()
    is_settled: bool = True
    """Whether nothing was left to do when the order was last worked on."""
    status_before: int = Field(default=0, validation_alias=AliasChoices("status_before", "follows"))
    """The store's status before shipments moved it, while it still has to be corrected."""

    @property
    def units(self) -> Mapping[str, int]:
        """Units in our shipments, by order line."""
        return added(part.units for part in self.parts)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is left to do and nothing is waited for."""
        return self.is_settled and not any(part.absent_since for part in self.parts)


@dataclass(frozen=True)
class ShippingState:
    """The store's side of one order, and what was agreed on before."""

    order: Order
    agreed: AgreedShipments = field(default_factory=AgreedShipments)
    order_id_bp: str = ""
    """Of the sales order; "" where there is none."""
    is_gone: bool = False
    """Whether the sales order was deleted in Brightpearl, its notes with it."""
    notes_read: Collection[str] | None = None
    """Keys of the notes that were read; None for all there are."""
    shipments: tuple[Shipment, ...] | None = None
    """The shipments in the store; None where they were not listed."""
    collected: Mapping[str, int] = field(default_factory=dict)
    """Units that the shopper collected, by line, by Brightpearl's notes."""
    history: tuple[Entry, ...] = ()
    """All that was written for the order, oldest first; read together with `shipments`."""

    @cached_property
    def lines(self) -> Mapping[str, OrderLine]:
        """Lines that are shipped to an address, by id."""
        return {one.id: one for one in self.order.lines if one.order_address_id not in NO_ADDRESS}

    @property
    def shipped(self) -> Mapping[str, int]:
        """Units that the store says left, by line."""
        return {
            key: one.quantity_shipped for key, one in self.lines.items() if one.quantity_shipped
        }

    @property
    def left(self) -> Mapping[str, int]:
        """Units that the store may still ship, by line."""
        return {key: one.quantity - one.quantity_shipped for key, one in self.lines.items()}

    @property
    def is_as_agreed(self) -> bool:
        """Whether the store's lines say what our shipments add up to."""
        return self.shipped == self.agreed.units

    @property
    def extent(self) -> str:
        """How much has left: `none`, `part` or `all` of what is shipped to an address."""
        if not self.shipped:
            return "none"
        return "part" if any(count > 0 for count in self.left.values()) else "all"

    def status_after(self, before: int, statuses: Mapping[str, int | None]) -> int | None:
        """The status that the store's order should have by what left; None leaves it as it is.

        In: its status before anything left, and the statuses of the table.
        """
        extent = "collected" if self.is_collected else self.extent
        return statuses.get(f"{extent} from {before}", statuses.get(extent))

    @property
    def is_collected(self) -> bool:
        """Whether something of the order is to be collected, and all of it has left."""
        ids = self.order.consignments.collected_ids
        due = [
            line.quantity - line.quantity_refunded - self.collected.get(line.id, 0)
            for line in self.order.lines
            if line.id in ids
        ]
        is_sent = all(count <= 0 for count in self.left.values())
        return bool(due) and is_sent and all(count <= 0 for count in due)

    @property
    def is_open(self) -> bool:
        """Whether the store's status says that something has yet to leave."""
        status = self.order.status_id
        return status in UNSENT or (bool(self.lines) and status == OrderStatus.SHIPPED)

    @property
    def read_parts(self) -> list[Part]:
        """The agreed parts of the notes that were read."""
        return [part for part in self.agreed.parts if self.has_read(part.note_key)]

    def has_read(self, note_key: str) -> bool:
        """Whether a note was read, so that its absence means something."""
        return self.notes_read is None or note_key in self.notes_read


@dataclass(frozen=True)
class Placed:
    """Units of a part on a line: a row of UNITS."""

    order_id: str
    part_ref: str
    row_id: str
    line_id: str
    """"" where the order has no line for them."""
    qty: int


@dataclass(frozen=True)
class Found(Frames):
    """A batch as it was read: what left Brightpearl."""

    notes: pd.DataFrame = rows(NOTES, suite="notes_in")
    units: pd.DataFrame = rows(UNITS, suite="units_in")
    states: Mapping[str, ShippingState] = field(default_factory=dict)
    """The store's side, by order, of those that go on."""
    skipped: tuple[Outcome, ...] = ()
    """What becomes of all others."""


@dataclass(frozen=True)
class Desired(Frames):
    """What BigCommerce should hold."""

    shipments: pd.DataFrame = rows(SHIPMENTS, suite="shipments_out")
    units: pd.DataFrame = rows(UNITS)
    """Validated as Brightpearl's."""


@dataclass(frozen=True)
class DesiredPart:
    """What one note sends to one address, as the store should have it."""

    note_key: str
    address_id: str
    units: Mapping[str, int]
    """By order line."""
    unplaced: Mapping[str, int]
    """Units that no line of the order takes, by Brightpearl's row."""
    tracking: Mapping[str, str]
    """TRACKING of the shipment; blank fields are left out."""

    @property
    def ref(self) -> str:
        """The part's name."""
        return part_ref(self.note_key, self.address_id)

    @property
    def note_units(self) -> Mapping[str, int]:
        """All units of the note's part, unplaced ones under their rows."""
        return {**self.units, **{f"row {row}": units for row, units in self.unplaced.items()}}

    def agreed(self, shipment_id: str, units: Mapping[str, int]) -> Part:
        """As it is agreed on once the store has this much of it in that shipment."""
        return Part(
            note_key=self.note_key,
            address_id=self.address_id,
            shipment_id=shipment_id,
            units=dict(units),
            on_note=dict(self.note_units) if self.note_units != units else {},
            tracking={name: text for name, text in self.tracking.items() if text},
        )


def part_ref(note_key: str, address_id: str) -> str:
    """The name of what one note sends to one address."""
    return f"{note_key}/{address_id}"


def added(units: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """Units of several by order line, those of none left out."""
    return dict(sum((Counter(one) for one in units), Counter()))


def map_shipments(run: Run, found: Found) -> Desired:
    """The desired shipments of a validated batch."""
    mapping, context = run.bundle.mappings["shipments"], Context("UTC", run.bundle.tables)
    mapped = apply(mapping, found.notes, context)
    return Desired(mapped.refusals, shipments=mapped.frame, units=found.units)


def desired_parts(desired: Desired) -> dict[str, list[DesiredPart]]:
    """The parts of each order, in the sequence in which they left."""
    placed: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    unplaced: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in typed_rows(desired.units, Placed):
        units, name = (placed, row.line_id) if row.line_id else (unplaced, row.row_id)
        units[row.order_id, row.part_ref][name] += row.qty
    found: dict[str, list[DesiredPart]] = defaultdict(list)
    ordered = desired.shipments.sort_values("shipped_at", kind="stable", na_position="first")
    refs = zip(ordered["order_id"].tolist(), ordered["part_ref"].tolist(), strict=True)
    texts = records(ordered[list(TRACKING)])
    for (order_id, ref), of_one in zip(refs, texts, strict=True):
        note_key, _, address_id = ref.partition("/")
        own, others = dict(placed[order_id, ref]), dict(unplaced[order_id, ref])
        tracking = {name: text for name, text in of_one.items() if text}
        found[order_id].append(DesiredPart(note_key, address_id, own, others, tracking))
    return dict(found)

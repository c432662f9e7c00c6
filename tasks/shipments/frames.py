"""What a batch of shipments is and should become, as frames of core/shipments.py."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from core.frames import records
from core.shipments import NOTES, SHIPMENTS, UNITS
from mappings.engine import Context, apply
from tasks.reconciler.cases import Outcome
from tasks.reconciler.gate import Frames, rows, typed_rows
from tasks.reconciler.run import Run
from tasks.shipments.placement import Placed
from tasks.shipments.state import TRACKING, Part, ShippingState, part_ref


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


def map_shipments(run: Run, found: Found) -> Desired:
    """The desired shipments of a validated batch."""
    mapping, context = run.bundle.mapping("shipments"), Context("UTC", run.bundle.tables)
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
    texts = records(ordered[list(TRACKING)])
    for one, of_one in zip(typed_rows(ordered, _ShipmentRow), texts, strict=True):
        ref = (one.order_id, one.part_ref)
        own, others = dict(placed[ref]), dict(unplaced[ref])
        tracking = {name: text for name, text in of_one.items() if text}
        part = DesiredPart(one.note_key, one.address_id, own, others, tracking)
        found[one.order_id].append(part)
    return dict(found)


@dataclass(frozen=True)
class _ShipmentRow:
    """What names a row of SHIPMENTS."""

    order_id: str
    part_ref: str
    note_key: str
    address_id: str

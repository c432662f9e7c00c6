"""What a batch of shipments is and should become, as frames of core/shipments.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.shipments import NOTES, SHIPMENTS, UNITS
from mappings.engine import Context, apply
from tasks.policy import PURE, step
from tasks.reconciler.frames import Frames, rows, typed_rows
from tasks.reconciler.run import Run
from tasks.shipments.state import TRACKING, Part, part_ref


@dataclass(frozen=True)
class Found(Frames):
    """Brightpearl's side of a batch: what left."""

    notes: pd.DataFrame = rows(NOTES)
    units: pd.DataFrame = rows(UNITS)

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """Notes, and their units."""
        return {"notes_in": self.notes, "units_in": self.units}


@dataclass(frozen=True)
class Desired(Frames):
    """What BigCommerce should hold."""

    shipments: pd.DataFrame = rows(SHIPMENTS)
    units: pd.DataFrame = rows(UNITS)

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """The shipments; their units were validated as Brightpearl's."""
        return {"shipments_out": self.shipments}


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
            tracking=dict(self.tracking),
        )


@step("map-shipments", PURE)
def map_shipments(run: Run, found: Found) -> Desired:
    """The desired shipments of a validated batch."""
    mapping, context = run.bundle.mapping("shipments"), Context("UTC", run.bundle.tables)
    mapped = apply(mapping, found.notes, context)
    return Desired(mapped.refusals, shipments=mapped.frame, units=found.units)


def desired_parts(desired: Desired) -> dict[str, list[DesiredPart]]:
    """The parts of each order, in the sequence in which they left."""
    placed: dict[tuple[str, str], Counter[str]] = {}
    unplaced: dict[tuple[str, str], Counter[str]] = {}
    for row in typed_rows(desired.units, _UnitRow):
        of_part = (row.order_id, row.part_ref)
        if row.line_id:
            placed.setdefault(of_part, Counter())[row.line_id] += row.qty
        else:
            unplaced.setdefault(of_part, Counter())[row.row_id] += row.qty
    found: dict[str, list[DesiredPart]] = {}
    ordered = desired.shipments.sort_values("shipped_at", kind="stable", na_position="first")
    for one in typed_rows(ordered, _ShipmentRow):
        of_part = (one.order_id, one.part_ref)
        found.setdefault(one.order_id, []).append(
            DesiredPart(
                one.note_key,
                one.address_id,
                dict(placed.get(of_part, {})),
                dict(unplaced.get(of_part, {})),
                {name: text for name in TRACKING if (text := getattr(one, name))},
            )
        )
    return found


@dataclass(frozen=True)
class _UnitRow:
    """A row of UNITS."""

    order_id: str
    part_ref: str
    row_id: str
    line_id: str
    qty: int


@dataclass(frozen=True)
class _ShipmentRow:
    """A row of SHIPMENTS."""

    order_id: str
    part_ref: str
    note_key: str
    address_id: str
    tracking_number: str
    tracking_carrier: str
    shipping_provider: str
    shipping_method: str
    comments: str

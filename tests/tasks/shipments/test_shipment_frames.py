"""Frames of a batch become parts of orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.frames import frame
from core.shipments import SHIPMENTS, UNITS
from tasks.shipments.frames import Desired, DesiredPart, desired_parts


def shipment(note: int, hour: int | None, **more: str) -> dict[str, Any]:
    moment = None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC)
    key = f"note-{note}"
    ref = {"order_id": "100", "part_ref": f"{key}/7", "note_key": key, "address_id": "7"}
    return {**ref, "shipped_at": moment, **more}


def unit(note: int, line_id: str, qty: int, row_id: str = "1") -> dict[str, Any]:
    ref = {"order_id": "100", "part_ref": f"note-{note}/7"}
    return {**ref, "row_id": row_id, "line_id": line_id, "qty": qty}


def test_parts_come_in_the_sequence_in_which_they_left_with_their_units() -> None:
    shipments = [shipment(2, 12, tracking_number="A1"), shipment(1, 9), shipment(3, None)]
    units = [unit(2, "11", 1), unit(2, "11", 2), unit(2, "", 4, row_id="9"), unit(1, "12", 1)]
    desired = Desired(shipments=frame(shipments, SHIPMENTS), units=frame(units, UNITS))
    assert desired_parts(desired) == {
        "100": [
            DesiredPart("note-3", "7", {}, {}, {}),
            DesiredPart("note-1", "7", {"12": 1}, {}, {}),
            DesiredPart("note-2", "7", {"11": 3}, {"9": 4}, {"tracking_number": "A1"}),
        ]
    }


def test_a_batch_of_no_notes_has_no_parts() -> None:
    assert desired_parts(Desired()) == {}


def test_a_part_that_is_shipped_in_part_keeps_what_the_note_says() -> None:
    part = DesiredPart("note-1", "7", {"11": 3}, {"9": 1}, {})
    agreed = part.agreed("31", {"11": 2})
    assert (agreed.units, agreed.note_units) == ({"11": 2}, {"11": 3, "row 9": 1})
    assert DesiredPart("note-1", "7", {"11": 3}, {}, {}).agreed("31", {"11": 3}).on_note == {}

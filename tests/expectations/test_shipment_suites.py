"""Every expectation about shipments fails once: as what, with what help, and for that row alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ContractError
from core.frames import Schema, frame
from core.shipments import NOTES, SHIPMENTS, UNITS
from expectations.check import Verdict, check
from expectations.shipments import SUITES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMAS: dict[str, Schema] = {"notes_in": NOTES, "units_in": UNITS, "shipments_out": SHIPMENTS}
GOOD: dict[str, dict] = {
    "notes_in": {"shipped_at": NOW, "qty": 1},
    "units_in": {"line_id": "11", "qty": 1},
    "shipments_out": {"tracking_number": "A1", "tracking_carrier": "royal-mail"},
}


def judged(suite: str, *changes: dict) -> Verdict:
    """As many good rows as changes and one more, of different orders."""
    rows = [
        {
            **GOOD[suite],
            "order_id": str(100 + i),
            "part_ref": f"note-{i + 1}/3",
            **(changes[i] if i < len(changes) else {}),
        }
        for i in range(len(changes) + 1)
    ]
    return check(frame(rows, SCHEMAS[suite]), SUITES[suite], now=NOW)


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_good_rows_and_an_empty_frame_pass_without_a_word(suite: str) -> None:
    verdict = judged(suite)
    assert (len(verdict.accepted), len(verdict.refused), verdict.notes) == (1, 0, [])
    empty = check(frame([], SCHEMAS[suite]), SUITES[suite], now=NOW)
    assert list(empty.accepted.columns) == list(SCHEMAS[suite])


@pytest.mark.parametrize(
    ("suite", "change", "class_", "field"),
    [
        ("units_in", {"qty": 0}, "document", "qty"),
        ("units_in", {"qty": -3}, "document", "qty"),
        ("units_in", {"qty": 10**10}, "document", "qty"),
        ("shipments_out", {"tracking_number": "X" * 51}, "tracking", "tracking_number"),
        ("shipments_out", {"tracking_number": "X" * 300}, "tracking", "tracking_number"),
        ("shipments_out", {"comments": "X" * 65_536}, "tracking", "comments"),
        ("shipments_out", {"tracking_carrier": "Royal Mail"}, "carrier", "tracking_carrier"),
    ],
)
def test_a_row_that_may_not_travel_is_refused_alone_with_class_and_remedy(
    suite: str, change: dict, class_: str, field: str
) -> None:
    verdict = judged(suite, change)
    (refusal,) = verdict.refused.to_dict("records")
    assert (refusal["key"], refusal["class"], refusal["field"]) == ("100", class_, field)
    assert refusal["reason"]
    assert f"causeway quarantine release --class {class_}" in refusal["remedy"]
    assert list(verdict.accepted["order_id"]) == ["101"]


@pytest.mark.parametrize(
    ("suite", "change"),
    [
        ("notes_in", {"order_id": "x"}),
        ("notes_in", {"part_ref": "7"}),
        ("notes_in", {"order_id": "101", "part_ref": "note-2/3"}),
        ("shipments_out", {"order_id": "101", "part_ref": "note-2/3"}),
    ],
)
def test_a_batch_that_cannot_be_trusted_stops_the_run(suite: str, change: dict) -> None:
    with pytest.raises(ContractError, match="not to be trusted"):
        judged(suite, change)


@pytest.mark.parametrize(
    ("suite", "change", "says"),
    [
        ("notes_in", {"shipped_at": NOW + timedelta(days=2)}, "more than a day from now"),
        ("shipments_out", {"tracking_carrier": ""}, "carriers.csv"),
    ],
)
def test_what_is_only_odd_is_noted_and_travels_on(suite: str, change: dict, says: str) -> None:
    verdict = judged(suite, change)
    assert len(verdict.accepted) == 2
    assert any(says in note for note in verdict.notes)


def test_a_shipment_without_number_needs_no_carrier() -> None:
    blank = {"tracking_number": "", "tracking_carrier": ""}
    assert judged("shipments_out", blank).notes == []

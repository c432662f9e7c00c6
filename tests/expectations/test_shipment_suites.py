"""Every expectation about shipments fails once: as what, with what help, and for that row alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from suite_examples import Examples

from core.errors import ContractError
from core.frames import Schema, frame
from core.shipments import NOTES, SHIPMENTS, UNITS
from expectations.check import check
from expectations.rules import Severity
from expectations.shipments import SUITES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMAS: dict[str, Schema] = {"notes_in": NOTES, "units_in": UNITS, "shipments_out": SHIPMENTS}
GOOD: dict[str, dict] = {
    "notes_in": {"shipped_at": NOW, "qty": 1},
    "units_in": {"line_id": "11", "qty": 1},
    "shipments_out": {"tracking_number": "A1", "tracking_carrier": "royal-mail"},
}


REFUSED = [
    ("units_in", {"qty": 0}, "document", "qty"),
    ("units_in", {"qty": -3}, "document", "qty"),
    ("units_in", {"qty": 10**10}, "document", "qty"),
    ("shipments_out", {"tracking_number": "X" * 51}, "tracking", "tracking_number"),
    ("shipments_out", {"tracking_number": "X" * 300}, "tracking", "tracking_number"),
    ("shipments_out", {"comments": "X" * 65_536}, "tracking", "comments"),
    ("shipments_out", {"tracking_carrier": "Royal Mail"}, "carrier", "tracking_carrier"),
    ("shipments_out", {"shipping_provider": "dhl"}, "provider", "shipping_provider"),
]
STOPPED = [
    ("notes_in", {"order_id": "x"}),
    ("notes_in", {"part_ref": "7"}),
    ("notes_in", {"order_id": "2", "part_ref": "note-2/3"}),
    ("shipments_out", {"order_id": "2", "part_ref": "note-2/3"}),
]
UNUSUAL = [
    ("notes_in", {"shipped_at": NOW + timedelta(days=2)}, "more than a day from now"),
    ("shipments_out", {"tracking_carrier": ""}, "carriers.csv"),
]


def numbered(_name: str, number: int) -> dict[str, str]:
    """The row's keys."""
    return {"order_id": str(number), "part_ref": f"note-{number}/3"}


EXAMPLES = Examples(SUITES, SCHEMAS, GOOD, numbered, NOW)


@pytest.mark.parametrize("name", SUITES)
def test_good_rows_and_an_empty_frame_pass_without_a_word(name: str) -> None:
    verdict = EXAMPLES.check(name)

    assert verdict.refused.empty
    assert verdict.notes == []
    assert check({name: frame([], SCHEMAS[name])}, SUITES).refused.empty


@pytest.mark.parametrize(("name", "change", "class_", "field"), REFUSED)
def test_a_row_that_may_not_travel_is_refused_alone_with_class_and_remedy(
    name: str, change: dict, class_: str, field: str
) -> None:
    verdict = EXAMPLES.check(name, change)

    (refusal,) = verdict.refused.to_dict("records")
    assert (refusal["key"], refusal["class"], refusal["field"]) == ("1", class_, field)
    assert (name, refusal["reason"]) in EXAMPLES.declared(Severity.REFUSE)
    assert f"causeway quarantine release --class {class_}" in refusal["remedy"]


@pytest.mark.parametrize(("name", "change"), STOPPED)
def test_a_batch_that_cannot_be_trusted_stops_the_run(name: str, change: dict) -> None:
    with pytest.raises(ContractError, match="not to be trusted"):
        EXAMPLES.check(name, change)


@pytest.mark.parametrize(("name", "change", "reason"), UNUSUAL)
def test_what_is_only_odd_is_reported_and_stays_in_the_batch(
    name: str, change: dict, reason: str
) -> None:
    verdict = EXAMPLES.check(name, change)

    assert verdict.refused.empty
    (note,) = verdict.notes
    assert reason in note


def test_every_expectation_can_fail_and_each_example_breaks_only_one() -> None:
    examples = [(name, change) for name, change, *_ in (*REFUSED, *STOPPED, *UNUSUAL)]

    assert EXAMPLES.fails_alone(examples) == EXAMPLES.declared()


def test_a_shipment_without_number_needs_no_carrier() -> None:
    blank = {"tracking_number": "", "tracking_carrier": ""}

    assert EXAMPLES.check("shipments_out", blank).notes == []

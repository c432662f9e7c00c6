"""What the shipped mappings make of goods notes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.frames import frame, records
from core.shipments import NOTES
from mappings.bundle import Bundle, load_bundle
from mappings.engine import Context, apply
from mappings.files import MappingError
from mappings.steps import Listed
from tasks.shipments.operations import read_statuses

CONTEXT = Context(zone="UTC", tables={})
NOTE = {
    "order_id": "118",
    "part_ref": "note-7/3",
    "note_key": "note-7",
    "address_id": "3",
    "shipping_method_id": "2",
    "reference": "RM1",
    "shipped_at": datetime(2026, 3, 1, tzinfo=UTC),
}


def mapped(*changes: dict) -> list[dict]:
    bundle = load_bundle()
    rows = frame([{**NOTE, **change} for change in changes or ({},)], NOTES)
    made = apply(bundle.mappings["shipments"], rows, Context(zone="UTC", tables=bundle.tables))
    assert made.refusals.empty
    return records(made.frame)


def test_a_note_becomes_a_shipment_with_number_carrier_provider_and_words() -> None:
    (made,) = mapped()
    assert made == {
        "order_id": "118",
        "part_ref": "note-7/3",
        "note_key": "note-7",
        "address_id": "3",
        "shipped_at": NOTE["shipped_at"],
        "tracking_number": "RM1",
        "tracking_carrier": "royal-mail",
        "shipping_provider": "royalmail",
        "shipping_method": "Royal Mail 2nd Class",
        "comments": "",
    }


@pytest.mark.parametrize("method", ["", "99", "1"])
def test_a_method_that_no_table_knows_leaves_the_carrier_blank_and_refuses_nothing(
    method: str,
) -> None:
    (made,) = mapped({"shipping_method_id": method})
    assert (made["tracking_number"], made["tracking_carrier"]) == ("RM1", "")


@pytest.mark.parametrize(
    ("reference", "number", "comments"),
    [
        ("", "", ""),
        (" AB 1234 5678 9GB ", "AB 1234 5678 9GB", ""),
        ("A1, B2;C3|D4\nE5", "A1", "Further tracking numbers: B2, C3, D4, E5"),
        ("A1,A1", "A1", ""),
        (";;B2", "B2", ""),
    ],
)
def test_of_several_numbers_the_first_is_the_number_and_the_others_are_in_the_comment(
    reference: str, number: str, comments: str
) -> None:
    (made,) = mapped({"reference": reference})
    assert (made["tracking_number"], made["comments"]) == (number, comments)


def test_a_merchant_may_say_what_lies_between_things_that_are_listed() -> None:
    step = Listed(take="others", separators="/]")
    assert step.of("A,1/B]C", CONTEXT) == "B, C"


def test_an_empty_batch_keeps_its_columns() -> None:
    bundle = load_bundle()
    made = apply(
        bundle.mappings["shipments"], frame([], NOTES), Context(zone="UTC", tables=bundle.tables)
    )
    assert len(made.frame) == 0
    assert made.frame["shipped_at"].dtype == "datetime64[us, UTC]"


def test_the_table_of_statuses_holds_status_ids_or_nothing() -> None:
    bundle = load_bundle()
    statuses = read_statuses(bundle.tables["shipment_status"])
    assert (statuses["all"], statuses["part from 14"]) == (2, 14)
    name = "tables/shipment_status.csv"
    files = {**bundle.files, name: "value,becomes,note\nall,shipped,\npart,,\n"}
    with pytest.raises(MappingError, match=r"shipment_status.csv:2: becomes: 'shipped' is not"):
        read_statuses(Bundle.from_files(files).tables["shipment_status"])

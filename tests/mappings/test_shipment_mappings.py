"""What the shipped mappings make of goods notes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames import frame, records
from core.shipments import NOTES
from mappings.bundle import Bundle, load_bundle
from mappings.engine import Context, apply
from mappings.files import MappingError
from mappings.steps import Listed
from mappings.tracking import read_tracking
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
        "tracking_link": "",
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
        ("JD0002/JD0003", "JD0002", "Further tracking numbers: JD0003"),
        ("A B", "A", "Further tracking numbers: B"),
        (
            "00340434161094042557 00340434161094042564",
            "00340434161094042557",
            "Further tracking numbers: 00340434161094042564",
        ),
        ("1Z 999 AA1 01 2345 6784", "1Z 999 AA1 01 2345 6784", ""),
        ("RM 123456789 GB", "RM 123456789 GB", ""),
        ("4006 3810 4006 3810", "4006 3810 4006 3810", ""),
        ("N/A", "", ""),
        ("n/a", "", ""),
        ("-", "", ""),
        (" TBC ", "", ""),
        ("N/A/JD1, none", "JD1", ""),
        ("AB-1234 - CD-5678", "AB-1234", "Further tracking numbers: CD-5678"),
        ("X" * 51, "", f"Further tracking numbers: {'X' * 51}"),
        (f"{'X' * 51};B2", "B2", f"Further tracking numbers: {'X' * 51}"),
    ],
)
def test_of_several_numbers_the_first_is_the_number_and_the_others_are_in_the_comment(
    reference: str, number: str, comments: str
) -> None:
    (made,) = mapped({"reference": reference})
    assert (made["tracking_number"], made["comments"]) == (number, comments)


@pytest.mark.parametrize(
    ("reference", "number", "link", "comments"),
    [
        ("https://t.example.com/p?a=b,c, JD1", "JD1", "https://t.example.com/p?a=b,c", ""),
        (
            "JD1,https://t.example.com/1,https://t.example.com/2",
            "JD1",
            "https://t.example.com/1",
            "https://t.example.com/2",
        ),
        (f"https://track.example.com/{'9' * 40}", "", f"https://track.example.com/{'9' * 40}", ""),
        ("JD1 https://t.example.com/JD1", "JD1", "https://t.example.com/JD1", ""),
        ("www.t.example.com/JD1; JD1/JD2", "JD1", "https://www.t.example.com/JD1", "JD2"),
        (
            "http://t.example.com/1|http://t.example.com/2",
            "",
            "http://t.example.com/1",
            "http://t.example.com/2",
        ),
        (f"https://t.example.com/{'9' * 500}", "", "", f"https://t.example.com/{'9' * 500}"),
    ],
)
def test_a_link_is_the_shipments_own_link_and_no_number(
    reference: str, number: str, link: str, comments: str
) -> None:
    (made,) = mapped({"reference": reference})
    assert (made["tracking_number"], made["tracking_link"]) == (number, link)
    assert made["comments"].removeprefix("Further tracking numbers: ") == comments


def test_a_merchants_table_says_what_stands_between_numbers_and_for_none() -> None:
    bundle = load_bundle()
    name = "tables/tracking_references.csv"
    files = {**bundle.files, name: "value,becomes,note\n+,separator,\nby hand,placeholder,\n"}
    own = Bundle.from_files(files)
    rows = frame(
        [{**NOTE, "reference": text} for text in ("A/1+B 2", "By Hand", "by hand + C3")], NOTES
    )
    made = apply(own.mappings["shipments"], rows, Context(zone="UTC", tables=own.tables))
    assert [row["tracking_number"] for row in records(made.frame)] == ["A/1", "", "C3"]


@given(st.text(max_size=120))
def test_whatever_a_reference_says_fits_into_the_shipment_and_nothing_is_lost(text: str) -> None:
    bundle = load_bundle()
    found = read_tracking(text, bundle.tables["tracking_references"])
    assert len(found.number) <= 50
    assert len(found.link) <= 500
    kept = "".join((found.number, found.link, *found.others)).casefold()
    assert all(one in kept for one in re.findall(r"[a-z0-9]{5,}", text.casefold()))


def test_a_mapping_of_an_earlier_version_still_reads_lists() -> None:
    bundle = load_bundle()
    text = bundle.files["shipments.yaml"]
    start = text.index("  - to: tracking_number")
    end = text.index("  - {to: tracking_carrier")
    rules = "  - {to: tracking_number, from: reference, steps: [{listed: first}, one_line]}\n"
    files = {**bundle.files, "shipments.yaml": f"{text[:start]}{rules}{text[end:]}"}
    del files["tables/tracking_references.csv"]
    old = Bundle.from_files(files)
    rows = frame([{**NOTE, "reference": "A1;B2"}], NOTES)
    made = apply(old.mappings["shipments"], rows, Context(zone="UTC", tables=old.tables))
    assert records(made.frame)[0]["tracking_number"] == "A1"


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

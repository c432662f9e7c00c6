import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.figures import Figure, at_least, at_most, machine, missed, to_json, to_text, write

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FIGURE = Figure("requests", 1.09, "x", "counted", at_most(1.25))


@pytest.mark.parametrize(
    ("bar", "value", "is_met"),
    [
        (at_most(1.25), 1.25, True),
        (at_most(1.25), 1.2501, False),
        (at_least(500), 500, True),
        (at_least(500), 499.9, False),
        (at_most(0), 0, True),
    ],
)
def test_a_bar_is_met_when_it_is_reached(bar, value, is_met):
    assert replace(FIGURE, value=value, bar=bar).met is is_met


def test_a_figure_without_a_bar_cannot_miss_it():
    printed = replace(FIGURE, value=9e9, bar=None)
    assert printed.met is None
    assert missed([printed]) == []
    assert to_text([printed]).endswith("x")


def test_a_table_says_value_bar_and_verdict_below_the_headings():
    heading, _, line, other = to_text([FIGURE, replace(FIGURE, value=2)]).splitlines()
    assert line.startswith("requests ")
    assert line.endswith("1.09 x  ≤ 1.25  met")
    assert other.endswith("MISSED")
    assert line.index("1.09 x") + len("1.09 x") == heading.index("figure") + len("figure")


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 x"), (500, "500 x"), (12345.6, "12,346 x"), (0.0123, "0.0123 x")]
)
def test_numbers_are_shown_as_people_read_them(value, shown):
    assert replace(FIGURE, value=value).shown == shown


def test_the_document_names_every_figure_with_its_measurement_and_how():
    document = to_json({"batch": [FIGURE]}, at=NOON, where={"cores": 2}, is_quick=True, stopped={})
    assert document["date"] == "2026-11-24T12:00:00.000Z"
    assert document["machine"] == {"cores": 2}
    assert document["quick"] is True
    assert document["all_met"] is True
    assert document["figures"] == [
        {
            "measurement": "batch",
            "name": "requests",
            "value": 1.09,
            "unit": "x",
            "bar": "≤ 1.25",
            "met": True,
            "how": "counted",
        }
    ]


def test_a_missed_bar_or_a_measurement_that_stopped_is_not_all_met():
    bad = replace(FIGURE, value=2)
    assert not to_json({"batch": [bad]}, at=NOON, where={"cores": 2}, is_quick=False, stopped={})[
        "all_met"
    ]
    stopped = to_json(
        {}, at=NOON, where={"cores": 2}, is_quick=False, stopped={"batch": "no port is free"}
    )
    assert not stopped["all_met"]
    assert stopped["stopped"] == {"batch": "no port is free"}


def test_the_document_is_written_whole(tmp_path):
    path = tmp_path / "var" / "bench.json"
    write(
        to_json({"batch": [FIGURE]}, at=NOON, where={"cores": 2}, is_quick=False, stopped={}), path
    )
    assert json.loads(path.read_text("utf-8"))["figures"][0]["bar"] == "≤ 1.25"
    assert list(path.parent.iterdir()) == [path]


def test_the_machine_is_described():
    printed = machine()
    assert printed["cores"] >= 1
    assert printed["memory_gb"] > 0
    assert printed["processor"]

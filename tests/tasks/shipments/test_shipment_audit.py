"""What an audit of shipments finds, line by line."""

from __future__ import annotations

from tasks.shipments.entity import differences


def test_two_sides_that_agree_have_no_differences() -> None:
    found = differences({"5": {"11": 2}}, {"5": {"11": 2}}, [], {})
    assert (found["orders"], found["agreeing"], found["units"]) == (1, 1, 2)
    assert (found["missing"], found["beyond"], found["without_tracking"]) == ({}, {}, [])


def test_too_few_and_too_many_units_are_named_by_line() -> None:
    found = differences({"5": {"11": 1, "12": 3}}, {"5": {"11": 2, "12": 1}}, [], {})
    assert found["missing"] == {"5": "line 11: 2 left, 1 in BigCommerce"}
    assert found["beyond"] == {"5": "line 12: 1 left, 3 in BigCommerce"}
    assert found["agreeing"] == 0


def test_an_order_that_waits_is_listed_as_waiting_and_not_as_missing() -> None:
    waiting = {"5": "quarantined: tracking", "7": "parked"}
    found = differences({}, {"5": {"11": 2}}, ["6", "5"], waiting)
    assert found["missing"] == {}
    assert found["without_tracking"] == ["6"]
    assert found["waiting"] == {"5": "quarantined: tracking"}

"""Refunds as rows of frames, before they are mapped."""

from __future__ import annotations

from typing import Any

from refund_sides import LINE, refund, sides

from tasks.refunds.frames import flatten


def units(quantity: int) -> dict[str, Any]:
    return {"item_type": "PRODUCT", "item_id": LINE, "quantity": quantity}


def test_units_of_a_line_that_stands_twice_in_an_earlier_refund_are_all_taken() -> None:
    both = sides(refund("7", items=[units(2), units(1)]), refund("8", items=[units(1)]))
    found = flatten([both]).items
    assert found["qty_beyond"].tolist() == [0, 0, 1]


def test_a_refund_that_was_declined_takes_no_units_and_no_money() -> None:
    declined = refund("7", amount="18.00", items=[units(3)], payments=["declined"])
    found = flatten([sides(declined, refund("8", amount="18.00", items=[units(3)]))])
    assert found.items["qty_beyond"].tolist() == [0]
    assert found.refunds["beyond_order"].tolist() == [0]

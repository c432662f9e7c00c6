"""Every expectation about stock fails once: as what, with what help, and for that SKU alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from suite_examples import Examples

from core.errors import ContractError
from core.frames import Schema, frame
from core.stock import ITEMS, STOCK_LEVELS
from expectations.check import check
from expectations.rules import Severity
from expectations.stock import MOST, SUITES

SCHEMAS: dict[str, Schema] = {"items_in": ITEMS, "stock_levels_out": STOCK_LEVELS}
GOOD: dict[str, dict] = {
    "items_in": {"location_id": "1", "on_hand": 3, "safety_stock": 1},
    "stock_levels_out": {"location_id": "1", "quantity": 2},
}
REFUSED = [
    ("items_in", {"safety_stock": -1}, "safety_stock"),
    ("items_in", {"on_hand": MOST + 1}, "on_hand"),
    ("items_in", {"on_hand": -MOST - 1}, "on_hand"),
    ("stock_levels_out", {"quantity": MOST + 1}, "quantity"),
    ("stock_levels_out", {"quantity": -1}, "quantity"),
]
STOPPED = [("items_in", {"sku_key": "sku-2"}), ("stock_levels_out", {"sku_key": "sku-2"})]


def numbered(_name: str, number: int) -> dict[str, str]:
    """The row's key."""
    return {"sku_key": f"sku-{number}"}


EXAMPLES = Examples(
    SUITES, SCHEMAS, GOOD, numbered, datetime(2026, 3, 1, tzinfo=UTC), record="sku_key"
)


@pytest.mark.parametrize("name", SUITES)
def test_good_rows_and_an_empty_frame_pass(name: str) -> None:
    assert EXAMPLES.check(name).refused.empty
    assert check({name: frame([], SCHEMAS[name])}, SUITES, record="sku_key").refused.empty


@pytest.mark.parametrize(("name", "change", "field"), REFUSED)
def test_impossible_stock_refuses_its_sku_alone(name: str, change: dict, field: str) -> None:
    verdict = EXAMPLES.check(name, change)

    (refusal,) = verdict.refused.to_dict("records")
    assert (refusal["key"], refusal["field"]) == ("sku-1", field)
    assert (name, refusal["reason"]) in EXAMPLES.declared(Severity.REFUSE)
    assert refusal["remedy"].endswith("release --class document --key sku-1")


def test_the_same_sku_at_two_locations_is_two_rows() -> None:
    assert EXAMPLES.check("items_in", {"sku_key": "sku-2", "location_id": "2"}).refused.empty


@pytest.mark.parametrize(("name", "change"), STOPPED)
def test_a_sku_that_is_there_twice_stops_the_batch(name: str, change: dict) -> None:
    with pytest.raises(ContractError, match="not to be trusted"):
        EXAMPLES.check(name, change)


def test_every_expectation_can_fail_and_each_example_breaks_only_one() -> None:
    examples = [(name, change) for name, change, *_ in (*REFUSED, *STOPPED)]

    assert EXAMPLES.fails_alone(examples) == EXAMPLES.declared()

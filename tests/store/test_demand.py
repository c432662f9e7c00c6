"""What orders hold: sold in the store, and not yet out of Brightpearl's stock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from store.database import Database
from store.stock import Demand

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def demand(database: Database) -> Demand:
    return Demand(database)


def test_units_are_held_by_sku_and_order_until_the_order_is_said_anew(demand: Demand) -> None:
    assert demand.replace("p", {"1": {"a": 2, "b": 1}, "2": {"a": 3}}, now=NOW) == {"a", "b"}
    assert demand.of("p") == {"a": {"1": 2, "2": 3}, "b": {"1": 1}}
    assert demand.of("p", ["b"]) == {"b": {"1": 1}}

    assert demand.replace("p", {"1": {"a": 2}}, now=NOW) == {"b"}
    assert demand.replace("p", {"1": {"a": 2}}, now=NOW) == set()
    assert demand.replace("p", {"1": {}}, now=NOW) == {"a"}
    assert demand.of("p") == {"a": {"2": 3}}
    assert demand.known("p", ["1", "2", "3"]) == {"2"}


def test_an_order_that_is_released_holds_nothing_and_stays_known_until_it_is_said_anew(
    demand: Demand,
) -> None:
    demand.replace("p", {"1": {"a": 2}, "2": {"a": 3}}, now=NOW)

    assert demand.release("p", ["1", "9"], now=NOW) == {"a"}
    assert demand.release("p", ["1"], now=NOW) == set()
    assert demand.of("p") == {"a": {"2": 3}}
    assert demand.known("p", ["1", "9"]) == {"1"}

    assert demand.replace("p", {"1": {}}, now=NOW) == set()
    assert demand.known("p", ["1"]) == set()


def test_pairs_know_nothing_of_each_other(demand: Demand) -> None:
    demand.replace("p", {"1": {"a": 2}}, now=NOW)
    demand.release("q", ["1"], now=NOW)
    assert (demand.of("p"), demand.of("q")) == ({"a": {"1": 2}}, {})

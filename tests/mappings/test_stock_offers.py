"""What may be sold: places, buffers, bundles and the rule, on small frames."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.frames import frame
from core.stock import ON_HAND, SKUS
from mappings.stock_offers import (
    BrokenBundleError,
    Supply,
    by_warehouse,
    explode,
    needed,
    offers,
)
from mappings.stock_places import Places, read_places
from mappings.tables import Table, TableRow

MAIN, SPARE = "2", "3"


def table(name: str, *rows: tuple[str, str]) -> Table:
    return Table(name, tuple(TableRow(n + 2, *row) for n, row in enumerate(rows)))


def places(*rows: tuple[str, str], buffers: dict[str, str] | None = None) -> Places:
    return read_places(
        table("stock_locations", *(rows or ((MAIN, "1"), (SPARE, "1")))),
        table("stock_buffers", *(buffers or {"*": "0"}).items()),
        "1",
    )


def supply(
    levels: dict[tuple[str, str], int],
    at: Places,
    *,
    held: dict[str, int] | None = None,
    bundles: dict[str, dict[str, int]] | None = None,
    skus: dict[str, str] | None = None,
) -> Supply:
    """SKUs by product id; by default `a` is product 10 and `b` is product 11."""
    known = skus or {"a": "10", "b": "11"}
    of_products = [
        {"sku_key": sku, "sku": sku.upper(), "product_id": one} for sku, one in known.items()
    ]
    on_hand = [
        {"product_id": product, "warehouse_id": warehouse, "on_hand": units}
        for (product, warehouse), units in levels.items()
    ]
    return Supply(
        places=at,
        skus=frame(of_products, SKUS),
        on_hand=frame(on_hand, ON_HAND),
        bundles=bundles or {},
        held=needed(held or {}, known, bundles or {}),
    )


def sellable(found: pd.DataFrame) -> dict[tuple[str, str], int]:
    return {(row.sku_key, row.location_id): row.sellable for row in found.itertuples(index=False)}


def test_what_may_be_sold_is_what_all_warehouses_promise_less_orders_and_buffer() -> None:
    found = offers(
        supply(
            {("10", MAIN): 5, ("10", SPARE): 4, ("11", MAIN): 1},
            places(buffers={"*": "0", "A | 1": "2"}),
            held={"a": 6, "b": 3},
        )
    )
    assert sellable(found) == {("a", "1"): 1, ("b", "1"): 0}
    assert found.set_index("sku_key").loc["b", "held"] == 3


def test_a_product_without_any_level_has_nothing_to_sell() -> None:
    assert sellable(offers(supply({}, places()))) == {("a", "1"): 0, ("b", "1"): 0}


def test_a_warehouse_may_feed_several_locations_and_orders_take_from_the_one_that_sells() -> None:
    found = offers(
        supply(
            {("10", MAIN): 5, ("10", SPARE): 4},
            places((SPARE, "7 1"), (MAIN, "1")),
            held={"a": 6},
        )
    )
    assert sellable(found)["a", "1"] == 3
    assert sellable(found)["a", "7"] == 0


def test_units_by_warehouse_say_what_orders_leave_of_each() -> None:
    kit = {"k": "12", "a": "10"}
    at = supply(
        {("10", MAIN): 5, ("10", SPARE): 4, ("11", MAIN): 2},
        places((MAIN, "1"), (SPARE, "1 7")),
        held={"a": 6},
        skus=kit,
        bundles={"12": {"10": 2, "11": 1}},
    )
    found = by_warehouse(at)
    assert {
        (row.product_id, row.warehouse_id, row.location_id): (row.promised, row.free)
        for row in found.itertuples(index=False)
        if row.product_id != "11"
    } == {
        ("10", MAIN, "1"): (5, 0),
        ("10", SPARE, "1"): (4, 3),
        ("10", SPARE, "7"): (4, 3),
        ("12", MAIN, "1"): (2, 0),
        ("12", SPARE, "1"): (0, 0),
        ("12", SPARE, "7"): (0, 0),
    }


def test_a_bundle_has_as_many_units_as_its_scarcest_component_makes_in_one_warehouse() -> None:
    kit = {"k": "12", "a": "10"}
    found = offers(
        supply(
            {("10", MAIN): 5, ("11", MAIN): 9, ("10", SPARE): 3, ("11", SPARE): 1},
            places(),
            skus=kit,
            bundles={"12": {"10": 2, "11": 1}},
        )
    )
    assert sellable(found) == {("k", "1"): 3, ("a", "1"): 8}


def test_orders_of_a_bundle_hold_its_components() -> None:
    found = offers(
        supply(
            {("10", MAIN): 5, ("11", MAIN): 9},
            places(),
            skus={"k": "12", "a": "10"},
            bundles={"12": {"10": 2, "11": 1}},
            held={"k": 2},
        )
    )
    assert sellable(found) == {("k", "1"): 0, ("a", "1"): 1}


def test_the_row_that_says_most_counts_and_channels_add_up() -> None:
    at = places(buffers={"*": "1", "* | 1": "2", "A": "3", "A | * | shop": "5"})
    assert at.buffers.units("a", "1") == 3 + 5
    assert at.buffers.units("b", "1") == 2
    assert at.buffers.units("b", "7") == 1
    assert [kept.units for kept in at.buffers.of("a", "1")] == [3, 5]


@pytest.mark.parametrize("bad", [("main", "1"), (MAIN, "one")])
def test_a_table_that_cannot_be_read_names_its_line(bad: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"Line 2 of mappings/tables/stock_locations\.csv"):
        places(bad)


def test_a_bundle_is_resolved_down_to_products_with_stock() -> None:
    parts = {"1": {"2": 2, "3": 1}, "2": {"4": 3, "5": 1}}
    has_stock = {"3": True, "4": True, "5": False}
    assert explode("1", parts, has_stock) == {"4": 6, "3": 1}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"1": {"9": 1}}, "product 9, does not exist"),
        ({"1": {"2": 1}, "2": {"1": 1}}, "it contains itself, by way of product 2"),
        ({"1": {"5": 1}}, "none of its components has stock"),
        ({"1": {"3": 0}}, "it contains 0 of product 3"),
    ],
)
def test_a_bundle_that_cannot_be_counted_says_why(
    parts: dict[str, dict[str, int]], says: str
) -> None:
    with pytest.raises(BrokenBundleError, match=says):
        explode("1", parts, {"1": False, "2": False, "3": True, "5": False})


@given(
    levels=st.dictionaries(
        st.tuples(st.sampled_from(["10", "11"]), st.sampled_from([MAIN, SPARE])),
        st.integers(-5, 50),
    ),
    held=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 80)),
    buffer=st.integers(0, 10),
)
def test_never_is_more_on_sale_than_is_there_and_not_sold(
    levels: dict[tuple[str, str], int], held: dict[str, int], buffer: int
) -> None:
    found = offers(supply(levels, places(buffers={"*": str(buffer)}), held=held))
    for (sku, _), units in sellable(found).items():
        product_id = {"a": "10", "b": "11"}[sku]
        on_hand = sum(n for (product, _), n in levels.items() if product == product_id)
        assert units == max(0, on_hand - held.get(sku, 0) - buffer)

"""The terms of what may be sold, without any world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames import frame
from core.settings import StockSettings
from core.stock import ITEMS
from mappings.tables import Table, TableRow
from store.catalogue import CataloguedProduct
from tasks.outcome import Obstacle
from tasks.stock.explain import (
    EQUAL,
    NOWHERE,
    RECENT,
    UNSET,
    WAITS,
    Explanation,
    OnItsWay,
    Sources,
    explain,
)
from tasks.stock.look import Look
from tasks.stock.memory import Sent, StockMemory
from tasks.stock.places import read_places
from tasks.stock.plan import Scene, work_out
from tasks.stock.rule import Stock, needed, offers

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MAIN, SPARE = "2", "3"
PRODUCTS = {"a": "10", "b": "11", "kit": "12"}
KIT = {"12": {"10": 2, "11": 1}}


def table(name: str, *rows: tuple[str, str]) -> Table:
    return Table(name, tuple(TableRow(n + 2, *row) for n, row in enumerate(rows)))


LOCATIONS = table("stock_locations", (MAIN, "1"), (SPARE, "1 7"))
NOTHING_KEPT = table("stock_buffers", ("*", "0"))


def told(
    sku: str = "a",
    *,
    levels: dict[tuple[str, str], int] | None = None,
    orders: dict[str, dict[str, int]] | None = None,
    written: dict[str, dict[str, int]] | None = None,
    buffers: Table = NOTHING_KEPT,
    items: dict[str, tuple[int, int]] | None = None,
    memory: StockMemory | None = None,
    masters: tuple[str, ...] = (),
    products: dict[str, CataloguedProduct] | None = None,
    known: tuple[str, ...] | None = None,
    **look: object,
) -> Explanation:
    """What is said of a SKU. In: `items` are on hand and safety stock by location."""
    places = read_places(LOCATIONS, buffers, "1")
    there = (sku,) if known is None else known
    on_hand = [(*key, units) for key, units in (levels or {}).items()]
    held = {one: sum(units.values()) for one, units in (orders or {}).items()}
    stock = Stock(
        pd.DataFrame(
            {
                "sku_key": list(there),
                "sku": [one.upper() for one in there],
                "product_id": [PRODUCTS[one] for one in there],
            },
            dtype="str",
        ),
        pd.DataFrame(on_hand, columns=["product_id", "warehouse_id", "on_hand"]).astype(
            {"product_id": "str", "warehouse_id": "str", "on_hand": "int64"}
        ),
        KIT,
        needed(held, PRODUCTS, KIT),
    )
    rows = [
        {
            "sku_key": sku,
            "sku": sku.upper(),
            "product_id_bc": "5",
            "location_id": location,
            "is_enabled": True,
            "on_hand": units,
            "available": max(0, units - safety),
            "safety_stock": safety,
        }
        for location, (units, safety) in (items or {}).items()
    ]
    seen = Look(
        frame(rows, ITEMS),
        stock,
        places,
        {sku: memory} if memory else {},
        orders=orders or {},
        **look,  # type: ignore[arg-type]
    )
    desired = offers(stock, places).rename(columns={"sellable": "quantity"})
    scene = Scene(
        NOON, StockSettings(bigcommerce_owned_locations=masters), seen.memories, places=places
    )
    plan = work_out(desired, seen.items, scene)
    catalogue = {
        one: CataloguedProduct(product_id, one.upper(), one != "kit", "LIVE")
        for one, product_id in PRODUCTS.items()
    }
    sources = Sources(
        LOCATIONS,
        buffers,
        sku.upper(),
        catalogue if products is None else products,
        written or {},
        {"10": "A", "11": "B"},
    )
    return explain(sku, seen, desired, plan, sources)


def test_each_warehouse_is_named_with_the_line_by_which_it_feeds_the_location() -> None:
    first, other = told(levels={("10", MAIN): 5, ("10", SPARE): 4}).places
    assert [(one.warehouse_id, one.units, one.source) for one in first.warehouses] == [
        (MAIN, 5, "mappings/tables/stock_locations.csv, line 2: 2 → 1"),
        (SPARE, 4, "mappings/tables/stock_locations.csv, line 3: 3 → 1 7"),
    ]
    assert (first.location_id, first.promised) == ("1", 9)
    assert (other.location_id, other.promised) == ("7", 4)


def test_orders_that_hold_units_are_named_with_where_that_is_known_from() -> None:
    found = told(
        levels={("10", MAIN): 9},
        orders={"a": {"101": 2, "99": 1}, "kit": {"100": 3}, "b": {"98": 4}},
        written={"a": {"99": 1}},
    )
    assert [(one.order_id, one.sku, one.units, one.source) for one in found.orders] == [
        ("99", "A", 1, UNSET),
        ("101", "A", 2, RECENT),
        ("100", "kit", 3, RECENT),
    ]
    assert found.places[0].held == 1 + 2 + 2 * 3
    assert found.places[0].sellable == 0


def test_a_bundle_is_told_by_its_components_in_each_warehouse() -> None:
    found = told("kit", levels={("10", MAIN): 5, ("11", MAIN): 9, ("11", SPARE): 1})
    main, spare = found.places[0].warehouses
    assert (main.units, spare.units) == (2, 0)
    assert [(one.sku, one.each, one.units) for one in main.components] == [("A", 2, 5), ("B", 1, 9)]
    assert found.components == {"10": 2, "11": 1}
    assert found.places[0].sellable == 2


def test_of_each_channel_the_row_that_counts_is_named() -> None:
    rows = table("stock_buffers", ("*", "1"), ("* | 1", "2"), ("A | *", "3"), ("a | 1 | shop", "5"))
    one, seven = told(levels={("10", MAIN): 20}, buffers=rows).places
    assert one.buffer == 3 + 5
    assert [(kept.units, kept.source.split(", ")[1]) for kept in one.buffers] == [
        (3, "line 4: A | * → 3"),
        (5, "line 5: a | 1 | shop → 5"),
    ]
    assert [kept.units for kept in seven.buffers] == [3]


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["*", "A", "b"]),
            st.sampled_from(["", "*", "1", "7"]),
            st.sampled_from(["", "*", "shop"]),
        ),
        st.integers(0, 9),
        max_size=12,
    )
)
def test_the_rows_named_add_up_to_the_buffer_of_the_rule(
    rows: dict[tuple[str, str, str], int],
) -> None:
    kept = table("stock_buffers", *((" | ".join(name), str(n)) for name, n in rows.items()))
    for place in told(levels={("10", MAIN): 50}, buffers=kept).places:
        assert sum(one.units for one in place.buffers) == place.buffer


def test_what_would_be_written_is_said_in_the_words_of_the_plan() -> None:
    memory = StockMemory(told={"1": 4})
    found = told(levels={("10", MAIN): 9}, items={"1": (6, 2)}, memory=memory).places[0]
    assert (found.on_hand, found.safety_stock, found.on_sale, found.told) == (6, 2, 4, 4)
    assert (found.quantity, found.writes) == (9, "add 5")


def test_what_was_never_counted_is_set() -> None:
    assert told(levels={("10", MAIN): 9}, items={"1": (0, 1)}).places[0].writes == "set to 10"


def test_nothing_is_written_where_both_agree_or_the_store_has_no_such_place() -> None:
    one, seven = told(levels={("10", MAIN): 9}, items={"1": (9, 0)}).places
    assert (one.writes, seven.writes) == (EQUAL, NOWHERE)
    assert (one.told, seven.on_sale) == (9, None)


def test_where_the_store_is_master_brightpearl_would_be_corrected() -> None:
    found = told(levels={("10", MAIN): 9}, items={"1": (4, 0)}, masters=("1",))
    assert found.places[0].writes == "correct product 10 in warehouse 2 by -5"


def test_what_is_on_its_way_is_told_with_since_when_until_it_is_seen() -> None:
    sent = Sent(base=4, units=5, at=NOON - timedelta(seconds=3))
    memory = StockMemory(sent={"1": sent})
    waits = told(levels={("10", MAIN): 9}, items={"1": (4, 0)}, memory=memory).places[0]
    assert waits.on_its_way == OnItsWay(5, False, 4, sent.at)
    assert waits.writes == WAITS

    seen = told(levels={("10", MAIN): 9}, items={"1": (9, 0)}, memory=memory).places[0]
    assert (seen.on_its_way, seen.writes) == (None, EQUAL)


@pytest.mark.parametrize(
    ("product", "look", "said"),
    [
        (None, {"only_store": ["a"]}, "Brightpearl has no product with the SKU 'A'."),
        (
            CataloguedProduct("10", "A", True, "ARCHIVED"),
            {"only_store": ["a"]},
            "product 10 with the SKU 'A' is archived",
        ),
        (
            CataloguedProduct("10", "A", False, "LIVE"),
            {"only_store": ["a"]},
            "keeps no stock of product 10",
        ),
        (
            CataloguedProduct("10", "A", True, "LIVE"),
            {"only_account": ["a"]},
            "The store has no stock of its own under this SKU",
        ),
        (None, {}, "no product with the SKU 'A'. The store has no stock of its own"),
        (
            None,
            {"refused": {"a": Obstacle("bundle", "", "a", "it contains itself", "Correct it.")}},
            "It contains itself.",
        ),
    ],
)
def test_a_sku_of_which_nothing_can_be_said_says_why_and_what_helps(
    product: CataloguedProduct | None, look: dict[str, object], said: str
) -> None:
    found = told(known=(), products={"a": product} if product else {}, **look)  # type: ignore[arg-type]
    assert said in found.problem
    assert found.remedy
    assert found.places == ()

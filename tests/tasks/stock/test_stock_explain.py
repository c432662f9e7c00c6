"""The terms of what may be sold, on small frames."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames import frame
from core.refusals import Refusal
from core.settings import StockSettings
from core.stock import ITEMS, ON_HAND, SKUS, STOCK_LEVELS
from mappings.stock_offers import needed, offers
from mappings.stock_places import read_places
from mappings.tables import Table, TableRow
from store.stock import CataloguedProduct
from tasks.stock.explain import (
    EQUAL,
    NOWHERE,
    RECENT,
    UNSET,
    WAITS,
    Explanation,
    Sources,
    explain,
)
from tasks.stock.frames import AgreedStock, Desired, Pending, Snapshot
from tasks.stock.matching import compare
from tasks.stock.plan import PlanContext, plan_levels

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MAIN, SPARE = "2", "3"
PRODUCTS = {"a": "10", "b": "11", "kit": "12"}
KIT = {"12": {"10": 2, "11": 1}}


def table(name: str, *rows: tuple[str, str]) -> Table:
    return Table(name, tuple(TableRow(n + 2, *row) for n, row in enumerate(rows)))


LOCATIONS = table("stock_locations", (MAIN, "1"), (SPARE, "1 7"))
NOTHING_KEPT = table("stock_buffers", ("*", "0"))


def explained(
    sku: str = "a",
    *,
    levels: dict[tuple[str, str], int] | None = None,
    orders: dict[str, dict[str, int]] | None = None,
    written: dict[str, dict[str, int]] | None = None,
    buffers: Table = NOTHING_KEPT,
    items: dict[str, tuple[int, int]] | None = None,
    agreed: AgreedStock | None = None,
    owned: tuple[str, ...] = (),
    product: CataloguedProduct | None = None,
    known: tuple[str, ...] | None = None,
    **snapshot: object,
) -> Explanation:
    """What is said of a SKU. In: `items` are on hand and safety stock by location."""
    places = read_places(LOCATIONS, buffers, "1")
    both = (sku,) if known is None else known
    held = {one: sum(units.values()) for one, units in (orders or {}).items()}
    columns = ("product_id", "warehouse_id", "on_hand")
    on_hand = [
        dict(zip(columns, (*name, units), strict=True)) for name, units in (levels or {}).items()
    ]
    skus = [{"sku_key": one, "sku": one.upper(), "product_id": PRODUCTS[one]} for one in both]
    rows = [
        {
            "sku_key": sku,
            "sku": sku.upper(),
            "product_id_bc": "5",
            "location_id": location,
            "on_hand": units,
            "safety_stock": safety,
        }
        for location, (units, safety) in (items or {}).items()
    ]
    found = Snapshot(
        items=frame(rows, ITEMS),
        store_skus={one: one.upper() for one in both},
        skus=frame(skus, SKUS),
        on_hand=frame(on_hand, ON_HAND),
        bundles=KIT,
        held=needed(held, PRODUCTS, KIT),
        places=places,
        agreed={sku: agreed} if agreed else {},
        read_at=NOON,
        orders=orders or {},
        products=PRODUCTS,
        **snapshot,  # type: ignore[arg-type]
    )
    offered = offers(found)
    quantities = offered.rename(columns={"sellable": "quantity"})[list(STOCK_LEVELS)]
    desired = Desired(offers=offered, levels=quantities)
    context = PlanContext(found, StockSettings(bigcommerce_owned_locations=owned))
    plan = plan_levels(compare(desired.levels, found.items), context)
    sources = Sources(sku.upper(), product, written or {}, {"10": "A", "11": "B"})
    return explain(sku, found, desired, plan, sources)


def test_each_warehouse_is_named_with_the_line_by_which_it_feeds_the_location() -> None:
    first, other = explained(levels={("10", MAIN): 5, ("10", SPARE): 4}).places
    assert [(one.warehouse_id, one.units, one.source) for one in first.warehouses] == [
        (MAIN, 5, "mappings/tables/stock_locations.csv, line 2: 2 → 1"),
        (SPARE, 4, "mappings/tables/stock_locations.csv, line 3: 3 → 1 7"),
    ]
    assert (first.offer.location_id, first.offer.promised) == ("1", 9)
    assert (other.offer.location_id, other.offer.promised) == ("7", 4)


def test_orders_that_hold_units_are_named_with_where_that_is_known_from() -> None:
    found = explained(
        levels={("10", MAIN): 9},
        orders={"a": {"101": 2, "99": 1}, "kit": {"100": 3}, "b": {"98": 4}},
        written={"a": {"99": 1}},
    )
    assert [(one.order_id, one.sku, one.units, one.source) for one in found.orders] == [
        ("99", "A", 1, UNSET),
        ("101", "A", 2, RECENT),
        ("100", "kit", 3, RECENT),
    ]
    assert found.places[0].offer.held == 1 + 2 + 2 * 3
    assert found.places[0].offer.sellable == 0


def test_a_bundle_is_explained_by_its_components_in_each_warehouse() -> None:
    found = explained("kit", levels={("10", MAIN): 5, ("11", MAIN): 9, ("11", SPARE): 1})
    main, spare = found.places[0].warehouses
    assert (main.units, spare.units) == (2, 0)
    assert [(one.sku, one.each, one.units) for one in main.components] == [("A", 2, 5), ("B", 1, 9)]
    assert found.components == {"10": 2, "11": 1}
    assert found.places[0].offer.sellable == 2


def test_of_each_channel_the_row_that_counts_is_named() -> None:
    rows = table("stock_buffers", ("*", "1"), ("* | 1", "2"), ("A | *", "3"), ("a | 1 | shop", "5"))
    one, seven = explained(levels={("10", MAIN): 20}, buffers=rows).places
    assert one.offer.buffer == 3 + 5
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
    for place in explained(levels={("10", MAIN): 50}, buffers=kept).places:
        assert sum(one.units for one in place.buffers) == place.offer.buffer


def test_what_would_be_written_is_said_in_the_words_of_the_plan() -> None:
    agreed = AgreedStock(on_sale={"1": 4})
    found = explained(levels={("10", MAIN): 9}, items={"1": (6, 2)}, agreed=agreed).places[0]
    assert found.level is not None
    assert (found.level.on_hand, found.level.safety_stock, found.level.on_sale) == (6, 2, 4)
    assert (found.level.quantity, found.agreed) == (9, 4)
    assert found.writes == "add 5 at location 1"


def test_what_was_never_counted_is_set() -> None:
    assert (
        explained(levels={("10", MAIN): 9}, items={"1": (0, 1)}).places[0].writes
        == "set to 10 at location 1"
    )


def test_nothing_is_written_where_both_agree_or_the_store_has_no_such_place() -> None:
    one, seven = explained(levels={("10", MAIN): 9}, items={"1": (9, 0)}).places
    assert (one.writes, seven.writes) == (EQUAL, NOWHERE)
    assert (one.agreed, seven.level) == (9, None)


def test_where_the_store_is_master_brightpearl_would_be_corrected() -> None:
    found = explained(levels={("10", MAIN): 9}, items={"1": (4, 0)}, owned=("1",))
    assert found.places[0].writes == "correct product 10 in warehouse 2 by -5"


def test_what_is_pending_is_shown_with_since_when_until_it_is_seen() -> None:
    sent = Pending(base=4, units=5, at=NOON - timedelta(seconds=3))
    agreed = AgreedStock(pending={"1": sent})
    waits = explained(levels={("10", MAIN): 9}, items={"1": (4, 0)}, agreed=agreed).places[0]
    assert waits.pending == sent
    assert waits.writes == WAITS

    seen = explained(levels={("10", MAIN): 9}, items={"1": (9, 0)}, agreed=agreed).places[0]
    assert (seen.pending, seen.writes) == (None, EQUAL)


@pytest.mark.parametrize(
    ("product", "snapshot", "said"),
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
            {"refused": {"a": Refusal("bundle", "", "a", "it contains itself", "Correct it.")}},
            "It contains itself.",
        ),
    ],
)
def test_a_sku_of_which_nothing_can_be_said_says_why_and_what_helps(
    product: CataloguedProduct | None, snapshot: dict[str, object], said: str
) -> None:
    found = explained(known=(), product=product, **snapshot)  # type: ignore[arg-type]
    assert said in found.problem
    assert found.remedy
    assert found.places == ()

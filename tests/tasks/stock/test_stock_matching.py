"""Which SKU is which, what differs and why, what was sold above stock: on small frames."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from core.frames import frame
from core.stock import ITEMS, OFFERS, STOCK_LEVELS
from mappings.sku_names import SkuNames
from mappings.stock_places import Buffers, Places
from mappings.tables import Table, TableRow
from tasks.stock.frames import NOTHING_AGREED, AgreedStock, Desired, Pending, Snapshot
from tasks.stock.matching import (
    BOTH,
    BUNDLE,
    BY_HAND,
    EVENT,
    LATE,
    MANUAL,
    NEW,
    PENDING,
    RACE,
    Drift,
    Oversold,
    compare,
    drifted,
    oversold,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ON_ITS_WAY = AgreedStock(pending={"1": Pending(base=1, units=1, at=NOON)})


def sides(
    *,
    on_sale: int = 5,
    promised: int = 5,
    agreed: AgreedStock = NOTHING_AGREED,
    orders: Mapping[str, int] | None = None,
    bundles: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[list[Drift], list[Oversold]]:
    """What is wrong with a SKU of which so much is on sale, can be promised, is held by orders."""
    row = {"sku_key": "a", "sku": "A", "product_id": "10", "location_id": "1"}
    held = sum((orders or {}).values())
    sellable = max(0, promised - held)
    offer = {**row, "promised": promised, "held": held, "sellable": sellable}
    desired = Desired(
        offers=frame([offer], OFFERS),
        levels=frame([{**row, "quantity": sellable}], STOCK_LEVELS),
    )
    found = Snapshot(
        items=frame([{**row, "product_id_bc": "5", "on_hand": on_sale}], ITEMS),
        bundles=bundles or {},
        places=Places((("2", "1"),), Buffers({})),
        agreed={"a": agreed},
        read_at=NOON,
        orders={"a": orders} if orders else {},
    )
    compared = compare(desired.levels, found.items)
    return list(drifted(found, compared)), list(oversold(found, desired))


def test_skus_are_renamed_by_the_table_in_both_directions() -> None:
    rows = (TableRow(2, "Shop-1", "ERP-1"), TableRow(3, "shop-2", "erp-1"))
    names = SkuNames(Table("skus", rows))
    assert names.in_account("shop-1") == "ERP-1"
    assert names.in_account("other") == "other"
    assert names.in_store("ERP-1") == ["erp-1", "shop-1", "shop-2"]
    assert names.in_store("Shop-1") == []


def test_where_both_agree_all_is_right() -> None:
    assert sides() == ([], [])


@pytest.mark.parametrize(
    ("agreed", "cause"),
    [
        (ON_ITS_WAY, PENDING),
        (NOTHING_AGREED, NEW),
        (AgreedStock(on_sale={"1": 7}), LATE),
        (AgreedStock(on_sale={"1": 5}), BY_HAND),
        (AgreedStock(on_sale={"1": 6}), BOTH),
    ],
)
def test_what_drifted_is_named_with_its_likely_cause(agreed: AgreedStock, cause: str) -> None:
    (drift,), _ = sides(on_sale=7, promised=5, agreed=agreed)
    assert (drift.before, drift.after, drift.cause) == (7, 5, cause)


def test_orders_that_hold_no_more_than_there_is_are_no_fault() -> None:
    assert sides(promised=5, orders={"100": 3, "99": 2})[1] == []


@pytest.mark.parametrize(
    ("agreed", "cause"),
    [
        (NOTHING_AGREED, RACE),
        (ON_ITS_WAY, RACE),
        (AgreedStock(on_sale={"1": 3}), MANUAL),
        (AgreedStock(on_sale={"1": 9}), EVENT),
        (AgreedStock(on_sale={"1": 9}, oversold="as first seen"), "as first seen"),
    ],
)
def test_what_was_sold_above_stock_is_named_with_its_orders(
    agreed: AgreedStock, cause: str
) -> None:
    _, (one,) = sides(promised=5, agreed=agreed, orders={"100": 4, "99": 4})
    assert (one.units, one.orders, one.cause) == (3, ["99", "100"], cause)


def test_a_bundle_is_oversold_because_its_components_were_sold() -> None:
    _, (one,) = sides(promised=0, orders={"100": 1}, bundles={"10": {"11": 1}})
    assert one.cause == BUNDLE

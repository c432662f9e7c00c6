"""Which order line the units of a note belong to, whatever the rows of Brightpearl still say."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.bigcommerce.models import Consignments, Order, OrderLine
from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.models import SalesOrder
from mappings.tables import Table, TableRow
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow
from tasks.shipments.placement import Placement, place, rows_of

NO_SKUS = Table("skus", ())


def order(*lines: tuple[str, str, int], address: str = "7") -> Order:
    """Lines by id, SKU and quantity."""
    made = tuple(
        OrderLine.model_construct(id=i, sku=sku, quantity=n, order_address_id=address)
        for i, sku, n in lines
    )
    return Order.model_construct(id="100", lines=made, consignments=Consignments())


def note(number: int, **rows: int) -> GoodsOutNote:
    """Units by `r<row>_<product>`."""
    entries = {}
    for name, units in rows.items():
        row, product = name[1:].split("_")
        entries[row] = [{"productId": product, "quantity": units}]
    return GoodsOutNote.model_validate(
        {
            "id": number,
            "orderId": 500,
            "warehouseId": 2,
            "status": {"shipped": True, "shippedOn": f"2026-03-01T12:{number:02}:00Z"},
            "shipping": {"reference": f"T{number}"},
            "orderRows": entries,
        }
    )


def sales_order(*rows: dict[str, Any]) -> SalesOrder:
    made = [{"quantity": "1", "net": "1", "tax": "0", **row} for row in rows]
    total = {"net": "1", "tax": "0", "gross": "1"}
    return SalesOrder.model_validate({"id": 500, "total": total, "rows": made})


def placed(
    store: Order,
    notes: list[GoodsOutNote],
    *orders: SalesOrder,
    agreed: AgreedOrder | None = None,
    skus: Table = NO_SKUS,
    has_stock: dict[str, bool] | None = None,
    taken: dict[str, int] | None = None,
) -> Placement:
    rows = rows_of(store, agreed or AgreedOrder(), orders, skus, has_stock or {})
    return place(store, rows, notes, taken or {})


def units(placement: Placement) -> list[tuple[str, str, int]]:
    return [(one.part_ref.partition("/")[0], one.line_id, one.qty) for one in placement.placed]


def test_a_row_that_was_agreed_on_needs_no_sales_order() -> None:
    agreed = AgreedOrder(rows={"11": AgreedRow(row_id="1"), "shipping": AgreedRow(row_id="9")})
    found = placed(order(("11", "A", 2)), [note(1, r1_5=2)], agreed=agreed)
    assert units(found) == [("note-1", "11", 2)]


def test_a_row_carries_its_lines_id() -> None:
    found = placed(
        order(("11", "A", 2)), [note(1, r1_5=2)], sales_order({"id": 1, "externalRef": "11"})
    )
    assert units(found) == [("note-1", "11", 2)]


def test_a_row_without_reference_goes_by_its_product_then_by_its_sku() -> None:
    agreed = AgreedOrder(rows={"11": AgreedRow(row_id="1", product_id="5")})
    by_product = placed(
        order(("11", "A", 2)),
        [note(1, r8_5=1)],
        sales_order({"id": 8, "productId": 5}),
        agreed=agreed,
    )
    by_sku = placed(
        order(("11", "A", 2)), [note(1, r8_5=1)], sales_order({"id": 8, "productId": 5, "sku": "a"})
    )
    renamed = placed(
        order(("11", "A", 2)),
        [note(1, r8_5=1)],
        sales_order({"id": 8, "productId": 5, "sku": "OTHER"}),
        skus=Table("skus", (TableRow(2, "A", "OTHER"),)),
    )
    for found in (by_product, by_sku, renamed):
        assert units(found) == [("note-1", "11", 1)]


def test_units_of_one_product_fill_its_lines_one_after_the_other() -> None:
    store = order(("11", "A", 2), ("12", "A", 3))
    found = placed(
        store,
        [note(1, r8_5=4)],
        sales_order({"id": 8, "productId": 5, "sku": "A"}),
        taken={"11": 1},
    )
    assert units(found) == [("note-1", "11", 1), ("note-1", "12", 3)]


def test_units_beyond_every_line_stay_where_a_person_sees_them() -> None:
    store = order(("11", "A", 1), ("12", "A", 1))
    found = placed(store, [note(1, r8_5=3)], sales_order({"id": 8, "productId": 5, "sku": "A"}))
    assert units(found) == [("note-1", "11", 1), ("note-1", "12", 1), ("note-1", "11", 1)]


def test_a_row_of_no_line_is_placed_nowhere_and_kept() -> None:
    found = placed(order(("11", "A", 1)), [note(1, r8_5=3)])
    assert [(one.line_id, one.row_id, one.qty) for one in found.placed] == [("", "8", 3)]


@pytest.mark.parametrize("address", ["", "0"])
def test_units_of_a_line_without_address_are_counted_and_not_shipped(address: str) -> None:
    store = order(("11", "A", 2), address=address)
    found = placed(store, [note(1, r1_5=2)], sales_order({"id": 1, "externalRef": "11"}))
    assert (units(found), found.not_shipped) == ([], 2)


BUNDLE = (
    {"id": 1, "externalRef": "11", "quantity": "2", "bundleParent": True},
    {"id": 2, "productId": 5, "sku": "P", "quantity": "2", "bundleChild": True, "parentRowId": 1},
    {"id": 3, "productId": 6, "sku": "Q", "quantity": "6", "bundleChild": True, "parentRowId": 1},
)


def test_a_bundle_leaves_with_the_note_that_makes_it_whole() -> None:
    store = order(("11", "SET", 2))
    notes = [note(1, r2_5=2), note(2, r3_6=3), note(3, r3_6=3)]
    found = placed(store, notes, sales_order(*BUNDLE))
    assert units(found) == [("note-2", "11", 1), ("note-3", "11", 1)]
    assert found.references == {"note-1": "T1", "note-2": "T2\nT1", "note-3": "T3"}


def test_components_without_stock_never_leave_and_are_not_waited_for() -> None:
    store = order(("11", "SET", 2))
    found = placed(
        store, [note(1, r2_5=2)], sales_order(*BUNDLE), has_stock={"p": True, "q": False}
    )
    assert units(found) == [("note-1", "11", 2)]


def test_a_note_that_names_the_bundle_itself_is_not_counted_twice() -> None:
    store = order(("11", "SET", 2))
    found = placed(store, [note(1, r1_4=2, r2_5=2, r3_6=6)], sales_order(*BUNDLE))
    assert units(found) == [("note-1", "11", 2)]


def test_a_component_that_counts_by_thirds_still_makes_whole_bundles() -> None:
    store = order(("11", "SET", 3))
    rows = ({**BUNDLE[0], "quantity": "3"}, {**BUNDLE[1], "quantity": "1"})
    found = placed(store, [note(1, r2_5=1)], sales_order(*rows))
    assert units(found) == [("note-1", "11", 3)]

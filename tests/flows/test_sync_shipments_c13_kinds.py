"""C13: bundles in several warehouses, downloads, what is collected, what a supplier sends."""

from __future__ import annotations

from typing import Any

import pytest
from parcels import Parcels, lines, quiet, skus, states, sync
from world import World

pytestmark = pytest.mark.long


def bundle(world: World, sku: str, parts: dict[str, int]) -> None:
    """A product that both systems know and that Brightpearl makes up of others."""
    world.bigcommerce("products", sku=sku, name="Gift set", stock=50)
    ids = {product.sku: product.id for product in world.sandbox.account.products.values()}
    answer = world.http.post(
        f"{world.sandbox.brightpearl_url}/sandbox/product-service/product",
        headers={
            "brightpearl-app-ref": "causeway_app",
            "brightpearl-account-token": "sandbox-account-token",
        },
        json={
            "brandId": 74,
            "identity": {"sku": sku},
            "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Gift set"}],
            "financialDetails": {"taxable": True, "taxCode": {"id": 1}},
            "stock": {"stockTracked": False},
            "composition": {
                "bundle": True,
                "bundleComponents": [
                    {"productId": ids[part], "productQuantity": units}
                    for part, units in parts.items()
                ],
            },
        },
    )
    assert answer.status_code == 200, answer.text


def component_rows(order: Parcels) -> list[int]:
    return [row.id for row in order.sales_order.rows.values() if row.parent_row_id]


def ship_rows(world: World, order: Parcels, rows: dict[int, int], **what: Any) -> str:
    units = {str(row_id): count for row_id, count in rows.items()}
    answer = world.brightpearl("ship", order_id=order.sales_order.id, rows=units, **what)
    return f"note-{answer['goods_out_note_id']}"


def test_a_bundle_is_shipped_once_all_its_parts_left_with_the_numbers_of_all_parcels(
    world: World,
) -> None:
    parts = skus(world)[1:3]
    bundle(world, "GIFT-SET", {parts[0]: 1, parts[1]: 2})
    world.brightpearl("stock", sku=parts[1], warehouse_id=3, on_hand=9)
    order = Parcels.imported(world, lines=[{"sku": "GIFT-SET", "quantity": 2}, *lines(world, 1)])
    one, two = component_rows(order)
    first = ship_rows(world, order, {one: 2}, tracking="AA1")
    sync(world, first)
    assert order.shipments == []

    second = ship_rows(world, order, {two: 4}, warehouse_id=3, tracking="BB2")
    sync(world, second)

    assert order.shipments == [("BB2", [2, 0])]
    assert order.stored.shipments[0].comments == "Further tracking numbers: AA1"
    assert order.status == 3
    assert quiet(world, first, second)
    assert quiet(world, order.order)


def test_downloads_never_ship_and_the_order_is_shipped_without_them(world: World) -> None:
    world.bigcommerce("products", sku="E-BOOK", type="digital")
    world.brightpearl("products", sku="E-BOOK", name="E-book")
    order = Parcels.imported(world, lines=[{"sku": "E-BOOK"}, *lines(world, 2)])
    note = order.leaves(0, 2, tracking="AA1")

    sync(world, note)

    assert order.shipments == [("AA1", [0, 2])]
    assert order.status == 2
    assert quiet(world, note)


def test_a_note_for_what_has_no_address_makes_no_shipment_and_is_reported(world: World) -> None:
    order = Parcels.imported(world, lines=lines(world, 2), shipping=[], billing={})
    note = order.leaves(tracking="AA1")

    report = sync(world, note)

    assert order.shipments == []
    (said,) = report["notes"]
    assert "without a shipping address" in said
    assert "by hand" in said
    assert states(world, order.order) == ["done"]
    assert quiet(world, note)


def test_what_a_supplier_sends_is_a_shipment_like_any_other(world: World) -> None:
    order = Parcels.imported(world, 2, 1)
    first = order.leaves(1, tracking="AA1")
    answer = world.brightpearl("dropship", order_id=order.sales_order.id, tracking="SUPPLIER1")
    drop = f"drop-{answer['drop_ship_note_id']}"

    sync(world, first, drop)

    assert sorted(order.shipments) == [("AA1", [1, 0]), ("SUPPLIER1", [1, 1])]
    assert order.status == 2
    assert quiet(world, first, drop)
    assert quiet(world, order.order)


@pytest.mark.parametrize("units", [(1, 0, 2), (2, 3, 0)])
def test_one_note_over_several_addresses_is_one_shipment_for_each(
    world: World,
    units: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C28: quantities per consignment sum to the order's lines."""
    monkeypatch.setenv("CAUSEWAY_ORDERS__SEVERAL_ADDRESSES", "hold")
    addresses = [{"to": {"street_1": f"{n} High Street"}} for n in (1, 2)]
    goods = lines(world, 2, 3, 2)
    for line, address in zip(goods, (0, 1, 0), strict=True):
        line["address"] = address
    order = Parcels.imported(world, lines=goods, shipping=addresses)
    first = order.leaves(*units, tracking="AA1")
    sync(world, first)
    rest = order.leaves(tracking="BB2")

    sync(world, rest)

    stored = order.stored.shipments
    homes = {line.id: line.address_id for line in order.stored.lines}
    assert all(homes[item.line_id] == one.address_id for one in stored for item in one.items)
    assert [sum(column) for column in zip(*(u for _, u in order.shipments), strict=True)] == [
        2,
        3,
        2,
    ]
    assert {number for number, _ in order.shipments} == {"AA1", "BB2"}
    assert order.status == 2
    assert quiet(world, first, rest)
    assert quiet(world, order.order)

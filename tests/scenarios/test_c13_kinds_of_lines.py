"""C13: bundles, packs, downloads, gift wrapping and what cannot be had yet, in one order.

Given an order with a bundle whose components lie in two warehouses, a pack of six that is sold from
singles, a download, a gift-wrapped product of another tax class than its paper, and a product that
is not in stock yet; and an order of nothing but a download. When they are imported and shipped as
far as they can be, then bundle and pack explode into the components of Brightpearl's own
composition, the paper is a row of its own with its own tax, the download never stands on a goods
note, what is missing does not hold up the rest, and both orders complete.

How many bundles can be had, by the scarcest component, is a matter of the stock sync: by it the
storefront learns of stock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from parcels import Parcels, sync
from stories import (
    ORDERS,
    account_money,
    cents,
    reserved,
    run,
    second_pass,
    skus,
    store_money,
    store_order,
)
from world import World

GIFT_SET, SIX_PACK, DOWNLOAD, WRAPPED, LATER = "GIFT-SET", "SIX-PACK", "E-BOOK", "TOY", "LATER"
PARTIALLY_SHIPPED, SHIPPED, COMPLETED = 3, 2, 10
HEADERS = {
    "brightpearl-app-ref": "causeway_app",
    "brightpearl-account-token": "sandbox-account-token",
}


@dataclass
class Story:
    """An order of everything, one of a download, and the states of the first one on its way."""

    world: World
    mixed: Parcels
    download: str
    parts: list[str]
    """SKUs of the bundle's two components, and of the pack's single."""
    seen: dict[str, Any] = field(default_factory=dict)


def both(world: World, sku: str, **product: Any) -> None:
    """A product that both systems sell as it is."""
    world.bigcommerce("products", sku=sku, name=sku, stock=50, **product)
    world.brightpearl("products", sku=sku, name=sku, stock=50, **product)


def without_stock(world: World, sku: str, parts: dict[str, int]) -> None:
    """A product of Brightpearl's without stock of its own; made up of others, if there are any."""
    ids = world.sandbox.account.products_by_sku
    listed = [{"productId": ids[part][0], "productQuantity": n} for part, n in parts.items()]
    answer = world.http.post(
        f"{world.sandbox.brightpearl_url}/sandbox/product-service/product",
        headers=HEADERS,
        json={
            "brandId": 74,
            "financialDetails": {"taxable": True, "taxCode": {"id": 1}},
            "identity": {"sku": sku},
            "salesChannels": [{"salesChannelName": "Brightpearl", "productName": sku}],
            "stock": {"stockTracked": False},
            "composition": {"bundle": bool(listed), "bundleComponents": listed},
        },
    )
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    one, other, single = parts = skus(world)[:3]
    world.brightpearl("stock", sku=other, warehouse_id=3, on_hand=9)
    for sku, made_of in (
        (GIFT_SET, {one: 1, other: 2}),
        (SIX_PACK, {single: 6}),
        (DOWNLOAD, {}),
    ):
        kind = "physical" if made_of else "digital"
        world.bigcommerce("products", sku=sku, name=sku, type=kind, stock=50)
        without_stock(world, sku, made_of)
    both(world, WRAPPED, tax_rate_percent="5")
    world.bigcommerce("products", sku=LATER, stock=50)
    world.brightpearl("products", sku=LATER, name="Later", stock=0)
    paper = {"wrapping": "Red paper", "wrapping_price": "1.30"}
    key = world.place(
        lines=[
            {"sku": GIFT_SET},
            {"sku": SIX_PACK},
            {"sku": DOWNLOAD},
            {"sku": WRAPPED, "quantity": 2, **paper},
            {"sku": LATER, "quantity": 3},
        ]
    )
    story = Story(world, Parcels(world, key), world.place(lines=[{"sku": DOWNLOAD}]), parts)
    report = run(world, ORDERS, key, story.download)
    story.seen["imported"] = {
        "reserved": reserved(world, key),
        "state": world.states(key),
        "short": report["counts"]["short of stock"],
    }
    first = leaves(story, {one: 1, single: 6, WRAPPED: 2}, tracking="AA1")
    second = leaves(story, {other: 2}, warehouse_id=3, tracking="BB2")
    sync(world, first, second)
    story.seen["part"] = (story.mixed.status, story.mixed.shipments)

    world.brightpearl("stock", sku=LATER, on_hand=3)
    run(world, ORDERS, key)
    story.seen["had"] = {"reserved": reserved(world, key), "state": world.states(key)}
    sync(world, leaves(story, {LATER: 3}, tracking="CC3"))
    run(world, ORDERS, key, story.download)
    return story


def leaves(story: Story, units: dict[str, int], **what: Any) -> str:
    """Staff ship units of the rows of these products; the note's key."""
    order = story.mixed.sales_order
    rows = {str(row.id): units[row.sku] for row in order.rows.values() if row.sku in units}
    answer = story.world.brightpearl("ship", order_id=order.id, rows=rows, **what)
    return f"note-{answer['goods_out_note_id']}"


def rows_of(story: Story) -> dict[str, Any]:
    """Rows that nothing is part of, by SKU, or by their reference where they have none."""
    rows = story.mixed.sales_order.rows.values()
    return {row.sku or row.external_ref: row for row in rows if row.parent_row_id is None}


def test_bundle_and_pack_explode_into_the_accounts_own_composition(story: Story) -> None:
    rows = story.mixed.sales_order.rows.values()
    whole = rows_of(story)
    parts = {
        name: {r.sku: int(r.quantity) for r in rows if r.parent_row_id == whole[name].id}
        for name in (GIFT_SET, SIX_PACK)
    }
    one, other, single = story.parts
    assert parts == {GIFT_SET: {one: 1, other: 2}, SIX_PACK: {single: 6}}
    assert all(cents(row.net + row.tax) == 0 for row in rows if row.parent_row_id)


def test_the_money_of_every_kind_of_line_adds_up(story: Story) -> None:
    for key in (story.mixed.order, story.download):
        assert account_money(story.world, key) == store_money(story.world, key)


def test_gift_wrapping_is_a_row_of_its_own_with_its_own_tax(story: Story) -> None:
    rows = rows_of(story)
    paper, toy = rows["wrapping"], rows[WRAPPED]
    assert (toy.tax_code, paper.tax_code) == ("T5", "T20")
    line = next(li for li in store_order(story.world, story.mixed.order).lines if li.wrapping)
    assert (cents(paper.net), cents(paper.tax)) == (cents(line.wrapped.ex), cents(line.wrapped.tax))


def test_what_is_not_in_stock_yet_does_not_hold_up_the_rest(story: Story) -> None:
    imported, (status, shipments) = story.seen["imported"], story.seen["part"]
    assert imported["short"] == 1
    assert imported["reserved"][WRAPPED] == 2
    assert LATER not in imported["reserved"]
    assert imported["state"] == ["parked"]
    assert status == PARTIALLY_SHIPPED
    assert all(units[4] == 0 for _, units in shipments)


def test_it_is_reserved_and_shipped_once_it_can_be_had(story: Story) -> None:
    assert story.seen["had"]["reserved"] == {LATER: 3}
    assert story.mixed.shipments[-1] == ("CC3", [0, 0, 0, 0, 3])


def test_a_bundle_from_two_warehouses_is_one_unit_of_one_shipment(story: Story) -> None:
    units = [sum(column) for column in zip(*(u for _, u in story.mixed.shipments), strict=True)]
    assert units == [1, 1, 0, 2, 3]
    found = [
        (one.tracking_number, one.comments)
        for one in story.mixed.stored.shipments
        if any(item.line_id == story.mixed.line_ids[0] for item in one.items)
    ]
    assert len(found) == 1
    assert {"AA1", "BB2"} <= set(" ".join(map(str, found[0])).split())


def test_downloads_never_stand_on_a_goods_note_and_their_orders_complete(story: Story) -> None:
    account = story.world.sandbox.account
    (product_id,) = account.products_by_sku[DOWNLOAD]
    on_notes = {
        product
        for note in account.goods_out.values()
        for parts in note.rows.values()
        for product, *_ in parts
    }
    assert product_id not in on_notes
    assert story.mixed.status == SHIPPED
    assert story.mixed.sales_order.status_id == 18
    assert store_order(story.world, story.download).status_id == COMPLETED
    assert story.world.sales_order(story.download).status_id == 19
    assert story.world.states(story.mixed.order, story.download) == ["done", "done"]


def test_a_second_pass_writes_nothing(story: Story) -> None:
    keys = [story.mixed.order, story.download]
    assert second_pass(story.world, orders=keys, shipments=keys) == 0

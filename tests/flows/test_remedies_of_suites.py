"""What the suites refuse: the remedy is followed to the letter, and the record goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from parcels import Parcels
from refunding import credits_of, imported, lines, refund
from remedies import (
    THEN,
    Story,
    carry_out,
    follow,
    in_force,
    remove_row,
    rewrite,
    sync,
    waiting,
    write_row,
)
from shelves import plenty, product
from world import World

pytestmark = pytest.mark.long


# --- orders


def stored(world: World, key: str) -> Any:
    """An order as the store keeps it."""
    return world.sandbox.store.orders[int(key)]


def an_order_of_an_impossible_total(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    right = stored(world, key).totals

    def write(inc: Decimal) -> None:
        stored(world, key).totals = replace(right, inc=inc)
        world.sandbox.store.touch(stored(world, key))

    write(Decimal(10) ** 10)
    return Story("orders", [key], "document", "total_inc_tax", do=lambda: write(right.inc))


def an_order_with_a_card_in_an_address(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    card = {"billing_address": {"street_2": "pay by 4111 1111 1111 1111"}}
    world.bigcommerce("edit", order_id=int(key), **card)
    correct = {"order_id": int(key), "billing_address": {"street_2": ""}}
    return Story(
        "orders",
        [key],
        "card",
        "billing_address",
        do=lambda: world.bigcommerce("edit", **correct),
    )


def an_order_of_a_line_without_a_sku(world: World) -> Story:
    one, other = (line["sku"] for line in lines(world, 1, 1))
    key = world.place(lines=[{"sku": one, "quantity": 1}])
    stored(world, key).lines[0].sku = ""

    def add_again() -> None:
        gone = [{"id": stored(world, key).lines[0].id, "quantity": 0}]
        new = [{"sku": other, "quantity": 1}]
        world.bigcommerce("edit", order_id=int(key), lines=gone, add=new)

    return Story("orders", [key], "sku", do=add_again)


def an_order_with_an_impossible_transaction(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    (transaction,) = stored(world, key).transactions
    right, transaction.amount = transaction.amount, Decimal(-5)
    return Story(
        "orders",
        [key],
        "document",
        "amount",
        do=lambda: setattr(transaction, "amount", right),
    )


def a_sku_that_two_products_of_brightpearl_have(world: World) -> Story:
    for name in ("First twin", "Second twin"):
        world.brightpearl("products", sku="TWIN", name=name)
    world.bigcommerce("products", sku="TWIN", stock=5)
    key = world.place(lines=[{"sku": "TWIN", "quantity": 1}])
    second = world.sandbox.account.products_by_sku["TWIN"][1]
    archive = {"edit": second, "status": "ARCHIVED"}
    return Story(
        "orders",
        [key],
        "sku",
        do=lambda: world.brightpearl("products", **archive),
        settled="parked",  # until there is stock
    )


def a_reference_that_is_too_long(world: World) -> Story:
    clipped = "{to: ref, from: order_id, steps: [{clip: 64}]}"
    longer = f'{{template: "{"order " * 12}{{order_id}}"}}'
    long = f"{{to: ref, from: order_id, steps: [{longer}]}}"
    rewrite("orders.yaml", clipped, long)
    both = f"{{to: ref, from: order_id, steps: [{longer}, {{clip: 64}}]}}"
    key = world.place(lines=lines(world, 1))
    return Story("orders", [key], "document", "ref", do=lambda: rewrite("orders.yaml", long, both))


# --- refunds


def made(world: World, **wanted: Any) -> tuple[str, Any]:
    """An order whose goods have left, with a refund; its id, and the refund as the store has it."""
    key = imported(world, shipped=True)
    refund(world, key, **({"amount": "3.00"} | wanted))
    return key, stored(world, key).refunds[0]


def by_hand(world: World, key: str, one: Any) -> Callable[[], object]:
    """Staff enter the sales credit of a refund in Brightpearl, later."""
    money = {"net": str(one.amount - one.tax), "tax": str(one.tax)}
    row = {"name": "Refund", "quantity": 1, "tax_code": "T20", **money}
    return lambda: world.brightpearl("credit", external_ref=f"BC-{key}", rows=[row])


def a_refund_of_a_negative_amount(world: World) -> Story:
    key, one = made(world)
    right = one.amount
    one.amount = -right
    correct = Story("refunds", [key], "money", "total_amount")
    return replace(correct, do=lambda: setattr(one, "amount", right))


def a_refund_of_negative_tax(world: World) -> Story:
    key, one = made(world)
    one.tax = Decimal(-1)
    return Story("refunds", [key], "money", "total_tax", do=by_hand(world, key, one))


def a_refund_beyond_its_order(world: World) -> Story:
    key, one = made(world)
    one.amount = one.items[0].amount = one.payments[0].amount = Decimal(5000)
    return Story("refunds", [key], "money", "beyond_order", do=by_hand(world, key, one))


def a_refund_of_an_unknown_kind(world: World) -> Story:
    key, one = made(world)
    one.items[0].kind = "HOLOGRAM"
    return Story("refunds", [key], "document", "kind", do=by_hand(world, key, one))


def a_refund_of_no_units(world: World) -> Story:
    key, one = made(world, items=one_unit(world), amount="0")
    one.items[0].quantity = 0
    return Story("refunds", [key], "document", "quantity", do=by_hand(world, key, one))


def a_refund_of_more_units_than_were_sold(world: World) -> Story:
    key, one = made(world, items=one_unit(world), amount="0")
    one.items[0].quantity = 50
    return Story("refunds", [key], "document", "qty_beyond", do=by_hand(world, key, one))


def one_unit(world: World) -> list[dict[str, Any]]:
    return [{"sku": lines(world, 1)[0]["sku"], "quantity": 1}]


def a_refund_of_more_tax_than_money(world: World) -> Story:
    key, one = made(world, override_total="3.00", override_tax="2.90")
    return Story("refunds", [key], "money", "total_amount", do=by_hand(world, key, one))


def a_refund_of_a_line_whose_row_is_gone(world: World) -> Story:
    key = without_the_first_row(world)
    one = stored(world, key).refunds[0]
    return Story("refunds", [key], "row", do=by_hand(world, key, one))


def a_refund_of_a_line_whose_row_is_entered_again(world: World) -> Story:
    key = without_the_first_row(world)
    number = int(product(world, one_unit(world)[0]["sku"]).partition(":")[2])
    row = {"productId": number, "quantity": "3", "taxCode": "T20", "net": "30", "tax": "6"}
    again = {"external_ref": f"BC-{key}", "add_rows": [row]}
    return Story("refunds", [key], "row", do=lambda: world.brightpearl("edit", **again))


def without_the_first_row(world: World) -> str:
    """An order of which staff removed a row, and the store refunds a unit of it; its id."""
    key = imported(world)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    reference = f"BC-{key}"
    world.brightpearl("edit", external_ref=reference, release=True, remove_rows=[row.id])
    refund(world, key, items=one_unit(world))
    return key


def a_refund_that_was_paid_in_another_currency(world: World) -> Story:
    key = imported(world, shipped=True, currency="EUR", exchange_rate="1.2000")
    refund(world, key, amount="3.00", currency="GBP")
    hand = by_hand(world, key, stored(world, key).refunds[0])

    def pay_out() -> None:
        hand()
        (credit,) = credits_of(world)
        world.brightpearl("payment", order_id=credit.id, method="CARD")

    return Story("refunds", [key], "currency", do=pay_out)


def a_reason_that_becomes_no_condition(world: World) -> Story:
    write_row("return_conditions", "came back", "shelf")
    key, _ = made(world, items=one_unit(world), amount="0", reason="came back")
    right = ("return_conditions", "came back", "restock")
    return Story("refunds", [key], "condition", do=lambda: write_row(*right))


def a_warehouse_without_a_quarantine_location(world: World) -> Story:
    remove_row("quarantine_locations", "2")
    key, _ = made(world, items=one_unit(world), amount="0", reason="returned: damaged")
    return Story("refunds", [key], "warehouse", table="3")


def a_warehouse_without_a_default_location(world: World) -> Story:
    world.sandbox.account.without_default_location.add(2)
    key, _ = made(world, items=one_unit(world), amount="0", reason="returned: resellable")
    choose = world.sandbox.account.without_default_location.clear
    return Story("refunds", [key], "warehouse", do=choose)


def a_status_of_credits_without_a_row(world: World) -> Story:
    remove_row("credit_statuses", "new")
    return Story("refunds", [made(world)[0]], "order_status", table="9")


# --- shipments


def note_of(world: World, method: int, tracking: str = "AA1") -> str:
    """A goods note that has left by a shipping method; its key."""
    return Parcels.imported(world, 1).leaves(tracking=tracking, shipping_method_id=method)


def a_carrier_that_is_no_slug(world: World) -> Story:
    write_row("carriers", "2", "Royal Mail")
    right = ("carriers", "2", "royal-mail")
    return Story("shipments", [note_of(world, 2)], "carrier", do=lambda: write_row(*right))


def a_provider_that_is_none_of_the_store(world: World) -> Story:
    write_row("shipping_providers", "2", "pigeon")
    right = ("shipping_providers", "2", "royalmail")
    return Story("shipments", [note_of(world, 2)], "provider", do=lambda: write_row(*right))


def a_provider_of_which_only_the_carrier_is_known(world: World) -> Story:
    write_row("shipping_providers", "2", "pigeon")
    blank = ("shipping_providers", "2", "")
    return Story("shipments", [note_of(world, 2)], "provider", do=lambda: write_row(*blank))


def a_tracking_number_that_is_too_long(world: World) -> Story:
    taken = "steps: [{tracking: {take: number, table: tracking_references}}]"
    rewrite("shipments.yaml", taken, "steps: [trim]")
    note = note_of(world, 2, "X" * 60)
    number = int(note.partition("-")[2])
    return Story(
        "shipments",
        [note],
        "tracking",
        do=lambda: world.brightpearl("ship", note_id=number, tracking="AA1"),
    )


def a_note_of_too_many_units(world: World) -> Story:
    note = note_of(world, 2)
    one = world.sandbox.account.goods_out[int(note.partition("-")[2])]
    right = dict(one.rows)
    ((row_id, ((product_id, _, location),)),) = right.items()
    one.rows = {row_id: [(product_id, 10**10, location)]}
    return Story("shipments", [note], "document", "qty", do=lambda: setattr(one, "rows", right))


# --- stock


def an_item_of_which_the_store_keeps_too_few_back(world: World) -> Story:
    (sku,) = plenty(world)
    world.bigcommerce("stock", sku=sku, safety_stock=-5)
    right = {"sku": sku, "safety_stock": 0}
    return Story(
        "stock",
        [sku.casefold()],
        "document",
        "safety_stock",
        do=lambda: world.bigcommerce("stock", **right),
    )


def more_units_than_the_store_can_hold(world: World) -> Story:
    (sku,) = plenty(world)
    number = int(product(world, sku).partition(":")[2])
    for level in world.sandbox.account.stock[number].values():
        level.in_stock = 3 * 10**9

    def count_again() -> None:
        for warehouse_id in world.sandbox.account.stock[number]:
            world.brightpearl("stock", sku=sku, warehouse_id=warehouse_id, on_hand=30)

    return Story(
        "stock",
        [sku.casefold()],
        "document",
        "quantity",
        do=count_again,
        settled="parked",  # until the store shows what it was sent
    )


REFUNDS = [
    a_refund_of_a_negative_amount,
    a_refund_of_negative_tax,
    a_refund_beyond_its_order,
    a_refund_of_an_unknown_kind,
    a_refund_of_no_units,
    a_refund_of_more_units_than_were_sold,
    a_refund_of_more_tax_than_money,
    a_refund_of_a_line_whose_row_is_gone,
    a_refund_of_a_line_whose_row_is_entered_again,
    a_refund_that_was_paid_in_another_currency,
    a_reason_that_becomes_no_condition,
    a_warehouse_without_a_quarantine_location,
    a_warehouse_without_a_default_location,
    a_status_of_credits_without_a_row,
]
SHIPMENTS = [
    a_carrier_that_is_no_slug,
    a_provider_that_is_none_of_the_store,
    a_provider_of_which_only_the_carrier_is_known,
    a_tracking_number_that_is_too_long,
    a_note_of_too_many_units,
]
STOCK = [
    an_item_of_which_the_store_keeps_too_few_back,
    more_units_than_the_store_can_hold,
]
ORDERS = [
    an_order_of_an_impossible_total,
    an_order_with_a_card_in_an_address,
    an_order_of_a_line_without_a_sku,
    an_order_with_an_impossible_transaction,
    a_sku_that_two_products_of_brightpearl_have,
    a_reference_that_is_too_long,
]


@pytest.mark.parametrize(
    "begin", [*ORDERS, *REFUNDS, *SHIPMENTS, *STOCK], ids=lambda story: story.__name__
)
def test_the_remedy_of_what_a_suite_refuses_lets_the_record_through(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    follow(world, begin(world))


def a_channel_that_becomes_no_number(world: World) -> Story:
    write_row("channels", "1", "web")
    key = world.place(lines=lines(world, 1))
    right = ("channels", "1", "2")
    return Story("orders", [key], "channel", do=lambda: write_row(*right))


def a_shipping_method_without_a_row(world: World) -> Story:
    key = world.place(lines=lines(world, 1), shipping=[{"method": "Drone", "cost": "4.95"}])
    row = ("shipping_methods", "Drone", "3")
    return Story("orders", [key], "shipping_method", do=lambda: write_row(*row))


@pytest.mark.parametrize(
    "begin",
    [
        a_channel_that_becomes_no_number,
        a_shipping_method_without_a_row,
        a_reference_that_is_too_long,
        a_carrier_that_is_no_slug,
        a_reason_that_becomes_no_condition,
    ],
    ids=lambda story: story.__name__,
)
def test_where_a_version_is_in_force_the_commands_of_a_remedy_work_in_their_order(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    story = begin(world)
    in_force(tables.parent)
    sync(world, story.entity, *story.keys)
    (case,) = waiting(story.entity)
    assert case.class_ == story.class_, case

    story.do()
    commands = THEN.findall(case.remedy)
    for command in commands:
        carry_out(command)
    sync(world, story.entity)

    assert commands[0] == "mappings publish"
    assert f" {tables.parent}/" in case.remedy  # the files in use, not the shipped ones
    assert waiting(story.entity) == []
    assert set(world.states(case.key, entity=story.entity)) == {"done"}

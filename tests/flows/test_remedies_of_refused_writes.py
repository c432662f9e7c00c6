"""Writes that a system refuses: the remedy is followed, and the record goes through."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from parcels import Parcels
from people import ANN, People
from products import in_account, made
from refunding import imported, lines, refund
from remedies import Story, follow, sync, write_row
from shelves import once, plenty, product
from world import PAIR, World

from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long


def an_order_with_an_unknown_nominal_code(world: World) -> Story:
    write_row("nominal_codes", "shipping", "9999")
    key = world.place(lines=lines(world, 1))
    correct = ("nominal_codes", "shipping", "4910")
    return Story("orders", [key], "rejected", do=lambda: write_row(*correct))


def a_receipt_that_is_on_another_order(world: World) -> Story:
    other = imported(world)
    key = world.place(lines=lines(world, 1))
    (transaction,) = world.sandbox.store.orders[int(key)].transactions
    paid = world.brightpearl(
        "payment",
        order_id=world.sales_order(other).id,
        amount="1.00",
        method="CARD",
        transaction_ref=f"BC-{key}-{transaction.id}",
    )
    delete = {"delete": paid["payment_id"]}
    return Story("orders", [key], "rejected", do=lambda: world.brightpearl("payment", **delete))


def an_order_that_is_stored_with_another_total(world: World) -> Story:
    key = world.place(lines=lines(world, 1), payment_method="Bank deposit")

    def is_stored() -> bool:
        return any(one.external_ref == f"BC-{key}" for one in world.sales_orders)

    def net(difference: Decimal) -> None:
        row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
        change = {"id": row.id, "net": str(row.net + difference)}
        world.brightpearl("edit", external_ref=f"BC-{key}", rows=[change])

    disconnect()
    connect(PAIR, clock=once(is_stored, lambda: net(Decimal(1))))
    return Story("orders", [key], "money", do=lambda: net(Decimal(-1)))


def a_customer_whose_new_email_another_one_has(world: World) -> Story:
    people = People(world)
    ann, bob = people.register(**ANN), people.register(**ANN | {"email": "bob@example.com"})
    people.sync(ann, bob)
    number = people.contact(ann).id
    people.change(number, emails={"PRI": "bob@example.com"})
    correct = {"emails": {"PRI": "ann.lee@example.com"}}
    return Story("customers", [ann], "rejected", do=lambda: people.change(number, **correct))


def a_product_without_a_price(world: World) -> Story:
    key = made(world, sku="FREE-1", name="Priceless")
    in_account(world, "FREE-1").prices.clear()
    enter = {"edit": "FREE-1", "price_ex_tax": "9.99"}
    return Story("products", [key], "rejected", do=lambda: world.brightpearl("products", **enter))


def a_product_of_a_name_that_another_one_has(world: World) -> Story:
    taken = next(iter(world.sandbox.store.products.values())).name
    key = made(world, sku="SAME-NAME", name=taken)
    rename = {"edit": "SAME-NAME", "name": "A name of its own"}
    return Story("products", [key], "rejected", do=lambda: world.brightpearl("products", **rename))


def a_shipment_by_a_courier_that_the_store_does_not_know(world: World) -> Story:
    world.switch("bigcommerce", tracking_carriers="known")
    write_row("carriers", "2", "corner-shop")
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1", shipping_method_id=2)
    correct = ("carriers", "2", "royal-mail")
    return Story("shipments", [note], "rejected", do=lambda: write_row(*correct))


def a_credit_with_an_unknown_nominal_code(world: World) -> Story:
    write_row("nominal_codes", "order", "9999")
    key = imported(world, shipped=True)
    refund(world, key, amount="3.00")
    correct = ("nominal_codes", "order", "4000")
    return Story("refunds", [key], "rejected", do=lambda: write_row(*correct))


def a_count_for_a_warehouse_without_a_default_location(world: World) -> Story:
    (sku,) = plenty(world)
    sync(world, "stock", product(world, sku))
    world.sandbox.account.without_default_location.update({2, 3})
    world.bigcommerce("stock", sku=sku, delta=6)
    return Story(
        "stock",
        [sku.casefold()],
        "rejected",
        do=world.sandbox.account.without_default_location.clear,
        settled="parked",  # until Brightpearl shows what it was sent
    )


STORIES = [
    an_order_with_an_unknown_nominal_code,
    a_receipt_that_is_on_another_order,
    an_order_that_is_stored_with_another_total,
    a_customer_whose_new_email_another_one_has,
    a_product_without_a_price,
    a_product_of_a_name_that_another_one_has,
    a_shipment_by_a_courier_that_the_store_does_not_know,
    a_credit_with_an_unknown_nominal_code,
    a_count_for_a_warehouse_without_a_default_location,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_a_refused_write_that_is_followed_lets_the_record_through(
    world: World, tables: Path, monkeypatch: pytest.MonkeyPatch, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__DUPLICATE_NAMES", "refuse")
    if begin is a_count_for_a_warehouse_without_a_default_location:
        monkeypatch.setenv("CAUSEWAY_STOCK__BIGCOMMERCE_OWNED_LOCATIONS", "1")
    follow(world, begin(world))

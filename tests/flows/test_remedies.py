"""Every class of refusal: its remedy is followed to the letter, and the record goes through."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from parcels import Parcels
from refunding import credit, imported, lines, refund
from remedies import (
    IN_ONE_STEP,
    Story,
    carry_out,
    follow,
    follow_case,
    rewrite,
    sync,
    waiting,
    write_row,
)
from shelves import plenty, product
from world import World

from tasks.reconciler.connections import disconnect

pytestmark = pytest.mark.long


def empty(table: Path, *, but: str = "") -> None:
    """Leave no row in a table except those whose value is `but`."""
    with table.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *(row for row in rows if row[0] == but)])
    disconnect()


@pytest.mark.parametrize(
    ("table", "class_", "becomes", "order"),
    [
        ("channels", "channel", "2", {}),
        ("warehouses", "warehouse", "2", {}),
        ("price_lists", "price_list", "2", {}),
        ("currencies", "currency", "GBP", {}),
        ("shipping_methods", "shipping_method", "2", {}),
        ("payment_methods", "payment_method", "CARD", {}),
        ("tax_codes", "tax_code", "T20", {}),
        ("default_contacts", "contact", "201", {"email": "", "source": "external"}),
        ("countries", "country", "GBR", {"shipping": [{"to": {"country_iso2": "ZZ"}}]}),
    ],
)
def test_a_row_that_a_table_lacks_is_added_by_the_command_that_the_remedy_names(
    world: World, tables: Path, table: str, class_: str, becomes: str, order: dict[str, Any]
) -> None:
    imported(world)  # somebody whose contact is 201
    empty(tables / f"{table}.csv")
    key = world.place(**{"lines": lines(world, 1), **order})
    sync(world, "orders", key)
    assert {one.class_ for one in waiting()} == {class_}

    for _ in range(4):  # one row for each value that is missing
        if not (left := waiting()):
            break
        (command,) = IN_ONE_STEP.findall(left[0].remedy)
        code = "T0" if left[0].value.endswith(":0") else becomes
        carry_out(re.sub(r"'<[^>]*>'", code, command))
        sync(world, "orders")

    assert waiting() == []
    assert world.states(key) == ["done"]
    assert world.sales_order(key)


@pytest.mark.parametrize(
    ("table", "class_", "value", "wrong", "right"),
    [
        ("channels", "channel", "1", "99", "2"),
        ("warehouses", "warehouse", "1", "99", "2"),
        ("price_lists", "price_list", "1", "99", "2"),
        ("currencies", "currency", "GBP", "ZZZ", "GBP"),
        ("shipping_methods", "shipping_method", "Royal Mail 2nd Class", "99", "2"),
        ("payment_methods", "payment_method", "stripe", "VISA", "CARD"),
        ("tax_codes", "tax_code", "GB:20", "T99", "T20"),
    ],
)
def test_a_row_that_names_what_the_account_lacks_is_corrected_in_the_file_of_the_remedy(
    world: World, tables: Path, table: str, class_: str, value: str, wrong: str, right: str
) -> None:
    write_row(table, value, wrong)
    key = world.place(lines=lines(world, 1))
    story = Story("orders", [key], class_, do=lambda: write_row(table, value, right))
    files: list[str] = []

    def correct() -> None:
        (case,) = waiting()
        files.extend(re.findall(r"(\w+)\.csv", case.remedy))
        story.do()

    follow(world, replace(story, do=correct))

    assert table in files
    assert (tables / f"{files[0]}.csv").exists()


def test_a_status_that_the_account_lacks_is_corrected_in_the_file_of_the_remedy(
    world: World, tables: Path
) -> None:
    file = "tables/order_status.csv"
    rewrite(file, "\n11,2,2,", "\n11,99,2,")
    key = world.place(lines=lines(world, 1))
    correct = (file, "\n11,99,2,", "\n11,2,2,")
    follow(world, Story("orders", [key], "order_status", do=lambda: rewrite(*correct)))
    assert (tables / "order_status.csv").exists()


def test_a_status_of_credits_that_the_account_lacks_is_corrected_in_the_file_of_the_remedy(
    world: World, tables: Path
) -> None:
    write_row("credit_statuses", "new", "99")
    key = imported(world)
    refund(world, key, amount="3.00")
    correct = ("credit_statuses", "new", "9")
    follow(world, Story("refunds", [key], "order_status", do=lambda: write_row(*correct)))
    assert (tables / "credit_statuses.csv").exists()


@pytest.mark.parametrize("becomes", ["goods", "gift_certificate"])
def test_a_type_of_line_that_nobody_knew_is_added_by_the_command_that_the_remedy_names(
    world: World, tables: Path, becomes: str
) -> None:
    assert tables.exists()
    key = world.place(lines=lines(world, 1, 1))
    line = world.sandbox.store.orders[int(key)].lines[0]
    line.type = "subscription"
    follow(world, Story("orders", [key], "line_kind", table=becomes))

    of_line, of_goods = list(world.sales_order(key).rows.values())[:2]
    owed = "2110"  # as tables/nominal_codes.csv has it
    assert (of_line.nominal_code == owed) is (becomes == "gift_certificate")
    assert of_goods.nominal_code != owed


def a_sku_that_brightpearl_lacks(world: World) -> Story:
    key = world.place(lines=[{"sku": "NOT-IN-BRIGHTPEARL", "quantity": 1}])
    return Story(
        "orders",
        [key],
        "sku",
        do=lambda: world.brightpearl("products", sku="NOT-IN-BRIGHTPEARL", name="Thing"),
        settled="parked",  # until there is stock
    )


def an_order_without_a_date(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    rule = {"kind": "null_fields", "method": "GET", "path": f"/v2/orders/{key}$"}
    world.fault("bigcommerce", {**rule, "rate": 1.0, "field": "date_created"})
    return Story("orders", [key], "document", do=lambda: world.fault("bigcommerce"))


def an_order_whose_total_contradicts_its_lines(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    order = world.sandbox.store.orders[int(key)]
    right = order.totals

    def edit(inc: Decimal) -> None:
        order.totals = replace(right, inc=inc)
        world.sandbox.store.touch(order)

    edit(right.inc + Decimal("7.77"))
    return Story("orders", [key], "money", do=lambda: edit(right.inc))


def an_order_without_an_email(world: World) -> Story:
    key = world.place(lines=lines(world, 1), email="", source="external")
    edit = {"order_id": int(key), "email": "found@example.com"}
    return Story("orders", [key], "contact", do=lambda: world.bigcommerce("edit", **edit))


def an_order_that_staff_changed(world: World) -> Story:
    key = imported(world)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("edit", external_ref=f"BC-{key}", rows=[{"id": row.id, "quantity": "1"}])
    return Story("orders", [key], "review", "differs")


def an_order_that_staff_deleted(world: World) -> Story:
    key = imported(world, payment_method="Bank deposit")
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)
    return Story("orders", [key], "review", "deleted")


def an_invoiced_order_that_the_store_cancelled(world: World) -> Story:
    key = imported(world)
    world.brightpearl("edit", external_ref=f"BC-{key}", close=True)
    world.brightpearl("clock", advance_s=60)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    return Story("orders", [key], "review", "credit")


def an_order_that_left_and_that_the_store_cancelled(world: World) -> Story:
    key = imported(world, shipped=True)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    return Story(
        "orders",
        [key],
        "review",
        "intercept",
        do=lambda: world.bigcommerce("edit", order_id=int(key), status_id=2),
    )


def a_disputed_order(world: World) -> Story:
    key = imported(world)
    world.bigcommerce("edit", order_id=int(key), status_id=13)
    return Story(
        "orders",
        [key],
        "review",
        "dispute",
        do=lambda: world.bigcommerce("edit", order_id=int(key), status_id=9),
    )


def a_credit_that_staff_deleted(world: World) -> Story:
    key = imported(world, shipped=True)
    made = refund(world, key, amount="3.00")
    sync(world, "refunds", key)
    ref = f"BC-{key}-R{made['refund_id']}"
    (payment,) = (
        p
        for p in world.sandbox.account.payments.values()
        if p.order_id == credit(world, key, made["refund_id"]).id
    )
    world.brightpearl("payment", delete=payment.id)
    world.brightpearl("edit", external_ref=ref, delete=True)
    return Story("refunds", [key], "review", "deleted")


def a_credit_whose_contact_is_gone(world: World) -> Story:
    key = imported(world, email="gone@example.com", guest=True)
    other = imported(world, email="other@example.com", guest=True)
    refund(world, key, amount="3.00")
    world.brightpearl("contacts", contact_id=world.sales_order(key).contact_id, delete=True)
    contact = world.sandbox.account.contacts[world.sales_order(other).contact_id]
    add = {"SEC": "gone@example.com"}
    return Story("refunds", [key], "contact", do=lambda: contact.emails.update(add))


def a_refund_without_its_tax(world: World) -> Story:
    key = imported(world, shipped=True)
    items = [{"sku": lines(world, 1)[0]["sku"], "quantity": 2}]
    refund(world, key, items=items, override_total="12.59", override_tax="0", tax_shown="null")
    return Story("refunds", [key], "review", "tax")


def a_credit_that_staff_made(world: World) -> Story:
    key = imported(world, shipped=True)
    world.brightpearl("credit", external_ref=f"BC-{key}", rows=[lines(world, 1)[0]])
    return Story("refunds", [key], "review", "refund")


def a_refund_of_a_deleted_order(world: World) -> Story:
    key = imported(world)
    refund(world, key, amount="3.00")
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)

    def create_again() -> None:
        sync(world, "orders", key)
        follow_case(next(one for one in waiting() if one.field == "deleted"))
        sync(world, "orders", key)

    return Story("refunds", [key], "deleted", do=create_again)


def a_note_with_an_impossible_quantity(world: World) -> Story:
    order = Parcels.imported(world, 2)
    note = order.leaves(tracking="AA1")
    stored = world.sandbox.account.goods_out[int(note.partition("-")[2])]
    right = dict(stored.rows)
    ((row_id, ((product_id, _, location),)),) = right.items()
    stored.rows = {row_id: [(product_id, -1, location)]}
    return Story("shipments", [note], "document", do=lambda: setattr(stored, "rows", right))


def a_note_of_a_row_that_no_line_knows(world: World) -> Story:
    order = Parcels.imported(world, 1)
    sku = lines(world, 1, 1, 1)[2]["sku"]
    number = int(product(world, sku).partition(":")[2])
    row = {"productId": number, "quantity": "1", "taxCode": "T20", "net": "5", "tax": "1"}
    world.brightpearl("edit", order_id=order.sales_order.id, add_rows=[row])
    return Story("shipments", [order.leaves(tracking="AA1")], "review", "unknown")


def an_item_that_cannot_be_read(world: World) -> Story:
    (sku,) = plenty(world)
    world.bigcommerce("stock", sku=sku, odd=True)
    mend = {"sku": sku, "odd": False}
    return Story(
        "stock", [sku.casefold()], "document", do=lambda: world.bigcommerce("stock", **mend)
    )


def stock_that_the_store_does_not_track(world: World) -> Story:
    (sku,) = plenty(world)
    sync(world, "stock", product(world, sku))
    world.bigcommerce("tracking", sku=sku, tracking="none")
    mend = {"sku": sku, "tracking": "product"}
    return Story(
        "stock",
        [sku.casefold()],
        "review",
        "untracked",
        do=lambda: world.bigcommerce("tracking", **mend),
    )


def an_order_amended_after_it_was_put_on_a_note(world: World) -> Story:
    key = imported(world)
    world.brightpearl("ship", external_ref=f"BC-{key}", leave=False)
    sku = lines(world, 1)[0]["sku"]
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": sku, "quantity": 1}])
    return Story("orders", [key], "review", "edit", leaves=["balance"])


def an_overpaid_order(world: World) -> Story:
    key = world.place(lines=lines(world, 1))
    total = world.sandbox.store.orders[int(key)].totals.inc
    amount = str(total + 10)
    world.bigcommerce("pay", order_id=int(key), action="add", event="purchase", amount=amount)
    return Story("orders", [key], "review", "receipt")


def an_order_cancelled_in_brightpearl_and_sent_by_the_store(world: World) -> Story:
    key = imported(world)
    line = world.sandbox.store.orders[int(key)].lines[0]
    line.quantity_shipped = 1
    world.sandbox.store.touch(world.sandbox.store.orders[int(key)])
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=5)
    reopen = {"external_ref": f"BC-{key}", "status_id": 2}
    return Story(
        "orders", [key], "review", "cancelled", do=lambda: world.brightpearl("edit", **reopen)
    )


def a_refund_of_units_on_a_picked_note(world: World) -> Story:
    key = imported(world)
    note = world.brightpearl("ship", external_ref=f"BC-{key}", stage="picked")
    refund(world, key, items=[{"sku": lines(world, 1)[0]["sku"], "quantity": 1}])
    back = {"note_id": note["goods_out_note_id"], "stage": "printed"}
    return Story("refunds", [key], "review", "picked", do=lambda: world.brightpearl("ship", **back))


def a_refund_undone_after_its_credit_was_invoiced(world: World) -> Story:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, "refunds", key)
    world.brightpearl("clock", advance_s=60)
    world.bigcommerce("refund", refund_id=made["refund_id"], decline=True)
    return Story("refunds", [key], "review", "undo")


def a_refund_in_cash(world: World) -> Story:
    key = imported(world, shipped=True)
    refund(world, key, amount="3.00", tender="custom")
    return Story("refunds", [key], "payment_method", table="CASH")


def a_credit_of_more_units_than_are_left(world: World) -> Story:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    world.brightpearl("credit", external_ref=f"BC-{key}", rows=[{"sku": sku, "quantity": 30}])
    (made,) = (one for one in world.sandbox.account.orders.values() if one.type_code == "SC")
    cancel = {"order_id": made.id, "status_id": 21}
    return Story("refunds", [key], "quantity", do=lambda: world.brightpearl("edit", **cancel))


def a_sku_on_two_items(world: World) -> Story:
    (sku,) = plenty(world)
    world.bigcommerce("products", sku=sku, stock=3, same_sku=True)
    url = world.control("bigcommerce", f"products/{sku}")
    return Story(
        "stock",
        [sku.casefold()],
        "sku",
        do=lambda: world.http.delete(url),
        settled="parked",  # until the store shows what it was sent
    )


STORIES = [
    a_sku_that_brightpearl_lacks,
    an_order_without_a_date,
    an_order_whose_total_contradicts_its_lines,
    an_order_without_an_email,
    an_order_that_staff_changed,
    an_order_that_staff_deleted,
    an_invoiced_order_that_the_store_cancelled,
    an_order_that_left_and_that_the_store_cancelled,
    a_disputed_order,
    a_credit_that_staff_deleted,
    a_credit_whose_contact_is_gone,
    a_refund_without_its_tax,
    a_credit_that_staff_made,
    a_refund_of_a_deleted_order,
    a_note_with_an_impossible_quantity,
    a_note_of_a_row_that_no_line_knows,
    an_item_that_cannot_be_read,
    stock_that_the_store_does_not_track,
    an_order_amended_after_it_was_put_on_a_note,
    an_overpaid_order,
    an_order_cancelled_in_brightpearl_and_sent_by_the_store,
    a_refund_of_units_on_a_picked_note,
    a_refund_undone_after_its_credit_was_invoiced,
    a_refund_in_cash,
    a_credit_of_more_units_than_are_left,
    a_sku_on_two_items,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_a_remedy_that_is_followed_lets_the_record_through(
    world: World, tables: Path, begin: Callable[[World], Story]
) -> None:
    assert tables.exists()
    follow(world, begin(world))

"""Every kind of review case: its remedy is followed to the letter, and the record goes through."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from parcels import Parcels
from refunding import credit, imported, lines, refund
from remedies import Story, follow, follow_case, sync, waiting
from shelves import plenty, product
from world import World

from tasks.reconciler.connections import disconnect

pytestmark = pytest.mark.long


def first_sku(world: World) -> str:
    return str(lines(world, 1)[0]["sku"])


def row_of(world: World, key: str) -> Any:
    """The first row of goods of an order's sales order."""
    return next(row for row in world.sales_order(key).rows.values() if row.product_id)


def receipt_of(world: World, key: str) -> int:
    number = world.sales_order(key).id
    payments = world.sandbox.account.payments.values()
    (found,) = (one.id for one in payments if one.order_id == number)
    return int(found)


def a_split_order_that_the_store_cancelled(world: World) -> Story:
    key = imported(world)
    number = world.sales_order(key).id
    rows = {str(row_of(world, key).id): 1}
    world.brightpearl("backorder", external_ref=f"BC-{key}", rows=rows)
    world.bigcommerce("edit", order_id=int(key), status_id=5)

    def cancel_each() -> None:
        orders = world.sandbox.account.orders.values()
        for one in [one.id for one in orders if number in {one.id, one.parent_id}]:
            world.brightpearl("edit", order_id=one, release=True, status_id=5)

    return Story("orders", [key], "review", "split", do=cancel_each)


def a_cancelled_order_that_staff_reopened(world: World) -> Story:
    key = imported(world)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=2)
    return Story("orders", [key], "review", "reopened")


def a_cancelled_order_to_which_staff_gave_a_status(world: World) -> Story:
    key = imported(world)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=3)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    return Story("orders", [key], "review", "cancelled")


def a_disputed_order_that_staff_cancelled(world: World) -> Story:
    key = imported(world)
    world.bigcommerce("edit", order_id=int(key), status_id=13)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=5)
    won = {"order_id": int(key), "status_id": 5}
    return Story(
        "orders", [key], "review", "cancelled", do=lambda: world.bigcommerce("edit", **won)
    )


def an_order_changed_after_it_was_paid(world: World) -> Story:
    key = imported(world)
    sku = first_sku(world)
    edit = {"order_id": int(key), "lines": [{"sku": sku, "quantity": 4}]}
    world.bigcommerce("edit", **edit)
    back = {"order_id": int(key), "lines": [{"sku": sku, "quantity": 3}]}
    return Story("orders", [key], "review", "balance", do=lambda: world.bigcommerce("edit", **back))


def an_order_that_was_emptied(world: World) -> Story:
    key = imported(world, lines=lines(world, 1))
    sku = first_sku(world)
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": sku, "quantity": 0}])
    cancel = {"order_id": int(key), "status_id": 5}
    return Story(
        "orders", [key], "review", "emptied", do=lambda: world.bigcommerce("edit", **cancel)
    )


def an_order_that_goes_elsewhere_now(world: World) -> Story:
    key = imported(world)
    moved = {"street_1": "7 New Street", "city": "Leeds", "zip": "LS1 1AA"}
    world.bigcommerce("edit", order_id=int(key), shipping_address=moved)

    def correct() -> None:
        address = world.sales_order(key).delivery_address
        address.line1, address.line3, address.postal_code = "7 New Street", "Leeds", "LS1 1AA"

    return Story("orders", [key], "address", "delivery", do=correct)


def a_receipt_that_staff_deleted(world: World) -> Story:
    key = imported(world)
    world.brightpearl("payment", delete=receipt_of(world, key))
    return Story("orders", [key], "review", "receipt")


def a_receipt_whose_money_the_store_no_longer_knows(world: World) -> Story:
    key = imported(world)
    without_the_money(world, key)
    number = receipt_of(world, key)
    return Story(
        "orders",
        [key],
        "review",
        "receipt",
        do=lambda: world.brightpearl("payment", delete=number),
    )


def a_receipt_whose_money_is_found_again(world: World) -> Story:
    key = imported(world)
    find = without_the_money(world, key)
    return Story("orders", [key], "review", "receipt", do=find)


def without_the_money(world: World, key: str) -> Callable[[], None]:
    """Let the gateway say that an order's payment failed; what says that it did not, after all."""
    order = world.sandbox.store.orders[int(key)]
    (transaction,) = order.transactions

    def say(status: str) -> None:
        transaction.status = status
        world.sandbox.store.touch(order)

    say("error")
    return lambda: say("ok")


def an_order_of_an_address_that_is_to_be_read(world: World) -> Story:
    address = {"to": {"city": "Bath", "zip": ""}}
    key = world.place(lines=lines(world, 1), shipping=[address])
    return Story("orders", [key], "review", "address")


def a_receipt_in_another_currency(world: World) -> Story:
    key = world.place(lines=lines(world, 2))
    money = {"action": "add", "amount": "5.00", "currency": "USD"}
    world.bigcommerce("pay", order_id=int(key), **money)
    return Story("orders", [key], "review", "receipt")


def a_shipment_of_more_units_than_the_order_had(world: World) -> Story:
    order = Parcels.imported(world, 2, 1)
    order.shipped_in_store(1, 1, tracking_number="BY HAND")
    return Story("shipments", [order.leaves(tracking="AA1")], "review", "excess")


def a_shipment_that_staff_deleted(world: World) -> Story:
    order = Parcels.imported(world, 2, 1)
    sync(world, "shipments", order.leaves(tracking="AA1"))
    world.http.delete(world.control("bigcommerce", f"orders/{order.order}/shipments"))
    return Story("shipments", [order.order], "review", "deleted")


def a_number_that_staff_corrected(world: World) -> Story:
    order = Parcels.imported(world, 2, 1)
    note = order.leaves(tracking="AA1")
    sync(world, "shipments", note)
    (shipment,) = order.stored.shipments
    shipment.tracking_number = "CORRECTED"
    order.note(note, tracking="AA2")
    return Story("shipments", [note], "review", "tracking")


def a_note_of_an_order_that_is_over(world: World) -> Story:
    order = Parcels.imported(world, 2, 1)
    note = order.leaves(tracking="AA1")
    world.bigcommerce("edit", order_id=int(order.order), status_id=4)
    return Story("shipments", [note], "review", "closed")


def a_credit_that_staff_paid_out(world: World) -> Story:
    key = imported(world, shipped=True)
    sku = first_sku(world)
    rows = [{"sku": sku, "quantity": 1}]
    made = world.brightpearl("credit", external_ref=f"BC-{key}", rows=rows)
    world.brightpearl("payment", order_id=made["credit_id"], method="CASH")
    return Story(
        "refunds",
        [key],
        "review",
        "paid",
        do=lambda: refund(world, key, items=rows, tender="custom"),
    )


def a_credit_whose_payment_staff_removed(world: World) -> Story:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, "refunds", key)
    one = credit(world, key, made["refund_id"])
    payments = world.sandbox.account.payments
    (kept,) = (payment for payment in payments.values() if payment.order_id == one.id)
    world.brightpearl("payment", delete=kept.id)
    again = {"order_id": one.id, "method": kept.method_code}
    return Story("refunds", [key], "differs", do=lambda: world.brightpearl("payment", **again))


def a_credit_that_the_store_cannot_send_back_by_itself(world: World) -> Story:
    world.switch("bigcommerce", gateway_refunds=False)
    key = imported(world, shipped=True, guest=True, email="nobody@example.com")
    rows = [{"sku": first_sku(world), "quantity": 1}]
    world.brightpearl("credit", external_ref=f"BC-{key}", rows=rows)
    return Story("refunds", [key], "review", "refund")


def stock_of_a_product_that_is_gone(world: World) -> Story:
    (sku,) = plenty(world)
    sync(world, "stock", product(world, sku))
    world.http.delete(world.control("brightpearl", f"products/{sku}")).raise_for_status()
    # Parked until the store shows what it was sent.
    return Story("stock", [sku.casefold()], "review", "gone", settled="parked")


def a_credit_that_staff_cancelled(world: World) -> Story:
    key = imported(world)
    made = refund(world, key, amount="3.00")
    sync(world, "refunds", key)
    one = credit(world, key, made["refund_id"])
    before = {"order_id": one.id, "status_id": one.status_id}
    world.brightpearl("edit", order_id=one.id, status_id=21)
    return Story("refunds", [key], "differs", do=lambda: world.brightpearl("edit", **before))


def a_refund_whose_reference_another_payment_has(world: World) -> Story:
    key, other = imported(world), imported(world)
    made = refund(world, key, amount="3.00")
    (part,) = world.sandbox.store.orders[int(key)].refunds[0].payments
    taken = f"BC-{key}-R{made['refund_id']}-{part.id}"
    number = world.sales_order(other).id
    paid = world.brightpearl("payment", order_id=number, amount="1.00", transaction_ref=taken)
    undo = {"delete": paid["payment_id"]}
    return Story("refunds", [key], "payment", do=lambda: world.brightpearl("payment", **undo))


STORIES = [
    a_credit_that_staff_cancelled,
    a_refund_whose_reference_another_payment_has,
    a_split_order_that_the_store_cancelled,
    a_cancelled_order_that_staff_reopened,
    a_cancelled_order_to_which_staff_gave_a_status,
    a_disputed_order_that_staff_cancelled,
    an_order_changed_after_it_was_paid,
    an_order_that_was_emptied,
    an_order_that_goes_elsewhere_now,
    a_receipt_that_staff_deleted,
    a_receipt_whose_money_the_store_no_longer_knows,
    a_receipt_whose_money_is_found_again,
    an_order_of_an_address_that_is_to_be_read,
    a_receipt_in_another_currency,
    a_shipment_of_more_units_than_the_order_had,
    a_shipment_that_staff_deleted,
    a_number_that_staff_corrected,
    a_note_of_an_order_that_is_over,
    a_credit_that_staff_paid_out,
    a_credit_whose_payment_staff_removed,
    a_credit_that_the_store_cannot_send_back_by_itself,
    stock_of_a_product_that_is_gone,
]


@pytest.mark.parametrize("begin", STORIES, ids=lambda story: story.__name__)
def test_the_remedy_of_a_case_that_is_followed_lets_the_record_through(
    world: World,
    tables: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[[World], Story],
) -> None:
    assert tables.exists()
    monkeypatch.setenv("CAUSEWAY_STOCK__PRODUCT_GONE", "review")
    if begin is an_order_of_an_address_that_is_to_be_read:
        monkeypatch.setenv("CAUSEWAY_CHECKS__ADDRESSES", "hold")
    follow(world, begin(world))


def test_money_that_the_store_knows_by_another_name_is_not_booked_twice(
    world: World, tables: Path
) -> None:
    assert tables.exists()
    key = imported(world)
    order = world.sandbox.store.orders[int(key)]
    order.transactions = []  # it is paid, and the gateway knows nothing of it
    world.sandbox.store.touch(order)
    sync(world, "orders", key)
    assert world.receipts(key) == [order.totals.inc]
    (gone,) = (one for one in waiting() if "does not know of the money" in one.reason)

    world.brightpearl("payment", delete=receipt_of(world, key))
    follow_case(gone)
    sync(world, "orders")

    assert waiting() == []
    assert world.receipts(key) == [order.totals.inc]
    world.forget_requests()
    sync(world, "orders", key)
    assert world.writes() == 0


def test_a_refund_of_an_order_that_is_over_is_credited_after_its_order_was_imported(
    world: World, tables: Path
) -> None:
    key = world.place(lines=lines(world, 3, 2))
    refund(world, key, everything=True)
    sync(world, "refunds", key)
    (case,) = waiting("refunds")
    assert "In one step" not in case.remedy  # one command fills one column
    (row,) = re.findall(f"add `([^`]*)` to {tables}/order_status\\.csv", case.remedy)

    with (tables / "order_status.csv").open("a", encoding="utf-8") as file:
        file.write(re.sub("<[^>]*>", "2", row) + ",\n")
    disconnect()
    sync(world, "orders", key)
    follow_case(case)
    sync(world, "refunds")

    assert (waiting("refunds"), world.states(key, entity="refunds")) == ([], ["done"])
    assert world.receipts(key) == [world.sandbox.store.orders[int(key)].totals.inc]


@pytest.mark.parametrize("way", ["refund in the store", "cancel the credit"])
@pytest.mark.parametrize("class_", ["by_hand", "currency", "differs"])
def test_a_credit_that_is_no_refund_as_it_is_goes_through_as_its_remedy_says(
    world: World, tables: Path, monkeypatch: pytest.MonkeyPatch, class_: str, way: str
) -> None:
    assert tables.exists()
    monkeypatch.setenv("CAUSEWAY_REFUNDS__STAFF_CREDITS", "refund")
    world.switch("bigcommerce", gateway_refunds=class_ != "by_hand")
    key = imported(world, shipped=True, guest=True, email="nobody@example.com")
    rows = [{"sku": first_sku(world), "quantity": 1}]
    odd = {"net": "1.37", "tax": "0.27"} if class_ == "differs" else {}
    made = world.brightpearl("credit", external_ref=f"BC-{key}", rows=[rows[0] | odd])
    one = world.sandbox.account.orders[made["credit_id"]]
    if class_ == "currency":
        one.currency_code = "USD"
    gross = one.net + one.tax
    by_hand = class_ == "by_hand" and way == "refund in the store"
    leaves = ["provider_id"] if by_hand else []

    def settle() -> None:
        if way == "cancel the credit":
            world.brightpearl("edit", order_id=one.id, status_id=21)
        elif class_ == "differs":
            refund(world, key, amount=str(gross))
        else:
            refund(world, key, items=rows, **({"tender": "custom"} if by_hand else {}))

    follow(world, Story("refunds", [key], class_, do=settle, leaves=leaves))
    if leaves:
        follow(world, Story("refunds", [key], "payment_method", table="CASH"))


@pytest.mark.parametrize(
    ("entity", "table", "status"),
    [("orders", "account_statuses", "5"), ("refunds", "credit_statuses", "21")],
)
def test_what_is_cancelled_waits_for_the_status_that_means_so(
    world: World,
    tables: Path,
    monkeypatch: pytest.MonkeyPatch,
    entity: str,
    table: str,
    status: str,
) -> None:
    monkeypatch.setenv("CAUSEWAY_REFUNDS__CLOSE_CREDITS", "false")
    file = tables / f"{table}.csv"
    rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith("cancelled,")]
    file.write_text("".join(kept), encoding="utf-8")
    disconnect()
    key = imported(world)
    if entity == "orders":
        world.bigcommerce("edit", order_id=int(key), status_id=5)
    else:
        made = refund(world, key, items=[{"sku": first_sku(world), "quantity": 1}])
        sync(world, "refunds", key)
        world.bigcommerce("refund", refund_id=made["refund_id"], decline=True)

    follow(world, Story(entity, [key], "order_status", table=status))

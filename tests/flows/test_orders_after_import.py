"""The life of an order after its import: edits, cancellations and money, on both sides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from world import World

from core.times import utc_now
from store.links import Links
from store.quarantine import Quarantine
from store.stock import Demand
from tasks.orders.entity import ORDERS
from tasks.reconciler.connections import connect

ON_HOLD, CANCELLED = 20, 5


def skus(world: World) -> list[str]:
    """SKUs with stock, the same in both systems."""
    account = world.sandbox.account
    return [
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= 10
    ]


def imported(world: World, *quantities: int, **order: Any) -> str:
    """An order with these quantities, in Brightpearl, paid and reserved."""
    lines = [{"sku": sku, "quantity": q} for sku, q in zip(skus(world), quantities, strict=False)]
    key = world.place(lines=lines, payment="captured", **order)
    world.sync(key)
    assert world.states(key) == ["done"]
    return key


def store_order(world: World, key: str) -> Any:
    return world.sandbox.store.orders[int(key)]


def quantities(world: World, key: str) -> list[int]:
    """Units of the product rows, in the order of our lines."""
    rows = [row for row in world.sales_order(key).rows.values() if row.product_id]
    return [int(row.quantity) for row in sorted(rows, key=lambda row: row.id)]


def agrees(world: World, key: str) -> bool:
    order, sales_order = store_order(world, key), world.sales_order(key)
    return bool(
        order.totals.inc == sales_order.net + sales_order.tax
        and order.totals.tax == sales_order.tax
    )


def cases(world: World) -> list[Any]:
    return Quarantine(connect("default").database).list(pair="default")


def apply(world: World) -> None:
    quarantine = Quarantine(connect("default").database)
    quarantine.approve([case.id for case in cases(world)], now=utc_now())
    world.sync()


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def note_for(world: World, key: str, *, leaves: bool = False) -> Any:
    return world.brightpearl("ship", external_ref=f"BC-{key}", leave=leaves)


def test_an_edit_of_lines_quantities_and_prices_amends_the_sales_order(world: World) -> None:
    key = imported(world, 2, 3, 1, discount="4.00")
    first, second, third = skus(world)[:3]
    world.bigcommerce(
        "edit",
        order_id=int(key),
        lines=[{"sku": first, "quantity": 5}, {"sku": second, "quantity": 0}],
        add=[{"sku": skus(world)[4], "quantity": 2}],
    )

    report = world.sync(key)

    assert report["counts"]["amended"] == 1
    assert agrees(world, key)
    assert quantities(world, key) == [5, 1, 2]
    assert world.sales_order(key).allocation_status == "AAA"
    assert [case.field for case in cases(world)] == ["balance"]  # it was paid before
    assert runs_twice_without_writing(world, key)
    assert third


@pytest.mark.long
def test_an_added_row_whose_answer_was_lost_is_added_once(world: World) -> None:
    key = imported(world, 2)
    world.bigcommerce("edit", order_id=int(key), add=[{"sku": skus(world)[3], "quantity": 1}])
    world.fault(
        "brightpearl",
        {"kind": "lost_answer", "method": "POST", "path": "/row$", "rate": 1.0, "times": 1},
    )

    world.sync(key)
    world.fault("brightpearl")
    world.sync(key)

    assert agrees(world, key)
    assert quantities(world, key) == [2, 1]
    assert runs_twice_without_writing(world, key)


def test_an_edit_after_the_note_waits_with_the_pick_on_hold_and_is_applied_on_request(
    world: World,
) -> None:
    key = imported(world, 2, 1)
    note_for(world, key)
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": skus(world)[0], "quantity": 1}])

    world.sync(key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "edit")
    assert case.detail["proposal"]["rows"][0]["after"].startswith("1 x product")
    assert quantities(world, key) == [2, 1]
    assert world.sales_order(key).status_id == ON_HOLD
    assert runs_twice_without_writing(world, key)

    apply(world)

    assert quantities(world, key) == [1, 1]
    assert agrees(world, key)
    assert world.sales_order(key).status_id != ON_HOLD
    assert world.sales_order(key).allocation_status == "AAA"
    assert [case.field for case in cases(world)] == ["balance"]  # it was paid before
    assert runs_twice_without_writing(world, key)


def test_what_staff_changed_in_brightpearl_is_not_undone(world: World) -> None:
    key = imported(world, 2, 1)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("edit", external_ref=f"BC-{key}", rows=[{"id": row.id, "quantity": "1"}])

    world.sync(key)

    (case,) = cases(world)
    assert case.field == "differs"
    assert int(world.sales_order(key).rows[row.id].quantity) == 1
    assert runs_twice_without_writing(world, key)

    quarantine = Quarantine(connect("default").database)
    quarantine.discard([case.id], "agreed with the customer", now=utc_now())
    world.sync(key)
    assert cases(world) == []
    assert world.states(key) == ["done"]


def test_a_change_on_both_sides_is_a_persons_to_decide(world: World) -> None:
    key = imported(world, 2, 1)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("edit", external_ref=f"BC-{key}", rows=[{"id": row.id, "quantity": "1"}])
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": skus(world)[1], "quantity": 4}])

    world.sync(key)

    (case,) = cases(world)
    assert "both were changed" in case.reason
    assert runs_twice_without_writing(world, key)
    apply(world)
    assert agrees(world, key)
    assert quantities(world, key) == [2, 4]


@pytest.mark.long
def test_a_changed_delivery_address_is_a_note_for_staff_and_its_case_is_resolved(
    world: World,
) -> None:
    key = imported(world, 1)
    moved = {"street_1": "7 New Street", "city": "Leeds", "zip": "LS1 1AA"}
    world.bigcommerce("edit", order_id=int(key), shipping_address=moved)

    world.sync(key)

    (case,) = cases(world)
    assert case.class_ == "address"
    assert "New Street" not in f"{case.reason} {case.remedy} {case.value}"
    (note,) = [n for n in world.sandbox.account.notes.values() if "7 New Street" in n.text]
    assert note.order_id == world.sales_order(key).id
    assert runs_twice_without_writing(world, key)

    address = world.sales_order(key).delivery_address
    address.line1, address.line3, address.postal_code = "7 New Street", "Leeds", "LS1 1AA"
    world.sync(key)
    assert cases(world) == []


def test_a_cancelled_order_is_released_and_cancelled(world: World) -> None:
    key = imported(world, 2)
    product = next(r.product_id for r in world.sales_order(key).rows.values() if r.product_id)
    before = world.sandbox.account.stock[product][2].allocated
    world.bigcommerce("edit", order_id=int(key), status_id=5)

    report = world.sync(key)

    assert report["counts"]["cancelled"] == 1
    assert world.sales_order(key).status_id == CANCELLED
    assert world.sandbox.account.stock[product][2].allocated == before - 2
    assert world.states(key) == ["done"]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_note_that_has_not_left_is_taken_back_before_an_order_is_cancelled(world: World) -> None:
    key = imported(world, 2)
    note_for(world, key)
    world.bigcommerce("edit", order_id=int(key), status_id=5)

    world.sync(key)

    assert world.sandbox.account.goods_out == {}
    assert world.sales_order(key).status_id == CANCELLED
    assert runs_twice_without_writing(world, key)


def test_an_order_that_has_left_is_not_cancelled_but_shown_to_a_person(world: World) -> None:
    key = imported(world, 2)
    note_for(world, key, leaves=True)
    before = world.sales_order(key).status_id
    world.bigcommerce("edit", order_id=int(key), status_id=5)

    world.sync(key)

    (case,) = cases(world)
    assert case.field == "intercept"
    assert world.sales_order(key).status_id == before
    assert runs_twice_without_writing(world, key)


def test_a_credit_for_an_invoiced_order_is_proposed_and_only_posted_on_request(
    world: World,
) -> None:
    key = imported(world, 2)
    world.http.post(
        f"{world.sandbox.brightpearl_url}/sandbox/order-service/sales-order/"
        f"{world.sales_order(key).id}/close",
        json={},
        headers={
            "brightpearl-app-ref": "causeway_app",
            "brightpearl-account-token": "sandbox-account-token",
        },
    )
    world.http.post(world.control("brightpearl", "clock"), json={"advance_s": 60})
    world.bigcommerce("edit", order_id=int(key), status_id=5)

    world.sync(key)

    (case,) = cases(world)
    assert case.field == "credit"
    assert not [o for o in world.sandbox.account.orders.values() if o.type_code == "SC"]
    assert runs_twice_without_writing(world, key)

    apply(world)

    (credit,) = [o for o in world.sandbox.account.orders.values() if o.type_code == "SC"]
    assert credit.parent_id == world.sales_order(key).id
    assert credit.net + credit.tax == store_order(world, key).totals.inc
    assert cases(world) == []
    assert runs_twice_without_writing(world, key)


def test_an_order_cancelled_in_brightpearl_is_cancelled_in_the_store(world: World) -> None:
    key = imported(world, 1)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key, source="notice")

    assert store_order(world, key).status_id == 5
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_store_order_with_a_shipment_is_never_cancelled_from_brightpearl(world: World) -> None:
    key = imported(world, 1)
    line = store_order(world, key).lines[0]
    line.quantity_shipped = 1
    world.sandbox.store.touch(store_order(world, key))
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key, source="notice")

    assert store_order(world, key).status_id != 5
    assert [case.field for case in cases(world)] == ["cancelled"]


def test_an_order_that_the_store_takes_up_again_is_reopened_and_reserved(world: World) -> None:
    key = imported(world, 2)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), status_id=11)

    world.sync(key)
    world.sync(key)

    sales_order = world.sales_order(key)
    assert sales_order.status_id != CANCELLED
    assert sales_order.allocation_status == "AAA"
    assert store_order(world, key).status_id == 11
    assert runs_twice_without_writing(world, key)


def test_a_status_follows_the_store_unless_staff_set_another(world: World) -> None:
    key = imported(world, 1)
    world.bigcommerce("edit", order_id=int(key), status_id=10)
    world.sync(key)
    assert world.sales_order(key).status_id == 19

    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=17)
    world.bigcommerce("edit", order_id=int(key), status_id=2)
    world.sync(key)
    assert world.sales_order(key).status_id == 17
    assert runs_twice_without_writing(world, key)


def test_a_dispute_is_a_case_on_both_sides_and_credits_nothing(world: World) -> None:
    key = imported(world, 1)
    world.bigcommerce("edit", order_id=int(key), status_id=13)

    world.sync(key)

    assert [case.field for case in cases(world)] == ["dispute"]
    assert world.sales_order(key).status_id == ON_HOLD
    assert not [o for o in world.sandbox.account.orders.values() if o.type_code == "SC"]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_late_capture_is_booked_when_its_event_comes(world: World) -> None:
    lines = [{"sku": skus(world)[0], "quantity": 1}]
    key = world.place(lines=lines, payment="authorized", status_id=7)
    world.sync(key)
    assert world.receipts(key) == []

    world.bigcommerce("pay", order_id=int(key), action="capture")
    world.sync(key, source="transaction")

    assert world.receipts(key) == [store_order(world, key).totals.inc]
    assert runs_twice_without_writing(world, key)


def test_partial_captures_are_a_receipt_each(world: World) -> None:
    lines = [{"sku": skus(world)[0], "quantity": 2}]
    key = world.place(lines=lines, payment="authorized", status_id=7)
    world.sync(key)
    total = store_order(world, key).totals.inc
    world.bigcommerce("pay", order_id=int(key), action="capture", amount="1.00")
    world.sync(key, source="transaction")
    world.bigcommerce("pay", order_id=int(key), action="capture")

    world.sync(key, source="transaction")

    assert sorted(world.receipts(key)) == sorted([Decimal("1.00"), total - 1])
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_receipt_that_staff_deleted_is_only_booked_again_on_request(world: World) -> None:
    key = imported(world, 1)
    account = world.sandbox.account
    (payment,) = [p for p in account.payments.values() if p.order_id == world.sales_order(key).id]
    answer = world.http.delete(
        f"{world.sandbox.brightpearl_url}/sandbox/accounting-service/customer-payment/{payment.id}",
        headers={
            "brightpearl-app-ref": "causeway_app",
            "brightpearl-account-token": "sandbox-account-token",
        },
    )
    assert answer.status_code == 200

    world.sync(key)

    assert world.receipts(key) == []
    assert [case.field for case in cases(world)] == ["receipt"]
    apply(world)
    assert world.receipts(key) == [store_order(world, key).totals.inc]
    assert runs_twice_without_writing(world, key)


def test_an_order_deleted_in_brightpearl_is_created_again_only_on_request(world: World) -> None:
    key = imported(world, 1)
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)

    world.sync(key)

    assert world.sales_orders == []
    assert [case.field for case in cases(world)] == ["deleted"]
    apply(world)
    assert agrees(world, key)
    (case,) = cases(world)
    assert case.field == "receipt"  # its money may still be booked on the deleted one
    assert runs_twice_without_writing(world, key)


def test_an_order_that_was_deleted_before_it_was_settled_is_created_again_only_on_request(
    world: World,
) -> None:
    key = imported(world, 1)
    Links(connect("default").database).drop("default", "orders", [key])
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)

    world.sync(key)

    assert world.sales_orders == []
    assert [case.field for case in cases(world)] == ["deleted"]
    assert runs_twice_without_writing(world, key)
    apply(world)
    assert agrees(world, key)
    (case,) = cases(world)
    assert case.field == "receipt"  # its money is still booked on the deleted one
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_an_edit_that_empties_an_order_is_a_case(world: World) -> None:
    key = imported(world, 1)
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": skus(world)[0], "quantity": 0}])

    world.sync(key)

    assert len(cases(world)) == 1
    assert quantities(world, key) == [1]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "after"])
def test_units_in_a_back_order_count_for_the_order(world: World, moment: str) -> None:
    key = imported(world, 3)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("backorder", external_ref=f"BC-{key}", rows={str(row.id): 1})
    if moment == "after":
        world.sync(key)

    assert runs_twice_without_writing(world, key)
    assert cases(world) == []


@pytest.mark.long
def test_an_order_that_staff_take_up_again_is_not_cancelled_a_second_time(world: World) -> None:
    key = imported(world, 2)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=17)

    world.sync(key, source="notice")

    assert world.sales_order(key).status_id == 17
    assert [case.field for case in cases(world)] == ["reopened"]
    assert runs_twice_without_writing(world, key)
    apply(world)
    assert world.sales_order(key).status_id == CANCELLED
    assert cases(world) == []
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_refund_of_a_cancelled_order_does_not_take_it_up_again(world: World) -> None:
    key = imported(world, 3)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    world.bigcommerce("refund", order_id=int(key), amount="1.00")
    assert store_order(world, key).status_id == 14

    world.sync(key, source="webhook")

    assert world.sales_order(key).status_id == CANCELLED
    assert world.sales_order(key).allocation_status == "ANA"
    assert store_order(world, key).status_id == 14
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_disputed_order_is_not_cancelled_from_brightpearl(world: World) -> None:
    key = imported(world, 1)
    world.bigcommerce("edit", order_id=int(key), status_id=13)
    world.sync(key)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key, source="notice")

    assert store_order(world, key).status_id == 13
    assert [case.field for case in cases(world)] == ["cancelled"]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_status_set_in_the_store_is_not_overruled_by_a_cancellation(world: World) -> None:
    key = imported(world, 1)
    world.bigcommerce("edit", order_id=int(key), status_id=12)
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key)

    assert store_order(world, key).status_id == 12
    assert [case.field for case in cases(world)] == ["cancelled"]
    assert runs_twice_without_writing(world, key)
    apply(world)
    assert store_order(world, key).status_id == 5


@pytest.mark.long
def test_money_that_comes_in_for_a_cancelled_order_is_booked(world: World) -> None:
    lines = [{"sku": skus(world)[0], "quantity": 1}]
    key = world.place(lines=lines, payment_method="Bank deposit", payment="offline")
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(key)
    world.bigcommerce("pay", order_id=int(key), action="settle", amount="2.00")

    world.sync(key, source="transaction")

    assert world.sales_order(key).status_id == CANCELLED
    assert world.receipts(key) == [Decimal("2.00")]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
@pytest.mark.parametrize("where", ["bigcommerce", "brightpearl"])
def test_a_deleted_receipt_of_a_cancelled_order_stays_a_case(world: World, where: str) -> None:
    key = imported(world, 1)
    (payment,) = world.sandbox.account.payments.values()
    world.brightpearl("payment", delete=payment.id)
    if where == "bigcommerce":
        world.bigcommerce("edit", order_id=int(key), status_id=5)
    else:
        world.brightpearl("edit", external_ref=f"BC-{key}", status_id=CANCELLED)

    world.sync(key)

    assert store_order(world, key).status_id == 5
    assert world.sales_order(key).status_id == CANCELLED
    assert [case.field for case in cases(world)] == ["receipt"]
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_row_that_staff_changed_themselves_does_not_put_their_pick_on_hold(world: World) -> None:
    key = imported(world, 2, 1)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("edit", external_ref=f"BC-{key}", rows=[{"id": row.id, "quantity": "1"}])
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=17)
    note_for(world, key)

    world.sync(key)

    assert [case.field for case in cases(world)] == ["differs"]
    assert world.sales_order(key).status_id == 17
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_staff_who_let_a_held_pick_go_on_are_not_overruled(world: World) -> None:
    key = imported(world, 2, 1)
    note_for(world, key)
    first = skus(world)[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": first, "quantity": 1}])
    world.sync(key)
    assert world.sales_order(key).status_id == ON_HOLD
    world.brightpearl("edit", external_ref=f"BC-{key}", status_id=17)

    world.sync(key, source="notice")
    assert world.sales_order(key).status_id == 17
    assert runs_twice_without_writing(world, key)
    world.brightpearl("edit", external_ref=f"BC-{key}", hold=True)
    world.sync(key, source="notice")
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": first, "quantity": 2}])
    world.sync(key)

    assert cases(world) == []
    assert world.sales_order(key).status_id == ON_HOLD  # theirs, not ours
    assert runs_twice_without_writing(world, key)


@pytest.mark.long
def test_a_part_captured_of_an_authorisation_is_booked_at_once(world: World) -> None:
    lines = [{"sku": skus(world)[0], "quantity": 2}]
    key = world.place(lines=lines, payment="authorized", status_id=7)
    world.sync(key)
    world.bigcommerce("pay", order_id=int(key), action="capture", amount="1.00")

    world.sync(key, source="transaction")

    assert store_order(world, key).payment_status == "authorized"
    assert world.receipts(key) == [Decimal("1.00")]
    world.bigcommerce("edit", order_id=int(key), staff_notes="half of it is captured")
    world.sync(key, source="webhook")
    assert cases(world) == []
    assert runs_twice_without_writing(world, key)


def test_an_order_that_staff_split_is_one_order_for_the_audit(world: World) -> None:
    key = imported(world, 3, 2)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("backorder", external_ref=f"BC-{key}", rows={str(row.id): 1})
    found = ORDERS.audit("default", None)
    assert (found["amounts_differ"], found["doubled"], found["agrees"]) == ({}, {}, True)


def test_the_audit_finds_what_staff_changed_where_the_notice_was_lost(world: World) -> None:
    key = imported(world, 2)
    row = next(row for row in world.sales_order(key).rows.values() if row.product_id)
    world.brightpearl("edit", external_ref=f"BC-{key}", remove_rows=[row.id])
    found = ORDERS.audit("default", None)
    assert list(found["amounts_differ"]) == [f"BC-{key}"]
    assert found["requeued"] == 1

    world.sync()

    assert [(case.key, case.field) for case in cases(world)] == [(key, "differs")]


@pytest.mark.parametrize("is_reserved", [True, False])
def test_units_of_a_row_that_staff_took_out_are_held_once(
    world: World, *, is_reserved: bool
) -> None:
    key = imported(world, 2, 3, 4)
    if not is_reserved:
        world.brightpearl("edit", external_ref=f"BC-{key}", release=True)
    first = skus(world)[0]
    line = next(one for one in store_order(world, key).lines if one.sku == first)
    row = next(
        one for one in world.sales_order(key).rows.values() if one.external_ref == str(line.id)
    )
    world.brightpearl("edit", external_ref=f"BC-{key}", remove_rows=[row.id])
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": skus(world)[1], "quantity": 1}])

    world.sync(key)

    assert [case.field for case in cases(world)] == ["differs"]
    held = Demand(connect("default").database).of("default", [first.casefold()])
    assert held == {first.casefold(): {key: 2}}

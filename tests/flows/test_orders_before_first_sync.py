"""Orders that were shipped, refunded or paid before Causeway first met them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from world import World

from flows.refunds import sync_refunds
from flows.shipments import sync_shipments
from store.quarantine import Quarantine
from tasks.orders.entity import ORDERS
from tasks.reconciler.connections import connect, disconnect
from tasks.shipments.entity import SHIPMENTS

SHIRT, TEE = "GAR-01-RED-M", "GAR-02-RED-S"
LINES = [{"sku": SHIRT, "quantity": 2}, {"sku": TEE, "quantity": 1}]
NEW, READY, SHIPPED, COMPLETED = 2, 17, 18, 19


def lines_of(world: World, key: str) -> list[int]:
    return [line.id for line in world.sandbox.store.orders[int(key)].lines]


def ship(world: World, key: str, *units: int) -> None:
    """Staff ship in the store; without units all of it."""
    lines = dict(zip(lines_of(world, key), units, strict=False))
    packed = [{"id": one, "quantity": many} for one, many in lines.items() if many]
    world.bigcommerce("ship", order_id=int(key), lines=packed)


def mails(world: World, key: str) -> int:
    return len(world.sandbox.store.orders[int(key)].mails)


def on_hand(world: World, sku: str) -> int:
    """Units that may be sold in Brightpearl."""
    account = world.sandbox.account
    (product,) = [one for one in account.products.values() if one.sku == sku]
    return int(account.stock[product.id][2].on_hand)


def notes(world: World, key: str) -> list[str]:
    order_id = world.sales_order(key).id
    return [one.text for one in world.sandbox.account.notes.values() if one.order_id == order_id]


def both(world: World, key: str) -> None:
    """Everything that follows an import, in both directions."""
    world.sync(key)
    world.due(key, entity="shipments")
    asyncio.run(sync_shipments.fn(pair="default"))


@pytest.mark.parametrize("source", ["operator", "backfill"])
def test_an_order_that_was_shipped_before_moves_no_stock_and_sends_no_mail(
    world: World, source: str
) -> None:
    key = world.place(lines=[{"sku": SHIRT, "quantity": 9}], payment="captured")
    ship(world, key)
    before, sent = on_hand(world, SHIRT), mails(world, key)
    shipments = len(world.sandbox.store.orders[int(key)].shipments)

    world.sync(key, source=source)
    both(world, key)

    assert on_hand(world, SHIRT) == before
    assert world.sales_order(key).status_id == SHIPPED
    assert world.sales_order(key).allocation_status == "ANA"
    assert (mails(world, key), len(world.sandbox.store.orders[int(key)].shipments)) == (
        sent,
        shipments,
    )
    assert world.states(key) == ["done"]
    assert SHIPMENTS.audit("default")["beyond"] == {}
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0


def test_only_units_that_have_not_left_are_reserved_and_a_note_says_so(world: World) -> None:
    key = world.place(lines=LINES, payment="captured")
    ship(world, key, 1)
    before = on_hand(world, SHIRT), on_hand(world, TEE)

    both(world, key)

    assert (on_hand(world, SHIRT), on_hand(world, TEE)) == (before[0] - 1, before[1] - 1)
    assert world.sales_order(key).status_id == READY
    assert any(f"do not pick again: 1 x {SHIRT} " in text for text in notes(world, key))
    found = SHIPMENTS.audit("default")
    assert (found["beyond"], found["missing"]) == ({}, {})
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0
    assert world.states(key) == ["done"]


def test_what_is_left_of_an_order_is_sent_by_brightpearl_and_its_units_stay_counted(
    world: World,
) -> None:
    key = world.place(lines=LINES, payment="captured")
    ship(world, key, 1)
    both(world, key)
    rows = {str(line_id): 1 for line_id in lines_of(world, key)}
    world.brightpearl("ship", order_id=world.sales_order(key).id, rows=rows)

    both(world, key)

    assert world.sandbox.store.orders[int(key)].status_id == 2
    world.sync(key)
    assert world.sales_order(key).status_id == SHIPPED
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0


def test_an_order_set_to_completed_by_hand_reserves_nothing(world: World) -> None:
    key = world.place(lines=LINES, payment="captured", status_id=10)
    before = on_hand(world, SHIRT)

    both(world, key)

    assert on_hand(world, SHIRT) == before
    assert world.sales_order(key).status_id == COMPLETED


def refund(world: World, key: str, line: int) -> None:
    items = [{"id": lines_of(world, key)[line], "quantity": 1}]
    world.bigcommerce("refund", order_id=int(key), items=items)


def test_an_order_refunded_in_part_before_is_imported_with_receipt_credit_and_the_rest(
    world: World,
) -> None:
    key = world.place(lines=LINES, payment="captured")
    refund(world, key, 1)
    assert world.sandbox.store.orders[int(key)].status_id == 14
    before = on_hand(world, SHIRT), on_hand(world, TEE)

    world.sync(key)
    world.due(key, entity="refunds")
    asyncio.run(sync_refunds.fn(pair="default"))

    assert world.receipts(key) == [Decimal("50.81")]
    credits_ = [one for one in world.sandbox.account.orders.values() if one.type_code == "SC"]
    assert len(credits_) == 1
    assert world.sales_order(key).status_id == NEW
    assert (on_hand(world, SHIRT), on_hand(world, TEE)) == (before[0] - 2, before[1])
    assert world.sandbox.store.orders[int(key)].status_id == 14


@pytest.mark.long
@pytest.mark.parametrize(
    ("refunds", "left"),
    [
        ([{0: 1}], (1, 1)),
        ([{0: 2}], (0, 1)),
        ([{1: 1}, {0: 1}], (1, 0)),
        (["5.00"], (2, 1)),
        (["5.00", {0: 1}], (1, 1)),
    ],
)
def test_of_an_order_refunded_before_only_the_units_still_to_send_are_reserved(
    world: World, refunds: list[Any], left: tuple[int, int]
) -> None:
    key = world.place(lines=LINES, payment="captured")
    lines = lines_of(world, key)
    for part in refunds:
        wanted: dict[str, Any] = {"amount": part}
        if isinstance(part, dict):
            wanted = {"items": [{"id": lines[n], "quantity": many} for n, many in part.items()]}
        world.bigcommerce("refund", order_id=int(key), **wanted)
    before = on_hand(world, SHIRT), on_hand(world, TEE)

    world.sync(key)
    world.due(key, entity="refunds")
    asyncio.run(sync_refunds.fn(pair="default"))
    world.sync(key)

    assert world.receipts(key) == [Decimal("50.81")]
    assert (on_hand(world, SHIRT), on_hand(world, TEE)) == (
        before[0] - left[0],
        before[1] - left[1],
    )
    back = [
        one.net + one.tax for one in world.sandbox.account.orders.values() if one.type_code == "SC"
    ]
    store = world.sandbox.store.orders[int(key)]
    assert sorted(back) == sorted(one.amount for one in store.refunds)
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0


def test_an_order_shipped_and_then_refunded_in_part_is_imported_as_shipped(world: World) -> None:
    key = world.place(lines=LINES, payment="captured")
    ship(world, key)
    refund(world, key, 0)
    assert world.sandbox.store.orders[int(key)].status_id == 14
    before = on_hand(world, SHIRT), on_hand(world, TEE)

    world.sync(key)

    assert world.sales_order(key).status_id == SHIPPED
    assert (on_hand(world, SHIRT), on_hand(world, TEE)) == before


def test_a_refund_after_the_import_leaves_brightpearls_status(world: World) -> None:
    key = world.place(lines=LINES, payment="captured")
    world.sync(key)
    before = world.sales_order(key).status_id
    refund(world, key, 1)

    world.sync(key)

    assert world.sales_order(key).status_id == before
    assert world.states(key) == ["done"]


@pytest.mark.parametrize("status_id", [12, 13])
def test_a_paid_order_that_waits_is_named_by_the_audit(world: World, status_id: int) -> None:
    key = world.place(lines=LINES, payment="captured", status_id=status_id)
    world.place(lines=LINES, payment="captured", status_id=5, guest=True)
    unpaid = world.place(lines=LINES, payment="authorized", status_id=12)
    world.sync(key, unpaid)

    found: dict[str, Any] = ORDERS.audit("default")

    said = found["waiting"][f"BC-{key}"]
    assert said.startswith(f"parked, status {status_id} ")
    assert " since 20" in said
    assert f"BC-{unpaid}" not in found["waiting"]
    assert not found["missing"]


@pytest.mark.parametrize("units", [(), (1,), (2, 1)])
def test_by_setting_what_had_left_is_on_a_shipped_note_that_makes_no_shipment(
    world: World, monkeypatch: pytest.MonkeyPatch, units: tuple[int, ...]
) -> None:
    monkeypatch.setenv("CAUSEWAY_ORDERS__LEFT_BEFORE", "note")
    disconnect()
    key = world.place(lines=LINES, payment="captured")
    ship(world, key, *units)
    store = world.sandbox.store.orders[int(key)]
    left, sent = len(store.shipments), mails(world, key)

    both(world, key)
    note_key = f"note-{world.sandbox.account.goods_out_by_order[world.sales_order(key).id][0]}"
    world.due(note_key, entity="shipments")
    asyncio.run(sync_shipments.fn(pair="default"))

    (note_id,) = world.sandbox.account.goods_out_by_order[world.sales_order(key).id]
    note = world.sandbox.account.goods_out[note_id]
    assert note.shipped
    listed = sum(many for parts in note.rows.values() for _, many, _ in parts)
    assert listed == (sum(units) or 3)
    assert (len(store.shipments), mails(world, key)) == (left, sent)
    assert Quarantine(connect("default").database).list(pair="default") == []
    assert SHIPMENTS.audit("default")["beyond"] == {}
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0
    assert world.states(key) == ["done"]


def test_goods_that_are_not_in_stock_any_more_need_no_note(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_ORDERS__LEFT_BEFORE", "note")
    disconnect()
    key = world.place(lines=LINES, payment="captured")
    ship(world, key)
    world.brightpearl("stock", sku=SHIRT, on_hand=0)

    both(world, key)

    assert world.sales_order(key).status_id == SHIPPED
    assert world.states(key) == ["done"]

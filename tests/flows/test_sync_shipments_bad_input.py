"""What is odd has a defined outcome, with a reason and a remedy; all else goes on."""

from __future__ import annotations

import asyncio

import pytest
from parcels import ENTITY, PAIR, Parcels, lines, quiet, states, sync
from world import World

from flows.shipments import audit_shipments
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long


def held(key: str) -> Entry:
    (entry,) = [
        one
        for one in Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
        if one.key == key
    ]
    return entry


@pytest.mark.parametrize(
    ("reference", "number", "link", "comments"),
    [
        ("X" * 300, "", "", f"Further tracking numbers: {'X' * 300}"),
        ("JD0002/JD0003", "JD0002", "", "Further tracking numbers: JD0003"),
        ("N/A", "", "", ""),
        ("-", "", "", ""),
        (f"https://t.example.com/{'9' * 40}", "", f"https://t.example.com/{'9' * 40}", ""),
    ],
)
def test_whatever_a_note_says_of_its_parcel_the_shipment_is_made_at_once(
    world: World, reference: str, number: str, link: str, comments: str
) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking=reference)

    sync(world, note)

    (made,) = order.stored.shipments
    shown = [made.tracking_number or "", made.tracking_link or "", made.comments or ""]
    assert shown == [number, link, comments]
    assert quiet(world, note)
    assert asyncio.run(audit_shipments.fn(PAIR))["without_tracking"] == []

    order.note(note, tracking="AA2")
    sync(world, note)
    assert order.shipments == [("AA2", [1])]
    assert Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY) == []


def test_three_hundred_characters_that_list_numbers_are_sent_one_by_one(world: World) -> None:
    order = Parcels.imported(world, 1)
    numbers = [f"RM{n:09}GB" for n in range(22)]
    note = order.leaves(tracking=", ".join(numbers))

    sync(world, note)

    (shipment,) = order.stored.shipments
    assert shipment.tracking_number == numbers[0]
    assert shipment.comments == f"Further tracking numbers: {', '.join(numbers[1:])}"
    assert quiet(world, note)


def test_a_shipping_method_nobody_mapped_sends_the_number_alone_and_is_reported(
    world: World,
) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1")
    world.sandbox.account.goods_out[int(note.partition("-")[2])].shipping_method_id = 99

    report = sync(world, note)

    (shipment,) = order.stored.shipments
    assert (shipment.tracking_number, shipment.tracking_carrier or "") == ("AA1", "")
    assert any("carriers.csv" in said for said in report["notes"])
    assert quiet(world, note)


def test_the_carrier_the_provider_and_the_words_come_from_tables(world: World) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1", shipping_method_id=2)

    sync(world, note)

    (shipment,) = order.stored.shipments
    sent = shipment.tracking_carrier, shipment.shipping_provider, shipment.shipping_method
    assert sent == ("royal-mail", "royalmail", "Royal Mail 2nd Class")


def test_units_of_a_row_that_no_line_knows_wait_for_a_person(world: World) -> None:
    order = Parcels.imported(world, 1)
    other = lines(world, 1, 1, 1)[2]["sku"]
    product = next(p for p in world.sandbox.account.products.values() if p.sku == other)
    row = {"productId": product.id, "quantity": "1", "taxCode": "T20", "net": "5", "tax": "1"}
    world.brightpearl("edit", order_id=order.sales_order.id, add_rows=[row])
    (added,) = [one for one in order.sales_order.rows.values() if one.product_id == product.id]
    note = order.leaves(tracking="AA1")

    sync(world, note)

    entry = held(order.order)
    assert (entry.class_, entry.field) == ("review", "unknown")
    assert str(added.id) in entry.reason
    assert entry.detail["proposal"]["ship"] == {str(order.line_ids[0]): 1}
    assert order.shipments == []
    assert quiet(world, note)


@pytest.mark.parametrize("quantity", [-1, 10**10])
def test_an_impossible_quantity_on_a_note_refuses_it(world: World, quantity: int) -> None:
    order = Parcels.imported(world, 2)
    note = order.leaves(tracking="AA1")
    stored = world.sandbox.account.goods_out[int(note.partition("-")[2])]
    ((row_id, ((product_id, _, location),)),) = stored.rows.items()
    stored.rows = {row_id: [(product_id, quantity, location)]}

    sync(world, note)

    entry = held(order.order)
    assert (entry.class_, entry.field) == ("document", "qty")
    assert order.shipments == []
    assert quiet(world, note)


def not_ours(world: World) -> int:
    """A sales order that staff entered in Brightpearl; its id."""
    account = world.sandbox.account
    product = next(
        p for p in account.products.values() if p.stock_tracked and account.stock[p.id][2].on_hand
    )
    row = {"productId": product.id, "quantity": 1, "taxCode": "T20", "net": "5", "tax": "1"}
    answer = world.http.post(
        f"{world.sandbox.brightpearl_url}/sandbox/order-service/sales-order",
        headers={
            "brightpearl-app-ref": "causeway_app",
            "brightpearl-account-token": "sandbox-account-token",
        },
        json={"customer": {"id": next(iter(account.contacts))}, "rows": [row]},
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["response"])


def test_notes_of_other_channels_and_transfers_are_done_with_at_once(world: World) -> None:
    order = Parcels.imported(world, 1)
    transfer = order.leaves(tracking="AA1")
    moved = world.sandbox.account.goods_out[int(transfer.partition("-")[2])]
    moved.transfer, moved.order_id = True, 0
    answer = world.brightpearl("ship", order_id=not_ours(world))
    strange = f"note-{answer['goods_out_note_id']}"

    report = sync(world, transfer, strange)

    assert report["counts"]["not ours"] == 2
    assert states(world, transfer, strange) == ["done", "done"]
    assert quiet(world, transfer, strange)


def test_a_note_that_was_destroyed_before_it_left_is_done_with(world: World) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(leave=False)
    sync(world, note)
    assert states(world, note) == ["done"]
    order.note(note, destroy=True)

    sync(world, note)

    assert states(world, note) == ["done"]
    assert order.shipments == []


def test_a_note_that_breaks_the_model_is_quarantined_with_its_field(world: World) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1")
    stored = world.sandbox.account.goods_out[int(note.partition("-")[2])]
    whole = dict(stored.rows)
    ((row_id, ((product_id, _, location),)),) = stored.rows.items()
    stored.rows = {row_id: [(product_id, None, location)]}

    sync(world, note)

    entry = held(order.order)
    assert entry.class_ == "document"
    assert entry.field.endswith("quantity")
    assert note.partition("-")[2] in entry.reason
    stored.rows = whole
    sync(world, order.order)
    assert order.shipments == [("AA1", [1])]
    assert states(world, order.order) == ["done"]
    assert Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY) == []


def test_a_note_that_does_not_even_say_whose_it_is_waits_under_its_own_key(world: World) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1")
    rule = {"kind": "null_fields", "method": "GET", "path": "goods-note/goods-out", "rate": 1.0}
    world.fault("brightpearl", rule)

    sync(world, note)

    assert held(note).class_ == "document"
    assert states(world, note) == ["dead"]
    world.fault("brightpearl")
    sync(world, note)
    assert order.shipments == [("AA1", [1])]
    assert Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY) == []


def test_a_note_of_an_order_that_the_store_archived_is_a_case(world: World) -> None:
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1")
    url = f"{world.sandbox.bigcommerce_url}/stores/sandbox/v2/orders/{order.order}"
    world.http.delete(url, headers={"X-Auth-Token": "sandbox-access-token"})

    sync(world, note)

    assert held(order.order).field == "closed"
    assert "archived" in held(order.order).reason
    assert quiet(world, note)


def test_an_order_that_staff_deleted_in_brightpearl_takes_no_shipment_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES", "0")
    disconnect()
    order = Parcels.imported(world, 1)
    note = order.leaves(tracking="AA1")
    sync(world, note)
    account, number = world.sandbox.account, int(note.partition("-")[2])
    del account.orders[order.sales_order.id]
    del account.goods_out_by_order[account.goods_out.pop(number).order_id]

    sync(world, note, order.order)

    assert order.shipments == [("AA1", [1])]
    assert states(world, order.order) == ["done"]
    assert quiet(world, note, order.order)

"""Goods of refunds: back on sale, into quarantine, or never sent; on hand rises once only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from refunding import (
    cases,
    change,
    credit,
    imported,
    lines,
    map_with,
    paid_out,
    refund,
    release,
    runs_again_without_writing,
    states,
    stock,
    sync,
)
from world import PAIR, World

from flows.refunds import audit_refunds
from sandbox.brightpearl import reference
from tasks.reconciler.connections import disconnect

pytestmark = pytest.mark.long


def first(world: World) -> str:
    return str(lines(world, 1)[0]["sku"])


def second(world: World) -> str:
    return str(lines(world, 1, 1)[1]["sku"])


def returned(world: World, key: str, reason: str, **quantities: int) -> dict[str, Any]:
    """Units come back with a reason."""
    items = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return refund(world, key, items=items, reason=reason)


def reserved(world: World, key: str, sku: str) -> int:
    order = world.sales_order(key)
    found = world.sandbox.account.reservations.get(order.id)
    rows = {row.id: row.sku for row in order.rows.values()}
    held = found.rows if found else {}
    return sum(units for row_id, (_, units) in held.items() if rows[row_id] == sku)


def test_resellable_units_are_back_on_sale_once(world: World) -> None:
    key = imported(world, shipped=True)
    sku = first(world)
    before = stock(world, sku).on_hand
    made = returned(world, key, "Too small; returned: resellable", **{sku: 2})

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    assert stock(world, sku).on_hand == before + 2
    assert one.stock_status == "SCA"
    (note,) = world.sandbox.account.goods_in.values()
    assert note.user_batch_reference == f"BC-{key}-R{made['refund_id']}"
    assert runs_again_without_writing(world, key)
    assert stock(world, sku).on_hand == before + 2


def test_damaged_units_go_to_quarantine_and_not_on_sale(world: World) -> None:
    key = imported(world, shipped=True)
    sku = first(world)
    before = stock(world, sku).on_hand
    returned(world, key, "Returned: damaged", **{sku: 1})

    sync(world, key)

    assert stock(world, sku).on_hand == before
    assert stock(world, sku).quarantined == 1
    (note,) = world.sandbox.account.goods_in.values()
    assert [part[2] for parts in note.rows.values() for part in parts] == [
        reference.QUARANTINE_LOCATIONS[2]
    ]
    assert runs_again_without_writing(world, key)


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "not unused - do not restock, nothing comes back",
        "damaged in transit, lost parcel claim",
        "not returned: resellable",
    ],
)
def test_units_that_nobody_says_came_back_are_not_received(world: World, reason: str) -> None:
    key = imported(world, shipped=True)
    sku = first(world)
    before = stock(world, sku).on_hand
    returned(world, key, reason, **{sku: 1})

    sync(world, key)

    assert stock(world, sku).on_hand == before
    assert world.sandbox.account.goods_in == {}
    assert runs_again_without_writing(world, key)


def test_what_staff_received_already_is_not_received_again(world: World) -> None:
    key = imported(world, shipped=True)
    sku = first(world)
    made = returned(world, key, "returned: resellable", **{sku: 2})
    rule = {"kind": "http_503", "method": "POST", "path": "goods-in|multi-message", "rate": 1.0}
    world.fault("brightpearl", rule)
    sync(world, key)
    world.fault("brightpearl")
    one = credit(world, key, made["refund_id"])
    before = stock(world, sku).on_hand
    world.brightpearl("receive", order_id=one.id)

    sync(world, key)

    assert stock(world, sku).on_hand == before + 2
    assert len(world.sandbox.account.goods_in) == 1


def test_units_refunded_before_they_leave_are_free_again(world: World) -> None:
    key = imported(world)
    sku = first(world)
    before, held = stock(world, sku).on_hand, reserved(world, key, sku)
    returned(world, key, "Changed her mind", **{sku: 2})

    sync(world, key)

    assert reserved(world, key, sku) == held - 2 == 1
    assert stock(world, sku).on_hand == before + 2
    assert reserved(world, key, second(world)) == 2
    assert world.sandbox.account.goods_in == {}
    assert runs_again_without_writing(world, key)


def for_nothing(world: World, key: str, reason: str = "") -> dict[str, Any]:
    """Two units of the first line are refunded for 0.00."""
    items = [{"sku": first(world), "quantity": 2}]
    return refund(world, key, items=items, reason=reason, override_total="0", override_tax="0")


def test_units_refunded_for_nothing_before_they_leave_are_free_again(world: World) -> None:
    key = imported(world)
    sku = first(world)
    before, held = stock(world, sku).on_hand, reserved(world, key, sku)
    made = for_nothing(world, key)

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    assert [(row.sku, row.quantity, row.net) for row in one.rows.values()] == [(sku, 2, 0)]
    assert paid_out(world, one) == 0
    assert (reserved(world, key, sku), stock(world, sku).on_hand) == (held - 2, before + 2)
    assert (cases(world), states(world, key)) == ([], ["done"])
    assert runs_again_without_writing(world, key)


def test_units_that_come_back_for_nothing_are_received_once(world: World) -> None:
    key = imported(world, shipped=True)
    sku = first(world)
    before = stock(world, sku).on_hand
    for_nothing(world, key, "exchanged; returned: resellable")

    sync(world, key)

    assert stock(world, sku).on_hand == before + 2
    assert runs_again_without_writing(world, key)
    found = asyncio.run(audit_refunds.fn(PAIR, days=2))
    assert (found["agrees"], found["refunds"], found["credited"]) == (True, 1, 1)


def test_released_units_are_not_reserved_again_by_the_order_sync(world: World) -> None:
    key = imported(world)
    sku = first(world)
    returned(world, key, "", **{sku: 2})
    sync(world, key)
    free = stock(world, sku).on_hand

    world.sync(key)

    assert stock(world, sku).on_hand == free
    assert reserved(world, key, sku) == 1


def test_a_note_that_nobody_picked_is_taken_back_and_the_rest_reserved(world: World) -> None:
    key = imported(world)
    sku = first(world)
    before = stock(world, sku).on_hand
    world.brightpearl("ship", external_ref=f"BC-{key}", stage="printed")
    returned(world, key, "", **{sku: 1})

    sync(world, key)

    assert world.sandbox.account.goods_out == {}
    assert stock(world, sku).on_hand == before + 1
    assert reserved(world, key, sku) == 2
    assert reserved(world, key, second(world)) == 2
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)


def test_a_note_that_is_picked_is_left_to_a_person(world: World) -> None:
    key = imported(world)
    sku = first(world)
    note = world.brightpearl("ship", external_ref=f"BC-{key}", stage="picked")
    made = returned(world, key, "", **{sku: 1})

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "picked")
    assert str(note["goods_out_note_id"]) in case.reason
    assert len(world.sandbox.account.goods_out) == 1
    one = credit(world, key, made["refund_id"])
    assert paid_out(world, one) == one.net + one.tax
    assert runs_again_without_writing(world, key)
    assert len(cases(world)) == 1

    world.brightpearl("ship", note_id=note["goods_out_note_id"], stage="printed")
    release(world)

    assert cases(world) == []
    assert world.sandbox.account.goods_out == {}
    assert reserved(world, key, sku) == 2


def test_of_a_part_shipped_line_units_that_stayed_are_refunded_first(world: World) -> None:
    key = imported(world)
    sku = first(world)
    world.brightpearl("ship", external_ref=f"BC-{key}", rows={sku: 2})
    before = stock(world, sku).on_hand
    returned(world, key, "", **{sku: 1})

    sync(world, key)

    assert reserved(world, key, sku) == 0
    assert stock(world, sku).on_hand == before + 1
    assert world.sandbox.account.goods_in == {}
    assert runs_again_without_writing(world, key)


def test_a_reason_that_names_returned_goods_means_units_that_had_left(world: World) -> None:
    key = imported(world)
    sku = first(world)
    world.brightpearl("ship", external_ref=f"BC-{key}", rows={sku: 2})
    before = stock(world, sku).on_hand
    returned(world, key, "returned: resellable", **{sku: 1})

    sync(world, key)

    assert reserved(world, key, sku) == 1
    assert stock(world, sku).on_hand == before + 1
    assert len(world.sandbox.account.goods_in) == 1


def test_units_are_split_once_whatever_is_shipped_later(world: World) -> None:
    key = imported(world)
    sku = first(world)
    returned(world, key, "", **{sku: 1})
    sync(world, key)
    world.brightpearl("ship", external_ref=f"BC-{key}", rows={sku: 2})
    before = stock(world, sku).on_hand
    returned(world, key, "returned: resellable", **{sku: 1})

    sync(world, key)

    assert stock(world, sku).on_hand == before + 1
    assert runs_again_without_writing(world, key)


def test_damaged_goods_without_a_place_wait_for_one_while_the_money_goes_out(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(monkeypatch, tmp_path / "mappings", quarantine_locations="3,4,\n")
    key = imported(world, shipped=True)
    sku = first(world)
    made = returned(world, key, "returned: damaged", **{sku: 1})

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("warehouse", "2")
    assert "quarantine_locations.csv" in case.remedy
    one = credit(world, key, made["refund_id"])
    assert paid_out(world, one) == one.net + one.tax
    assert world.sandbox.account.goods_in == {}

    monkeypatch.delenv("CAUSEWAY_MAPPINGS_PATH")
    disconnect()
    release(world)

    assert cases(world) == []
    assert stock(world, sku).quarantined == 1
    assert runs_again_without_writing(world, key)


def test_units_of_a_refund_that_waited_are_not_those_of_a_later_one(world: World) -> None:
    world.switch("bigcommerce", second_refund="accept")
    key = imported(world)
    sku = first(world)
    items = [{"sku": sku, "quantity": 2}]
    waiting = refund(world, key, items=items, payment="pending")
    returned(world, key, "", **{sku: 1})
    sync(world, key)
    assert reserved(world, key, sku) == 2

    change(world, waiting, complete=True)
    sync(world, key, source="transaction")

    assert reserved(world, key, sku) == 0
    assert world.sandbox.account.goods_in == {}
    assert runs_again_without_writing(world, key)

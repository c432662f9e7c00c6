"""Lost notices, proof that nothing is missing, and what it costs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from parcels import ENTITY, PAIR, Parcels, lines, quiet, skus, states, sync
from sweeping import sweep_shipments
from world import World

from flows.shipments import audit_shipments, sync_shipments
from store.inbox import Inbox
from tasks.reconciler.connections import connect

pytestmark = pytest.mark.long


def sweep() -> dict[str, Any]:
    return sweep_shipments()


def audit() -> dict[str, Any]:
    return asyncio.run(audit_shipments.fn(PAIR))


def sent(world: World, system: str, method: str = "") -> int:
    counted = world.requests(system).items()
    return sum(count for name, count in counted if name.startswith(method))


def test_a_sweep_heals_notices_that_never_came(world: World) -> None:
    orders = [Parcels.imported(world, 2) for _ in range(2)]
    notes = [orders[0].leaves(tracking="AA1")]
    answer = world.brightpearl("dropship", order_id=orders[1].sales_order.id, tracking="DS1")

    found = sweep()

    assert [one.shipments for one in orders] == [[("AA1", [2])], [("DS1", [2])]]
    keys = [*notes, f"drop-{answer['drop_ship_note_id']}"]
    assert states(world, *keys) == ["done", "done"]
    assert found["changed"] == 2
    world.forget_requests()
    sweep()
    assert world.writes() == 0


def test_a_sweep_finds_a_note_that_was_taken_back_unnoticed(world: World) -> None:
    order = Parcels.imported(world, 2)
    note = order.leaves(tracking="AA1")
    sync(world, note)
    order.note(note, unship=True)

    sweep()

    assert states(world, order.order) == ["parked"]


def test_an_audit_of_two_sides_that_agree_says_so_and_changes_nothing(world: World) -> None:
    order = Parcels.imported(world, 2, 1)
    sync(world, order.leaves(1, 1, tracking="AA1"))
    world.forget_requests()

    found = audit()

    assert found["agrees"]
    assert (found["orders"], found["agreeing"], found["units"]) == (1, 1, 2)
    assert world.writes() == 0


def test_an_audit_names_what_is_missing_and_puts_it_back(world: World) -> None:
    missing, late, beyond = (Parcels.imported(world, 2) for _ in range(3))
    missing.leaves(tracking="AA1")
    note = late.leaves()
    sync(world, note)
    late.note(note, tracking="LATE")
    beyond.shipped_in_store(1)

    found = audit()

    assert not found["agrees"]
    line = missing.line_ids[0]
    assert found["missing"] == {missing.order: f"line {line}: 2 left, 0 in BigCommerce"}
    assert found["beyond"] == {beyond.order: f"line {beyond.line_ids[0]}: 0 left, 1 in BigCommerce"}
    assert found["without_tracking"] == [late.order]
    sync(world)
    assert missing.shipments == [("AA1", [2])]
    assert late.shipments == [("LATE", [2])]
    assert [units for _, units in beyond.shipments] == [[1]]
    assert audit()["missing"] == {}


def test_an_audit_lists_what_waits_besides_what_is_missing(world: World) -> None:
    order = Parcels.imported(world, 2)
    world.bigcommerce("edit", order_id=int(order.order), status_id=5)
    sync(world, order.leaves(tracking="AA1"))

    found = audit()

    assert found["missing"] == {}
    assert found["waiting"] == {order.order: "quarantined: review"}


def test_the_stores_echo_of_our_shipment_costs_nothing_in_brightpearl(world: World) -> None:
    order = Parcels.imported(world, 1)
    sync(world, order.leaves(tracking="AA1"))
    world.forget_requests()

    report = sync(world, order.order, source="webhook")

    assert report["counts"]["unchanged"] == 1
    assert world.requests("brightpearl") == {}
    assert sent(world, "bigcommerce") == 1


def test_two_runs_at_the_same_notes_make_each_shipment_once(world: World) -> None:
    order = Parcels.imported(world, 2, 2)
    first, second = order.leaves(1, 1, tracking="AA1"), order.leaves(tracking="BB2")
    inbox = Inbox(connect(PAIR).database)
    world.due(first, second, order.order, source="operator", entity=ENTITY)

    async def together() -> None:
        loop = asyncio.get_running_loop()
        runs = [
            loop.run_in_executor(None, lambda: asyncio.run(sync_shipments.fn(pair=PAIR)))
            for _ in range(2)
        ]
        await asyncio.gather(*runs)

    asyncio.run(together())
    sync(world, order.order, source="operator")

    assert sorted(order.shipments) == [("AA1", [1, 1]), ("BB2", [1, 1])]
    assert set(inbox.states(PAIR, ENTITY, [first, second, order.order]).values()) == {"done"}


def test_a_batch_of_100_costs_a_request_for_each_shipment_and_three_more(world: World) -> None:
    """Two pages of orders, before and after; one question for the notes. Bars: 1.25 x floors."""
    world.brightpearl("stock", sku=skus(world)[0], on_hand=200)
    orders = [Parcels(world, world.place(lines=lines(world, 1))) for _ in range(100)]
    world.sync(*(one.order for one in orders))
    notes = [one.leaves(tracking=f"RM{n}") for n, one in enumerate(orders)]
    world.forget_requests()

    report = sync(world, *notes)

    assert report["counts"]["shipped"] == 100
    assert sent(world, "bigcommerce") <= 102 <= 1.25 * (1 + 100)
    assert sent(world, "brightpearl") == 1
    assert quiet(world, *notes)

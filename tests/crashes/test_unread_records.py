"""What cannot be read of one record waits for later with it; all others of its batch go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from crashing import WORK, Work, make_due, unsettled, wrong
from refunding import imported
from stories import run
from world import World
from worlds import opened

from connectors.brightpearl.api import id_set
from sandbox.kit.faults import BROKEN
from tasks.reconciler.connections import disconnect

TRANSACTIONS = "/v3/orders/{}/transactions$"
"""What is read of an order by itself."""
SHORT = ("500", "empty")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("unread")) as both, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_ORDERS__AMENDMENT_CAP", "1000")  # edited orders need no person
        disconnect()
        yield both


def check_waits_alone(world: World, how: str) -> None:
    work = WORK["orders"](world)
    bad, *good = work.records
    path = TRANSACTIONS.format(bad)
    world.fault("bigcommerce", {"kind": "broken_answer", "as": how, "method": "GET", "path": path})

    report = run(world, "orders", *work.keys)

    assert report["error"] == ""
    waiting = unsettled("orders", work.keys)
    assert [state for state, _ in waiting.values()] == ["due"]
    assert unsettled("orders", good) == {}

    world.fault("bigcommerce")
    make_due(world, "orders", work.keys)
    run(world, "orders")
    assert unsettled("orders", work.records) == {}
    assert wrong(world, "orders", work) == []


@pytest.mark.parametrize("how", SHORT)
def test_a_record_that_cannot_be_read_now_holds_up_no_other(world: World, how: str) -> None:
    check_waits_alone(world, how)


@pytest.mark.long
@pytest.mark.parametrize("how", list(BROKEN))
def test_no_broken_answer_about_a_record_holds_up_any_other(world: World, how: str) -> None:
    check_waits_alone(world, how)


def sets_with(wanted: str, ids: list[str]) -> str:
    """A pattern of every set of these ids that holds the wanted one."""
    others = [one for one in ids if one != wanted]
    parts = (part for size in range(len(ids)) for part in combinations(others, size))
    return "|".join(re.escape(id_set([wanted, *part])) for part in parts)


def check_is_read_without_it(world: World, how: str) -> None:
    """Edited orders, of which Brightpearl cannot show one: neither alone nor among others."""
    keys = [imported(world) for _ in range(5)]
    ids = [str(world.sales_order(key).id) for key in keys]
    for key in keys:
        line = world.sandbox.store.orders[int(key)].lines[0]
        world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 4}])
    bad, *good = keys
    path = f"/order-service/sales-order/(?:{sets_with(ids[0], ids)})$"
    rule = {"kind": "broken_answer", "as": how, "method": "GET", "path": path}
    world.fault("brightpearl", rule)

    report = run(world, "orders", *keys)

    assert report["error"] == ""
    ((key, (state, reason)),) = unsettled("orders", keys).items()
    assert (key, state) == (bad, "due")
    assert "Brightpearl" in reason
    assert report["outcomes"] == {"amended": len(good), "again": 1}

    world.fault("brightpearl")
    make_due(world, "orders", keys)
    run(world, "orders")
    assert unsettled("orders", keys) == {}
    assert wrong(world, "orders", Work(keys, keys)) == []


@pytest.mark.parametrize("how", SHORT)
def test_an_order_that_brightpearl_cannot_show_holds_up_no_other(world: World, how: str) -> None:
    check_is_read_without_it(world, how)


@pytest.mark.long
@pytest.mark.parametrize("how", [one for one in BROKEN if one not in SHORT])
def test_no_broken_answer_about_a_sales_order_holds_up_any_other(world: World, how: str) -> None:
    check_is_read_without_it(world, how)

"""What cannot be read of one record waits for later with it; all others of its batch go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crashing import WORK, make_due, unsettled, wrong
from stories import run
from world import World
from worlds import opened

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

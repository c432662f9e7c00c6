"""What a killed import began and what happens meanwhile: it is compared to its end all the same."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from crashing import Work, make_due, unsettled, wrong
from forked import Workers, workers
from refunding import lines, refund
from stories import cases
from waiting import WITHIN_S
from world import World
from worlds import opened

from tasks.reconciler.connections import disconnect

CANCELLED = 5
SHOPPERS, ORDERS = 20, 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(tmp_path_factory.mktemp("imports")) as both, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_ORDERS__AMENDMENT_CAP", "1000")  # edited orders need no person
        patch.setenv("CAUSEWAY_ORDERS__BATCH_SIZE", "10")
        disconnect()
        yield both


@pytest.fixture(scope="module")
def killed(world: World) -> Iterator[Workers]:
    with workers() as found:
        yield found


def begun(world: World, killed: Workers, point: str) -> str:
    """An order whose first import was killed after its sales order had been created."""
    key = world.place(lines=lines(world, 2, 1))
    make_due(world, "orders", [key])
    assert killed.live("orders", crash_at=f"{point}/orders") < 0
    assert world.sales_order(key)
    assert list(unsettled("orders", [key])) == [key]
    return key


def check(world: World, killed: Workers, key: str, source: str = "operator") -> None:
    world.due(key, source=source)
    assert killed.live("orders", "refunds") == 0
    assert unsettled("orders", [key]) == {}
    assert cases(world, key) == []
    assert wrong(world, "orders", Work([key], [key])) == []


POINTS = ["after-request#2", "before-links", "before-settle"]
"""After the sales order was created (its customer is known), and at the end of the import."""


@pytest.mark.parametrize(
    ("point", "source"),
    [
        ("before-links", "webhook"),
        pytest.param("before-links", "operator", marks=pytest.mark.long),
        pytest.param("before-settle", "operator", marks=pytest.mark.long),
    ],
)
def test_an_order_that_the_store_cancels_after_its_import_was_killed_is_cancelled_here_too(
    world: World, killed: Workers, point: str, source: str
) -> None:
    key = begun(world, killed, point)
    world.bigcommerce("edit", order_id=int(key), status_id=CANCELLED)

    check(world, killed, key, source)

    assert world.sales_order(key).status_id == CANCELLED


@pytest.mark.parametrize("point", ["before-links"])
def test_an_order_that_is_edited_after_its_import_was_killed_is_amended_by_nobody_s_leave(
    world: World, killed: Workers, point: str
) -> None:
    key = begun(world, killed, point)
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 4}])

    check(world, killed, key)


def test_an_order_that_is_refunded_whole_after_its_import_was_killed_is_completed_and_credited(
    world: World, killed: Workers
) -> None:
    key = begun(world, killed, "before-links")
    skus = [(line["sku"], line["quantity"]) for line in lines(world, 2, 1)]
    refund(world, key, items=[{"sku": sku, "quantity": count} for sku, count in skus])
    make_due(world, "refunds", [key])

    check(world, killed, key)


@pytest.mark.long
def test_two_runs_at_once_make_one_contact_for_each_new_shopper(world: World) -> None:
    keys = [
        world.place(
            lines=lines(world, 1),
            email=f"crowd{number % SHOPPERS}@example.com",
            guest=True,
        )
        for number in range(ORDERS)
    ]
    make_due(world, "orders", keys)
    with ExitStack() as stack:
        both = [stack.enter_context(workers()) for _ in range(2)]
        for _ in range(5):
            threads = [threading.Thread(target=one.live, args=("orders",)) for one in both]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(WITHIN_S)
            if not (left := unsettled("orders", keys)):
                break
            make_due(world, "orders", list(left))

    assert unsettled("orders", keys) == {}
    emails = Counter(one.emails["PRI"] for one in world.sandbox.account.contacts.values())
    crowd = {email: count for email, count in emails.items() if email.startswith("crowd")}
    assert set(crowd.values()) == {1}
    assert len(crowd) == SHOPPERS
    assert wrong(world, "orders", Work(keys, keys)) == []

"""C19: a part of a system is away, or all of it for a day; the rest goes on, and nothing is lost.

Given Brightpearl's multi-message endpoint fails while single calls work; then orders are imported
by single calls, each once. Given either system answers nothing for 24 hours while shoppers order;
then keys stay due, and afterwards every order is imported once, in the order of the store's
numbers.
"""

from __future__ import annotations

import asyncio

import pytest
from stories import ORDERS, account_money, lines, run, second_pass, store_money
from sweeping import sweep_orders
from world import PAIR, World

from core.errors import TransientError
from flows.orders import sync_orders

DAY_S = 24 * 3600.0
RUNS = 3


def jump(world: World, seconds: float) -> None:
    """Time passes for both systems."""
    answer = world.http.post(world.control("brightpearl", "clock"), json={"advance_s": seconds})
    assert answer.status_code == 200, answer.text


def imported(world: World, keys: list[str]) -> list[str]:
    """Orders that have a sales order, as these were made."""
    found = sorted(world.sales_orders, key=lambda order: order.id)
    refs = [order.external_ref.removeprefix("BC-") for order in found]
    return [ref for ref in refs if ref in keys]


@pytest.mark.long
def test_orders_are_imported_by_single_calls_while_multi_messages_fail(world):
    keys = [world.place(lines=lines(world, 2)) for _ in range(4)]
    world.fault("brightpearl", {"kind": "http_500", "path": "multi-message"})

    for _ in range(RUNS):
        run(world, ORDERS, *keys)

    assert world.requests("brightpearl")["POST /multi-message"] > 0
    assert imported(world, keys) == keys
    assert not world.duplicates()
    assert [account_money(world, key) for key in keys] == [store_money(world, key) for key in keys]
    world.fault("brightpearl")
    assert second_pass(world, orders=keys) == 0


@pytest.mark.parametrize(
    "system", ["bigcommerce", pytest.param("brightpearl", marks=pytest.mark.long)]
)
def test_a_day_without_a_system_loses_nothing_and_ends_in_the_order_of_the_store(world, system):
    sweep_orders()
    keys = [world.place(lines=lines(world, 1)) for _ in range(3)]
    world.due(*keys, source="webhook")
    world.fault(system, {"kind": "http_503"})
    with pytest.raises(TransientError):
        asyncio.run(sync_orders.fn(pair=PAIR))
    assert world.states(*keys) == ["due"] * 3
    keys += [world.place(lines=lines(world, 1)) for _ in range(3)]
    jump(world, DAY_S)
    world.fault(system)

    sweep_orders()

    assert imported(world, keys) == keys
    assert not world.duplicates()
    assert [account_money(world, key) for key in keys] == [store_money(world, key) for key in keys]
    assert second_pass(world, orders=keys) == 0

"""Paid orders that are changed in the store so that they cost more, or less, than was paid."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from remedies import carry_out
from world import World

from core.times import utc_now
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect, disconnect

LINES = [{"sku": "GAR-01-RED-M", "quantity": 2}, {"sku": "GAR-02-RED-S", "quantity": 1}]
CODE = [{"code": "TENOFF", "type": "percent", "amount": "10"}]


def cases(world: World) -> list[Any]:
    return Quarantine(connect("default").database).list(pair="default")


def imported(world: World, payment: str = "captured", **order: Any) -> str:
    key = world.place(lines=LINES, payment=payment, **order)
    world.sync(key)
    assert cases(world) == []
    return key


def total(world: World, key: str) -> Decimal:
    """What both sides say that the order costs."""
    sale = world.sales_order(key)
    amount: Decimal = world.sandbox.store.orders[int(key)].totals.inc
    assert sale.net + sale.tax == amount
    return amount


def test_a_coupon_that_vanishes_after_the_import_is_a_case(world: World) -> None:
    key = imported(world, coupons=CODE)
    paid = world.receipts(key)[0]
    world.bigcommerce("edit", order_id=int(key), remove_coupons=["TENOFF"])

    world.sync(key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "balance")
    owed = total(world, key) - paid
    assert owed > 0
    assert f"the shopper owes {owed} GBP" in case.reason
    world.forget_requests()
    world.sync(key)
    assert world.writes() == 0
    assert len(cases(world)) == 1


@pytest.mark.long
@pytest.mark.parametrize("payment", ["captured", "offline"])
@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"add": [{"sku": "GAR-02-RED-S", "quantity": 1}]}, "the shopper owes"),
        ({"lines": [{"sku": "GAR-01-RED-M", "price": "30.00"}]}, "the shopper owes"),
        ({"lines": [{"sku": "GAR-01-RED-M", "price": "10.00"}]}, "too much was paid"),
        ({"discount": "4.00"}, "too much was paid"),
        ({"addresses": [{"cost": "9.00"}]}, "the shopper owes"),
    ],
)
def test_whatever_changes_what_a_paid_order_costs_is_a_case(
    world: World, edit: dict[str, Any], says: str, payment: str
) -> None:
    by_bank = {"payment": "offline", "payment_method": "Bank Deposit", "status_id": 11}
    key = imported(world, **(by_bank if payment == "offline" else {}))
    paid = world.receipts(key)
    assert paid == [world.sandbox.store.orders[int(key)].totals.inc]
    world.bigcommerce("edit", order_id=int(key), **edit)

    world.sync(key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("review", "balance")
    owed = abs(total(world, key) - paid[0])
    assert owed > 0
    assert says in case.reason
    assert f"{owed} " in case.reason
    assert world.receipts(key) == paid


def test_the_case_is_closed_by_changing_the_order_back(world: World) -> None:
    key = imported(world)
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 5}])
    world.sync(key)
    (case,) = cases(world)
    assert case.field == "balance"

    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 2}])
    world.sync(key)

    assert cases(world) == []
    assert world.states(key) == ["done"]


def test_a_line_taken_off_a_paid_order_says_what_was_paid_too_much(world: World) -> None:
    key = imported(world)
    line = world.sandbox.store.orders[int(key)].lines[1]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 0}])

    world.sync(key)

    (case,) = cases(world)
    assert "too much was paid" in case.reason
    Quarantine(connect("default").database).discard([case.id], "refunded by hand", now=utc_now())
    world.sync(key)
    assert cases(world) == []
    assert world.states(key) == ["done"]


def test_an_unpaid_order_is_amended_without_a_case(world: World) -> None:
    key = imported(world, payment="offline", payment_method="Bank Deposit")
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 3}])

    world.sync(key)

    assert cases(world) == []
    assert total(world, key)


def test_an_amendment_within_the_cap_is_no_case(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_ORDERS__AMENDMENT_CAP", "100")
    disconnect()
    key = imported(world)
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 3}])

    world.sync(key)

    assert cases(world) == []


@pytest.mark.parametrize("source", ["webhook", "sweep"])
def test_the_rest_that_a_shopper_pays_is_booked_although_its_webhook_was_lost(
    world: World, source: str
) -> None:
    key = world.place(lines=LINES)
    paid = world.sandbox.store.orders[int(key)].totals.inc
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 3}])
    world.sync(key, source="webhook")
    rest = total(world, key) - paid
    assert world.receipts(key) == [paid]
    world.sync(key, source=source)
    money = {"action": "add", "event": "purchase", "amount": str(rest)}
    world.bigcommerce("pay", order_id=int(key), **money)

    world.sync(key, source=source)

    assert world.receipts(key) == [paid, rest]
    world.forget_requests()
    world.sync(key, source=source)
    assert world.writes() == 0


def test_the_case_is_left_as_it_is_by_the_command_that_its_remedy_names(world: World) -> None:
    key = imported(world)
    line = world.sandbox.store.orders[int(key)].lines[0]
    world.bigcommerce("edit", order_id=int(key), lines=[{"id": line.id, "quantity": 5}])
    world.sync(key)
    (case,) = cases(world)
    (command,) = re.findall(r"causeway (quarantine discard .*)\.$", case.remedy)

    carry_out(command)

    world.forget_requests()
    world.sync(key)
    assert (cases(world), world.writes()) == ([], 0)
    assert world.states(key) == ["done"]

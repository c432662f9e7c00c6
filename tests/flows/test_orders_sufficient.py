"""Orders whose documents are unusual but say all that a clerk would need: they are imported."""

from __future__ import annotations

import re
import shlex
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from world import World

from cli.main import run
from mappings.bundle import SHIPPED
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect, disconnect

SKU = "GAR-01-RED-M"
LINES = [{"sku": SKU, "quantity": 2}, {"sku": "GAR-02-RED-S", "quantity": 1}]


def cases(world: World) -> list[Any]:
    return Quarantine(connect("default").database).list(pair="default")


def total(world: World, key: str) -> Decimal:
    amount: Decimal = world.sandbox.store.orders[int(key)].totals.inc
    return amount


def is_imported(world: World, key: str) -> bool:
    """Whether it is in Brightpearl, to the cent, and a second run writes nothing."""
    assert [(one.class_, one.value, one.reason) for one in cases(world)] == []
    sale = world.sales_order(key)
    world.forget_requests()
    world.sync(key)
    return bool(sale.net + sale.tax == total(world, key) and world.writes() == 0)


@pytest.mark.parametrize("currency", ["GBP", "EUR"])
def test_an_order_without_an_exchange_rate_takes_the_accounts_own(
    world: World, currency: str
) -> None:
    key = world.place(lines=LINES, currency=currency, shows_exchange_rate=False)

    world.sync(key)

    assert is_imported(world, key)
    assert world.sales_order(key).currency_code == currency
    assert world.receipts(key) == [total(world, key)]


@pytest.mark.parametrize(
    "text",
    [
        "Royal Mail 2nd Class, arrives 2 Dec",
        "Royal Mail 2nd Class (arrives 2 Dec - 4 Dec)",
        "Next day courier - Tuesday 12/01",
    ],
)
def test_a_method_with_a_date_behind_it_is_the_method(world: World, text: str) -> None:
    key = world.place(lines=LINES, shipping=[{"method": text, "cost": "4.95"}])

    world.sync(key)

    assert is_imported(world, key)
    wanted = 3 if text.startswith("Next") else 2
    assert world.sales_order(key).shipping_method_id == wanted


@pytest.mark.parametrize("text", ["Visa ending in 4242", "Klarna", "Zahlung per Karte"])
def test_an_unknown_text_of_a_payment_is_nothing_where_all_transactions_are_known(
    world: World, text: str
) -> None:
    key = world.place(lines=LINES, payment_text=text)

    world.sync(key)

    assert is_imported(world, key)
    assert world.receipts(key) == [total(world, key)]


@pytest.mark.parametrize("price", ["-5.00", "-0.01", "-12.34"])
def test_a_trade_in_is_a_row_below_zero(world: World, price: str) -> None:
    trade_in = {"name": "Trade-in: old phone", "price": price, "quantity": 1}
    key = world.place(lines=[*LINES, trade_in])

    world.sync(key)

    assert is_imported(world, key)
    rows = [row for row in world.sales_order(key).rows.values() if not row.product_id]
    assert any(row.net < 0 for row in rows)


def test_an_order_to_kosovo_has_its_country(world: World) -> None:
    home = {"country_iso2": "XK", "city": "Prishtina", "zip": "10000"}
    key = world.place(lines=LINES, shipping=[{"to": home}])

    world.sync(key)

    assert is_imported(world, key)


@pytest.mark.parametrize("status_id", [11, 9])
def test_a_bank_deposit_set_to_paid_by_hand_has_a_receipt(world: World, status_id: int) -> None:
    key = world.place(lines=LINES, payment_method="Bank deposit")
    assert world.sandbox.store.orders[int(key)].status_id == 7
    world.sync(key)
    assert world.receipts(key) == []
    world.bigcommerce("edit", order_id=int(key), status_id=status_id)

    world.sync(key, source="webhook")

    assert is_imported(world, key)
    assert world.receipts(key) == [total(world, key)]


def test_a_declined_payment_that_succeeds_afterwards_is_received(world: World) -> None:
    key = world.place(lines=LINES, payment="declined")
    world.bigcommerce(
        "pay", order_id=int(key), action="add", event="purchase", amount=str(total(world, key))
    )
    world.bigcommerce("edit", order_id=int(key), status_id=11)
    assert world.sandbox.store.orders[int(key)].payment_status == "declined"

    world.sync(key)

    assert is_imported(world, key)
    assert world.receipts(key) == [total(world, key)]


def test_an_order_released_by_hand_without_money_has_no_receipt(world: World) -> None:
    key = world.place(lines=LINES, payment="declined")
    world.bigcommerce("edit", order_id=int(key), status_id=11)

    world.sync(key)

    assert is_imported(world, key)
    assert world.receipts(key) == []


@pytest.fixture
def folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings that this installation uses."""
    copy = tmp_path / "mappings"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))
    disconnect()
    return copy


def follow(folder: Path, remedy: str, becomes: str) -> None:
    """Do what a remedy says, word for word: a row is added, a command is run."""
    says = r"Add `(.*),<.*>` to (\S+), then: causeway (.*?)(?:\. In one step.*)?$"
    ((row, table, command),) = re.findall(says, remedy)
    path = Path(table)
    assert path.is_relative_to(folder)
    path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n{row},{becomes}\n", "utf-8")
    assert run(shlex.split(command)) == 0


@pytest.mark.parametrize(
    ("orders", "becomes"),
    [
        (
            [
                {"shipping": [{"method": "Drone, arrives 2 Dec", "cost": "4.95"}]},
                {"shipping": [{"method": "Drone, arrives 3 Dec", "cost": "4.95"}]},
            ],
            "3",
        ),
        ([{"shipping": [{"to": {"country_iso2": "ZZ", "city": "X", "zip": "1"}}]}], "GBR"),
        (
            [{"payment_method": "Bank deposit", "payment_text": "Money order", "status_id": 11}],
            "BANK",
        ),
    ],
)
def test_a_remedy_that_is_followed_lets_every_order_of_its_kind_through(
    world: World, folder: Path, orders: list[dict[str, Any]], becomes: str
) -> None:
    keys = [world.place(lines=LINES, **order) for order in orders]
    world.sync(*keys)
    remedies = {case.remedy for case in cases(world)}
    assert len(remedies) == 1

    follow(folder, remedies.pop(), becomes)
    disconnect()
    world.sync()

    assert cases(world) == []
    assert set(world.states(*keys)) == {"done"}

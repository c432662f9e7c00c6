"""What failed for a day, ended its processes or met a defect: its remedy lets it through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from brittle_mappings import brittle
from parcels import Parcels
from people import ANN, HOME, People
from products import in_account, made
from refunding import imported, lines, refund
from remedies import carry_out, follow_case, sync, waiting
from shelves import clocked, plenty, product, promised
from sqlalchemy import update
from world import PAIR, World

from connectors.brightpearl.api import id_set
from core.ids import PRODUCT, sku_key
from core.times import utc_now
from store.tables import inbox
from tasks.policy import GIVEN_UP_AFTER, GIVEN_UP_TRIES
from tasks.reconciler.connections import connect
from tasks.reconciler.run import MOST_INTERRUPTIONS

__all__ = ["brittle"]
pytestmark = pytest.mark.long


@dataclass
class Work:
    """Two records that need work, and what the first of them fails by."""

    keys: list[str]
    records: list[str]
    """The keys under which they are settled."""
    system: str
    path: str
    """Of requests about the first one."""
    breaks: str
    """What it has that our own code fails for."""


def orders(world: World) -> Work:
    keys = [world.place(lines=lines(world, 1)) for _ in range(2)]
    return Work(keys, keys, "bigcommerce", f"orders/{keys[0]}/transactions", keys[0])


def refunds(world: World) -> Work:
    keys = [imported(world, shipped=True) for _ in range(2)]
    for key in keys:
        refund(world, key, amount="3.00")
    path = shows("sales-order", *(world.sales_order(key).id for key in keys))
    return Work(keys, keys, "brightpearl", path, keys[0])


def shipments(world: World) -> Work:
    parcels = [Parcels.imported(world, 1) for _ in range(2)]
    notes = [one.leaves(tracking=f"RM{one.order}") for one in parcels]
    keys = [one.order for one in parcels]
    return Work(notes, keys, "bigcommerce", f"orders/{keys[0]}/shipments", f"RM{keys[0]}")


def stock(world: World) -> Work:
    world.switch("bigcommerce", inventory_delay_s=[0, 0])
    skus = plenty(world, 2)
    for units, sku in enumerate(skus, 30):
        world.brightpearl("stock", sku=sku, on_hand=units)
    keys = [product(world, sku) for sku in skus]
    path = shows("product-availability", *numbers(keys))
    breaks = str(promised(world, skus[0]))
    return Work(keys, [sku_key(sku) for sku in skus], "brightpearl", path, breaks)


def customers(world: World) -> Work:
    people = People(world)
    keys = [people.register(**ANN | {"email": f"{n}@example.com"}, addresses=[HOME]) for n in "ab"]
    people.sync(*keys)
    for key in keys:
        people.edit(key, first_name=f"Anna {key}")
    path = shows("contact-service/contact", *(people.contact(key).id for key in keys))
    return Work(keys, keys, "brightpearl", path, f"Anna {keys[0]}")


def products(world: World) -> Work:
    keys = [made(world, name=name, sku=name.upper()) for name in ("Lamp", "Mug")]
    path = shows("product-service/product", *numbers(keys))
    return Work(keys, keys, "brightpearl", path, "Lamp")


def prices(world: World) -> Work:
    skus = plenty(world, 2)
    for sku, price in zip(skus, ("91.11", "92.22"), strict=True):
        in_account(world, sku).prices[2] = {"1": Decimal(price)}
    keys = [sku_key(sku) for sku in skus]
    path = shows("product-price", *numbers(product(world, sku) for sku in skus))
    return Work(keys, keys, "brightpearl", path, "91.11")


def numbers(keys: Iterable[str]) -> list[str]:
    return [key.removeprefix(PRODUCT) for key in keys]


def shows(path: str, first: object, second: object) -> str:
    """A pattern of the requests of Brightpearl by which a record is read, alone or with another."""
    ids = str(first), str(second)
    return f"{path}/(?:{id_set(ids[:1])}|{id_set(ids)})(?:/|$)"


WORK: list[Callable[[World], Work]] = [
    orders,
    refunds,
    shipments,
    stock,
    customers,
    products,
    prices,
]


EACH = pytest.mark.parametrize("begin", WORK, ids=lambda begin: begin.__name__)


def goes_through(world: World, entity: str, work: Work) -> None:
    """Follow the remedy of the one case, and see the record synced once."""
    (case,) = waiting(entity)
    follow_case(case)
    sync(world, entity)
    assert waiting(entity) == []
    sync(world, entity, *work.records)  # what was sent of stock is read again
    assert world.states(*work.records, entity=entity) == ["done", "done"]
    world.forget_requests()
    sync(world, entity, *work.records)
    assert world.writes() == 0


@EACH
def test_a_record_that_failed_for_a_day_goes_through_once_its_remedy_is_followed(
    world: World, begin: Callable[[World], Work]
) -> None:
    work, entity = begin(world), begin.__name__
    bad, good = work.records
    passed = timedelta()
    world.fault(work.system, {"kind": "http_500", "path": work.path})
    with clocked(lambda: utc_now() + passed):
        sync(world, entity, *work.keys)
        for _ in range(GIVEN_UP_TRIES):
            assert waiting(entity) == []
            passed += GIVEN_UP_AFTER / GIVEN_UP_TRIES
            sync(world, entity, good)
            assert world.states(good, entity=entity) == ["done"]
        (case,) = waiting(entity)
        assert (case.key, case.class_) == (bad, "failing")
        assert world.states(bad, entity=entity) == ["dead"]

        world.fault(work.system)
        goes_through(world, entity, work)


@EACH
def test_a_record_that_ended_its_processes_goes_through_once_its_remedy_is_followed(
    world: World, begin: Callable[[World], Work]
) -> None:
    work, entity = begin(world), begin.__name__
    world.due(*work.keys, entity=entity)
    with connect(PAIR).database.write() as connection:
        ended = update(inbox).where(inbox.c.key == work.keys[0])
        connection.execute(ended.values(interruptions=MOST_INTERRUPTIONS))
    sync(world, entity)
    (case,) = waiting(entity)
    assert (case.key, case.value) == (work.keys[0], "the process ended")
    assert world.states(work.keys[0], entity=entity) == ["dead"]

    goes_through(world, entity, work)


@EACH
def test_a_record_that_our_code_failed_for_goes_through_once_causeway_was_updated(
    world: World,
    brittle: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[[World], Work],
) -> None:
    work, entity = begin(world), begin.__name__
    brittle.add(work.breaks)
    sync(world, entity, *work.keys)
    (case,) = waiting(entity)
    assert (case.key, case.class_) == (work.records[0], "unexpected")
    (export,) = re.findall(r"`causeway (quarantine export [^`]*)`", case.remedy)
    monkeypatch.chdir(tmp_path)
    carry_out(export)
    assert "ZeroDivisionError" in (tmp_path / f"causeway-{case.id}.json").read_text()

    brittle.clear()
    goes_through(world, entity, work)

"""An error of our own code that one record of a batch meets holds up that record alone."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from brittle_mappings import SHOPPER, brittle, follow, sync, waiting
from parcels import Parcels
from people import People
from prefect import flow
from products import in_account, in_store, made
from refunding import imported, lines, refund
from shelves import on_sale, plenty, product, promised
from world import PAIR, World

from core.defects import DefectError
from core.ids import sku_key
from flows.registry import ENTITIES
from tasks.policy import PURE
from tasks.policy import step as step_of_flow

__all__ = ["brittle"]


def placed(world: World, count: int) -> list[str]:
    return [world.place(lines=lines(world, 1), email=SHOPPER) for _ in range(count)]


@pytest.mark.parametrize("culprits", [1, 2, 5])
def test_of_five_orders_only_those_that_our_code_fails_for_wait_and_the_rest_are_imported(
    world: World, brittle: set[str], culprits: int
) -> None:
    keys = placed(world, 5)
    bad = keys[1 : 1 + culprits] if culprits < 5 else keys
    brittle.update(bad)

    report = sync(world, "orders", *keys)

    assert [one.key for one in waiting("orders")] == bad
    assert world.states(*keys) == ["dead" if key in bad else "done" for key in keys]
    assert len(world.sales_orders) == 5 - culprits
    assert world.duplicates() == {}
    assert (report["keys"], report["counts"]["refused"], report["error"]) == (5, culprits, "")
    assert report["counts"].get("created", 0) == 5 - culprits


def test_the_case_has_the_traceback_without_personal_data_and_its_remedy_releases_it(
    world: World, brittle: set[str]
) -> None:
    bad, good = placed(world, 2)
    brittle.add(bad)
    report = sync(world, "orders", bad, good)

    (case,) = waiting("orders")
    assert case.class_ == "unexpected"
    assert case.value.startswith("ZeroDivisionError in mappings.engine.")
    assert any(
        "brittle_mappings.py" in line and " in of" in line for line in case.detail["traceback"]
    )
    assert SHOPPER not in str(case)
    assert SHOPPER not in str(report)

    brittle.clear()
    follow(case.remedy)
    sync(world, "orders")

    assert world.states(bad, good) == ["done", "done"]
    assert world.sales_order(bad)
    assert waiting("orders") == []


def test_a_dry_run_names_the_order_that_our_code_fails_for_and_plans_the_others(
    world: World, brittle: set[str]
) -> None:
    keys = placed(world, 3)
    brittle.add(keys[2])

    report = asyncio.run(ENTITIES["orders"].sync.fn(PAIR, dry_run=True, keys=keys))

    outcomes = {line["record"]: line["outcome"] for line in report["preview"]}
    assert outcomes == {keys[0]: "created", keys[1]: "created", keys[2]: "refused"}
    assert waiting("orders") == []
    assert world.writes() == 0


def test_of_three_refunds_the_one_that_our_code_fails_for_waits_and_the_others_are_credited(
    world: World, brittle: set[str]
) -> None:
    keys = [imported(world, shipped=True) for _ in range(3)]
    sku = lines(world, 1)[0]["sku"]
    for key in keys:
        refund(world, key, items=[{"sku": sku, "quantity": 1}])
    brittle.add(keys[0])

    report = sync(world, "refunds", *keys)

    assert [one.key for one in waiting("refunds")] == keys[:1]
    assert report["counts"]["created"] == 2
    assert world.states(*keys, entity="refunds") == ["dead", "done", "done"]


def test_of_three_notes_the_one_that_our_code_fails_for_waits_and_the_others_are_shipped(
    world: World, brittle: set[str]
) -> None:
    orders = [Parcels.imported(world, 1) for _ in range(3)]
    notes = [order.leaves(tracking=f"RM{order.order}") for order in orders]
    brittle.add(f"RM{orders[1].order}")

    sync(world, "shipments", *notes)

    assert [one.key for one in waiting("shipments")] == [orders[1].order]
    assert [len(order.shipments) for order in orders] == [1, 0, 1]


def test_of_four_skus_the_one_that_our_code_fails_for_waits_and_the_others_are_on_sale(
    world: World, brittle: set[str]
) -> None:
    skus = plenty(world, 4)
    for units, sku in enumerate(skus, 30):
        world.brightpearl("stock", sku=sku, on_hand=units)
    brittle.add(str(promised(world, skus[3])))

    sync(world, "stock", *(product(world, sku) for sku in skus))

    assert [one.key for one in waiting("stock")] == [skus[3].casefold()]
    assert [on_sale(world, sku) == promised(world, sku) for sku in skus] == [
        True,
        True,
        True,
        False,
    ]


def test_of_three_customers_the_one_that_our_code_fails_for_waits_and_the_others_have_contacts(
    world: World, brittle: set[str]
) -> None:
    people = People(world)
    names = ("Ann", "Bea", "Cem")
    keys = [people.register(email=f"{one}@example.com", first_name=one) for one in names]
    brittle.add("Bea")

    sync(world, "customers", *keys)

    assert [one.key for one in waiting("customers")] == [keys[1]]
    found = [len(people.with_email(f"{one}@example.com")) for one in names]
    assert found == [1, 0, 1]


def test_of_three_products_the_one_that_our_code_fails_for_waits_and_the_others_are_in_the_store(
    world: World, brittle: set[str]
) -> None:
    names = ("Lamp", "Mug", "Pen")
    keys = [made(world, name=one, sku=one.upper()) for one in names]
    brittle.add("Mug")

    sync(world, "products", *keys)

    assert [one.key for one in waiting("products")] == [keys[1]]
    store = world.sandbox.store
    assert [store.variant(one.upper()) is not None for one in names] == [True, False, True]


def test_of_three_prices_the_one_that_our_code_fails_for_waits_and_the_others_are_in_the_store(
    world: World, brittle: set[str]
) -> None:
    skus = plenty(world, 3)
    prices = [Decimal("91.11"), Decimal("92.22"), Decimal("93.33")]
    for sku, price in zip(skus, prices, strict=True):
        in_account(world, sku).prices[2] = {"1": price}
    brittle.add("92.22")

    sync(world, "prices", *map(sku_key, skus))

    assert [one.key for one in waiting("prices")] == [skus[1].casefold()]
    found = [in_store(world, sku)[1].price for sku in skus]
    assert [found[0], found[2]] == [prices[0], prices[2]]
    assert found[1] != prices[1]


def test_an_error_that_every_record_meets_ends_the_run_and_leaves_most_keys_due(
    world: World, brittle: set[str]
) -> None:
    keys = placed(world, 30)
    brittle.add("*")

    with pytest.raises(DefectError, match="ZeroDivisionError in "):
        sync(world, "orders", *keys)

    assert 0 < len(waiting("orders")) < len(keys)
    assert world.states(*keys).count("due") == len(keys) - len(waiting("orders"))


@step_of_flow("read-all", PURE)
def read_all() -> None:
    raise ZeroDivisionError(SHOPPER)


@flow(name="fails", persist_result=False)
async def failing() -> None:
    read_all()


def test_prefect_shows_where_a_step_failed_and_no_shoppers_data(
    engine: None, caplog: pytest.LogCaptureFixture
) -> None:
    state = asyncio.run(failing(return_state=True))

    assert state.is_failed()
    assert "in read_all" in caplog.text
    for shown in (str(state.message), caplog.text):
        assert "ZeroDivisionError in" in shown
        assert SHOPPER not in shown

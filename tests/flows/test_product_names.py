"""Names that BigCommerce takes once: a catalogue as it is in the books loads without a person."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from products import group, in_account, in_store, made, reconcile, sync
from reference_material import REAL_ORDERS, needs_real_orders
from waiting import WITHIN_S
from world import PAIR, World

from sandbox.catalogue.retail_rows import is_product
from store.inbox import Inbox
from tasks.reconciler.connections import connect

MESSY = [
    ("85123A", "  CREAM HANGING   HEART T-LIGHT HOLDER "),
    ("85123B", "Cream hanging heart t-light holder"),
    ("21733", 'RED "HEART" T-LIGHT, HOLDER.'),
    ("21734", 'red "heart" t-light, holder.'),
    ("22077", "6 RIBBONS, RUSTIC CHARM "),
    ("84029G", "KNITTED UNION FLAG HOT WATER BOTTLE"),
    ("84029E", "KNITTED UNION FLAG HOT WATER BOTTLE"),
    ("84029F", "KNITTED UNION FLAG HOT WATER BOTTLE"),
]


def test_of_products_with_one_name_all_but_the_first_show_their_sku(world: World) -> None:
    keys = [made(world, sku=sku, name=name) for sku, name in MESSY]

    report = sync(world, *keys)

    names = [in_store(world, sku)[0].name for sku, _ in MESSY]
    plain = [" ".join(name.split()) for _, name in MESSY]
    assert not report["refused"]
    assert all(
        name in {one, f"{one} ({sku})"}
        for (sku, _), name, one in zip(MESSY, names, plain, strict=True)
    )
    assert sum(name.endswith(")") for name in names) == 4
    world.forget_requests()
    sync(world, *keys)
    assert world.writes() == 0
    assert [in_account(world, sku).name for sku, _ in MESSY] == [name for _, name in MESSY]


def test_a_name_that_was_made_unique_is_said_on_the_record_and_follows_a_rename(
    world: World,
) -> None:
    first = made(world, sku="MUG-1", name="Mug")
    sync(world, first)
    second = made(world, sku="MUG-2", name="mug")

    sync(world, second)

    product, _ = in_store(world, "MUG-2")
    assert product.name == "mug (MUG-2)"
    inbox = Inbox(connect(PAIR).database)
    _, reason = inbox.results(PAIR, "products", [second])[second]
    assert "called 'mug (MUG-2)' there" in reason

    world.brightpearl("products", edit="MUG-2", name="Beaker")
    sync(world, second)
    assert product.name == "Beaker"
    world.brightpearl("products", edit="MUG-1", name="BEAKER")
    sync(world, first)
    assert in_store(world, "MUG-1")[0].name == "BEAKER (MUG-1)"
    world.forget_requests()
    sync(world, first, second)
    assert world.writes() == 0
    assert in_account(world, "MUG-1").name == "BEAKER"


def test_a_name_that_people_of_the_store_edit_afterwards_reaches_brightpearl(world: World) -> None:
    sync(world, made(world, sku="MUG-1", name="Mug"))
    key = made(world, sku="MUG-2", name="Mug")
    sync(world, key)
    product, _ = in_store(world, "MUG-2")

    answer = world.http.put(
        f"{world.sandbox.bigcommerce_url}/stores/sandbox/v3/catalog/products/{product.id}",
        json={"name": "Large mug"},
        headers={"X-Auth-Token": "sandbox-access-token"},
    )
    assert answer.status_code == 200
    sync(world, key)

    assert in_account(world, "MUG-2").name == "Large mug"


def test_a_group_and_the_longest_name_are_made_unique_too(world: World) -> None:
    long = "x" * 250
    sync(world, made(world, sku="LONG-1", name=long), *group(world, "Sock", {"S": "SOCK-S"}))
    other = made(world, sku="LONG-2", name=long)
    single = made(world, sku="SOCK-X", name="Sock")

    sync(world, other, single)

    assert in_store(world, "LONG-2")[0].name == "x" * 241 + " (LONG-2)"
    assert in_store(world, "SOCK-X")[0].name == "Sock (SOCK-X)"


def test_a_merchant_may_want_to_decide_names_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__DUPLICATE_NAMES", "refuse")
    sync(world, made(world, sku="MUG-1", name="Mug"))
    key, good = made(world, sku="MUG-2", name="Mug"), made(world, sku="POT-1", name="Pot")

    report = sync(world, key, good)

    assert "name is a duplicate" in report["refused"][0]["reason"]
    assert world.states(key, entity="products") == ["dead"]
    assert in_store(world, "POT-1")


@pytest.mark.long
@needs_real_orders
def test_the_real_catalogue_loads_as_it_is_written(world: World) -> None:
    """Codes and descriptions as they stand in the file: several of each, in whatever case."""
    described: dict[str, str] = {}
    for file in REAL_ORDERS:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if is_product(row["StockCode"].strip().upper()):
                    described[row["StockCode"]] = row["Description"]
    cases: dict[str, list[str]] = {}
    for code in described:
        cases.setdefault(code.strip().casefold(), []).append(code)
    rows: list[dict[str, Any]] = [
        {"sku": code, "name": name or "", "price_ex_tax": "1.25"}
        for code, name in described.items()
    ]
    answer = world.http.post(world.control("brightpearl", "products"), json=rows, timeout=WITHIN_S)
    assert answer.status_code == 200

    first = reconcile()

    refused = first["refused"]
    nameless = [code for code, name in described.items() if not (name or "").strip()]
    doubled = [code for codes in cases.values() if len(codes) > 1 for code in codes]
    assert len(refused) == len({*nameless, *doubled})
    loaded = described.keys() - {*nameless, *doubled}
    assert all(in_store(world, code.strip()) for code in loaded)
    names = [one.name.casefold() for one in world.sandbox.store.products.values()]
    assert len(set(names)) == len(names)
    world.forget_requests()
    second = reconcile()
    assert world.writes() == 0
    assert second["refused"] == refused

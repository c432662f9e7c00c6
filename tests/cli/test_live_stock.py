"""The commands that run stock's flows, in a Prefect server of the tests'."""

import json

import pytest
from shelves import levels, on_sale, plenty, product, promised

from cli.main import run
from store.quarantine import Quarantine
from store.statistics import Accuracy, depths
from tasks.reconciler.connections import connect, disconnect

pytestmark = [pytest.mark.usefixtures("engine", "installed"), pytest.mark.long]


@pytest.fixture
def run_json(world, capsys):
    def document(line, *, code=0):
        capsys.readouterr()
        assert run([*line.split(), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return document


def test_stock_is_synced_by_a_sku_in_any_case_by_product_and_by_variant(world, run_json):
    by_sku, by_product, by_variant = plenty(world, 3)
    for sku in (by_sku, by_product, by_variant):
        world.brightpearl("stock", sku=sku, on_hand=5)
    variant = next(v.id for v in world.sandbox.store.variants.values() if v.sku == by_variant)
    keys = f"{by_sku.swapcase()} {product(world, by_product)} variant:{variant}"

    shown = run_json(f"sync stock --key {keys} --dry-run")["preview"]
    assert {line["record"] for line in shown} == {
        sku.casefold() for sku in (by_sku, by_product, by_variant)
    }
    assert world.writes() == 0
    assert depths(connect("default").database) == []

    found = run_json(f"sync stock --key {keys}")
    assert found["unsettled"] == []
    for sku in (by_sku, by_product, by_variant):
        assert on_sale(world, sku) == promised(world, sku)


def test_a_bundle_that_is_broken_is_named_until_it_is_released_by_entity_and_key(
    world, run_json, capsys
):
    ring = world.brightpearl("products", sku="RING", components=[])["product_id"]
    part = {"product_id": ring, "quantity": 1}
    world.brightpearl("products", edit=ring, components=[part])
    world.bigcommerce("products", sku="RING", stock=1)

    found = run_json("sync stock --key Ring", code=1)

    assert [(one["key"], one["class"]) for one in found["quarantined"]] == [("ring", "bundle")]
    assert run_json("quarantine list --entity orders")["open"] == 0
    assert run_json("quarantine list --entity stock --key RING")["open"] == 1
    world.brightpearl("products", edit=ring, components=[{"sku": plenty(world)[0]}])
    assert run_json("quarantine release --entity stock --key Ring")["keys"] == ["ring"]
    assert run_json("sync stock")["quarantined"] == []


def test_a_sweep_and_an_audit_read_well(world, run_json, capsys):
    (sku,) = plenty(world)
    run_json("reconcile stock")
    world.brightpearl("stock", sku=sku, delta=3)
    assert run_json("sweep stock")["changed"] == 1
    assert on_sale(world, sku) == promised(world, sku)
    assert run_json("audit stock")["agrees"] is True

    world.bigcommerce("stock", sku=sku, on_hand=999)
    found = run_json("audit stock", code=1)
    assert [one["sku"] for one in found["drifted"]] == [sku]
    assert run(["audit", "stock"]) == 1
    shown = capsys.readouterr()
    assert f"differs: {sku} at location 1 999 on sale" in shown.out
    assert "The two systems differ; see docs/stock.md." in shown.err


def test_stock_is_reconciled_after_a_preview(world, run_json, capsys):
    (sku,) = plenty(world)
    run_json("reconcile stock")
    world.brightpearl("stock", sku=sku, delta=4)
    world.forget_requests()

    shown = run_json("reconcile stock --dry-run")
    (line,) = shown["preview"]
    assert (line["record"], line["writes"]) == (sku.casefold(), "add 4 at location 1")
    assert world.writes() == 0
    assert run(["reconcile", "stock", "--dry-run"]) == 0
    assert "Nothing was written." in capsys.readouterr().out

    assert run_json("reconcile stock")["repaired"] == 1
    assert run(["reconcile", "stock"]) == 0
    assert "0 repaired in 0 requests." in capsys.readouterr().out
    assert [
        one.equal < one.compared for one in Accuracy(connect("default").database).last("default")
    ] == [
        False,
        True,
        False,
    ]


def test_a_reconciliation_that_would_empty_the_shop_is_one_message_until_it_is_released(
    world, run_json, capsys, monkeypatch
):
    monkeypatch.setenv("CAUSEWAY_STOCK__ZEROING_MIN_SKUS", "1")
    monkeypatch.setenv("CAUSEWAY_STOCK__ZEROING_PERCENT", "0")
    disconnect()
    run_json("reconcile stock")
    account = levels(world, "brightpearl")
    for sku in plenty(world, 2):
        for warehouse in account[sku]:
            world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))

    assert run(["reconcile", "stock"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "\nZeroingError: This run would take 2 of" in printed.err
    assert "causeway quarantine release --apply --class review --value zeroing" in printed.err
    assert len(printed.err.splitlines()) == 3  # the first names the installation

    (case,) = Quarantine(connect("default").database).list(pair="default", entity="stock")
    assert case.field == "zeroing"
    run_json("quarantine release --apply --class review --value zeroing")
    assert run_json("reconcile stock")["repaired"] == 2


def test_what_waits_for_a_person_makes_a_reconciliation_exit_with_one(world, capsys):
    world.brightpearl("products", sku="TWICE", stock=1)
    world.brightpearl("products", sku="Twice", stock=1)
    world.bigcommerce("products", sku="TWICE", stock=1)
    assert run(["reconcile", "stock"]) == 1
    shown = capsys.readouterr()
    assert "nothing certain is known: twice several products" in shown.out
    assert "1 SKU waits for a person: causeway quarantine list" in shown.err


def test_an_audit_says_what_is_left_alone(world, capsys):
    world.bigcommerce("products", sku="ONLY-BC", stock=1)
    assert run(["audit", "stock"]) in {0, 1}
    assert "left alone, without stock in Brightpearl: " in capsys.readouterr().out

"""`causeway stock`: both sandboxes are read over real HTTP, nothing is written, no engine runs."""

import json
import shutil

import pytest
from cases import Case, open_cases
from shelves import levels, plenty, product

from cli.main import run
from core.times import utc_now
from mappings.bundle import SHIPPED
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.statistics import depths
from store.stock import Demand
from tasks.reconciler.connections import connect, disconnect
from tasks.stock.explain import RECENT, UNSET

pytestmark = [pytest.mark.usefixtures("installed"), pytest.mark.long]


@pytest.fixture
def run_json(world, capsys):
    def document(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return document


@pytest.fixture
def tables(world, tmp_path, monkeypatch):
    """The tables of an installation of its own."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, folder)
    shutil.copytree(SHIPPED / "tables", folder / "tables")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))
    disconnect()
    return folder / "tables"


def empty(world, sku):
    """Leave nothing of a SKU in any warehouse."""
    for warehouse in levels(world, "brightpearl")[sku]:
        world.brightpearl("stock", sku=sku, on_hand=0, warehouse_id=int(warehouse))


def test_every_term_is_shown_with_where_it_came_from_and_nothing_is_written(
    world, run_json, capsys
):
    (sku,) = plenty(world)
    empty(world, sku)
    world.brightpearl("stock", sku=sku, on_hand=9)
    world.bigcommerce("stock", sku=sku, on_hand=30, safety_stock=1)
    order = world.place(lines=[{"sku": sku, "quantity": 3}])
    Demand(connect("default").database).replace(
        "default", {"7": {sku.casefold(): 2}}, now=utc_now()
    )
    world.forget_requests()

    found = run_json("stock", "explain", f" {sku.swapcase()} ")

    assert (found["sku"], found["sku_key"], found["problem"]) == (sku, sku.casefold(), "")
    assert {one["order_id"]: one["source"] for one in found["orders"]} == {
        order: RECENT,
        "7": UNSET,
    }
    (place,) = found["places"]
    offer, level = place["offer"], place["level"]
    assert (offer["promised"], offer["held"], offer["buffer"], offer["sellable"]) == (9, 5, 0, 4)
    assert (level["on_hand"], level["safety_stock"], level["on_sale"]) == (27, 1, 26)
    assert place["writes"] == "add -22 at location 1"
    assert world.writes() == 0
    assert depths(connect("default").database) == []

    assert run(["stock", "explain", sku]) == 0
    shown = capsys.readouterr().out
    assert "mappings/tables/stock_locations.csv, line 2" in shown
    assert "mappings/tables/stock_buffers.csv, line 2" in shown
    assert "would be written: add -22 at location 1" in shown


def test_the_remedy_of_an_unknown_sku_names_the_table_in_use(world, tables, run_json, capsys):
    world.bigcommerce("products", sku="ONLY-BC", stock=7)

    assert f"{tables}/skus.csv" in run_json("stock", "explain", "only-bc", code=1)["remedy"]
    assert run(["stock", "explain", "only-bc"]) == 1
    assert f"add a row to {tables}/skus.csv" in capsys.readouterr().err


def test_a_product_and_a_variant_mean_their_sku(world, run_json):
    (sku,) = plenty(world)
    variant = next(one.id for one in world.sandbox.store.variants.values() if one.sku == sku)
    assert run_json("stock", "explain", product(world, sku))["sku"] == sku
    assert run_json("stock", "explain", f"variant:{variant}")["sku"] == sku


def test_a_component_shows_the_orders_of_its_bundles(world, run_json, capsys):
    cup, tray = plenty(world, 2)
    parts = [{"sku": cup, "quantity": 2}, {"sku": tray, "quantity": 1}]
    world.brightpearl("products", sku="TEA-SET", stock_tracked=False, components=parts)
    world.bigcommerce("products", sku="TEA-SET", stock=50)
    order = world.place(lines=[{"sku": "TEA-SET", "quantity": 3}])

    (place,) = run_json("stock", "explain", cup)["places"]
    assert place["offer"]["held"] == 6
    assert run(["stock", "explain", "tea-set"]) == 0
    shown = capsys.readouterr().out
    assert "a bundle of 2 x product" in shown
    assert f"{cup} " in shown
    assert order in shown


@pytest.mark.parametrize(
    ("sku", "said"),
    [
        ("ONLY-BC", "Brightpearl has no product with the SKU 'only-bc'."),
        ("ONLY-BP", "The store has no stock of its own under this SKU"),
        ("SERVICE", "keeps no stock of product"),
        ("NOWHERE", "Brightpearl has no product with the SKU 'nowhere'. The store has no"),
        ("TWICE", "Several products of Brightpearl have the SKU 'twice'."),
        ("RING", "it contains itself"),
        ("product:999999", "has no stock, or no SKU"),
        ("variant:999999", "has no stock, or no SKU"),
    ],
)
def test_a_sku_of_which_nothing_is_known_is_refused(world, run_json, capsys, sku, said):
    world.bigcommerce("products", sku="ONLY-BC", stock=7)
    world.brightpearl("products", sku="ONLY-BP", stock=5)
    for both in ("SERVICE", "TWICE", "RING"):
        world.bigcommerce("products", sku=both, stock=1)
    world.brightpearl("products", sku="SERVICE", stock_tracked=False)
    world.brightpearl("products", sku="TWICE", stock=1)
    world.brightpearl("products", sku="twice", stock=1)
    ring = world.brightpearl("products", sku="RING", components=[])["product_id"]
    part = {"product_id": ring, "quantity": 1}
    world.brightpearl("products", edit=ring, components=[part])

    found = run_json("stock", "explain", sku, code=1)
    assert said in found["problem"]
    assert found["places"] == []

    assert run(["stock", "explain", sku]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert found["remedy"] in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("name", "row"), [("stock_locations", "main,1,"), ("stock_buffers", "ABC-1 | 1,some,")]
)
@pytest.mark.parametrize("command", [["stock", "explain", "ABC-1"], ["stock", "oversold"]])
def test_a_table_that_cannot_be_read_is_one_line_and_exit_code_two(
    tables, capsys, command, name, row
):
    (tables / f"{name}.csv").write_text(f"value,becomes,note\n{row}\n")
    assert run(command) == 2
    printed = capsys.readouterr()
    assert f"Line 2 of mappings/tables/{name}.csv cannot be read" in printed.err
    assert "Traceback" not in printed.err


def test_a_malformed_setting_of_stock_is_named(world, monkeypatch, capsys):
    monkeypatch.setenv("CAUSEWAY_STOCK__ZEROING_PERCENT", "a lot")
    assert run(["stock", "explain", "ABC-1"]) == 2
    assert "CAUSEWAY_STOCK__ZEROING_PERCENT" in capsys.readouterr().err


def test_a_warehouse_that_feeds_no_open_location_is_named(world, tables, capsys):
    (sku,) = plenty(world)
    (tables / "stock_locations.csv").write_text("value,becomes,note\n2,99,\n")
    assert run(["stock", "explain", sku]) == 0
    shown = capsys.readouterr().out
    assert "No warehouse feeds any location" in shown
    assert "location 99 of stock_locations.csv does not exist in the store" in shown


def test_what_waits_in_quarantine_and_in_the_inbox_is_shown_with_the_terms(world, run_json, capsys):
    (sku,) = plenty(world)
    key, database = sku.casefold(), connect("default").database
    Inbox(database).put("default", "stock", [key], source="notice", now=utc_now())
    assert run_json("stock", "explain", sku)["inbox"] == "due"

    refusal = Case("default", "stock", key, "rejected", "", "7", "it is gone", "Correct it there.")
    open_cases(Quarantine(database), [refusal], now=utc_now())
    found = run_json("stock", "explain", sku, code=1)
    assert "it is gone" in found["problem"]
    assert found["places"]
    assert run(["stock", "explain", sku]) == 1
    shown = capsys.readouterr()
    assert "Its key is due in the inbox" in shown.out
    assert "Correct it there." in shown.err


def test_nothing_is_sold_above_stock_at_first(world, run_json):
    found = run_json("stock", "oversold")
    assert (found["units"], found["oversold"]) == (0, [])


def test_what_is_sold_above_stock_is_named_by_cause_with_its_orders(world, run_json, capsys):
    sku, other = plenty(world, 2)
    first = world.place(lines=[{"sku": sku, "quantity": 4}])
    second = world.place(lines=[{"sku": sku, "quantity": 5}, {"sku": other, "quantity": 1}])
    empty(world, sku)
    world.brightpearl("stock", sku=sku, on_hand=7)
    world.forget_requests()

    found = run_json("stock", "oversold", code=1)

    assert (found["units"], found["skus_held"]) == (2, 2)
    (one,) = found["oversold"]
    assert (one["sku"], one["units"], one["orders"]) == (sku, 2, [first, second])
    assert found["causes"] == {one["cause"]: 2}
    assert world.writes() == 0

    assert run(["stock", "oversold"]) == 1
    shown = capsys.readouterr()
    assert f"{first} {second}" in shown.out
    assert "2 units are sold above stock; see docs/stock.md." in shown.err


@pytest.mark.parametrize("command", [["stock", "explain", "ABC-1"], ["stock", "oversold"]])
def test_a_token_without_the_scope_is_a_line(world, capsys, command):
    world.sandbox.store.switches.scopes = "store_v2_orders"
    assert run(command) == 2
    printed = capsys.readouterr().err
    assert "403" in printed
    assert "Traceback" not in printed

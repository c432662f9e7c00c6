"""`causeway show`: one record on one page, over real HTTP; no engine, and nothing is written."""

import json
import shlex
import sqlite3
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cases import Case, open_cases
from parcels import Parcels
from parcels import sync as sync_shipments
from refunding import credit, imported, refund
from refunding import sync as sync_refunds
from shelves import plenty, product

from cli.main import run
from core.times import utc_now
from store.inbox import Dead, Inbox, Parked
from store.quarantine import Quarantine
from store.statistics import depths
from tasks.reconciler.connections import connect

LINES = [{"sku": "NOWHERE-1", "name": "Nowhere", "price": "5.00", "quantity": 1}]


@pytest.fixture
def shown(world, capsys):
    """The document of a page, for which nothing was written."""
    connect("default")  # an installation with its tables

    def document(*words, code=0):
        world.forget_requests()
        capsys.readouterr()
        assert run(["show", *words, "--json"]) == code
        assert world.writes() == 0
        return json.loads(capsys.readouterr().out)

    return document


def words(found):
    """The command of the next step, as its words."""
    program, *rest = shlex.split(found["next"]["command"])
    assert program == "causeway"
    return rest


def test_an_order_is_one_page_with_both_sides_links_key_and_history(world, shown, capsys):
    key = imported(world)

    found = shown("order", key)

    sales_order = world.sales_order(key)
    store, account = found["bigcommerce"], found["brightpearl"]
    assert (store["status"], account["id"]) == ("9 Awaiting Shipment", str(sales_order.id))
    assert account["external_ref"] == f"BC-{key}"
    assert store["total_inc_tax"] == account["total_gross"]
    assert [one["amount"] for one in account["receipts"]] == [store["total_inc_tax"]]
    assert [line["quantity"] for line in store["lines"]] == [
        int(float(row["quantity"])) for row in account["rows"] if row["sku"]
    ]
    assert ("orders", key, str(sales_order.id)) in [
        (one["entity"], one["key_bc"], one["id_bp"]) for one in found["links"]
    ]
    assert [(one["entity"], one["state"]) for one in found["inbox"]] == [("orders", "done")]
    written = found["history"][0]
    assert (written["outcome"], written["flow"]) == ("written", "sync-orders")
    assert written["natural_key"] == f"BC-{key}"
    assert found["cases"] == []
    assert words(found) == ["sync", "orders", "--key", key, "--dry-run"]

    assert run(["show", "order", f"BC-{key}"]) == 0
    page = capsys.readouterr().out
    for said in (f"Order {key}", f"BC-{key}", "Awaiting Shipment", "Links", "Inbox", "History"):
        assert said in page
    assert page.rstrip().endswith(found["next"]["command"])


def test_an_order_to_two_addresses_shows_its_sales_order_for_each_of_them(world, shown):
    first, second = plenty(world, 2)
    lines = [{"sku": first, "quantity": 1}, {"sku": second, "quantity": 2, "address": 1}]
    key = imported(world, lines=lines, shipping=[{}, {"to": {"city": "York"}}])

    account = shown("order", key)["brightpearl"]

    (further,) = account["back_orders"]
    assert further["external_ref"].startswith(f"BC-{key}-A")
    totals = [Decimal(one["total_gross"]) for one in (account, further)]
    assert sum(totals) == Decimal(shown("order", key)["bigcommerce"]["total_inc_tax"])
    assert [Decimal(one["amount"]) for one in account["receipts"]] == totals


def test_an_order_that_waits_for_a_person_shows_why_and_the_release_lets_it_go_through(
    world, shown
):
    key = world.place(lines=LINES)
    world.sync(key)

    found = shown("order", key)

    (case,) = found["cases"]
    assert (case["class"], case["value"], case["flow"]) == ("sku", "nowhere-1", "sync-orders")
    assert case["remedy"] in found["next"]["why"]
    assert found["brightpearl"] == {"found": False}
    world.brightpearl("products", sku="NOWHERE-1", stock=9)
    assert run(words(found)) == 0
    world.sync()
    found = shown("order", key)
    assert (found["cases"], found["brightpearl"]["external_ref"]) == ([], f"BC-{key}")


def test_an_order_that_waits_says_for_what(world, shown):
    key = world.place(lines=[{"sku": plenty(world)[0], "quantity": 1}], status_id=0)
    world.sync(key)

    found = shown("order", key)

    (own,) = found["inbox"]
    assert (own["state"], bool(own["reason"])) == ("parked", True)
    assert own["reason"] in found["next"]["why"]
    assert words(found) == ["sync", "orders", "--key", key]


@pytest.mark.usefixtures("engine")
def test_an_order_that_was_never_named_is_synced_by_the_next_step(world, shown):
    key = world.place(lines=[{"sku": plenty(world)[0], "quantity": 1}])

    found = shown("order", key)

    assert (found["inbox"], found["links"], found["history"]) == ([], [], [])
    assert depths(connect("default").database) == []
    assert run(words(found)) == 0
    assert shown("order", key)["brightpearl"]["external_ref"] == f"BC-{key}"


def test_an_order_that_only_brightpearl_has_is_shown(world, shown):
    key = imported(world)
    del world.sandbox.store.orders[int(key)]

    found = shown("order", key)

    assert found["bigcommerce"] == {"found": False}
    assert found["brightpearl"]["external_ref"] == f"BC-{key}"


def test_a_refund_is_shown_by_any_of_its_names(world, shown):
    key = imported(world, shipped=True)
    made = refund(world, key, amount="3.00")
    number = str(made["refund_id"])
    before = shown("refund", number)
    assert before["brightpearl"] == {"found": False}
    assert words(before)[:4] == ["sync", "refunds", "--key", key]

    sync_refunds(world, key)

    for name in (number, f"{key}/{number}", f"BC-{key}-R{number}"):
        found = shown("refund", name)
        assert found["bigcommerce"]["total"] == "3.00"
        assert found["brightpearl"]["id"] == str(credit(world, key, number).id)
        assert [one["amount"] for one in found["brightpearl"]["payouts"]] == ["3.00"]
        assert [one["key_bc"] for one in found["links"] if one["entity"] == "refunds"] == [
            f"{key}/{number}"
        ]
        assert {one["entity"] for one in found["history"]} >= {"refunds"}


def test_a_shipment_is_shown_by_its_note_and_by_its_order(world, shown):
    order = Parcels.imported(world, 2, 1)
    note = order.leaves(tracking="RM123456789GB")
    sync_shipments(world, note)

    for name in (note, order.order):
        found = shown("shipment", name)
        (parcel,) = found["bigcommerce"]["shipments"]
        assert parcel["tracking_number"] == "RM123456789GB"
        (left,) = found["brightpearl"]["notes"]
        assert (left["key"], left["is_shipped"], left["units"]) == (note, True, 3)
        assert note in {one["id_bp"] for one in found["links"]}
        assert "shipments" in {one["entity"] for one in found["inbox"]}
        assert words(found) == ["sync", "shipments", "--key", order.order, "--dry-run"]


def test_a_sku_is_shown_on_both_sides_in_any_case(world, shown):
    (sku,) = plenty(world)
    variant = next(one.id for one in world.sandbox.store.variants.values() if one.sku == sku)

    for name in (sku, sku.swapcase(), f"variant:{variant}"):
        found = shown("sku", name)
        assert [one["sku"] for one in found["brightpearl"]["products"]] == [sku]
        assert found["bigcommerce"]["locations"][0]["on_hand"] > 0
        assert words(found) == ["stock", "explain", sku.casefold()]
        assert run(words(found)) == 0
    assert product(world, sku) == f"product:{found['brightpearl']['products'][0]['product_id']}"


def test_a_sku_that_one_system_lacks_is_shown(world, shown):
    world.bigcommerce("products", sku="ONLY-BC", stock=7)

    found = shown("sku", "only-bc")

    assert found["bigcommerce"]["locations"][0]["on_hand"] == 7
    assert found["brightpearl"] == {"found": False}
    assert found["next"]["why"].startswith("Brightpearl does not have it.")


def test_a_sku_that_only_brightpearl_has_is_shown_as_it_is_typed(world, shown):
    world.brightpearl("products", sku="Only-BP", stock=5)

    found = shown("sku", "Only-BP")

    assert found["bigcommerce"] == {"found": False}
    (one,) = found["brightpearl"]["products"]
    assert sum(one["on_hand_by_warehouse"].values()) == 5


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("order", "77777"),
        ("refund", "77777"),
        ("refund", "250/77777"),
        ("shipment", "77777"),
        ("shipment", "note-77777"),
        ("sku", "no-such-sku"),
        ("sku", "variant:77777"),
    ],
)
def test_what_no_system_has_is_one_line_and_exit_code_one(world, shown, capsys, kind, name):
    connect("default")
    assert run(["show", kind, name]) == 1
    printed = capsys.readouterr()
    said = printed.err.splitlines()[-1]
    named = "SKU" if kind == "sku" else kind
    assert said == f"Neither BigCommerce nor Brightpearl has {named} {name}."
    assert printed.out == ""
    assert shown(kind, name, code=1)["bigcommerce"] == {"found": False}


@pytest.mark.parametrize(
    ("kind", "name"), [("order", "abc"), ("refund", "x/1"), ("shipment", "note"), ("sku", " ")]
)
def test_what_cannot_name_a_record_is_wrong_usage(world, capsys, kind, name):
    connect("default")
    assert run(["show", kind, name]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_system_that_is_down_says_so_and_the_rest_is_shown(world, shown):
    key = imported(world)
    world.fault("brightpearl", {"kind": "http_500", "rate": 1})

    found = shown("order", key)

    assert found["brightpearl"]["found"] is None
    assert found["bigcommerce"]["status"] == "9 Awaiting Shipment"
    assert found["links"]
    assert words(found) == ["show", "order", key]


@pytest.mark.parametrize("state", ["dead", "parked", "claimed", "due"])
def test_the_state_of_the_key_decides_what_comes_next(world, shown, state):
    key, inbox, now = imported(world), Inbox(connect("default").database), utc_now()
    inbox.put("default", "orders", [key], source="notice", now=now)
    if state != "due":
        inbox.claim("default", "orders", owner="run", limit=9, lease_s=60, now=now)
    later = now + timedelta(hours=1)
    ends = {
        "dead": Dead(key, "it failed 9 times"),
        "parked": Parked(key, ("stock:1007",), later, None, "no stock yet"),
    }
    if state in ends:
        inbox.settle("default", "orders", "run", [ends[state]], now=now)

    found = shown("order", key)

    (own,) = found["inbox"]
    assert own["state"] == state
    assert own["waits_for"] == (["stock:1007"] if state == "parked" else [])
    if state in ends:
        assert own["reason"] in found["next"]["why"]
    synced = ["sync", "orders", "--key", key]
    assert words(found) == (["show", "order", key] if state == "claimed" else synced)


def test_a_review_case_with_a_proposal_is_carried_out_by_the_next_step(world, shown):
    key = imported(world)
    detail = {"kind": "edit", "proposal": {"rows": "1"}}
    case = Case("default", "orders", key, "review", "edit", "edit 1", "it differs", "Compare.")
    quarantine = Quarantine(connect("default").database)
    open_cases(quarantine, [Case(**{**vars(case), "detail": detail})], now=utc_now())

    found = shown("order", key)

    (entry,) = found["cases"]
    assert entry["proposes"] == "edit"
    assert words(found) == ["quarantine", "release", "--apply", str(entry["id"])]
    assert run(words(found)) == 0
    assert world.states(key) == ["due"]


def test_no_database_is_made_and_one_that_may_only_be_read_is_enough(
    world, shown, capsys, tmp_path
):
    key = imported(world)
    file = next(tmp_path.glob("*.db"))
    with sqlite3.connect(file) as connection:
        before = list(connection.iterdump())
    shown("order", key)
    with sqlite3.connect(file) as connection:
        assert list(connection.iterdump()) == before

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/other/none.db")
        assert run(["show", "order", key]) == 2
    assert "There is no database" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_no_personal_data_is_shown(world, capsys):
    key = imported(
        world,
        email="ada.shopper@example.com",
        billing={"first_name": "Adalbert", "street_1": "7 Hidden Mews", "phone": "0123987654"},
        message="ring twice",
    )
    for form in ([], ["--json"]):
        assert run(["show", "order", key, *form]) == 0
        printed = capsys.readouterr().out
        for secret in ("ada.shopper", "Adalbert", "Hidden Mews", "0123987654", "ring twice"):
            assert secret not in printed


def test_orders_are_shown_without_engine_and_frames() -> None:
    """They take seconds to import: a page must not wait for them."""
    program = (
        "import sys; import cli.main; cli.main.build(['show']); "
        "print([one for one in ('prefect', 'pandas') if one in sys.modules])"
    )
    root = Path(__file__).parents[2]
    shown = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"

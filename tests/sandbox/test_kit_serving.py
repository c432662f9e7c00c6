"""Both sandboxes from the outside: one process, one catalogue, one clock."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from waiting import WITHIN_S

from sandbox.world import Plan, build, read_faults

ROOT = Path(__file__).parents[2]
CSV = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
500001,22465,LAMP,3,2011-11-14 08:10:00,1.65,18211.0,United Kingdom
500002,22466,MUG,4,2011-11-14 09:10:00,2.00,,France
C50003,22466,MUG,-4,2011-11-14 09:10:00,2.00,,France
"""


@pytest.fixture
def orders_file(tmp_path):
    file = tmp_path / "day.csv"
    file.write_text(CSV, "utf-8")
    return file


def test_orders_of_a_file_are_placed_when_they_were_and_stock_is_what_is_left(orders_file):
    world = build(Plan(orders_files=[orders_file]))

    first, second = world.store.orders.values()
    assert (first.external_id, first.customer_id, second.customer_id) == ("500001", 1, 0)
    assert first.modified_at.year == first.transactions[0].created_at.year == 2011
    assert (str(first.totals.inc), str(second.totals.tax)) == ("5.94", "0.00")
    assert world.store.variant("22465").on_hand == 10
    assert world.store.report["cancelling_invoices"] == 1
    product_id = world.account.products_by_sku["22465"][0]
    assert sum(level.on_hand for level in world.account.stock[product_id].values()) == 13


def test_orders_of_a_file_may_be_placed_one_by_one(orders_file):
    world = build(Plan(orders_files=[orders_file], is_unplaced=True))

    assert world.store.orders == {}
    assert [order.reference for order in world.store.unplaced] == ["500001", "500002"]


def test_brightpearl_may_lack_products_and_own_orders_lie_in_the_past():
    plan = Plan(own_orders=5, missing_skus=["BOOK-001"], seed=3)
    world = build(plan)

    assert "BOOK-001" not in world.account.products_by_sku
    assert world.store.variant("BOOK-001") is not None
    moments = [order.created_at for order in world.store.orders.values()]
    assert moments == sorted(moments)
    assert moments[-1] < world.clock.now()


def test_limits_and_faults_are_set_for_one_system_or_both(tmp_path):
    file = tmp_path / "faults.json"
    file.write_text(
        json.dumps([{"kind": "http_500"}, {"kind": "slow", "system": "brightpearl"}]), "utf-8"
    )

    world = build(Plan(limits="off", faults=read_faults(file)))

    kinds = {
        name: [rule["kind"] for rule in faults.documents()] for name, faults in world.faults.items()
    }
    assert kinds == {"bigcommerce": ["http_500"], "brightpearl": ["http_500", "slow"]}
    assert world.store.switches.limits == world.account.switches.limits == "off"


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '[{"kind": "slow", "system": "x"}]'])
def test_a_wrong_faults_file_is_refused(tmp_path, text):
    file = tmp_path / "faults.json"
    file.write_text(text, "utf-8")

    with pytest.raises(ValueError, match=r"faults|system|Expecting"):
        read_faults(file)


def test_both_urls_answer_and_share_a_clock(sandboxes):
    store = f"{sandboxes.bigcommerce_url}/_sandbox"
    account = f"{sandboxes.brightpearl_url.removesuffix('/public-api')}/_sandbox"

    httpx.post(f"{store}/clock", json={"advance_s": 86_400}, timeout=WITHIN_S)

    times = [
        httpx.get(f"{url}/state?only=now", timeout=WITHIN_S).json()["now"][:13]
        for url in (store, account)
    ]
    assert times[0] == times[1]


def _sandbox(*flags: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "sandbox", "--bigcommerce-port", "0", "--brightpearl-port",
               "0", *flags]  # fmt: skip
    return subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_is_ready_and_stops_on_a_signal(orders_file, number):
    process = _sandbox("--orders", str(orders_file), "--limits", "off")
    line = process.stdout.readline()
    store = line.split("BigCommerce ")[1].split(",")[0]
    counts = httpx.get(f"{store}/_sandbox/state?only=counts", timeout=WITHIN_S).json()["counts"]

    process.send_signal(number)
    _, errors = process.communicate(timeout=WITHIN_S)

    assert counts["orders"] == 2
    assert (process.returncode, errors) == (0, "")


def test_over_tls_it_stops_although_a_client_stays_connected(tmp_path):
    port = _free_port()
    process = _sandbox("--tls", str(tmp_path), "--proxy-port", str(port), "--limits", "off")
    assert "BigCommerce https://" in process.stdout.readline()
    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    with httpx.Client(proxy=f"http://127.0.0.1:{port}", verify=trust, timeout=WITHIN_S) as http:
        answer = http.get("https://api.bigcommerce.com/_sandbox/health")

        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=WITHIN_S)

    assert answer.json() == {"status": "ok"}
    assert (process.returncode, errors) == (0, "")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("flag", ["--orders", "--faults"])
def test_the_command_names_a_file_it_cannot_read(flag):
    process = _sandbox(flag, "/nowhere.csv")

    _, errors = process.communicate(timeout=WITHIN_S)

    assert process.returncode == 2
    assert "/nowhere.csv" in errors
    assert "Traceback" not in errors

import json
from datetime import timedelta

import pytest
from cases import Case, open_cases

from cli.main import run
from core.times import utc_now
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Runs
from store.statistics import Accuracy, Counts, StockComparison

RUN = {
    "flow": "sync-orders",
    "pair": "default",
    "started_at": "2026-11-24T12:00:00+00:00",
    "seconds": 1.5,
    "keys": 12,
    "requests": {"bigcommerce": 3, "brightpearl": 9},
    "error": "",
}


def test_a_new_installation_has_an_empty_status(database, capsys):
    assert run(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pair"], found["inbox"], found["runs"]) == ("default", [], [])
    assert found["stock"] is None
    assert run(["status"]) == 0
    assert "Quarantine\nnone" in capsys.readouterr().out


def test_the_status_shows_depth_runs_quarantine_and_webhooks(database, capsys):
    now = utc_now()
    Inbox(database).put(
        "default", "orders", ["1", "2"], source="webhook", now=now - timedelta(seconds=90)
    )
    Inbox(database).put("other", "orders", ["1"], source="webhook", now=now)
    Runs(database).keep(RUN, run_id="run-1", now=utc_now())
    Counts(database).add("default", now.date(), {"refused: signature": 4})
    refusal = Case("default", "orders", "9", "sku", "sku", "ABC-1", "unknown", "create it")
    open_cases(Quarantine(database), [refusal], now=now)

    assert run(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(line["state"], line["count"]) for line in found["inbox"]] == [("due", 2)]
    assert found["runs"][0]["keys"] == 12
    assert found["quarantine"] == [{"class": "sku", "value": "ABC-1", "count": 1}]
    assert found["webhooks_today"] == {"refused: signature": 4}

    assert run(["status"]) == 0
    shown = capsys.readouterr().out
    assert "1 min" in shown
    assert "refused: signature" in shown


def test_the_status_marks_dry_runs_and_shortens_long_errors(database, capsys):
    error = "BigCommerce refused the token. " * 9
    Runs(database).keep({**RUN, "dry_run": True, "error": error}, run_id="1", now=utc_now())

    assert run(["status"]) == 0

    (line,) = [one for one in capsys.readouterr().out.splitlines() if "sync-orders" in one]
    assert line.startswith("sync-orders (dry run)")
    assert "3 + 9" in line
    assert line.endswith("BigCommerce …")


def differing(flow, minutes, *, agrees=False, **fields):
    at = (utc_now() - timedelta(minutes=minutes)).isoformat()
    report = {"flow": flow, "pair": "default", "started_at": at, "agrees": agrees}
    return {**report, "says": f"{flow} said.", "summary": f"{flow} of {fields} differs.", **fields}


@pytest.mark.parametrize("entity", ["orders", "refunds", "shipments", "stock"])
def test_an_audit_that_differs_is_named_until_the_next_one_agrees(database, capsys, entity):
    runs, flow = Runs(database), f"audit-{entity}"
    runs.keep(differing(flow, 9), run_id="1", now=utc_now())
    assert run(["status", "--json"]) == 1
    printed = capsys.readouterr()
    (one,) = json.loads(printed.out)["differing"]
    assert (one["flow"], one["command"]) == (flow, f"causeway audit {entity}")
    assert f"{flow} of {{}} differs. Again: causeway audit {entity}" in printed.err

    runs.keep(differing(flow, 1, agrees=True), run_id="2", now=utc_now())
    assert run(["status"]) == 0


def test_each_day_of_money_that_differs_is_named_until_an_audit_of_that_day_agrees(
    database, capsys
):
    runs = Runs(database)
    for minutes, day, agrees in (
        (9, "2026-03-10", False),
        (8, "2026-03-11", False),
        (7, "2026-03-12", True),
        (6, "2026-03-11", True),
    ):
        audit = differing("audit-money", minutes, day=day, agrees=agrees)
        runs.keep(audit, run_id=str(minutes), now=utc_now())
    assert run(["status", "--json"]) == 1
    (one,) = json.loads(capsys.readouterr().out)["differing"]
    assert (one["day"], one["command"]) == (
        "2026-03-10",
        "causeway audit money --day 2026-03-10",
    )


def test_the_status_shows_how_accurate_stock_was_last_and_at_the_worst(database, capsys):
    now = utc_now()
    kept = Accuracy(database)
    kept.keep("default", StockComparison(now - timedelta(days=9), 1000, 0, 99))
    for hour in range(29, 0, -1):
        worst = 7 if hour == 5 else 0
        kept.keep(
            "default", StockComparison(now - timedelta(hours=hour), 1000, 1000 - worst, worst)
        )
    kept.keep("default", StockComparison(now, 1000, 999, 2))
    kept.keep("other", StockComparison(now, 10, 1, 0))

    assert run(["status", "--json"]) == 0
    stock = json.loads(capsys.readouterr().out)["stock"]
    assert stock["comparisons"] == 30
    assert (stock["last"]["accuracy_percent"], stock["last"]["oversold_units"]) == (99.9, 2)
    assert (stock["worst"]["accuracy_percent"], stock["worst"]["equal"]) == (99.3, 993)

    assert run(["status"]) == 0
    shown = capsys.readouterr().out
    assert "999 of 1000" in shown
    assert "worst of 30" in shown


def test_the_tables_are_brought_up_to_date_by_a_command(database, capsys):
    assert run(["db", "upgrade"]) == 0
    assert run(["db", "upgrade"]) == 0
    assert "up to date" in capsys.readouterr().out

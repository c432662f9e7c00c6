import json
from datetime import timedelta

from cli.main import run
from core.times import utc_now
from store.counts import Counts
from store.inbox import Inbox
from store.quarantine import Quarantine, Refusal
from store.runs import Runs

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
    assert run(["status"]) == 0


def test_the_status_shows_depth_runs_quarantine_and_webhooks(database, capsys):
    now = utc_now()
    Inbox(database).put(
        "default", "orders", ["1", "2"], source="webhook", now=now - timedelta(seconds=90)
    )
    Inbox(database).put("other", "orders", ["1"], source="webhook", now=now)
    Runs(database).keep(RUN, run_id="run-1")
    Counts(database).add("default", now.date(), {"refused: signature": 4})
    refusal = Refusal("default", "orders", "9", "sku", "sku", "ABC-1", "unknown", "create it")
    Quarantine(database).open([refusal], now=now)

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


def test_the_tables_are_brought_up_to_date_by_a_command(database, capsys):
    assert run(["db", "upgrade"]) == 0
    assert run(["db", "upgrade"]) == 0
    assert "up to date" in capsys.readouterr().out

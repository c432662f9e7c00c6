"""`causeway audit money`: its options, its exit code, its words."""

import json

import httpx
import pytest
from waiting import WITHIN_S

from cli.main import run
from sandbox.serve import running
from tasks.reconciler.connections import disconnect


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "audit orders --day 2026-03-10",
            "--day is for the audit of money; for orders say --days.",
        ),
        ("audit money --days 3", "--days is not for the audit of money: say --day 2026-11-24."),
        ("audit money --day 3d", "--day '3d' is not a day."),
        ("audit money --day 2026-02-30", "--day '2026-02-30' is not a day."),
        ("audit products --day 2026-03-10", "it takes neither --day nor --days."),
        ("audit stock --day 2026-03-10", "it takes neither --day nor --days."),
        ("audit stock --days 3", "it takes neither --day nor --days."),
    ],
)
def test_an_option_that_does_not_fit_is_refused_in_a_line(configured, capsys, line, problem):
    assert run(line.split()) == 2
    errors = capsys.readouterr().err
    assert problem in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["sync", "sweep"])
def test_money_is_audited_and_not_synced(configured, capsys, command):
    assert run([command, "money"]) == 2
    assert "'money' is not something that Causeway syncs." in capsys.readouterr().err


@pytest.fixture
def sandbox(database, monkeypatch):  # the pair's settings, pointed at both sandboxes
    with running() as both:
        settings = {
            "BIGCOMMERCE__API_URL": both.bigcommerce_url,
            "BIGCOMMERCE__ACCESS_TOKEN": "sandbox-access-token",
            "BIGCOMMERCE__CLIENT_SECRET": "sandbox-client-secret",
            "BRIGHTPEARL__API_URL": both.brightpearl_url,
            "BRIGHTPEARL__ACCOUNT_TOKEN": "sandbox-account-token",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"CAUSEWAY_{name}", value)
        disconnect()
        yield both
        disconnect()


@pytest.mark.usefixtures("engine")
def test_the_exit_code_says_whether_anything_is_unexplained(sandbox, capsys):
    basket = {
        "lines": [{"name": "Engraving", "custom": True, "price": "5.00"}],
        "placed_at": "2026-03-10T12:00:00+00:00",
    }
    placed = httpx.post(f"{sandbox.bigcommerce_url}/_sandbox/orders", json=basket, timeout=WITHIN_S)
    key = placed.json()["ids"][0]

    assert run(["audit", "money", "--day", "2026-03-10"]) == 1
    printed = capsys.readouterr()
    assert "1 order in the store, 0 in Brightpearl" in printed.out
    assert f"nobody knows why: BC-{key} not imported" in printed.out
    assert "The two systems differ; see docs/money.md." in printed.err
    assert "great_expectations" not in printed.err

    assert run(["status"]) == 1
    printed = capsys.readouterr()
    assert "audit-money" in printed.out
    assert f"nobody knows why: BC-{key}." in printed.err
    assert "Again: causeway audit money --day 2026-03-10" in printed.err

    assert run(["sync", "orders", "--key", str(key)]) == 0
    capsys.readouterr()
    assert run(["audit", "money", "--day", "2026-03-10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agrees"] is True
    assert run(["status"]) == 0
    assert found["orders"][0]["bigcommerce"]["total"] == found["orders"][0]["brightpearl"]["total"]

    capsys.readouterr()
    assert run(["audit", "money", "--json"]) == 0
    yesterday = json.loads(capsys.readouterr().out)
    assert (yesterday["orders"], yesterday["agrees"]) == ([], True)


@pytest.mark.usefixtures("engine")
def test_a_day_that_has_not_begun_is_refused(sandbox, capsys):
    assert run(["audit", "money", "--day", "2999-01-01"]) == 2
    assert "has not begun" in capsys.readouterr().err

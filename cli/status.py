"""`causeway status`: the state of an installation in one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import shorten
from typing import Any

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import ago, finish
from core.ids import FLOWS
from core.times import utc_now
from store.alerts import LAST_WATCHED, Alerts
from store.database import Database
from store.quarantine import Quarantine
from store.runs import Cursors, Runs
from store.statistics import Accuracy, Counts, StockComparison, depths

REQUESTS = "BigCommerce + Brightpearl"
"""The column of requests that a run sent to each."""
ERROR_WIDTH = 80
"""Of an error in the table; `--json` has all of it."""
RUNS_SHOWN = 3
"""Last runs of each flow."""
AUDITS = 31
"""Newest audits of each flow that are read: a month of days of money."""
WATCHED_WITHIN = timedelta(minutes=2)
"""A worker examines its installation several times a minute."""
COMPARISONS = 30
"""Comparisons of all stock of which the worst is shown: a day of hourly audits, and some."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show inbox, last runs, accuracy of stock and quarantine.

    Exit code 1 where a watchdog found something, or where the newest audit of a kind, or of a day
    of money, found a difference.
    """
    installed = installation(pair)
    found = snapshot(installed.existing_database(), installed.name, utc_now())
    problem = "\n".join(
        [
            *(f"{one['watchdog']}: {one['text']}. {one['remedy']}" for one in found["alerts"]),
            *(
                f"{one['flow']} of {one['at']}: {one['summary']} Again: {one['command']}"
                for one in found["differing"]
            ),
        ]
    )
    finish(found, as_json=as_json, text=to_text(found, utc_now()), problem=problem)


def snapshot(database: Database, pair: str, now: datetime) -> dict[str, Any]:
    """Everything that `status` shows, as one JSON document."""
    return {
        "pair": pair,
        "at": now,
        "inbox": [
            {
                "entity": depth.entity,
                "state": depth.state,
                "count": depth.count,
                "oldest_at": depth.oldest_at,
            }
            for depth in depths(database)
            if depth.pair == pair
        ],
        "runs": [
            run for flow in FLOWS for run in Runs(database).last(pair, flow=flow, limit=RUNS_SHOWN)
        ],
        "alerts": alerts(database, pair, now),
        "differing": differing(Runs(database), pair),
        "stock": accuracy(Accuracy(database).last(pair, limit=COMPARISONS)),
        "quarantine": [
            {"class": group.class_, "value": group.value, "count": group.count}
            for group in Quarantine(database).summary(pair)
        ],
        "webhooks_today": Counts(database).of_day(pair, now.date()),
    }


def alerts(database: Database, pair: str, now: datetime) -> list[dict[str, Any]]:
    """What the worker's watchdogs find wrong, and that they are not at work if they are not."""
    watched_at = Cursors(database).get(pair, LAST_WATCHED)
    found = [
        {
            "watchdog": one.watchdog,
            "subject": one.subject,
            "since": one.opened_at,
            "text": one.text,
            "remedy": one.remedy,
        }
        for one in Alerts(database).list(pair)
    ]
    if watched_at is not None and now - watched_at > WATCHED_WITHIN:
        found.append(
            {
                "watchdog": "worker",
                "subject": "worker",
                "since": watched_at,
                "text": f"nothing was examined for {ago(watched_at, now)}: no worker runs, or it "
                "cannot reach the database",
                "remedy": "Start one: causeway worker",
            }
        )
    return found


def differing(runs: Runs, pair: str) -> list[dict[str, Any]]:
    """The newest audits of each kind, of money of each day, that found what a person must see."""
    found: list[dict[str, Any]] = []
    for flow in (name for name in FLOWS if name.startswith("audit-")):
        seen: set[str] = set()
        for report in runs.last(pair, flow=flow, limit=AUDITS):
            day = report.get("day", "")
            if day not in seen and not report.get("agrees", True):
                command = f"causeway audit {flow.removeprefix('audit-')}"
                found.append(
                    {
                        "flow": flow,
                        "day": day,
                        "at": report["started_at"],
                        "summary": report.get("summary") or report["says"].partition("\n")[0],
                        "command": f"{command} --day {day}" if day else command,
                    }
                )
            seen.add(day)
    return found


def accuracy(comparisons: Sequence[StockComparison]) -> dict[str, Any] | None:
    """How accurate stock was when all of it was compared, last and at worst; None before any."""
    if not comparisons:
        return None
    worst = min(comparisons, key=lambda one: one.percent)
    return {
        "comparisons": len(comparisons),
        "last": _comparison(comparisons[0]),
        "worst": _comparison(worst),
    }


def _comparison(one: StockComparison) -> dict[str, Any]:
    return {
        "at": one.at,
        "accuracy_percent": round(one.percent, 4),
        "compared": one.compared,
        "equal": one.equal,
        "oversold_units": one.oversold,
    }


def to_text(found: dict[str, Any], now: datetime) -> str:
    """The same for people."""
    parts = [f"Pair {found['pair']}"]
    if found["alerts"]:
        lines = [
            (one["watchdog"], one["subject"], ago(one["since"], now), one["text"], one["remedy"])
            for one in found["alerts"]
        ]
        columns = ["watchdog", "about", "since", "found", "what to do"]
        parts.append("Alerts\n" + table(columns, lines))
    rows = [
        (line["entity"], line["state"], line["count"], ago(line["oldest_at"], now))
        for line in found["inbox"]
    ]
    parts.append(_section("Inbox", ["entity", "state", "keys", "oldest"], rows))
    runs = [
        (
            f"{run['flow']} (dry run)" if run.get("dry_run") else run["flow"],
            ago(datetime.fromisoformat(run["started_at"]), now) + " ago",
            run.get("keys", "-"),
            run.get("seconds", "-"),
            _requests(run),
            shorten(run.get("error") or "ok", ERROR_WIDTH, placeholder=" …"),
        )
        for run in found["runs"]
    ]
    columns = ["flow", "when", "keys", "s", REQUESTS, "end"]
    parts.append(_section("Last runs", columns, runs))
    if stock := found["stock"]:
        names = {"last": stock["last"], f"worst of {stock['comparisons']}": stock["worst"]}
        compared = [
            (
                name,
                ago(one["at"], now) + " ago",
                one["accuracy_percent"],
                f"{one['equal']} of {one['compared']}",
                one["oversold_units"],
            )
            for name, one in names.items()
        ]
        columns = ["comparison", "when", "equal %", "SKUs at locations", "units sold above stock"]
        parts.append("Stock\n" + table(columns, compared))
    waiting = [(line["class"], line["value"], line["count"]) for line in found["quarantine"]]
    parts.append(_section("Quarantine", ["class", "value", "records"], waiting))
    counts = sorted(found["webhooks_today"].items())
    parts.append(_section("Webhooks today (UTC)", ["what", "count"], counts))
    return "\n\n".join(parts)


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return f"{title}\n{table(columns, rows) if rows else 'none'}"


def _requests(run: dict[str, Any]) -> str:
    used = run.get("requests")
    if not isinstance(used, dict):  # reports of earlier versions
        return str(used or "-")
    shown = f"{used.get('bigcommerce', 0)} + {used.get('brightpearl', 0)}"
    return f"{shown}, {used['throttled']} throttled" if used.get("throttled") else shown

"""`causeway doctor`: is everything set up, and if not, what to do."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.display import table
from cli.options import JsonOption, PairOption
from cli.output import finish
from core.settings import load_settings

STATES = {"ok": "ok", "warn": "warn", "fail": "FAIL"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Check settings, credentials, scopes, reference data, database, Prefect and clocks."""
    settings = load_settings()
    from cli.checks import examine  # noqa: PLC0415 - the mappings bring pandas along

    findings = examine(settings, settings.pair(pair))
    failed = [finding for finding in findings if finding.state == "fail"]
    result = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
    rows = [(STATES[one.state], one.what, one.text, one.remedy) for one in findings]
    text = table(["state", "check", "found", "what to do"], rows)
    problem = f"{len(failed)} of {len(findings)} checks failed." if failed else ""
    finish(result, as_json=as_json, text=text, problem=problem)

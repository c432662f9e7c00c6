"""`causeway doctor`: is everything set up, and if not, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import finish
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.errors import CausewayError
from core.settings import Pair, Settings
from core.words import counted
from mappings.files import with_paths

if TYPE_CHECKING:
    from cli.checks import Finding

STATES = {"ok": "ok", "warn": "warn", "fail": "FAIL"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Check the whole set-up, and say what to do. Writes nothing."""
    installed = installation(pair)
    findings = examine(installed.settings, installed.pair)
    failed = [finding for finding in findings if finding.state == "fail"]
    result = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
    rows = [(STATES[one.state], one.what, one.text, one.remedy) for one in findings]
    text = table(["state", "check", "found", "what to do"], rows)
    problem = f"{len(failed)} of {counted(len(findings), 'check')} failed." if failed else ""
    finish(result, as_json=as_json, text=text, problem=problem)


def examine(settings: Settings, pair: Pair) -> list[Finding]:
    """Every check, in the order in which a person would set things right.

    An error of ours is a finding too, and stops no other check.
    """
    from cli import checks  # noqa: PLC0415 - the mappings bring pandas along
    from cli import checks_tables as of  # noqa: PLC0415 - the same

    def of_tables(check: of.Check) -> Callable[[], Iterator[Finding]]:
        return lambda: of.in_use(settings, pair, check)

    store, account = BigCommerce(pair.bigcommerce), Brightpearl(pair.brightpearl)
    bigcommerce, brightpearl = {"BigCommerce"}, {"Brightpearl"}
    wanted: list[tuple[str, set[str], Callable[[], Iterator[Finding]]]] = [
        ("database", set(), lambda: checks.database(settings)),
        ("watchdogs", set(), lambda: checks.watchdogs(settings, pair)),
        ("BigCommerce", set(), lambda: checks.bigcommerce(store)),
        ("BigCommerce scopes", bigcommerce, lambda: checks.scopes(store)),
        ("Brightpearl", set(), lambda: checks.brightpearl(account)),
        ("mappings", set(), lambda: of.mapping_checks(settings, pair)),
        ("tables", brightpearl, of_tables(lambda tables: of.table_checks(tables, account))),
        ("channels", bigcommerce, of_tables(lambda tables: of.channel_checks(tables, store))),
        (
            "stock",
            bigcommerce | brightpearl,
            of_tables(lambda tables: of.stock_checks(tables, pair.stock, store, account)),
        ),
        (
            "customers",
            bigcommerce | brightpearl,
            of_tables(lambda tables: of.customer_checks(tables, store, account)),
        ),
        (
            "products",
            bigcommerce | brightpearl,
            of_tables(lambda tables: of.product_checks(tables, store, account)),
        ),
        (
            "webhooks",
            bigcommerce | brightpearl,
            lambda: checks.webhooks(pair, store, account),
        ),
        ("Prefect", set(), lambda: checks.prefect_checks(settings)),
    ]
    findings = [checks.ok("settings", f"pair {pair.name} is configured")]
    unusable: set[str] = set()
    for what, systems, check in wanted:
        if systems & unusable:
            continue  # one cause is one finding
        try:
            for finding in check():
                findings.append(finding)  # noqa: PERF402 - those before an error are kept
        except CausewayError as error:
            if what in bigcommerce | brightpearl:
                unusable.add(what)
                findings.append(checks.unusable(what, pair, error))
            else:
                findings.append(checks.fail(what, error.message, error.remedy))
    folder = settings.mappings_path
    return [
        replace(one, text=with_paths(one.text, folder), remedy=with_paths(one.remedy, folder))
        for one in findings
    ]

"""`causeway sync`, `sweep`, `audit`, `reconcile` and `backfill`: what the schedules do, by hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.display import table
from cli.existence import unknown_keys
from cli.installation import installation
from cli.options import (
    CATALOGUE,
    MONEY,
    PRODUCTS,
    STOCK,
    AuditedArgument,
    EntityArgument,
    JsonOption,
    PairOption,
    a_day,
    known_keys,
    moment,
    reconciled,
    synced_entity,
)
from cli.output import finish
from core.errors import ConfigError
from core.refusals import in_words
from core.times import to_iso, utc_now
from core.words import counted

DOCS = {MONEY: "docs/money.md", STOCK: "docs/stock.md"}
"""Where a difference is explained."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sync")(sync)
    app.command("sweep")(sweep)
    app.command("audit")(audit)
    app.command("reconcile")(reconcile)
    app.command("backfill")(backfill)


def sync(  # noqa: PLR0913 - the options of a command
    entity: EntityArgument,
    more_keys: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="ID…",
            help="BigCommerce ids; of stock: SKUs; of products: product:1007, store:77.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Everything changed since then: 2026-11-24, 3d.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sync keys here and now, until they are settled.

    Without --key and --since whatever is due in the inbox is synced.
    """
    entity = synced_entity(entity)
    keys = known_keys(entity, [*(key or []), *(more_keys or [])])
    since_at = moment(since, option="--since") if since else None
    installed = installation(pair)
    name = installed.name
    if dry_run:
        installed.require_database()
    absent = unknown_keys(installed, entity, keys) if keys else {}
    problem = "\n".join(absent.values())
    keys = [key for key in keys if key not in absent]
    if absent and not keys and since_at is None:
        found = {"pair": name, "entity": entity, "keys": 0, "absent": absent}
        finish(found, as_json=as_json, problem=problem)
        return
    # The engines take seconds to import: only what validates records, or runs a flow, pays for it.
    if dry_run:
        from cli.preview import preview  # noqa: PLC0415 - see above

        report = preview(name, entity, keys=keys, since=since_at)
        finish(
            {**report, "absent": absent},
            as_json=as_json,
            text=_preview_text(report),
            problem="\n".join([*filter(None, [problem]), *_refused(report)]),
        )
        return
    from cli.sync_runs import sync_until_settled  # noqa: PLC0415 - see above

    result = sync_until_settled(name, entity, keys=keys, since=since_at)
    finish(
        {**result.document(), "absent": absent},
        as_json=as_json,
        text=result.text(),
        problem="\n".join(filter(None, [problem, result.problem()])),
    )


def sweep(entity: EntityArgument, *, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Sync everything that changed since the last sweep."""
    entity = synced_entity(entity)
    name = installation(pair).name
    from cli.sync_runs import swept  # noqa: PLC0415 - the engine takes seconds to import

    found = swept(name, entity)
    text = f"{found['changed']} changed since {found['since']}, {found['newly_due']} newly due."
    finish(found, as_json=as_json, text=text)


def audit(
    entity: AuditedArgument,
    *,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=400, help="How far back to compare.")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--day", help="Of money: 2026-11-24; the store's yesterday if not said."),
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that nothing is missing, doubled or off. What is missing is put in the inbox.

    The audit of money compares one day of the store, and changes nothing. The audit of stock
    compares all of it as it is now, and puts what drifted in the inbox. The audit of the catalogue
    says what has to be set right before a go-live.
    """
    if entity == CATALOGUE:
        _audit_catalogue(pair, as_json=as_json)
        return
    entity = MONEY if entity == MONEY else synced_entity(entity)
    chosen = a_day(entity, day, days)
    name = installation(pair).name
    from cli.sync_runs import audited, money_audited  # noqa: PLC0415 - the engine takes seconds

    found = money_audited(name, chosen) if entity == MONEY else audited(name, entity, days)
    doc = DOCS.get(entity, "docs/runbook.md, audit")
    problem = "" if found["agrees"] else f"The two systems differ; see {doc}."
    finish(found, as_json=as_json, text=_audit_text(found), problem=problem)


def _audit_catalogue(pair: str | None, *, as_json: bool) -> None:
    installed = installation(pair)
    # Mappings bring pandas along.
    from cli.catalogue_audit import audit_catalogue, to_text  # noqa: PLC0415 - see above
    from cli.mapping_versions import in_force  # noqa: PLC0415 - see above

    tables = in_force(installed.settings, installed.name).tables
    found = audit_catalogue(installed.settings, installed.pair, tables)
    problem = (
        "Something blocks a go-live; see what the report says to do." if found["blocks"] else ""
    )
    finish(found, as_json=as_json, text=to_text(found), problem=problem)


def reconcile(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help=f"{STOCK}, {PRODUCTS}")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare all of it and repair what differs. Says how accurate it was."""
    reconciled(entity)
    installed = installation(pair)
    name = installed.name
    if dry_run:
        installed.require_database()
    # The engine takes seconds to import.
    from cli.sync_runs import products_reconciled, stock_reconciled  # noqa: PLC0415 - see above

    if entity == PRODUCTS:
        found = products_reconciled(name, dry_run=dry_run)
        waiting = len(found["refused"])
        problem = _waiting_text(waiting, "product")
        finish(found, as_json=as_json, text=_audit_text(found), problem=problem if waiting else "")
        return
    found = stock_reconciled(name, dry_run=dry_run)
    finish(
        found,
        as_json=as_json,
        text=_reconciled_text(found, dry_run=dry_run),
        problem=_reconciled_problem(found),
    )


def _preview_text(report: dict[str, object]) -> str:
    lines = report.get("preview")
    rows = lines if isinstance(lines, list) else []
    if not rows:
        return "Nothing is due; nothing would be written."
    columns = list(rows[0])
    shown = table(columns, [[row.get(name, "") for name in columns] for row in rows])
    return f"{shown}\nNothing was written."


def _refused(report: dict[str, Any]) -> list[str]:
    """What would go to quarantine, with the remedy."""
    return [
        f"{why['records']} would be refused: "
        + in_words(why["class"], why["value"], why["reason"], why["remedy"])
        for why in report["refused"]
    ]


def _reconciled_text(found: dict[str, Any], *, dry_run: bool) -> str:
    """What was found, and what was done about it."""
    if dry_run:
        plan = _preview_text(found) if found["preview"] else "Nothing would be written."
        return f"{_audit_text(found)}\n\n{plan}"
    done = f"{found['repaired']} repaired in {counted(found['write_requests'], 'request')}."
    return f"{_audit_text(found)}\n{done}"


def _reconciled_problem(found: dict[str, Any]) -> str:
    """What needs a person, or more time; drift was repaired and needs neither."""
    lines = []
    if found["failed"]:
        lines.append(
            f"{counted(found['failed'], 'SKU')} could not be written; the worker tries again."
        )
    if found["refused"]:
        lines.append(_waiting_text(len(found["refused"]), "SKU"))
    return "\n".join(lines)


def _waiting_text(count: int, noun: str) -> str:
    """How many of them wait for a person, and the command that shows them."""
    wait = "waits" if count == 1 else "wait"
    return f"{counted(count, noun)} {wait} for a person: causeway quarantine list"


def _audit_text(found: dict[str, object]) -> str:
    """The audit's sentence, and under each heading what it found."""
    lines = [str(found["says"])]
    headings = found["headings"]
    for name, title in headings.items() if isinstance(headings, dict) else ():
        details = found.get(name)
        if isinstance(details, dict):
            lines.extend(f"{title.lower()}: {ref} {why}" for ref, why in details.items())
        elif isinstance(details, list):
            lines.extend(f"{title.lower()}: {ref}" for ref in details)
    notes = found.get("notes")
    lines.extend(f"note: {note}" for note in (notes if isinstance(notes, list) else ()))
    if left := found.get("only_in_store"):
        lines.append(f"left alone, without stock in Brightpearl: {counted(int(str(left)), 'SKU')}")
    return "\n".join(lines)


def backfill(  # noqa: PLR0913 - the options of a command
    entity: EntityArgument,
    *,
    since: Annotated[str, typer.Option("--since", help="Placed since then: 2026-11-24, 90d.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Placed before then; now if not said.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="From the start, not from where it stopped.")
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import what was placed in a period. Interrupted, it goes on.

    Live orders come first: a day's orders are only taken up while none of those wait.
    """
    entity = synced_entity(entity)
    start = _day(moment(since, option="--since"))
    end = moment(until, option="--until") if until else utc_now()
    if end <= start:
        raise ConfigError("--until must be later than --since.")
    name = installation(pair).name
    from cli.sync_runs import run_backfill  # noqa: PLC0415 - the engine takes seconds to import

    result = run_backfill(name, entity, start, end, restart=restart)
    problem = _waiting_text(result["quarantined"], "record") if result["quarantined"] else ""
    finish(result, as_json=as_json, text=_backfilled_text(result), problem=problem)


def _day(since: datetime) -> datetime:
    """The start of that UTC day: `90d` names the same period all day, so it can be resumed."""
    return since.replace(hour=0, minute=0, second=0, microsecond=0)


def _backfilled_text(result: dict[str, Any]) -> str:
    counts = Counter(result["counts"])
    head = (
        f"{result['records']} {result['entity']} from {to_iso(result['from'])} to "
        f"{to_iso(result['until'])}."
    )
    shown = [(name, count) for name, count in sorted(counts.items()) if count]
    return f"{head}\n{table(['what', 'count'], shown)}" if shown else head

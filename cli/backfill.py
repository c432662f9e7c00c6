"""`causeway backfill`: the orders of a past period, in the background of everything else."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.display import table
from cli.options import EntityArgument, JsonOption, PairOption, moment, synced_entity
from cli.output import finish
from core.errors import ConfigError
from core.settings import load_settings
from core.times import to_iso, utc_now


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backfill")(backfill)


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
    """Import what was placed in a period, day by day; interrupted, it goes on where it stopped.

    Live orders come first: a day's orders are only taken up while none of those wait.
    """
    entity = synced_entity(entity)
    start = _day(moment(since, option="--since"))
    end = moment(until, option="--until") if until else utc_now()
    if end <= start:
        raise ConfigError("--until must be later than --since.")
    name = load_settings().pair(pair).name
    from cli.backfilling import run_backfill  # noqa: PLC0415 - the engine takes seconds to import

    result = run_backfill(name, entity, start, end, restart=restart)
    problem = (
        f"{result['quarantined']} records wait in quarantine: causeway quarantine list"
        if result["quarantined"]
        else ""
    )
    finish(result, as_json=as_json, text=_text(result), problem=problem)


def _day(since: datetime) -> datetime:
    """The start of that UTC day: `90d` names the same period all day, so it can be resumed."""
    return since.replace(hour=0, minute=0, second=0, microsecond=0)


def _text(result: dict[str, Any]) -> str:
    counts = Counter(result["counts"])
    head = (
        f"{result['records']} {result['entity']} from {to_iso(result['from'])} to "
        f"{to_iso(result['until'])}."
    )
    shown = [(name, count) for name, count in sorted(counts.items()) if count]
    return f"{head}\n{table(['what', 'count'], shown)}" if shown else head

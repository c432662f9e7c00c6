"""Options that several commands share, and how their words are read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from core.errors import ConfigError
from core.ids import ENTITIES, SYNCED
from core.times import from_iso, utc_now

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

PairOption = Annotated[
    str | None, typer.Option("--pair", help="Which pair; the default one if not said.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
EntityArgument = Annotated[str, typer.Argument(metavar="ENTITY", help=", ".join(ENTITIES))]
MONEY = "money"
"""What can be audited besides entities: a day's sales, taxes, refunds and payments."""
AuditedArgument = Annotated[
    str, typer.Argument(metavar="ENTITY", help=f"{', '.join(ENTITIES)}, or {MONEY}")
]


def synced_entity(name: str) -> str:
    """The entity, if this version syncs it.

    Raises: ConfigError for any other word.
    """
    if name in SYNCED:
        return name
    if name in ENTITIES:
        known = ", ".join(SYNCED)
        raise ConfigError(f"This version syncs {known}; {name} come with a later one.")
    raise ConfigError(
        f"{name!r} is not something that Causeway syncs.", remedy=f"Known: {', '.join(ENTITIES)}."
    )


def a_day(name: str, day: str | None, days: int | None) -> str | None:
    """The day of an audit of money; an audit of anything else has none.

    Raises: ConfigError for what is no date, and for an option that this audit does not take.
    """
    if name != MONEY:
        if day is not None:
            raise ConfigError(f"--day is for the audit of {MONEY}; for {name} say --days.")
        return None
    if days is not None:
        raise ConfigError(f"--days is not for the audit of {MONEY}: say --day 2026-11-24.")
    try:
        return date.fromisoformat(day.strip()).isoformat() if day is not None else None
    except ValueError as error:
        raise ConfigError(f"--day {day!r} is not a day.", remedy="Write 2026-11-24.") from error


def moment(text: str, *, option: str, now: datetime | None = None) -> datetime:
    """The UTC moment of `2026-11-24`, `2026-11-24T09:30+01:00` or `90m`, `12h`, `3d`, `2w` ago.

    Raises: ConfigError naming the option.
    """
    if ago := re.fullmatch(r"(\d{1,5})([mhdw])", text.strip()):
        back = timedelta(**{UNITS[ago.group(2)]: int(ago.group(1))})
        return (now or utc_now()) - back
    try:
        return from_iso(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{option} {text!r} is not a time.",
            remedy="Write 2026-11-24, 2026-11-24T09:30:00+01:00 (UTC if no offset is given), "
            "or how long ago: 90m, 12h, 3d, 2w.",
        ) from error

"""The day of a tie-out: one calendar day of the store, as two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import ConfigError
from core.times import local_date

ONE = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """A day of the store's own calendar; 23 or 25 hours long when its clocks change."""

    on: date
    zone: str
    """The store's IANA time zone."""

    @property
    def starts_at(self) -> datetime:
        """Its first moment, UTC."""
        return _midnight(self.on, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next day, UTC."""
        return _midnight(self.on + ONE, self.zone)

    def holds(self, moment: datetime | None) -> bool:
        """Whether the moment is of this day; an unknown one is of none."""
        return moment is not None and self.starts_at <= moment < self.ends_at


def the_day(text: str | None, zone: str, now: datetime) -> Day:
    """The day that is asked for; without a word the store's yesterday.

    Raises: ConfigError for what is no date, and for a day that has not begun.
    """
    today = local_date(now, zone)
    if not text:
        return Day(today - ONE, zone)
    asked = a_date(text)
    if asked > today:
        raise ConfigError(f"The day {asked} has not begun in the store's time zone, {zone}.")
    return Day(asked, zone)


def a_date(text: str) -> date:
    """The date of `2026-11-24`.

    Raises: ConfigError for anything else.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a day.", remedy="Write it as 2026-11-24.") from error


def _midnight(on: date, zone: str) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(zone)).astimezone(UTC)

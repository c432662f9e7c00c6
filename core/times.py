"""Time is aware and UTC everywhere inside; zones appear only at the edges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def from_text(text: str) -> datetime:
    """UTC moment of an ISO 8601 text, or of a date such as `Wed, 10 Jan 2018 21:05:30 +0000`.

    BigCommerce's V2 and HTTP headers have the latter (RFC 2822). One without an offset is UTC.

    Raises: ValueError for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def to_iso(moment: datetime) -> str:
    """The moment in UTC with a trailing `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day of a moment in an IANA zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True)
class Day:
    """A calendar day of an IANA zone; 23 or 25 hours long when the clocks change."""

    on: date
    zone: str

    @property
    def starts_at(self) -> datetime:
        """Its first moment, UTC."""
        return _midnight(self.on, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next day, UTC."""
        return _midnight(self.on + timedelta(days=1), self.zone)

    def holds(self, moment: datetime | None) -> bool:
        """Whether the moment is of this day; an unknown one is of none."""
        return moment is not None and self.starts_at <= moment < self.ends_at


def _midnight(on: date, zone: str) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(zone)).astimezone(UTC)

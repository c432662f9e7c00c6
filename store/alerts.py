"""What the watchdogs find wrong at the moment, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from store.database import Repository
from store.sql import upsert
from store.tables import alerts

LAST_WATCHED = "watchdogs"
"""Names the cursor that says when a pair was last examined."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and what to do about it."""

    watchdog: str
    """Which of them found it, such as `hooks`."""
    subject: str
    """A system, an entity, a flow: what it is about, once per watchdog."""
    text: str
    remedy: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """By which it is the same one, whatever it says now."""
        return self.watchdog, self.subject


@dataclass(frozen=True, kw_only=True)
class Alert(Finding):
    """A finding that lasts."""

    opened_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Changed:
    """What is new since the last time, and what is over."""

    opened: tuple[Alert, ...]
    closed: tuple[Alert, ...]


class Alerts(Repository):
    """The open alerts of each pair."""

    def keep(self, pair: str, findings: Iterable[Finding], *, now: datetime) -> Changed:
        """Let the open alerts be these; what is not among them is over."""
        wanted = {one.name: one for one in findings}
        known = {one.name: one for one in self.list(pair)}
        fresh = {
            name: Alert(
                one.watchdog,
                one.subject,
                one.text,
                one.remedy,
                opened_at=known[name].opened_at if name in known else now,
                seen_at=now,
            )
            for name, one in wanted.items()
        }
        closed = [one for name, one in known.items() if name not in wanted]
        with self._database.write() as connection:
            for one in closed:
                connection.execute(
                    delete(alerts).where(
                        alerts.c.pair == pair,
                        alerts.c.watchdog == one.watchdog,
                        alerts.c.subject == one.subject,
                    )
                )
            rows = [{"pair": pair, **vars(one)} for one in fresh.values()]
            if rows:
                upsert(connection, alerts, rows, key=("pair", "watchdog", "subject"))
        opened = tuple(one for name, one in fresh.items() if name not in known)
        return Changed(opened, tuple(closed))

    def list(self, pair: str) -> list[Alert]:
        """The open ones, the oldest first."""
        query = select(alerts).where(alerts.c.pair == pair).order_by(alerts.c.opened_at)
        with self._database.read() as connection:
            return [
                Alert(
                    row.watchdog,
                    row.subject,
                    row.text,
                    row.remedy,
                    opened_at=row.opened_at,
                    seen_at=row.seen_at,
                )
                for row in connection.execute(query)
            ]

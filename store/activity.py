"""How much happened in each hour: what the watch over activity compares with earlier weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, func, select, type_coerce

from store.database import Database, Repository
from store.sql import INSERT_INTO
from store.tables import ledger, quarantine, requests

HOUR = timedelta(hours=1)
SHOWN = len("2026-11-30T12")
CREATED = {"orders": "create sales order", "refunds": "create sales credit"}
"""By entity: the write that makes its record in Brightpearl."""
CHANGED = ("stock", "prices")
"""Entities whose every write counts: of stock each is a movement of units."""
REQUESTS = {"requests_bigcommerce": "bigcommerce", "requests_brightpearl": "brightpearl"}
"""By series: the system whose requests it counts."""
SERIES = ("orders", "refunds", "stock", "prices", "writes", *REQUESTS, "errors")


class Requests(Repository):
    """Requests sent in each hour."""

    def add(self, pair: str, at: datetime, by_system: Mapping[str, int]) -> None:
        """Count requests of the hour that `at` (aware UTC) belongs to."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        rows = [
            {"pair": pair, "hour": hour, "system": system, "count": count}
            for system, count in sorted(by_system.items())
            if count
        ]
        if not rows:
            return
        with self._database.write() as connection:
            statement = INSERT_INTO[connection.dialect.name](requests).values(rows)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["pair", "hour", "system"],
                    set_={"count": requests.c.count + statement.excluded["count"]},
                )
            )

    def of_hours(
        self, pair: str, system: str, since: datetime, until: datetime
    ) -> dict[datetime, int]:
        """Counts by hour; hours without a request are left out."""
        statement = select(requests.c.hour, requests.c["count"]).where(
            requests.c.pair == pair,
            requests.c.system == system,
            requests.c.hour >= since,
            requests.c.hour < until,
        )
        with self._database.read() as connection:
            return {row.hour: row[1] for row in connection.execute(statement)}


def hourly(
    database: Database, pair: str, since: datetime, until: datetime
) -> Mapping[str, Mapping[datetime, float]]:
    """Counts of whole hours (aware UTC) by series, without gaps from the first one counted.

    `orders` and `refunds` are records that were created in Brightpearl, `stock` and `prices` are
    SKUs whose numbers were changed, `writes` are all changes of either system, `requests_…` are
    requests to a system, reads included, counted since the first one; `errors` are writes that
    failed or were refused and records that went to quarantine.
    """
    failed = ledger.c.outcome.in_(("failed", "refused", "unknown"))
    at, opened = ledger.c.intent_at, quarantine.c.opened_at
    with database.read() as connection:
        is_sqlite = connection.dialect.name == "sqlite"

        def count(
            moment: ColumnElement[datetime], *where: ColumnElement[bool]
        ) -> Counter[datetime]:
            hour = (
                func.substr(type_coerce(moment, String), 1, SHOWN)
                if is_sqlite
                else func.to_char(moment.op("AT TIME ZONE")("UTC"), 'YYYY-MM-DD"T"HH24')
            )
            text = cast(hour, String)
            statement = (
                select(text, func.count())
                .where(moment >= since, moment < until, *where)
                .group_by(text)
            )
            return Counter(
                {_moment(found): number for found, number in connection.execute(statement)}
            )

        mine, its = ledger.c.pair == pair, quarantine.c.pair == pair
        counted = {
            **{
                entity: count(at, mine, ledger.c.entity == entity, ledger.c.action == action)
                for entity, action in CREATED.items()
            },
            **{entity: count(at, mine, ledger.c.entity == entity) for entity in CHANGED},
            "writes": count(at, mine),
            "errors": count(at, mine, failed) + count(opened, its),
        }
    began = min((hour for found in counted.values() for hour in found), default=until)
    sent = Requests(database)
    of_systems = {
        name: sent.of_hours(pair, system, since, until) for name, system in REQUESTS.items()
    }
    return {
        **{name: _without_gaps(found, began, until) for name, found in counted.items()},
        **{
            name: _without_gaps(found, min(found, default=until), until)
            for name, found in of_systems.items()
        },
    }


def _without_gaps(
    found: Mapping[datetime, int], first: datetime, until: datetime
) -> dict[datetime, float]:
    hours = (first + place * HOUR for place in range((until - first) // HOUR))
    return {hour: float(found.get(hour, 0)) for hour in hours}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text.replace(' ', 'T')}:00:00+00:00")

"""How much happened in each hour: what the watch over activity compares with earlier weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, func, select, type_coerce

from store.database import Database
from store.tables import ledger, quarantine

HOUR = timedelta(hours=1)
SHOWN = len("2026-11-30T12")
CREATED = {"orders": "create sales order", "refunds": "create sales credit"}
"""By entity: the write that makes its record in Brightpearl."""
SERIES = ("orders", "refunds", "writes", "errors")


def hourly(
    database: Database, pair: str, since: datetime, until: datetime
) -> Mapping[str, Mapping[datetime, float]]:
    """Counts of whole hours (aware UTC) by series, without gaps from the first one counted.

    `orders` and `refunds` are records that were created in Brightpearl, `writes` are requests that
    changed either system, `errors` are writes that failed or were refused and records that went to
    quarantine.
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
            "writes": count(at, mine),
            "errors": count(at, mine, failed) + count(opened, its),
        }
    first = min((hour for found in counted.values() for hour in found), default=until)
    hours = [first + place * HOUR for place in range((until - first) // HOUR)]
    return {
        name: {hour: float(found.get(hour, 0)) for hour in hours} for name, found in counted.items()
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text.replace(' ', 'T')}:00:00+00:00")

"""What came true releases the records that waited for it, without a person or a clock.

Parked records name their conditions and are woken by `Inbox.wake`. Quarantined ones wait for what
their refusal names: a product that exists now, or a row that a table has now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from core.ids import sku_key
from mappings.bundle import Bundle
from mappings.tables import comparable
from store.database import Database
from store.quarantine import Quarantine
from tasks.reconciler.cases import REVIEW

SKU = "sku"
"""Class of refusals that name a SKU which Brightpearl lacks, or has twice."""
OF_ONE_RECORD = frozenset({REVIEW, "document", "money", "unexpected"})
"""Classes whose values no table and no product can set right."""


def release_skus(database: Database, pair: str, skus: Iterable[str], now: datetime) -> int:
    """Release what waits for products of these SKUs; how many records."""
    known = {sku_key(sku) for sku in skus}

    def is_met(class_: str, value: str) -> bool:
        return class_ == SKU and sku_key(value) in known

    return _release(database, pair, now, is_met)


def release_mapped(
    database: Database, pair: str, before: Bundle, after: Bundle, now: datetime
) -> int:
    """Release what waits for rows that a new version of the tables has; how many records."""
    new = {
        comparable(row.value)
        for name, table in after.tables.items()
        for row in table.rows
        if name not in before.tables or before.tables[name].get(row.value) != row.becomes
    }

    def is_met(class_: str, value: str) -> bool:
        return class_ not in OF_ONE_RECORD and comparable(value) in new

    return _release(database, pair, now, is_met)


def _release(
    database: Database, pair: str, now: datetime, is_met: Callable[[str, str], bool]
) -> int:
    quarantine = Quarantine(database)
    return sum(
        len(quarantine.release(pair, class_=group.class_, value=group.value, now=now))
        for group in quarantine.summary(pair)
        if is_met(group.class_, group.value)
    )

"""Rows of the inbox by their keys, as several of its statements need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from store.statements import in_order, in_parts
from store.tables import inbox

Key = tuple[str, str, str]
"""Pair, entity, key."""


def locked(connection: Connection, *conditions: ColumnElement[bool]) -> list[Key]:
    """The keys for which this holds, locked until the transaction ends."""
    columns = inbox.c.pair, inbox.c.entity, inbox.c.key
    statement = select(*columns).where(*conditions).order_by(*in_order(connection, *columns))
    return [(row[0], row[1], row[2]) for row in connection.execute(statement.with_for_update())]


def change(connection: Connection, keys: Sequence[Key], **values: Any) -> None:  # noqa: ANN401 - a column's value
    """Set columns of these rows."""
    for pair, entity, part in by_entity(keys):
        connection.execute(update(inbox).where(*rows_of(pair, entity, part)).values(**values))


def by_entity(keys: Sequence[Key]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Keys of one pair and entity at a time, not too many for a statement."""
    for (pair, entity), group in groupby(sorted(keys), key=itemgetter(0, 1)):
        for part in in_parts([key for _, _, key in group]):
            yield pair, entity, part


def rows_of(pair: str, entity: str, keys: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """What holds for the rows of these keys alone."""
    return inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.key.in_(keys)

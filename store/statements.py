"""Statements that several tables need, in the dialect of the connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import inbox

AT_ONCE = 500
"""Values of one statement; SQLite limits how many it may carry."""
T = TypeVar("T")

Key = tuple[str, str, str]
"""A row of the inbox: pair, entity, key."""


def in_parts(items: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def in_order(connection: Connection, *columns: Column[str]) -> list[ColumnElement[str]]:
    """Columns to sort by, so that rows come in the order in which Python sorts their texts.

    Whoever locks several rows does so in this order. On PostgreSQL others lock rows at the same
    time; two transactions that want the same rows then never wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return list(columns)
    return [column.collate("C") for column in columns]


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what happens to rows that exist already."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows, or replace those with the same key; a key that comes twice keeps the last."""
    unique = dict(sorted({tuple(row[name] for name in key): row for row in rows}.items()))
    for part in in_parts(list(unique.values())):
        statement = insert_into(connection, table).values([dict(row) for row in part])
        others = {name: statement.excluded[name] for name in part[0] if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others))


def locked(connection: Connection, *conditions: ColumnElement[bool]) -> list[Key]:
    """The keys of the inbox for which this holds, locked until the transaction ends."""
    columns = inbox.c.pair, inbox.c.entity, inbox.c.key
    statement = select(*columns).where(*conditions).order_by(*in_order(connection, *columns))
    return [(row[0], row[1], row[2]) for row in connection.execute(statement.with_for_update())]


def change(connection: Connection, keys: Sequence[Key], **values: Any) -> None:  # noqa: ANN401 - a column's value
    """Set columns of these rows of the inbox."""
    for pair, entity, part in by_entity(keys):
        connection.execute(update(inbox).where(*rows_of(pair, entity, part)).values(**values))


def by_entity(keys: Sequence[Key]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Keys of one pair and entity at a time, not too many for a statement."""
    for (pair, entity), group in groupby(sorted(keys), key=itemgetter(0, 1)):
        for part in in_parts([key for _, _, key in group]):
            yield pair, entity, part


def rows_of(pair: str, entity: str, keys: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """What holds for these keys' rows of the inbox alone."""
    return inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.key.in_(keys)

"""Statements that several tables need, in the dialect of the connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

AT_ONCE = 500
"""Values of one statement; SQLite limits how many it may carry."""
T = TypeVar("T")


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


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows, or replace those with the same key; a key that comes twice keeps the last."""
    unique = dict(sorted({tuple(row[name] for name in key): row for row in rows}.items()))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for part in in_parts(list(unique.values())):
        statement = insert(table).values([dict(row) for row in part])
        others = {name: statement.excluded[name] for name in part[0] if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others))

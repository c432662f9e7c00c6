"""What SQL of both databases has in common: column types, JSON, and statements of any table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import JSON, Connection, Dialect, String, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

AT_ONCE = 500
"""Values of one statement; SQLite limits how many it may carry."""
INSERT_INTO: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""What makes an insert that may say what happens to rows that exist already, by database."""
T = TypeVar("T")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, to the microsecond.

    PostgreSQL keeps it as `timestamptz`; SQLite as text of fixed width, which sorts as time does.
    """

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - the driver's type
        """What the database is given.

        Raises: ValueError for a datetime without a zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must carry its zone")
        moment = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return moment
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - the driver's type
        """The aware datetime of what the database gave."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return datetime.fromisoformat(value)


class StorableText(TypeDecorator[str]):
    """Text as both databases can keep it; what comes from outside may hold what they cannot."""

    impl = Text
    cache_ok = True

    def __init__(self, longest: int | None = None) -> None:
        super().__init__()
        self.longest = longest
        """Characters that are kept; the rest is cut off."""

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class's signature
        """What the database is given."""
        return None if value is None else storable(value)[: self.longest]


def document_type() -> TypeEngine[Any]:
    """A JSON document: `jsonb` on PostgreSQL, text on SQLite."""
    return JSON().with_variant(postgresql.JSONB(), "postgresql")


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 has no place for: NUL, halves of surrogate pairs.

    JSON can carry both, for example the half of an emoji that somebody's software cut in two.
    """
    text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def to_json(document: object) -> str:
    """JSON text: a `Decimal` as exact text, a date or moment in ISO 8601, no number as null.

    Raises: TypeError for what has no place in a document.
    """
    text = JSON_TEXT.encode(document)
    if any(sign in text for sign in ("NaN", "Infinity", "\\u0000")):
        text = JSON_TEXT.encode(_storable(document))
    return storable(text)


def _storable(value: object) -> object:
    """The document without the numbers and characters that `jsonb` refuses."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case str():
            return storable(value)
        case dict():
            return {_storable(name): _storable(item) for name, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return value


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be part of a JSON document")


JSON_TEXT = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))


def in_parts(items: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows, or replace those with the same key; a key that comes twice keeps the last."""
    if not rows:
        return
    unique = dict(sorted({tuple(row[name] for name in key): row for row in rows}.items()))
    statement = INSERT_INTO[connection.dialect.name](table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in key}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=others),
        [dict(row) for row in unique.values()],
    )

"""Published mappings: immutable, numbered, with author, time and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from store.database import Repository
from store.tables import mapping_versions

NEWEST = select(func.max(mapping_versions.c.number)).where(
    mapping_versions.c.pair == bindparam("of_pair")
)
"""The number of a pair's version in force."""


@dataclass(frozen=True)
class Version:
    """One published state of the mappings."""

    number: int
    author: str
    published_at: datetime
    hash: str
    note: str
    files: Mapping[str, str]
    """Text by file name."""


class Versions(Repository):
    """The published mappings of a database."""

    def publish(
        self, pair: str, *, files: Mapping[str, str], author: str, note: str, now: datetime
    ) -> Version:
        """Make the next version; it is in force from now on."""
        text = json.dumps(dict(files), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                # SQLite's write transaction is alone anyway; two must not take the same number.
                connection.exec_driver_sql("LOCK TABLE mapping_versions IN EXCLUSIVE MODE")
            newest = connection.scalar(NEWEST, {"of_pair": pair}) or 0
            version = Version(newest + 1, author, now, digest, note, dict(files))
            connection.execute(insert(mapping_versions), {"pair": pair, **vars(version)})
        return version

    def newest(self, pair: str) -> int:
        """The number of the version in force; 0 while nothing was published."""
        with self._database.read() as connection:
            return connection.scalar(NEWEST, {"of_pair": pair}) or 0

    def get(self, pair: str, number: int) -> Version | None:
        """One version."""
        statement = select(mapping_versions).where(
            mapping_versions.c.pair == pair, mapping_versions.c.number == number
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _version(row)

    def history(self, pair: str) -> list[Version]:
        """All versions, the newest first."""
        statement = (
            select(mapping_versions)
            .where(mapping_versions.c.pair == pair)
            .order_by(mapping_versions.c.number.desc())
        )
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(statement)]


def _version(row: Any) -> Version:  # noqa: ANN401 - a row
    return Version(**{name: getattr(row, name) for name in Version.__dataclass_fields__})

"""Versions of the mappings: the one in force, older ones, and what one of them wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.installation import has_database
from core.errors import ConfigError
from core.ids import ENTITY_NAMES
from core.settings import Settings
from core.times import utc_now
from mappings.bundle import Bundle, load_bundle
from store.database import Database, open_database
from store.inbox import OPERATOR, Inbox
from store.ledger import Ledger
from store.versions import Versions


def in_force(settings: Settings, pair: str) -> Bundle:
    """The newest published version, else the files of the installation.

    Raises: MappingError when they do not load; StoreUnavailableError.
    """
    versions = Versions(open_database(settings.database_url)) if has_database(settings) else None
    number = versions.newest(pair) if versions else 0
    if not number:
        return load_bundle(settings.mappings_path)
    return published_bundle(settings, pair, number)


def published_bundle(settings: Settings, pair: str, number: int) -> Bundle:
    """A published version.

    Raises: ConfigError when there is none of that number.
    """
    version = Versions(open_database(settings.database_url)).get(pair, number)
    if version is None:
        raise ConfigError(
            f"There is no published version {number}.", remedy="See: causeway mappings history"
        )
    return Bundle.from_files(version.files, version=str(version.number))


def from_folder(settings: Settings, path: Path | None, *, check: bool = True) -> Bundle:
    """The files of a folder, or of the installation.

    Raises: MappingError.
    """
    return load_bundle(path or settings.mappings_path, check=check)


def written_by(database: Database, pair: str, version: str) -> list[tuple[str, str]]:
    """Entity and key of every record that a version wrote, each once, in the order written."""
    entries = Ledger(database).by_version(pair, version)
    return list(
        dict.fromkeys(
            (entry.entity, entry.key) for entry in entries if entry.entity in ENTITY_NAMES
        )
    )


def requeue(database: Database, pair: str, written: Sequence[tuple[str, str]]) -> int:
    """Put those records back into the inbox; how many were not due before."""
    inbox, now = Inbox(database), utc_now()
    return sum(
        inbox.put(
            pair,
            entity,
            [key for of, key in written if of == entity],
            source=OPERATOR,
            now=now,
        )
        for entity in dict(written)
    )

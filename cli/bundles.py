"""Which mappings are in force, and older ones. The bundle brings pandas along: import this late."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigError
from core.settings import Settings
from mappings.bundle import Bundle, load_bundle
from store.database import open_database
from store.versions import Versions


def in_force(settings: Settings, pair: str) -> Bundle:
    """The newest published version, else the files of the installation.

    Raises: MappingError when they do not load; StoreUnavailableError.
    """
    published = Versions(open_database(settings.database_url)).current(pair)
    if published is None:
        return load_bundle(settings.mappings_path)
    return Bundle.from_files(published.files, version=str(published.number))


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

"""What the steps of a run reach the world through: one store, one account, our own memory.

A process keeps one of these per pair: connections, budgets and caches stay warm between runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import Pair, Settings, load_settings
from mappings.bundle import Bundle, load_bundle
from store.database import Database, open_database
from store.versions import Versions


@dataclass(frozen=True)
class Connections:
    """One pair, connected."""

    settings: Settings
    pair: Pair
    database: Database
    bigcommerce: BigCommerce
    brightpearl: Brightpearl


_open: dict[str, Connections] = {}


def connect(pair_name: str) -> Connections:
    """The connections of a pair, opened once per process.

    Raises: ConfigError when the pair is not configured; StoreUnavailableError.
    """
    if pair_name not in _open:
        _open[pair_name] = _connect(pair_name)
    return _open[pair_name]


def disconnect() -> None:
    """Close every connection; the next `connect` reads the settings anew."""
    while _open:
        _, world = _open.popitem()
        world.bigcommerce.close()
        world.brightpearl.close()
        world.database.close()


def _connect(pair_name: str) -> Connections:
    settings = load_settings()
    pair = settings.pair(pair_name)
    reads, writes = settings.worker.reads_at_once, settings.worker.writes_at_once
    return Connections(
        settings=settings,
        pair=pair,
        database=open_database(settings.database_url),
        bigcommerce=BigCommerce(pair.bigcommerce, reads_at_once=reads, writes_at_once=writes),
        brightpearl=Brightpearl(pair.brightpearl, reads_at_once=reads, writes_at_once=writes),
    )


def current_bundle(world: Connections) -> Bundle:
    """The mappings in force: the newest published version, else the files of the installation.

    Raises: MappingError naming file, line and field when they do not load.
    """
    published = Versions(world.database).current(world.pair.name)
    if published is None:
        return load_bundle(world.settings.mappings_path)
    return Bundle.from_files(published.files, version=str(published.number))

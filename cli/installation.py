"""Which installation a command works on: its settings, its pair and its database.

Every command says so on stderr. Commands that only read never make a database: in another folder
they would show a new, empty installation as if it were the one that was meant.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cli.output import warn
from core.errors import ConfigError
from core.settings import Pair, Settings, load_settings, prefect_api_url
from store.database import Database, database_of


@dataclass(frozen=True)
class Installation:
    """Settings as they were read, and the pair that a command is about."""

    settings: Settings
    pair: Pair

    @property
    def name(self) -> str:
        """Of the pair."""
        return self.pair.name

    def database(self) -> Database:
        """The database, made if it does not exist yet.

        Raises: ConfigError, StoreUnavailableError.
        """
        return database_of(self.settings)

    def existing_database(self) -> Database:
        """The database, which must exist.

        Raises: ConfigError when it does not; StoreUnavailableError.
        """
        self.require_database()
        return self.database()

    def require_database(self) -> None:
        """Raises: ConfigError when there is no database."""
        if not has_database(self.settings):
            raise ConfigError(
                f"There is no database at {Database(self.settings.database_url).where}.",
                remedy="Run this in the folder of the installation, or name its file by "
                "CAUSEWAY_CONFIG or its database by CAUSEWAY_DATABASE_URL; a new installation "
                "begins with: causeway db upgrade",
            )


def installation(pair: str | None = None) -> Installation:
    """The installation that the variables and the file describe; said on stderr.

    Raises: ConfigError for settings, or a pair, that are missing or wrong.
    """
    settings = load_settings()
    chosen = settings.pair(pair)
    use_prefect_of_up(settings)
    _say_which(settings, f"pair {chosen.name}")
    return Installation(settings, chosen)


def every_pair() -> Settings:
    """The installation with all its pairs, as those processes serve it that run for long.

    Raises: ConfigError for settings that are missing or wrong; without any pair, too.
    """
    settings = load_settings()
    if not settings.pairs:
        settings.pair()
    return _with_all_pairs(settings)


def with_or_without_pairs() -> Settings:
    """The installation, whose pairs need not be configured yet; said on stderr.

    Raises: ConfigError for settings that are wrong.
    """
    return _with_all_pairs(load_settings())


def _with_all_pairs(settings: Settings) -> Settings:
    names = sorted(settings.pairs)
    _say_which(settings, f"pair{'s' * (len(names) != 1)} {', '.join(names) or 'none'}")
    return settings


def use_prefect_of_up(settings: Settings) -> None:
    """Use the Prefect server of the `causeway up` that runs here, unless PREFECT_API_URL is set."""
    from cli.lock import prefect_of  # noqa: PLC0415 - the receiver does not need it
    from cli.services import VAR  # noqa: PLC0415 - the same

    if prefect_api_url() is None and (url := prefect_of(settings.folder / VAR)):
        # Before Prefect is imported, which reads it then.
        os.environ["PREFECT_API_URL"] = url
        warn(f"[Prefect: {url}, of the `causeway up` that runs here]")


def _say_which(settings: Settings, pairs: str) -> None:
    source = str(settings.file) if settings.file else "variables"
    warn(f"[{pairs}; settings: {source}; database: {Database(settings.database_url).where}]")


def has_database(settings: Settings) -> bool:
    """Whether the database exists; of a server that is only known once it is asked."""
    path = Database(settings.database_url).path
    return path is None or path.exists()

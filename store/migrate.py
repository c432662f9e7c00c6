"""The tables brought up to date by Alembic, in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.errors import ConfigError
from store.database import Database

LOCK = 4_711_000_001
"""PostgreSQL's advisory lock: two processes that start together migrate one after the other."""


def migrate(database: Database) -> None:
    """Create the database's folder, file and tables, or bring them up to date; repeatable.

    Raises: StoreUnavailableError; ConfigError for tables of a newer version.
    """
    if database.path is not None:
        try:
            database.path.parent.mkdir(parents=True, exist_ok=True)
            database.path.touch()
        except OSError as error:
            raise ConfigError(
                f"The database {database.path} cannot be made or written: {error.strerror}.",
                remedy="Give this user the right to write to its folder, or name another file by "
                "CAUSEWAY_DATABASE_URL.",
            ) from error
    with database.read() as connection:
        current = revision(connection)
    if current == newest():
        return
    if current is not None and current not in _known():
        raise ConfigError(
            f"The tables in {database.where} were made by a newer version of Causeway "
            f"(revision {current}).",
            remedy="Install that version again, or restore a backup from before it.",
        )
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(alembic_config(connection), "head")


def revision(connection: Connection) -> str | None:
    """The revision the tables have; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this version of Causeway needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def _known() -> set[str]:
    return {
        script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
    }


def alembic_config(connection: Connection | None = None) -> Config:
    """What Alembic's commands need to know."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config

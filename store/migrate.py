"""The tables brought up to date by Alembic, in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from store.database import Database

LOCK = 4_711_000_001
"""PostgreSQL's advisory lock: two processes that start together migrate one after the other."""


def migrate(database: Database) -> None:
    """Create the database's folder, file and tables, or bring them up to date; repeatable.

    Raises: StoreUnavailableError.
    """
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)
        database.path.touch()
    with database.read() as connection:
        if revision(connection) == newest():
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(_config(connection), "head")


def revision(connection: Connection) -> str | None:
    """The revision the tables have; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this version of Causeway needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config

"""The tables brought up to date by Alembic, in one transaction.

Every process asks whether they are; Alembic itself is imported where they are not.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from core.errors import ConfigError
from store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
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
    known = revisions()
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise ConfigError(
            f"The tables in {database.where} were made by a newer version of Causeway "
            f"(revision {current}).",
            remedy="Install that version again, or restore a backup from before it.",
        )
    from alembic import command  # noqa: PLC0415 - see above

    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(alembic_config(connection), "head")


def has_tables(url: str) -> bool:
    """Whether there are tables of any version; makes no database.

    Raises: StoreUnavailableError; ConfigError for what is no URL of a database.
    """
    with closing(Database(url)) as database:
        if database.path is not None and not database.path.exists():
            return False
        with database.read() as connection:
            return revision(connection) is not None


def revision(connection: Connection) -> str | None:
    """The revision the tables have; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def revisions() -> list[str]:
    """The revisions of this version of Causeway, the oldest first: their files begin with them."""
    files = (SCRIPTS / "versions").glob("[0-9]*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def alembic_config(connection: Connection | None = None) -> Config:
    """What Alembic's commands need to know."""
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config

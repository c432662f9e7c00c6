"""Databases with our tables, copied from one: making the tables takes longer than most tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psycopg

from demo.postgresql import PostgresServer
from store.database import Database, open_database


def new_database(folder: Path) -> str:
    """The URL of a new file of SQLite in that folder, with our tables and nothing in them."""
    file = folder / "causeway.db"
    shutil.copyfile(_made_once(), file)
    return f"sqlite:///{file}"


@cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="causeway-tests-"))
    atexit.register(shutil.rmtree, folder)
    file = folder / "causeway.db"
    open_database(f"sqlite:///{file}").close()
    return file


def cut_off(server: PostgresServer, database: Database) -> int:
    """End every connection to a database, as a restart of the server does; how many."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database.url.database],
        )
        return len(ended.fetchall())

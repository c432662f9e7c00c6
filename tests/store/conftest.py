"""Every store test runs on SQLite, and on PostgreSQL where a server can be started."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from databases import new_database

from demo.postgresql import NEEDED, PostgresServer, installed_programs, postgres_server
from store.database import Database, open_database

BOTH = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test process; skips if none is installed."""
    if installed_programs() is None:
        pytest.skip(NEEDED)
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def tables(server: PostgresServer) -> str:
    """The name of a database with our tables, which others are copied from."""
    open_database(server.create("tables")).close()
    return "tables"


NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def new_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Makes the URL of a new database, with our tables or empty."""

    def make(kind: str, *, is_empty: bool = False) -> str:
        if kind == "sqlite":
            folder = tmp_path_factory.mktemp("store")
            return f"sqlite:///{folder}/causeway.db" if is_empty else new_database(folder)
        server = request.getfixturevalue("server")
        like = "template1" if is_empty else request.getfixturevalue("tables")
        url: str = server.create(f"store_{next(NUMBERS)}", like=like)
        return url

    return make


@pytest.fixture(params=BOTH)
def empty_url(request: Any, new_url: Callable[..., str]) -> str:
    """The URL of a database without tables."""
    return new_url(request.param, is_empty=True)


@pytest.fixture(params=BOTH)
def database(request: Any, new_url: Callable[..., str]) -> Iterator[Database]:
    """A database with our tables, nothing in them."""
    database = open_database(new_url(request.param))
    yield database
    database.close()


@pytest.fixture(scope="module", params=BOTH)
def shared_database(request: Any, new_url: Callable[..., str]) -> Iterator[Database]:
    """A database for the examples of one property; each example has a pair of its own."""
    database = open_database(new_url(request.param))
    yield database
    database.close()

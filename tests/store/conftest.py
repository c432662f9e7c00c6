"""Every store test runs on SQLite, and on PostgreSQL where a server can be started.

The server is a throw-away cluster in a temporary folder on a free loopback port, started by a user
other than root, for PostgreSQL refuses to run as root. Its collation is a natural language's, as on
most servers, so that nothing comes to rely on SQLite's order of bytes.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import new_database
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from store.database import Database, open_database

INSTALLED = Path("/usr/lib/postgresql")
BOTH = ("sqlite", "postgresql")
FASTER = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
"""What a throw-away server need not do."""


@dataclass
class Server:
    """A PostgreSQL server of these tests."""

    port: int
    password: str
    version: int

    def url(self, database: str) -> str:
        """As an operator writes it; the password has characters that must be escaped."""
        url = URL.create(
            "postgresql", "postgres", self.password, "127.0.0.1", self.port, database or "postgres"
        )
        return url.render_as_string(hide_password=False)

    def create(self, database: str, *, like: str = "template1") -> str:
        """A new database; its URL."""
        statement = SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url(""), autocommit=True) as connection:
            connection.execute(statement.format(Identifier(database), Identifier(like)))
        return self.url(database)

    def cut_off(self, database: str) -> int:
        """End every connection to a database, as a restart of the server does; how many."""
        with psycopg.connect(self.url(""), autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database],
            )
            return len(ended.fetchall())


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of this test process; skips if none is installed."""
    programs = newest_programs()
    if programs is None:
        pytest.skip(f"PostgreSQL is not installed: no initdb in {INSTALLED}/*/bin or on the PATH")
    user = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="causeway-pg-"))
    password = f"{secrets.token_hex(8)}@/:%é"
    try:
        (folder / "password").write_text(password)
        for path in (folder, folder / "password"):
            if user:
                shutil.chown(path, user)
        yield from running(programs, folder, password, user)
    finally:
        shutil.rmtree(folder)


def running(programs: Path, folder: Path, password: str, user: str | None) -> Iterator[Server]:
    """Make the cluster, start it, and stop it afterwards."""
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        with (folder / "output").open("a") as output:
            done = subprocess.run(  # noqa: S603 - the server's own programs
                [programs / program, "-D", str(data), *arguments],
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            pytest.fail(f"{program} failed:\n{(folder / 'output').read_text()}")

    version = int(re.sub(r"\D.*", "", programs.parent.name) or 0)
    natural = ("--locale-provider=icu", "--icu-locale=en-US") if version >= 15 else ()
    call(
        "initdb",
        *("--username=postgres", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"),
        *("--encoding=UTF8", "--locale=C.UTF-8", *natural, "--no-sync"),
    )
    port = free_port()
    options = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}")
    settings = " ".join(f"-c {option}" for option in (*options, *FASTER))
    call("pg_ctl", "start", "-w", "-t", "60", "-l", str(folder / "log"), "-o", settings)
    try:
        yield Server(port, password, version)
    finally:
        call("pg_ctl", "stop", "-w", "-m", "immediate")


def newest_programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    folders = [path.parent for path in INSTALLED.glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def unprivileged() -> str | None:
    """The user to start the server as: ourselves unless that is root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def tables(server: Server) -> str:
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

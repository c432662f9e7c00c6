"""A PostgreSQL server of our own on loopback, in a folder that goes with it: to test and to break.

It is started by a user other than root, for PostgreSQL refuses to run as root. Its collation is a
natural language's, as on most servers, so that nothing comes to rely on SQLite's order of bytes.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from cli.processes import ProcessError, free_port

INSTALLED = Path("/usr/lib/postgresql")
NEEDED = f"PostgreSQL is not installed: there is no initdb in {INSTALLED}/*/bin or on the PATH"
FASTER = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
"""What a server need not do that nobody needs after a loss of power."""
ICU_SINCE = 15
START_WITHIN_S = 300


@dataclass(frozen=True)
class PostgresServer:
    """One server; its data lies in `folder`."""

    programs: Path
    folder: Path
    user: str | None
    """Who runs it; None for ourselves."""
    port: int
    password: str

    @property
    def version(self) -> int:
        """Its major version; 0 where the folder of its programs does not say it."""
        return int(re.sub(r"\D.*", "", self.programs.parent.name) or 0)

    def url(self, database: str = "postgres") -> str:
        """As an operator writes it; the password has characters that must be escaped."""
        url = URL.create("postgresql", "postgres", self.password, "127.0.0.1", self.port, database)
        return url.render_as_string(hide_password=False)

    def create(self, database: str, *, like: str = "template1") -> str:
        """A new database; its URL."""
        statement = SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.format(Identifier(database), Identifier(like)))
        return self.url(database)

    def initialise(self) -> None:
        """Make its data.

        Raises: ProcessError with what its program says.
        """
        natural = ("--locale-provider=icu", "--icu-locale=en-US")
        self._call(
            "initdb",
            *("--username=postgres", "--auth=scram-sha-256"),
            *(f"--pwfile={self.folder / 'password'}", "--encoding=UTF8", "--locale=C.UTF-8"),
            *(natural if self.version >= ICU_SINCE else ()),
            "--no-sync",
        )

    def start(self) -> None:
        """Start it, after a crash too, and wait until it answers.

        Raises: ProcessError with what its program says.
        """
        places = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        options = (*places, f"port={self.port}", *FASTER)
        settings = " ".join(f"-c {option}" for option in options)
        log = str(self.folder / "log")
        self._call("pg_ctl", "start", "-w", "-t", str(START_WITHIN_S), "-l", log, "-o", settings)

    def kill(self) -> None:
        """End it as a crash does; its processes of a connection each end once they notice."""
        pid = (self.folder / "data" / "postmaster.pid").read_text("ascii").split()[0]
        os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        """Stop it at once."""
        self._call("pg_ctl", "stop", "-w", "-m", "immediate")

    def _call(self, program: str, *arguments: str) -> None:
        output = self.folder / "output"
        with output.open("a") as file:
            done = subprocess.run(  # noqa: S603 - the server's own programs
                [self.programs / program, "-D", str(self.folder / "data"), *arguments],
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                check=False,
            )
        if done.returncode:
            raise ProcessError(f"{program} failed: {output.read_text(errors='replace')}")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that runs until the block ends, with a cluster of its own.

    Raises: ProcessError where PostgreSQL is not installed or does not start.
    """
    programs = installed_programs()
    if programs is None:
        raise ProcessError(NEEDED)
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="causeway-pg-"))
    password = f"{secrets.token_hex(8)}@/:%é"
    try:
        (folder / "password").write_text(password)
        if user:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        server = PostgresServer(programs, folder, user, free_port(), password)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def installed_programs() -> Path | None:
    """The folder of the newest installed server's programs; None where there is none."""
    folders = [path.parent for path in INSTALLED.glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _unprivileged() -> str | None:
    """The user to start the server as: ourselves unless that is root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"

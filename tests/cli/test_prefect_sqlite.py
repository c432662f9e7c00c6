"""A Prefect server on SQLite that we ship or start: no request of it finds its database locked."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from waiting import WITHIN_S

from cli.engine import quiet_engine
from cli.prefect_sqlite import PLUGIN, STEPS_TOGETHER, ImmediateTransactions
from cli.services import Ports, Services, sandbox_environment

ROOT = Path(__file__).parents[2]
NAMING = ("docker/compose.sqlite.yaml", "docs/deployment.md")
"""Files that name the database of a Prefect server on SQLite."""
SQLITE = re.compile(r"sqlite\+aiosqlite:[^\s'\"`]+")


async def is_refused_during_a_transaction(database: Path, query: str) -> bool:
    """Whether another connection may not write while Prefect's transaction has only read."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{database}{query}")
    engine = await configuration.engine()
    try:
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            await session.execute(text("SELECT 1 FROM sqlite_master"))
            other = sqlite3.connect(database, timeout=0)
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            finally:
                other.close()
            return False
    finally:
        await engine.dispose()


@pytest.mark.parametrize(("query", "is_refused"), [(f"?plugin={PLUGIN}", True), ("", False)])
def test_only_with_the_plugin_a_transaction_of_prefect_is_the_one_writer_from_its_beginning(
    tmp_path: Path, query: str, is_refused: bool
) -> None:
    assert asyncio.run(is_refused_during_a_transaction(tmp_path / "p.db", query)) is is_refused


async def reads_and_writes(url: str, *, together: int = 1, between: object = None) -> int:
    """How many rows are there once transactions of Prefect have each read and then written one.

    In: what another connection does between reading and writing.
    """
    configuration = AioSqliteConfiguration(url)
    engine = await configuration.engine()

    async def one() -> None:
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            await session.execute(text("SELECT count(*) FROM t"))
            if callable(between):
                between()
            await asyncio.sleep(0)
            await session.execute(text("INSERT INTO t VALUES (1)"))

    try:
        await asyncio.gather(*(one() for _ in range(together)))
        session = await configuration.session(engine)
        async with session:
            return int((await session.execute(text("SELECT count(*) FROM t"))).scalar_one())
    finally:
        await engine.dispose()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database as Prefect keeps it, with a table."""
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (n INTEGER)")
    return file


def test_a_write_of_somebody_else_between_reading_and_writing_locks_nothing(
    database: Path,
) -> None:
    refused = []

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("INSERT INTO t VALUES (0)")
            except sqlite3.OperationalError as error:
                refused.append(str(error))

    url = f"sqlite+aiosqlite:///{database}"
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(reads_and_writes(url, between=write))
    assert refused == []

    # With the plugin it is the other one that waits for its turn.
    assert asyncio.run(reads_and_writes(f"{url}?plugin={PLUGIN}", between=write)) == 2
    assert refused == ["database is locked"]


@pytest.mark.parametrize("together", [2, 12])
def test_transactions_that_read_and_write_at_once_all_come_to_their_end(
    database: Path, together: int
) -> None:
    url = f"sqlite+aiosqlite:///{database}?plugin={PLUGIN}"
    assert asyncio.run(reads_and_writes(url, together=together)) == together


class Started:
    """Notes how a process would be started."""

    def start_python(self, _name: str, *_words: str, **how: object) -> None:
        self.how = how


@pytest.mark.parametrize("folder", ["var", "var/sandbox", "var/demo"])
def test_the_server_of_up_and_of_the_demo_has_these_settings(tmp_path: Path, folder: str) -> None:
    started, ports = Started(), Ports(prefect=1, receiver=2, bigcommerce=3, brightpearl=4)
    place = tmp_path / folder
    services = Services.of(started, place, ports, sandbox_environment(place, ports))  # type: ignore[arg-type]

    services.start_prefect()

    given = started.how["environment"]
    assert isinstance(given, dict)
    url = f"sqlite+aiosqlite:///{place}/prefect/prefect.db?plugin={PLUGIN}"
    assert given["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == url
    assert given.items() >= STEPS_TOGETHER.items()


@pytest.mark.parametrize("name", NAMING)
def test_every_database_that_files_and_pages_name_has_the_plugin(name: str) -> None:
    content = (ROOT / name).read_text("utf-8")
    urls = SQLITE.findall(content)
    assert urls
    assert [url for url in urls if not url.endswith(f"?plugin={PLUGIN}")] == []
    for setting, value in STEPS_TOGETHER.items():
        assert re.search(rf"{setting}(=|: \"){value}\b", content), setting


def test_no_other_page_or_file_names_a_database_of_prefect_on_sqlite() -> None:
    read = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*"), *ROOT.glob("docker/*")]
    files = [one for one in read if one.is_file()]
    found = {str(one.relative_to(ROOT)) for one in files if SQLITE.search(one.read_text("utf-8"))}
    assert found == set(NAMING)


def test_the_small_server_of_a_command_has_the_plugin_and_the_database_it_always_had() -> None:
    before = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
    with quiet_engine():
        during = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
    assert during == f"{before}?plugin={PLUGIN}"
    assert PREFECT_SERVER_DATABASE_CONNECTION_URL.value() == before


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://prefect:hidden@127.0.0.1/prefect",
        "sqlite+aiosqlite:////data/prefect.db?plugin=another",
        "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true",
    ],
)
def test_another_database_or_plugin_of_a_profile_stays_as_it_is(url: str) -> None:
    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: url}), quiet_engine():
        assert PREFECT_SERVER_DATABASE_CONNECTION_URL.value() == url


DATABASE_OF_THE_COMMAND = """
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL
from cli.engine import quiet_engine

with quiet_engine():
    print(PREFECT_SERVER_DATABASE_CONNECTION_URL.value())
"""


@pytest.mark.parametrize(
    "name",
    [
        "PREFECT_SERVER_DATABASE_CONNECTION_URL",
        pytest.param("PREFECT_API_DATABASE_CONNECTION_URL", marks=pytest.mark.long),
    ],
)
def test_the_operators_own_database_goes_before(name: str) -> None:
    own = "sqlite+aiosqlite:////data/prefect.db"
    printed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", DATABASE_OF_THE_COMMAND],
        env={**os.environ, name: own},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.strip() == own


def test_the_plugin_is_found_where_causeway_is_installed() -> None:
    (found,) = entry_points(group="sqlalchemy.plugins", name=PLUGIN)
    assert found.load() is ImmediateTransactions


FLOW = """
from prefect import flow, task
from cli.engine import run_here

@task
def step(n):
    return n

@flow(persist_result=False)
async def counted():
    return sum(step(n) for n in range(20))

print(run_here(counted))
"""


def start_flow(home: Path) -> subprocess.Popen[str]:
    """A process that runs a flow of twenty steps with a small server of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", FLOW],
        cwd=ROOT,
        env={**own, "PREFECT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_commands_that_share_a_database_run_at_once_without_finding_it_locked(
    tmp_path: Path,
) -> None:
    for together in (1, 2):  # the first makes the tables
        started = [start_flow(tmp_path) for _ in range(together)]
        printed = [one.communicate(timeout=WITHIN_S) for one in started]
        assert [out.strip() for out, _ in printed] == ["190"] * together
        assert not any("locked" in errors for _, errors in printed)

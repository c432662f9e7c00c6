"""The tables: made from nothing, taken back, and never those of another version."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select
from waiting import WITHIN_S

from core.errors import ConfigError
from store.database import Database
from store.inbox import Inbox, Parked
from store.links import Link, Links
from store.migrate import alembic_config, migrate, revision, revisions
from store.tables import inbox, metadata

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    if database.path is not None:
        database.path.touch()
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def test_the_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_files_of_migrations_are_named_by_their_revisions() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert revisions() == [one.revision for one in scripts.walk_revisions()][::-1]


def test_tables_that_are_up_to_date_are_opened_without_the_tool_that_changes_them(
    database: Database,
) -> None:
    url = database.url.render_as_string(hide_password=False)
    program = (
        "import sys; from store.database import open_database; open_database(sys.argv[1]);"
        "sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, url], check=False, timeout=WITHIN_S)  # noqa: S603 - our own program
    assert done.returncode == 0


def test_the_tables_can_be_made_taken_back_and_made_again(empty: Database) -> None:
    for _ in range(2):
        migrate(empty)
        assert tables(empty) == {*metadata.tables, "alembic_version"}
        with empty.write() as connection:
            command.downgrade(alembic_config(connection), "base")
        assert tables(empty) == {"alembic_version"}
        with empty.read() as connection:
            assert revision(connection) is None


def test_what_keys_wait_for_and_links_are_kept_when_their_tables_change(empty: Database) -> None:
    """From revision 0002 to 0003, and back."""
    with empty.write() as connection:
        command.upgrade(alembic_config(connection), "0002")
        connection.exec_driver_sql(
            "INSERT INTO inbox (pair, entity, key, state, lane, source, updated_at, condition) "
            "VALUES ('p', 'orders', '1', 'parked', 1, 'sweep', '2026-03-01T12:00Z', 'status'), "
            "('p', 'orders', '2', 'due', 3, 'backfill', '2026-03-01T12:00Z', 'status')"
        )
        connection.exec_driver_sql(
            "INSERT INTO crosswalk (pair, entity, key_bc, id_bp, state, detail, updated_at) "
            "VALUES ('p', 'orders', '1', '701', 'live', '{}', '2026-03-01T12:00Z')"
        )
    migrate(empty)
    assert Inbox(empty).waiting_for("p", "") == {"status"}
    assert Inbox(empty).wake("p", ["status"], now=NOW) == 1
    assert Links(empty).get("p", "orders", ["1"]) == {"1": Link("1", "701")}
    with empty.write() as connection:
        assert set(connection.scalars(select(inbox.c.priority))) == {0, 3}
        command.downgrade(alembic_config(connection), "0002")
        assert connection.exec_driver_sql("SELECT id_bp, state FROM crosswalk").one() == (
            "701",
            "live",
        )


def test_what_waits_for_stock_without_a_warehouse_is_checked_once_more(empty: Database) -> None:
    """From revision 0011 to 0012."""
    with empty.write() as connection:
        command.upgrade(alembic_config(connection), "0011")
    keys, later = Inbox(empty), NOW + timedelta(days=1)
    keys.put("p", "orders", ["1", "2"], source="webhook", now=NOW)
    keys.claim("p", "orders", owner="a", limit=2, lease_s=60, now=NOW)
    waits_for = {"1": "stock:1007", "2": "payment"}
    parked = [Parked(key, (one,), later, later, one) for key, one in waits_for.items()]
    keys.settle("p", "orders", "a", parked, now=NOW)
    migrate(empty)
    due = keys.claim("p", "orders", owner="a", limit=2, lease_s=60, now=NOW)
    assert [one.key for one in due] == ["1"]


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    """One transaction: a failed upgrade leaves no half of the tables."""

    def fail_late() -> None:
        with empty.write() as connection:
            command.upgrade(alembic_config(connection), "head")
            raise LookupError(inspect(connection).get_table_names())

    with pytest.raises(LookupError, match="inbox"):
        fail_late()
    assert tables(empty) == set()


def test_processes_that_start_together_make_the_tables_once(empty: Database) -> None:
    url = empty.url.render_as_string(hide_password=False)
    code = "import sys; from store.database import open_database; open_database(sys.argv[1])"
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=WITHIN_S)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    with empty.read() as connection:
        assert revision(connection) == revisions()[-1]


def test_tables_of_a_newer_version_are_left_alone(empty: Database) -> None:
    migrate(empty)
    with empty.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"newer version of Causeway \(revision 9999\)"):
        migrate(empty)

"""The way to the database: which ones exist, what its errors say, how it is lost and found."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import cut_off
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError
from store.database import Database, StoreUnavailableError
from store.inbox import Inbox
from store.runs import Cursors, Runs
from store.sql import to_json

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_used_is_refused_with_those_that_can(url: str) -> None:
    with pytest.raises(ConfigError, match="CAUSEWAY_DATABASE_URL") as raised:
        Database(url)
    assert "postgresql://user:password@host/database" in raised.value.remedy


@pytest.mark.parametrize("password", ["se@cret", "se@cr:et", "se/@cret", "se@cr/et", "@secret"])
def test_an_unescaped_password_is_said_and_no_part_of_it_is_shown(password: str) -> None:
    with pytest.raises(ConfigError, match="CAUSEWAY_DATABASE_URL") as raised:
        Database(f"postgresql://causeway:{password}@db/causeway")
    assert "write %40" in raised.value.remedy
    assert not any(part in str(raised.value) for part in ("se@", "cret", "cr:", "cr/"))
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_way_to_write_a_postgresql_url_works(
    new_url: Callable[..., str], scheme: str
) -> None:
    url = new_url("postgresql").replace("postgresql", scheme, 1)
    database = Database(f"{url}?sslmode=prefer&options=-c%20statement_timeout%3D5555")
    with database.read() as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout", "TimeZone", "application_name")
        ]
    assert shown == ["5555ms", "10s", "UTC", "causeway"]
    database.close()


def test_no_message_shows_a_password(new_url: Callable[..., str]) -> None:
    url = new_url("postgresql")
    database = Database(url.replace("postgres:", "postgres:wrong-", 1) + "?passfile=%2Fsecret")
    with pytest.raises(StoreUnavailableError) as raised, database.read():
        pass
    text = f"{raised.value} {database.where}"
    assert "postgresql://postgres:***@127.0.0.1" in text
    assert not any(part in text for part in ("wrong-", "secret", "psycopg"))


def test_a_server_that_is_away_is_said_so() -> None:
    database = Database("postgresql://causeway@127.0.0.1:1/causeway")
    with pytest.raises(StoreUnavailableError, match="cannot be used") as raised, database.write():
        pass
    assert "Check CAUSEWAY_DATABASE_URL" in raised.value.remedy


def test_tables_that_are_missing_are_named_with_the_command_that_makes_them(
    empty_url: str,
) -> None:
    database = Database(empty_url)
    if database.path is not None:
        database.path.touch()
    with pytest.raises(StoreUnavailableError) as raised:
        Cursors(database).get("p", "orders")
    assert "causeway db upgrade" in raised.value.remedy
    database.close()


def test_what_a_server_restart_cut_off_works_again_by_itself(
    new_url: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    database = Database(new_url("postgresql"))
    inbox = Inbox(database)
    inbox.put("p", "orders", ["1"], source="webhook", now=NOW)
    assert cut_off(request.getfixturevalue("server"), database)
    inbox.put("p", "orders", ["2"], source="webhook", now=NOW)
    assert inbox.states("p", "orders", ["1", "2"]) == {"1": "due", "2": "due"}
    database.close()


def test_a_transaction_that_the_server_cut_off_wrote_nothing(
    new_url: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("server")
    database = Database(new_url("postgresql"))

    def write_and_lose() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO leases VALUES ('x', 'y', now())")
            cut_off(server, database)

    with pytest.raises(StoreUnavailableError, match="cannot be used"):
        write_and_lose()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM leases").scalar_one() == 0
    database.close()


def test_a_row_that_somebody_holds_is_waited_for_only_so_long(new_url: Callable[..., str]) -> None:
    url = new_url("postgresql")
    database, hasty = Database(url), Database(url, busy_timeout_s=0.05)
    Inbox(database).put("p", "orders", ["1"], source="webhook", now=NOW)
    with database.write() as connection:
        connection.exec_driver_sql("SELECT 1 FROM inbox FOR UPDATE")
        with pytest.raises(StoreUnavailableError) as raised:
            Inbox(hasty).put("p", "orders", ["1"], source="webhook", now=NOW)
    assert "Something holds it for long" in raised.value.remedy
    for one in (database, hasty):
        one.close()


def test_a_broken_rule_of_our_own_is_no_outage(database: Database) -> None:
    def insert_twice() -> None:
        with database.write() as connection:
            for _ in range(2):
                connection.exec_driver_sql(
                    "INSERT INTO leases VALUES ('x', 'y', '2026-03-01T12:00:00.000000Z')"
                )

    with pytest.raises(IntegrityError):
        insert_twice()


ODD: dict[str, Any] = {
    "nothing": math.nan,
    "much": [math.inf, -math.inf, 1.5],
    "cut": "half \ud83d, NUL \0, NaN",
    "escaped": "\\u0000",
    "in\0side": {"deep": (math.nan, "\0")},
}


def test_a_document_holds_what_both_databases_can_keep(database: Database) -> None:
    """Frames bring NaN, the vendors' JSON brings NUL and halves of characters."""
    runs = Runs(database)
    runs.keep({"pair": "p", "flow": "f", **ODD}, run_id="\0r", now=NOW)
    assert runs.last("p") == [
        {
            "pair": "p",
            "flow": "f",
            "nothing": None,
            "much": [None, None, 1.5],
            "cut": "half ?, NUL , NaN",
            "escaped": "\\u0000",
            "inside": {"deep": [None, ""]},
        }
    ]


def test_what_has_no_place_in_a_document_is_refused() -> None:
    with pytest.raises(TypeError, match="a set cannot be part of a JSON document"):
        to_json({"keys": {1, 2}})

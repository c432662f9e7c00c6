"""What cases keep of records, and what people write about them, is encrypted; keys are rotated."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cases import Case, open_cases
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from core.errors import ConfigError
from store.database import Database, open_database
from store.encryption import Keyring
from store.personal_data import PersonalData, Subject
from store.quarantine import Quarantine, Unreadable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VALUES = {"values": {"bigcommerce": "Ann Lee", "brightpearl": "Ann Léa"}}
CASE = Case("p", "customers", "7", "review", "name", "name 1", "differs", "decide", detail=VALUES)
KEYS = [SecretStr(Fernet.generate_key().decode()) for _ in range(2)]


def name_of(key: SecretStr) -> str:
    """Of a key, as what it encrypted carries it."""
    return Keyring([key]).newest


PLAIN = {
    "sqlite": "UPDATE quarantine SET closed_reason = :said, detail = :detail",
    "postgresql": "UPDATE quarantine SET closed_reason = :said, detail = CAST(:detail AS JSONB)",
}
"""How earlier versions kept it."""


@contextmanager
def opened(url: str, *keys: SecretStr) -> Iterator[Quarantine]:
    """The quarantine as a process with these keys sees it."""
    database = Database(url, keys)
    yield Quarantine(database)
    database.close()


def kept(url: str) -> str:
    """The columns in question, as the database holds them."""
    database = Database(url)
    with database.read() as connection:
        rows: list[Any] = []
        for sql in (
            "SELECT detail, closed_reason FROM quarantine ORDER BY id",
            "SELECT reason FROM quarantine_actions ORDER BY id",
        ):
            rows += map(tuple, connection.exec_driver_sql(sql))
    database.close()
    return json.dumps(rows)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: Any, new_url: Callable[..., str]) -> str:
    url = new_url(request.param)
    open_database(url).close()
    return url


def test_nobody_reads_in_the_database_what_a_case_keeps_and_a_person_wrote(url: str) -> None:
    with opened(url, *KEYS) as quarantine:
        open_cases(quarantine, [CASE], now=NOW)
        (entry,) = quarantine.list()
        quarantine.discard([entry.id], "Ann said so", now=NOW)
        shown, (action,) = quarantine.show(entry.id), quarantine.actions(entry.id)

    assert shown is not None
    assert (entry.detail, shown.detail, shown.closed_reason) == (VALUES, VALUES, "Ann said so")
    assert action.reason == "Ann said so"
    assert "encrypted" in kept(url)
    assert "Ann said" not in kept(url)
    assert "Ann L" not in kept(url)


def test_a_person_is_found_exported_and_erased_in_what_is_encrypted(database: Database) -> None:
    subject = Subject("c", "o", [("customers", "7")], ["Ann Lee"])
    quarantine, ours = Quarantine(database), PersonalData(database)
    open_cases(quarantine, [CASE], now=NOW)
    exported = ours.export("p", subject)
    ours.erase("p", subject)
    (entry,) = quarantine.list()

    assert exported["quarantine"][0]["detail"] == VALUES
    assert entry.detail["values"] == {"bigcommerce": "[erased]", "brightpearl": "Ann Léa"}


def test_what_was_kept_in_plain_text_is_read_and_encrypted(url: str) -> None:
    with opened(url, KEYS[0]) as quarantine:
        open_cases(quarantine, [CASE], now=NOW)
        quarantine.discard([quarantine.list()[0].id], "Ann said so", now=NOW)
        (before,) = quarantine.list(state="discarded")
    database = Database(url)
    values = {"detail": json.dumps(VALUES), "said": "Ann said so"}
    with database.write() as connection:
        connection.execute(text(PLAIN[connection.dialect.name]), values)
        connection.execute(text("UPDATE quarantine_actions SET reason = :said"), values)
    database.close()
    assert "Ann Lee" in kept(url)

    with opened(url, KEYS[0]) as quarantine:
        assert quarantine.list(state="discarded") == [before]
        assert quarantine.encrypt_anew() == 2
        assert quarantine.encrypt_anew() == 0
        assert quarantine.list(state="discarded") == [before]
    assert "Ann said" not in kept(url)
    assert "Ann L" not in kept(url)


def test_a_new_first_key_takes_over_and_the_earlier_one_can_go(url: str) -> None:
    old, new = KEYS
    cases = [Case("p", "customers", str(n), *"abcde", detail=VALUES) for n in range(600)]
    with opened(url, old) as quarantine:
        open_cases(quarantine, cases, now=NOW)
    with opened(url, new, old) as quarantine:
        assert {entry.detail["values"]["bigcommerce"] for entry in quarantine.list()} == {"Ann Lee"}
        assert quarantine.encrypt_anew() == 600
    with opened(url, new) as quarantine:
        assert all(entry.detail == VALUES for entry in quarantine.list())


def test_what_a_lost_key_encrypted_holds_up_nothing_and_comes_back_with_the_key(url: str) -> None:
    old, new = KEYS
    with opened(url, old) as quarantine:
        open_cases(quarantine, [CASE, replace(CASE, key="8"), replace(CASE, key="9")], now=NOW)
        quarantine.discard([3], "Ann said so", actor="jo", now=NOW)
    with opened(url, new) as quarantine:
        open_cases(quarantine, [replace(CASE, key="10")], now=NOW)
        by_key = {entry.key: entry for entry in quarantine.list()}
        assert by_key["10"].detail == VALUES
        assert "Ann" not in str(by_key["7"].detail)
        assert quarantine.unreadable() == Unreadable(5, [name_of(old)])
        assert quarantine.encrypt_anew() == 0
        assert quarantine.discard([by_key["7"].id], "the key is lost", actor="jo", now=NOW) == 1
        assert quarantine.release("p", keys=["8"], now=NOW) == ["8"]
    with opened(url, new, old) as quarantine:
        assert quarantine.unreadable().count == 0
        assert quarantine.encrypt_anew() > 0
        closed = [*quarantine.list(state="discarded"), *quarantine.list(state="released")]
        assert [entry.detail for entry in closed] == [VALUES] * 3
        assert "Ann said so" in {entry.closed_reason for entry in closed}


def test_a_person_is_erased_also_from_what_a_lost_key_encrypted(url: str) -> None:
    old, new = KEYS
    with opened(url, old) as quarantine:
        open_cases(quarantine, [CASE], now=NOW)
    database = Database(url, [new])
    person = Subject("hash", "hash", records=[("customers", "7")], values=["Ann Lee"])
    PersonalData(database).erase("p", person)
    database.close()
    with opened(url, new, old) as quarantine:
        (entry,) = quarantine.list()
    assert "[erased]" in str(entry.detail)
    assert "Ann" not in str(entry.detail)


def test_without_a_key_sqlite_makes_one_next_to_the_database_that_nobody_else_reads(
    new_url: Callable[..., str],
) -> None:
    url = new_url("sqlite")
    file = Path(f"{url.removeprefix('sqlite:///')}.key")
    open_database(url).close()
    assert not file.exists()

    with opened(url) as quarantine:
        open_cases(quarantine, [CASE], now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Ann said" not in kept(url)
    assert "Ann L" not in kept(url)
    with opened(url, KEYS[0]) as quarantine:
        assert quarantine.list()[0].detail == VALUES


def test_processes_that_need_the_key_at_once_have_the_same(tmp_path: Path) -> None:
    rings = [Keyring(file=tmp_path / "causeway.db.key") for _ in range(8)]
    texts: list[str] = []
    started = threading.Barrier(len(rings))

    def encrypt(ring: Keyring) -> None:
        started.wait()
        texts.append(ring.encrypt("Ann"))

    threads = [threading.Thread(target=encrypt, args=[ring]) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [rings[0].decrypt(text) for text in texts] == ["Ann"] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["causeway.db.key"]


def test_a_key_that_cannot_be_kept_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be made or read"):
        Keyring(file=tmp_path / "absent" / "key").encrypt("Ann")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back(typed: str) -> None:
    assert Keyring(KEYS).decrypt(Keyring(KEYS).encrypt(typed)) == typed
    assert Keyring().decrypt(Keyring().encrypt(typed)) == typed

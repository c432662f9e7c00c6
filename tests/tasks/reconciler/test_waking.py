"""Quarantined records are released as soon as what they wait for is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.refusals import Refusal
from mappings.bundle import Bundle, load_bundle
from store.database import Database, open_database
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.reconciler.cases import release_mapped, release_skus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = "default"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    found = open_database(f"sqlite:///{tmp_path}/causeway.db")
    refusals = {
        "1": ("sku", "ABC-1"),
        "2": ("shipping_method", "Pigeon  Post"),
        "3": ("review", "edit 1234"),
        "4": ("money", "Pigeon Post"),
    }
    cases = [
        (key, Refusal(*what[:1], "field", what[1], "why", "do")) for key, what in refusals.items()
    ]
    Quarantine(found).open(PAIR, "orders", cases, now=NOW)
    return found


def due(database: Database) -> list[str]:
    claims = Inbox(database).claim(PAIR, "orders", owner="a", limit=9, lease_s=60, now=NOW)
    return sorted(claim.key for claim in claims)


def with_row(bundle: Bundle, table: str, row: str) -> Bundle:
    name = f"tables/{table}.csv"
    return Bundle.from_files(bundle.files | {name: f"{bundle.files[name]}{row}\n"})


def test_a_product_that_exists_now_releases_the_orders_of_its_sku(database: Database) -> None:
    assert release_skus(database, PAIR, ["xyz", "abc-1 "], NOW) == 1
    assert due(database) == ["1"]


def test_a_row_that_a_table_has_now_releases_what_lacked_it(database: Database) -> None:
    before = load_bundle()
    after = with_row(before, "shipping_methods", "Pigeon Post,6,")

    assert release_mapped(database, PAIR, before, after, NOW) == 1
    assert due(database) == ["2"]


def test_tables_that_did_not_change_release_nothing(database: Database) -> None:
    bundle = load_bundle()

    assert release_mapped(database, PAIR, bundle, bundle, NOW) == 0
    assert due(database) == []

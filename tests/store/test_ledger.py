"""The ledger: intents before, outcomes after, the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from store.database import Database
from store.ledger import Conclusion, Intent, Ledger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def test_intents_get_their_numbers_in_the_order_they_were_given(ledger: Ledger) -> None:
    """A thousand rows are several statements; each number must still be its own row's."""
    keys = [str(number) for number in range(1_200, 0, -1)]
    ids = ledger.intend([Intent(*PAIR, key, "create", f"BC-{key}") for key in keys], now=NOW)
    assert len(set(ids)) == len(keys)
    for place in (0, 17, 999, 1_199):
        (entry,) = ledger.history(*PAIR, keys[place])
        assert (entry.id, entry.natural_key) == (ids[place], f"BC-{keys[place]}")


def test_what_was_before_and_after_comes_back_as_exact_text(ledger: Ledger) -> None:
    after = {"total": Decimal("10.10"), "placedOn": NOW, "rows": [{"net": Decimal("0.005")}]}
    ledger.intend([Intent(*PAIR, "1", "create", "BC-1", after=after, mapping_version="3")], now=NOW)
    (entry,) = ledger.history(*PAIR, "1")
    assert entry.before == {}
    assert entry.after == {
        "total": "10.10",
        "placedOn": "2026-03-01T12:00:00+00:00",
        "rows": [{"net": "0.005"}],
    }
    assert entry.intent_at == NOW
    assert ledger.by_version("p", "3") == [entry]
    assert ledger.by_version("p", "4") == []


def test_an_intent_is_open_until_its_end_is_known(ledger: Ledger) -> None:
    first, second, third = ledger.intend(
        [Intent(*PAIR, key, "create", f"BC-{key}") for key in "abc"], now=NOW
    )
    later = NOW + timedelta(seconds=1)
    ledger.conclude(
        [
            Conclusion(first, "written", "700"),
            Conclusion(second, "unknown", error="the answer was lost"),
        ],
        now=later,
    )
    open_ = ledger.open_intents(*PAIR, ["a", "b", "c"])
    assert {entry.id: entry.outcome for entry in open_} == {second: "unknown", third: None}
    (entry,) = ledger.history(*PAIR, "a")
    assert (entry.outcome, entry.written_id, entry.outcome_at) == ("written", "700", later)


def test_nothing_to_write_is_no_statement(ledger: Ledger) -> None:
    assert ledger.intend([], now=NOW) == []
    ledger.conclude([], now=NOW)
    assert ledger.open_intents(*PAIR, []) == []

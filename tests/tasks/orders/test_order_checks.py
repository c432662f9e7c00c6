"""Checks of new orders: what becomes a note, what a case, and that a replay scores the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.settings import CheckSettings
from intelligence.addresses import Finding
from intelligence.order_history import OrderHistory
from intelligence.risk import Checkout, Party, Reason, RiskRules, RiskVerdict, facts_of
from tasks.orders.checks import (
    OrderCheck,
    document_of,
    facts_from,
    order_check,
    score_in_sequence,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BLOCKING = Finding("postcode_missing", "block", "postcode", "There is no postcode.")
ADVICE = Finding("city_spelling", "advise", "city", "No place called X is known.", "Y")
RISKY = RiskVerdict(50, (Reason("avs_no", 50, "the bank does not know the address"),))
HOME = Party("Ann Lee", "1 High St", "Reno", "89501", "US")
ORDER = Checkout("1", NOON, "ann@web.de", Decimal("60.00"), HOME, HOME, "USD", "198.51.100.7")


def test_nothing_wrong_is_nothing_said():
    assert order_check("1", (), None, CheckSettings()) == OrderCheck()
    assert order_check("1", (), RiskVerdict(3, ()), CheckSettings(risk="hold")) == OrderCheck()


def test_advice_is_a_note_and_no_case():
    found = order_check("1", (BLOCKING, ADVICE), RISKY, CheckSettings(risk="advise"))

    assert found.cases == ()
    assert "Perhaps: Y." in found.note
    assert "Risk: 50 points" in found.note


def test_only_what_blocks_holds_and_each_reason_is_a_case_of_its_own():
    hold = CheckSettings(addresses="hold", risk="hold")

    assert order_check("1", (ADVICE,), None, hold).cases == ()
    both = order_check("1", (BLOCKING, ADVICE), RISKY, hold).cases
    assert [case.field for case in both] == ["address", "risk"]
    assert all("causeway quarantine release --apply" in case.remedy for case in both)


def test_a_case_stays_the_same_whatever_else_is_found():
    hold = CheckSettings(addresses="hold")
    other = replace(BLOCKING, code="street_missing")

    (one,) = order_check("1", (BLOCKING,), None, hold).cases
    (two,) = order_check("1", (BLOCKING, other), None, hold).cases

    assert one.value == two.value
    assert order_check("2", (BLOCKING,), None, hold).cases[0].value != one.value


def test_facts_survive_their_document():
    facts = facts_of(ORDER)

    assert facts_from(json.loads(json.dumps(document_of(facts)))) == facts


@pytest.mark.parametrize("size", [1, 3, 8])
def test_batches_of_any_size_score_the_same(size: int):
    facts = [
        facts_of(
            replace(
                ORDER,
                order_id=str(number),
                email=f"a{number % 3}@web.de",
                placed_at=NOON + timedelta(minutes=7 * number),
            )
        )
        for number in range(8)
    ]
    history, expected = OrderHistory(), {}
    for one in facts:
        expected[one.order_id] = history.before(one)
        history.add(one)

    scored = {}
    for start in range(0, len(facts), size):
        scored |= score_in_sequence(facts[start : start + size], facts[:start], RiskRules())

    whole = score_in_sequence(facts, facts, RiskRules())
    assert scored == whole
    assert whole["4"].reasons

"""What orders were scored by, and labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.refusals import Refusal
from store.database import Database
from store.order_checks import CheckedOrder, OrderChecks
from store.quarantine import Quarantine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def checked(order_id: str, minute: int = 0, email: str = "", ip: str = "") -> CheckedOrder:
    at = NOON + timedelta(minutes=minute)
    return CheckedOrder(order_id, at, email, ip, "", {"order_id": order_id}, {"points": 3})


def test_earlier_orders_that_matter_are_found_each_once(database: Database) -> None:
    checks = OrderChecks(database)
    checks.keep("p", [checked("1", 0, "e", "i"), checked("2", 5), checked("3", 90, "e")], now=NOON)
    checks.keep("other", [checked("4", 1, "e", "i")], now=NOON)

    found = checks.before("p", [checked("9", 60, "e", "i")])

    assert sorted(one["order_id"] for one in found) == ["1", "2"]
    assert checks.before("p", []) == []


@pytest.mark.parametrize(("state", "label"), [("approved", "approved"), ("discarded", "discarded")])
def test_what_a_person_decides_about_a_case_is_the_label(
    database: Database, state: str, label: str
) -> None:
    checks, quarantine = OrderChecks(database), Quarantine(database)
    checks.keep("p", [checked("1"), checked("2")], now=NOON)
    case = Refusal("review", "risk", "risk 1", "why", "what to do", {"proposal": {"import": "1"}})
    quarantine.open("p", "orders", [("1", case)], now=NOON)
    (entry,) = quarantine.list(pair="p")

    if state == "approved":
        quarantine.approve([entry.id], actor="kim", now=NOON)
    else:
        quarantine.discard([entry.id], "no", actor="kim", now=NOON)
    checks.keep("p", [checked("1")], now=NOON)

    assert checks.label("p", "1") == label
    assert checks.label("p", "2") == checks.label("p", "3") == ""


def test_other_cases_are_no_labels(database: Database) -> None:
    checks, quarantine = OrderChecks(database), Quarantine(database)
    checks.keep("p", [checked("1")], now=NOON)
    quarantine.open("p", "orders", [("1", Refusal("review", "edit", "e", "", ""))], now=NOON)
    (entry,) = quarantine.list(pair="p")

    quarantine.discard([entry.id], "no", now=NOON)

    assert checks.label("p", "1") == ""

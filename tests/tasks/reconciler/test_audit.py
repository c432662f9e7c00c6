"""What an audit finds among records that have amounts on both sides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from prefect import flow

from tasks.reconciler.audit import DIFFERS, Booked, compare_amounts, ended, summary

NAMES = ["totals_differ", "payouts_differ"]
TEN, NINE = Decimal("10.00"), Decimal("9.00")


def test_records_that_are_booked_once_and_to_the_cent_agree() -> None:
    found = compare_amounts(
        NAMES, {"BC-1": (TEN, NINE)}, {"BC-1": [Booked("7", (Decimal("10.001"), NINE))]}, {}
    )
    assert not any(found.values())


def test_each_amount_that_differs_is_named_and_counted() -> None:
    found = compare_amounts(NAMES, {"BC-1": (TEN, TEN)}, {"BC-1": [Booked("7", (TEN, NINE))]}, {})
    assert found["totals_differ"] == {}
    assert found["payouts_differ"] == {"BC-1": "store 10.00, Brightpearl 9.00"}
    assert found["cents_off"] == 100


def test_a_record_that_is_booked_twice_is_named_with_both_documents() -> None:
    twice = [Booked("7", (TEN, TEN)), Booked("8", (TEN, TEN))]
    found = compare_amounts(NAMES, {"BC-1": (TEN, TEN)}, {"BC-1": twice}, {})
    assert found["doubled"] == {"BC-1": ["7", "8"]}


def test_a_record_whose_order_waits_is_not_missing() -> None:
    store = {"BC-2-R1": (TEN, TEN), "BC-1-R1": (TEN, TEN), "BC-3-R1": (TEN, TEN)}
    found = compare_amounts(NAMES, store, {}, {"3": "parked"})
    assert found["missing"] == ["BC-1-R1", "BC-2-R1"]
    assert found["waiting"] == {"BC-3-R1": "parked"}


HEADINGS = {"missing": "Missing", "waiting": "Waiting", "explained": "Known"}


def test_a_summary_names_the_first_records_that_a_person_must_see_and_no_others() -> None:
    found = {
        "missing": [f"BC-{number}" for number in range(1, 8)],
        "waiting": {"BC-8": "parked"},
        "explained": {"BC-9": "edited"},
    }
    assert summary("7 differ.\n\n| a table |", found, HEADINGS) == (
        "7 differ. Missing: BC-1, BC-2, BC-3, BC-4, BC-5 and 2 more."
    )
    assert summary("None differ.", {"missing": []}, HEADINGS) == "None differ."


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("agrees", "name"), [(True, "Completed"), (False, DIFFERS)])
def test_the_run_of_an_audit_that_differs_ends_in_a_state_of_its_own(
    agrees: bool, name: str
) -> None:
    document = {"agrees": agrees, "summary": "1 differs: BC-1."}

    @flow(name="audit-anything", persist_result=False)
    def audit() -> dict[str, Any]:
        return ended(document)

    state = audit(return_state=True)

    assert (state.name, state.type.value) == (name, "COMPLETED")
    assert state.result() == document
    assert audit() == document
    assert agrees or state.message == "1 differs: BC-1."
    assert ended(document) == document

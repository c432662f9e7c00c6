"""The validation gate: which records leave a batch, and what the run remembers of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from new_entity import DESIRED, NUMBERS, Desired, Found
from reconciling import Reconciler

from core.errors import ContractError
from core.frames import frame
from core.refusals import Refusal
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.gate import validate

NUMBERED = [
    {"order_id": "1", "sales_order_id": "11", "actual": ""},
    {"order_id": "2", "sales_order_id": "12", "actual": "ERP-7"},
    {"order_id": "3", "sales_order_id": "13", "actual": "SO-13"},
]


def found() -> Found:
    return Found(numbers=frame(NUMBERED, NUMBERS))


def test_records_that_keep_to_their_suite_pass_as_they_are(pair: Reconciler) -> None:
    run = pair.run()
    batch = found().without({"2"})

    passed = validate(run, batch)

    assert passed.numbers.equals(batch.numbers)
    assert run.refused_keys == set()


def test_a_record_that_its_suite_refuses_leaves_the_batch_with_its_reason(pair: Reconciler) -> None:
    run = pair.run()

    passed = validate(run, found())

    assert list(passed.numbers["order_id"]) == ["1", "3"]
    (refusal,) = run.refusals["2"]
    assert (refusal.class_, refusal.value) == ("number", "ERP-7")
    assert "causeway quarantine release --class number --value ERP-7" in refusal.remedy


def test_records_that_were_refused_before_leave_with_all_that_belongs_to_them(
    pair: Reconciler,
) -> None:
    run = pair.run()
    refusal = Refusal("document", "field", "", "it is broken", "Correct it.")
    batch = replace(found(), refusals=refusal_rows([("1", refusal)]), counts={"rounding rows": 2})

    passed = validate(run, batch)

    assert list(passed.numbers["order_id"]) == ["3"]
    assert run.refused_keys == {"1", "2"}
    assert run.report.counts == {"rounding rows": 2}


def test_a_batch_that_is_not_to_be_trusted_ends_the_run(pair: Reconciler) -> None:
    doubled = [{"order_id": key, "actual": "", "desired": "SO-1"} for key in ("1", "2")]

    with pytest.raises(ContractError, match="two orders are one"):
        validate(pair.run(), Desired(numbers=frame(doubled, DESIRED)))


def test_a_batch_of_no_records_passes(pair: Reconciler) -> None:
    assert validate(pair.run(), Found()).numbers.empty

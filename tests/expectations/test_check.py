"""Frames checked together: nothing passes that was not evaluated, and every refusal has its key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pandas as pd
import pytest

from core.errors import ContractError
from core.refusals import REFUSALS
from expectations.check import Verdict, check, warm
from expectations.great import ExpectationSuite
from expectations.rows import (
    ExpectColumnsToBeEqual,
    ExpectTimesNotToBeLater,
    ExpectValuesToBeBetween,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    suite,
)
from expectations.rules import Rule, Severity, note, refuse, stop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOO_LOW = refuse("document", "the amount is negative", "Correct it", field="amount")
SUITES: dict[str, ExpectationSuite] = {
    "orders": suite(
        "orders",
        ExpectValuesToBeUnique(columns=["order_id"], meta=stop("the order appears twice")),
        ExpectValuesToBeBetween(column="amount", min_value=0, meta=TOO_LOW),
        ExpectValuesToMatchRegex(
            column="code",
            regex="[A-Z]+",
            meta=refuse("code", "the code is odd", "Add {value} to the table", field="code"),
        ),
        ExpectTimesNotToBeLater(
            column="placed_at", days_from_now=1, meta=note("it lies in the future")
        ),
    ),
    "lines": suite("lines", ExpectValuesToBeBetween(column="amount", min_value=0, meta=TOO_LOW)),
    "sums": suite(
        "sums", ExpectColumnsToBeEqual(column="total", other="sum", meta=note("sums differ"))
    ),
}


def orders(*changes: dict) -> pd.DataFrame:
    good = {"amount": Decimal(1), "code": "A", "placed_at": NOW}
    return pd.DataFrame(
        {"order_id": str(i), **good, **change} for i, change in enumerate(changes, start=1)
    )


def lines(*amounts: int) -> pd.DataFrame:
    return pd.DataFrame({"order_id": str(i), "amount": a} for i, a in enumerate(amounts, start=1))


def checked(**frames: pd.DataFrame) -> Verdict:
    return check(frames, SUITES, now=NOW)


def test_frames_are_checked_together_each_by_the_suite_of_its_name() -> None:
    verdict = checked(orders=orders({}, {"code": "?"}), lines=lines(1, 1, -1))

    assert list(verdict.refused.columns) == list(REFUSALS)
    assert verdict.refused[["key", "class", "value"]].to_numpy().tolist() == [
        ["2", "code", "?"],
        ["3", "document", "-1"],
    ]


def test_no_frames_and_empty_frames_pass() -> None:
    assert checked().refused.empty
    assert checked(orders=orders(), lines=lines()).refused.empty
    assert list(checked(orders=orders(), lines=lines(-1)).refused["key"]) == ["1"]


def test_a_stop_comes_before_refusals_and_counts_its_rows() -> None:
    frames = {"lines": lines(-1), "orders": orders({}, {"order_id": "1"}, {"code": "?"})}

    with pytest.raises(ContractError) as caught:
        check(frames, SUITES, now=NOW)

    assert caught.value.message == (
        "The batch of orders is not to be trusted: the order appears twice (2 of 3 rows)."
    )


def test_the_key_is_the_column_that_names_the_record() -> None:
    rows = lines(-1).rename(columns={"order_id": "sku_key"})

    verdict = check({"lines": rows}, SUITES, record="sku_key", now=NOW)

    assert list(verdict.refused["key"]) == ["1"]
    assert verdict.refused["remedy"][0].endswith("release --class document --key 1")


def test_positions_count_whatever_index_the_frame_brings() -> None:
    rows = orders({}, {"code": "?"})
    rows.index = pd.Index([1, 0])

    assert list(checked(orders=rows).refused["key"]) == ["2"]


def test_every_reason_of_a_record_is_given_and_the_same_one_only_once() -> None:
    verdict = checked(
        orders=orders({"amount": Decimal(-1), "code": "?"}),
        lines=pd.DataFrame({"order_id": ["1", "1"], "amount": [Decimal(-1), Decimal(-1)]}),
    )

    assert sorted(verdict.refused["field"]) == ["amount", "code"]


def test_a_remedy_names_the_value_and_the_command_that_releases_all_that_wait_for_it() -> None:
    (remedy,) = checked(orders=orders({"code": "b 1"})).refused["remedy"]

    assert remedy == (
        "Add b 1 to the table, then: causeway quarantine release --class code --value 'b 1'"
    )


@pytest.mark.parametrize(("code", "named"), [("", "(blank)"), (" ", " "), ("b 1", "b 1")])
def test_a_remedy_says_so_where_the_value_is_blank(code: str | None, named: str) -> None:
    (remedy,) = checked(orders=orders({"code": code}, {})).refused["remedy"]

    assert remedy.startswith(f"Add {named} to the table, then: causeway quarantine release")


def test_a_remedy_that_names_a_value_has_a_column_to_take_it_from() -> None:
    with pytest.raises(ValueError, match="value_from"):
        refuse("code", "it is odd", "Add {value}", field="code", value_from="")


@pytest.mark.parametrize("module", ["orders", "refunds", "shipments", "stock"])
def test_no_suite_has_a_remedy_that_names_what_it_does_not_know(module: str) -> None:
    suites: dict[str, ExpectationSuite] = import_module(f"expectations.{module}").SUITES
    rules = [
        Rule.model_validate(one.meta) for suite in suites.values() for one in suite.expectations
    ]

    assert all(rule.value_from for rule in rules if "{value}" in rule.remedy)
    assert all(rule.remedy for rule in rules if rule.severity is Severity.REFUSE)


def test_the_same_suite_is_checked_anew_at_another_time() -> None:
    later = orders({"placed_at": NOW + timedelta(days=2)})

    notes = [
        check({"orders": later}, SUITES, now=NOW + timedelta(days=days)).notes for days in (0, 5, 0)
    ]

    assert notes == [["orders: 1 of 1 rows: it lies in the future"], [], notes[0]]


@pytest.mark.parametrize("column", ["order_id", "amount", "code", "placed_at"])
def test_a_frame_without_a_column_of_the_suite_is_never_passed(column: str) -> None:
    with pytest.raises(ContractError, match=f"columns the frame lacks: {column}"):
        checked(orders=orders({}).drop(columns=column))


def test_a_note_that_cannot_be_evaluated_is_never_passed_either() -> None:
    with pytest.raises(ContractError, match="columns the frame lacks: sum"):
        checked(sums=pd.DataFrame({"order_id": ["1"], "total": [1]}))


def test_values_that_cannot_be_compared_are_never_passed() -> None:
    rows = orders({}, {"amount": "x"})

    with pytest.raises(ContractError, match="`the amount is negative` did not evaluate"):
        checked(orders=rows)


def test_what_could_not_be_evaluated_in_one_frame_holds_up_the_others() -> None:
    with pytest.raises(ContractError, match="The batch of lines could not be checked"):
        checked(orders=orders({}), lines=pd.DataFrame({"order_id": ["1"], "amount": ["x"]}))


def test_no_value_of_a_row_reaches_an_error_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ContractError) as caught:
        checked(orders=orders({"amount": "ann@b.test"}))

    assert "ann@b.test" not in f"{caught.value} {caught.value.remedy} {caplog.text}"


def test_runs_that_check_at_the_same_time_get_their_own_results() -> None:
    batches = [lines(*[1] * i, -1) for i in range(12)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda rows: checked(lines=rows).refused["key"].tolist(), batches))

    assert found == [[str(i + 1)] for i in range(12)]


def test_warming_up_says_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    warm()

    assert capfd.readouterr() == ("", "")
    assert caplog.records == []

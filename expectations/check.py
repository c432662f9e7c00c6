"""Frames checked by their suites: which records are refused and why, and what is only reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from core.errors import ContractError
from core.frames import frame
from core.orders import ORDERS
from core.refusals import REFUSALS, release_remedy
from core.times import utc_now
from expectations.great import ExpectationSuite
from expectations.orders import SUITES
from expectations.rows import RowExpectation, validate
from expectations.rules import Rule, Severity

BLANK = "(blank)"
"""What a remedy says in place of a value that is empty."""


@dataclass(frozen=True)
class Verdict:
    """What became of the frames."""

    refused: pd.DataFrame
    """REFUSALS, one per record and reason."""
    notes: list[str] = field(default_factory=list)
    """What a person may want to know, such as `2 of 500 rows: the order lies in the future`."""


def check(
    frames: Mapping[str, pd.DataFrame],
    suites: Mapping[str, ExpectationSuite],
    *,
    record: str = "order_id",
    now: datetime | None = None,
) -> Verdict:
    """Check each frame by the suite of its name, all of them in one validation.

    In: frames with all columns of their suites and the one that names the `record` of a row: its
    values are the `key` of refusals. An empty frame passes. `now` (aware) stands in for this
    moment.

    Raises: ContractError for a failed STOP, with its reason and count, and for any expectation that
    could not be evaluated row by row (a column is missing, say): nothing passes unchecked.
    """
    filled = {name: rows for name, rows in frames.items() if len(rows)}
    failures = list(_failures(filled, suites, now or utc_now())) if filled else []
    refused: list[dict[str, str]] = []
    notes: list[str] = []
    for failure in sorted(failures, key=lambda one: one.rule.severity is not Severity.STOP):
        if failure.rule.severity is Severity.STOP:
            raise failure.stop()
        if failure.rule.severity is Severity.NOTE:
            notes.append(f"{failure.frame}: {failure.count}: {failure.rule.reason}")
        else:
            refused.extend(failure.refusals(record))
    unique = {tuple(refusal.values()): refusal for refusal in refused}
    return Verdict(frame(unique.values(), REFUSALS), notes)


def warm() -> None:
    """Pay now, at the start of a process, for the first validation (imports are done by then)."""
    check({"orders_in": frame([{"order_id": "1"}], ORDERS)}, SUITES)


@dataclass(frozen=True)
class _Failure:
    """Rows of a frame of which an expectation is not true."""

    frame: str
    rows: pd.DataFrame
    rule: Rule
    positions: list[int]

    @property
    def count(self) -> str:
        return f"{len(self.positions)} of {len(self.rows)} rows"

    def stop(self) -> ContractError:
        return ContractError(
            f"The batch of {self.frame} is not to be trusted: {self.rule.reason} ({self.count}).",
            remedy="Nothing of it was written. If it happens again, report it with the run's id.",
        )

    def refusals(self, record: str) -> Iterator[dict[str, str]]:
        rule, failing = self.rule, self.rows.iloc[self.positions]
        found = failing[rule.value_from].tolist() if rule.value_from else [""] * len(failing)
        for key, one in zip(failing[record].tolist(), found, strict=True):
            value = "" if pd.isna(one) else str(one)
            action = rule.remedy.replace("{value}", value or BLANK)
            yield {
                "key": str(key),
                "class": rule.class_,
                "field": rule.field,
                "value": value,
                "reason": rule.reason,
                "remedy": release_remedy(action, rule.class_, value=value, key=str(key)),
            }


def _failures(
    frames: Mapping[str, pd.DataFrame], suites: Mapping[str, ExpectationSuite], now: datetime
) -> Iterator[_Failure]:
    """Each expectation that fails for some rows, in the suites' order."""
    expectations = [one for name in frames for one in suites[name].expectations]
    # Frame and reason are unique together, and carried through to the result.
    results = {
        (config.kwargs["frame"], config.meta["reason"]): result
        for result in validate(frames, now, expectations)
        if (config := result.expectation_config) and config.meta
    }
    for expectation in expectations:
        if not isinstance(expectation, RowExpectation):
            raise TypeError(f"{expectation.expectation_type} names no rows")
        rows, rule = frames[expectation.frame], Rule.model_validate(expectation.meta)
        result = results.get((expectation.frame, rule.reason))
        if result is None or (not result.success and "unexpected_index_list" not in result.result):
            raise _not_evaluated(expectation, rule, rows)
        if not result.success:
            positions = result.result["unexpected_index_list"]
            yield _Failure(expectation.frame, rows, rule, positions)


def _not_evaluated(expectation: RowExpectation, rule: Rule, rows: pd.DataFrame) -> ContractError:
    lacks = ", ".join(sorted(expectation.required_columns - set(rows.columns))) or "none"
    return ContractError(
        f"The batch of {expectation.frame} could not be checked: `{rule.reason}` did not evaluate "
        f"(columns the frame lacks: {lacks}).",
        remedy="A frame or a suite has changed: correct the one or the other.",
    )

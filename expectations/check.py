"""Judge a frame by a suite: which rows travel on, which are refused and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.errors import ContractError
from core.frames import frame
from core.orders import ORDERS
from core.refusals import REFUSALS, release_remedy
from core.times import utc_now
from expectations import orders as suites
from expectations.great import ExpectationSuite, ExpectationValidationResult, results
from expectations.rules import Rule, Severity


@dataclass(frozen=True)
class Verdict:
    """What became of a frame."""

    accepted: pd.DataFrame
    """The frame without any row of a refused record; same columns and dtypes, index from 0."""
    refused: pd.DataFrame
    """REFUSALS, one per record and reason."""
    notes: list[str] = field(default_factory=list)
    """What a person may want to know, such as `2 of 500 rows: the order lies in the future`."""


def check(
    rows: pd.DataFrame,
    suite: ExpectationSuite,
    *,
    record: str = "order_id",
    now: datetime | None = None,
) -> Verdict:
    """Judge the rows, one by one where the suite refuses, as a whole where it stops.

    In: a frame with all columns of the suite and the one that names the `record` of a row, which
    refusing one row refuses. An empty frame passes. `now` (aware) stands in for this moment.

    Raises: ContractError for a failed STOP, with its name and count, and for any expectation that
    could not be evaluated row by row (a column is missing, say): nothing passes unjudged.
    """
    rows = rows.reset_index(drop=True)
    refused: list[dict[str, Any]] = []
    notes: list[str] = []
    for rule, positions in _failures(rows, suite, now or utc_now()):
        if rule.severity is Severity.STOP:
            raise _stop(suite, rule, len(positions), len(rows))
        if rule.severity is Severity.NOTE:
            count = f"{len(positions)} of {len(rows)} rows: " if positions else ""
            notes.append(f"{suite.name}: {count}{rule.says}")
        else:
            refused.extend(_refusals(rows, rule, positions, record))
    unique = list({tuple(refusal.values()): refusal for refusal in refused}.values())
    keys = {refusal["key"] for refusal in unique}
    accepted = rows[~rows[record].isin(keys)].reset_index(drop=True) if keys else rows
    return Verdict(accepted, frame(unique, REFUSALS), notes)


def warm() -> None:
    """Pay now, at the start of a process, for the first validation (imports are done by then)."""
    order = frame([{"order_id": "1"}], ORDERS)
    results(order, suites.orders_in, {"tomorrow": pd.Timestamp(utc_now())}, complete=True)


def without(
    frames: Mapping[str, pd.DataFrame], order_ids: Collection[str]
) -> dict[str, pd.DataFrame]:
    """The frames less all rows of these orders; a frame without `order_id` stays as it is."""
    return {
        name: rows[~rows["order_id"].isin(list(order_ids))].reset_index(drop=True)
        if "order_id" in rows.columns
        else rows
        for name, rows in frames.items()
    }


def _failures(
    rows: pd.DataFrame, suite: ExpectationSuite, now: datetime
) -> Iterator[tuple[Rule, list[int]]]:
    """Each failed expectation's rule and the positions of the rows that failed it.

    In the suite's order, a STOP first.
    """
    if rows.empty:
        return
    parameters = {"tomorrow": pd.Timestamp(now + timedelta(days=1))}
    seen = rows[named(suite, rows.columns)]
    quick = results(seen, suite, parameters, complete=False)
    failed = {_identity(result) for result in quick if not result.success}
    if not failed:
        return
    again = ExpectationSuite(
        name=suite.name,
        expectations=[e for e in suite.expectations if e.meta and e.meta["says"] in failed],
    )
    found = {_identity(r): r for r in results(seen, again, parameters, complete=True)}
    rules = [Rule.model_validate(expectation.meta) for expectation in again.expectations]
    for rule in sorted(rules, key=lambda rule: rule.severity is not Severity.STOP):
        yield rule, _positions(rows, suite, rule, found[rule.says])


def named(suite: ExpectationSuite, columns: Iterable[str]) -> list[str]:
    """The columns that a suite mentions: Great Expectations hashes every column it is handed."""
    mentioned = {word for expectation in suite.expectations for word in _words(expectation.dict())}
    return [name for name in columns if name in mentioned]


def _words(part: object) -> Iterator[str]:
    match part:
        case str():
            yield part
        case Mapping():
            for value in part.values():
                yield from _words(value)
        case list() | tuple() | set():
            for value in part:
                yield from _words(value)


def _identity(result: ExpectationValidationResult) -> str:
    """What the expectation says: unique in its suite, and carried through to its result."""
    config = result.expectation_config
    if config is None or not config.meta:
        raise ContractError("Great Expectations answered a result without its expectation.")
    return str(config.meta["says"])


def _positions(
    rows: pd.DataFrame, suite: ExpectationSuite, rule: Rule, result: ExpectationValidationResult
) -> list[int]:
    positions = result.result.get("unexpected_index_list")
    if positions is not None:
        return sorted({int(position) for position in positions})
    if result.success or (rule.severity is Severity.NOTE and not _raised(result)):
        return []
    config = result.expectation_config
    used = set(_columns(config.kwargs)) if config else set()
    lacks = ", ".join(sorted(used - set(rows.columns))) or "nothing it names"
    raise ContractError(
        f"The batch of {suite.name} could not be judged: `{rule.says}` did not evaluate "
        f"(columns the frame lacks: {lacks}).",
        remedy="A frame or a suite has changed: correct the one or the other.",
    )


def _raised(result: ExpectationValidationResult) -> bool:
    """Whether evaluation failed; their information is flat or nested by metric."""
    information = result.exception_info or {}
    nested = [value for value in information.values() if isinstance(value, dict)]
    return any(part.get("raised_exception") for part in [information, *nested])


def _columns(kwargs: Mapping[str, Any]) -> Iterator[str]:
    for name in ("column", "column_A", "column_B"):
        if name in kwargs:
            yield str(kwargs[name])
    yield from map(str, kwargs.get("column_list", []))


def _stop(suite: ExpectationSuite, rule: Rule, failing: int, all_rows: int) -> ContractError:
    return ContractError(
        f"The batch of {suite.name} is not to be trusted: {rule.says} "
        f"({failing} of {all_rows} rows).",
        remedy="Nothing of it was written. If it happens again, report it with the run's id.",
    )


def _refusals(
    rows: pd.DataFrame, rule: Rule, positions: list[int], record: str
) -> Iterator[dict[str, Any]]:
    failing = rows.iloc[positions]
    told = failing[rule.tell] if rule.tell else pd.Series("", index=failing.index)
    for key, found in zip(failing[record], told, strict=True):
        value = "" if found is None or pd.isna(found) else str(found)
        yield {
            "key": key,
            "class": rule.klass,
            "field": rule.field,
            "value": value,
            "reason": rule.says,
            "remedy": release_remedy(
                rule.remedy.replace("{value}", value), rule.klass, value=value, key=str(key)
            ),
        }

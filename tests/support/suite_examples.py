"""Frames that are right but for one row, and what their suites make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from core.frames import Schema, frame
from expectations.check import Verdict, check
from expectations.great import ExpectationSuite
from expectations.rows import validate
from expectations.rules import Rule, Severity

Change = Mapping[str, Any]


@dataclass(frozen=True)
class Examples:
    """A good row of every frame of an entity, and what differs from row to row."""

    suites: Mapping[str, ExpectationSuite]
    schemas: Mapping[str, Schema]
    good: Mapping[str, Mapping[str, Any]]
    numbered: Callable[[str, int], Mapping[str, Any]]
    """What differs from row to row: of this frame, of the row with this number from 1."""
    now: datetime
    record: str = "order_id"

    def rows(self, name: str, *changes: Change) -> pd.DataFrame:
        """Two good rows of different records, below as many as there are changes, each changed."""
        records = [
            {**self.good[name], **self.numbered(name, i + 1), **change}
            for i, change in enumerate([*changes, {}, {}])
        ]
        return frame(records, self.schemas[name])

    def check(self, name: str, *changes: Change) -> Verdict:
        """What becomes of these rows."""
        rows = self.rows(name, *changes)
        return check({name: rows}, self.suites, record=self.record, now=self.now)

    def failing(self, name: str, change: Change) -> set[tuple[str, str]]:
        """The expectations that fail when one row is changed, by suite and reason."""
        rows = {name: self.rows(name, change)}
        results = validate(rows, self.now, self.suites[name].expectations)
        return {
            (name, result.expectation_config.meta["reason"])
            for result in results
            if not result.success
        }

    def fails_alone(self, changes: Iterable[tuple[str, Change]]) -> set[tuple[str, str]]:
        """The expectations that these changes break, after making sure that each breaks one."""
        broken = [self.failing(name, change) for name, change in changes]
        assert [len(one) for one in broken] == [1] * len(broken), broken
        return set().union(*broken)

    def declared(self, *severities: Severity) -> set[tuple[str, str]]:
        """All expectations by suite and reason, or those of these severities."""
        rules = {
            name: [Rule.model_validate(one.meta) for one in suite.expectations]
            for name, suite in self.suites.items()
        }
        for name, found in rules.items():
            assert len({rule.reason for rule in found}) == len(found), name
        return {
            (name, rule.reason)
            for name, found in rules.items()
            for rule in found
            if rule.severity in (severities or Severity)
        }

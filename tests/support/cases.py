"""Quarantine entries of several pairs and entities, as tests put them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.refusals import Refusal
from store.quarantine import Quarantine


@dataclass(frozen=True)
class Case:
    """One refused record with its address."""

    pair: str
    entity: str
    key: str
    class_: str
    field: str
    value: str
    reason: str
    remedy: str
    run_id: str = ""
    detail: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def refusal(self) -> Refusal:
        """Why it was refused."""
        return Refusal(self.class_, self.field, self.value, self.reason, self.remedy, self.detail)


def open_cases(quarantine: Quarantine, cases: Iterable[Case], *, now: datetime) -> None:
    """Put records into quarantine."""
    for case in cases:
        quarantine.open(
            case.pair, case.entity, [(case.key, case.refusal)], run_id=case.run_id, now=now
        )

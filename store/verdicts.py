"""What people decided about suggestions: kept for ever, the newest about a subject counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from store.database import Repository
from store.tables import verdicts


@dataclass(frozen=True)
class Verdict:
    """One decision. Neither `subject` nor `facts` hold personal data."""

    feature: str
    """Whose suggestion it was about: `mapping`, `values`, `errors`, `triage`, `duplicates`,
    `products` or `anomalies`."""
    entity: str
    """What it is about: an entity, or the lookup table of a value."""
    subject: str
    """A field, a value, the fingerprint of an error, or the key of a merge."""
    verdict: str
    """What it is: a field, a value, a class, or what became of a proposal (`approved`,
    `discarded`); empty where it is nothing."""
    actor: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else has to be known to learn from it."""


class Verdicts(Repository):
    """The verdicts of a database."""

    def add(self, pair: str, verdict: Verdict) -> None:
        """Keep a decision; an earlier one about the same subject stays in the log."""
        with self._database.write() as connection:
            connection.execute(insert(verdicts).values(pair=pair, **vars(verdict)))

    def newest(self, pair: str, feature: str) -> list[Verdict]:
        """The last decision about each subject, oldest first."""
        last = (
            select(func.max(verdicts.c.id))
            .where(verdicts.c.pair == pair, verdicts.c.feature == feature)
            .group_by(verdicts.c.entity, verdicts.c.subject)
        )
        statement = select(verdicts).where(verdicts.c.id.in_(last)).order_by(verdicts.c.id)
        with self._database.read() as connection:
            return [
                Verdict(
                    row.feature,
                    row.entity,
                    row.subject,
                    row.verdict,
                    row.actor,
                    row.at,
                    row.facts,
                )
                for row in connection.execute(statement)
            ]

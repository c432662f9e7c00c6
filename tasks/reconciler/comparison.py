"""A comparison of all records of both systems, part by part: of entities that have no window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from connectors.budget import Priority
from tasks.reconciler.audit import SHOWN, WAITING, conclude
from tasks.reconciler.operations import RecordPlan, preview
from tasks.reconciler.registry import Entity
from tasks.reconciler.run import Run

T = TypeVar("T")
DIFFERING, REFUSED = "differing", "refused"
TITLES = {DIFFERING: "Differ", WAITING: "Wait for a person", REFUSED: "Cannot be synced"}
"""Headings of records with something to write, with a case, and of those that are not compared."""
EQUAL = frozenset({"unchanged", "linked"})
"""Results of plans whose records are the same on both sides."""


@dataclass(frozen=True)
class Comparison(Generic[T]):
    """How all records of an entity are compared."""

    read: Callable[[Run], Iterable[T]]
    plan: Callable[[Run, Sequence[T]], Sequence[RecordPlan]]
    """Plans some of what was read, as much as a batch has; carries it out unless the run is dry."""
    says: str
    """The result as a sentence, with figures by their names in braces."""
    headings: Sequence[str] = tuple(TITLES)
    """Those of TITLES that a person must see."""
    enqueued: Sequence[str] = tuple(TITLES)
    """Those whose records an audit puts back into the inbox."""

    def audit(self, entity: Entity, pair: str) -> dict[str, Any]:
        """Compare all, write to neither system; the document of the run.

        Raises: TransientError, ConfigError, ContractError.
        """
        flow = f"audit-{entity.name}"
        with _run(entity, pair, flow, dry_run=True, priority=Priority.BACKFILL) as run:
            return self._conclude(run, is_audit=True)

    def reconcile(self, entity: Entity, pair: str, *, dry_run: bool) -> dict[str, Any]:
        """Compare all and bring them into agreement; the document of the run, or of a try.

        Raises: TransientError, ConfigError, ContractError.
        """
        with _run(entity, pair, f"reconcile-{entity.name}", dry_run=dry_run) as run:
            return self._conclude(run, is_audit=False)

    def _conclude(self, run: Run, *, is_audit: bool) -> dict[str, Any]:
        listed: dict[str, dict[str, str]] = {DIFFERING: {}, WAITING: {}, REFUSED: {}}
        results: Counter[str] = Counter()
        equal = 0
        records, read = iter(self.read(run)), 0
        while part := list(islice(records, run.settings.batch_size)):
            run.refusals, read = {}, read + len(part)
            for one in self.plan(run, part):
                results[one.result] += 1
                equal += one.result in EQUAL and not one.cases
                if one.operations:
                    listed[DIFFERING][one.key] = preview(one)["writes"]
                if one.cases:
                    listed[WAITING][one.key] = one.cases[0].reason
            listed[REFUSED] |= {key: why[0].reason for key, why in run.refusals.items()}
        due = {key for name in self.enqueued for key in listed[name]} if is_audit else set()
        compared = results.total() + len(listed[REFUSED])
        counts = {
            "records": compared,
            "absent": read - compared,
            "equal": equal,
            "results": dict(results),
            "requeued": run.inbox.put(run.pair, run.entity, due, source="audit", now=run.now()),
            "requests": run.requests(),
            "wrote": {name: n for name, n in run.report.counts.items() if name.startswith("wrote")},
        }
        amiss = [name for name in self.headings if name != DIFFERING or run.dry_run]
        return conclude(
            run.connections,
            run.report.flow,
            {**counts, **{name: dict([*of.items()][:SHOWN]) for name, of in listed.items()}},
            says=self.says.format(**counts, **{name: len(of) for name, of in listed.items()}),
            headings={name: TITLES[name] for name in self.headings},
            agrees=not any(listed[name] for name in amiss),
            started_at=run.report.started_at,
            is_kept=is_audit or not run.dry_run,
        )


def _run(entity: Entity, pair: str, flow: str, **options: Any) -> Run:  # noqa: ANN401 - those of a run
    return Run(entity, pair, flow=flow, keeps_report=False, **options)

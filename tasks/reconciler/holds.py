"""Runs that are doubtful as a whole: they stop until a person releases one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from core.errors import ContractError
from core.refusals import Refusal, release_command
from intelligence.invariants import Breach
from tasks.reconciler.cases import CATALOGUE, REVIEW
from tasks.reconciler.run import Run

UNUSUAL = "unusual"
"""A run that breaks an invariant."""


class HeldRunError(ContractError):
    """A run that stops until a person releases it."""

    kind: ClassVar[str]
    check: ClassVar[str]
    """What a person compares first."""
    stays: ClassVar[bool] = False
    """Whether later runs wait for the same release, in however small batches they come."""


def hold_run(run: Run, error: type[HeldRunError], reason: str, proposal: Mapping[str, str]) -> None:
    """Open a case and end the run, unless a person released such a case.

    Raises: `error`.
    """
    kind = error.kind
    decided = run.quarantine.decided(run.pair, run.entity, [CATALOGUE])
    if (CATALOGUE, REVIEW, kind) in decided.approved:
        run.released.add(kind)
        return
    remedy = f"{error.check} If it is right: {release_command(REVIEW, value=kind, apply=True)}"
    detail = {"kind": kind, "proposal": dict(proposal)}
    why = run.with_command(Refusal(REVIEW, kind, kind, reason, remedy, detail))
    if not run.dry_run:
        run.open_cases([(CATALOGUE, why)])
    raise error(reason, remedy=why.remedy)


def note_or_hold(
    run: Run, error: type[HeldRunError], breaches: Sequence[Breach], *, holds: bool
) -> None:
    """Note what a run breaks as a whole; hold the run as well where its settings say so.

    Raises: `error` where the run is to be held and nobody released it. A preview goes on: it shows
    what would be written.
    """
    for breach in breaches:
        run.report.notes[f"unusual {run.entity}: {breach.reason}"] += 1
    if run.dry_run or not holds:
        return
    if breaches:
        reason = f"This run is unusual: {'; '.join(one.reason for one in breaches)}."
        hold_run(run, error, reason, {one.name: one.reason for one in breaches})
    elif error.stays and _is_held(run, error.kind):
        remedy = f"{error.check} Then: {release_command(REVIEW, value=error.kind, apply=True)}"
        raise error(f"An unusual run of {run.entity} waits for a person.", remedy=remedy)


def _is_held(run: Run, kind: str) -> bool:
    """Whether a case of this kind waits for a person."""
    waiting = run.quarantine.list(pair=run.pair, entity=run.entity, class_=REVIEW, value=kind)
    return any(case.key == CATALOGUE for case in waiting)


def end_releases(run: Run) -> None:
    """Close the cases that this run was released by: a release holds for one run."""
    if run.released and not run.dry_run:
        run.quarantine.resolve(run.pair, run.entity, [CATALOGUE], now=run.now())
    run.released = set()

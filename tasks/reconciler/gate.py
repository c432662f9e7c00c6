"""The validation gate: frames are checked by Great Expectations before they are mapped and sent.

What is refused leaves the batch with its reason; one bad record never holds up another.
"""

from __future__ import annotations

import importlib
from typing import TypeVar

from tasks.policy import PURE, step
from tasks.reconciler.frames import Frames
from tasks.reconciler.run import Run

Checked = TypeVar("Checked", bound=Frames)


@step("validate", PURE)
def validate(run: Run, frames: Checked) -> Checked:
    """The batch less the records that may not travel on; the run remembers why.

    Each frame of `frames.validated()` is checked by the entity's suite of its name.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    # Great Expectations takes seconds to import: only a process that validates pays for it.
    from expectations.check import check  # noqa: PLC0415

    run.refuse(frames.refusals)
    run.report.counts.update(frames.counts)
    suites = importlib.import_module(run.suites).SUITES
    verdict = check(frames.validated(), suites, record=frames.KEY, now=run.now())
    run.refuse(verdict.refused)
    run.report.notes.update(verdict.notes)
    return frames.without(run.refused_keys)

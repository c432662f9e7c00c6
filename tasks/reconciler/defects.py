"""Errors of our own code that nobody foresaw: the records that cause them are quarantined.

A batch that meets one is tried again half by half, in the same run, until a record fails by itself.
That one is quarantined with the place in the code; all others go through. Nothing is lost by trying
again: both sides are read anew, and what was written is found.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from core.defects import DefectError
from core.refusals import Refusal, release_remedy
from tasks.policy import OF_NO_RECORD
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

log = logging.getLogger("causeway.tasks")

UNEXPECTED = "unexpected"
"""Class of records that our own code failed for."""
MOST_IN_A_ROW = 20
"""So many records that fail while none goes through: then it is not the records' fault."""


@contextmanager
def isolated(run: Run) -> Iterator[None]:
    """Work on the batch of a run; the record that an unforeseen error is due to is quarantined.

    Raises: what is no record's fault, such as a CausewayError or Prefect's absence; DefectError
    where so many records meet one.
    """
    before = run.report.copy()
    try:
        yield
    except OF_NO_RECORD:
        raise
    except Exception as error:  # noqa: BLE001 - its record waits for a person, all others go on
        found = error if isinstance(error, DefectError) else DefectError(error)
        if not run.batch or run.defects_in_a_row >= MOST_IN_A_ROW:
            raise found from None
        wrote = {what: count for what, count in run.report.counts.items() if "wrote: " in what}
        run.report = before
        run.report.counts |= Counter(wrote)
        if len(run.batch.claims) > 1:
            run.halve()
            return
        (key,) = run.batch.keys
        log.error("%s %s: %s", run.entity, key, found)  # noqa: TRY400 - its text may be personal
        run.defects_in_a_row += 1
        run.refusals = {key: [unexpected(found)]}
        settle(run, [], [])
    else:
        run.defects_in_a_row = 0


def unexpected(error: DefectError) -> Refusal:
    """Why a record is quarantined. Pure."""
    action = (
        "Update Causeway, or report the traceback that `causeway quarantine show ID --json` has"
    )
    return Refusal(
        UNEXPECTED,
        "",
        str(error),
        "Causeway's own code fails for this record",
        release_remedy(action, UNEXPECTED, value=str(error)),
        {"traceback": error.traceback},
    )

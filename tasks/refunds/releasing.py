"""Stock that is held for units that were refunded before they left: given back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.errors import CausewayError, NotFoundError
from tasks.claim import Run
from tasks.deliver import deliver
from tasks.policy import patiently
from tasks.refunds.documents import note_writes, release_label, release_write
from tasks.refunds.goods import Release
from tasks.refunds.work import OrderWork


def release_stock(run: Run, works: Sequence[OrderWork]) -> None:
    """Take back notes that nobody picked, then let reservations hold what is still wanted."""
    pairs = [(work, release) for work in works for release in work.plan.releases]
    answers = deliver(run, [write for _, release in pairs for write in note_writes(release)])
    for work, release in pairs:
        for note_id in release.notes:
            answer = answers[f"note:{note_id}"]
            if isinstance(answer, CausewayError) and not isinstance(answer, NotFoundError):
                work.error = work.error or answer
    holding = [(w, r) for w, r in pairs if r.keep and w.error is None]
    writes = (release_write(release, anew=_is_bare(run, release)) for _, release in holding)
    answers = deliver(run, [write for write in writes if write])
    for work, release in holding:
        answer = answers.get(release_label(release))
        if isinstance(answer, CausewayError) and not isinstance(answer, NotFoundError):
            work.error = work.error or answer


def _is_bare(run: Run, release: Release) -> bool:
    """Whether nothing is reserved after notes were taken back: it is not told what they do."""
    if not release.notes:
        return False
    told = patiently(partial(run.world.brightpearl.get_reservation, release.sales_order_id))
    return told is None

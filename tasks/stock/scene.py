"""What a plan for stock depends on besides both sides, and the person's word it may need."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from core.times import utc_now
from store.inbox import Inbox
from store.links import Links
from store.quarantine import Quarantine
from tasks.claim import Run
from tasks.outcome import REVIEW, Obstacle
from tasks.policy import PURE, step
from tasks.settle import refusal_of
from tasks.stock.keys import CATALOGUE, STOCK
from tasks.stock.look import Look
from tasks.stock.plan import ZEROING, Scene, ZeroingError, work_out
from tasks.stock.plan_models import Plan


def scene_of(run: Run, look: Look) -> Scene:
    """The scene of a run, at this moment."""
    known = Links(run.world.database).count(run.report.pair, STOCK)
    approved = Quarantine(run.world.database).approved(run.report.pair, STOCK, [CATALOGUE])
    return Scene(
        now=look.read_at,
        settings=run.world.pair.stock,
        memories=look.memories,
        newest_order=look.newest_order,
        sold=look.sold,
        places=look.places,
        catalogue=max(known, len(look.stock.skus)),
        held=look.orders.keys(),
        may_zero=(CATALOGUE, ZEROING) in approved,
        heard={claim.key: claim.due_since for claim in run.batch.claims},
        moving=_moving(run) if run.batch.claims else 0,
    )


def _moving(run: Run) -> int:
    """How many SKUs events have named within the time of calm."""
    since = utc_now() - timedelta(seconds=run.world.pair.stock.debounce_s)
    return Inbox(run.world.database).moving(run.report.pair, STOCK, since)


@step("plan-stock", PURE)
def plan_stock(run: Run, levels: pd.DataFrame, look: Look) -> Plan:
    """The plan for SKUs. In: STOCK_LEVELS, validated.

    Raises: ZeroingError when it would take too much of the catalogue off sale at once; a case is
    open then, in which a person can release it.
    """
    try:
        return work_out(levels, look.items, scene_of(run, look))
    except ZeroingError as error:
        if not run.dry_run:
            ask_for_zeroing(run, error)
        raise


def ask_for_zeroing(run: Run, error: ZeroingError) -> None:
    """Open the case in which a person releases a run that takes much of the catalogue off sale."""
    detail = {"kind": ZEROING, "proposal": {"off sale": str(error.skus)}}
    case = Obstacle(REVIEW, ZEROING, ZEROING, error.message, error.remedy, detail)
    Quarantine(run.world.database).open(
        run.report.pair, STOCK, [(CATALOGUE, refusal_of(case))], run_id=run.run_id, now=utc_now()
    )


def zeroing_is_done(run: Run) -> None:
    """A person's word holds for one run."""
    Quarantine(run.world.database).resolve(run.report.pair, STOCK, [CATALOGUE], now=utc_now())

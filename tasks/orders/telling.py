"""The word back to the store: one PUT an order, of status and Brightpearl's id, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import CausewayError, RejectedError, TransientError
from core.times import utc_now
from store.ledger import Intent, Ledger
from tasks.claim import Run
from tasks.deliver import chunks, conclusion
from tasks.orders.work import Work
from tasks.policy import PURE, patiently, step

TOLD_TOGETHER = 10
"""Words back to the store in one step: they are a request each."""


def tell_store(run: Run, works: Sequence[Work]) -> None:
    """Status and Brightpearl's id back to the store, in one PUT per order."""
    telling = [work for work in works if work.may_write and work.plan.write_back]
    for future in [tell.submit(run, part) for part in chunks(telling, TOLD_TOGETHER)]:
        future.result()
    run.report.counts["wrote: word back"] += sum(work.may_write for work in telling)


@step("tell-store", PURE)
def tell(run: Run, works: Sequence[Work]) -> None:
    """A few orders' words back; repeating one is harmless, for it says what is to be."""
    ledger = Ledger(run.world.database)
    ids = ledger.intend([_intent(run, work) for work in works], now=utc_now())
    answers: list[CausewayError | None] = []
    for work in works:
        answers.append(_tell_one(run, work))
        work.error = answers[-1]
    ledger.conclude(
        [conclusion(intent, answer) for intent, answer in zip(ids, answers, strict=True)],
        now=utc_now(),
    )


def _tell_one(run: Run, work: Work) -> CausewayError | None:
    back = work.plan.write_back
    if back is None:
        return None
    changed = back.status_id != back.before["status_id"]
    try:
        patiently(
            lambda: run.world.bigcommerce.update_order(
                work.plan.order_id,
                status_id=int(back.status_id) if changed else None,
                external_order_id=work.order_id_bp,
            )
        )
    except (TransientError, RejectedError) as error:
        return error
    work.status_id, work.external_order_id = back.status_id, work.order_id_bp
    return None


def _intent(run: Run, work: Work) -> Intent:
    back = work.plan.write_back
    return Intent(
        pair=run.report.pair,
        entity=run.entity,
        key=work.plan.order_id,
        action="tell the store",
        natural_key=work.plan.order_id,
        before=dict(back.before) if back else {},
        after={
            "status_id": back.status_id if back else "",
            "external_order_id": work.order_id_bp,
        },
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )

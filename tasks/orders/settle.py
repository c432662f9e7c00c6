"""The end of an order's way: what stands where is remembered, then the batch is settled."""

from __future__ import annotations

from collections.abc import Sequence

from core.times import utc_now
from store.links import Link, Links
from tasks.claim import Batch, Run
from tasks.orders.demand import note_called_off, note_held, still_held
from tasks.orders.extract import Read
from tasks.orders.fingerprint import fingerprints
from tasks.orders.outcome import OrderOutcome
from tasks.orders.plan_models import Plan
from tasks.policy import PURE, step
from tasks.settle import planned, settle


@step("settle-orders", PURE)
def settle_orders(
    run: Run, batch: Batch, read: Read, plan: Plan, outcomes: Sequence[OrderOutcome]
) -> None:
    """Link the orders, with the state in which both sides were agreed; then settle the batch."""
    run.report.counts["short of stock"] += sum(bool(outcome.short) for outcome in outcomes)
    planned(run, plan.count(), plan.preview())
    if not run.dry_run:
        held = still_held(read, plan, outcomes)
        # An order counts as holding all it has until it is known: by what it still holds, which
        # is written before its link, or by the link, after which it need not hold anything.
        note_held(run, {key: units for key, units in held.items() if units})
        _remember(run, read, outcomes)
        note_held(run, {key: units for key, units in held.items() if not units})
        note_called_off(run, read, outcomes)
    settle(run, batch, read.asides, outcomes)


def _remember(run: Run, read: Read, outcomes: Sequence[OrderOutcome]) -> None:
    agreed = [o for o in outcomes if o.order_id_bp]
    states = fingerprints(
        read.found,
        {o.key: (o.status_id, o.external_order_id) for o in agreed if o.status_id},
    )
    links = [
        Link(
            key_bc=outcome.key,
            id_bp=outcome.order_id_bp,
            detail=outcome.memory.model_copy(
                update={"agreed": states.get(outcome.key, "") if _is_settled(outcome) else ""}
            ).detail(),
        )
        for outcome in agreed
    ]
    Links(run.world.database).put(run.report.pair, "orders", links, now=utc_now())


def _is_settled(outcome: OrderOutcome) -> bool:
    settled = {"created", "completed", "amended", "cancelled", "unchanged"}
    return outcome.result in settled and not outcome.short and not outcome.obstacles

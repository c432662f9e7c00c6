"""The end of a shipment's way: what the store was told is remembered, then the batch is settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.times import utc_now
from store.ledger import Conclusion, Ledger
from store.links import Link, Links
from tasks.claim import Run
from tasks.policy import PURE, step
from tasks.settle import planned, settle
from tasks.shipments.load import ShipmentOutcome
from tasks.shipments.memory import NOTES, ShipmentMemory
from tasks.shipments.plan_models import Plan
from tasks.shipments.standing import Read, Standing


@step("settle-shipments", PURE)
def settle_shipments(run: Run, read: Read, plan: Plan, outcomes: Sequence[ShipmentOutcome]) -> None:
    """Remember which note is which shipment, end what was unsure, then settle the batch."""
    planned(run, plan.count(), plan.preview())
    if not run.dry_run:
        _remember(run, outcomes, read.standings)
        _conclude(run, plan, outcomes, read.standings)
    settle(run, run.batch, read.asides, outcomes)


def _remember(
    run: Run, outcomes: Sequence[ShipmentOutcome], standings: Mapping[str, Standing]
) -> None:
    """What the store has of each order; of those that were refused, only that work is left."""
    links: list[Link] = []
    notes: list[Link] = []
    for outcome in outcomes:
        is_settled = outcome.result != "again" and not outcome.obstacles
        memory = ShipmentMemory(
            parts=tuple(outcome.parts), is_settled=is_settled, follows=outcome.follows
        )
        if outcome.is_remembered and memory == standings[outcome.key].memory:
            continue
        links.append(Link(outcome.key, outcome.order_id_bp, memory.detail()))
        notes += [
            Link(f"{outcome.key}/{part.ref}", part.note_key)
            for part in outcome.parts
            if part.shipment_id
        ]
    links += _unsettled(standings, {outcome.key for outcome in outcomes})
    linked = Links(run.world.database)
    linked.put(run.report.pair, NOTES, notes, now=utc_now())
    linked.put(run.report.pair, run.entity, links, now=utc_now())


def _unsettled(standings: Mapping[str, Standing], done: set[str]) -> Iterable[Link]:
    for order_id, standing in standings.items():
        if order_id not in done and standing.memory.is_settled:
            memory = standing.memory.model_copy(update={"is_settled": False})
            yield Link(order_id, standing.order_id_bp, memory.detail())


def _conclude(
    run: Run, plan: Plan, outcomes: Sequence[ShipmentOutcome], standings: Mapping[str, Standing]
) -> None:
    """Say that what nobody heard of again did not happen: both sides were looked at since."""
    happened = {entry_id for order in plan.orders for entry_id, _ in order.heard_of}
    why = "not found when both sides were looked at"
    conclusions = [
        Conclusion(entry.id, "failed", error=why)
        for outcome in outcomes
        if outcome.result != "again"
        for entry in standings[outcome.key].unsure
        if entry.id not in happened
    ]
    Ledger(run.world.database).conclude(conclusions, now=utc_now())

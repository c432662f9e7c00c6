"""The end of the way: links, quarantine and inbox say what became of every key of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.frames import records
from core.times import utc_now
from store.crosswalk import Crosswalk, Link
from store.inbox import Again, Dead, Done, Outcome, Parked
from store.quarantine import Quarantine, Refusal
from tasks.claim import Batch, Run
from tasks.extract import Aside, Read
from tasks.fingerprint import fingerprints
from tasks.outcome import Obstacle, OrderOutcome
from tasks.plan import Plan
from tasks.policy import PURE, step
from tasks.report import RefusedBecause

WAITS_S = (300, 900, 3600, 6 * 3600, 24 * 3600)
"""How long a parked key sleeps the first, second … time; an event wakes it at once."""


@dataclass(frozen=True)
class _Scene:
    """What the outcome of a key depends on."""

    batch: Batch
    now: datetime
    expires_at: datetime

    def again(self, key: str, reason: str) -> Again:
        """Soon: nobody has to do anything."""
        return Again(key, self.now + timedelta(seconds=self.batch.pause_s(key)), reason)

    def parked(self, key: str, condition: str, reason: str) -> Parked:
        """Until an event, or a little longer every time; in the end it expires with the reason."""
        wait_s = WAITS_S[min(self.batch.tries(key), len(WAITS_S) - 1)]
        wake_at = self.now + timedelta(seconds=wait_s)
        return Parked(key, condition, wake_at, self.expires_at, reason)


@step("settle-orders", PURE)
def settle_orders(
    run: Run, batch: Batch, read: Read, plan: Plan, outcomes: Sequence[OrderOutcome]
) -> None:
    """Write down what became of the batch; the inbox last, so a crash before it is harmless."""
    refused = _by_order(records(run.refusals()))
    held = {o.order_id: [o.obstacle] for o in outcomes if o.obstacle}
    obstacles = {**refused, **held}
    _count(run, plan, read.asides.values(), outcomes, obstacles)
    if run.dry_run:
        run.report.preview.extend(plan.preview())
        run.settle([])
        return
    now = utc_now()
    scene = _Scene(batch, now, now + timedelta(days=run.settings.expire_after_days))
    _remember(run, read, outcomes, now)
    _quarantine(run, obstacles, outcomes, now)
    by_order = {outcome.order_id: outcome for outcome in outcomes}
    run.settle(
        _outcome(key, scene, read.asides.get(key), obstacles.get(key), by_order.get(key))
        for key in batch.keys
    )


def _outcome(
    key: str,
    scene: _Scene,
    aside: Aside | None,
    obstacles: Sequence[Obstacle] | None,
    outcome: OrderOutcome | None,
) -> Outcome:
    if aside is not None:
        return _set_aside(key, scene, aside)
    if obstacles:
        return Dead(key, obstacles[0].reason)
    if outcome is None or outcome.result == "again":
        return scene.again(key, outcome.reason if outcome else "not reached")
    if outcome.short:
        return scene.parked(key, "stock", "waits for stock")
    return Done(key, outcome.result)


def _set_aside(key: str, scene: _Scene, aside: Aside) -> Outcome:
    match aside.kind:
        case "parked":
            return scene.parked(key, "status", aside.reason)
        case "again":
            return scene.again(key, aside.reason)
        case _:
            return Done(key, aside.reason)


def _remember(run: Run, read: Read, outcomes: Sequence[OrderOutcome], now: datetime) -> None:
    """Link the orders, with the state in which the store's side was agreed to."""
    agreed = [o for o in outcomes if o.order_id_bp]
    states = fingerprints(
        read.found,
        {o.order_id: (o.status_id, o.external_order_id) for o in agreed if o.status_id},
    )
    links = [
        Link(
            key_bc=outcome.order_id,
            id_bp=outcome.order_id_bp,
            detail={
                "agreed": states.get(outcome.order_id, "") if _is_settled(outcome) else "",
                "short": dict(outcome.short),
            },
        )
        for outcome in agreed
    ]
    Crosswalk(run.world.database).put(run.report.pair, "orders", links, now=now)


def _is_settled(outcome: OrderOutcome) -> bool:
    return outcome.result in {"created", "completed", "unchanged"} and not outcome.short


def _quarantine(
    run: Run,
    obstacles: Mapping[str, Sequence[Obstacle]],
    outcomes: Sequence[OrderOutcome],
    now: datetime,
) -> None:
    quarantine = Quarantine(run.world.database)
    went_through = [o.order_id for o in outcomes if o.order_id not in obstacles]
    quarantine.resolve(run.report.pair, run.entity, went_through, now=now)
    quarantine.open(
        [
            Refusal(
                pair=run.report.pair,
                entity=run.entity,
                key=key,
                class_=obstacle.class_,
                field=obstacle.field,
                value=obstacle.value,
                reason=obstacle.reason,
                remedy=obstacle.remedy,
                run_id=run.run_id,
            )
            for key, found in obstacles.items()
            for obstacle in found
        ],
        now=now,
    )


def _count(
    run: Run,
    plan: Plan,
    asides: Iterable[Aside],
    outcomes: Sequence[OrderOutcome],
    obstacles: Mapping[str, Sequence[Obstacle]],
) -> None:
    counts = run.report.counts
    counts.update(outcome.result for outcome in outcomes)
    counts.update(aside.kind for aside in asides)
    counts["refused"] += len(obstacles)
    counts["short of stock"] += sum(bool(outcome.short) for outcome in outcomes)
    kind = "would write" if run.dry_run else "planned"
    counts.update({f"{kind}: {what}": count for what, count in plan.count().items() if count})
    run.report.refused.update(
        RefusedBecause(obstacle.class_, obstacle.value, obstacle.reason, obstacle.remedy)
        for found in obstacles.values()
        for obstacle in found
    )


def _by_order(refusals: list[dict[str, Any]]) -> dict[str, list[Obstacle]]:
    found: dict[str, list[Obstacle]] = {}
    for row in refusals:
        obstacle = Obstacle(row["class"], row["field"], row["value"], row["reason"], row["remedy"])
        if obstacle not in found.setdefault(row["order_id"], []):
            found[row["order_id"]].append(obstacle)
    return found

"""The end of every sync: quarantine and inbox say what became of each key of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.frames import records
from core.refusals import Refusal
from core.times import utc_now
from store import inbox
from store.inbox import Dead, Done, Parked, Retry
from store.quarantine import Quarantine, kept_value
from tasks.claim import Batch, Run
from tasks.outcome import Aside, Obstacle, Outcome
from tasks.report import RefusedBecause

WAITS_S = (300, 900, 3600, 6 * 3600, 24 * 3600)
"""How long a parked key sleeps the first, second … time; an event wakes it at once."""

LEFT = Aside("unchanged", "discarded: both sides are left as they are")

Obstacles = Mapping[str, Sequence[Obstacle]]
"""By record."""


def settle(
    run: Run, batch: Batch, asides: Mapping[str, Aside], outcomes: Sequence[Outcome]
) -> None:
    """Write down what became of the batch; the inbox last, so a crash before it is harmless."""
    obstacles, discarded = _obstacles(run, outcomes)
    asides = {**dict.fromkeys(discarded, LEFT), **asides}
    _count(run, asides.values(), outcomes, obstacles)
    if run.dry_run:
        run.settle([])
        return
    now = utc_now()
    _keep_cases(run, obstacles, outcomes, now)
    scene = _Scene(batch, now, now + timedelta(days=run.settings.expire_after_days))
    by_record = {outcome.key: outcome for outcome in outcomes}
    run.settle(
        _ending(key, scene, asides.get(key), obstacles.get(key), by_record.get(key))
        for key in batch.keys
    )


@dataclass(frozen=True)
class _Scene:
    """What the outcome of a key depends on."""

    batch: Batch
    now: datetime
    expires_at: datetime

    def again(self, key: str, reason: str) -> Retry:
        """Soon: nobody has to do anything."""
        return Retry(key, self.now + timedelta(seconds=self.batch.pause_s(key)), reason)

    def parked(
        self, key: str, condition: str, reason: str, wake_at: datetime | None = None
    ) -> Parked:
        """Until an event or `wake_at`; unless that is known, a little longer every time.

        In the end it expires with the reason.
        """
        wait_s = WAITS_S[min(self.batch.tries(key), len(WAITS_S) - 1)]
        later = self.now + timedelta(seconds=wait_s)
        return Parked(
            key, (condition,), wake_at or later, self.expires_at, reason, is_try=wake_at is None
        )


def _ending(
    key: str,
    scene: _Scene,
    aside: Aside | None,
    obstacles: Sequence[Obstacle] | None,
    outcome: Outcome | None,
) -> inbox.Outcome:
    if obstacles:
        return Dead(key, obstacles[0].reason)
    waits_for = outcome.waits_for if outcome else ""
    if aside is not None and not waits_for:
        return _set_aside(key, scene, aside)
    if outcome is None or outcome.result == "again":
        return scene.again(key, outcome.reason if outcome else "not reached")
    if waits_for:
        return scene.parked(key, waits_for, f"waits for {waits_for}", outcome.wake_at)
    return Done(key, outcome.result)


def _set_aside(key: str, scene: _Scene, aside: Aside) -> inbox.Outcome:
    match aside.kind:
        case "parked":
            return scene.parked(key, aside.condition, aside.reason)
        case "again":
            return scene.again(key, aside.reason)
        case _:
            return Done(key, aside.reason)


def _obstacles(run: Run, outcomes: Sequence[Outcome]) -> tuple[dict[str, list[Obstacle]], set[str]]:
    """What holds each record up, and the records that a person decided to leave as they are."""
    found: dict[str, list[Obstacle]] = {}
    for row in records(run.refusals()):
        obstacle = Obstacle(row["class"], row["field"], row["value"], row["reason"], row["remedy"])
        if obstacle not in found.setdefault(row["key"], []):
            found[row["key"]].append(obstacle)
    for outcome in outcomes:
        if outcome.obstacles:
            found.setdefault(outcome.key, []).extend(outcome.obstacles)
    discarded = Quarantine(run.world.database).discarded(run.report.pair, run.entity, list(found))
    left = {
        key: [o for o in obstacles if (key, o.class_, kept_value(o.value)) not in discarded]
        for key, obstacles in found.items()
    }
    return {k: o for k, o in left.items() if o}, {key for key, o in left.items() if not o}


def _keep_cases(run: Run, obstacles: Obstacles, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Open what is new, close what no longer stands."""
    quarantine = Quarantine(run.world.database)
    went_through = [o.key for o in outcomes if o.result != "again" and o.key not in obstacles]
    still = {(key, o.class_, o.value) for key, found in obstacles.items() for o in found}
    quarantine.resolve(run.report.pair, run.entity, [*went_through, *obstacles], now=now, but=still)
    quarantine.open(
        run.report.pair,
        run.entity,
        [(key, refusal_of(obstacle)) for key, found in obstacles.items() for obstacle in found],
        run_id=run.run_id,
        now=now,
    )


def refusal_of(obstacle: Obstacle) -> Refusal:
    """What holds a record up, as the quarantine keeps it."""
    return Refusal(
        class_=obstacle.class_,
        field=obstacle.field,
        value=obstacle.value,
        reason=obstacle.reason,
        remedy=obstacle.remedy,
        detail=obstacle.detail,
    )


def _count(
    run: Run, asides: Iterable[Aside], outcomes: Sequence[Outcome], obstacles: Obstacles
) -> None:
    counts = run.report.counts
    counts.update(outcome.result for outcome in outcomes)
    counts.update(aside.kind for aside in asides)
    counts["refused"] += len(obstacles)
    run.report.refused.update(
        RefusedBecause(obstacle.class_, obstacle.value, obstacle.reason, obstacle.remedy)
        for found in obstacles.values()
        for obstacle in found
    )


def planned(run: Run, count: Mapping[str, int], preview: Sequence[Mapping[str, Any]]) -> None:
    """Keep in the report how many writes of each kind a plan holds; all of it in a dry run."""
    kind = "would write" if run.dry_run else "planned"
    run.report.counts.update({f"{kind}: {what}": n for what, n in count.items() if n})
    if run.dry_run:
        run.report.preview.extend(dict(line) for line in preview)

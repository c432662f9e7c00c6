"""Keys that may need work: the only thing ever queued.

One row per (pair, entity, key), however often an event names it. `ready_at` says when the row may
be claimed: now for a due key, later for one that is retried or parked, at the lease's end for a
claimed one (so that a crashed owner's keys come back by themselves), never for one that is done or
dead.
`transitions.py` says what events and outcomes do to a row, and how parked keys wake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, bindparam, case, func, literal, select, update

from store import transitions
from store.database import Repository
from store.sql import INSERT_INTO, in_parts
from store.tables import inbox, inbox_conditions
from store.transitions import (
    BACKFILL_PRIORITY,
    LOCKING_ORDER,
    UNSETTLED,
    Dead,
    Done,
    Event,
    Outcome,
    Parked,
    Retry,
    after,
    change,
    locked,
    met_since,
    notify,
    put,
    rows_of,
    set_conditions,
)

__all__ = [
    "NAMED",
    "OPERATOR",
    "Claim",
    "Dead",
    "Done",
    "Event",
    "Inbox",
    "Outcome",
    "Parked",
    "Retry",
    "State",
    "Taken",
    "Waiting",
    "put",
]

OPERATOR = "operator"
"""The source of keys that a person named: no read is too early for those."""
NAMED = "named"
"""Source of a key that came into the inbox under another record's id."""
FIRST = (inbox.c.priority, inbox.c.ready_at, func.length(inbox.c.key), inbox.c.key)
"""The order in which keys are claimed."""
State = Literal["due", "claimed", "parked", "dead", "done"]
SETTLED = (
    *("state", "owner", "ready_at", "due_since", "source", "dirty_since", "dirty_source"),
    *("priority", "attempts", "interruptions", "failing_since", "expires_at", "reason"),
    "updated_at",
)
"""Columns that an outcome may change."""


@dataclass(frozen=True)
class Claim:
    """A key held by one owner."""

    key: str
    attempts: int
    """Tries since it became due that did not settle it."""
    due_since: datetime
    source: str
    interruptions: int = 0
    """How often its owner ended while it worked on it."""
    failing_since: datetime | None = None
    """When it failed by itself for the first time since it last did not."""


@dataclass(frozen=True)
class Taken:
    """A key that is held now, and the state in which it was before."""

    claim: Claim
    was: State | Literal[""]
    """"" for a key that the inbox did not know."""


@dataclass(frozen=True)
class Waiting:
    """Keys that may be claimed now."""

    pair: str
    entity: str
    count: int
    oldest_due_since: datetime


WAITING = (
    select(
        inbox.c.pair,
        inbox.c.entity,
        func.count().label("keys"),
        func.min(
            case(
                (inbox.c.state == "parked", inbox.c.ready_at),
                else_=func.coalesce(inbox.c.due_since, inbox.c.ready_at),
            ),
            type_=inbox.c.ready_at.type,
        ).label("oldest"),
    )
    .where(inbox.c.ready_at <= bindparam("now", type_=inbox.c.ready_at.type))
    .group_by(inbox.c.pair, inbox.c.entity)
)
"""Made once: a worker asks many times a second while it writes."""
WAITING_LIVE = WAITING.where(inbox.c.priority < BACKFILL_PRIORITY)


class Inbox(Repository):
    """The inbox of a database."""

    def put(  # noqa: PLR0913 - whose keys, why, when
        self,
        pair: str,
        entity: str,
        keys: Iterable[str],
        *,
        source: str,
        now: datetime,
        ready_at: datetime | None = None,
    ) -> int:
        """Make keys due. A key that is being worked on becomes due again when it is released.

        In: `ready_at`, before which nobody need take them, unless `hasten` is called. Returns how
        many were not due before.
        """
        wanted = sorted(set(keys))
        with self._database.write() as connection:
            due_before = sum(
                connection.scalar(
                    select(func.count())
                    .select_from(inbox)
                    .where(
                        *rows_of(pair, entity, part),
                        inbox.c.state == "due",
                        inbox.c.ready_at <= now,
                    )
                )
                or 0
                for part in in_parts(wanted)
            )
            events = [(pair, entity, key, source) for key in wanted]
            put(connection, events, now=now, ready_at=ready_at)
        return len(wanted) - due_before

    def hasten(self, pair: str, entity: str, *, source: str, now: datetime) -> None:
        """Let keys be taken that this source made due for later; those that failed wait on."""
        with self._database.write() as connection:
            keys = locked(
                connection,
                inbox.c.pair == pair,
                inbox.c.entity == entity,
                inbox.c.state == "due",
                inbox.c.source == source,
                inbox.c.attempts == 0,
                inbox.c.ready_at > now,
            )
            change(connection, keys, ready_at=now)
            notify(connection)

    def claim(  # noqa: PLR0913 - whose keys, for whom, how many, how long, when
        self,
        pair: str,
        entity: str,
        *,
        owner: str,
        limit: int,
        lease_s: float,
        now: datetime,
        with_backfill: bool = True,
        only: Sequence[str] | None = None,
    ) -> list[Claim]:
        """Take up to `limit` keys that are ready, those of a backfill only `with_backfill`.

        In: `only` is at most `limit` keys; no others are taken then.

        First what an event or a condition that came true made due, then what woke by the clock,
        then a backfill. Of each those that have been ready for longest are taken, and of one
        moment, for example of one waking, the records with the smallest numbers; those that are
        taken come in the order of their numbers, as orders were placed.

        Of keys whose owners ended while they worked on them fewer are taken at once, a quarter
        each time: what is interrupted again and again gets further each time, and a record that
        ends its process is found.
        """
        is_ready = inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.ready_at <= now
        is_taken = case((inbox.c.state == "claimed", 1), else_=0)
        interruptions = (inbox.c.interruptions + is_taken).label("interruptions")
        ready = select(inbox.c.key, interruptions).where(*is_ready).order_by(*FIRST).limit(limit)
        if not with_backfill:
            ready = ready.where(inbox.c.priority < BACKFILL_PRIORITY)
        if only is not None:
            ready = ready.where(inbox.c.key.in_(only))
        with self._database.write() as connection:
            # SQLite's write transaction is alone anyway; PostgreSQL passes over rows in use.
            found = connection.execute(ready.with_for_update(skip_locked=True)).all()
            keys = _at_once([(row.key, row.interruptions) for row in found], limit)
            rows: list[Row[Any]] = []
            for part in in_parts(keys):
                statement = (
                    update(inbox)
                    .where(*rows_of(pair, entity, part))
                    .values(
                        state="claimed",
                        owner=owner,
                        ready_at=now + timedelta(seconds=lease_s),
                        updated_at=now,
                        claimed_at=now,
                        # Taken from an owner that vanished: that was a try as well.
                        attempts=inbox.c.attempts + is_taken,
                        interruptions=inbox.c.interruptions + is_taken,
                    )
                    .returning(inbox)
                )
                rows.extend(connection.execute(statement))
        return _claims(rows, now)

    def peek(
        self, pair: str, entity: str, *, keys: Sequence[str] | None, limit: int, now: datetime
    ) -> list[Claim]:
        """What a claim would take, or just these keys; nothing is taken."""
        if keys is not None:
            return [Claim(key, 0, now, OPERATOR) for key in keys[:limit]]
        is_ready = inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.ready_at <= now
        ready = select(inbox).where(*is_ready).order_by(*FIRST).limit(limit)
        with self._database.read() as connection:
            return _claims(connection.execute(ready), now)

    def take(  # noqa: PLR0913 - whose keys, for whom, how long, when
        self,
        pair: str,
        entity: str,
        keys: Sequence[str],
        *,
        owner: str,
        lease_s: float,
        now: datetime,
    ) -> dict[str, Taken]:
        """Claim just these keys, due or not; those that another owner holds are left out.

        An event of one system may name a record that only the other can place (a goods note,
        say). Whoever finds out which record is meant takes that record's own key, so that two
        runs never work on one record at the same time, whatever it was called when it came in.
        """
        taken: dict[str, Taken] = {}
        moment = literal(now, inbox.c.due_since.type)
        unsettled = inbox.c.state.in_(UNSETTLED)
        own = (inbox.c.state == "claimed") & (inbox.c.owner == owner)
        with self._database.write() as connection:
            for part in in_parts(sorted(set(keys))):
                row_of_new = {
                    "pair": pair,
                    "entity": entity,
                    "state": "due",
                    "ready_at": now,
                    "due_since": now,
                    "source": NAMED,
                    "updated_at": now,
                }
                unknown = (
                    INSERT_INTO[connection.dialect.name](inbox)
                    .values([{**row_of_new, "key": key} for key in part])
                    .on_conflict_do_nothing()
                    .returning(inbox.c.key)
                )
                made = set(connection.scalars(unknown))
                rows = connection.execute(
                    select(inbox)
                    .where(*rows_of(pair, entity, part))
                    .order_by(*LOCKING_ORDER[connection.dialect.name])
                    .with_for_update()
                ).all()
                free = [row for row in rows if row.owner in (None, owner) or row.ready_at <= now]
                connection.execute(
                    update(inbox)
                    .where(*rows_of(pair, entity, [row.key for row in free]))
                    .values(
                        state="claimed",
                        owner=owner,
                        ready_at=now + timedelta(seconds=lease_s),
                        updated_at=now,
                        # What this owner has read for a key it holds is as old as that claim.
                        claimed_at=case((own, inbox.c.claimed_at), else_=moment),
                        due_since=case((unsettled, inbox.c.due_since), else_=moment),
                        source=NAMED,
                    )
                )
                for row in free:
                    was_due = row.due_since if row.state in UNSETTLED else None
                    claim = Claim(
                        row.key,
                        row.attempts,
                        was_due or now,
                        NAMED,
                        failing_since=row.failing_since,
                    )
                    taken[row.key] = Taken(claim, "" if row.key in made else row.state)
        return taken

    def renew(self, owner: str, *, lease_s: float, now: datetime) -> int:
        """Keep this owner's claims for another lease; how many there are."""
        held = inbox.c.owner == owner, inbox.c.state == "claimed"
        with self._database.write() as connection:
            keys = locked(connection, *held)
            change(connection, keys, ready_at=now + timedelta(seconds=lease_s))
        return len(keys)

    def settle(
        self, pair: str, entity: str, owner: str, outcomes: Sequence[Outcome], *, now: datetime
    ) -> None:
        """Say what became of claimed keys.

        A key that changed meanwhile is due at once; a claim that was lost changes nothing.
        """
        by_key = {outcome.key: outcome for outcome in outcomes}
        statement = update(inbox).where(
            inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.key == bindparam("of_key")
        )
        with self._database.write() as connection:
            for part in in_parts(sorted(by_key)):
                # Locked: an event between this read and the update must not be forgotten.
                held = connection.execute(
                    select(inbox)
                    .where(
                        *rows_of(pair, entity, part),
                        inbox.c.owner == owner,
                        inbox.c.state == "claimed",
                    )
                    .order_by(*LOCKING_ORDER[connection.dialect.name])
                    .with_for_update()
                ).all()
                if not held:
                    continue
                settled = {row.key: by_key[row.key] for row in held}
                parked = {k: one for k, one in settled.items() if isinstance(one, Parked)}
                since = min(row.claimed_at or now for row in held)
                met = met_since(connection, pair, parked.values(), since) if parked else {}
                changes = [
                    {
                        "of_key": row.key,
                        **{name: getattr(row, name) for name in SETTLED},
                        **after(settled[row.key], row, met, now),
                    }
                    for row in held
                ]
                connection.execute(statement, changes)
                still = [parked[one["of_key"]] for one in changes if one["state"] == "parked"]
                set_conditions(connection, pair, entity, list(settled), still)

    def wake(self, pair: str, conditions: Iterable[str], *, now: datetime) -> int:
        """Make every key of the pair due that waits for any of these; how many they were.

        They wake whichever entity they belong to, in the sequence of their numbers, and the
        running worker is notified as by an event. Name every condition that came true, whether
        anybody is known to wait for it or not: a key that is being worked on at this moment and
        then parked for it is due at once. `now` is the present moment, later than that at which
        the condition came true.
        """
        return transitions.wake(self._database, pair, conditions, now=now)

    def waiting_for(self, pair: str, prefix: str) -> set[str]:
        """Conditions that begin with `prefix` and for which any key of the pair waits."""
        of = inbox_conditions.c
        begins = func.substr(of.condition, 1, len(prefix)) == prefix
        statement = select(of.condition).where(of.pair == pair, begins).distinct()
        with self._database.read() as connection:
            return set(connection.scalars(statement))

    def waiting(self, now: datetime, *, with_backfill: bool = True) -> list[Waiting]:
        """Pairs and entities with keys that may be claimed, of a backfill only `with_backfill`.

        A parked key is due since it woke, whenever its event was.
        """
        statement = WAITING if with_backfill else WAITING_LIVE
        with self._database.read() as connection:
            return [
                Waiting(row.pair, row.entity, row.keys, row.oldest)
                for row in connection.execute(statement, {"now": now})
            ]

    def open_keys(self, pair: str, entity: str) -> set[str]:
        """Keys that events named and that are not worked off; those of a backfill are left out."""
        statement = select(inbox.c.key).where(
            inbox.c.pair == pair,
            inbox.c.entity == entity,
            inbox.c.state.in_(("due", "claimed")),
            inbox.c.priority < BACKFILL_PRIORITY,
        )
        with self._database.read() as connection:
            return set(connection.scalars(statement))

    def moving(self, pair: str, entity: str, since: datetime) -> int:
        """How many keys that are not settled an event has named since a moment."""
        statement = select(func.count()).where(
            inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.due_since >= since
        )
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def next_ready_at(self) -> datetime | None:
        """When the next key may be claimed."""
        with self._database.read() as connection:
            moment: datetime | None = connection.scalar(
                select(func.min(inbox.c.ready_at, type_=inbox.c.ready_at.type))
            )
        return moment

    def states(self, pair: str, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The state of each key that the inbox knows."""
        return {key: state for key, (state, _) in self.results(pair, entity, keys).items()}

    def results(self, pair: str, entity: str, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The state of each key that the inbox knows, and what became of it last."""
        found: dict[str, tuple[str, str]] = {}
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(inbox.c.key, inbox.c.state, inbox.c.reason).where(
                        *rows_of(pair, entity, part)
                    )
                )
                found.update({row.key: (row.state, row.reason) for row in rows})
        return found

    def reasons(self, pair: str, entity: str, state: str) -> dict[str, str]:
        """Why each key is in a state."""
        statement = select(inbox.c.key, inbox.c.reason).where(
            inbox.c.pair == pair, inbox.c.entity == entity, inbox.c.state == state
        )
        with self._database.read() as connection:
            return {row.key: row.reason for row in connection.execute(statement)}


def _at_once(ready: Sequence[tuple[str, int]], limit: int) -> list[str]:
    """The first of these keys that may share a batch. In: how often each was interrupted."""
    keys: list[str] = []
    most = limit
    for key, interruptions in ready:
        most = min(most, max(1, limit >> 2 * interruptions))
        if len(keys) >= most:
            break
        keys.append(key)
    return keys


def _claims(rows: Iterable[Row[Any]], now: datetime) -> list[Claim]:
    """Claims by priority, and of each by number: orders come as they were placed."""
    ordered = sorted(rows, key=lambda row: (row.priority, len(row.key), row.key))
    return [
        Claim(
            row.key,
            row.attempts,
            row.due_since or now,
            row.source,
            row.interruptions,
            row.failing_since,
        )
        for row in ordered
    ]

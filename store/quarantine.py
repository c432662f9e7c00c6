"""Refused records that wait for a person, and what people did about them.

Whatever concerns many entries goes in short transactions with pauses between them, so that the
receiver keeps webhooks meanwhile, and never takes more ids into a statement than databases allow.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from core.ids import sku_key
from core.refusals import Refusal, with_id
from store.database import Repository
from store.encryption import PREFIX, is_unread, key_of
from store.sql import AT_ONCE, INSERT_INTO, in_parts, storable
from store.tables import (
    LONGEST_VALUE,
    inbox,
    order_checks,
    quarantine,
    quarantine_actions,
    verdicts,
)
from store.transitions import put

CLASS = quarantine.c["class"]
REVIEW = "review"
"""The class of cases that propose something."""
CHECKS = frozenset({"address", "risk"})
"""Kinds of cases by which an order was held; what a person decides about one is its label."""
MERGE_CASE = "merge"
"""The kind of cases that propose to merge two contacts."""
FEATURES: Mapping[str, str] = {
    MERGE_CASE: "duplicates",
    **dict.fromkeys(("unusual", "zeroing", "price fall", "price zero", "below cost"), "anomalies"),
    "identifiers": "products",
}
"""By kind of review case: whose proposal a person's decision is the verdict on."""
TRIAGE = "triage"
"""The feature of what people do about errors; where class and queue stand in a refusal's detail."""
UNKNOWN = "unknown"
"""The class of errors that nothing recognised."""
LABELS = frozenset({"approved", "discarded"})
ENCRYPTED = {quarantine: ("detail", "closed_reason"), quarantine_actions: ("reason",)}
"""Columns that are encrypted, by table."""
OURSELVES = "causeway"
"""Who released what waited for a product or a row of a table that exists now."""


@dataclass(frozen=True)
class Entry:
    """A row of the quarantine."""

    id: int
    pair: str
    entity: str
    key: str
    class_: str
    field: str
    value: str
    reason: str
    remedy: str
    run_id: str
    detail: Mapping[str, Any]
    state: str
    times: int
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    closed_reason: str

    triage: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Class of the error, how it was found, and whether it may pass by itself."""
    queue: str = ""
    """Who gets it; empty where nothing is classified."""
    act_within_h: float | None = None

    @property
    def error_class(self) -> str:
        """What kind of error it is."""
        return str(self.triage.get("class", ""))


@dataclass(frozen=True)
class Decided:
    """Cases that a person decided: (key, class, value)."""

    approved: Collection[tuple[str, str, str]]
    """What they propose is to be carried out."""
    discarded: Collection[tuple[str, str, str]]
    """Both sides are left as they are."""


@dataclass(frozen=True)
class Group:
    """Open entries that wait for the same thing."""

    class_: str
    value: str
    count: int
    """Records, of which one may have several entries."""
    reason: str
    remedy: str
    """Both of the newest entry."""


@dataclass(frozen=True)
class Queue:
    """Open entries that the same people get, to act within the same time."""

    name: str
    act_within_h: float
    count: int
    oldest_at: datetime


@dataclass(frozen=True)
class Unreadable:
    """Texts whose keys are not there any more."""

    count: int
    keys: Sequence[str]
    """Names of such keys, not all where there are several."""


@dataclass(frozen=True)
class Selection:
    """Which entries: all conditions must hold, and those that are not given hold for all."""

    pair: str | None = None
    entity: str | None = None
    class_: str | None = None
    value: str | None = None
    """Whatever its case."""
    keys: Collection[str] | None = None
    """The same."""
    ids: Collection[int] | None = None
    state: str = "open"
    queue: str | None = None
    """Who gets it."""

    def in_sql(self) -> list[Any]:
        """What the database can compare."""
        wanted = (
            (quarantine.c.pair, self.pair),
            (quarantine.c.entity, self.entity),
            (CLASS, self.class_),
            (quarantine.c.state, self.state),
            (quarantine.c.queue, self.queue),
        )
        return [column == value for column, value in wanted if value is not None]

    def holds(self, entry: Entry) -> bool:
        """Whether the other conditions hold for an entry as well."""
        return (
            (self.value is None or _folded(entry.value) == _folded(kept_value(self.value)))
            and (not self.keys or sku_key(entry.key) in self._folded_keys)
            and (self.ids is None or entry.id in self._known_ids)
        )

    @cached_property
    def _folded_keys(self) -> frozenset[str]:
        return frozenset(sku_key(key) for key in self.keys or ())

    @cached_property
    def _known_ids(self) -> frozenset[int]:
        return frozenset(self.ids or ())


@dataclass(frozen=True)
class Action:
    """What somebody did about an entry."""

    at: datetime
    actor: str
    """A person's login, or `causeway` for what it did by itself."""
    before: str
    """The state of the entry."""
    after: str
    reason: str


class Quarantine(Repository):
    """The quarantine of a database."""

    def open(
        self,
        pair: str,
        entity: str,
        refusals: Iterable[tuple[str, Refusal]],
        *,
        run_id: str = "",
        now: datetime,
    ) -> None:
        """Keep refusals by record key; one that is open already is only counted again."""
        rows = [
            {"pair": pair, "entity": entity, "key": key, "run_id": run_id, **_columns(one, now)}
            for key, one in refusals
        ]
        if not rows:
            return
        with self._database.write() as connection:
            statement = INSERT_INTO[connection.dialect.name](quarantine)
            # What `classify` kept is not known to whoever refuses the record again.
            is_lost = and_(
                statement.excluded.triage["class"].as_string() == UNKNOWN,
                quarantine.c.triage["class"].as_string() != UNKNOWN,
            )
            statement = statement.on_conflict_do_update(
                index_elements=["pair", "entity", "key", "class", "field", "value"],
                # In words: with a parameter PostgreSQL cannot see which index is meant once it
                # has prepared the statement for all values.
                index_where=text("state = 'open'"),
                set_={
                    "times": quarantine.c.times + 1,
                    "seen_at": now,
                    "reason": statement.excluded.reason,
                    "remedy": statement.excluded.remedy,
                    "run_id": statement.excluded.run_id,
                    "detail": statement.excluded.detail,
                    **{
                        name: case((is_lost, quarantine.c[name]), else_=statement.excluded[name])
                        for name in ("triage", "queue", "act_within_h")
                    },
                },
            )
            for row in rows:
                connection.execute(statement, row)

    def list(  # noqa: PLR0913 - each narrows what is listed
        self,
        *,
        pair: str | None = None,
        entity: str | None = None,
        class_: str | None = None,
        value: str | None = None,
        state: str = "open",
        after: int = 0,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries, oldest first; with `limit` so many of those that come `after` an id."""
        selection = Selection(pair, entity, class_, value, state=state)
        found: list[Entry] = []
        for page in self.pages(selection, after=after):
            found += page
            if limit is not None and len(found) >= limit:
                return found[:limit]
        return found

    def pages(self, selection: Selection, *, after: int = 0) -> Iterator[Sequence[Entry]]:
        """Entries of a selection that come after an id, some hundred at a time, oldest first."""
        by_id = None if selection.ids is None else sorted(selection.ids)
        while True:
            statement = (
                select(quarantine)
                .where(*selection.in_sql(), quarantine.c.id > after)
                .order_by(quarantine.c.id)
                .limit(AT_ONCE)
            )
            if by_id is not None:
                first = bisect_right(by_id, after)
                part = by_id[first : first + AT_ONCE]
                statement = statement.where(quarantine.c.id.in_(part))
            with self._database.read() as connection:
                page = [case_of(row) for row in connection.execute(statement)]
            if found := [entry for entry in page if selection.holds(entry)]:
                yield found
            if by_id is not None and part:
                after = part[-1]
            elif len(page) < AT_ONCE:
                return
            else:
                after = page[-1].id

    def ids(self, pair: str, values: Collection[tuple[str, str]]) -> Sequence[int]:
        """Open entries of any entity with these classes and values, spelled just so."""
        found: set[int] = set()
        with self._database.read() as connection:
            for class_ in sorted({of for of, _ in values}):
                for part in in_parts(sorted({value for of, value in values if of == class_})):
                    statement = select(quarantine.c.id).where(
                        *Selection(pair, class_=class_).in_sql(), quarantine.c.value.in_(part)
                    )
                    found.update(connection.scalars(statement))
        return sorted(found)

    def classes(self) -> set[str]:
        """The classes of all entries, whatever became of them."""
        with self._database.read() as connection:
            return set(connection.scalars(select(CLASS).distinct()))

    def keys(self, pair: str, entity: str) -> set[str]:
        """Records with an open entry."""
        statement = select(quarantine.c.key).where(*Selection(pair, entity).in_sql()).distinct()
        with self._database.read() as connection:
            return set(connection.scalars(statement))

    def rested(
        self, pair: str, entity: str, pauses: Mapping[str, Sequence[timedelta]], *, now: datetime
    ) -> Sequence[str]:
        """Records that wait for a person and may be tried again, a few hundred at most.

        In: by class, how long an entry rests after the record was refused for the first, second …
        time; the last pause counts from then on.
        """
        of, kind = quarantine.c, quarantine.c["class"]
        over = []
        for class_, rests in pauses.items():
            for nth, pause in enumerate(rests, 1):
                counted = of.times == nth if nth < len(rests) else of.times >= nth
                over.append(and_(kind == class_, counted, of.seen_at <= now - pause))
        is_dead = exists().where(
            inbox.c.pair == of.pair,
            inbox.c.entity == of.entity,
            inbox.c.key == of.key,
            inbox.c.state == "dead",
        )
        statement = (
            select(of.key)
            .where(*Selection(pair, entity).in_sql(), kind.in_(pauses), or_(*over), is_dead)
            .distinct()
            .limit(AT_ONCE)
        )
        with self._database.read() as connection:
            return list(connection.scalars(statement))

    def show(self, entry_id: int) -> Entry | None:
        """One entry, open or closed."""
        with self._database.read() as connection:
            row = connection.execute(
                select(quarantine).where(quarantine.c.id == entry_id)
            ).one_or_none()
        return None if row is None else case_of(row)

    def actions(self, entry_id: int) -> Sequence[Action]:
        """What was done about an entry, oldest first."""
        of = quarantine_actions.c
        statement = (
            select(of.at, of.actor, of.before, of.after, of.reason)
            .where(of.entry_id == entry_id)
            .order_by(of.id)
        )
        with self._database.read() as connection:
            return [Action(*row) for row in connection.execute(statement)]

    def release(  # noqa: PLR0913 - each narrows what is released
        self,
        pair: str,
        *,
        entity: str | None = None,
        class_: str | None = None,
        value: str | None = None,
        ids: Collection[int] | None = None,
        keys: Collection[str] | None = None,
        actor: str = OURSELVES,
        now: datetime,
    ) -> Sequence[str]:
        """Close matching entries and make their records due again, some hundred at a time.

        A record with several entries is released as a whole. Returns the keys. What is released
        when this fails half-way stays released.
        """
        released: set[str] = set()
        for page in self.pages(Selection(pair, entity, class_, value, keys, ids)):
            with self._database.write_one_of_many() as connection:
                for of_entity in sorted({entry.entity for entry in page}):
                    named = sorted({entry.key for entry in page if entry.entity == of_entity})
                    whole = quarantine.c.entity == of_entity, quarantine.c.key.in_(named)
                    conditions = quarantine.c.pair == pair, *whole
                    _close(connection, "released", *conditions, actor=actor, now=now)
                    put(connection, [(pair, of_entity, key, "release") for key in named], now=now)
                    released.update(named)
        return sorted(released)

    def discard(
        self, ids: Collection[int], reason: str, *, actor: str = OURSELVES, now: datetime
    ) -> int:
        """Close entries for good; how many were open."""
        closed = 0
        for part in in_parts(sorted(ids)):
            with self._database.write_one_of_many() as connection:
                of_part = quarantine.c.id.in_(part)
                found = _close(
                    connection, "discarded", of_part, actor=actor, reason=reason, now=now
                )
                closed += len(found)
        return closed

    def approve(
        self, ids: Collection[int], *, actor: str = OURSELVES, now: datetime
    ) -> Sequence[str]:
        """Let what open cases propose be carried out: their records are due again; the keys."""
        keys: set[str] = set()
        for part in in_parts(sorted(ids)):
            with self._database.write_one_of_many() as connection:
                of_part = quarantine.c.id.in_(part)
                found = _close(connection, "approved", of_part, actor=actor, now=now)
                put(connection, [(*record, "release") for record in found], now=now)
                keys.update(key for _, _, key in found)
        return sorted(keys)

    def unrecognised(self, pair: str, *, confirmed: int) -> Iterator[Sequence[Entry]]:
        """Open entries of class `unknown`, some hundred at a time.

        In: `confirmed` how many classes people have confirmed. Entries that were compared when
        there were so many are left out: nothing new can be said of them.
        """
        of, last = quarantine.c, 0
        statement = (
            select(quarantine)
            .where(
                *Selection(pair).in_sql(),
                of.triage["class"].as_string() == UNKNOWN,
                of.triage["confirmed"].as_integer().is_distinct_from(confirmed),
            )
            .order_by(of.id)
            .limit(AT_ONCE)
        )
        while True:
            with self._database.read() as connection:
                rows = connection.execute(statement.where(of.id > last))
                page = [case_of(row) for row in rows]
            if not page:
                return
            yield page
            last = page[-1].id

    def classify(  # noqa: PLR0913 - what is kept, who said so, when
        self,
        entry_id: int,
        triage: Mapping[str, Any],
        *,
        queue: str,
        act_within_h: float,
        actor: str,
        now: datetime,
    ) -> bool:
        """Keep what kind of error an open entry is and who gets it, unless that is known.

        Whether it is kept.
        """
        of = quarantine.c
        is_unknown = func.coalesce(of.triage["class"].as_string(), "").in_(("", UNKNOWN))
        with self._database.write() as connection:
            found = connection.scalar(
                update(quarantine)
                .where(of.id == entry_id, of.state == "open", is_unknown)
                .values(triage=dict(triage), queue=queue, act_within_h=act_within_h)
                .returning(of.id)
            )
            if found is not None and triage["class"] != UNKNOWN:
                action = {"before": UNKNOWN, "after": triage["class"], "reason": ""}
                by = {"entry_id": entry_id, "at": now, "actor": actor}
                connection.execute(insert(quarantine_actions).values(**by, **action))
        return found is not None

    def encrypt_anew(self) -> int:
        """Encrypt with the first key what an earlier one encrypted, or none; how many rows.

        What is `unreadable` stays as it is.
        """
        newest = self._database.keyring.newest
        written = 0
        for table, names in ENCRYPTED.items() if newest else ():
            kept = [cast(table.c[name], Text) for name in names]
            is_old = [
                and_(one.not_in(("", "{}")), one.not_like(f"%{PREFIX}{newest}:%")) for one in kept
            ]
            columns = [table.c.id, *(table.c[name] for name in names)]
            old = select(*columns).where(or_(*is_old)).order_by(table.c.id).limit(AT_ONCE)
            after, is_more = 0, True
            while is_more:
                with self._database.write_one_of_many() as connection:
                    rows = connection.execute(old.where(table.c.id > after)).all()
                    for number, *values in rows:
                        read = dict(zip(names, values, strict=True))
                        if changed := {n: one for n, one in read.items() if not is_unread(one)}:
                            of_row = update(table).where(table.c.id == number)
                            connection.execute(of_row.values(**changed))
                        written += all(not is_unread(one) for one in values)
                        after = number
                is_more = len(rows) == AT_ONCE
        return written

    def unreadable(self) -> Unreadable:
        """What was encrypted with a key that is not there any more."""
        count = 0
        keys: set[str] = set()
        with self._database.read() as connection:
            for table, names in ENCRYPTED.items():
                for name in names:
                    kept = cast(table.c[name], Text)
                    known = self._database.keyring.names
                    others = [kept.not_like(f"%{PREFIX}{one}:%") for one in known]
                    texts = select(func.count(), func.min(kept), func.max(kept))
                    found = connection.execute(texts.where(kept.like(f"%{PREFIX}%"), *others))
                    number, *ends = found.one()
                    count += number
                    keys.update(key_of(one) for one in ends if one)
        return Unreadable(count, sorted(keys))

    def decided(self, pair: str, entity: str, keys: Sequence[str]) -> Decided:
        """What people decided about these records' cases, and nobody carried out yet."""
        found: dict[str, set[tuple[str, str, str]]] = {"approved": set(), "discarded": set()}
        columns = quarantine.c.state, quarantine.c.key, CLASS, quarantine.c.value
        with self._database.read() as connection:
            for part in in_parts(keys):
                rows = connection.execute(
                    select(*columns).where(
                        quarantine.c.pair == pair,
                        quarantine.c.entity == entity,
                        quarantine.c.key.in_(part),
                        quarantine.c.state.in_(list(found)),
                    )
                )
                for state, key, class_, value in rows:
                    found[state].add((key, class_, value))
        return Decided(**found)

    def resolve(
        self,
        pair: str,
        entity: str,
        keys: Sequence[str],
        *,
        now: datetime,
        but: Collection[tuple[str, str, str]] = (),
    ) -> None:
        """Close these records' entries, except those in `but` (key, class, value)."""
        kept = {(key, class_, kept_value(value)) for key, class_, value in but}
        over: list[int] = []
        # Most records have no entry: they cost no transaction that writes.
        with self._database.read() as connection:
            for part in in_parts(keys):
                entries = connection.execute(
                    select(
                        quarantine.c.id,
                        quarantine.c.key,
                        CLASS.label("class_"),
                        quarantine.c.value,
                        quarantine.c.state,
                    ).where(
                        quarantine.c.pair == pair,
                        quarantine.c.entity == entity,
                        quarantine.c.key.in_(part),
                        quarantine.c.state.in_(("open", "approved")),
                    )
                )
                over += [
                    entry.id
                    for entry in entries
                    if entry.state == "approved"
                    or (entry.key, entry.class_, entry.value) not in kept
                ]
        for ids in in_parts(over):
            with self._database.write() as connection:
                connection.execute(
                    update(quarantine)
                    .where(quarantine.c.id.in_(ids))
                    .values(state="resolved", closed_at=now)
                )

    def queues(self, pair: str) -> Sequence[Queue]:
        """Open entries by who gets them and how soon, as far as they were classified."""
        of = quarantine.c
        oldest = func.min(of.opened_at, type_=of.opened_at.type)
        statement = (
            select(of.queue, of.act_within_h, func.count(), oldest)
            .where(*Selection(pair).in_sql(), of.act_within_h.is_not(None))
            .group_by(of.queue, of.act_within_h)
            .order_by(of.queue, of.act_within_h)
        )
        with self._database.read() as connection:
            return [Queue(*row) for row in connection.execute(statement)]

    def summary(self, pair: str, *, entity: str | None = None) -> Sequence[Group]:
        """Open entries by class and value, the most frequent first."""
        count = func.count(quarantine.c.key.distinct())
        groups = (
            select(
                CLASS.label("class_"),
                quarantine.c.value,
                count.label("records"),
                func.max(quarantine.c.id).label("newest"),
            )
            .where(*Selection(pair, entity).in_sql())
            .group_by(CLASS, quarantine.c.value)
            .subquery()
        )
        of = groups.c
        statement = (
            select(of.class_, of.value, of.records, quarantine.c.reason, quarantine.c.remedy)
            .join(quarantine, quarantine.c.id == of.newest)
            .order_by(of.records.desc(), of.class_, of.value)
        )
        with self._database.read() as connection:
            return [Group(*row) for row in connection.execute(statement)]


def _close(
    connection: Connection,
    state: str,
    *conditions: Any,  # noqa: ANN401 - SQLAlchemy's
    actor: str,
    reason: str = "",
    now: datetime,
) -> Sequence[tuple[str, str, str]]:
    """Give open entries another state and keep who did it; pair, entity and key of each."""
    found = connection.execute(
        update(quarantine)
        .where(*conditions, quarantine.c.state == "open")
        .values(state=state, closed_at=now, closed_reason=reason)
        .returning(
            quarantine.c.id,
            quarantine.c.pair,
            quarantine.c.entity,
            quarantine.c.key,
            CLASS.label("class_"),
            quarantine.c.field,
            quarantine.c.detail,
            quarantine.c.triage,
            quarantine.c.queue,
        )
    ).all()
    actions = [
        {
            "entry_id": row.id,
            "at": now,
            "actor": actor,
            "before": "open",
            "after": state,
            "reason": reason,
        }
        for row in found
    ]
    if actions:
        connection.execute(insert(quarantine_actions), actions)
    if state in LABELS:
        for row in found:
            if row.entity == "orders" and row.field in CHECKS:
                of_order = order_checks.c.pair == row.pair, order_checks.c.order_id == row.key
                label = {"label": state, "labelled_by": actor, "labelled_at": now}
                connection.execute(update(order_checks).where(*of_order).values(**label))
    if actor != OURSELVES and (labels := _verdicts(found, state, actor, now)):
        connection.execute(insert(verdicts), labels)
    return [(row.pair, row.entity, row.key) for row in found]


def _verdicts(closed: Sequence[Any], state: str, actor: str, now: datetime) -> list[dict[str, Any]]:
    """What a person's decision says of proposals and errors, as `store/verdicts.py` keeps it.

    Of errors once for all cases of one fingerprint.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in closed:
        feature = FEATURES.get(row.field, "") if row.class_ == REVIEW else TRIAGE
        if feature == TRIAGE:
            facts = {**row.triage, "queue": row.queue}
            subject = facts.pop("fingerprint", "")
        else:
            facts = dict(row.detail.get("facts") or row.detail.get("proposal", {}))
            subject = row.key
        if not (feature and subject) or (feature != TRIAGE and state not in LABELS):
            continue
        label = {"pair": row.pair, "feature": feature, "entity": row.entity, "subject": subject}
        found[tuple(label.values())] = label | {
            "verdict": state,
            "actor": actor,
            "at": now,
            "facts": facts,
        }
    return list(found.values())


def _folded(value: str) -> str:
    return value.strip().casefold()


def kept_value(value: str) -> str:
    """A value as the table holds it: what cannot be kept is left out, and it has an end."""
    return storable(value)[:LONGEST_VALUE]


def _columns(refusal: Refusal, now: datetime) -> dict[str, Any]:
    columns = dict(vars(refusal))
    columns["class"] = columns.pop("class_")
    columns["detail"] = {name: one for name, one in refusal.detail.items() if name != TRIAGE}
    triage = dict(refusal.detail.get(TRIAGE, {}))
    routed = {
        "queue": triage.pop("queue", ""),
        "act_within_h": triage.pop("act_within_h", None),
        "triage": triage,
    }
    return {**columns, **routed, "state": "open", "opened_at": now, "seen_at": now}


def case_of(row: Any) -> Entry:  # noqa: ANN401 - a row
    """The entry of a row of the table."""
    columns = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    columns["class_"] = columns.pop("class")
    columns["remedy"] = with_id(columns["remedy"], columns["id"])
    return Entry(**columns)

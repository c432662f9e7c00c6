"""One run of a sync: it claims keys, keeps their leases alive, and reports what became of them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self, cast
from uuid import UUID

import pandas as pd

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from connectors.circuits import LONGEST_PAUSE_S
from connectors.pages import account_order, store_order
from core.crash_points import reached
from core.defects import DefectError
from core.errors import CausewayError, TransientError
from core.process_identity import new_name, owned_by, this_process
from core.refusals import Refusal
from core.words import counted
from intelligence.errors import recognise
from store import inbox
from store.inbox import NAMED, OPERATOR, Claim, Dead, Done, Inbox, Retry
from store.ledger import Ledger
from store.links import Links
from store.quarantine import Quarantine
from store.runs import Runs
from tasks.policy import is_in_flow_run, pause_s
from tasks.reconciler.cases import (
    CATALOGUE,
    RETRY,
    Decisions,
    Outcome,
    ends_processes,
    refusals_by_key,
    retry,
    skipped,
    with_command,
)
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.reconciler.registry import Entity
from tasks.reconciler.report import REFUSED, Report
from tasks.reconciler.triage import problem_of, triage_all

log = logging.getLogger("causeway.tasks")

HELD = "held by another run, which takes them again"
"""Outcome of keys that a person named and another run works on."""
SAME_RECORD = "of a record that another key names"
"""Outcome of keys that turned out to mean the record of another key."""
READS_OF_MISSING = 3
"""How often a record is read that an event named and the system does not show."""
ASKED = {OPERATOR, "release"}
"""Sources of keys that a person wants to be worked on."""
BACKFILL = "backfill"
"""The source of keys that a backfill made due."""
LEASE_S = 300.0
"""A claim that nobody renews for this long belongs to whoever asks next."""
MOST_INTERRUPTIONS = 8
"""So often may a process end that works on a record before it counts as the record's fault. By then
it is alone in its batch: a quarter as many are taken each time (`Inbox.claim`)."""
LONGEST_DEFERRAL = timedelta(seconds=30)
"""How long keys of another entity wait at most for the end of the run that made them due."""
REST_S = 5.0
"""How long a key rests whose record another run holds."""


@dataclass(frozen=True)
class Batch:
    """Keys held by this run alone."""

    claims: tuple[Claim, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to work on."""
        return bool(self.claims)

    @property
    def keys(self) -> list[str]:
        """The records' ids."""
        return [claim.key for claim in self.claims]

    @property
    def sources(self) -> dict[str, str]:
        """What made each key due: webhook, sweep, operator, release and so on."""
        return {claim.key: claim.source for claim in self.claims}

    @property
    def asked_for(self) -> set[str]:
        """The keys that a person named or released."""
        return {claim.key for claim in self.claims if claim.source in ASKED}

    def attempts(self, key: str) -> int:
        """How often this key was tried without success before."""
        return next((claim.attempts for claim in self.claims if claim.key == key), 0)

    def may_be_stale(self, key: str) -> bool:
        """Whether a read may not show a record yet that an event has just named."""
        source = self.sources.get(key)
        return source != OPERATOR and self.attempts(key) < READS_OF_MISSING

    def missing(self, keys: Iterable[str], system: str = "BigCommerce") -> list[Outcome]:
        """What becomes of records that keys name and the system does not show."""
        return [
            retry(key, f"not found in {system} yet")
            if self.may_be_stale(key)
            else skipped(key, "gone", f"not in {system}")
            for key in keys
        ]

    def failing_since(self, key: str) -> datetime | None:
        """Since when it has failed by itself, whenever it was tried."""
        return next((claim.failing_since for claim in self.claims if claim.key == key), None)


class Run:
    """One run of a sync, with everything its steps need of the outside.

    A context manager: whatever it still holds when the flow ends, well or badly, becomes due
    again, and the report is kept and published either way.
    """

    def __init__(  # noqa: PLR0913 - what is synced, for whom, and how
        self,
        entity: Entity,
        pair: str,
        *,
        flow: str = "",
        dry_run: bool = False,
        with_backfill: bool = True,
        keeps_report: bool = True,
        priority: Priority | None = None,
        connections: Connections | None = None,
    ) -> None:
        flow = flow or f"sync-{entity.name}"
        self.connections = connections or connect(pair)
        self.pair = pair
        self.entity = entity.name
        self._key_of = entity.key_of
        self.suites = entity.suites
        self._priority = entity.priority if priority is None else priority
        self.dry_run = dry_run
        self._with_backfill = with_backfill
        self.keeps_report = keeps_report
        """False for a run whose own document says all."""
        name = new_name(flow)
        self.owner = owned_by(this_process(), name)
        """Of the claims and leases of this run."""
        self.run_id = flow_run_id() or name
        database = self.connections.database
        self.database = database
        self.links = Links(database)
        self.ledger = Ledger(database)
        self.inbox = Inbox(database)
        self.quarantine = Quarantine(database)
        self.report = Report(flow=flow, pair=pair, started_at=self.now(), is_dry=dry_run)
        self.bundle = current_bundle(self.connections)
        self.settings = self.connections.pair.sync(self.entity)
        self.report.mapping_version = self.bundle.version
        self.batch = Batch()
        self.refusals: dict[str, list[Refusal]] = {}
        """Why records of the batch may not travel on."""
        self.postponed: dict[str, str] = {}
        """Why records of the batch cannot be worked on right now: they are tried again soon."""
        self.at_stake: dict[str, Decimal] = {}
        """What records of the batch are about, in their own currency: a case of more is urgent."""
        self.released: set[str] = set()
        """Kinds of cases about a run as a whole that a person released this one by."""
        self.unsure: set[str] = set()
        """Records in hand with a write of which nobody knows what became of it."""
        self._limit = self.settings.batch_size
        """How many keys the batch in hand could have."""
        self._halves: list[Batch] = []
        """What is left of a batch that met an error of our own code; the next one last."""
        self.is_searched = False
        """Whether the batch is searched half by half for records that cannot be read right now."""
        self.defects_in_a_row = 0
        """Records that our own code failed for since one went through."""
        self._shown: set[str] = set()
        self._deferred: set[tuple[str, str]] = set()
        """Entities, and sources, of keys that are due once this run is over."""
        self._over = threading.Event()
        self._clients = ExitStack()
        self._requests_before = self.connections.requests()

    @property
    def bigcommerce(self) -> BigCommerce:
        """The store, at the run's priority."""
        return self.connections.bigcommerce.at(self.priority)

    @property
    def brightpearl(self) -> Brightpearl:
        """The account, at the run's priority."""
        return self.connections.brightpearl.at(self.priority)

    @property
    def priority(self) -> Priority:
        """The entity's, but the lowest while nothing but a backfill is at work."""
        if self.batch and all(claim.source == BACKFILL for claim in self.batch.claims):
            return Priority.BACKFILL
        return self._priority

    def now(self) -> datetime:
        """The time by the run's clock, UTC."""
        return self.connections.clock()

    def __enter__(self) -> Self:
        """Start keeping the leases alive."""
        # One Prefect client for all steps: making one per step costs 30 ms, most of it for
        # reading the list of certificate authorities.
        if flow_run_id():
            from prefect.context import SyncClientContext  # noqa: PLC0415 - see tasks/policy.py

            self._clients.enter_context(SyncClientContext.get_or_create())
        threading.Thread(target=self._keep_alive, name=f"lease-{self.owner}", daemon=True).start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Give back what is still held, keep the report, publish it."""
        self._over.set()
        self.connections.capacity.hold(self.owner, 0, self.settings.batch_size)
        if error is not None:
            expected = isinstance(error, CausewayError | DefectError)
            self.report.error = str(error) if expected else type(error).__name__
            self._give_back(error)
        self.report.ended_at = self.now()
        self.report.requests = self.connections.requests() - self._requests_before
        try:
            for entity, source in sorted(self._deferred):
                self.inbox.hasten(self.pair, entity, source=source, now=self.now())
            self.connections.keep_requests()
            if self.keeps_report or error is not None:
                Runs(self.database).keep(
                    self.report.to_json(), run_id=self.run_id, now=self.report.ended_at
                )
                if flow_run_id():
                    self._show()
        finally:
            self._clients.close()

    def _show(self) -> None:
        """Name the Prefect run by what it did, and publish its report if that says something."""
        from prefect.context import SyncClientContext  # noqa: PLC0415 - see tasks/policy.py

        with SyncClientContext.get_or_create() as prefect:
            prefect.client.update_flow_run(UUID(self.run_id), name=self.report.title)
        if self.report.says_something:
            publish(
                f"{self.report.flow}-{self.report.pair}",
                self.report.to_markdown(self._links()),
                f"What {self.report.flow} read, refused, planned and wrote",
            )

    def _links(self) -> dict[str, list[tuple[str, str]]]:
        """Where people see the refused records in each system."""
        keys = sorted({key for found in self.report.refused_records.values() for key in found})
        pair, links = self.connections.pair, self.links.get(self.pair, "orders", keys)
        found = {}
        for key in keys:
            imported = links[key].id_bp if key in links else ""
            pages = (
                ("BigCommerce", store_order(pair.bigcommerce, key)),
                ("Brightpearl", account_order(pair.brightpearl, imported)),
            )
            found[key] = [(name, url) for name, url in pages if url]
        return found

    def conclusion(self) -> dict[str, Any]:
        """The report as one document, which is what the flow gives back."""
        return concluded(self.report.to_json(), self.report.summary)

    def log(self, line: str, *values: object) -> None:
        """Write a line into the log of the Prefect run, or of the process where there is none."""
        if not flow_run_id():
            log.info(line, *values)
            return
        from prefect.logging import get_run_logger  # noqa: PLC0415 - see tasks/policy.py

        get_run_logger().info(line, *values)

    def defer(self, entity: str, keys: Collection[str], *, source: str) -> None:
        """Make keys of another entity due when this run is over, or in half a minute.

        What one batch makes due, the next would make due again.
        """
        now = self.now()
        self.inbox.put(
            self.pair, entity, keys, source=source, now=now, ready_at=now + LONGEST_DEFERRAL
        )
        self._deferred.add((entity, source))

    def claim(self, only: Sequence[str] | None = None) -> Batch:
        """The next batch of due keys, or of those of `only`; an empty one when none is left.

        A dry run reads them without taking them.
        """
        self.refusals, self.postponed, self.at_stake = {}, {}, {}
        if self._halves:
            self.batch = self._halves.pop()
            return self.batch
        self.is_searched = False
        self._limit = limit = self.connections.capacity.reserve(
            self.owner, self.settings.batch_size
        )
        claims: list[Claim] = []
        wanted = only and list(dict.fromkeys(key for each in only if (key := self._key_of(each))))
        while not claims:
            asked = [key for key in wanted if key not in self._shown][:limit] if wanted else None
            if self.dry_run:
                due = self.inbox.peek(
                    self.pair, self.entity, keys=asked, limit=limit, now=self.now()
                )
                claims = [claim for claim in due if claim.key not in self._shown]
            else:
                while killer := _ends_processes(claims := self._claim(limit, asked)):
                    self._give_up(killer)
            self._shown.update(asked or (claim.key for claim in claims if self.dry_run))
            if not asked:
                break
        self.batch = Batch(tuple(claims))
        self.connections.capacity.hold(self.owner, len(claims), self.settings.batch_size)
        if self.batch:
            self.report.batches += 1
            self.report.keys += len(self.batch.claims)
            keys = counted(len(self.batch.claims), "key")
            self.log("Batch %d: %s", self.report.batches, keys)
            reached("claimed", self.entity, self.batch.keys)
        return self.batch

    def _give_up(self, claim: Claim) -> None:
        """Quarantine a record that ends whatever process works on it."""
        ((_, refusal),) = self.triaged([(claim.key, ends_processes(claim.interruptions))])
        self.report.batches += 1
        self.report.keys += 1
        self.report.counts[REFUSED] += 1
        self.report.outcomes[REFUSED] += 1
        self.report.refuse(claim.key, [refusal])
        self.log("%s is refused: %s. %s", claim.key, refusal.reason, refusal.remedy)
        self.open_cases([(claim.key, refusal)])
        self.settle([Dead(claim.key, refusal.reason)])

    def _claim(self, limit: int, only: Sequence[str] | None) -> list[Claim]:
        claims = self._claim_ready(limit, only)
        if only and (left := [key for key in only if key not in {one.key for one in claims}]):
            self.inbox.put(self.pair, self.entity, left, source=OPERATOR, now=self.now())
            claims += self._claim_ready(limit, left)
            self.report.outcomes[HELD] += len(only) - len(claims)
        return claims

    def _claim_ready(self, limit: int, only: Sequence[str] | None) -> list[Claim]:
        return self.inbox.claim(
            self.pair,
            self.entity,
            owner=self.owner,
            limit=limit,
            lease_s=LEASE_S,
            now=self.now(),
            with_backfill=self._with_backfill,
            only=only,
        )

    def halve(self) -> None:
        """Let the next two claims be the halves of this batch, which stays claimed."""
        claims = self.batch.claims
        middle = len(claims) // 2
        self._halves += [Batch(claims[middle:]), Batch(claims[:middle])]
        self.batch = Batch()

    def rekey(self, records: Mapping[str, str]) -> dict[str, str]:
        """Work on records under their own keys, where keys of the batch name them otherwise.

        In: the record meant, by key of the batch. Those keys are settled; the records' own take
        their place in the batch, unless another run holds them: then the key is tried again soon.
        Out: the state of each record's own key before, "" where it is new to the inbox.
        """
        own = [claim for claim in self.batch.claims if claim.key not in records]
        self.report.records.update(records)
        now = self.now()
        if self.dry_run:
            fresh = set(records.values()) - {claim.key for claim in own}
            named = tuple(Claim(key, 0, now, NAMED) for key in sorted(fresh))
            self.report.outcomes[SAME_RECORD] += len(records) - len(named)
            self.batch = Batch((*own, *named))
            return dict.fromkeys(records.values(), "")
        taken = self.inbox.take(
            self.pair,
            self.entity,
            list(records.values()),
            owner=self.owner,
            lease_s=LEASE_S,
            now=now,
        )
        at = now + timedelta(seconds=REST_S)
        meant = [key for key, record in records.items() if record in taken]
        self.quarantine.resolve(self.pair, self.entity, meant, now=now)
        self.settle(
            Done(key, f"is {record}")
            if record in taken
            else Retry(key, at, f"another run holds {record}")
            for key, record in records.items()
        )
        held = {claim.key for claim in own}
        found = [one.claim for key, one in taken.items() if key not in held]
        self.report.outcomes[RETRY] += len(records) - len(meant)
        self.report.outcomes[SAME_RECORD] += len(meant) - len(found)
        self.batch = Batch((*own, *found))
        return {key: one.was for key, one in taken.items()}

    def rekey_to_all(
        self, meant: Mapping[str, Sequence[str]], source: str, why_none: str
    ) -> tuple[list[str], list[Outcome]]:
        """The same of keys that may mean several records: all but the first become due themselves.

        In: the records meant, by key of the batch; the source of what becomes due; why a key means
        none. Out: the keys of the batch that name a record, and what becomes of the others.
        """
        first = {key: records[0] for key, records in meant.items() if records}
        known = {*first.values(), *self.batch.keys}
        others = {record for records in meant.values() for record in records[1:]} - known
        if others and not self.dry_run:
            self.inbox.put(self.pair, self.entity, others, source=source, now=self.now())
        if first:
            self.rekey(first)
        of_none = {key for key, records in meant.items() if not records} | {CATALOGUE}
        left = [key for key in self.batch.keys if key in of_none - self.refused_keys]
        return (
            [key for key in self.batch.keys if key not in of_none],
            [skipped(key, "not ours", why_none) for key in left],
        )

    def ahead(self) -> int:
        """How many more keys are due, where the batch is full."""
        if self.dry_run or len(self.batch.claims) < self._limit:
            return 0
        due = self.inbox.waiting(self.now())
        return sum(one.count for one in due if (one.pair, one.entity) == (self.pair, self.entity))

    def decisions(self) -> Decisions:
        """What people decided about the review cases of the batch."""
        decided = self.quarantine.decided(self.pair, self.entity, self.batch.keys)
        return Decisions(
            approved=frozenset((key, value) for key, _, value in decided.approved),
            discarded=frozenset((key, value) for key, _, value in decided.discarded),
        )

    def refuse(self, refusals: pd.DataFrame) -> None:
        """Remember rows (REFUSALS) that may not travel on; their records leave the batch."""
        if refusals.empty:
            return
        for key, found in refusals_by_key(refusals).items():
            known = self.refusals.setdefault(key, [])
            known.extend(one for one in found if one not in known)

    def postpone(self, reasons: Mapping[str, str]) -> None:
        """Let records leave the batch until later: something of them could not be read now."""
        for key, reason in reasons.items():
            self.postponed[key] = reason
            self.log("%s is tried again later: %s", key, reason)

    @property
    def refused_keys(self) -> set[str]:
        """The records that left the batch, for a person or until later."""
        return {*self.refusals, *self.postponed}

    def settle(self, outcomes: Iterable[inbox.Outcome]) -> None:
        """Say what became of every key of the batch."""
        if not self.dry_run:
            self.inbox.settle(self.pair, self.entity, self.owner, list(outcomes), now=self.now())
            reached("settled", self.entity)
        self.unsure.difference_update(self.batch.keys)
        self.batch = Batch()

    def open_cases(self, cases: Iterable[tuple[str, Refusal]]) -> None:
        """Put records into quarantine. In: (key, why)."""
        found = self.triaged((key, self.with_command(why)) for key, why in cases)
        self.quarantine.open(self.pair, self.entity, found, run_id=self.run_id, now=self.now())

    def with_command(self, why: Refusal) -> Refusal:
        """The refusal whose remedy names files and commands as this installation has them."""
        return with_command(why, self.bundle.version, self.connections.settings.mappings_path)

    def triaged(self, cases: Iterable[tuple[str, Refusal]]) -> list[tuple[str, Refusal]]:
        """Cases with class and who gets each. In: (key, why)."""
        return triage_all(
            self.database, self.connections.pair, self.entity, cases, at_stake=self.at_stake
        )

    @property
    def meets_outage(self) -> bool:
        """Whether a system, or a part of it, is left alone right now."""
        return bool(self.bigcommerce.pauses() or self.brightpearl.pauses())

    def retry_at(
        self, key: str, now: datetime, reason: str, *, is_outage: bool = False
    ) -> datetime:
        """When a key that failed now is tried again: later each time, but for an outage.

        How often it was tried while a system was away says nothing of the record: it is tried again
        about when the system is next probed.
        """
        class_ = recognise(problem_of("", reason)).class_
        rest_s = pause_s(class_, self.batch.attempts(key))
        if is_outage or self.meets_outage:
            rest_s = min(rest_s, LONGEST_PAUSE_S)
        return now + timedelta(seconds=rest_s)

    def _give_back(self, error: BaseException) -> None:
        """Make the keys in hand due again: at once after a stop, else after a pause.

        What fails a whole run and passes says nothing of its records: they do not wait longer for
        it each time.
        """
        held = (self.batch, *self._halves)
        self.batch = Batch(tuple(claim for batch in held for claim in batch.claims))
        if self.dry_run or not self.batch:
            return
        now, why = self.now(), self.report.error
        if isinstance(error, asyncio.CancelledError):
            self.settle([Retry(key, now, why, is_try=False) for key in self.batch.keys])
            return
        is_outage = isinstance(error, TransientError)
        at = {key: self.retry_at(key, now, why, is_outage=is_outage) for key in self.batch.keys}
        self.settle(Retry(key, moment, why) for key, moment in at.items())

    def _keep_alive(self) -> None:
        while not self._over.wait(LEASE_S / 4):
            try:
                self.inbox.renew(self.owner, lease_s=LEASE_S, now=self.now())
            except CausewayError as error:  # the next try may find the database again
                log.warning("The claims of %s could not be renewed: %s", self.owner, error)

    def requests(self) -> dict[str, int]:
        """Requests so far: `bigcommerce`, `brightpearl`, `throttled`, `failed`."""
        return dict(self.connections.requests() - self._requests_before)


def _ends_processes(claims: Sequence[Claim]) -> Claim | None:
    """The one record of a batch that has ended too many processes, if it is such a batch."""
    if len(claims) != 1 or claims[0].interruptions < MOST_INTERRUPTIONS:
        return None
    return claims[0]


def concluded(document: dict[str, Any], says: str, state: str = "Completed") -> dict[str, Any]:
    """The document of a flow; Prefect shows what it `says` as the message of the run's `state`.

    Prefect takes a state that a flow returns for its own, and gives its data to whoever called.
    """
    if not flow_run_id():
        return document
    from prefect.states import Completed  # noqa: PLC0415 - see tasks/policy.py

    return cast("dict[str, Any]", Completed(name=state, message=says, data=document))


def publish(key: str, markdown: str, description: str) -> None:
    """The report as an artifact of the run we are in.

    Prefect's own function for it makes one only within a task when the flow is `async def`.
    """
    from prefect.client.schemas.actions import ArtifactCreate  # noqa: PLC0415 - see tasks/policy.py
    from prefect.context import SyncClientContext  # noqa: PLC0415 - see tasks/policy.py

    artifact = ArtifactCreate(
        key=key.lower().replace("_", "-"),
        type="markdown",
        description=description,
        data=markdown,
        flow_run_id=UUID(flow_run_id()),
    )
    with SyncClientContext.get_or_create() as prefect:
        prefect.client.create_artifact(artifact)


def flow_run_id() -> str:
    """The id of the Prefect run we are in; empty outside of one."""
    if not is_in_flow_run():
        return ""
    from prefect.context import FlowRunContext  # noqa: PLC0415 - see tasks/policy.py

    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""

"""What is wrong with an installation, judged from outside of its runs.

`watch` is called by the worker every few seconds; what it finds is kept (`store/alerts.py`), shown
by `causeway status` and `causeway doctor`, and becomes an event in Prefect when it begins. Hooks
that are missing or switched off are mended, too; all else waits for whoever the finding names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import httpx

from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.errors import CausewayError
from core.ids import SYNCED
from core.words import counted
from intelligence.errors import recognise
from store.alerts import Finding
from store.inbox import Inbox, Waiting
from store.quarantine import Quarantine, Queue
from store.runs import Runs
from store.statistics import Counts, Failing, failing
from tasks import activity
from tasks.reconciler.audit import EXPLAINED, WAITING
from tasks.reconciler.connections import Connections
from tasks.reconciler.triage import problem_of
from tasks.subscriptions import Change, Target, apply, plan

Client = BigCommerce | Brightpearl
CREDENTIALS = "credentials"
"""The watchdog whose finding explains all others."""
SYSTEMS = ("bigcommerce", "brightpearl")
HOOKS_EVERY = timedelta(minutes=2)
"""How often subscriptions are read; at once when a sweep finds what no webhook named."""
SILENT_AFTER = timedelta(minutes=1)
"""A sweep that finds new records after so long without a webhook has found lost ones."""
LARGEST_SKEW_S = 90.0
"""Clocks that differ by more move records across the edges of what sweeps read."""
OTHERS_SHARE = 0.5
"""The part of a quota that other applications may use before it is worth a finding."""
DOWN_TWICE = 2
"""The receiver has to fail so often in a row: it may just be starting."""
HEALTH_TIMEOUT_S = 5.0
QUEUES_EVERY = timedelta(minutes=5)
"""How often open cases are counted by who gets them: there may be very many."""
NOBODY = "nobody"
"""The queue of what passes by itself."""
MENDED = frozenset({"create", "activate", "rewrite"})
"""Changes of a subscription that mean that something was missing."""


def aged(waiting: Iterable[Waiting], now: datetime, longest: timedelta) -> Iterator[Finding]:
    """Entities whose keys could be claimed for too long. Pure."""
    for one in waiting:
        if now - one.oldest_due_since > longest:
            minutes = (now - one.oldest_due_since).total_seconds() / 60
            yield Finding(
                "inbox-age",
                one.entity,
                f"{counted(one.count, 'key')} of {one.entity} due, the oldest for "
                f"{counted(round(minutes), 'minute')}",
                "Is a worker running, is its deployment paused, does Prefect answer? See: causeway "
                "doctor, and the worker's log.",
            )


def looping(failures: Iterable[Failing], attempts: int) -> Iterator[Finding]:
    """Entities with keys that fail again and again. Pure."""
    for one in failures:
        yield Finding(
            "failing-key",
            one.entity,
            f"{counted(one.keys, 'key')} of {one.entity} failed {attempts} times or more; "
            f"{one.key} ({recognise(problem_of('', one.reason)).class_}): {one.reason}",
            f"causeway show, or a dry run of it: causeway sync {one.entity} --key {one.key} "
            "--dry-run",
        )


def overdue(queues: Iterable[Queue], now: datetime) -> Iterator[Finding]:
    """Queues whose oldest case has waited for longer than the routing table says. Pure."""
    late = [
        one
        for one in queues
        if one.name != NOBODY and now - one.oldest_at > timedelta(hours=one.act_within_h)
    ]
    for name, found in groupby(sorted(late, key=attrgetter("name")), attrgetter("name")):
        one = min(found, key=attrgetter("oldest_at"))
        hours = (now - one.oldest_at) / timedelta(hours=1)
        yield Finding(
            "overdue-cases",
            name,
            f"a case of {name} has waited for {hours:.0f} h and should have been seen within "
            f"{one.act_within_h:g} h; {one.count} such cases are open",
            f"causeway quarantine list --queue {name}",
        )


def drifted(reports: Iterable[Mapping[str, Any]], most: int) -> Iterator[Finding]:
    """Newest audits that found more differing records than are usual. Pure."""
    for report in reports:
        headings = report.get("headings", {}).keys() - {WAITING, EXPLAINED}
        count = sum(len(report.get(name) or ()) for name in headings)
        if not report.get("agrees", True) and count > most:
            flow = report["flow"]
            yield Finding(
                "drift",
                flow,
                f"{flow} found differences in {counted(count, 'record')}: "
                f"{report.get('summary', '')}",
                f"causeway audit {flow.removeprefix('audit-')}",
            )


def seen_by_clients(clients: Iterable[Client]) -> Iterator[Finding]:
    """What answers show: refused credentials, outages, clocks, and who else uses the quota."""
    for client in clients:
        system = client.system
        setting = f"CAUSEWAY_{system.upper()}__"
        if client.observed.refusal:
            yield Finding(
                CREDENTIALS,
                system,
                f"{system} refuses our credentials: {client.observed.refusal}",
                f"Correct {setting}* and start the worker again. No run begins until then, and "
                "every key stays due.",
            )
        for pause in client.pauses():
            yield Finding(
                "outage",
                f"{system} {pause.endpoint}".rstrip(),
                f"{pause.endpoint or system} has failed for {pause.for_s:.0f} s and is left alone, "
                f"but for a probe in {pause.probe_in_s:.0f} s",
                f"See the status page of {system}. Keys stay due; what can go on does.",
            )
        if abs(client.observed.skew_s) > LARGEST_SKEW_S:
            yield Finding(
                "clock",
                system,
                f"the clock of {system} is {client.observed.skew_s:+.0f} s from this machine's",
                "Set this machine's clock, by NTP for example.",
            )
        if client.others_share() >= OTHERS_SHARE:
            yield Finding(
                "quota",
                system,
                f"other applications use {client.others_share():.0%} of the requests that {system} "
                "allows; stock and catalogue wait for orders",
                "Find out which application it is, and slow it down or ask for a higher limit.",
            )


@dataclass
class Hooks:
    """The subscriptions of a pair: mended when something is missing, watched for silence."""

    connections: Connections
    began_at: datetime
    checked_at: datetime | None = None
    _received: dict[str, int] = field(default_factory=dict)
    _missed: dict[str, int] = field(default_factory=dict)
    _received_at: dict[str, datetime] = field(default_factory=dict)
    _silent: dict[str, int] = field(default_factory=dict)
    """Records that no webhook named, by system, while it is silent."""
    _mended: list[Change] = field(default_factory=list)

    def watch(self, now: datetime, counts: Mapping[str, int]) -> Iterator[Finding]:
        """Compare today's counters with those of the last time, mend what is due."""
        has_missed = [self._compare(system, now, counts) for system in SYSTEMS]
        is_due = self.checked_at is None or now - self.checked_at >= HOOKS_EVERY
        if is_due or any(has_missed):
            self.checked_at = now
            self._mended = self._mend()
        for system, count in self._silent.items():
            yield Finding(
                "silent-hooks",
                system,
                f"no webhook of {system} comes, and sweeps found {counted(count, 'record')} "
                "without one",
                "Can the receiver be reached from outside? See: causeway doctor. Sweeps go on.",
            )
        for change in self._mended:
            problem = f", and cannot be mended: {change.problem}" if change.problem else ""
            yield Finding(
                "hooks",
                f"{change.system} {change.event}",
                f"the subscription to {change.event} of {change.system}: {change.why}"
                f"{problem or ', and was set right'}",
                "causeway webhooks list" if problem else "",
            )

    def _compare(self, system: str, now: datetime, counts: Mapping[str, int]) -> bool:
        """Whether a sweep found what a webhook should have named."""
        received = counts.get(f"webhooks of {system}", 0)
        missed = counts.get(f"found by sweeps alone: {system}", 0)
        more = missed - self._missed.get(system, missed if missed < received else 0)
        if received != self._received.get(system, received):
            self._received_at[system] = now
            self._silent.pop(system, None)
        self._received[system], self._missed[system] = received, missed
        is_silent = now - self._received_at.get(system, self.began_at) >= SILENT_AFTER
        if more > 0 and is_silent:
            self._silent[system] = self._silent.get(system, 0) + more
        return more > 0 and is_silent

    def _mend(self) -> list[Change]:
        """What was missing; nothing where this installation never subscribed to anything."""
        pair = self.connections.pair
        if pair.webhooks.public_url is None:
            return []
        at = self.connections.at(Priority.CATALOGUE)
        try:
            target = Target.of(pair)
            changes = plan(target, at.bigcommerce, at.brightpearl)
            if not any(change.hook_id and change.action != "leave" for change in changes):
                return []
            wanted = [change for change in changes if change.action in MENDED]
            return apply(wanted, target, at.bigcommerce, at.brightpearl)
        except CausewayError:
            return self._mended  # an outage or refused credentials are findings of their own


@dataclass
class Receiver:
    """Whether the receiver answers under its public address."""

    url: str
    ask: Callable[[str], bool]
    _failures: int = 0

    def watch(self) -> Iterator[Finding]:
        """Ask once; that it was away twice in a row is a finding."""
        self._failures = 0 if self.ask(self.url) else self._failures + 1
        if self._failures >= DOWN_TWICE:
            yield Finding(
                "receiver",
                "receiver",
                f"{self.url} does not answer",
                "Start it (causeway receiver) and check the proxy before it. Orders still arrive "
                "by the sweep, minutes later.",
            )


def answers(url: str) -> bool:
    """Whether a URL answers well right now."""
    try:
        return httpx.get(url, timeout=HEALTH_TIMEOUT_S, follow_redirects=False).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@dataclass
class Watchdogs:
    """Everything that is watched of one pair."""

    connections: Connections
    hooks: Hooks
    receiver: Receiver | None
    _counted: Sequence[Queue] = ()
    _counted_at: datetime | None = None

    @classmethod
    def of(cls, connections: Connections, now: datetime) -> Watchdogs:
        """Begin to watch a pair."""
        public = connections.pair.webhooks
        receiver = Receiver(f"{public.base}/health", answers) if public.public_url else None
        return cls(connections, Hooks(connections, now), receiver)

    def watch(self, now: datetime) -> list[Finding]:
        """Everything that is wrong at this moment.

        Raises: StoreUnavailableError.
        """
        connections, limits = self.connections, self.connections.settings.watchdogs
        pair, database = connections.pair.name, connections.database
        clients = (connections.bigcommerce, connections.brightpearl)
        for client in clients:
            probe(client)
        seen = list(seen_by_clients(clients))
        if because := refused(seen):
            return because
        waiting = Inbox(database).waiting(now, with_backfill=False)
        audits = (newest(Runs(database), pair, f"audit-{entity}") for entity in SYNCED)
        return [
            *aged(
                (one for one in waiting if one.pair == pair),
                now,
                timedelta(minutes=limits.inbox_age_minutes),
            ),
            *looping(failing(database, pair, limits.failing_attempts), limits.failing_attempts),
            *overdue(self._queues(now), now),
            *drifted((report for report in audits if report), limits.drift_records),
            *activity.findings(newest(Runs(database), pair, activity.FLOW), now, self._usual()),
            *self.hooks.watch(now, Counts(database).of_day(pair, now.date())),
            *(self.receiver.watch() if self.receiver else ()),
            *seen,
        ]

    def _usual(self) -> set[str]:
        """Alarms of activity that a person called usual."""
        labels = activity.labels(self.connections.database, self.connections.pair.name)
        return {name for name, verdict in labels.items() if verdict == "usual"}

    def _queues(self, now: datetime) -> Sequence[Queue]:
        if self._counted_at is None or now - self._counted_at >= QUEUES_EVERY:
            self._counted_at = now
            quarantine = Quarantine(self.connections.database)
            self._counted = quarantine.queues(self.connections.pair.name)
        return self._counted


def refused(findings: Iterable[Finding]) -> list[Finding]:
    """Those of refused credentials: while there is one, all else follows from it."""
    return [one for one in findings if one.watchdog == CREDENTIALS]


def newest(runs: Runs, pair: str, flow: str) -> Mapping[str, Any] | None:
    """The newest report of a flow."""
    found: Sequence[Mapping[str, Any]] = runs.last(pair, flow=flow, limit=1)
    return found[0] if found else None


def probe(client: Client) -> None:
    """Ask a system that refused our credentials whether it still does."""
    if not client.observed.refusal:
        return
    try:
        client.get_server_time()
    except CausewayError:
        return  # it still refuses them, or is away: asked again soon

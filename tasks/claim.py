"""The first and the last step of every sync: take keys from the inbox, give them back settled."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import pandas as pd
from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext, SyncClientContext

from core.errors import CausewayError
from core.frames import concat
from core.refusals import REFUSALS, Refusal
from core.times import utc_now
from store.inbox import NAMED, Claim, Dead, Done, Inbox, Outcome, Retry
from store.quarantine import Quarantine
from store.runs import Runs
from tasks.policy import PURE, in_flow_run, step
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.report import Report

log = logging.getLogger("causeway.tasks")

LEASE_S = 300.0
"""A claim that nobody renews for this long belongs to whoever asks next."""
PAUSES_S = (5, 15, 60, 300, 900)
"""How long a key rests after its first, second … failed try."""


_suspects: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
"""Keys of batches that failed for a reason nobody foresaw; they are tried one by one."""


@dataclass(frozen=True)
class Batch:
    """Keys held by this run alone."""

    claims: tuple[Claim, ...]

    @property
    def keys(self) -> list[str]:
        """The records' ids."""
        return [claim.key for claim in self.claims]

    def tries(self, key: str) -> int:
        """How often this key was tried without success before."""
        return next(claim.attempts for claim in self.claims if claim.key == key)

    def pause_s(self, key: str) -> float:
        """How long this key should rest if it fails now."""
        return PAUSES_S[min(self.tries(key), len(PAUSES_S) - 1)]


class Run:
    """One run of a sync: claims batches, keeps the leases alive, settles, reports.

    A context manager: whatever it still holds when the flow ends, well or badly, becomes due
    again, and the report is kept and published either way.
    """

    def __init__(
        self,
        flow: str,
        entity: str,
        pair: str,
        *,
        dry_run: bool = False,
        keeps_report: bool = True,
    ) -> None:
        self.world: Connections = connect(pair)
        self.entity = entity
        self.dry_run = dry_run
        self.keeps_report = keeps_report
        """Not those whose own document says all."""
        self.owner = f"{flow}-{uuid.uuid4().hex[:12]}"
        self.run_id = flow_run_id() or self.owner
        self.report = Report(flow=flow, pair=pair, started_at=utc_now())
        self._inbox = Inbox(self.world.database)
        self.bundle = current_bundle(self.world)
        self.settings = self.world.pair.sync(entity)
        self.report.mapping_version = self.bundle.version
        self.batch = Batch(())
        self._refusals: list[pd.DataFrame] = []
        self._suspects = _suspects[pair, entity]
        self._shown: set[str] = set()
        self._over = threading.Event()
        self._clients = ExitStack()
        self._usage_before = self._usage()

    def __enter__(self) -> Self:
        """Start keeping the leases alive."""
        # One Prefect client for all steps: making one per step costs 30 ms, most of it for
        # reading the list of certificate authorities.
        if in_flow_run():
            self._clients.enter_context(SyncClientContext.get_or_create())
        threading.Thread(target=self._keep_alive, name=f"lease-{self.owner}", daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Give back what is still held, keep the report, publish it."""
        self._over.set()
        if error is not None:
            expected = isinstance(error, CausewayError)
            self.report.error = str(error) if expected else type(error).__name__
            self._give_back(is_expected=expected)
        self.report.ended_at = utc_now()
        self.report.requests = self._usage() - self._usage_before
        try:
            if self.keeps_report or error is not None:
                Runs(self.world.database).keep(
                    self.report.to_json(), run_id=self.run_id, now=self.report.ended_at
                )
                self._publish()
        finally:
            self._clients.close()

    def claim(self, only: Sequence[str] | None = None) -> Batch:
        """The next batch of due keys; an empty one when nothing is due.

        A dry run looks at due keys (or at those of `only`) without taking them.
        """
        limit = 1 if self._suspects else self.settings.batch_size
        if self.dry_run:
            self.batch = Batch(tuple(self._peek(limit, only)))
        else:
            claims = self._inbox.claim(
                self.report.pair,
                self.entity,
                owner=self.owner,
                limit=limit,
                lease_s=LEASE_S,
                now=utc_now(),
            )
            self.batch = Batch(tuple(claims))
        if self.batch.claims:
            self.report.batches += 1
            self.report.keys += len(self.batch.claims)
        self._refusals = []
        return self.batch

    def take_over(self, records: Mapping[str, str]) -> dict[str, str]:
        """Work on records under their own keys, where keys of the batch call them otherwise.

        In: the record meant, by key of the batch. Those keys are settled; the records' own take
        their place in the batch, unless another run holds them: then the key is tried again soon.
        Out: how each record's own key stood before, "" where it is new to the inbox.
        """
        own = [claim for claim in self.batch.claims if claim.key not in records]
        self.report.records.update(records)
        if self.dry_run:
            fresh = set(records.values()) - {claim.key for claim in own}
            named = tuple(Claim(key, 0, utc_now(), NAMED) for key in sorted(fresh))
            self.batch = Batch((*own, *named))
            return dict.fromkeys(records.values(), "")
        now = utc_now()
        taken = self._inbox.take(
            self.report.pair,
            self.entity,
            list(records.values()),
            owner=self.owner,
            lease_s=LEASE_S,
            now=now,
        )
        at = now + timedelta(seconds=PAUSES_S[0])
        meant = [key for key, record in records.items() if record in taken]
        Quarantine(self.world.database).resolve(self.report.pair, self.entity, meant, now=now)
        self._settled(
            Done(key, f"is {record}")
            if record in taken
            else Retry(key, at, f"another run is at {record}")
            for key, record in records.items()
        )
        held = {claim.key for claim in own}
        found = [one.claim for key, one in taken.items() if key not in held]
        self.batch = Batch((*own, *found))
        return {key: one.was for key, one in taken.items()}

    def approved(self) -> set[tuple[str, str]]:
        """Proposals that a person approved for records of the batch: (record, case's value)."""
        return Quarantine(self.world.database).approved(
            self.report.pair, self.entity, self.batch.keys
        )

    def refuse(self, refusals: pd.DataFrame) -> None:
        """Remember rows (REFUSALS) that may not travel on; their keys leave the batch."""
        self._refusals.append(refusals)

    def refusals(self) -> pd.DataFrame:
        """Everything refused in this batch so far, as REFUSALS."""
        return concat(self._refusals, REFUSALS)

    @property
    def refused_keys(self) -> set[str]:
        """The keys that left the batch."""
        return set(self.refusals()["key"])

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Say what became of every key of the batch."""
        if not self.dry_run:
            self._settled(outcomes)
        self.batch = Batch(())

    def _settled(self, outcomes: Iterable[Outcome]) -> None:
        found = list(outcomes)
        self._inbox.settle(self.report.pair, self.entity, self.owner, found, now=utc_now())
        self._suspects.difference_update(outcome.key for outcome in found)

    def _peek(self, limit: int, only: Sequence[str] | None) -> list[Claim]:
        due = self._inbox.peek(self.report.pair, self.entity, keys=only, limit=limit, now=utc_now())
        fresh = [claim for claim in due if claim.key not in self._shown]
        self._shown.update(claim.key for claim in fresh)
        return fresh

    def _give_back(self, *, is_expected: bool) -> None:
        """Make the keys in hand due again; one that breaks our own code by itself is set aside.

        An error that nobody foresaw may be one record's fault: the batch is then tried key by key,
        so that all others go through.
        """
        if self.dry_run or not self.batch.claims:
            return
        now, keys = utc_now(), self.batch.keys
        if not is_expected and len(keys) == 1:
            self._set_aside(keys[0])
            return
        if not is_expected:
            self._suspects.update(keys)
        self.settle(
            Retry(key, now + timedelta(seconds=self.batch.pause_s(key)), self.report.error)
            for key in keys
        )

    def _set_aside(self, key: str) -> None:
        refusal = Refusal(
            class_="unexpected",
            field="",
            value=self.report.error,
            reason=f"this record alone makes the sync fail with {self.report.error}",
            remedy="Report it with the log of the run; release it after an update of Causeway.",
        )
        Quarantine(self.world.database).open(
            self.report.pair, self.entity, [(key, refusal)], run_id=self.run_id, now=utc_now()
        )
        self.settle([Dead(key, refusal.reason)])

    def _keep_alive(self) -> None:
        while not self._over.wait(LEASE_S / 4):
            try:
                self._inbox.renew(self.owner, lease_s=LEASE_S, now=utc_now())
            except CausewayError as error:  # the next look may find the database again
                log.warning("The claims of %s could not be renewed: %s", self.owner, error)

    def requests(self) -> dict[str, int]:
        """Requests so far: `bigcommerce`, `brightpearl`, `throttled`, `failed`."""
        return dict(self._usage() - self._usage_before)

    def _usage(self) -> Counter[str]:
        used: Counter[str] = Counter()
        for name, client in (
            ("bigcommerce", self.world.bigcommerce),
            ("brightpearl", self.world.brightpearl),
        ):
            usage = client.usage()
            used[name] += usage.sent
            used["throttled"] += usage.throttled
            used["failed"] += usage.failed
        return used

    def _publish(self) -> None:
        if flow_run_id() and self.report.keys:
            publish(
                f"{self.report.flow}-{self.report.pair}",
                self.report.to_markdown(),
                f"What {self.report.flow} read, refused, planned and wrote",
            )


@step("publish-report", PURE)
def publish(key: str, markdown: str, description: str) -> None:
    """The report as an artifact of the run; a step, for Prefect wants it from synchronous code."""
    create_markdown_artifact(
        key=key.lower().replace("_", "-"), markdown=markdown, description=description
    )


def flow_run_id() -> str:
    """The id of the Prefect run we are in; empty outside of one."""
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""

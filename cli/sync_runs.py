"""What `sync`, `sweep`, `audit`, `reconcile` and `backfill` do: the flows, run in this process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cli.display import Progress, table
from cli.engine import run_here
from cli.output import warn
from cli.preview import with_changed
from connectors.budget import Priority
from core.refusals import in_words
from core.times import to_iso, utc_now
from flows.money import audit_money
from flows.products import reconcile_products
from flows.registry import ENTITIES
from flows.stock import reconcile_stock
from store.inbox import OPERATOR, Inbox
from store.quarantine import Entry, Quarantine
from store.runs import Cursors
from tasks.reconciler.connections import Connections, connect

ROUNDS = 4
"""How often keys are tried here before they are left to the worker."""
RETRY_AFTER_S = 1.0
POLL_S = 0.2
LONGEST_WAIT_S = 300.0
"""How long keys that another run holds are waited for: by then its lease has ended."""
OPEN = ("due", "claimed")
"""States of keys that are not settled."""
SHOWN_KEYS = 20
"""So many keys are shown one by one."""


WINDOW = timedelta(days=1)


@dataclass
class Synced:
    """What became of the keys that were asked for."""

    pair: str
    entity: str
    keys: list[str]
    results: dict[str, tuple[str, str]] = field(default_factory=dict)
    """State in the inbox and what became of it, by key; empty when no keys were named."""
    reports: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    """Open quarantine entries of those keys."""

    def document(self) -> dict[str, Any]:
        """The JSON document of `causeway sync`."""
        return {
            "pair": self.pair,
            "entity": self.entity,
            "keys": len(self.keys),
            "states": dict(Counter(state for state, _ in self.results.values())),
            "results": {key: what for key, (_, what) in self.results.items()},
            "unsettled": self._unsettled(),
            "quarantined": [
                {
                    "id": entry.id,
                    "key": entry.key,
                    "class": entry.class_,
                    "value": entry.value,
                    "reason": entry.reason,
                    "remedy": entry.remedy,
                }
                for entry in self.waiting
            ],
            "runs": self.reports,
        }

    def text(self) -> str:
        """The same for people."""
        counts: Counter[str] = Counter()
        for report in self.reports:
            counts.update(report["counts"])
        shown = [(name, count) for name, count in sorted(counts.items()) if count]
        parts = [table(["what", "count"], shown)] if shown else []
        if 0 < len(self.results) <= SHOWN_KEYS:  # also where a worker settled them
            rows = [(key, *result) for key, result in sorted(self.results.items())]
            parts.append(table(["key", "state", "result"], rows))
        elif self.results and not shown:
            counted = Counter(state for state, _ in self.results.values())
            parts.append(table(["state", "count"], sorted(counted.items())))
        return "\n\n".join(parts) or "Nothing was due."

    def problem(self) -> str:
        """What needs a person, or nothing."""
        lines = [
            f"{entry.key}: {in_words(entry.class_, entry.value, entry.reason, entry.remedy)}"
            for entry in self.waiting
        ]
        if unsettled := self._unsettled():
            lines.append(
                f"not settled yet: {', '.join(unsettled[:20])}; the worker tries again. "
                "See causeway status."
            )
        return "\n".join(lines)

    def _unsettled(self) -> list[str]:
        return sorted(key for key, (state, _) in self.results.items() if state in OPEN)


def sync_until_settled(
    pair: str, entity: str, *, keys: Sequence[str], since: datetime | None
) -> Synced:
    """Sync the keys, or whatever is due, and wait for those that another run holds.

    Raises: CausewayError of the run.
    """
    world = connect(pair)
    inbox, quarantine = Inbox(world.database), Quarantine(world.database)
    wanted = with_changed(pair, entity, keys, since)
    result = Synced(pair, entity, wanted)
    if wanted:
        inbox.put(pair, entity, wanted, source=OPERATOR, now=utc_now())
    for _ in range(ROUNDS):
        result.reports.append(run_here(lambda: ENTITIES[entity].sync(pair)))
        meant = _meant(result.reports, wanted)
        if wanted:
            _wait_for_others(inbox, pair, entity, meant)
        result.results = inbox.results(pair, entity, meant) if wanted else {}
        if not any(state in OPEN for state, _ in result.results.values()):
            break
        _wait_for_due(inbox)
    held = set(_meant(result.reports, wanted))
    result.waiting = [
        entry
        for entry in quarantine.list(pair=pair, entity=entity)
        if entry.key in held or (not held and _is_of(result.reports, entry))
    ]
    return result


def swept(pair: str, entity: str) -> dict[str, Any]:
    """What a sweep found, after it was synced."""
    return run_here(lambda: ENTITIES[entity].sweep(pair))


def audited(pair: str, entity: str, days: int | None) -> dict[str, Any]:
    """What an audit found."""
    return run_here(lambda: ENTITIES[entity].audit(pair, days))


def money_audited(pair: str, day: str | None) -> dict[str, Any]:
    """What the tie-out of a day's money found."""
    return run_here(lambda: audit_money(pair, day))


def stock_reconciled(pair: str, *, dry_run: bool) -> dict[str, Any]:
    """What a reconciliation found and repaired.

    Raises: ZeroingError when a person has to say yes first.
    """
    return run_here(lambda: reconcile_stock(pair, dry_run=dry_run))


def products_reconciled(pair: str, *, dry_run: bool) -> dict[str, Any]:
    """What a comparison of all products found and wrote."""
    return run_here(lambda: reconcile_products(pair, dry_run=dry_run))


def _meant(reports: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    """The keys, and those of the records that they turned out to be."""
    records = [report["records"] for report in reports]
    return [*keys, *{found[key] for found in records for key in keys if key in found}]


def _wait_for_others(inbox: Inbox, pair: str, entity: str, keys: Sequence[str]) -> None:
    """Until no other run holds one of the keys, such as a worker that was faster."""
    until = time.monotonic() + LONGEST_WAIT_S
    said = False
    while "claimed" in inbox.states(pair, entity, keys).values() and time.monotonic() < until:
        if not said:
            warn("Another run works on them; waiting for it.")
            said = True
        time.sleep(POLL_S)


def _wait_for_due(inbox: Inbox) -> None:
    """Until the next key may be tried again, after the pause that follows a failure."""
    due_at = inbox.next_ready_at()
    wait_s = (due_at - utc_now()).total_seconds() if due_at else RETRY_AFTER_S
    time.sleep(min(max(wait_s, RETRY_AFTER_S), 60.0))


def _is_of(reports: Sequence[Mapping[str, Any]], entry: Entry) -> bool:
    refused = {(why["class"], why["value"]) for report in reports for why in report["refused"]}
    return (entry.class_, entry.value) in refused


def run_backfill(
    pair: str, entity: str, since: datetime, until: datetime, *, restart: bool
) -> dict[str, Any]:
    """Sync what came into being from `since` to `until`; the cursor moves after each day.

    Raises: CausewayError of the store, the account or the run; the same command goes on from it.
    """
    world = connect(pair).at(Priority.CATALOGUE)
    cursors, name = Cursors(world.database), f"{entity}-backfill {to_iso(since)}"
    reached = None if restart else cursors.get(pair, name)
    start = max(since, reached) if reached else since
    counts: Counter[str] = Counter()
    keys: list[str] = []
    days = list(windows(start, until))
    with Progress() as progress:
        for number, (day_start, day_end) in enumerate(days):
            progress.now(f"{entity} from {to_iso(day_start)}", done=number, total=len(days))
            placed = ENTITIES[entity].entity.created(world, day_start, day_end)
            counts.update(_import(world, entity, placed))
            keys.extend(placed)
            cursors.set(pair, name, day_end)
            progress.step(f"{to_iso(day_end)}: {len(placed)} {entity}, {len(keys)} so far")
    held = Quarantine(world.database).keys(pair, entity)
    return {
        "pair": pair,
        "from": start,
        "until": until,
        "resumed": start > since,
        "entity": entity,
        "records": len(keys),
        "counts": dict(counts),
        "quarantined": len(held.intersection(keys)),
    }


def windows(start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The period cut into days, oldest first; none when it is over already. Pure."""
    while start < until:
        end = min(start + WINDOW, until)
        yield start, end
        start = end


def _import(world: Connections, entity: str, keys: list[str]) -> Counter[str]:
    """What became of each key; live ones are synced before each batch, and not counted."""
    outcomes: Counter[str] = Counter()
    inbox, pair, sync = Inbox(world.database), world.pair.name, ENTITIES[entity].sync
    size = world.pair.sync(entity).batch_size
    for first in range(0, len(keys), size):
        batch = keys[first : first + size]
        if any(one.entity == entity for one in inbox.waiting(utc_now(), with_backfill=False)):
            run_here(partial(sync, pair, with_backfill=False))
        inbox.put(pair, entity, batch, source="backfill", now=utc_now())
        outcomes.update(run_here(partial(sync, pair, keys=batch))["outcomes"])
    return outcomes

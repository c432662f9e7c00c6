"""Every audit: both sides of some days are compared, what is missing is put back into the inbox.

What it found is kept, shown in Prefect, and answered as one document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.budget import Priority
from core.ids import order_id_of
from core.money import ZERO, two_places
from core.refusals import Refusal
from core.times import to_iso
from store.inbox import Inbox
from store.quarantine import Quarantine, Selection
from store.runs import Runs
from tasks.policy import RETRIED, step
from tasks.reconciler.connections import Connections, connect
from tasks.reconciler.defects import quarantine
from tasks.reconciler.report import text
from tasks.reconciler.run import concluded, flow_run_id, publish

SHOWN = 200
"""Lines under one heading of an artifact; the document has all."""
DEFECTS = "unexpected"
"""Heading of records that our own code fails for."""
NAMED = 5
"""Records under one heading that a summary names."""
WAITING, EXPLAINED = "waiting", "explained"
"""Headings of records that do not agree, and need nobody for it."""
DIFFERS = "Differs"
"""State of the run of an audit that found what a person must see. Prefect makes an event of it:
`prefect.flow-run.Differs`."""


@dataclass(frozen=True)
class WindowAudit:
    """How an entity proves that nothing is missing among its records of the last days."""

    entity: str
    compare: Callable[[Connections, datetime], Mapping[str, Any]]
    """What was found from a moment on: figures, and under each heading a list, or reasons by
    record. A record is named by its key or by our reference in Brightpearl. Under DEFECTS, if
    there are any, refusals by key."""
    headings: Mapping[str, str]
    """Titles of what differs, and of what is WAITING."""
    enqueued: Sequence[str]
    """Headings whose records are put back into the inbox."""
    says: str
    """The result as a sentence, with figures by their names in braces; how many records stand under
    each heading follows."""

    def __call__(self, pair: str, days: int | None = None) -> dict[str, Any]:
        """Compare the last `days`, enqueue what is missing, report the rest.

        Raises: TransientError, ConfigError.
        """
        return audit_window(self, pair, days)


@step("audit", RETRIED)
def audit_window(audit: WindowAudit, pair: str, days: int | None) -> dict[str, Any]:
    """The document of one audit."""
    connections = connect(pair).at(Priority.BACKFILL)
    started_at, entity = connections.clock(), audit.entity
    since = started_at - timedelta(days=days or connections.pair.sync(entity).audit_days)
    found: dict[str, Any] = {"since": to_iso(since), **audit.compare(connections, since)}
    defects: Mapping[str, Refusal] = found.pop(DEFECTS, {})
    quarantine(connections, entity, defects)
    found[DEFECTS] = {key: why.value for key, why in defects.items()}
    headings = {**audit.headings, DEFECTS: "Causeway's own code fails for them; quarantined"}
    keys = {order_id_of(one) or one for heading in audit.enqueued for one in found[heading]}
    enqueued = requeue(connections, entity, keys)
    counts = {title: len(found[name]) for name, title in headings.items()}
    others = (f"{title}: {count}." for title, count in counts.items() if count)
    return conclude(
        connections,
        f"audit-{entity}",
        {**found, "requeued": enqueued},
        says=" ".join((audit.says.format(**found), *others)),
        headings=headings,
        agrees=not any(found[heading] for heading in headings if heading != WAITING),
        started_at=started_at,
    )


def requeue(connections: Connections, entity: str, keys: Iterable[str]) -> int:
    """Make records due that are to be compared once more, all of them read anew; how many."""
    inbox, pair = Inbox(connections.database), connections.pair.name
    return inbox.put(pair, entity, sorted(keys), source="audit", now=connections.clock())


@dataclass(frozen=True)
class Booked:
    """A document in Brightpearl, with what it is worth."""

    id: str
    amounts: Sequence[Decimal]


def compare_amounts(
    headings: Sequence[str],
    store: Mapping[str, Sequence[Decimal]],
    account: Mapping[str, Sequence[Booked]],
    waiting: Mapping[str, str],
) -> dict[str, Any]:
    """What differs between records of the store and their documents in Brightpearl. Pure.

    In: a heading for each amount; both sides by our reference; why orders wait, by order id.
    """
    absent = [ref for ref in store if ref not in account]
    found: dict[str, Any] = {
        "missing": sorted(ref for ref in absent if order_id_of(ref) not in waiting),
        WAITING: {ref: waiting[key] for ref in absent if (key := order_id_of(ref)) in waiting},
        "doubled": {
            ref: [one.id for one in booked] for ref, booked in account.items() if len(booked) > 1
        },
    }
    compared = {
        ref: (amounts, account[ref][0].amounts) for ref, amounts in store.items() if ref in account
    }
    off = ZERO
    for place, heading in enumerate(headings):
        found[heading] = {}
        for ref, both in compared.items():
            in_store, in_account = (two_places(amounts[place]) for amounts in both)
            if in_store != in_account:
                found[heading][ref] = f"store {in_store}, Brightpearl {in_account}"
                off += abs(in_store - in_account)
    return {**found, "cents_off": int(off * 100)}


def but_waiting(
    waiting: Mapping[str, str], **found: Sequence[str] | Mapping[str, str]
) -> dict[str, Any]:
    """What was found under each heading less the records that wait, and these with their reasons.

    In: why records are not settled, by key; of those that agree nobody need know.
    """
    differ = {key for of in found.values() for key in of}
    left: dict[str, Any] = {
        name: {key: why for key, why in of.items() if key not in waiting}
        if isinstance(of, Mapping)
        else [key for key in of if key not in waiting]
        for name, of in found.items()
    }
    return {**left, WAITING: {key: waiting[key] for key in sorted(differ & waiting.keys())}}


def conclude(  # noqa: PLR0913 - what an audit is and says
    connections: Connections,
    flow: str,
    found: Mapping[str, Any],
    *,
    says: str,
    headings: Mapping[str, str],
    agrees: bool,
    started_at: datetime,
    is_kept: bool = True,
) -> dict[str, Any]:
    """Keep and publish an audit, unless it was only tried; the whole document.

    In: `found` holds a list, or reasons by record, under each name of `headings`.
    """
    document = {
        "flow": flow,
        "pair": connections.pair.name,
        **found,
        "agrees": agrees,
        "says": says,
        "summary": summary(says, found, headings),
        "headings": dict(headings),
        "started_at": started_at.isoformat(),
        "seconds": round((connections.clock() - started_at).total_seconds(), 3),
    }
    if not is_kept:
        return document
    Runs(connections.database).keep(document, run_id=flow_run_id(), now=connections.clock())
    if flow_run_id():
        publish(f"{flow}-{connections.pair.name}", to_markdown(document), f"What {flow} found")
    return document


def summary(says: str, found: Mapping[str, Any], headings: Mapping[str, str]) -> str:
    """An audit in one line: its sentence, and the first records of what a person must see."""
    parts = [says.partition("\n")[0]]
    for name in headings.keys() - {WAITING, EXPLAINED}:
        if records := list(found.get(name) or ()):
            more = f" and {len(records) - NAMED} more" if len(records) > NAMED else ""
            named = ", ".join(map(str, records[:NAMED]))
            parts.append(f"{headings[name]}: {named}{more}.")
    return " ".join([parts[0], *sorted(parts[1:])])


def ended(document: dict[str, Any]) -> dict[str, Any]:
    """How the flow of an audit ends: in a state of its own where both systems differ."""
    return concluded(document, document["summary"], "Completed" if document["agrees"] else DIFFERS)


def unsettled(connections: Connections, entity: str, keys: Sequence[str]) -> dict[str, str]:
    """Why records are not settled, by key: their state in the inbox, or why they are quarantined.

    In: the keys to look up; quarantined ones are given back whatever they are.
    """
    pair, database = connections.pair.name, connections.database
    states = Inbox(database).states(pair, entity, keys)
    found = {key: state for key, state in states.items() if state not in {"done", "dead"}}
    for page in Quarantine(database).pages(Selection(pair, entity)):
        found.update({entry.key: f"quarantined: {entry.class_}" for entry in page})
    return found


def to_markdown(document: Mapping[str, Any]) -> str:
    """The audit as the artifact that stands in Prefect's UI."""
    verdict = "Both systems agree." if document["agrees"] else "**They differ.**"
    lines = [f"# {document['flow']} · {document['pair']}", f"{verdict} {text(document['says'])}"]
    for name, title in document["headings"].items():
        if found := document.get(name):
            lines.append(f"## {title} ({len(found)})")
            items = found.items() if isinstance(found, dict) else ((ref, "") for ref in found)
            lines.append("\n".join(f"- {text(f'{ref} {why}')}" for ref, why in list(items)[:SHOWN]))
    return "\n\n".join(lines) + "\n"

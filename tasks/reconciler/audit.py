"""The end of every audit: what it found is kept, shown in Prefect, and answered as one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Runs
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import flow_run_id, publish

SHOWN = 200
"""Lines under one heading of an artifact; the document has all."""


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


def unsettled(connections: Connections, entity: str, keys: Sequence[str]) -> dict[str, str]:
    """Why records are not settled, by key: their state in the inbox, or why they are quarantined.

    In: the keys to look up; quarantined ones are given back whatever they are.
    """
    pair, database = connections.pair.name, connections.database
    states = Inbox(database).states(pair, entity, keys)
    found = {key: state for key, state in states.items() if state not in {"done", "dead"}}
    held = Quarantine(database).list(pair=pair, entity=entity)
    return found | {entry.key: f"quarantined: {entry.class_}" for entry in held}


def to_markdown(document: Mapping[str, Any]) -> str:
    """The audit as the artifact that stands in Prefect's UI."""
    verdict = "Both systems agree." if document["agrees"] else "**They differ.**"
    lines = [f"# {document['flow']} · {document['pair']}", f"{verdict} {document['says']}"]
    for name, title in document["headings"].items():
        if found := document.get(name):
            lines.append(f"## {title} ({len(found)})")
            items = found.items() if isinstance(found, dict) else ((ref, "") for ref in found)
            lines.append("\n".join(f"- {ref} {why}".rstrip() for ref, why in list(items)[:SHOWN]))
    return "\n\n".join(lines) + "\n"

"""The end of every audit: what it found is kept, shown in Prefect, and answered as one document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.times import utc_now
from store.runs import Runs
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import flow_run_id, publish

SHOWN = 200
"""Lines under one heading of an artifact; the document has all."""


def conclude(  # noqa: PLR0913 - what an audit is and says
    world: Connections,
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
        "pair": world.pair.name,
        **found,
        "agrees": agrees,
        "says": says,
        "headings": dict(headings),
        "started_at": started_at.isoformat(),
        "seconds": round((utc_now() - started_at).total_seconds(), 3),
    }
    if not is_kept:
        return document
    Runs(world.database).keep(document, run_id=flow_run_id(), now=utc_now())
    if flow_run_id():
        publish(f"{flow}-{world.pair.name}", to_markdown(document), f"What {flow} found")
    return document


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

"""The work of `causeway sync --dry-run`: the path of an entity, taken without Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cli.output import stdout_kept_clean, warn
from connectors.budget import Priority
from core.times import to_iso
from flows.paths.path import follow, path_of
from tasks.reconciler.connections import connect


def preview(
    pair: str, entity: str, *, keys: Sequence[str], since: datetime | None
) -> dict[str, Any]:
    """The plan for the keys, or for whatever is due; nothing is written anywhere."""
    wanted = with_changed(pair, entity, keys, since) or None
    with stdout_kept_clean():
        return follow(path_of(entity), pair, dry_run=True, keys=wanted)


def with_changed(pair: str, entity: str, keys: Sequence[str], since: datetime | None) -> list[str]:
    """The keys, and those of all that changed since a moment, if there is one."""
    if since is None:
        return list(dict.fromkeys(keys))
    connections = connect(pair).at(Priority.CATALOGUE)
    changed = path_of(entity).ENTITY.changed(connections, since, None)
    warn(f"{len(changed)} {entity} changed since {to_iso(since)}")
    return list(dict.fromkeys([*keys, *changed]))

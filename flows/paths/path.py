"""What a path is: the steps of an entity's sync, as plain functions that flows and previews take.

A preview imports no Prefect, which takes most of a second, and no other entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from tasks.reconciler.defects import isolated
from tasks.reconciler.holds import end_releases
from tasks.reconciler.registry import Entity
from tasks.reconciler.run import Run


class Path(Protocol):
    """A module of this folder."""

    ENTITY: Entity
    KEYS: str
    """What its keys are, for people."""

    def sync(self, run: Run) -> None:
        """Bring both systems into agreement about the records of the run's batch."""


def path_of(entity: str) -> Path:
    """The path of an entity, by its name."""
    return cast("Path", import_module(f"flows.paths.{entity}"))


def follow(
    path: Path,
    pair: str,
    *,
    dry_run: bool,
    keys: Sequence[str] | None = None,
    with_backfill: bool = True,
) -> dict[str, Any]:
    """Take the keys in the inbox, or those given, along the path until nothing is due.

    Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
    """
    with Run(path.ENTITY, pair, dry_run=dry_run, with_backfill=with_backfill) as run:
        while run.claim(only=keys):
            with isolated(run):
                path.sync(run)
        end_releases(run)
    return run.conclusion()

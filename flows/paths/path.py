"""What a path is, and the one of an entity: the steps of its sync as a plain function.

The flow of the entity wraps it. A preview calls it by itself: it imports no Prefect, which takes
most of a second, and no other entity.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from tasks.reconciler.registry import Entity


class Path(Protocol):
    """A module of this folder."""

    ENTITY: Entity

    async def sync(
        self,
        pair: str = "default",
        *,
        dry_run: bool = False,
        keys: list[str] | None = None,
        with_backfill: bool = True,
    ) -> dict[str, Any]:
        """Bring both systems into agreement about the records whose keys are in the inbox."""


def path_of(entity: str) -> Path:
    """The path of an entity, by its name."""
    return cast("Path", import_module(f"flows.paths.{entity}"))

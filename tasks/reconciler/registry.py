"""What an entity declares of itself; flows, commands, deployments and settings derive from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectors.budget import Priority
from tasks.reconciler.connections import Connections

Window = Callable[[Connections, datetime, datetime | None], list[str]]
"""Keys of what happened from a moment on, until another one if it is given."""


@dataclass(frozen=True)
class Source:
    """Something that can be asked what changed since a moment."""

    cursor: str
    """Names how far it was read."""
    system: Literal["bigcommerce", "brightpearl"]
    """Whose clock dates its changes."""
    changed: Callable[[Connections, datetime], Iterable[str]]
    """Keys of what changed at or after a moment."""
    source: str = "sweep"
    """The source that the inbox keeps; other than `sweep` where the store alone is not enough."""
    is_named_by_webhooks: bool = False
    """Whether a webhook names each new record by the same key, so that one that only a sweep finds
    was missed."""


@dataclass(frozen=True)
class Entity:
    """A kind of record that is synced."""

    name: str
    """As keys, commands, settings and deployments call it."""
    priority: Priority
    """Who goes first where requests are short."""
    suites: str
    """The module with its suites (`SUITES`), imported once there is a batch to validate."""
    sources: Sequence[Source]
    """Where a sweep asks for what changed."""
    changed: Window
    """Keys of what changed in a window: `causeway sync --since`."""
    created: Window
    """Keys of what came into being in a window: `causeway backfill`."""
    audit: Callable[[str, int | None], dict[str, Any]]
    """Proof that nothing is missing. In: the pair, and over how many days."""
    key_of: Callable[[str], str] = str.strip
    """The key that a person means who typed a text."""

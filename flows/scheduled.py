"""The flows that are made the same way for every entity: syncs, sweeps and audits."""

from __future__ import annotations

from collections.abc import Coroutine
from inspect import getdoc
from typing import Any

from prefect import Flow, flow

from flows.paths.path import Path, follow
from tasks.reconciler.audit import ended
from tasks.reconciler.registry import Entity
from tasks.reconciler.sweep import sweep, swept

EntityFlow = Flow[..., Coroutine[Any, Any, dict[str, Any]]]
"""A flow that takes a pair first and gives back its document."""


DESCRIPTION = """{steps}

Drains the inbox in batches until nothing is due.

Args:
    pair: Which store and account, by the name that the settings give them.
    dry_run: Only show what would be written, in the run's artifact; nothing is written.
    keys: {keys}
        They are worked on whether they are due or not. Left out, whatever is due.
    with_backfill: Also take what a backfill made due. A run that events started leaves that to
        others, so that it never waits for it.

Raises: ConfigError (credentials, settings, mappings), ContractError; keys stay due.
"""
"""What a person reads next to the Run button. In: what the path does, and what its keys are."""


def sync_flow(path: Path) -> EntityFlow:
    """The flow that takes the keys in the inbox along the path of their entity."""

    async def sync(
        pair: str = "default",
        *,
        dry_run: bool = False,
        keys: list[str] | None = None,
        with_backfill: bool = True,
    ) -> dict[str, Any]:
        return follow(path, pair, dry_run=dry_run, keys=keys, with_backfill=with_backfill)

    sync.__doc__ = DESCRIPTION.format(steps=getdoc(path.sync), keys=path.KEYS)
    return flow(name=f"sync-{path.ENTITY.name}", persist_result=False)(sync)


def sweep_flow(entity: Entity, sync: EntityFlow) -> EntityFlow:
    """The flow that puts whatever changed since the last sweep into the inbox, then drains it.

    It heals lost webhooks: one costs minutes, not a record.
    """

    @flow(
        name=f"sweep-{entity.name}",
        flow_run_name=f"sweep-{entity.name} {{pair}}",
        description=f"Put the {entity.name} that changed since the last sweep into the inbox, then "
        "sync them.",
        persist_result=False,
    )
    async def sweep_entity(pair: str = "default") -> dict[str, Any]:
        """Sweep, then sync.

        Args:
            pair: Which store and account, by the name that the settings give them.
        """
        found = sweep(pair, entity)
        await sync(pair)
        return swept(found)

    return sweep_entity


def audit_flow(entity: Entity) -> EntityFlow:
    """The flow that proves that both systems agree, and puts back what is missing."""

    @flow(
        name=f"audit-{entity.name}",
        flow_run_name=f"audit-{entity.name} {{pair}}",
        description=f"Compare the {entity.name} of the last days on both sides, put back into the "
        "inbox what is missing.",
        persist_result=False,
    )
    async def audit_entity(pair: str = "default", days: int | None = None) -> dict[str, Any]:
        """Compare both sides.

        Args:
            pair: Which store and account, by the name that the settings give them.
            days: How many days to go back; as the settings say if left out.
        """
        return ended(entity.audit(pair, days))

    return audit_entity

"""Putting work pool, deployments and alerts on the Prefect server, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema
from prefect.workers.base import BaseWorker

from core.errors import ConfigError
from worker.deployments import TAG, Deployment, WorkPool
from worker.execution import load_flow

MOST_DEPLOYMENTS = 200


@dataclass(frozen=True)
class Registered:
    """One thing on the server, and what was done about it."""

    kind: Literal["work pool", "deployment", "alert"]
    name: str
    done: str
    """`created`, `updated`, `kept`, `removed`, or why nothing was done."""


def register_work_pool(client: SyncPrefectClient, pool: WorkPool) -> Registered:
    """Make the pool; one that exists keeps its type and its job template.

    Raises: ConfigError when no installed package knows its type.
    """
    try:
        found = client.read_work_pool(pool.name)
    except ObjectNotFound:
        worker = BaseWorker.get_worker_class_from_type(pool.type)
        if worker is None:
            raise ConfigError(
                f"The work pool type {pool.type!r} in prefect.yaml is not known here.",
                remedy="Install the Prefect package that brings it, or make the pool by hand.",
            ) from None
        client.create_work_pool(
            WorkPoolCreate(
                name=pool.name,
                type=pool.type,
                description=pool.description,
                base_job_template=worker.get_default_base_job_template(),
            )
        )
        return Registered("work pool", pool.name, "created")
    done = "kept"
    if found.type != pool.type:
        done = f"kept: it is of type {found.type}, prefect.yaml says {pool.type}"
    return Registered("work pool", pool.name, done)


def register_deployment(
    client: SyncPrefectClient, deployment: Deployment, directory: Path
) -> Registered:
    """Make or update one deployment. Whatever an operator paused stays paused.

    `directory` is where processes of other worker types begin, so that relative settings mean
    the same to them.

    Raises: ConfigError when its entrypoint is no flow of this installation.
    """
    flow = load_flow(deployment.entrypoint)
    full_name = f"{flow.name}/{deployment.name}"
    existing = _existing(client, full_name)
    limit = deployment.concurrency_limit
    client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=deployment.name,
        version=metadata.version("causeway"),
        entrypoint=deployment.entrypoint,
        description=deployment.description,
        tags=list(deployment.tags),
        parameters=deployment.parameters,
        parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
        enforce_parameter_schema=True,
        schedules=[
            schedule.to_prefect(is_active=schedule.active and schedule.slug not in paused(existing))
            for schedule in deployment.schedules
        ],
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=_options(deployment),
        work_pool_name=deployment.work_pool.name,
        pull_steps=[
            {"prefect.deployments.steps.set_working_directory": {"directory": str(directory)}}
        ],
    )
    return Registered("deployment", full_name, "created" if existing is None else "updated")


def remove_others(
    client: SyncPrefectClient, work_pool: str, wanted: Iterable[Registered]
) -> list[Registered]:
    """Remove deployments of Causeway in this pool that are not wanted any more.

    Of a pair that was taken out of the settings, say: its schedules would go on for ever.
    """
    keep = {item.name for item in wanted}
    removed = []
    for found in client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[work_pool])),
        limit=MOST_DEPLOYMENTS,
    ):
        full_name = f"{client.read_flow(found.flow_id).name}/{found.name}"
        if full_name not in keep:
            client.delete_deployment(found.id)
            removed.append(Registered("deployment", full_name, "removed"))
    return removed


def paused(existing: DeploymentResponse | None) -> set[str]:
    """Slugs of the schedules that somebody paused."""
    if existing is None:
        return set()
    return {item.slug for item in existing.schedules if item.slug and not item.active}


def _existing(client: SyncPrefectClient, full_name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(full_name)
    except ObjectNotFound:
        return None


def _options(deployment: Deployment) -> ConcurrencyOptions | None:
    limit = deployment.concurrency_limit
    if limit is None:
        return None
    options: dict[str, Any] = {"collision_strategy": limit.collision_strategy}
    if limit.grace_period_seconds is not None:
        options["grace_period_seconds"] = limit.grace_period_seconds
    return ConcurrencyOptions(**options)

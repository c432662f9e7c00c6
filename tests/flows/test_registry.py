"""The registry of flows agrees with the names, settings, suites and deployments elsewhere."""

from __future__ import annotations

import importlib
from inspect import getdoc

import pytest

from core import ids
from core.settings import Pair, SyncSettings
from flows.paths.path import path_of
from flows.registry import ENTITIES, FLOWS, EntityFlows
from worker.deployments import PREFECT_YAML, Deployment, read_prefect_file
from worker.execution import load_flow

DEPLOYMENTS = read_prefect_file(PREFECT_YAML).deployments
EACH_ENTITY = pytest.mark.parametrize("flows", ENTITIES.values(), ids=ENTITIES.keys())


def deployments_of(flow: object) -> list[Deployment]:
    return [one for one in DEPLOYMENTS if load_flow(one.entrypoint) is flow]


def test_the_names_that_commands_know_are_those_of_the_registry() -> None:
    assert tuple(ENTITIES) == ids.SYNCED
    assert sorted(flow.name for flow in FLOWS) == sorted(ids.FLOWS)


@EACH_ENTITY
def test_the_flows_of_an_entity_are_named_after_it(flows: EntityFlows) -> None:
    name = flows.entity.name
    assert flows.sync.name == f"sync-{name}"
    assert flows.sweep.name == f"sweep-{name}"
    assert flows.audit.name == f"audit-{name}"
    assert {"pair", "dry_run", "keys"} <= set(flows.sync.parameters.properties)
    assert {"pair"} == set(flows.sweep.parameters.properties)
    assert {"pair", "days"} == set(flows.audit.parameters.properties)


@EACH_ENTITY
def test_the_sync_of_an_entity_is_its_path_which_a_preview_takes_as_well(
    flows: EntityFlows,
) -> None:
    path = path_of(flows.entity.name)
    assert path.ENTITY is flows.entity
    described = flows.sync.description or ""
    assert described.startswith(str(getdoc(path.sync)))
    assert path.KEYS in flows.sync.parameters.properties["keys"]["description"]


@EACH_ENTITY
def test_an_entity_has_its_section_of_settings_and_its_suites(flows: EntityFlows) -> None:
    section = Pair.model_fields[flows.entity.name].annotation
    assert section is not None
    assert issubclass(section, SyncSettings)
    assert importlib.import_module(f"expectations.{flows.entity.name}").SUITES


def test_every_section_of_a_sync_is_an_entitys() -> None:
    sections = {
        name
        for name, field in Pair.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, SyncSettings)
    }
    assert sections == set(ENTITIES)


def test_every_flow_is_deployed_and_nothing_else_is() -> None:
    deployed = {load_flow(one.entrypoint).name for one in DEPLOYMENTS}
    assert deployed == {flow.name for flow in FLOWS}
    assert all(len(deployments_of(flow)) == 1 for flow in FLOWS)


@EACH_ENTITY
def test_an_entity_is_synced_on_events_and_all_else_of_it_runs_by_schedule(
    flows: EntityFlows,
) -> None:
    (on_event,) = deployments_of(flows.sync)
    assert (on_event.name, on_event.schedules) == ("on-event", ())
    for flow in (flows.sync, flows.sweep, flows.audit, *flows.others):
        (deployment,) = deployments_of(flow)
        assert {"causeway", flows.entity.name} <= set(deployment.tags)
        assert deployment.name == "on-event" or len(deployment.schedules) == 1


def test_of_each_deployment_one_run_is_active_and_further_ones_are_cancelled() -> None:
    for deployment in DEPLOYMENTS:
        limit = deployment.concurrency_limit
        assert limit is not None
        assert (limit.limit, limit.collision_strategy) == (1, "CANCEL_NEW")

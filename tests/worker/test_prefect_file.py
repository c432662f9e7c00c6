"""What prefect.yaml may contain, which flows it names, and how Prefect's absence is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import Settings
from worker.deployments import PREFECT_YAML, named, on_event_name, read_prefect_file
from worker.execution import RunLoop, load_flow
from worker.prefect_server import PAUSES_S, Reachability

DEPLOYMENT = """
work_pools: [{name: causeway, type: warm}]
deployments:
  - name: nightly
    entrypoint: flows.orders.audit_orders
    work_pool: {name: causeway}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deployments: [", "line 2 is not valid YAML"),
        ("work_pools: []", "deployments: Field required"),
        (DEPLOYMENT + "    shedules: []", "deployments.0.shedules: Extra inputs"),
        (DEPLOYMENT + "    schedules: [{slug: a}]", "either interval or cron"),
        (DEPLOYMENT + "    schedules: [{slug: a, interval: 9, cron: '0 1 * * *'}]", "either"),
        (
            DEPLOYMENT + "    concurrency_limit: {limit: 1, collision_strategy: WAIT}",
            "concurrency_limit.collision_strategy",
        ),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text(text + "\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        read_prefect_file(file)

    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"prefect\.yaml cannot be read"):
        read_prefect_file(tmp_path / "prefect.yaml")


def test_every_shipped_deployment_names_a_flow_carries_the_tag_and_runs_alone() -> None:
    wanted = read_prefect_file(PREFECT_YAML)

    assert [pool.type for pool in wanted.work_pools] == ["warm"]
    for deployment in wanted.deployments:
        flow = load_flow(deployment.entrypoint)
        assert "causeway" in deployment.tags
        assert deployment.concurrency_limit is not None
        assert deployment.concurrency_limit.collision_strategy == "CANCEL_NEW"
        assert set(deployment.parameters) <= set(flow.parameters.properties)
        assert deployment.name == "on-event" or deployment.schedules


def test_deployments_of_further_pairs_carry_the_pair_s_name() -> None:
    settings = Settings(default_pair="uk")

    assert named("nightly", "uk", settings) == "nightly"
    assert named("nightly", "us", settings) == "nightly-us"
    assert on_event_name(settings, "us", "orders") == "sync-orders/on-event-us"


def test_what_runs_at_night_runs_in_the_night_of_the_pair_s_store() -> None:
    settings, zone = Settings(default_pair="uk"), "America/Chicago"
    shipped = read_prefect_file(PREFECT_YAML).deployments

    by_clock = [
        schedule
        for deployment in shipped
        for schedule in deployment.of_pair("us", settings, zone).schedules
        if schedule.cron
    ]
    assert {one.timezone for one in by_clock} == {zone}
    assert all(one.schedules == one.of_pair("us", settings).schedules for one in shipped)


@pytest.mark.parametrize(
    "entrypoint",
    ["flows/orders.py:sync_orders", "flows.orders.sync_orders"],
)
def test_an_entrypoint_names_a_flow_as_module_or_as_file(entrypoint: str) -> None:
    assert load_flow(entrypoint).name == "sync-orders"


@pytest.mark.parametrize(
    "entrypoint",
    ["", "flows.orders.of_tomorrow", "flows.of_tomorrow.sync_orders", "no/file.py:sync_orders"],
)
def test_an_entrypoint_that_names_no_flow_is_refused_with_the_remedy(entrypoint: str) -> None:
    with pytest.raises(ConfigError, match="is not a flow of this installation") as caught:
        load_flow(entrypoint)

    assert "causeway deploy" in caught.value.remedy


def test_an_absent_server_is_asked_less_often_each_time_and_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    reachability = Reachability(clock=lambda: now)
    assert reachability.may_ask()
    for pause_s in (*PAUSES_S, PAUSES_S[-1]):
        reachability.lost(ConnectionError())
        now += pause_s - 0.1
        assert not reachability.may_ask()
        now += 0.2
        assert reachability.may_ask()
    assert caplog.text.count("Prefect does not answer") == 1

    reachability.found()
    reachability.found()

    assert caplog.text.count("Prefect answers again") == 1
    assert reachability.may_ask()


def test_a_loop_whose_clients_were_never_opened_closes_without_an_error() -> None:
    with RunLoop() as loop:
        loop.close_clients()

"""What a person sees in Prefect: the form of a run, its name, its end, its log, its artifact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from parcels import Parcels
from parcels import sync as sync_shipments
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.utilities.callables import parameter_schema
from refunding import lines
from shelves import plenty, product
from shelves import sync as sync_stock
from world import PAIR, World

from flows.registry import ENTITIES, FLOWS
from store.inbox import Inbox
from store.transitions import Done
from tasks.reconciler.connections import connect, disconnect

sync_orders = ENTITIES["orders"].sync


def placed(world: World, count: int, **order: Any) -> list[str]:
    return [world.place(lines=lines(world, 1), **order) for _ in range(count)]


def pressed(flow: Any, **parameters: Any) -> FlowRun:
    """The run that the button starts, after its end."""
    state = asyncio.run(flow(return_state=True, **parameters))
    with get_client(sync_client=True) as prefect:
        return prefect.read_flow_run(state.state_details.flow_run_id)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_the_form_says_what_each_parameter_is_for(flow: Any) -> None:
    fields = parameter_schema(flow).properties

    assert all(field.get("description") for field in fields.values()), fields


@pytest.mark.parametrize("count", [1, 2])
def test_the_button_syncs_the_keys_it_is_given_and_no_others(world: World, count: int) -> None:
    keys = placed(world, 3)
    world.due(keys[2])

    report = asyncio.run(sync_orders.fn(PAIR, keys=[f" {key} " for key in keys[:count]]))

    assert (report["keys"], report["outcomes"]) == (count, {"created": count})
    assert {order.external_ref for order in world.sales_orders} == {
        f"BC-{key}" for key in keys[:count]
    }
    assert world.states(keys[2]) == ["due"]


@pytest.mark.parametrize("entity", ["stock", "prices"])
def test_a_sku_is_taken_as_people_write_it(world: World, entity: str) -> None:
    (sku,) = plenty(world)
    assert sku != sku.casefold()

    report = asyncio.run(ENTITIES[entity].sync.fn(PAIR, keys=[f" {sku} "]))

    assert (report["keys"], report["refused"]) == (1, [])
    assert world.states(sku.casefold(), entity=entity) in (["done"], ["parked"])


def test_keys_that_are_settled_are_synced_again_and_an_empty_list_means_all_that_is_due(
    world: World,
) -> None:
    first, second = placed(world, 2)
    world.sync(first)
    assert asyncio.run(sync_orders.fn(PAIR, keys=[first]))["outcomes"] == {"unchanged": 1}

    world.due(second)
    assert asyncio.run(sync_orders.fn(PAIR, keys=[]))["outcomes"] == {"created": 1}


def test_a_key_that_another_run_holds_is_left_to_it_and_counted(world: World) -> None:
    held, free = placed(world, 2)
    world.due(held)
    connections = connect(PAIR)
    inbox, now = Inbox(connections.database), connections.clock()
    inbox.claim(PAIR, "orders", owner="worker", limit=1, lease_s=60, now=now)

    report = asyncio.run(sync_orders.fn(PAIR, keys=[held, free]))

    assert sum(report["outcomes"].values()) == 2
    assert report["outcomes"]["created"] == 1
    inbox.settle(PAIR, "orders", "worker", [Done(held)], now=now)
    assert world.states(held, free) == ["due", "done"]


def test_more_keys_than_a_batch_holds_are_all_synced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = placed(world, 3)
    monkeypatch.setenv("CAUSEWAY_ORDERS__BATCH_SIZE", "2")
    disconnect()

    report = asyncio.run(sync_orders.fn(PAIR, keys=keys))
    planned = asyncio.run(sync_orders.fn(PAIR, keys=keys, dry_run=True))

    assert (report["batches"], report["outcomes"]) == (2, {"created": 3})
    assert (planned["batches"], planned["keys"]) == (2, 3)


@pytest.fixture
def seen(engine: None, world: World) -> Callable[..., FlowRun]:
    return pressed


def test_a_run_is_named_by_what_it_ran_and_ends_with_what_it_did(
    seen: Callable[..., FlowRun], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    good = placed(world, 2)
    unknown = world.place(lines=[{"sku": "NO-SUCH-SKU", "quantity": 1, "custom": False}])
    run = seen(sync_orders, pair=PAIR, keys=[*good, unknown])

    assert run.name == "sync-orders default: 3 keys"
    assert run.state
    assert run.state.name == "Completed"
    assert run.state.message == "2 created, 1 refused"
    assert f"{unknown} is refused: " in caplog.text
    with get_client(sync_client=True) as prefect:
        (artifact,) = prefect.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        )
    assert "## What a person must do" in str(artifact.data)
    assert "causeway quarantine release" in str(artifact.data)

    again = seen(sync_orders, pair=PAIR)
    assert (again.name, again.state and again.state.message) == (
        "sync-orders default: nothing due",
        "Nothing was due.",
    )
    swept = seen(ENTITIES["orders"].sweep, pair=PAIR)
    assert swept.name == "sweep-orders default"
    assert swept.state
    assert str(swept.state.message).startswith("3 changed since ")
    dry = seen(sync_orders, pair=PAIR, dry_run=True, keys=good[:1])
    assert dry.name == "sync-orders default: 1 key, dry run"
    assert dry.state
    assert dry.state.message == "Nothing was written: 1 unchanged"


def test_every_key_counts_once_also_those_that_mean_one_record(world: World) -> None:
    one, two = Parcels.imported(world, 2), Parcels.imported(world, 1)
    notes = [one.leaves(1), one.leaves(1), two.leaves(1)]

    report = sync_shipments(world, *notes)

    assert report["keys"] == sum(report["outcomes"].values()) == 3
    assert report["outcomes"] == {"shipped": 2, "of a record that another key names": 1}


def test_every_product_of_a_notice_counts_once(world: World) -> None:
    (sku,) = plenty(world)
    world.brightpearl("stock", sku=sku, on_hand=7)

    report = sync_stock(world, product(world, sku), "product:999999")

    assert report["keys"] == sum(report["outcomes"].values()) == 2

"""A new entity needs its own reads, frames, plan and operations, and nothing else of anyone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import new_entity
import pytest
from new_entity import (
    ENTITY,
    SetNumber,
    audit_numbers,
    extract_numbers,
    load_numbers,
    map_numbers,
    plan_numbers,
    sync_numbers,
)
from world import PAIR, World

from core.refusals import Refusal
from core.times import utc_now
from store.inbox import Dead, Inbox
from store.ledger import Ledger
from store.quarantine import Quarantine
from store.runs import Runs
from tasks.reconciler.connections import connect
from tasks.reconciler.defects import isolated
from tasks.reconciler.gate import validate
from tasks.reconciler.operations import Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.reconciler.sweep import sweep

LINES = 120
"""What a new entity may cost, blank lines not counted."""
ENGRAVING = {"lines": [{"name": "Engraving", "custom": True, "price": "5.00"}]}


def sync(world: World, *keys: str, **options: Any) -> dict[str, Any]:
    world.due(*keys, entity=ENTITY.name)
    return asyncio.run(sync_numbers.fn(PAIR, **options))


@pytest.fixture
def keys(world: World) -> list[str]:
    """Two orders that are in Brightpearl."""
    keys = [world.place(**ENGRAVING) for _ in range(2)]
    world.sync(*keys)
    world.forget_requests()
    return keys


def number(world: World, key: str) -> str:
    return world.sandbox.store.orders[int(key)].external_order_id


def test_all_of_it_is_one_short_file() -> None:
    lines = Path(new_entity.__file__).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= LINES


def test_it_is_synced_from_claim_to_settle_and_a_second_run_writes_nothing(
    world: World, keys: list[str]
) -> None:
    first = sync(world, *keys)

    assert [number(world, key) for key in keys] == [
        f"SO-{world.sales_order(key).id}" for key in keys
    ]
    assert first["counts"]["numbered"] == first["counts"]["wrote: set number"] == len(keys)
    assert world.states(*keys, entity=ENTITY.name) == ["done", "done"]
    assert world.writes() == len(keys)
    (entry,) = Ledger(connect(PAIR).database).history(PAIR, ENTITY.name, keys[0])
    assert (entry.outcome, entry.after) == ("written", {"number": number(world, keys[0])})

    second = sync(world, *keys)

    assert second["counts"] == {"planned: unchanged": 2, "unchanged": 2, "refused": 0}
    assert world.writes() == len(keys)
    assert [
        run["keys"] for run in Runs(connect(PAIR).database).last(PAIR, flow="sync-numbers")
    ] == [
        2,
        2,
    ]


def test_a_dry_run_shows_the_plan_and_writes_nothing(world: World, keys: list[str]) -> None:
    report = asyncio.run(sync_numbers.fn(PAIR, dry_run=True, keys=keys))

    assert report["counts"]["would write: set number"] == len(keys)
    assert {(line["record"], line["outcome"]) for line in report["preview"]} == {
        (key, "numbered") for key in keys
    }
    assert world.writes() == 0


def test_a_record_that_its_suite_refuses_waits_for_a_person_and_holds_up_no_other(
    world: World, keys: list[str]
) -> None:
    foreign, own = keys
    connections = connect(PAIR)
    connections.bigcommerce.update_order(foreign, external_order_id="ERP-7")

    report = sync(world, *keys)

    assert report["counts"]["refused"] == report["counts"]["numbered"] == 1
    assert world.states(foreign, own, entity=ENTITY.name) == ["dead", "done"]
    quarantine = Quarantine(connections.database)
    (case,) = quarantine.list(pair=PAIR, entity=ENTITY.name)
    assert (case.key, case.class_, case.value) == (foreign, "number", "ERP-7")

    connections.bigcommerce.update_order(foreign, external_order_id="7")
    quarantine.release(PAIR, class_="number", value="ERP-7", now=utc_now())
    sync(world)

    assert number(world, foreign) == f"SO-{world.sales_order(foreign).id}"
    assert quarantine.list(pair=PAIR, entity=ENTITY.name) == []


def test_its_sweep_tries_again_what_may_go_through_by_now_and_the_case_closes_by_itself(
    world: World, keys: list[str]
) -> None:
    sync(world, *keys)
    key, connections = keys[0], connect(PAIR)
    quarantine, inbox = Quarantine(connections.database), Inbox(connections.database)
    why = Refusal("rejected", "", "ORDC-024", "it was locked", "Unlock it.")
    world.due(key, entity=ENTITY.name)
    now = utc_now() - timedelta(minutes=61)
    inbox.claim(PAIR, ENTITY.name, owner="t", limit=9, lease_s=60, now=utc_now())
    quarantine.open(PAIR, ENTITY.name, [(key, why)], now=now)
    inbox.settle(PAIR, ENTITY.name, "t", [Dead(key, why.reason)], now=utc_now())

    without_sources = replace(ENTITY, sources=())
    assert sweep(PAIR, without_sources)["retried"] == 1
    sync(world)
    assert world.states(key, entity=ENTITY.name) == ["done"]
    assert quarantine.list(pair=PAIR, entity=ENTITY.name) == []
    assert "retried" not in sweep(PAIR, without_sources)


def test_its_sweep_finds_what_no_event_named_and_its_audit_what_is_missing(
    world: World, keys: list[str]
) -> None:
    missing = world.place(**ENGRAVING)

    assert sweep(PAIR, ENTITY)["newly_due"] == 3
    assert asyncio.run(sync_numbers.fn(PAIR))["counts"]["not imported"] == 1
    found = asyncio.run(audit_numbers.fn(PAIR))

    assert found["missing"] == [missing]
    assert found["says"] == "3 orders compared. Without a sales order: 1."
    assert all(number(world, key).startswith("SO-") for key in keys)


@dataclass(frozen=True)
class Fragile(SetNumber):
    """Its write cannot even be built."""

    def write(self, _run: Run, _record: Progress[RecordPlan]) -> Any:
        raise KeyError(self.desired)


@pytest.mark.parametrize("stage", ["extract", "map", "plan", "apply", "settle"])
def test_at_whichever_step_our_code_fails_for_one_record_the_others_go_through(
    world: World, keys: list[str], stage: str
) -> None:
    keys = [*keys, *(world.place(**ENGRAVING) for _ in range(2))]
    world.sync(*keys)
    world.due(*keys, entity=ENTITY.name)
    bad = keys[2]

    def fail_at(reached: str, run: Run) -> None:
        if reached == stage and bad in run.batch.keys:
            raise KeyError(bad)

    with Run(ENTITY, PAIR) as run:
        while run.claim():
            with isolated(run):
                found, _ = extract_numbers(run)
                fail_at("extract", run)
                desired = map_numbers(validate(run, found))
                fail_at("map", run)
                plans = plan_numbers(validate(run, desired))
                fail_at("plan", run)
                if stage == "apply":
                    plans = [
                        replace(
                            plan,
                            operations=tuple(Fragile(**vars(one)) for one in plan.operations),
                        )
                        if plan.key == bad
                        else plan
                        for plan in plans
                    ]
                outcomes = load_numbers(run, plans)
                fail_at("settle", run)
                settle(run, plans, outcomes)

    assert world.states(*keys, entity=ENTITY.name) == ["done", "done", "dead", "done"]
    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY.name)
    assert (case.key, case.class_) == (bad, "unexpected")
    assert all(number(world, key).startswith("SO-") for key in keys if key != bad)

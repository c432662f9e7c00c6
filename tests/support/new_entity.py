"""An entity that does nothing new: the store's orders carry the numbers of their sales orders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import pandas as pd

from connectors.budget import Priority
from core.frames import Schema, frame
from expectations.rows import ExpectValuesToBeUnique, ExpectValuesToMatchRegex, suite
from expectations.rules import refuse, stop
from flows.paths.path import Path
from flows.scheduled import audit_flow, sweep_flow, sync_flow
from store.links import Links
from tasks.bigcommerce.orders import read_orders
from tasks.brightpearl.sales_orders import ORDERS
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.audit import WindowAudit
from tasks.reconciler.cases import Outcome, skipped
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import Frames, rows, typed_rows, validate
from tasks.reconciler.operations import BigCommerceWrite, Operation, Progress, RecordPlan
from tasks.reconciler.registry import Entity, Source
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle

NUMBERS: Schema = {"order_id": "text", "sales_order_id": "text", "actual": "text"}
DESIRED: Schema = {"order_id": "text", "actual": "text", "desired": "text"}
IS_OURS = ExpectValuesToMatchRegex(
    column="actual",
    regex=r"(SO-)?[0-9]*",
    meta=refuse("number", "another system numbered it", "Clear the number", field="actual"),
)
IS_UNIQUE = ExpectValuesToBeUnique(columns=["desired"], meta=stop("two orders are one"))
SUITES = {one.name: one for one in (suite("found", IS_OURS), suite("desired", IS_UNIQUE))}


@dataclass(frozen=True)
class Found(Frames):
    numbers: pd.DataFrame = rows(NUMBERS, suite="found")


@dataclass(frozen=True)
class Desired(Frames):
    numbers: pd.DataFrame = rows(DESIRED, suite="desired")


@dataclass(frozen=True)
class SetNumber(Operation[Progress[RecordPlan]]):
    order_id: str
    actual: str
    desired: str
    kind = "set number"

    def write(self, _run: Run, _record: Progress[RecordPlan]) -> BigCommerceWrite:
        return BigCommerceWrite(
            natural_key=self.desired,
            before={"number": self.actual},
            after={"number": self.desired},
            send=lambda store: store.update_order(self.order_id, external_order_id=self.desired),
        )


def extract_numbers(run: Run) -> tuple[Found, list[Outcome]]:
    orders, absent = read_orders(run, run.batch.keys)
    outcomes = run.batch.missing(absent)
    links = run.links.get(run.pair, ORDERS, list(orders))
    outcomes += [skipped(key, "not imported") for key in orders if key not in links]
    numbers = (
        {"order_id": key, "sales_order_id": link.id_bp, "actual": orders[key].external_order_id}
        for key, link in links.items()
    )
    return Found(numbers=frame(numbers, NUMBERS)), outcomes


def map_numbers(found: Found) -> Desired:
    desired = found.numbers.assign(desired="SO-" + found.numbers["sales_order_id"])
    return Desired(numbers=desired[list(DESIRED)])


def plan_numbers(desired: Desired) -> list[RecordPlan]:
    return [
        RecordPlan(key=one.order_id)
        if one.actual == one.desired
        else RecordPlan(key=one.order_id, operations=(one,), result="numbered")
        for one in typed_rows(desired.numbers, SetNumber)
    ]


def load_numbers(run: Run, plans: Sequence[RecordPlan]) -> list[Outcome]:
    records = [] if run.dry_run else [Progress(plan=plan) for plan in plans]
    return [outcome_of(one, "Correct it.") for one in apply(run, records, (Phase((SetNumber,)),))]


def changed(connections: Connections, since: datetime, until: datetime | None = None) -> list[str]:
    listed = connections.bigcommerce.list_order_headers
    window = {"min_date_modified": since} | ({"max_date_modified": until} if until else {})
    return with_retries(lambda: [row.order_id for row in listed(**window)])


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    keys = changed(connections, since)
    links = Links(connections.database).get(connections.pair.name, ORDERS, keys)
    return {"orders": len(keys), "missing": [key for key in keys if key not in links]}


ENTITY = Entity(
    name="numbers",
    priority=Priority.CATALOGUE,
    suites=__name__,
    sources=[Source("numbers-swept", "bigcommerce", changed)],
    changed=changed,
    created=changed,
    audit=WindowAudit(
        "numbers",
        compare,
        headings={"missing": "Without a sales order"},
        enqueued=["missing"],
        says="{orders} orders compared.",
    ),
)


KEYS = "Orders, by their ids."


def sync(run: Run) -> None:
    found, skipped_records = extract_numbers(run)
    desired = map_numbers(validate(run, found))
    plans = plan_numbers(validate(run, desired))
    settle(run, plans, [*skipped_records, *load_numbers(run, plans)])


sync_numbers = sync_flow(cast("Path", sys.modules[__name__]))
sweep_numbers = sweep_flow(ENTITY, sync_numbers)
audit_numbers = audit_flow(ENTITY)

"""The store's status of an order, once goods left or were taken back.

BigCommerce moves it by itself when a shipment is made, and leaves it when one is deleted. What it
is then to be stands in a table; it is written only where the store made something else of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.bigcommerce.client import BigCommerce, plan_ranges
from connectors.bigcommerce.models import Order
from core.errors import CausewayError
from mappings.errors import MappingError, Problem
from mappings.tables import Table, comparable
from tasks.claim import Run
from tasks.orders.extract import read_range
from tasks.shipments.memory import ShipmentMemory
from tasks.shipments.plan_models import OrderPlan
from tasks.shipments.standing import Standing
from tasks.tell import Word, tell

STATUS_IDS = frozenset(str(number) for number in range(15))


Statuses = Mapping[str, int | None]
"""By the table's value; None leaves what the store made of it."""


def read_statuses(table: Table) -> Statuses:
    """The table of statuses.

    Raises: MappingError naming the row whose right side is no status id.
    """
    problems = [
        Problem(table.file, row.line, "becomes", f"{row.becomes!r} is not a BigCommerce status id")
        for row in table.rows
        if row.becomes and row.becomes not in STATUS_IDS
    ]
    if problems:
        raise MappingError(problems)
    return {comparable(row.value): int(row.becomes) if row.becomes else None for row in table.rows}


def follow(run: Run, orders: Sequence[OrderPlan], statuses: Statuses) -> dict[str, CausewayError]:
    """Look at the orders again, together, and correct statuses; why that failed, by order."""
    before = {order.order_id: order.status_id for order in orders}
    ranges = [read_range.submit(run, id_range) for id_range in plan_ranges(list(before))]
    documents = [one for future in ranges for one in future.result()]
    wrong = {
        order.id: (order.status_id, wanted)
        for order in documents
        if isinstance(order, Order)
        and (wanted := wanted_status(statuses, order, before[order.id])) is not None
        and wanted != order.status_id
    }
    answers = tell(run, [[_word(run, key, *statuses)] for key, statuses in wrong.items()])
    return {key: answers[key] for key in wrong if isinstance(answers[key], CausewayError)}


def wanted_status(statuses: Statuses, order: Order, before: int) -> int | None:
    """The status that the order is to have; None leaves what the store made of it. Pure."""
    extent = Standing.of(order, ShipmentMemory(), "").extent
    return statuses.get(f"{extent} from {before}", statuses.get(extent))


def _word(run: Run, order_id: str, is_now: int, wanted: int) -> Word:
    def send(store: BigCommerce) -> None:
        store.update_order(order_id, status_id=wanted)

    before: Mapping[str, int] = {"status_id": is_now}
    return Word(
        label=order_id,
        send=send,
        entity=run.entity,
        key=order_id,
        action="set status",
        natural_key=order_id,
        before=before,
        after={"status_id": wanted},
    )

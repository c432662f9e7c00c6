"""The store's status of an order, once goods left or were taken back.

BigCommerce moves it by itself when a shipment is made, and leaves it when one is deleted. What it
is then to be stands in a table; it is written only where the store made something else of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.bigcommerce.client import BigCommerce, plan_reads
from connectors.bigcommerce.models import Order
from core.errors import CausewayError
from mappings.tables import Table
from tasks.claim import Run
from tasks.orders.extract import read_reach
from tasks.shipments.memory import ShipmentMemory
from tasks.shipments.plan_models import OrderPlan
from tasks.shipments.standing import Standing
from tasks.tell import Word, tell


def follow(run: Run, orders: Sequence[OrderPlan]) -> dict[str, CausewayError]:
    """Look at the orders again, together, and correct statuses; why that failed, by order."""
    before = {order.order_id: order.status_id for order in orders}
    reaches = [read_reach.submit(run, reach) for reach in plan_reads(list(before))]
    documents = [one for future in reaches for one in future.result()]
    table = run.bundle.table("shipment_status")
    wrong = {
        order.id: (order.status_id, wanted)
        for order in documents
        if isinstance(order, Order)
        and (wanted := wanted_status(table, order, before[order.id])) is not None
        and wanted != order.status_id
    }
    answers = tell(run, [[_word(run, key, *statuses)] for key, statuses in wrong.items()])
    return {key: answers[key] for key in wrong if isinstance(answers[key], CausewayError)}


def wanted_status(table: Table, order: Order, before: int) -> int | None:
    """The status that the order is to have; None leaves what the store made of it. Pure."""
    extent = Standing.of(order, ShipmentMemory(), "").extent
    found = table.get(f"{extent} from {before}")
    text = table.get(extent) if found is None else found
    return int(text) if text else None


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

"""Proof that no order is missing: both systems' orders of some days, as sets, to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.models import Order
from connectors.brightpearl.models import SalesOrder
from core.ids import external_ref, order_id_of
from tasks.brightpearl.sales_orders import AROUND, ORDERS, back_order_ids
from tasks.policy import with_retries
from tasks.reconciler.audit import Booked, WindowAudit, compare_amounts, unsettled
from tasks.reconciler.connections import Connections


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The orders placed since that ought to be in Brightpearl, and the sales orders they became."""
    store = connections.bigcommerce
    importable = set(connections.pair.orders.importable_statuses) - {0}
    placed = {
        external_ref(order.id): (order.total_inc_tax,)
        for order in with_retries(lambda: list(store.list_orders(min_date_created=since)))
        if isinstance(order, Order) and order.status_id in importable
    }
    sales_orders = _read_sales_orders(connections, since)
    waiting = unsettled(connections, ORDERS, [order_id_of(ref) for ref in placed])
    return {
        "orders": len(placed),
        "in_brightpearl": sum(ref in sales_orders for ref in placed),
        **compare_amounts(["amounts_differ"], placed, sales_orders, waiting),
    }


def _read_sales_orders(connections: Connections, since: datetime) -> dict[str, list[Booked]]:
    """Sales orders with what they are worth, by reference; a back order is part of its order."""
    brightpearl, until = connections.brightpearl, connections.clock() + AROUND
    instance_id = connections.pair.brightpearl.instance_id
    refs = with_retries(
        lambda: list(brightpearl.list_order_refs(since - AROUND, until, instance_id))
    )
    ids = [row.order_id for row in refs]
    owners = back_order_ids(brightpearl, ids)
    documents = with_retries(
        lambda: brightpearl.get_sales_orders(list(dict.fromkeys([*ids, *owners])))
    )
    orders = [one for one in documents if isinstance(one, SalesOrder)]
    split: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        if order.id in owners and not order.is_cancelled:
            split[owners[order.id]] += order.total.gross
    found: dict[str, list[Booked]] = defaultdict(list)
    for order in orders:
        if order.id not in owners:
            gross = order.total.gross + split[order.id]
            found[order.external_ref].append(Booked(order.id, (gross,)))
    return dict(found)


AUDIT = WindowAudit(
    entity=ORDERS,
    compare=compare,
    headings={
        "missing": "Missing, put back into the inbox",
        "doubled": "In Brightpearl more than once",
        "amounts_differ": "Amounts differ",
        "waiting": "Waiting",
    },
    enqueued=["missing"],
    says="{in_brightpearl} of {orders} orders since {since} are in Brightpearl, "
    "{cents_off} cents off.",
)

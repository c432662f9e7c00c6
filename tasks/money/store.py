"""The store's side of a day: orders and refunds in pages, never a request per order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from connectors.bigcommerce.models import Order, Unreadable
from connectors.bigcommerce.refund_models import Refund
from tasks.money.day import Day
from tasks.money.sales import returned, sales_of
from tasks.money.sides import StoreSide
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import connect, current_bundle

SECOND = timedelta(seconds=1)


@step("read-store", PATIENT)
def read_store(pair: str, day: Day) -> StoreSide:
    """The orders placed on the day, all their refunds, and the refunds made on the day.

    N orders cost N/250 + 1 requests; refunds are read once, 250 to a request, from the day's start
    on: none of these can be older. Raises: TransientError, ConfigError, ContractError.
    """
    world = connect(pair)
    # Their upper bound is inclusive, to the second.
    window = {"min_date_created": day.starts_at, "max_date_created": day.ends_at - SECOND}
    documents = patiently(lambda: list(world.bigcommerce.list_orders(**window)))
    told = patiently(lambda: list(world.bigcommerce.list_refunds(created_from=day.starts_at)))
    orders = [one for one in documents if isinstance(one, Order) and day.holds(one.date_created)]
    broken = {one.order_id for one in documents if isinstance(one, Unreadable)}
    ids = {order.id for order in orders}
    refunds = [one for one in told if isinstance(one, Refund) and _counts(one, ids, day)]
    return StoreSide(
        sales=sales_of(orders, current_bundle(world), world.pair.orders),
        refunds=tuple(returned(refund) for refund in refunds),
        unreadable=frozenset(broken | _broken(told, ids)),
        orders={order.id: order for order in orders},
    )


def _counts(refund: Refund, order_ids: set[str], day: Day) -> bool:
    return refund.order_id in order_ids or day.holds(refund.created)


def _broken(refunds: Sequence[Refund | Unreadable], order_ids: set[str]) -> set[str]:
    """Orders of the day with a refund that cannot be read."""
    orders = {one.order_id for one in refunds if isinstance(one, Unreadable)}
    return orders & order_ids

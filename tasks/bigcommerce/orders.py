"""Orders of the store as every sync reads them: their statuses, and reads in the fewest requests.

One order that breaks the model holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import TypeVar

from connectors.bigcommerce.client import IdRange, plan_ranges
from connectors.bigcommerce.models import Missing, Order, OrderLine, Unreadable
from core.errors import PausedError, RejectedError, TransientError
from core.ids import sku_key
from core.settings import OrderSettings
from mappings.bundle import Bundle
from store.sql import in_parts
from tasks.policy import ATTEMPTS, RETRIED, run_each, step, with_retries
from tasks.reconciler.connections import Connections
from tasks.reconciler.gate import refuse_unreadable
from tasks.reconciler.run import Run


class OrderStatus(IntEnum):
    """`status_id` of a V2 order."""

    INCOMPLETE = 0
    PENDING = 1
    SHIPPED = 2
    PARTIALLY_SHIPPED = 3
    REFUNDED = 4
    CANCELLED = 5
    DECLINED = 6
    AWAITING_PAYMENT = 7
    AWAITING_PICKUP = 8
    AWAITING_SHIPMENT = 9
    COMPLETED = 10
    AWAITING_FULFILLMENT = 11
    MANUAL_VERIFICATION = 12
    DISPUTED = 13
    PARTIALLY_REFUNDED = 14

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ").capitalize()


CANCELLED = frozenset({OrderStatus.CANCELLED, OrderStatus.DECLINED})
"""The store cancelled the order, or its payment never came."""
FINAL: Mapping[int, str] = {
    OrderStatus.REFUNDED: "refunded",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.DECLINED: "declined",
}
"""Statuses that an order does not come back from by itself, and their names."""
SENT = frozenset({OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.COMPLETED})
"""Something of the order has left, even if no shipment says so."""
WHOLLY_SENT = frozenset({OrderStatus.SHIPPED, OrderStatus.COMPLETED})
"""All of the order has left, even if its lines do not say so."""
UNSENT = (
    OrderStatus.AWAITING_FULFILLMENT,
    OrderStatus.AWAITING_SHIPMENT,
    OrderStatus.AWAITING_PICKUP,
    OrderStatus.AWAITING_PAYMENT,
    OrderStatus.PARTIALLY_SHIPPED,
)
"""Something of the order has yet to leave."""
HOLDS_NO_STOCK = frozenset({OrderStatus.INCOMPLETE, *FINAL})
"""Orders whose units the store does not count as sold."""
EVERY_STATUS = frozenset(str(int(status)) for status in OrderStatus)
"""As tables write them."""
IMPORTED_BEFORE = (11, 9, 8, 7, 10, 2, 3)
"""Statuses that start an import where neither table nor settings say which do."""

TOGETHER = 10
"""Orders whose details are read in one step, a request each."""
KEPT_S = 3600.0
"""How long the store's settings are used before they are read again."""

AGAIN = 2
"""Tries of each part of a range that could not be read as a whole."""
MOST_FAILED = 40
"""So many parts of one range may fail: four records in 250 need as many."""

T = TypeVar("T")


@dataclass(frozen=True)
class Unread:
    """An order that cannot be read right now, and why."""

    order_id: str
    reason: str


def read_orders(run: Run, order_ids: Sequence[str]) -> tuple[dict[str, Order], list[str]]:
    """Orders by id, and the ids of those that the store does not show.

    An order that breaks the model is refused, one that cannot be read right now is tried again
    later. Raises: TransientError, ConfigError.
    """
    ranges = run_each([(read_range, run, id_range) for id_range in plan_ranges(order_ids)])
    documents = [document for part in ranges for document in part]
    if broken := [one for one in documents if isinstance(one, Unreadable)]:
        refuse_unreadable(run, ((one.order_id, one) for one in broken), "order")
    run.postpone({one.order_id: one.reason for one in documents if isinstance(one, Unread)})
    orders = {document.id: document for document in documents if isinstance(document, Order)}
    run.at_stake.update({order.id: order.total_inc_tax for order in orders.values()})
    return orders, [one.order_id for one in documents if isinstance(one, Missing)]


@step("read-orders", RETRIED)
def read_range(run: Run, id_range: IdRange) -> list[Order | Unreadable | Missing | Unread]:
    """Orders of one range of ids, or one order; by halves where the whole cannot be read.

    Raises: TransientError when so much fails that it is not the orders' fault, such as all of them.
    """
    found: list[Order | Unreadable | Missing | Unread] = []
    parts, attempts, failed = [id_range], ATTEMPTS, 0
    while parts:
        part = parts.pop()
        try:
            found += with_retries(partial(run.bigcommerce.get_range, part), attempts=attempts)
        except PausedError:
            raise
        except TransientError as error:
            failed, attempts = failed + 1, AGAIN
            is_last = len(part.ids) == 1 and not parts
            if failed > MOST_FAILED or (
                is_last and len(id_range.ids) > 1 and all(isinstance(one, Unread) for one in found)
            ):
                raise
            if len(part.ids) == 1:
                found.append(Unread(part.ids[0], error.message))
            else:
                middle = len(part.ids) // 2
                parts += [IdRange(part.ids[middle:]), IdRange(part.ids[:middle])]
    return found


def read_details(
    run: Run, order_ids: Sequence[str], read: Callable[[str], list[T]], what: str
) -> dict[str, list[T]]:
    """What belongs to each order, a request an order; one whose rows break the model is refused.

    An order of which it cannot be read right now leaves the batch and is tried again later.
    """
    parts = run_each([(read_few, part, read) for part in in_parts(order_ids, TOGETHER)])
    found: dict[str, list[T]] = {}
    broken: list[Unreadable] = []
    later: dict[str, str] = {}
    for part in parts:
        for order_id, rows in part.items():
            if isinstance(rows, RejectedError):
                broken.append(Unreadable(order_id, what, rows.message))
            elif isinstance(rows, TransientError):
                later[order_id] = rows.message
            else:
                found[order_id] = rows
    if broken:
        refuse_unreadable(run, ((one.order_id, one) for one in broken), "order")
    run.postpone(later)
    return found


@step("read-details", RETRIED)
def read_few(
    order_ids: Sequence[str], read: Callable[[str], T]
) -> dict[str, T | RejectedError | TransientError]:
    """What belongs to a few orders, or why it cannot be read of one of them.

    Raises: PausedError where the fault is no record's but that of a part of the system.
    """
    found: dict[str, T | RejectedError | TransientError] = {}
    for order_id in order_ids:
        try:
            found[order_id] = with_retries(partial(read, order_id))
        except PausedError:
            raise
        except (RejectedError, TransientError) as error:
            found[order_id] = error
    return found


def importable_statuses(settings: OrderSettings, bundle: Bundle) -> frozenset[int]:
    """Statuses with which an order is imported: by the settings, else by `order_status`.

    A table of an older version has no column for it.
    """
    rows = bundle.tables["order_status"].rows
    listed = [row.value for row in rows if row.more.get("imports")]
    is_older = not any(row.more for row in rows)
    by_table = IMPORTED_BEFORE if is_older else map(int, filter(str.isdecimal, listed))
    return frozenset(settings.importable_statuses or by_table) - {OrderStatus.INCOMPLETE}


def status_of_goods(order: Order) -> OrderStatus:
    """The order's status; one that was refunded in part says by its lines how much has left."""
    status = OrderStatus(order.status_id)
    goods = [line for line in order.lines if line.type == "physical"]
    if status is not OrderStatus.PARTIALLY_REFUNDED or not any(
        line.quantity_shipped for line in goods
    ):
        return status
    is_left = any(one.quantity > one.quantity_shipped + one.quantity_refunded for one in goods)
    return OrderStatus.PARTIALLY_SHIPPED if is_left else OrderStatus.SHIPPED


def sold_units(order: Order) -> dict[str, int]:
    """Units by SKU as compared that an order has taken from the store's stock and not sent."""
    units: Counter[str] = Counter()
    for line in order.lines:
        units[sku_key(line.sku)] += unsent_units(order, line)
    return {sku: count for sku, count in units.items() if sku and count}


def unsent_units(order: Order, line: OrderLine) -> int:
    """Units of a line that the order has taken from the store's stock and not sent."""
    if order.is_deleted or order.status_id in HOLDS_NO_STOCK | WHOLLY_SENT:
        return 0
    return max(0, line.quantity - line.quantity_refunded - line.quantity_shipped)


def time_zone(connections: Connections) -> str:
    """The store's IANA time zone, at most an hour old.

    Raises: TransientError, ConfigError.
    """
    return connections.cache.get(
        "store time zone",
        lambda: with_retries(connections.bigcommerce.get_store).time_zone,
        max_age_s=KEPT_S,
    )

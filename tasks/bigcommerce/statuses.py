"""BigCommerce's order statuses, and what Causeway takes each of them to mean.

Source: fact sheet of Orders V2, status_id 0 to 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


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

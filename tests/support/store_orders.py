"""Orders of the store as shipments see them."""

from __future__ import annotations

from typing import Any

from connectors.bigcommerce.models import Order, OrderLine


def store_order(*lines: OrderLine, order_id: str = "100", **more: Any) -> Order:
    """An order that awaits fulfilment."""
    known = {"id": order_id, "status_id": 11, "is_deleted": False, **more}
    return Order.model_construct(lines=lines, **known)


def store_line(key: str, address_id: str, quantity: int, shipped: int) -> OrderLine:
    """A line of which some units have left."""
    return OrderLine.model_construct(
        id=key, order_address_id=address_id, quantity=quantity, quantity_shipped=shipped
    )

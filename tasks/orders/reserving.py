"""What an order still lacks of its stock, and when to ask for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tasks.orders.plan_models import Reservation
from tasks.orders.states import Actual, ActualOrder

Units = Mapping[str, tuple[str, int]]
"""Product id and units by row reference."""


def wanted_units(
    rows: Iterable[Mapping[str, Any]], stock_tracked: frozenset[str], refunded: Mapping[str, int]
) -> dict[str, tuple[str, int]]:
    """Everything of an order that has stock, less what was refunded before it left."""
    units = {
        row["row_ref"]: (row["product_id"], row["quantity"] - refunded.get(row["row_ref"], 0))
        for row in rows
        if row["product_id"] in stock_tracked
    }
    return {
        ref: (product_id, quantity) for ref, (product_id, quantity) in units.items() if quantity > 0
    }


def shortage(asked: Units, there: ActualOrder) -> dict[str, int]:
    """Units that an order lacks of what is asked for it, by Brightpearl product id."""
    if there.allocation in {"all", "not required"} or not there.knows_noted:
        return {}
    short: dict[str, int] = {}
    for row, (product_id, quantity) in _to_hold(asked, there).items():
        missing = quantity - there.reserved.get(there.row_ids.get(row, ""), 0)
        if missing > 0:
            short[product_id] = short.get(product_id, 0) + missing
    return short


def reservation(
    asked: Reservation, there: ActualOrder | None, actual: Actual
) -> Reservation | None:
    """Stock to reserve; nothing where it is all reserved, gone out, or none has come in since."""
    if not asked.units:
        return None
    if there is None:
        return asked
    short = shortage(asked.units, there)
    if not any(actual.on_hand.get((asked.warehouse_id, product), 0) > 0 for product in short):
        return None
    replaces = there.allocation == "part" and bool(there.reserved)
    return replace(asked, units=_to_hold(asked.units, there), replaces=replaces)


def _to_hold(asked: Units, there: ActualOrder) -> dict[str, tuple[str, int]]:
    """What is asked for, less what goods notes speak for already and what back orders stand for.

    What a back order holds is its own matter: it was made because the stock was not there.
    """
    noted = there.noted or {}
    units = {
        row: (
            product_id,
            quantity - noted.get(there.row_ids.get(row, ""), 0) - there.moved.get(row, 0),
        )
        for row, (product_id, quantity) in asked.items()
    }
    return {row: (product_id, left) for row, (product_id, left) in units.items() if left > 0}

"""One order as it should be in Brightpearl, and as the store has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.frames import records
from tasks.orders.desired import Desired
from tasks.orders.plan_models import NewSalesOrder, Reservation
from tasks.orders.reserving import wanted_units

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One order as it should be, and as the store has it."""

    header: Record
    rows: tuple[Record, ...]
    payments: tuple[Record, ...]
    store: Record
    units: Mapping[str, tuple[str, int]]
    """Product id and units by row reference, of what has stock and was not refunded."""
    address_ids: Mapping[str, str]
    """BigCommerce's order_address_id by line."""

    @property
    def order_id(self) -> str:
        """BigCommerce's."""
        return str(self.header["order_id"])

    @property
    def ref(self) -> str:
        """Under which Brightpearl keeps it."""
        return str(self.header["external_ref"])

    def new(self) -> NewSalesOrder:
        """The whole order, as it is created."""
        header = self.header
        return NewSalesOrder(self.order_id, self.ref, header["email_key"], header, self.rows)

    def asked(self) -> Reservation:
        """Everything of the order that has stock, as one reservation."""
        return Reservation(self.order_id, self.ref, self.header["warehouse_id"], self.units)

    def told(self) -> dict[str, str]:
        """What the store says of the order now, of all that it is ever told."""
        store = self.store
        return {"status_id": store["status_id"], "external_order_id": store["external_order_id"]}


def wanted_orders(desired: Desired) -> Iterable[Wanted]:
    """The orders of a batch, each with everything of its own."""
    rows, payments = by_order(desired.rows), by_order(desired.payments)
    stores = {row["order_id"]: row for row in records(desired.orders)}
    lines = by_order(desired.lines)
    for header in records(desired.sales_orders):
        order_id = header["order_id"]
        own = tuple(rows.get(order_id, []))
        yield Wanted(
            header,
            own,
            tuple(payments.get(order_id, [])),
            stores[order_id],
            wanted_units(
                own,
                desired.stock_tracked,
                {line["line_id"]: line["qty_refunded"] for line in lines.get(order_id, [])},
            ),
            {line["line_id"]: line["address_id"] for line in lines.get(order_id, [])},
        )


def by_order(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Records by order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(rows):
        found.setdefault(row["order_id"], []).append(row)
    return found

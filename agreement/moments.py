"""When an order was paid in the store, and when it was complete in the account. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agreement.money import gross_of, is_equal, received
from agreement.records import OrderRecords, State, read_orders
from agreement.stock import has_stock, units_of

PERCENT = 100
RECEIVED = {"purchase", "capture", "settled"}
"""Events of the store's transactions by which money comes in."""


def paid_at(order: State) -> datetime:
    """When the last of an order's money came in, or it was placed."""
    rows = [row for row in order["transactions"] if row["status"] == "ok"]
    moments = [row["created_at"] for row in rows if row["event"] in RECEIVED]
    return max(datetime.fromisoformat(moment) for moment in [order["created_at"], *moments])


def imported_at(records: OrderRecords) -> datetime | None:
    """When the last of sales order and receipts was written; None while there is no sales order."""
    sale = records.sale
    if sale is None:
        return None
    receipts = [one for one in records.payments if one["order_id"] == sale["id"]]
    moments = [sale["created_on"], *(one["created_on"] for one in receipts)]
    return max(datetime.fromisoformat(moment) for moment in moments)


def complete_at(
    store: State, account: State, is_stocked: Callable[[State], bool] | None = None
) -> dict[str, datetime]:
    """When sales orders that are paid and wholly reserved became so, by the store's order id.

    A reservation has no moment of its own: it touches the order. So this is asked of orders to
    which nothing has happened since. In: the orders of the store; of the account its orders,
    payments and reservations, and its products unless `is_stocked` says which rows have stock.
    """
    found: dict[str, datetime] = {}
    for key, records in read_orders(store, account).items():
        sale = records.sale
        if sale is None or not sale["updated_on"]:
            continue
        rows = sale["rows"].values()
        units = sum(
            units_of(row)
            for row in rows
            if (is_stocked(row) if is_stocked else has_stock(account, row))
        )
        reservation = account["reservations"].get(str(sale["id"]), {"rows": {}})
        reserved = sum(int(count) for _, count in reservation["rows"].values())
        imported = imported_at(records)
        if imported and reserved == units and is_equal(received(records), gross_of([sale])):
            found[key] = max(imported, datetime.fromisoformat(sale["updated_on"]))
    return found


def percentile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that at least `part` of the sorted values do not exceed; None of none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * int(part * PERCENT) // PERCENT))
    return values[min(rank, len(values)) - 1]

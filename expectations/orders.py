"""The suites of the order sync by name: each judges the frame it is called after.

An expectation costs milliseconds per batch, so a suite asks only what would do harm unseen.
"""

from __future__ import annotations

from expectations.incoming import order_lines_in, orders_in, transactions_in
from expectations.outgoing import (
    contacts_out,
    payments_out,
    sales_order_rows_out,
    sales_orders_out,
)

__all__ = [
    "SUITES",
    "contacts_out",
    "order_lines_in",
    "orders_in",
    "payments_out",
    "sales_order_rows_out",
    "sales_orders_out",
    "transactions_in",
]

SUITES = {
    suite.name: suite
    for suite in (
        orders_in,
        order_lines_in,
        transactions_in,
        sales_orders_out,
        sales_order_rows_out,
        payments_out,
        contacts_out,
    )
}

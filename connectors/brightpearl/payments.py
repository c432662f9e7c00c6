"""Customer payments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.api import Api
from connectors.brightpearl.reads import chunks, id_set

SEARCH = "/accounting-service/customer-payment-search"


class Payments(Api):
    """What customers paid. There is no GET by id: everything is a search."""

    def list_payments(self, order_ids: Iterable[str]) -> Iterator[PaymentRow]:
        """Customer payments of these orders, 200 orders to a question."""
        for part in chunks(order_ids):
            wanted = set(part)
            rows = self._search(SEARCH, PaymentRow, orderId=id_set(part))
            yield from (row for row in rows if row.order_id in wanted)

    def find_payments(self, transaction_ref: str) -> list[PaymentRow]:
        """Customer payments that carry exactly this reference."""
        rows = self._search(SEARCH, PaymentRow, transactionRef=transaction_ref)
        return [row for row in rows if row.transaction_ref == transaction_ref]

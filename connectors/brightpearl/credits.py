"""Sales credits: what returns and refunds are in Brightpearl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from connectors.brightpearl.models import OrderRef, SalesCredit, Unreadable
from connectors.brightpearl.order_reads import SALES_CREDITS, OrderReads


class Credits(OrderReads):
    """The sales credits of an account."""

    def get_sales_credits(self, ids: Iterable[str]) -> list[SalesCredit | Unreadable]:
        """Sales credits by id, 200 to a request; one that is gone is simply not among them."""
        return self._whole("sales-credit", SalesCredit, ids)

    def find_sales_credits(self, external_ref: str) -> list[OrderRef]:
        """Sales credits that carry exactly this reference; the list is compared, not trusted."""
        rows = self._refs(SALES_CREDITS, externalRef=external_ref)
        return [row for row in rows if row.external_ref == external_ref]

    def list_credit_refs(
        self,
        *,
        parent_ids: Iterable[str] | None = None,
        updated_since: datetime | None = None,
    ) -> Iterator[OrderRef]:
        """Credits of these sales orders, or new or changed since; both narrow each other.

        500 to a request, 200 parents to one. The caller's time overlaps what it has seen already.
        """
        yield from self._related(SALES_CREDITS, parent_ids, updated_since)

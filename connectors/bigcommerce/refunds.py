"""Refunds of orders: read in batches, quoted, created. Source: API, payment actions V3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connectors.bigcommerce.api import Api, of_order, url_parts
from connectors.bigcommerce.models import Unreadable
from connectors.bigcommerce.refund_models import (
    Refund,
    RefundItemCreate,
    RefundPaymentCreate,
    RefundQuote,
)
from connectors.documents import broken_field
from core.times import to_iso

ALL = "/v3/orders/payment_actions/refunds"


class Refunds(Api):
    """Money given back. Refunds of one order must be created one after the other."""

    def list_refunds(
        self, *, order_ids: Iterable[str] | None = None, created_from: datetime | None = None
    ) -> Iterator[Refund | Unreadable]:
        """Refunds of these orders, or those created since, in the order of their ids.

        250 to a request, and as many orders to one as its URL holds. Both filters narrow each
        other; without any, every refund of the store comes.
        """
        asked: dict[str, Any] = {"created:min": to_iso(created_from)} if created_from else {}
        if order_ids is None:
            for _, row in self._all_data(ALL, **asked):
                yield _refund(row)
            return
        ids = sorted({str(int(one)) for one in order_ids}, key=int)
        for part in url_parts(ids):
            wanted = set(part)
            for _, row in self._all_data(ALL, query=f"order_id:in={','.join(part)}", **asked):
                refund = _refund(row)
                if refund.order_id in wanted or not refund.order_id:
                    yield refund

    def get_refund(self, refund_id: str) -> Refund:
        """One refund, as it is now.

        Raises: NotFoundError; RejectedError when it breaks the model.
        """
        answer = self._send("GET", f"{ALL}/{refund_id}")
        row = self._field(answer, "data")
        return of_order(Refund, _order_id(row), row)

    def quote_refund(self, order_id: str, items: Sequence[RefundItemCreate]) -> RefundQuote:
        """What these items would give back, and by which payments. Changes nothing: repeatable.

        Raises: RejectedError, for example for more than is left to refund, or when the quote
        breaks the model.
        """
        path = f"/v3/orders/{order_id}/payment_actions/refund_quotes"
        body = {"items": [item.wire() for item in items]}
        answer = self._send("POST", path, content=body)
        return of_order(RefundQuote, order_id, self._field(answer, "data"))

    def create_refund(
        self,
        order_id: str,
        items: Sequence[RefundItemCreate],
        payments: Sequence[RefundPaymentCreate],
        reason: str = "",
    ) -> Refund:
        """Give money back by the payments of a quote; each item without a reason gets this one.

        Not repeatable, and BigCommerce knows no key against doubling: after a lost answer list
        the order's refunds first, and find it by its reason.

        Raises: OutcomeUnknownError; RejectedError, for example when the amounts differ from the
        quote.
        """
        shared = {"reason": reason} if reason else {}
        body = {
            "items": [{**shared, **item.wire()} for item in items],
            "payments": [payment.wire() for payment in payments],
        }
        path = f"/v3/orders/{order_id}/payment_actions/refunds"
        answer = self._send("POST", path, content=body)
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        return self._one(Refund, answer, data)


def _refund(row: dict[str, Any]) -> Refund | Unreadable:
    try:
        return Refund.model_validate(row)
    except ValidationError as error:
        refund_id = str(row.get("id", "")) if isinstance(row, dict) else ""
        return Unreadable(_order_id(row), *broken_field(error), record_id=refund_id)


def _order_id(row: object) -> str:
    return str(row.get("order_id", "")) if isinstance(row, dict) else ""

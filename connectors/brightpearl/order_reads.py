"""How orders and credits are read: whole ones by id, rows of a search by what they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.brightpearl.api import Api, new_or_changed
from connectors.brightpearl.idsets import chunks, id_set
from connectors.brightpearl.models import OrderRef, SalesOrder, Unreadable
from connectors.documents import broken_field

SALES_ORDERS = 1
SALES_CREDITS = 3
"""Order types; an order search finds all four unless told."""
S = TypeVar("S", bound=SalesOrder)


class OrderReads(Api):
    """What sales orders and sales credits are both read by."""

    def _whole(self, resource: str, model: type[S], ids: Iterable[str]) -> list[S | Unreadable]:
        """Orders by id, 200 to a request; one that is gone is simply not among them."""
        found: list[S | Unreadable] = []
        for part in chunks(ids):
            answer = self._get(f"/order-service/{resource}/{id_set(part)}")
            if answer.status == HTTPStatus.MULTI_STATUS and "response" not in (answer.body or {}):
                continue
            found.extend(_order(model, row) for row in self._listed(answer))
        return found

    def _refs(self, type_id: int, **filters: Any) -> Iterator[OrderRef]:  # noqa: ANN401
        """Rows of one order type, 500 to a request."""
        path = "/order-service/order-search"
        for row in self._search(path, OrderRef, orderTypeId=type_id, **filters):
            if row.order_type_id in {"", str(type_id)}:
                yield row

    def _related(
        self, type_id: int, parent_ids: Iterable[str] | None, since: datetime | None
    ) -> Iterator[OrderRef]:
        """Each once: those of these parents, and new or changed since; None does not narrow."""
        for parents in [None] if parent_ids is None else chunks(parent_ids):
            of_parents = {"parentOrderId": id_set(parents)} if parents else {}
            seen: set[str] = set()
            for changes in new_or_changed(since):
                for row in self._refs(type_id, **of_parents, **changes):
                    if row.order_id in seen or (parents and row.parent_id not in parents):
                        continue
                    seen.add(row.order_id)
                    yield row


def _order(model: type[S], row: object) -> S | Unreadable:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        order_id = str(row.get("id", "")) if isinstance(row, dict) else ""
        return Unreadable(order_id, *broken_field(error))

"""Sales orders, sales credits, and what orders hold of the stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.brightpearl.api import Api, chunks, id_set, new_or_changed, period
from connectors.brightpearl.models import OrderNote, OrderRef, SalesCredit, SalesOrder, Unreadable
from connectors.brightpearl.stock_models import Reservation
from connectors.documents import broken_field
from core.errors import NotFoundError

SALES_ORDERS = 1
SALES_CREDITS = 3
"""Order types; an order search finds all four unless one is asked for."""
S = TypeVar("S", bound=SalesOrder)


class OrderReads(Api):
    """What sales orders and sales credits are both read by."""

    def _whole(self, resource: str, model: type[S], ids: Iterable[str]) -> list[S | Unreadable]:
        """Orders by id, 200 to a request; one that is gone is simply not among them."""

        def read(part: Sequence[str]) -> list[S | Unreadable]:
            answer = self._send("GET", f"/order-service/{resource}/{id_set(part)}")
            if answer.status == HTTPStatus.MULTI_STATUS and "response" not in (answer.body or {}):
                return []
            return [_order(model, row) for row in self._field(answer, "response", list)]

        return list(self._together(ids, read))

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

    def list_documents_of(self, contact_ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """Sales orders and credits of these contacts, as sent: for the person themselves."""
        kinds = ((SALES_ORDERS, "sales-order"), (SALES_CREDITS, "sales-credit"))
        for contact_id in dict.fromkeys(contact_ids):
            for type_id, resource in kinds:
                rows = self._refs(type_id, contactId=int(contact_id))
                ids = [row.order_id for row in rows if row.contact_id == contact_id]
                for part in chunks(ids):
                    answer = self._send("GET", f"/order-service/{resource}/{id_set(part)}")
                    for row in self._field(answer, "response", list):
                        yield {"resource": resource, **row}


def _order(model: type[S], document: Any) -> S | Unreadable:  # noqa: ANN401 - their JSON
    try:
        return model.model_validate(document)
    except ValidationError as error:
        order_id = str(document.get("id", "")) if isinstance(document, dict) else ""
        return Unreadable(order_id, *broken_field(error))


class Orders(OrderReads):
    """The sales orders of an account."""

    def get_sales_orders(self, ids: Iterable[str]) -> list[SalesOrder | Unreadable]:
        """Sales orders by id, 200 to a request; one that is gone is simply not among them."""
        return self._whole("sales-order", SalesOrder, ids)

    def find_sales_orders(self, external_ref: str) -> list[OrderRef]:
        """Sales orders that carry exactly this reference; the list is compared, not trusted."""
        rows = self._refs(SALES_ORDERS, externalRef=external_ref)
        return [row for row in rows if row.external_ref == external_ref]

    def list_order_refs(
        self,
        placed_from: datetime,
        placed_to: datetime,
        instance_id: int,
    ) -> Iterator[OrderRef]:
        """Sales orders of one integration that were placed in this time.

        500 to a request. `instance_id` is compared in every row.
        """
        rows = self._refs(
            SALES_ORDERS,
            installedIntegrationInstanceId=instance_id,
            placedOn=period(placed_from, placed_to),
        )
        for row in rows:
            if row.instance_id == str(instance_id):
                yield row

    def list_child_refs(self, parent_ids: Iterable[str]) -> Iterator[OrderRef]:
        """Sales orders made out of these, such as back orders; 200 parents to a request."""
        yield from self._related(SALES_ORDERS, parent_ids, None)

    def list_changed_refs(self, since: datetime) -> Iterator[OrderRef]:
        """Sales orders of all origins that are new or changed since, each once.

        Two searches, 500 to a request: what was never changed has no time of change. The caller's
        time overlaps what it has seen already.
        """
        yield from self._related(SALES_ORDERS, None, since)

    def list_order_notes(self, order_id: str) -> Iterator[OrderNote]:
        """The notes of an order."""
        yield from self._search(
            "/order-service/order-note-search", OrderNote, orderId=int(order_id)
        )

    def get_reservation(self, order_id: str) -> Reservation | None:
        """What is reserved for an order; None when nothing is (they answer 404)."""
        try:
            answer = self._send("GET", f"/warehouse-service/order/{order_id}/reservation")
        except NotFoundError:
            return None
        rows = self._field(answer, "response", list)
        return self._one(Reservation, answer, rows[0]) if rows else None


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

"""Shipments of orders. Source: REST Management API, Orders V2."""

from __future__ import annotations

from typing import Any

from connectors.bigcommerce.api import Api, of_order
from connectors.bigcommerce.shipment_models import Shipment, ShipmentChange, ShipmentCreate


class Shipments(Api):
    """What left for the shopper."""

    def list_shipments(self, order_id: str) -> list[Shipment]:
        """All shipments of an order; none is an empty list (they answer 204).

        Raises: NotFoundError for an order that does not exist; RejectedError when a row breaks the
        model.
        """
        rows = self._all_rows(f"/v2/orders/{order_id}/shipments")
        return [of_order(Shipment, order_id, row) for row in rows]

    def create_shipment(self, order_id: str, shipment: ShipmentCreate) -> Shipment:
        """Ship: the shopper may be mailed, and the order's status may move by itself.

        BigCommerce knows no key against doubling: after a lost answer list the shipments first,
        and compare tracking number and units.

        Raises: OutcomeUnknownError; RejectedError, for example for more units than are left.
        """
        path = f"/v2/orders/{order_id}/shipments"
        answer = self._send("POST", path, content=shipment.wire())
        return self._one(Shipment, answer, answer.body)

    def update_shipment(self, order_id: str, shipment_id: str, **fields: Any) -> Shipment:  # noqa: ANN401
        """Change fields of `ShipmentChange`, harmless to repeat; no e-mail is sent.

        Raises: NotFoundError; ValueError for nothing to change, or what cannot be.
        """
        body = ShipmentChange(**fields).wire()
        if not body:
            raise ValueError("a shipment is not changed with nothing")
        path = f"/v2/orders/{order_id}/shipments/{shipment_id}"
        answer = self._send("PUT", path, content=body)
        return self._one(Shipment, answer, answer.body)

    def delete_shipment(self, order_id: str, shipment_id: str) -> None:
        """Take a shipment back. The order keeps the status that the shipment gave it.

        Raises: NotFoundError when it is gone already.
        """
        path = f"/v2/orders/{order_id}/shipments/{shipment_id}"
        self._send("DELETE", path)

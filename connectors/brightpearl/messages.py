"""Every write to an account, as a message; who sends it chooses with which others.

Addresses of an order are changed by no documented call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import Field, ValidationError

from connectors.brightpearl.account_models import ContactCreate, PaymentCreate, PostalAddress
from connectors.brightpearl.answers import refusal
from connectors.brightpearl.api import MOST, id_set
from connectors.brightpearl.goods_note_models import GoodsInCreate
from connectors.brightpearl.models import RowAdd, RowUpdate, SalesOrderCreate
from connectors.brightpearl.multi_message import Message, first_id, keyed_id, new_id, nothing
from connectors.brightpearl.stock_models import ReservedProduct, StockCorrection
from connectors.documents import Document
from core.errors import CausewayError, OutcomeUnknownError, RejectedError


def create_sales_order(label: str, order: SalesOrderCreate) -> Message:
    """Answers the id, new or of the same external reference; None where they do not say it."""
    return Message(label, "POST", "/order-service/sales-order", order.wire(), read=keyed_id)


def create_sales_credit(label: str, credit: SalesOrderCreate) -> Message:
    """Answers the id, new or of the same external reference; None where they do not say it."""
    return Message(label, "POST", "/order-service/sales-credit", credit.wire(), read=keyed_id)


def set_status(label: str, order_id: str, status_id: int, note: str = "") -> Message:
    """Set the status of an order or credit, with a note that staff see and the customer does not.

    This alone releases, cancels or invoices nothing.
    """
    uri = f"/order-service/order/{order_id}/status"
    order_note = {"orderNote": {"text": note, "isPublic": False}} if note else {}
    return Message(label, "PUT", uri, {"orderStatusId": status_id, **order_note})


def add_note(label: str, order_id: str, text: str) -> Message:
    """A note that staff see and the customer does not."""
    uri = f"/order-service/order/{order_id}/note"
    return Message(label, "POST", uri, {"text": text, "isPublic": False})


def close_credit(label: str, credit_id: str) -> Message:
    """Invoice a sales credit: it begins now and ends later."""
    return Message(label, "POST", f"/order-service/sales-credit/{credit_id}/close", {})


class RowsWritten(Document):
    """What became of each row, by its id."""

    statuses: Mapping[str, int] = Field(alias="resourceStatuses")
    errors: Mapping[str, Any] = Field(default={}, alias="resourceErrors")


def update_rows(label: str, order_id: str, rows: Sequence[RowUpdate]) -> Message:
    """Set several rows of a sales order at once, harmless to repeat.

    Its outcome is a RejectedError that names the rows refused; the others are written then.

    Raises: ValueError for no row, or more than 200.
    """
    if not 0 < len(rows) <= MOST:
        raise ValueError(f"1 to {MOST} rows are updated at once, not {len(rows)}")
    ids = [str(row.id) for row in rows]
    return Message(
        label,
        "PUT",
        f"/order-service/sales-order/{order_id}/row/{id_set(ids)}",
        [row.wire() for row in rows],
        read=lambda response: rows_written(order_id, ids, response),
    )


def add_row(label: str, order_id: str, row: RowAdd) -> Message:
    """Add a row to an order or credit; answers its id. Nothing prevents adding it twice."""
    return Message(label, "POST", f"/order-service/order/{order_id}/row", row.wire(), read=new_id)


def delete_row(label: str, order_id: str, row_id: str) -> Message:
    """Take a row off an order, and a bundle's components with it."""
    return Message(label, "DELETE", f"/order-service/order/{order_id}/row/{row_id}", None)


def patch_order(label: str, order_id: str, *, shipping_method_id: int) -> Message:
    """Change an order's shipping method; method 0 takes it away. It must be sent alone."""
    path = "/delivery/shippingMethodId"
    change = (
        {"op": "replace", "path": path, "value": shipping_method_id}
        if shipping_method_id
        else {"op": "remove", "path": path}
    )
    uri = f"/order-service/order/{order_id}"
    return Message(label, "PATCH", uri, [change], alone=True, read=nothing)


def rows_written(order_id: str, row_ids: Sequence[str], response: object) -> CausewayError | None:
    """None when all rows were written, else why some were not."""
    try:
        answered = RowsWritten.model_validate(response)
        statuses = {row_id: answered.statuses[row_id] for row_id in row_ids}
    except (ValidationError, KeyError):
        return OutcomeUnknownError(
            f"Brightpearl answered rows of order {order_id} without a status for each."
        )
    refused = [
        refusal(
            f"Brightpearl answered row {row_id} of order {order_id} with {status}",
            status,
            {"errors": answered.errors.get(row_id)},
            is_write=True,
        )
        for row_id, status in statuses.items()
        if not httpx.codes.is_success(status)
    ]
    final = [error for error in refused if isinstance(error, RejectedError)]
    if not final:
        return refused[0] if refused else None
    reasons = " ".join(error.message for error in final)
    return RejectedError(
        f"{reasons} The rows not named were written.", status=final[0].status, code=final[0].code
    )


def reserve(
    label: str, order_id: str, warehouse_id: str, products: Sequence[ReservedProduct]
) -> Message:
    """Reserve stock for an order without a reservation; maybe only part of it, without a sign."""
    uri = f"/warehouse-service/order/{order_id}/reservation/warehouse/{warehouse_id}"
    return Message(label, "POST", uri, {"products": [product.wire() for product in products]})


def set_reservation(label: str, order_id: str, products: Sequence[ReservedProduct]) -> Message:
    """Set the units of these rows in a reservation that exists; other rows keep theirs."""
    uri = f"/warehouse-service/order/{order_id}/reservation"
    return Message(label, "PUT", uri, {"products": [product.wire() for product in products]})


def release_reservation(label: str, order_id: str) -> Message:
    """Give back all that an order holds; refused (404) when it holds nothing.

    Source: the method is listed, its form is our reading.
    """
    return Message(label, "DELETE", f"/warehouse-service/order/{order_id}/reservation", None)


def correct_stock(
    label: str, warehouse_id: str, corrections: Sequence[StockCorrection], reason: str
) -> Message:
    """Change the stock of a warehouse by differences; answers the ids of the movements.

    Nothing prevents it from counting twice: after a lost answer, read the stock first.

    Raises: ValueError for no correction.
    """
    if not corrections:
        raise ValueError("stock is not corrected by nothing")
    uri = f"/warehouse-service/warehouse/{warehouse_id}/stock-correction"
    listed = [{**correction.wire(), "reason": reason} for correction in corrections]
    return Message(label, "POST", uri, {"corrections": listed}, read=_ids)


def _ids(response: Any) -> Any:  # noqa: ANN401 - their JSON
    if not isinstance(response, list) or not response:
        return OutcomeUnknownError("Brightpearl answered a stock correction with no list of ids.")
    return tuple(str(one) for one in response)


def delete_goods_out(label: str, order_id: str, note_id: str) -> Message:
    """Take back a note that has not left; refused once it is shipped."""
    uri = f"/warehouse-service/order/{order_id}/goods-note/goods-out/{note_id}"
    return Message(label, "DELETE", uri, None)


def create_goods_in(label: str, credit_id: str, note: GoodsInCreate) -> Message:
    """Take goods of a sales credit back into stock; answers the (first) id.

    A batch reference that another note has is refused.
    """
    uri = f"/warehouse-service/order/{credit_id}/goods-note/goods-in"
    return Message(label, "POST", uri, note.wire(), read=first_id)


def create_payment(label: str, payment: PaymentCreate) -> Message:
    """Answers the new id; a second payment of the same reference and method is refused."""
    return Message(
        label, "POST", "/accounting-service/customer-payment", payment.wire(), read=new_id
    )


def delete_payment(label: str, payment_id: str) -> Message:
    """Take a payment back; payments cannot be edited. Its reference is free again."""
    return Message(label, "DELETE", f"/accounting-service/customer-payment/{payment_id}", None)


def create_address(label: str, address: PostalAddress) -> Message:
    """Answers the new id."""
    return Message(label, "POST", "/contact-service/postal-address", address.wire(), read=new_id)


def create_contact(label: str, contact: ContactCreate) -> Message:
    """Answers the new id. Brightpearl knows no key against doubling a contact."""
    return Message(label, "POST", "/contact-service/contact", contact.wire(), read=new_id)

"""Every write to an account, as a message; who sends it chooses with which others.

Alone a message is a direct request, together they are one multi-message. Addresses of an order are
changed by no documented call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import Field, ValidationError

from connectors.brightpearl.account_models import ContactCreate, PaymentCreate, PostalAddress
from connectors.brightpearl.api import MOST, Api, id_set, is_throttled, refusal
from connectors.brightpearl.goods_note_models import GoodsInCreate
from connectors.brightpearl.models import RowAdd, RowUpdate, SalesOrderCreate
from connectors.brightpearl.stock_models import ReservedProduct, StockCorrection
from connectors.documents import Document, Text, broken_field
from connectors.http import Answer, unreadable
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError

MOST_MESSAGES = 10
"""Messages that one multi-message takes. Source: observed in public integrations."""
Read = Callable[[Any], Any]
"""Turns the response of a write into its outcome: a value, or a CausewayError."""


def new_id(response: Any, *, is_keyed: bool = False) -> Any:  # noqa: ANN401 - their JSON
    """The id of what was created; without one the outcome is unknown.

    None where it was created under a key of ours: what they answer to a second create of the same
    key is not documented, and it is found by the key.
    """
    if isinstance(response, int | str) and str(response).isdecimal() and int(response) > 0:
        return response
    if is_keyed:
        return None
    return OutcomeUnknownError("Brightpearl answered a create with no id.")


def first_id(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The id of a note; they answer one id, or a list of ids."""
    return new_id(response[0] if isinstance(response, list) and response else response)


def nothing(_response: Any) -> None:  # noqa: ANN401 - their JSON
    """None, where a whole document is answered that is not needed."""


keyed_id = partial(new_id, is_keyed=True)


@dataclass(frozen=True)
class Message:
    """One write; `uri` starts with the service name."""

    label: str
    method: str
    uri: str
    body: Any = field(repr=False)
    alone: bool = False
    """Whether it must not share a multi-message: PATCH is not known to work in one."""
    read: Read | None = field(default=None, repr=False, compare=False)
    """None for writes that are harmless to repeat or need no answer: it is taken as it is."""


class Content(Document):
    """The body of a processed message: a JSON document as text."""

    content: Text = ""


class Processed(Document):
    """One message of a multi-message that was carried out, or refused."""

    status: int = Field(alias="statusCode")
    body: Content | None = None

    @property
    def decoded(self) -> Any:  # noqa: ANN401 - their JSON
        """The body's document; text where it is none, None without a body."""
        text = self.body.content if self.body else ""
        try:
            return json.loads(text, parse_float=Decimal) if text else None
        except ValueError:
            return text


class Messages(Api):
    """The writes of an account."""

    def send(self, messages: Sequence[Message]) -> dict[str, Any | CausewayError]:
        """Carry out 1 to 10 writes in one request; the outcome of each by its label.

        What concerns the request as a whole is raised; what concerns one message is its outcome.

        Raises: TransientError, OutcomeUnknownError, ConfigError, ContractError; ValueError for
        none or more than 10, one that must go alone among others, or a label that comes twice.
        """
        if len(messages) == 1:
            (message,) = messages
            try:
                answer = self._send(message.method, message.uri, content=message.body)
            except RejectedError as refused:
                return {message.label: refused}
            return {message.label: _outcome(message, answer.status, answer.body)}
        if not 1 < len(messages) <= MOST_MESSAGES:
            raise ValueError(f"1 to {MOST_MESSAGES} messages are sent, not {len(messages)}")
        if lonely := [message.label for message in messages if message.alone]:
            raise ValueError(f"the messages {', '.join(lonely)} must each be sent alone")
        if len({message.label for message in messages}) < len(messages):
            raise ValueError("the labels of a multi-message must differ")
        listed = [
            {
                "label": message.label,
                "uri": message.uri,
                "httpMethod": message.method,
                "body": message.body,
            }
            for message in messages
        ]
        content = {"processingMode": "PARALLEL", "onFail": "CONTINUE", "messages": listed}
        return _outcomes(messages, self._send("POST", "/multi-message", content=content))


def _outcomes(messages: Sequence[Message], answer: Answer) -> dict[str, Any | CausewayError]:
    """What became of each message, by label: the value of its `response`, or its error.

    A message was left undone only when they say so: one of which they say nothing may have been
    carried out.

    Raises: OutcomeUnknownError when the answer is not that of a multi-message.
    """
    response = answer.body.get("response") if isinstance(answer.body, dict) else None
    answered = response if isinstance(response, dict) else {}
    processed = answered.get("processedMessages")
    if not isinstance(processed, list):
        raise unreadable(answer, "with no list of processed messages")
    by_label = {str(one.get("label")): one for one in processed if isinstance(one, dict)}
    undone = answered.get("unprocessedMessages")
    labels = {str(label) for label in undone} if isinstance(undone, list) else set()
    found: dict[str, Any | CausewayError] = {}
    for message in messages:
        what = f"Brightpearl answered {message.method} {message.uri}"
        document = by_label.get(message.label)
        if document is None and message.label in labels:
            problem = f"{what} not at all: the message was left unprocessed."
            found[message.label] = TransientError(problem)
            continue
        try:
            one = Processed.model_validate(document)
        except ValidationError as error:
            name, reason = broken_field(error)
            problem = f"{what} with no outcome ({name or 'all of it'}: {reason})."
            found[message.label] = OutcomeUnknownError(problem)
        else:
            found[message.label] = _outcome(message, one.status, one.decoded)
    return found


def _outcome(message: Message, status: int, body: Any) -> Any:  # noqa: ANN401 - their JSON, or an error
    """The value or CausewayError that the answer to one message means.

    An answer that lists errors is none that was answered well, whatever its status.
    """
    what = f"Brightpearl answered {message.method} {message.uri} with {status}"
    if is_throttled(status, body):
        return TransientError(f"{what}: too many requests.")
    if not httpx.codes.is_success(status):
        return refusal(what, status, body, is_write=True)
    fields = body if isinstance(body, dict) else {}
    if fields.get("errors") and "response" not in fields:
        server_error = HTTPStatus.INTERNAL_SERVER_ERROR
        return refusal(f"{what} and errors", server_error, body, is_write=True)
    response = fields.get("response")
    return response if message.read is None else message.read(response)


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


def set_custom_fields(label: str, order_id: str, fields: Mapping[str, str]) -> Message:
    """Set the account's own fields of an order, by code; harmless to repeat. It must go alone."""
    uri = f"/order-service/order/{order_id}/custom-field"
    changes = [{"op": "add", "path": f"/{code}", "value": text} for code, text in fields.items()]
    return Message(label, "PATCH", uri, changes, alone=True, read=nothing)


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


def create_goods_out(
    label: str, order_id: str, warehouse_id: str, products: Sequence[ReservedProduct]
) -> Message:
    """Put units of an order's rows on a note; answers its id. Refused where stock is lacking."""
    uri = f"/warehouse-service/order/{order_id}/goods-note/goods-out"
    units = [product.wire() for product in products]
    entry = {"warehouseId": int(warehouse_id), "transfer": False, "products": units}
    return Message(label, "POST", uri, {"warehouses": [entry], "priority": False}, read=first_id)


def set_note_reference(label: str, note_id: str, reference: str) -> Message:
    """Set the reference of a note that has not left, at most 64 characters."""
    uri = f"/warehouse-service/goods-note/goods-out/{note_id}"
    return Message(label, "PUT", uri, {"priority": False, "shipping": {"reference": reference}})


def ship_goods_out(label: str, note_id: str, owner_id: str, at: datetime) -> Message:
    """Let a note leave; refused for one that has left. The key `occured` is the vendor's."""
    uri = f"/warehouse-service/goods-note/goods-out/{note_id}/event"
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {"eventCode": "SHW", "occured": moment, "eventOwnerId": int(owner_id)}
    return Message(label, "POST", uri, {"events": [event]})


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


def patch_contact(label: str, contact_id: str, fields: Mapping[str, Any]) -> Message:
    """Set fields of a contact by their paths, harmless to repeat; None takes one away.

    Names, e-mails, telephones, newsletter and company are all that can be set. It must go alone.
    """
    changes = [
        {"op": "remove", "path": path}
        if value is None
        else {"op": "replace", "path": path, "value": value}
        for path, value in fields.items()
    ]
    uri = f"/contact-service/contact/{contact_id}"
    return Message(label, "PATCH", uri, changes, alone=True, read=nothing)


def tag_contact(label: str, contact_id: str, tag_id: str, *, is_on: bool) -> Message:
    """Tag a contact, or take the tag off it; harmless to repeat."""
    uri = f"/contact-service/contact/{contact_id}/tag/{tag_id}"
    return Message(label, "POST" if is_on else "DELETE", uri, None, read=nothing)


def replace_address(label: str, address_id: str, address: PostalAddress) -> Message:
    """Replace an entry of the address book, whatever it is used for; harmless to repeat."""
    uri = f"/contact-service/postal-address/{address_id}"
    return Message(label, "PUT", uri, address.wire())


def use_addresses(label: str, contact_id: str, by_use: Mapping[str, str]) -> Message:
    """Give a contact addresses for some uses (DEF, BIL, DEL); harmless to repeat.

    They must belong to no other contact; further contacts of a company have only DEL of their own.
    """
    listed = [{"postalAddressId": int(one), "type": use} for use, one in by_use.items()]
    uri = f"/contact-service/contact/{contact_id}/postal-address"
    return Message(label, "PUT", uri, listed)

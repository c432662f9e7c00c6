"""Changes to orders that exist, as messages. Addresses of an order no documented call changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import Field, ValidationError

from connectors.brightpearl.amendment_models import RowAdd, RowUpdate
from connectors.brightpearl.answers import refusal
from connectors.brightpearl.idsets import MOST, id_set
from connectors.brightpearl.messages import Message, nothing
from connectors.documents import Document
from core.errors import CausewayError, ContractError, RejectedError


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
    return Message(label, "POST", f"/order-service/order/{order_id}/row", row.wire())


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
        told = RowsWritten.model_validate(response)
        statuses = {row_id: told.statuses[row_id] for row_id in row_ids}
    except (ValidationError, KeyError):
        return ContractError(
            f"Brightpearl answered rows of order {order_id} without a status for each."
        )
    refused = [
        refusal(
            f"Brightpearl answered row {row_id} of order {order_id} with {status}",
            status,
            {"errors": told.errors.get(row_id)},
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

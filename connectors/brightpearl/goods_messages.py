"""Writes about goods notes, as messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.brightpearl.goods_models import GoodsInCreate, GoodsOutCreate
from connectors.brightpearl.messages import Message, first_id
from core.times import to_iso


def create_goods_out(label: str, order_id: str, note: GoodsOutCreate) -> Message:
    """Put goods of an order on a note; answers its id. Nothing prevents a second note but units."""
    uri = f"/warehouse-service/order/{order_id}/goods-note/goods-out"
    return Message(label, "POST", uri, note.wire(), read=first_id)


def goods_out_event(  # noqa: PLR0913 - one argument for each fact of an event
    label: str,
    note_id: str,
    codes: Sequence[str],
    *,
    at: datetime,
    owner_id: int,
    version: str = "",
) -> Message:
    """Say what happened to a note: PRI, UPR, PIC, UPI, PAC, UPA, or SHW, which is final.

    With the note's last event version it is refused (412) when something else happened since, and
    must be sent alone.
    """
    events = [
        {"eventCode": code, "occured": to_iso(at), "eventOwnerId": owner_id} for code in codes
    ]
    return Message(
        label,
        "POST",
        f"/warehouse-service/goods-note/goods-out/{note_id}/event",
        {"events": events},
        alone=bool(version),
        headers={"If-Match": version} if version else {},
    )


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

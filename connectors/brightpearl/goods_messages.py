"""Writes about goods notes, as messages."""

from __future__ import annotations

from connectors.brightpearl.goods_models import GoodsInCreate
from connectors.brightpearl.messages import Message, first_id


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

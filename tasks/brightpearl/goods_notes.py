"""Goods notes of Brightpearl as every sync reads them: goods-out and drop-ship notes alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from connectors.brightpearl.client import Brightpearl
from connectors.brightpearl.goods_note_models import DropShipNote, GoodsOutNote
from connectors.brightpearl.models import Unreadable
from core.ids import DROP_SHIP, GOODS_OUT, note_key, note_of
from core.refusals import Refusal, release_remedy
from tasks.policy import with_retries
from tasks.reconciler.cases import refusal_rows

GOODS_NOTES = "goods-notes"
"""Entity of links from notes to orders: a note that is gone can no longer say whose it was."""
LEFT_BEFORE = "Left before the import"
"""Reference of notes that only record what had left: nothing of them goes to the store."""
Note = GoodsOutNote | DropShipNote
Notes = Mapping[str, Note | Unreadable]
"""By key; those that break the model among them."""


def read_notes(brightpearl: Brightpearl, keys: Iterable[str]) -> Notes:
    """The notes of these keys, in the fewest requests; one that is gone is not among them."""
    ids: dict[str, list[str]] = {GOODS_OUT: [], DROP_SHIP: []}
    for key in keys:
        kind, note_id = note_of(key) or ("", "")
        ids.setdefault(kind, []).append(note_id)
    return {
        **_by_key(GOODS_OUT, with_retries(lambda: brightpearl.get_goods_out(ids[GOODS_OUT]))),
        **_by_key(DROP_SHIP, with_retries(lambda: brightpearl.get_drop_ship(ids[DROP_SHIP]))),
    }


def read_notes_of_orders(brightpearl: Brightpearl, order_ids: Sequence[str]) -> Notes:
    """All notes of these sales orders."""
    goods_out = with_retries(lambda: brightpearl.list_goods_out_of_orders(order_ids))
    return {**_by_key(GOODS_OUT, goods_out), **read_drop_ship_notes(brightpearl, order_ids)}


def read_drop_ship_notes(brightpearl: Brightpearl, order_ids: Sequence[str]) -> Notes:
    """The drop-ship notes of these sales orders: no search shows them."""
    drop_ship = with_retries(lambda: brightpearl.list_drop_ship_of_orders(order_ids))
    return _by_key(DROP_SHIP, drop_ship)


def left_before_import(note: Note) -> bool:
    """Whether the note only records goods that had left before the order was imported."""
    return note.reference == LEFT_BEFORE


def key_of(note: Note) -> str:
    """The key that names a note."""
    return note_key(DROP_SHIP if isinstance(note, DropShipNote) else GOODS_OUT, note.id)


def is_of_order(note: Note | Unreadable) -> bool:
    """Whether the note is a sales order's, and no transfer between warehouses."""
    is_transfer = isinstance(note, GoodsOutNote) and note.is_transfer
    return not is_transfer and note.order_id not in {"", "0"}


def unreadable_notes(notes: Notes, order_of: Mapping[str, str]) -> pd.DataFrame:
    """REFUSALS of notes that break the model: of their order, or of the note if nobody knows it.

    In: the store's order by Brightpearl's order id.
    """
    refusals: list[tuple[str, Refusal]] = []
    for key, note in notes.items():
        if isinstance(note, Unreadable):
            owner = order_of.get(note.order_id, key)
            reason = (
                f"the field {note.field} of the goods note {note.record_id} is not what it should "
                f"be: {note.reason}"
            )
            action = "Correct the note in Brightpearl, or enter the shipment in BigCommerce by hand"
            remedy = release_remedy(action, "document", key=owner)
            refusals.append((owner, Refusal("document", note.field, "", reason, remedy)))
    return refusal_rows(refusals)


def _by_key(kind: str, notes: Sequence[Note | Unreadable]) -> dict[str, Note | Unreadable]:
    ids = [note.record_id if isinstance(note, Unreadable) else note.id for note in notes]
    return {note_key(kind, id_): note for id_, note in zip(ids, notes, strict=True)}

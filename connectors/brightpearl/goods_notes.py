"""Goods notes: what leaves, what a supplier sends, what comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.brightpearl.api import MOST, Api, by_id, id_set, period
from connectors.brightpearl.goods_note_models import (
    DropShipNote,
    GoodsInNote,
    GoodsOutNote,
    GoodsOutRow,
)
from connectors.brightpearl.models import Unreadable
from connectors.documents import broken_field
from connectors.http import unreadable
from core.errors import NotFoundError

GOODS_OUT_AT_ONCE = 500
"""Notes, or orders, in one question for goods-out notes; other notes take 200."""
MILLISECOND = timedelta(milliseconds=1)
N = TypeVar("N", GoodsOutNote, DropShipNote, GoodsInNote)


class GoodsNotes(Api):
    """The goods notes of an account."""

    def get_goods_out(self, note_ids: Iterable[str]) -> list[GoodsOutNote | Unreadable]:
        """Goods-out notes by id, 500 to a request; one that is gone is not among them."""
        return self._by_note("goods-out", GoodsOutNote, note_ids, GOODS_OUT_AT_ONCE)

    def list_goods_out_of_orders(self, order_ids: Iterable[str]) -> list[GoodsOutNote | Unreadable]:
        """All goods-out notes of these orders, 500 orders to a request."""
        return self._by_order("goods-out", GoodsOutNote, order_ids, GOODS_OUT_AT_ONCE)

    def list_goods_out(
        self, *, shipped_since: datetime, shipped_to: datetime | None = None
    ) -> Iterator[GoodsOutRow]:
        """Goods-out notes that left in this time, 500 to a request; transfers are among them.

        A note can be found by nothing else that changes: tracking that is added later shows in no
        search.
        """
        rows = self._search(
            "/warehouse-service/goods-note/goods-out-search",
            GoodsOutRow,
            shippedOn=period(shipped_since, shipped_to),
        )
        for row in rows:
            if row.shipped_at is not None and row.shipped_at > shipped_since - MILLISECOND:
                yield row

    def get_drop_ship(self, note_ids: Iterable[str]) -> list[DropShipNote | Unreadable]:
        """Drop-ship notes by id, 200 to a request; one that is gone is not among them."""
        return self._by_note("drop-ship", DropShipNote, note_ids, MOST)

    def list_drop_ship_of_orders(self, order_ids: Iterable[str]) -> list[DropShipNote | Unreadable]:
        """All drop-ship notes of these sales orders, 200 orders to a request."""
        return self._by_order("drop-ship", DropShipNote, order_ids, MOST)

    def list_goods_in(self, order_ids: Iterable[str]) -> list[GoodsInNote | Unreadable]:
        """All goods-in notes of these sales credits, 200 credits to a request."""
        return self._by_order("goods-in", GoodsInNote, order_ids, MOST)

    def _by_note(
        self, kind: str, model: type[N], note_ids: Iterable[str], size: int
    ) -> list[N | Unreadable]:

        def read(part: Sequence[str]) -> list[N | Unreadable]:
            path = f"/warehouse-service/order/*/goods-note/{kind}/{id_set(part)}"
            return self._notes(path, model)

        return list(self._together(note_ids, read, size=size))

    def _by_order(
        self, kind: str, model: type[N], order_ids: Iterable[str], size: int
    ) -> list[N | Unreadable]:

        def read(part: Sequence[str]) -> Iterator[N | Unreadable]:
            path = f"/warehouse-service/order/{id_set(part)}/goods-note/{kind}"
            return _of(part, self._notes(path, model))

        return list(self._together(order_ids, read, size=size))

    def _notes(self, path: str, model: type[N]) -> list[N | Unreadable]:
        """The notes of a map by their ids; none is an empty one, or 404."""
        try:
            answer = self._send("GET", path)
        except NotFoundError:
            return []
        if answer.status == HTTPStatus.MULTI_STATUS and "response" not in (answer.body or {}):
            return []
        notes = self._field(answer, "response") or {}
        if not isinstance(notes, dict):
            raise unreadable(answer, "with no map of notes")
        return [_note(model, note_id, document) for note_id, document in by_id(notes).items()]


def _of(order_ids: Collection[str], notes: list[N | Unreadable]) -> Iterator[N | Unreadable]:
    """The notes of the orders asked for; one whose order cannot be read is kept."""
    wanted = {"", *order_ids}
    return (note for note in notes if note.order_id in wanted)


def _note(model: type[N], note_id: str, document: Any) -> N | Unreadable:  # noqa: ANN401
    fields = document if isinstance(document, dict) else {}
    try:
        return model.model_validate({**fields, "id": note_id})
    except ValidationError as error:
        order_id = str(fields.get("orderId", ""))
        return Unreadable(order_id, *broken_field(error), record_id=note_id)

"""Goods-in notes: stock that comes back on a sales credit (or arrives on a purchase order)."""

from collections import Counter
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, notes_in_path
from sandbox.brightpearl.formats import require_moment, stamp
from sandbox.brightpearl.order_state import received_units, refresh
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.stock import check_location, move
from sandbox.brightpearl.stock_records import GoodsInNote, GoodsMovement
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 200


class UnitCostIn(Incoming):
    """Unit cost in the base currency."""

    currency: str
    value: Decimal


class GoodsMovedIn(Incoming):
    """Units of one row; the row id keeps its purchase name for credits too."""

    product_id: int = Field(gt=0)
    purchase_order_row_id: int = Field(gt=0)
    quantity: int = Field(gt=0)
    destination_location_id: int = Field(gt=0)
    product_value: UnitCostIn


class GoodsInIn(Incoming):
    """Body of a goods-in POST."""

    transfer: bool = False
    warehouse_id: int
    goods_moved: list[GoodsMovedIn] = Field(min_length=1)
    received_on: str | None = None
    user_batch_reference: str | None = None


@routes("POST", "/warehouse-service/order/{id}/goods-note/goods-in")
def create_note(account: Account, call: Call) -> Reply:
    """The id. A batch reference that another note has is refused."""
    order = account.order(call.number("id"))
    return answer(receive(account, order, call.read(GoodsInIn)).id)


def receive(account: Account, order: Order, body: GoodsInIn) -> GoodsInNote:
    """The note, its units in stock (or in quarantine, by their location).

    Raises: Refusal 400 for more than a row has left, or a batch reference that is taken.
    """
    _check(account, order, body)
    received = body.received_on
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for item in body.goods_moved:
        part = (item.product_id, item.quantity, item.destination_location_id)
        rows.setdefault(item.purchase_order_row_id, []).append(part)
    note = GoodsInNote(
        id=account.sequences.next("goods_in"),
        order_id=order.id,
        warehouse_id=body.warehouse_id,
        received_on=require_moment(received, "receivedOn", account.zone)
        if received
        else account.now(),
        created_on=account.now(),
        user_batch_reference=body.user_batch_reference or "",
        rows=rows,
    )
    account.goods_in[note.id] = note
    account.goods_in_by_order[order.id].append(note.id)
    if note.user_batch_reference:
        account.goods_in_by_batch[note.user_batch_reference] = note.id
    for item in body.goods_moved:
        _receive(account, order, note, item)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-in-note", note.id, "created")
    return note


def _check(account: Account, order: Order, body: GoodsInIn) -> None:
    if order.type_code not in {"SC", "PO"}:
        refuse("WHSC-911", f"Order {order.id} receives no goods")
    if body.warehouse_id not in reference.WAREHOUSES:
        refuse("WHSC-907", f"Warehouse {body.warehouse_id} does not exist")
    if body.user_batch_reference in account.goods_in_by_batch:
        refuse("WHSB-912", "The user batch reference is used by another goods-in note")
    received = Counter(received_units(account, order))
    for item in body.goods_moved:
        row = order.rows.get(item.purchase_order_row_id)
        product = account.products.get(item.product_id)
        if row is None or row.product_id != item.product_id:
            refuse(
                "WHSC-904", f"Row {item.purchase_order_row_id} is not for product {item.product_id}"
            )
        if product is None or not product.stock_tracked:
            refuse("WHSC-905", f"Product {item.product_id} is not a stock tracked product")
        check_location(body.warehouse_id, item.destination_location_id)
        received[row.id] += item.quantity
        if received[row.id] > row.quantity:
            refuse("WHSC-913", f"Row {row.id} has fewer units left to receive")


def _receive(account: Account, order: Order, note: GoodsInNote, item: GoodsMovedIn) -> None:
    movement = GoodsMovement(
        id=account.sequences.next("movement"),
        product_id=item.product_id,
        warehouse_id=note.warehouse_id,
        location_id=item.destination_location_id,
        quantity=item.quantity,
        updated_on=account.now(),
        order_id=order.id,
        order_row_id=item.purchase_order_row_id,
        note_id=note.id,
        note_type="GI",
    )
    move(account, movement)


@routes(
    "GET",
    "/warehouse-service/order/{orders}/goods-note/goods-in",
    "/warehouse-service/order/{orders}/goods-note/goods-in/{ids}",
)
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id; 404 for none, 400 for all notes of all orders (both our reading)."""
    listed = notes_in_path(call, account.goods_in, account.goods_in_by_order, READ_LIMIT)
    if not listed:
        not_found("No goods-in note found")
    return answer({str(note.id): _note_document(account, note) for note in listed})


def _note_document(account: Account, note: GoodsInNote) -> dict[str, Any]:
    document: dict[str, Any] = {
        "orderId": note.order_id,
        "warehouseId": note.warehouse_id,
        "transfer": False,
        "receivedOn": stamp(note.received_on, account.zone),
        "createdOn": stamp(note.created_on, account.zone),
        "createdBy": reference.API_USER_ID,
        "orderRows": {
            str(row): [
                {"productId": product, "quantity": units, "locationId": location}
                for product, units, location in parts
            ]
            for row, parts in note.rows.items()
        },
    }
    if note.user_batch_reference:
        document["userBatchReference"] = note.user_batch_reference
    return document

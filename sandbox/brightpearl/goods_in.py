"""Goods-in notes: stock that comes back on a sales credit (or arrives on a purchase order)."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import require_moment, stamp
from sandbox.brightpearl.idset import require_id_set
from sandbox.brightpearl.order_state import received_units, refresh
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Reply, Routes, answer
from sandbox.brightpearl.stock import move
from sandbox.brightpearl.stock_records import GoodsInNote, GoodsMovement

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
    body = call.read(GoodsInIn)
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
    for item in body.goods_moved:
        _receive(account, order, note, item)
    account.touch(order)
    refresh(account, order)
    account.emit("goods-in-note", note.id, "created")
    return answer(note.id)


def _check(account: Account, order: Order, body: GoodsInIn) -> None:
    if order.type_code not in {"SC", "PO"}:
        refuse("WHSC-911", f"Order {order.id} receives no goods")
    if body.warehouse_id not in reference.WAREHOUSES:
        refuse("WHSC-907", f"Warehouse {body.warehouse_id} does not exist")
    batch = body.user_batch_reference
    if batch and any(note.user_batch_reference == batch for note in account.goods_in.values()):
        refuse("WHSB-912", "The user batch reference is used by another goods-in note")
    received = received_units(account, order)
    for item in body.goods_moved:
        row = order.rows.get(item.purchase_order_row_id)
        product = account.products.get(item.product_id)
        if row is None or row.product_id != item.product_id:
            refuse(
                "WHSC-904", f"Row {item.purchase_order_row_id} is not for product {item.product_id}"
            )
        if product is None or not product.stock_tracked:
            refuse("WHSC-905", f"Product {item.product_id} is not a stock tracked product")
        if item.quantity > row.quantity - received.get(row.id, 0):
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


@routes("GET", "/warehouse-service/order/{orders}/goods-note/goods-in/{ids}")
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id; 404 when nothing is found (our reading)."""
    ids = call.id_set(limit=READ_LIMIT).among(account.goods_in, account.goods_in)
    listed = [account.goods_in[number] for number in ids]
    if call.params["orders"] != "*":
        orders = require_id_set(call.params["orders"], READ_LIMIT)
        listed = [note for note in listed if note.order_id in orders]
    if not listed:
        not_found("No goods-in note found")
    return answer({str(note.id): _document(account, note) for note in listed})


def _document(account: Account, note: GoodsInNote) -> dict[str, Any]:
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

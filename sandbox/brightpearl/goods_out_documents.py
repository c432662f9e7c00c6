"""Reading goods-out notes."""

from typing import Any

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import plain, stamp
from sandbox.brightpearl.note_choice import chosen_notes
from sandbox.brightpearl.routing import Call, Routes, answer
from sandbox.brightpearl.stock_records import GoodsOutNote
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 500


@routes(
    "GET",
    "/warehouse-service/order/{orders}/goods-note/goods-out",
    "/warehouse-service/order/{orders}/goods-note/goods-out/{ids}",
)
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id, for a set of orders (or `*`) and of notes."""
    if call.params["orders"] == "*" and "ids" not in call.params:
        listed = list(account.goods_out.values())
    else:
        listed = chosen_notes(call, account.goods_out, account.goods_out_by_order, READ_LIMIT)
    return answer({str(note.id): _document(account, note) for note in listed})


def _document(account: Account, note: GoodsOutNote) -> dict[str, Any]:
    status: dict[str, Any] = {}
    for stage in ("shipped", "packed", "picked", "printed"):
        status[stage] = stage in note.stages
        if stage in note.stages:
            moment, owner = note.stages[stage]
            status[f"{stage}On"] = stamp(moment, account.zone)
            status[f"{stage}ById"] = owner
    return {
        "orderId": 0 if note.transfer else note.order_id,
        "warehouseId": note.warehouse_id,
        "transfer": note.transfer,
        "priority": note.priority,
        "status": status,
        "shipping": {
            "reference": note.reference,
            "shippingMethodId": note.shipping_method_id,
            "boxes": note.boxes,
            "weight": plain(note.weight),
        },
        "releaseDate": stamp(note.release_date, account.zone),
        "createdOn": stamp(note.created_on, account.zone),
        "createdBy": note.created_by,
        "orderRows": {
            str(row): [
                {"productId": product, "quantity": units, "locationId": location}
                for product, units, location in parts
            ]
            for row, parts in note.rows.items()
        },
        "sequence": note.sequence,
        "events": [
            {"occured": stamp(moment, account.zone), "eventOwnerId": owner, "eventCode": code}
            for moment, owner, code in note.events
        ],
        "labelUri": note.label_uri,
        "lastEventVersion": note.event_version,
    }

"""Reading drop-ship notes. `shipping`, `createdOn` and `lastEventVersion` are our reading."""

from typing import Any

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.note_choice import chosen_notes
from sandbox.brightpearl.routing import Call, Routes, answer
from sandbox.brightpearl.stock_records import DropShipNote
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 200
NO_LOCATION = 0


@routes(
    "GET",
    "/warehouse-service/order/{orders}/goods-note/drop-ship",
    "/warehouse-service/order/{orders}/goods-note/drop-ship/{ids}",
)
def read_notes(account: Account, call: Call) -> Reply:
    """A map by note id, for sales or purchase orders (or `*`, then with note ids)."""
    listed = chosen_notes(call, account.drop_ship, account.drop_ship_by_order, READ_LIMIT)
    return answer({str(note.id): _document(account, note) for note in listed})


def _document(account: Account, note: DropShipNote) -> dict[str, Any]:
    status: dict[str, Any] = {"shipped": note.shipped}
    if note.shipped_on is not None:
        status |= {
            "shippedOn": stamp(note.shipped_on, account.zone),
            "shippedById": note.shipped_by,
        }
    return {
        "orderId": note.order_id,
        "purchaseOrderId": note.purchase_order_id,
        "supplierId": note.supplier_id,
        "status": status,
        "shipping": {"reference": note.reference, "shippingMethodId": note.shipping_method_id},
        "createdOn": stamp(note.created_on, account.zone),
        "createdBy": note.created_by,
        "orderRows": {
            str(row): [{"productId": product, "quantity": units, "locationId": NO_LOCATION}]
            for row, (product, units) in note.rows.items()
        },
        "events": [
            {"occured": stamp(moment, account.zone), "eventOwnerId": owner, "eventCode": code}
            for moment, owner, code in note.events
        ],
        "lastEventVersion": note.event_version,
    }

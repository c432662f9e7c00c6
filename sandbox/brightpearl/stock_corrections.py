"""Stock corrections over the API. No key makes one idempotent: sent twice, it counts twice."""

from collections import Counter

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Routes, answer
from sandbox.brightpearl.stock import check_location, correct, removable
from sandbox.kit.routing import Reply

routes = Routes()

MOST_UNITS = 10**9


class CostIn(Incoming):
    """Unit cost."""

    currency: str
    value: float


class CorrectionIn(Incoming):
    """One correction; the quantity is a delta."""

    quantity: int = Field(ge=-MOST_UNITS, le=MOST_UNITS)
    product_id: int = Field(gt=0)
    reason: str
    location_id: int
    cost: CostIn | None = None
    batch_id: int | None = None
    order_id: int | None = None


class CorrectionsIn(Incoming):
    """Body of a stock correction."""

    corrections: list[CorrectionIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/warehouse/{id}/stock-correction")
def correct_stock(account: Account, call: Call) -> Reply:
    """Ids of the movements made: all corrections, or none."""
    warehouse_id = call.number("id")
    if warehouse_id not in reference.WAREHOUSES:
        not_found("No warehouse found")
    body = call.read(CorrectionsIn)
    _check(account, warehouse_id, body)
    return answer(
        [
            correct(
                account,
                item.product_id,
                warehouse_id,
                item.quantity,
                item.location_id,
                order_id=item.order_id or 0,
            )
            for item in body.corrections
        ]
    )


def _check(account: Account, warehouse_id: int, body: CorrectionsIn) -> None:
    """Refuse what the vendor would not take; corrections of one product add up."""
    so_far: Counter[tuple[int, int]] = Counter()
    for item in body.corrections:
        product = account.products.get(item.product_id)
        if product is None or not product.stock_tracked:
            refuse("WHSC-902", f"Product {item.product_id} is not a stock tracked product")
        if item.quantity > 0 and item.cost is None:
            refuse("WHSC-903", "A cost is required when stock is added")
        if item.quantity > 0 and item.batch_id is not None:
            refuse("WHSC-916", "A batch is named only when stock is removed")
        if item.order_id is not None and item.order_id not in account.orders:
            refuse("WHSC-917", f"Order {item.order_id} does not exist")
        check_location(warehouse_id, item.location_id)
        place = (item.product_id, item.location_id)
        so_far[place] += item.quantity
        left = removable(account, item.product_id, warehouse_id, item.location_id) + so_far[place]
        if left < 0 and account.switches.negative_stock_correction == "refuse":
            refuse("WHSB-904", f"Product {item.product_id} has too little stock to remove")

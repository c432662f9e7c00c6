"""How stock changes: what is in hand, what is taken off sale, and the journal of both."""

from collections.abc import Mapping

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.stock_records import GoodsMovement, OnHandChange, StockLevel

CAUSES: Mapping[str, str] = {
    "SC": "correction",
    "QR": "quarantine release",
    "GI": "goods in",
    "GO": "goods out",
}
"""By the kind of a movement, as the journal says it."""


def level(account: Account, product_id: int, warehouse_id: int) -> StockLevel:
    """The level of a product in a warehouse, made when first needed."""
    held = account.stock[product_id]
    if warehouse_id not in held:
        held[warehouse_id] = StockLevel()
    return held[warehouse_id]


def allocate(
    account: Account, product_id: int, warehouse_id: int, units: int, cause: str = "reservation"
) -> None:
    """Take units out of what may be sold (or give back, when negative). Stock in hand stays."""
    if units:
        held = level(account, product_id, warehouse_id)
        before = held.on_hand
        held.allocated += units
        record_change(account, product_id, warehouse_id, before, cause)
        account.emit("product", product_id, "modified", "on-hand-modified")


def move(
    account: Account, movement: GoodsMovement, *, allocated: bool = False, cause: str = ""
) -> None:
    """Change stock in hand and record the movement; `allocated` goods were already off sale."""
    held = level(account, movement.product_id, movement.warehouse_id)
    before = held.on_hand
    held.in_stock += movement.quantity
    if allocated:
        held.allocated += movement.quantity
    elif is_quarantine(account, movement.warehouse_id, movement.location_id):
        held.quarantined += movement.quantity
    cause = cause or CAUSES[movement.note_type]
    record_change(account, movement.product_id, movement.warehouse_id, before, cause)
    if held.on_hand != before:
        account.emit("product", movement.product_id, "modified", "on-hand-modified")
    account.movements[movement.id] = movement


def record_change(
    account: Account, product_id: int, warehouse_id: int, before: int, cause: str
) -> None:
    """Put into the journal what became of the units on hand, if they changed."""
    after = level(account, product_id, warehouse_id).on_hand
    if after != before:
        change = OnHandChange(account.now(), product_id, warehouse_id, before, after, cause)
        account.stock_journal.append(change)


def is_quarantine(account: Account, warehouse_id: int, location_id: int) -> bool:
    """Whether units in the location are kept off sale (a switch says that they never are)."""
    own = reference.QUARANTINE_LOCATIONS.get(warehouse_id)
    return location_id == own and not account.switches.quarantined_is_on_hand


def check_location(warehouse_id: int, location_id: int) -> None:
    """Refuse a location that the warehouse does not have."""
    own = (reference.DEFAULT_LOCATION, reference.QUARANTINE_LOCATIONS[warehouse_id])
    if location_id not in own:
        refuse("WHSC-915", f"Warehouse {warehouse_id} has no location {location_id}")


def removable(account: Account, product_id: int, warehouse_id: int, location_id: int) -> int:
    """Units that a correction may take away from a location."""
    held = level(account, product_id, warehouse_id)
    if is_quarantine(account, warehouse_id, location_id):
        return held.quarantined
    return held.on_hand


def correct(  # noqa: PLR0913 - one argument for each fact of a correction
    account: Account,
    product_id: int,
    warehouse_id: int,
    delta: int,
    location_id: int = reference.DEFAULT_LOCATION,
    *,
    order_id: int = 0,
    cause: str = "",
) -> int:
    """Apply a delta (never below what is allocated); answers the movement's id.

    Stock that is added makes an archived product live again.
    """
    quantity = max(delta, -removable(account, product_id, warehouse_id, location_id))
    movement = GoodsMovement(
        id=account.sequences.next("movement"),
        product_id=product_id,
        warehouse_id=warehouse_id,
        location_id=location_id,
        quantity=quantity,
        updated_on=account.now(),
        order_id=order_id,
        note_type="SC",
    )
    move(account, movement, cause=cause)
    product = account.products[product_id]
    if quantity > 0 and product.status == "ARCHIVED":
        product.document["status"] = "LIVE"
        account.touch_product(product)
        account.emit("product", product_id, "modified")
    return movement.id

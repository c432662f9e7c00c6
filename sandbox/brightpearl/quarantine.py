"""Quarantine: a location of each warehouse whose units are in stock and not on sale.

Finding the location and releasing from it are on the vendor's pages; what they do to
availability is our reading.
"""

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.stock import check_location, move
from sandbox.brightpearl.stock_records import GoodsMovement
from sandbox.kit.routing import Reply

routes = Routes()


@routes("GET", "/warehouse-service/warehouse/{id}/location/quarantine")
def quarantine_location(_account: Account, call: Call) -> Reply:
    """Its id."""
    return answer(_location(call.number("id")))


def _location(warehouse_id: int) -> int:
    if warehouse_id not in reference.QUARANTINE_LOCATIONS:
        not_found("No warehouse found")
    return reference.QUARANTINE_LOCATIONS[warehouse_id]


class ReleaseIn(Incoming):
    """Body of a release."""

    product_id: int = Field(gt=0)
    quantity: int = Field(gt=0)
    to_location_id: int = Field(gt=0)


@routes("POST", "/warehouse-service/warehouse/{id}/quarantine/release")
def release_stock(account: Account, call: Call) -> Reply:
    """`{}`; the units are on sale now."""
    warehouse_id = call.number("id")
    _location(warehouse_id)
    body = call.read(ReleaseIn)
    check_location(warehouse_id, body.to_location_id)
    release_quarantined(account, body.product_id, warehouse_id, body.quantity, body.to_location_id)
    return done()


def release_quarantined(
    account: Account,
    product_id: int,
    warehouse_id: int,
    units: int,
    to_location: int = reference.DEFAULT_LOCATION,
) -> None:
    """Move units out of quarantine. Fires `quarantine-release.created`.

    Raises: Refusal 400 when fewer are there.
    """
    source = _location(warehouse_id)
    held = account.stock.get(product_id, {}).get(warehouse_id)
    if held is None or held.quarantined < units:
        refuse("WHSB-023", f"None of the requested products are available in location {source}")
    for location, quantity in ((source, -units), (to_location, units)):
        movement = GoodsMovement(
            id=account.sequences.next("movement"),
            product_id=product_id,
            warehouse_id=warehouse_id,
            location_id=location,
            quantity=quantity,
            updated_on=account.now(),
            note_type="QR",
        )
        move(account, movement)
    account.emit("quarantine-release", account.sequences.next("release"), "created")

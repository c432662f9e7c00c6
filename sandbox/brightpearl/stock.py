"""Stock: availability, corrections, and the one way a level changes."""

from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Reply, Routes, answer
from sandbox.brightpearl.stock_records import GoodsMovement, StockLevel

routes = Routes()

AVAILABILITY_LIMIT = 200


def level(account: Account, product_id: int, warehouse_id: int) -> StockLevel:
    """The level of a product in a warehouse, made when first needed."""
    held = account.stock[product_id]
    if warehouse_id not in held:
        held[warehouse_id] = StockLevel()
    return held[warehouse_id]


def allocate(account: Account, product_id: int, warehouse_id: int, units: int) -> None:
    """Take units out of what may be sold (or give back, when negative). Stock in hand stays."""
    if units:
        level(account, product_id, warehouse_id).allocated += units
        account.emit("product", product_id, "modified", "on-hand-modified")


def move(account: Account, movement: GoodsMovement, *, allocated: bool = False) -> None:
    """Change stock in hand and record the movement; `allocated` goods were already off sale."""
    held = level(account, movement.product_id, movement.warehouse_id)
    held.in_stock += movement.quantity
    if allocated:
        held.allocated += movement.quantity
    elif is_quarantine(account, movement.warehouse_id, movement.location_id):
        held.quarantined += movement.quantity
    else:
        account.emit("product", movement.product_id, "modified", "on-hand-modified")
    account.movements[movement.id] = movement


def is_quarantine(account: Account, warehouse_id: int, location_id: int) -> bool:
    """Whether units in the location are kept off sale (a switch says that they never are)."""
    own = reference.QUARANTINE_LOCATIONS.get(warehouse_id)
    return location_id == own and not account.switches.quarantined_is_on_hand


def check_location(warehouse_id: int, location_id: int) -> None:
    """Refuse a location that the warehouse does not have."""
    own = (reference.DEFAULT_LOCATION, reference.QUARANTINE_LOCATIONS[warehouse_id])
    if location_id not in own:
        refuse("WHSC-915", f"Warehouse {warehouse_id} has no location {location_id}")


@routes("GET", "/warehouse-service/product-availability/{ids}")
def read_availability(account: Account, call: Call) -> Reply:
    """A map by product id. Ids without stock: ignored (documented) or 400 (observed), a switch."""
    ids = call.id_set(limit=AVAILABILITY_LIMIT).ids()
    products = [account.products.get(number) for number in ids]
    good = [product for product in products if product is not None and product.stock_tracked]
    if len(good) < len(ids) and account.switches.availability_bad_id == "refuse":
        refuse("WHSC-901", "At least one product id is not a stock tracked product")
    options = call.options()
    return answer({str(product.id): _availability(account, product, options) for product in good})


def _availability(account: Account, product: Product, options: frozenset[str]) -> dict[str, Any]:
    held = account.stock.get(product.id, {})
    total = StockLevel(
        sum(item.in_stock for item in held.values()),
        sum(item.allocated for item in held.values()),
        sum(item.quarantined for item in held.values()),
    )
    document = {
        "total": _level(total),
        "warehouses": {str(number): _level(item) for number, item in sorted(held.items())},
    }
    if "breakDownByLocation" in options:
        for number, item in held.items():
            document["warehouses"][str(number)]["byLocation"] = _by_location(number, item)
    return document


def _by_location(warehouse_id: int, item: StockLevel) -> dict[str, Any]:
    """Levels by location id (the name of this part is our reading)."""
    apart = item.quarantined
    sellable = StockLevel(item.in_stock - apart, item.allocated)
    document = {str(reference.DEFAULT_LOCATION): _level(sellable)}
    if apart:
        quarantine = str(reference.QUARANTINE_LOCATIONS[warehouse_id])
        document[quarantine] = _level(StockLevel(apart, quarantined=apart))
    return document


def _level(item: StockLevel) -> dict[str, Any]:
    return {
        "inStock": item.in_stock,
        "onHand": item.on_hand,
        "allocated": item.allocated,
        "inTransit": 0,
    }


@routes("GET", "/warehouse-service/bundle-availability/{id}")
def read_bundle_availability(account: Account, call: Call) -> Reply:
    """Whole bundles that can be made, in all and for each warehouse."""
    bundle = account.products.get(call.number("id"))
    if bundle is None or not bundle.is_bundle:
        not_found("No bundle found")
    counts = {
        number: min(
            (
                int(account.stock.get(part, {}).get(number, StockLevel()).on_hand // units)
                for part, units in bundle.components
            ),
            default=0,
        )
        for number in reference.WAREHOUSES
    }
    return answer(
        {
            str(bundle.id): {
                "total": {"onHand": sum(counts.values())},
                "warehouses": {str(number): {"onHand": units} for number, units in counts.items()},
            }
        }
    )


class CostIn(Incoming):
    """Unit cost."""

    currency: str
    value: float


class CorrectionIn(Incoming):
    """One correction; the quantity is a delta."""

    quantity: int
    product_id: int = Field(gt=0)
    reason: str
    location_id: int
    cost: CostIn | None = None


class CorrectionsIn(Incoming):
    """Body of a stock correction."""

    corrections: list[CorrectionIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/warehouse/{id}/stock-correction")
def correct_stock(account: Account, call: Call) -> Reply:
    """Ids of the movements made. No key makes this idempotent."""
    warehouse_id = call.number("id")
    if warehouse_id not in reference.WAREHOUSES:
        not_found("No warehouse found")
    body = call.read(CorrectionsIn)
    for item in body.corrections:
        product = account.products.get(item.product_id)
        if product is None or not product.stock_tracked:
            refuse("WHSC-902", f"Product {item.product_id} is not a stock tracked product")
        if item.quantity > 0 and item.cost is None:
            refuse("WHSC-903", "A cost is required when stock is added")
        check_location(warehouse_id, item.location_id)
        lacking = -item.quantity - _removable(
            account, item.product_id, warehouse_id, item.location_id
        )
        if lacking > 0 and account.switches.negative_stock_correction == "refuse":
            refuse("WHSB-904", f"Product {item.product_id} has too little stock to remove")
    return answer(
        [
            correct(account, item.product_id, warehouse_id, item.quantity, item.location_id)
            for item in body.corrections
        ]
    )


def _removable(account: Account, product_id: int, warehouse_id: int, location_id: int) -> int:
    held = level(account, product_id, warehouse_id)
    apart = is_quarantine(account, warehouse_id, location_id)
    return held.quarantined if apart else held.on_hand


def correct(
    account: Account,
    product_id: int,
    warehouse_id: int,
    delta: int,
    location_id: int = reference.DEFAULT_LOCATION,
) -> int:
    """Apply a delta (never below what is allocated); answers the movement's id."""
    quantity = max(delta, -_removable(account, product_id, warehouse_id, location_id))
    movement = GoodsMovement(
        id=account.sequences.next("movement"),
        product_id=product_id,
        warehouse_id=warehouse_id,
        location_id=location_id,
        quantity=quantity,
        updated_on=account.now(),
        note_type="SC",
    )
    move(account, movement)
    product = account.products[product_id]
    if quantity > 0 and product.status == "ARCHIVED":
        product.document["status"] = "LIVE"
    return movement.id

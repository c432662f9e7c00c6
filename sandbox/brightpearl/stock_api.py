"""Stock over the API: availability of products and bundles, corrections, quarantine.

No key makes a correction idempotent: sent twice, it counts twice. Quarantine is a location of each
warehouse whose units are in stock and not on sale; what it does to availability is our reading.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.records import ZERO, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.stock import check_location, correct, move, removable
from sandbox.brightpearl.stock_records import GoodsMovement, OddStock, StockLevel
from sandbox.kit.routing import Reply

routes = Routes()
MOST_UNITS = 10**9
MOST_IDS = 100_000
"""So that one set of a thousand million ids does not hold up the sandbox."""


@routes("GET", "/warehouse-service/product-availability/{ids}")
def read_availability(account: Account, call: Call) -> Reply:
    """A map by product id. Ids without stock: ignored (documented) or 400 (observed), a switch."""
    limit = account.switches.availability_limit
    ids = call.id_set(limit=MOST_IDS if limit < 0 else limit).ids()
    products = [account.products.get(number) for number in ids]
    good = [product for product in products if product is not None and product.stock_tracked]
    if len(good) < len(ids) and account.switches.availability_bad_id == "refuse":
        refuse("WHSC-901", "At least one product id is not a stock tracked product")
    options = call.options()
    documents: dict[str, Any] = {
        str(product.id): _availability(account, product, options) for product in good
    }
    if account.odd_stock:
        for product in good:
            for odd in account.odd_stock.get(product.id, ()):
                _apply_oddity(documents, str(product.id), odd)
    return answer(documents)


def _availability(account: Account, product: Product, options: frozenset[str]) -> dict[str, Any]:
    held = account.stock.get(product.id, {})
    warehouses = {str(number): _level_document(item) for number, item in sorted(held.items())}
    document = {
        "total": {
            name: sum(item[name] for item in warehouses.values())
            for name in ("inStock", "onHand", "allocated", "inTransit")
        },
        "warehouses": warehouses,
    }
    if "breakDownByLocation" in options:
        for number, item in held.items():
            warehouses[str(number)]["byLocation"] = _by_location(number, item)
    return document


def _by_location(warehouse_id: int, item: StockLevel) -> dict[str, Any]:
    """Levels by location id (the name of this part is our reading)."""
    quarantined = item.quarantined
    sellable = StockLevel(item.in_stock - quarantined, item.allocated)
    document = {str(reference.DEFAULT_LOCATION): _level_document(sellable)}
    if quarantined:
        location = str(reference.QUARANTINE_LOCATIONS[warehouse_id])
        document[location] = _level_document(StockLevel(quarantined, quarantined=quarantined))
    return document


def _level_document(item: StockLevel) -> dict[str, Any]:
    return {
        "inStock": item.in_stock,
        "onHand": item.on_hand,
        "allocated": item.allocated,
        "inTransit": 0,
    }


def _apply_oddity(documents: dict[str, Any], key: str, odd: OddStock) -> None:
    """Answer a product otherwise than it is, as far as earlier oddities have left something."""
    document = documents.get(key)
    match odd.kind:
        case "absent":
            documents.pop(key, None)
        case "no_document":
            documents[key] = None
        case "no_warehouses" if document is not None:
            document["warehouses"] = {}
        case "no_warehouse_map" if document is not None:
            document.pop("warehouses", None)
        case _ if document is not None:
            warehouses = document.get("warehouses", {})
            for number in list(warehouses):
                if odd.warehouse_id in {None, int(number)}:
                    _apply_level_oddity(warehouses, number, odd)


def _apply_level_oddity(warehouses: dict[str, Any], number: str, odd: OddStock) -> None:
    held = warehouses[number]
    if odd.kind == "no_level":
        warehouses[number] = None
    elif held is not None and odd.kind == "no_field":
        held.pop(odd.field, None)
    elif held is not None:
        held[odd.field] = odd.value


@routes("GET", "/warehouse-service/bundle-availability/{id}")
def read_bundle_availability(account: Account, call: Call) -> Reply:
    """Whole bundles that can be made, in all and for each warehouse."""
    bundle = account.products.get(call.number("id"))
    if bundle is None or not bundle.is_bundle:
        not_found("No bundle found")
    counts = {number: makeable(account, bundle, number) for number in reference.WAREHOUSES}
    return answer(
        {
            str(bundle.id): {
                "total": {"onHand": sum(counts.values())},
                "warehouses": {str(number): {"onHand": units} for number, units in counts.items()},
            }
        }
    )


def makeable(account: Account, bundle: Product, warehouse_id: int) -> int:
    """Whole bundles out of what one warehouse has on hand.

    Parts without stock keeping do not limit it; with a part that is gone, or that the bundle is
    itself a part of, none can be made (both our reading).
    """
    needed = _needed_units(account, bundle, frozenset())
    counts = [
        account.stock.get(product_id, {}).get(warehouse_id, StockLevel()).on_hand // units
        for product_id, units in (needed or {}).items()
    ]
    return max(0, int(min(counts, default=0)))


def _needed_units(
    account: Account, bundle: Product, within: frozenset[int]
) -> dict[int, Decimal] | None:
    """Units by stock tracked product for one bundle; None when it cannot be made at all."""
    within |= {bundle.id}
    needed: dict[int, Decimal] = {}
    for product_id, units in bundle.components:
        part = account.products.get(product_id)
        if part is None or part.id in within or units <= 0:
            return None
        inner = {part.id: Decimal(1)} if part.stock_tracked else {}
        if part.is_bundle:
            deeper = _needed_units(account, part, within)
            if deeper is None:
                return None
            inner = deeper
        for number, each in inner.items():
            needed[number] = needed.get(number, ZERO) + units * each
    return needed


class CorrectionCostIn(Incoming):
    """Unit cost."""

    currency: str
    value: float


class CorrectionIn(Incoming):
    """One correction; the quantity is a delta."""

    quantity: int = Field(ge=-MOST_UNITS, le=MOST_UNITS)
    product_id: int = Field(gt=0)
    reason: str
    location_id: int
    cost: CorrectionCostIn | None = None
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
    _check_corrections(account, warehouse_id, body)
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


def _check_corrections(account: Account, warehouse_id: int, body: CorrectionsIn) -> None:
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


@routes("GET", "/warehouse-service/warehouse/{id}/location/quarantine")
def quarantine_location(_account: Account, call: Call) -> Reply:
    """Its id."""
    return answer(_quarantine_of(call.number("id")))


def _quarantine_of(warehouse_id: int) -> int:
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
    _quarantine_of(warehouse_id)
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
    source = _quarantine_of(warehouse_id)
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

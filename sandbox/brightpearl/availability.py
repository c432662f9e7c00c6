"""What there is to sell, of products and of bundles."""

from decimal import Decimal
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.records import ZERO, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Routes, answer
from sandbox.brightpearl.stock_records import OddStock, StockLevel
from sandbox.kit.routing import Reply

routes = Routes()

AVAILABILITY_LIMIT = 200


@routes("GET", "/warehouse-service/product-availability/{ids}")
def read_availability(account: Account, call: Call) -> Reply:
    """A map by product id. Ids without stock: ignored (documented) or 400 (observed), a switch."""
    ids = call.id_set(limit=AVAILABILITY_LIMIT).ids()
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
                _make_odd(documents, str(product.id), odd)
    return answer(documents)


def _availability(account: Account, product: Product, options: frozenset[str]) -> dict[str, Any]:
    held = account.stock.get(product.id, {})
    warehouses = {str(number): _level(item) for number, item in sorted(held.items())}
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


def _make_odd(documents: dict[str, Any], key: str, odd: OddStock) -> None:
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
                    _make_level_odd(warehouses, number, odd)


def _make_level_odd(warehouses: dict[str, Any], number: str, odd: OddStock) -> None:
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
    needed = _needed(account, bundle, frozenset())
    counts = [
        account.stock.get(product_id, {}).get(warehouse_id, StockLevel()).on_hand // units
        for product_id, units in (needed or {}).items()
    ]
    return max(0, int(min(counts, default=0)))


def _needed(account: Account, bundle: Product, within: frozenset[int]) -> dict[int, Decimal] | None:
    """Units by stock tracked product for one bundle; None when it cannot be made at all."""
    within |= {bundle.id}
    needed: dict[int, Decimal] = {}
    for product_id, units in bundle.components:
        part = account.products.get(product_id)
        if part is None or part.id in within or units <= 0:
            return None
        inner = {part.id: Decimal(1)} if part.stock_tracked else {}
        if part.is_bundle:
            deeper = _needed(account, part, within)
            if deeper is None:
                return None
            inner = deeper
        for number, each in inner.items():
            needed[number] = needed.get(number, ZERO) + units * each
    return needed

"""Stock and locations as the V3 API writes them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.bigcommerce import adjustments, reference
from sandbox.bigcommerce.api import NOT_FOUND, OK, UNPROCESSABLE, Call, Routes, refuse, v3_page
from sandbox.bigcommerce.formats import iso
from sandbox.bigcommerce.records import Location, StockAt, Variant
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

NO_STOCK = StockAt()
routes = Routes()
INVENTORY_PAGE = 1000
SETTINGS = {"safety_stock": int, "is_in_stock": bool, "warning_level": int,
            "bin_picking_number": str}  # fmt: skip
NO_SETTING = (
    "At least one setting must be specified: warning_level, is_in_stock, safety_stock or "
    "bin_picking_number"
)


def item_document(store: Store, variant: Variant, locations: Sequence[Location]) -> dict[str, Any]:
    """An item with its stock at these locations."""
    hides = store.switches.uncounted_locations == "hidden"
    return {
        "identity": identity_document(store, variant),
        "locations": [
            {
                "location_id": location_document.id,
                "location_code": location_document.code,
                "location_name": location_document.label,
                "location_enabled": location_document.enabled,
                **levels_document(store, variant.stock.get(location_document.id, NO_STOCK)),
            }
            for location_document in locations
            if location_document.id in variant.stock or not hides
        ],
    }


def identity_document(store: Store, variant: Variant) -> dict[str, Any]:
    """What an item is called. The base variant of a product has no `sku_id`."""
    document: dict[str, Any] = {
        "sku": variant.sku,
        "sku_id": variant.sku_id if variant.options else None,
        "variant_id": variant.id,
        "product_id": variant.product_id,
    }
    product = store.products[variant.product_id]
    shape = store.switches.shared_stock_identity
    if product.tracking == "product" and len(product.variant_ids) > 1 and shape != "base":
        for name in ("sku", "sku_id", "variant_id"):
            del document[name]
            if shape == "null":
                document[name] = None
    return document


def levels_document(store: Store, level: StockAt) -> dict[str, Any]:
    """Stock as reads show it, and the settings. `is_in_stock` does not stop shoppers.

    Back orders, where there are any, have two further fields; what may be sold without limit is
    null.
    """
    available, is_unlimited = level.seen_available, level.backorder_limit is None
    is_in_stock = level.is_in_stock
    if is_in_stock is None:
        is_in_stock = is_unlimited or available > 0
    document: dict[str, Any] = {
        "available_to_sell": None if is_unlimited else available,
        "total_inventory_onhand": level.seen,
        "settings": {
            "safety_stock": level.safety_stock,
            "is_in_stock": is_in_stock,
            "warning_level": level.warning_level,
            "bin_picking_number": level.bin_picking_number,
        },
    }
    if level.backorder_limit != 0 or store.switches.backorder_fields:
        document["total_inventory_onhand"] = max(0, level.seen)
        document["qty_backordered"] = max(0, -level.seen)
        document["settings"]["backorder_limit"] = level.backorder_limit
    if level.is_odd:
        document["total_inventory_onhand"] = None
    return document


def location_document(place: Location) -> dict[str, Any]:
    """A location; all have the same address."""
    return {
        "id": place.id,
        "code": place.code,
        "label": place.label,
        "description": "",
        "managed_by_external_source": place.managed_by_external_source,
        "type_id": place.type_id,
        "enabled": place.enabled,
        "storefront_visibility": place.storefront_visibility,
        "time_zone": reference.TIME_ZONE,
        "created_at": iso(place.created_at),
        "updated_at": iso(place.updated_at),
        "address": {
            "address1": "1 High Street",
            "address2": "",
            "city": "Bath",
            "state": "Somerset",
            "zip": "BA1 5AN",
            "email": "owner@example.com",
            "phone": "+44 1225 555010",
            "country_code": reference.HOME,
        },
        "special_hours": [],
    }


@routes("GET", "/v3/inventory/items")
def list_inventory(store: Store, call: Call) -> Reply:
    """Stock by item at every location; up to 1000 a page. What is not tracked is not listed."""
    places = _locations(store, call)
    rows = _counted(store, _items(store, call), places) if places else []
    return v3_page(store, call, rows, lambda one: item_document(store, one, places), INVENTORY_PAGE)


@routes("GET", "/v3/inventory/locations/{location_id}/items")
def list_location_inventory(store: Store, call: Call) -> Reply:
    """Stock by item at one location."""
    place = _location(store, call)

    def row(variant: Variant) -> dict[str, Any]:
        level = variant.stock.get(place.id, NO_STOCK)
        identity = identity_document(store, variant)
        identity.pop("sku_id", None)
        return {"identity": identity, **levels_document(store, level)}

    return v3_page(store, call, _counted(store, _items(store, call), [place]), row, INVENTORY_PAGE)


def _items(store: Store, call: Call) -> list[Variant]:
    """The items that pass all filters; SKUs compare in any case. Only what is asked for is read."""
    wanted: set[int] | None = None
    for name in adjustments.IDENTITIES:
        if f"{name}:in" in call.query:
            found = set(_variant_ids(store, name, call.query[f"{name}:in"].split(",")))
            wanted = found if wanted is None else wanted & found
    return store.stock.items() if wanted is None else store.stock.items_of(wanted)


def _variant_ids(store: Store, name: str, values: Iterable[str]) -> Iterable[int]:
    texts = [value.strip() for value in values]
    if name == "sku":
        keys = [text.casefold() for text in texts]
        known = [store.variant_by_sku[key] for key in keys if key in store.variant_by_sku]
        return [*known, *(number for key in keys for number in store.same_skus.get(key, ()))]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit()]
    if name == "variant_id":
        return numbers
    products = (store.products.get(number) for number in numbers)
    return (number for product in products if product for number in product.variant_ids)


def _counted(store: Store, rows: list[Variant], places: list[Location]) -> list[Variant]:
    """All of them, or where the switch hides what was never counted, those counted somewhere."""
    if store.switches.uncounted_locations == "zero":
        return rows
    return [row for row in rows if any(place.id in row.stock for place in places)]


@routes("PUT", "/v3/inventory/locations/{location_id}/items")
def update_settings(store: Store, call: Call) -> Reply:
    """Change settings of items at one location; what is left out keeps its value."""
    place = _location(store, call)
    rows = adjustments.checked_size(store, call.body().get("settings"), "settings")
    faults: dict[str, str] = {}
    changes: list[tuple[Variant, dict[str, Any]]] = []
    for number, row in enumerate(rows):
        variant, text = _setting(store, row)
        if variant is None:
            faults[f"setting.{number}.{'settings' if text == NO_SETTING else 'identity'}"] = text
        else:
            changes.append((variant, {name: row[name] for name in SETTINGS if name in row}))
    if faults:
        refuse(UNPROCESSABLE, adjustments.INVALID, faults)

    def land() -> None:
        for variant, values in changes:
            store.stock.set_settings(variant, place.id, values)

    adjustments.later(store, land)
    return Reply(OK, {"transaction_id": adjustments.transaction_id(store)})


def _setting(store: Store, row: object) -> tuple[Variant | None, str]:
    """The item of a row, or what is wrong with the row."""
    if not isinstance(row, dict) or not isinstance(row.get("identity"), dict):
        return None, "an identity must be specified"
    if not any(name in row for name in SETTINGS):
        return None, NO_SETTING
    wrong = [name for name, kind in SETTINGS.items() if name in row and type(row[name]) is not kind]
    if wrong:
        return None, f"{wrong[0]} is of a wrong type"
    named = adjustments.identity_of(row["identity"])
    if named is None:
        return None, "exactly one of sku, variant_id and product_id must be specified"
    found = adjustments.find(store, *named)
    return (found, "") if isinstance(found, Variant) else (None, "the item is not found")


@routes("PUT", "/v3/inventory/adjustments/absolute")
def adjust_absolutely(store: Store, call: Call) -> Reply:
    """Set what is on hand. 200 means accepted."""
    return Reply(OK, {"transaction_id": adjustments.absolute(store, call)})


@routes("POST", "/v3/inventory/adjustments/relative")
def adjust_relatively(store: Store, call: Call) -> Reply:
    """Add to what is on hand. 200 means accepted."""
    return Reply(OK, {"transaction_id": adjustments.relative(store, call)})


@routes("GET", "/v3/inventory/locations")
def list_locations(store: Store, call: Call) -> Reply:
    """All locations, or those that the filters leave."""
    rows = _locations(store, call)
    if "type_id:in" in call.query:
        rows = [row for row in rows if row.type_id in call.query["type_id:in"].upper().split(",")]
    flags: dict[str, Callable[[Location], bool]] = {
        "is_default": lambda row: row.id == reference.LOCATION,
        "is_active": lambda row: row.enabled,
        "managed_by_external_source": lambda row: row.managed_by_external_source,
        "storefront_visibility": lambda row: row.storefront_visibility,
    }
    for name, is_so in flags.items():
        if name in call.query:
            wanted = call.query[name].casefold() in {"true", "1"}
            rows = [row for row in rows if is_so(row) == wanted]
    return v3_page(store, call, rows, location_document, INVENTORY_PAGE)


def _locations(store: Store, call: Call) -> list[Location]:
    """The locations that `location_id:in` and `location_code:in` leave, by id."""
    rows = list(store.stock.locations.values())
    if "location_id:in" in call.query:
        ids = set(call.query["location_id:in"].split(","))
        rows = [row for row in rows if str(row.id) in ids]
    if "location_code:in" in call.query:
        codes = set(call.query["location_code:in"].casefold().split(","))
        rows = [row for row in rows if row.code.casefold() in codes]
    return rows


def _location(store: Store, call: Call) -> Location:
    found = store.stock.locations.get(call.id("location_id"))
    if found is None:
        refuse(NOT_FOUND, "Location not found")
    return found

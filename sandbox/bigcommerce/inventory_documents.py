"""Stock and locations as the V3 API writes them."""

from collections.abc import Sequence
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import iso
from sandbox.bigcommerce.records import Variant
from sandbox.bigcommerce.stock_records import Location, StockAt
from sandbox.bigcommerce.store import Store

NOTHING = StockAt()


def item(store: Store, variant: Variant, locations: Sequence[Location]) -> dict[str, Any]:
    """An item with its stock at these locations."""
    hides = store.switches.uncounted_locations == "hidden"
    return {
        "identity": identity(store, variant),
        "locations": [
            {
                "location_id": location.id,
                "location_code": location.code,
                "location_name": location.label,
                "location_enabled": location.enabled,
                **levels(variant.stock.get(location.id, NOTHING)),
            }
            for location in locations
            if location.id in variant.stock or not hides
        ],
    }


def identity(store: Store, variant: Variant) -> dict[str, Any]:
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


def levels(level: StockAt) -> dict[str, Any]:
    """Stock as reads tell it, and the settings. `is_in_stock` is shown; it stops no shopper."""
    available = level.seen_available
    is_in_stock = level.is_in_stock
    return {
        "available_to_sell": available,
        "total_inventory_onhand": level.seen,
        "settings": {
            "safety_stock": level.safety_stock,
            "is_in_stock": available > 0 if is_in_stock is None else is_in_stock,
            "warning_level": level.warning_level,
            "bin_picking_number": level.bin_picking_number,
        },
    }


def location(place: Location) -> dict[str, Any]:
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

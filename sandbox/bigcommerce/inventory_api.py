"""Stock and locations: reading (V3)."""

from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.filters import kept
from sandbox.bigcommerce.formats import iso
from sandbox.bigcommerce.paging import v3_page
from sandbox.bigcommerce.records import Variant
from sandbox.bigcommerce.routing import Call, Reply, Routes
from sandbox.bigcommerce.store import Store

routes = Routes()
INVENTORY_PAGE = 1000


@routes("GET", "/v3/inventory/items")
def list_inventory(store: Store, call: Call) -> Reply:
    """Stock by variant at every location; up to 1000 a page. What is not tracked is not listed."""
    tracked = (
        variant
        for variant in store.variants.values()
        if store.products[variant.product_id].tracking != "none"
    )
    rows = kept(
        call,
        tracked,
        {
            "sku": lambda v: v.sku,
            "variant_id": lambda v: str(v.id),
            "product_id": lambda v: str(v.product_id),
        },
    )
    return v3_page(store, call, rows, _inventory, INVENTORY_PAGE)


def _inventory(variant: Variant) -> dict[str, Any]:
    return {
        "identity": {
            "sku": variant.sku,
            "sku_id": variant.id + 1000,
            "variant_id": variant.id,
            "product_id": variant.product_id,
        },
        "locations": [
            {
                "location_id": reference.LOCATION,
                "location_code": "BC-LOCATION-1",
                "location_name": "Main",
                "location_enabled": True,
                **_levels(variant),
            }
        ],
    }


def _levels(variant: Variant) -> dict[str, Any]:
    return {
        "available_to_sell": variant.available,
        "total_inventory_onhand": variant.on_hand,
        "settings": {
            "safety_stock": variant.safety_stock,
            "is_in_stock": variant.available > 0,
            "warning_level": variant.warning_level,
            "bin_picking_number": "",
        },
    }


@routes("GET", "/v3/inventory/locations")
def list_locations(store: Store, call: Call) -> Reply:
    """The one location."""
    opened = iso(store.opened_at)
    location = {
        "id": reference.LOCATION,
        "code": "BC-LOCATION-1",
        "label": "Main",
        "description": "",
        "managed_by_external_source": False,
        "type_id": "PHYSICAL",
        "enabled": True,
        "storefront_visibility": True,
        "time_zone": reference.TIME_ZONE,
        "created_at": opened,
        "updated_at": opened,
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
    return v3_page(store, call, [location], lambda row: row, INVENTORY_PAGE)

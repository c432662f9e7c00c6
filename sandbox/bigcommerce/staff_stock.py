"""Locations, tracking and the stock as it really is: what the controls do and show."""

from collections.abc import Iterable
from typing import Any, Literal

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.basket import Asked
from sandbox.bigcommerce.staff import NotThere, variant_named
from sandbox.bigcommerce.stock_records import Moved, StockAt
from sandbox.bigcommerce.store import Store


class LocationChange(Asked):
    """`POST /_sandbox/locations`: without `location_id` a new one, with it a change."""

    location_id: int | None = None
    label: str = ""
    code: str = ""
    """Of a new one; `BC-LOCATION-n` when empty."""
    enabled: bool | None = None


class Tracking(Asked):
    """`POST /_sandbox/tracking`: how the product of a SKU keeps stock from now on."""

    sku: str
    tracking: Literal["none", "product", "variant"]


def locate(store: Store, wanted: LocationChange) -> dict[str, Any]:
    """Make or change a location.

    Raises: NotThere; ValueError for a code that is taken, or the default one disabled.
    """
    if wanted.location_id is None:
        location = store.stock.add_location(wanted.label, wanted.code)
        if wanted.enabled is False:
            store.stock.change_location(location, enabled=False)
    else:
        found = store.stock.locations.get(wanted.location_id)
        if found is None:
            raise NotThere(f"there is no location {wanted.location_id}")
        location = found
        store.stock.change_location(location, enabled=wanted.enabled, label=wanted.label)
    return {
        "location_id": location.id,
        "code": location.code,
        "label": location.label,
        "enabled": location.enabled,
    }


def track(store: Store, wanted: Tracking) -> dict[str, Any]:
    """Track a product's stock in another way.

    Several variants tracked by product share the sum of what they had; tracked by variant again,
    the first one has it all.

    Raises: NotThere.
    """
    store.timers.run_due()
    variant = variant_named(store, wanted.sku)
    product = store.products[variant.product_id]
    variants = [store.variants[number] for number in product.variant_ids]
    is_shared = len({id(one.stock) for one in variants}) < len(variants)
    if wanted.tracking == "product" and not is_shared:
        shared: dict[int, StockAt] = {}
        for one in variants:
            for location_id, level in one.stock.items():
                shared.setdefault(location_id, StockAt()).on_hand += level.on_hand
        for one in variants:
            one.stock = shared
    elif wanted.tracking == "variant" and is_shared:
        for one in variants[1:]:
            one.stock = {reference.LOCATION: StockAt()}
    product.tracking = wanted.tracking
    store.stock.forget_items()
    store.emit("store/product/updated", {"type": "product", "id": product.id})
    return {"product_id": product.id, "tracking": product.tracking}


def levels(store: Store) -> dict[str, dict[str, tuple[int, int]]]:
    """On hand and available by SKU and location, as they really are; what is tracked and counted.

    Of several variants that share a level only the first is there.
    """
    store.timers.run_due()
    return {
        variant.sku: {
            str(location_id): (level.on_hand, level.available)
            for location_id, level in variant.stock.items()
        }
        for variant in store.stock.items()
    }


def journal(store: Store, skus: Iterable[str] = ()) -> dict[str, Any]:
    """Every change of what is really on hand, earliest first, and what overlapped."""
    store.timers.run_due()
    wanted = {sku.casefold() for sku in skus}
    rows = [
        (row.at.isoformat(), *row[1:])
        for row in store.stock.journal
        if not wanted or row.sku.casefold() in wanted
    ]
    overlaps = [
        (row.at.isoformat(), *row[1:])
        for row in store.stock.overlaps
        if not wanted or row.sku.casefold() in wanted
    ]
    return {
        "columns": ("time", *Moved._fields[1:]),
        "changes": rows,
        "absolutes_under_way": sum(store.stock.landing.values()),
        "overlapping_absolutes": overlaps,
    }


def forget_journal(store: Store) -> dict[str, Any]:
    """Start the journal anew; what it held is answered as counts."""
    store.timers.run_due()
    counts = {
        "changes": len(store.stock.journal),
        "overlapping_absolutes": len(store.stock.overlaps),
    }
    store.stock.journal.clear()
    store.stock.overlaps.clear()
    return counts

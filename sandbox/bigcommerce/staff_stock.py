"""What staff do to products and stock: new products, levels, locations, tracking."""

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.placing import BasketRefused
from sandbox.bigcommerce.records import StockAt, StockMoved, Variant
from sandbox.bigcommerce.staff import NotFound
from sandbox.bigcommerce.store import Store
from sandbox.catalogue.model import Product
from sandbox.kit.controls import ControlBody

PRODUCT_FIELDS = (
    "upc",
    "mpn",
    "condition",
    "availability",
    "is_visible",
    "is_featured",
    "is_free_shipping",
)


class LocationChange(ControlBody):
    """`POST /_sandbox/locations`: without `location_id` a new one, with it a change."""

    location_id: int | None = None
    label: str = ""
    code: str = ""
    """Of a new one; `BC-LOCATION-n` when empty."""
    enabled: bool | None = None


class TrackingChange(ControlBody):
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
            raise NotFound(f"there is no location {wanted.location_id}")
        location = found
        store.stock.change_location(location, enabled=wanted.enabled, label=wanted.label)
    return {
        "location_id": location.id,
        "code": location.code,
        "label": location.label,
        "enabled": location.enabled,
    }


def track(store: Store, wanted: TrackingChange) -> dict[str, Any]:
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
        "columns": ("time", *StockMoved._fields[1:]),
        "changes": rows,
        "absolutes_under_way": sum(store.stock.landing.values()),
        "overlapping_absolutes": overlaps,
    }


def clear_journal(store: Store) -> dict[str, Any]:
    """Start the journal anew; what it held is answered as counts."""
    store.timers.run_due()
    counts = {
        "changes": len(store.stock.journal),
        "overlapping_absolutes": len(store.stock.overlaps),
    }
    store.stock.journal.clear()
    store.stock.overlaps.clear()
    return counts


class StockChange(ControlBody):
    """`POST /_sandbox/stock`: `on_hand` sets, `delta` adds; by default at the main location."""

    sku: str
    location_id: int = reference.LOCATION
    on_hand: int | None = None
    delta: int = 0
    safety_stock: int | None = None
    backorder_limit: int | Literal["unlimited"] | None = None
    """How many pieces shoppers may buy beyond what there is; 0 for none."""
    odd: bool | None = None
    """Whether reads show null instead of the number on hand, from now on."""


class NewProduct(ControlBody):
    """`POST /_sandbox/products`: a product for sale from now on, or one more variant of one."""

    sku: str
    name: str = ""
    price_ex_tax: Decimal = Decimal("9.99")
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.3")
    stock: int = 0
    type: Literal["physical", "digital"] = "physical"
    brand: str = ""
    parent_name: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    """What the variant is, such as `{"Size": "M"}`."""
    warning_level: int = 0
    upc: str = ""
    mpn: str = ""
    categories: list[int] = Field(default_factory=list)
    condition: Literal["New", "Used", "Refurbished"] = "New"
    availability: Literal["available", "disabled", "preorder"] = "available"
    is_visible: bool = True
    is_featured: bool = False
    is_free_shipping: bool = False
    imported: bool = False
    """From a file, at this moment."""
    same_sku: bool = False
    """Although another item has the SKU already."""


def variant_named(store: Store, sku: str) -> Variant:
    """The variant with this SKU.

    Raises: NotThere.
    """
    variant = store.variant(sku)
    if variant is None:
        raise NotFound(f"there is no SKU {sku!r}")
    return variant


def change_stock(store: Store, wanted: StockChange) -> dict[str, Any]:
    """Count stock; reads show it at once.

    Raises: NotThere.
    """
    store.timers.run_due()
    variant = variant_named(store, wanted.sku)
    if wanted.location_id not in store.stock.locations:
        raise NotFound(f"there is no location {wanted.location_id}")
    level = variant.stock.setdefault(wanted.location_id, StockAt())
    if wanted.safety_stock is not None:
        level.safety_stock = wanted.safety_stock
    if wanted.backorder_limit is not None:
        limit = wanted.backorder_limit
        level.backorder_limit = None if limit == "unlimited" else limit
    if wanted.odd is not None:
        level.is_odd = wanted.odd
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - level.on_hand
    if store.products[variant.product_id].tracking != "none":
        store.stock.move(variant, wanted.location_id, delta, "staff")
    return {
        "sku": variant.sku,
        "location_id": wanted.location_id,
        "on_hand": level.on_hand,
        "available": level.available,
    }


def create_product(store: Store, wanted: NewProduct) -> dict[str, Any]:
    """A product for sale from now on.

    Raises: BasketRefused when the SKU exists.
    """
    given = wanted.model_dump(include={item.name for item in fields(Product)})
    given |= {"name": wanted.name or f"Product {wanted.sku}", "options": (*wanted.options.items(),)}
    try:
        variant = store.add_product(Product(**given), same_sku=wanted.same_sku)
    except ValueError as wrong:
        raise BasketRefused(str(wrong)) from wrong
    product = store.products[variant.product_id]
    for name in PRODUCT_FIELDS:
        setattr(product, name, getattr(wanted, name))
    product.categories = tuple(wanted.categories)
    product.imported_at = store.now() if wanted.imported else None
    variant.stock[reference.LOCATION].warning_level = wanted.warning_level
    return {"product_id": variant.product_id, "variant_id": variant.id}


def delete_product(store: Store, sku: str) -> dict[str, Any]:
    """Take a SKU away; orders keep their lines.

    Raises: NotThere.
    """
    variant = variant_named(store, sku)
    product = store.products[variant.product_id]
    key = sku.casefold()
    del store.variants[variant.id], store.variant_by_sku[key]
    if others := store.same_skus.get(key):
        store.variant_by_sku[key] = others.pop(0)
    product.variant_ids.remove(variant.id)
    store.stock.forget_items()
    if not product.variant_ids:
        del store.products[product.id], store.product_by_name[product.name.casefold()]
        store.emit("store/product/deleted", {"type": "product", "id": product.id})
    return {"product_id": product.id, "variant_id": variant.id}

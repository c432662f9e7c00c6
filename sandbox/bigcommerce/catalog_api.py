"""Products and variants: reading (V3)."""

from typing import Any

from sandbox.bigcommerce.api import NOT_FOUND, OK, Call, Routes, filtered, refuse, v3_page
from sandbox.bigcommerce.formats import iso, number
from sandbox.bigcommerce.records import Product, Variant
from sandbox.bigcommerce.reference import LOCATION
from sandbox.bigcommerce.stock import is_item
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()


def _option_ids(variant: Variant) -> list[dict[str, Any]]:
    return [
        {
            "id": sum(label.encode()) + 100 * place,
            "label": label,
            "option_id": 100 * variant.product_id + place,
            "option_display_name": name,
        }
        for place, (name, label) in enumerate(variant.options, start=1)
    ]


def _level(product: Product, variant: Variant) -> int:
    """Stock at the default location, as reads show it."""
    return variant.stock[LOCATION].seen_available if product.tracking != "none" else 0


def _variant(store: Store, variant: Variant) -> dict[str, Any]:
    product = store.products[variant.product_id]
    own = bool(variant.options)
    return {
        "id": variant.id,
        "product_id": variant.product_id,
        "sku": variant.sku,
        "sku_id": variant.sku_id if own else None,
        "price": number(variant.price) if own else None,
        "calculated_price": number(variant.price),
        "sale_price": None,
        "retail_price": None,
        "map_price": None,
        "weight": number(variant.weight) if own else None,
        "calculated_weight": number(variant.weight),
        "width": None,
        "height": None,
        "depth": None,
        "is_free_shipping": False,
        "fixed_cost_shipping_price": None,
        "purchasing_disabled": False,
        "purchasing_disabled_message": "",
        "image_url": "",
        "cost_price": 0,
        "upc": "",
        "mpn": "",
        "gtin": "",
        "inventory_level": _level(product, variant),
        "inventory_warning_level": variant.stock[LOCATION].warning_level,
        "bin_picking_number": "",
        "option_values": _option_ids(variant),
    }


def _product(store: Store, product: Product, include: frozenset[str]) -> dict[str, Any]:
    variants = [store.variants[number] for number in product.variant_ids]
    simple = len(variants) == 1 and not variants[0].options
    document: dict[str, Any] = {
        "id": product.id,
        "name": product.name,
        "type": product.type,
        "sku": product.sku,
        "description": "",
        "weight": number(product.weight),
        "width": 0,
        "depth": 0,
        "height": 0,
        "price": number(product.price),
        "cost_price": 0,
        "retail_price": 0,
        "sale_price": 0,
        "map_price": 0,
        "calculated_price": number(product.price),
        "tax_class_id": product.tax_class_id,
        "product_tax_code": "",
        "categories": [],
        "brand_id": 0,
        "inventory_level": sum(
            _level(product, variant) for variant in variants if is_item(product, variant)
        ),
        "inventory_warning_level": 0,
        "inventory_tracking": product.tracking,
        "total_sold": product.total_sold,
        "is_visible": True,
        "is_featured": False,
        "availability": "available",
        "condition": "New",
        "upc": "",
        "mpn": "",
        "gtin": "",
        "date_created": iso(product.created_at),
        "date_modified": iso(product.modified_at),
        "base_variant_id": variants[0].id if simple else None,
    }
    if "variants" in include:
        document["variants"] = [_variant(store, variant) for variant in variants]
    if "custom_fields" in include:
        document["custom_fields"] = []
    if "images" in include:
        document["images"] = []
    return document


def _include(call: Call) -> frozenset[str]:
    return frozenset(call.query.get("include", "").split(","))


@routes("GET", "/v3/catalog/products")
def list_products(store: Store, call: Call) -> Reply:
    """A page of products. `sku` matches products only, never variants."""
    rows = filtered(
        call,
        store.products.values(),
        {"id": lambda p: str(p.id), "sku": lambda p: p.sku, "name": lambda p: p.name},
    )
    include = _include(call)
    return v3_page(store, call, rows, lambda product: _product(store, product, include))


@routes("GET", "/v3/catalog/products/{id}")
def get_product(store: Store, call: Call) -> Reply:
    """One product."""
    product = store.products.get(call.id())
    if product is None:
        refuse(NOT_FOUND, "The product was not found.")
    return Reply(OK, {"data": _product(store, product, _include(call)), "meta": {}})


@routes("GET", "/v3/catalog/products/{id}/variants")
def list_product_variants(store: Store, call: Call) -> Reply:
    """Variants of one product; a simple one has exactly one."""
    product = store.products.get(call.id())
    if product is None:
        refuse(NOT_FOUND, "The product was not found.")
    rows = [store.variants[number] for number in product.variant_ids]
    return v3_page(store, call, rows, lambda variant: _variant(store, variant))


@routes("GET", "/v3/catalog/variants")
def list_variants(store: Store, call: Call) -> Reply:
    """A page of variants of all products."""
    rows = filtered(
        call,
        store.variants.values(),
        {
            "id": lambda v: str(v.id),
            "sku": lambda v: v.sku,
            "product_id": lambda v: str(v.product_id),
        },
    )
    return v3_page(store, call, rows, lambda variant: _variant(store, variant))

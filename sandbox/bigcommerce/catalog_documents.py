"""Products, variants and options as V3 writes them."""

from collections.abc import Sequence
from typing import Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import iso, number
from sandbox.bigcommerce.records import Product, ProductOption, Variant
from sandbox.bigcommerce.stock import is_item
from sandbox.bigcommerce.store import Store

INCLUDES = (
    "bulk_pricing_rules",
    "channels",
    "custom_fields",
    "images",
    "modifiers",
    "options",
    "parent_relations",
    "primary_image",
    "reviews",
    "variants",
    "videos",
)


def level_of(store: Store, product: Product) -> int:
    """Stock at the default location, of all variants, as reads show it."""
    variants = (store.variants[one] for one in product.variant_ids)
    return sum(_level(product, variant) for variant in variants if is_item(product, variant))


def _level(product: Product, variant: Variant) -> int:
    return variant.stock[reference.LOCATION].seen_available if product.tracking != "none" else 0


def option_values(product: Product, variant: Variant) -> list[dict[str, Any]]:
    """What a variant is, by the ids of its product's options."""
    by_name = {option.name: option for option in product.options}
    return [
        {
            "id": by_name[name].values[label],
            "label": label,
            "option_id": by_name[name].id,
            "option_display_name": name,
        }
        for name, label in variant.options
    ]


def option_document(product: Product, option: ProductOption, place: int) -> dict[str, Any]:
    """A choice of a product."""
    return {
        "id": option.id,
        "product_id": product.id,
        "display_name": option.name,
        "type": "rectangles",
        "config": {},
        "sort_order": place,
        "option_values": value_documents(option),
    }


def value_documents(option: ProductOption) -> list[dict[str, Any]]:
    """The values of an option."""
    return [
        {
            "id": number_,
            "label": label,
            "sort_order": place,
            "value_data": None,
            "is_default": False,
        }
        for place, (label, number_) in enumerate(option.values.items())
    ]


def _modifier_document(product: Product, modifier: ProductOption, place: int) -> dict[str, Any]:
    return {
        "id": modifier.id,
        "product_id": product.id,
        "name": modifier.name,
        "display_name": modifier.name,
        "type": "text",
        "required": False,
        "config": {},
        "sort_order": place,
        "option_values": [],
    }


def variant_document(store: Store, variant: Variant) -> dict[str, Any]:
    """A variant; null is inherited from its product."""
    product = store.products[variant.product_id]
    own = bool(variant.options)
    prices = own and "price" not in variant.inherits
    weighs = own and "weight" not in variant.inherits
    mirrored = {} if own else {name: product.details.get(name, "") for name in ("gtin",)}
    return {
        "id": variant.id,
        "product_id": variant.product_id,
        "sku": variant.sku,
        "sku_id": variant.sku_id if own else None,
        "price": number(variant.price) if prices else None,
        "calculated_price": number(variant.price),
        "sale_price": None,
        "retail_price": None,
        "map_price": None,
        "weight": number(variant.weight) if weighs else None,
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
        "upc": product.upc,
        "mpn": product.mpn,
        "gtin": "",
        "inventory_level": _level(product, variant),
        "inventory_warning_level": variant.stock[reference.LOCATION].warning_level,
        "bin_picking_number": "",
        "option_values": option_values(product, variant),
        **mirrored,
        **variant.details,
    }


def product_document(store: Store, product: Product, include: frozenset[str]) -> dict[str, Any]:
    """A product with the sub-resources asked for."""
    variants = [store.variants[one] for one in product.variant_ids]
    simple = len(variants) == 1 and not variants[0].options
    return {
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
        "categories": list(product.categories),
        "brand_id": store.brand_id(product.brand),
        "option_set_id": None,
        "option_set_display": "right",
        "inventory_level": level_of(store, product),
        "inventory_warning_level": 0,
        "inventory_tracking": product.tracking,
        "reviews_rating_sum": 0,
        "reviews_count": 0,
        "total_sold": product.total_sold,
        "fixed_cost_shipping_price": 0,
        "is_free_shipping": product.is_free_shipping,
        "is_visible": product.is_visible,
        "is_featured": product.is_featured,
        "related_products": [-1],
        "warranty": "",
        "bin_picking_number": "",
        "layout_file": "",
        "availability": product.availability,
        "availability_description": "",
        "condition": product.condition,
        "is_condition_shown": False,
        "order_quantity_minimum": 0,
        "order_quantity_maximum": 0,
        "upc": product.upc,
        "mpn": product.mpn,
        "gtin": "",
        "search_keywords": "",
        "page_title": "",
        "meta_keywords": [],
        "meta_description": "",
        "view_count": 0,
        "is_price_hidden": False,
        "price_hidden_label": "",
        "preorder_release_date": None,
        "preorder_message": "",
        "is_preorder_only": False,
        "sort_order": 0,
        "date_created": iso(product.created_at),
        "date_modified": iso(product.modified_at),
        "date_last_imported": iso(product.imported_at) if product.imported_at else "",
        "base_variant_id": variants[0].id if simple else None,
        **product.details,
        **_included(store, product, variants, include),
    }


def _included(
    store: Store, product: Product, variants: Sequence[Variant], include: frozenset[str]
) -> dict[str, Any]:
    parts: dict[str, Any] = dict.fromkeys(include, ())
    if "channels" in include:
        parts["channels"] = list(product.channel_ids)
    if "custom_fields" in include:
        parts["custom_fields"] = [
            {"id": number_, "name": name, "value": value}
            for number_, (name, value) in product.custom_fields.items()
        ]
    if "images" in include:
        parts["images"] = list(product.images.values())
    if "modifiers" in include:
        parts["modifiers"] = [
            _modifier_document(product, one, place) for place, one in enumerate(product.modifiers)
        ]
    if "options" in include:
        parts["options"] = [
            option_document(product, one, place) for place, one in enumerate(product.options)
        ]
    if "primary_image" in include:
        parts["primary_image"] = None
    if "variants" in include:
        parts["variants"] = [variant_document(store, variant) for variant in variants]
    return parts

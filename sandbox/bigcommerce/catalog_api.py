"""Products, variants, stock and customers: reading (V3)."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.formats import iso, number
from sandbox.bigcommerce.paging import v3_cursor_page, v3_page
from sandbox.bigcommerce.records import Customer, Product, Variant
from sandbox.bigcommerce.routing import NOT_FOUND, OK, Call, Reply, Routes, refuse
from sandbox.bigcommerce.store import Store

routes = Routes()
T = TypeVar("T")
INVENTORY_PAGE = 1000


def _kept(call: Call, rows: Iterable[T], filters: dict[str, Callable[[T], str]]) -> list[T]:
    """Rows that pass `name`, `name:in` for each name; texts compare in any case."""
    kept = list(rows)
    for name, value in filters.items():
        for asked in (name, f"{name}:in"):
            if asked in call.query:
                text = call.query[asked].casefold()
                wanted = set(text.split(",")) if asked.endswith(":in") else {text}
                kept = [row for row in kept if value(row).casefold() in wanted]
    return kept


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


def _variant(store: Store, variant: Variant) -> dict[str, Any]:
    product = store.products[variant.product_id]
    own = bool(variant.options)
    return {
        "id": variant.id,
        "product_id": variant.product_id,
        "sku": variant.sku,
        "sku_id": variant.id + 1000 if own else None,
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
        "inventory_level": variant.available if product.tracking != "none" else 0,
        "inventory_warning_level": variant.warning_level,
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
        "inventory_level": sum(variant.available for variant in variants),
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
    """A page of products. `sku` looks at products only, never at variants."""
    rows = _kept(
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
    rows = _kept(
        call,
        store.variants.values(),
        {
            "id": lambda v: str(v.id),
            "sku": lambda v: v.sku,
            "product_id": lambda v: str(v.product_id),
        },
    )
    return v3_page(store, call, rows, lambda variant: _variant(store, variant))


@routes("GET", "/v3/inventory/items")
def list_inventory(store: Store, call: Call) -> Reply:
    """Stock by variant at every location; up to 1000 a page. What is not tracked is not listed."""
    tracked = (
        variant
        for variant in store.variants.values()
        if store.products[variant.product_id].tracking != "none"
    )
    rows = _kept(
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


@routes("GET", "/v3/customers")
def list_customers(store: Store, call: Call) -> Reply:
    """A page of customers, by number or by cursor."""
    rows = _kept(
        call,
        store.customers.values(),
        {"id": lambda c: str(c.id), "email": lambda c: c.email},
    )
    with_addresses = "addresses" in _include(call)
    return v3_cursor_page(
        store, call, rows, lambda c: c.id, lambda c: _customer(c, with_addresses=with_addresses)
    )


def _customer(customer: Customer, *, with_addresses: bool) -> dict[str, Any]:
    person = customer.address
    document: dict[str, Any] = {
        "id": customer.id,
        "email": customer.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "phone": person.phone,
        "registration_ip_address": "",
        "notes": "",
        "tax_exempt_category": "",
        "customer_group_id": 0,
        "date_created": iso(customer.created_at),
        "date_modified": iso(customer.modified_at),
        "address_count": 1,
        "attribute_count": 0,
        "authentication": {"force_password_reset": False},
        "accepts_product_review_abandoned_cart_emails": True,
        "origin_channel_id": customer.channel_id,
        "channel_ids": None,
    }
    if with_addresses:
        document["addresses"] = [
            {
                "id": 90_000 + customer.id,
                "customer_id": customer.id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "company": person.company,
                "address1": person.street_1,
                "address2": person.street_2,
                "city": person.city,
                "state_or_province": person.state,
                "postal_code": person.zip,
                "country_code": person.country_iso2,
                "country": person.country,
                "phone": person.phone,
                "address_type": "residential",
            }
        ]
    return document

"""Products, variants and options: reading (V3), with every filter that is documented."""

from collections.abc import Callable
from typing import Any

from sandbox.bigcommerce import filters
from sandbox.bigcommerce.api import (
    LARGEST_PAGE,
    NOT_FOUND,
    OK,
    Call,
    Routes,
    first_or_404,
    refuse,
    v3_page,
)
from sandbox.bigcommerce.catalog_documents import (
    INCLUDES,
    level_of,
    option_document,
    product_document,
    value_documents,
    variant_document,
)
from sandbox.bigcommerce.filters import FIELDS, LISTS, PAGING, RANGE, Filter
from sandbox.bigcommerce.records import Product, ProductOption, Variant
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
OPTIONS_PAGE = 10
"""So many products at most where their options or modifiers are included."""
PRODUCT_PARAMETERS = {*PAGING, *FIELDS, "include", "sort", "direction", "keyword_context"}
VARIANT_FILTERS: dict[str, Filter[Variant]] = {
    "id": filters.number(lambda variant: variant.id),
    "sku": filters.text(lambda variant: variant.sku, "", "in"),
    "product_id": filters.number(lambda variant: variant.product_id, "in"),
}
"""`sku:in` works although its description lacks it."""


def product_filters(store: Store) -> dict[str, Filter[Product]]:
    """What can be asked of products."""

    def level(product: Product) -> int:
        return level_of(store, product)

    def has_run_out(product: Product) -> bool:
        return product.tracking != "none" and level(product) == 0

    def is_low(product: Product) -> bool:
        variants = (store.variants[one] for one in product.variant_ids)
        warning = max(one.stock[1].warning_level for one in variants)
        return product.tracking != "none" and level(product) <= warning

    return {
        "id": filters.number(lambda product: product.id, *RANGE, *LISTS),
        "channel_id": filters.number(lambda product: product.channel_ids, "in"),
        "categories": filters.number(lambda product: product.categories, "", "in"),
        "name": filters.text(lambda product: product.name),
        "mpn": filters.text(lambda product: product.mpn),
        "upc": filters.text(lambda product: product.upc),
        "sku": filters.text(lambda product: product.sku, "", "in"),
        "price": filters.amount(lambda product: product.price),
        "weight": filters.amount(lambda product: product.weight),
        "condition": filters.text(lambda product: product.condition),
        "brand_id": filters.number(lambda product: store.brand_id(product.brand)),
        "date_modified": filters.moment(lambda product: product.modified_at),
        "date_last_imported": filters.moment(
            lambda product: product.imported_at, "", "not", "min", "max"
        ),
        "is_visible": filters.flag(lambda product: product.is_visible),
        "is_featured": filters.flag(lambda product: product.is_featured),
        "is_free_shipping": filters.flag(lambda product: product.is_free_shipping),
        "inventory_level": filters.number(level, *RANGE, *LISTS),
        "inventory_low": filters.flag(is_low),
        "out_of_stock": filters.flag(has_run_out),
        "total_sold": filters.number(lambda product: product.total_sold),
        "type": filters.text(lambda product: product.type),
        "availability": filters.text(lambda product: product.availability),
        "keyword": Filter(
            lambda product: f"{product.name}\n{product.sku}\n{product.brand}".casefold(),
            lambda asked: asked.casefold(),
            ("",),
            is_part=True,
        ),
    }


def product_sorts(store: Store) -> dict[str, Callable[[Product], Any]]:
    """What products can be sorted by."""
    return {
        "id": lambda product: product.id,
        "name": lambda product: product.name.casefold(),
        "sku": lambda product: product.sku.casefold(),
        "price": lambda product: product.price,
        "calculated_price": lambda product: product.price,
        "date_modified": lambda product: product.modified_at,
        "date_last_imported": lambda product: product.imported_at or store.opened_at,
        "inventory_level": lambda product: level_of(store, product),
        "is_visible": lambda product: product.is_visible,
        "total_sold": lambda product: product.total_sold,
    }


@routes("GET", "/v3/catalog/products")
def list_products(store: Store, call: Call) -> Reply:
    """A page of products. `sku` matches products only, never variants."""
    rows = filters.select(call, store.products.values(), product_filters(store), PRODUCT_PARAMETERS)
    direction = call.query.get("direction", "")
    rows = filters.arranged(call, rows, product_sorts(store), direction=direction)
    include = filters.includes(call, INCLUDES)
    most = OPTIONS_PAGE if include & {"options", "modifiers"} else LARGEST_PAGE
    return v3_page(store, call, rows, lambda product: _shown(store, call, product, include), most)


def _shown(store: Store, call: Call, product: Product, include: frozenset[str]) -> dict[str, Any]:
    return filters.trimmed(call, product_document(store, product, include), include)


@routes("GET", "/v3/catalog/products/{id}")
def get_product(store: Store, call: Call) -> Reply:
    """One product."""
    product, include = require_product(store, call), filters.includes(call, INCLUDES)
    return Reply(OK, {"data": _shown(store, call, product, include), "meta": {}})


def require_product(store: Store, call: Call) -> Product:
    """The product that the path names.

    Raises: Refusal 404.
    """
    product = store.products.get(call.id())
    if product is None:
        refuse(NOT_FOUND, "The product was not found.")
    return product


@routes("GET", "/v3/catalog/products/{id}/variants")
def list_product_variants(store: Store, call: Call) -> Reply:
    """Variants of one product; a simple one has exactly one."""
    rows = [store.variants[number] for number in require_product(store, call).variant_ids]
    return _variants(store, call, filters.select(call, rows, {}, {*PAGING, *FIELDS}))


@routes("GET", "/v3/catalog/products/{id}/variants/{variant_id}")
def get_product_variant(store: Store, call: Call) -> Reply:
    """One variant of a product."""
    wanted, product = call.id("variant_id"), require_product(store, call)
    number = first_or_404(one for one in product.variant_ids if one == wanted)
    document = filters.trimmed(call, variant_document(store, store.variants[number]))
    return Reply(OK, {"data": document, "meta": {}})


@routes("GET", "/v3/catalog/variants")
def list_variants(store: Store, call: Call) -> Reply:
    """A page of variants of all products."""
    by_upc: Filter[Variant] = filters.text(lambda one: store.products[one.product_id].upc)
    known = VARIANT_FILTERS | {"upc": by_upc}
    rows = filters.select(call, store.variants.values(), known, {*PAGING, *FIELDS})
    return _variants(store, call, rows)


def _variants(store: Store, call: Call, rows: list[Variant]) -> Reply:
    return v3_page(
        store, call, rows, lambda one: filters.trimmed(call, variant_document(store, one))
    )


@routes("GET", "/v3/catalog/products/{id}/options")
def list_options(store: Store, call: Call) -> Reply:
    """What shoppers choose of a product."""
    product = require_product(store, call)
    rows = filters.select(call, enumerate(product.options), {}, {*PAGING, *FIELDS})
    return v3_page(
        store,
        call,
        rows,
        lambda row: filters.trimmed(call, option_document(product, row[1], row[0])),
    )


@routes("GET", "/v3/catalog/products/{id}/options/{option_id}")
def get_option(store: Store, call: Call) -> Reply:
    """One option of a product."""
    product = require_product(store, call)
    option = require_option(product, call)
    document = option_document(product, option, product.options.index(option))
    return Reply(OK, {"data": filters.trimmed(call, document), "meta": {}})


@routes("GET", "/v3/catalog/products/{id}/options/{option_id}/values")
def list_option_values(store: Store, call: Call) -> Reply:
    """The values of an option."""
    values = value_documents(require_option(require_product(store, call), call))
    rows = filters.select(call, values, {}, {*PAGING, *FIELDS})
    return v3_page(store, call, rows, lambda row: filters.trimmed(call, row))


def require_option(product: Product, call: Call) -> ProductOption:
    """The option of a product that the path names.

    Raises: Refusal 404.
    """
    wanted = call.id("option_id")
    return first_or_404(option for option in product.options if option.id == wanted)

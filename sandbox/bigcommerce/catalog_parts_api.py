"""Brands, categories, option values, custom fields, images and channel assignments (V3)."""

from typing import Any

import orjson

from sandbox.bigcommerce import filters, reference
from sandbox.bigcommerce.api import (
    NO_CONTENT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
    v3_page,
)
from sandbox.bigcommerce.catalog_api import require_option, require_product
from sandbox.bigcommerce.catalog_documents import value_documents
from sandbox.bigcommerce.catalog_writes import (
    CONFLICT,
    MOST_VALUES,
    CustomFieldSent,
    ImageSent,
    add_image,
)
from sandbox.bigcommerce.filters import FIELDS, PAGING, Filter
from sandbox.bigcommerce.records import Category
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
LONGEST_BRAND = 255
LONGEST_CATEGORY = 50
"""The vendor's control panel takes no longer name of a category."""
MOST_CUSTOM_FIELDS = 200
BRAND_FILTERS: dict[str, Filter[tuple[str, int]]] = {
    "id": filters.number(lambda brand: brand[1], "", "in"),
    "name": filters.text(lambda brand: brand[0], "", "like"),
}
CATEGORY_FILTERS: dict[str, Filter[Category]] = {
    "id": filters.number(lambda one: one.id, "", "in"),
    "name": filters.text(lambda one: one.name, "", "like"),
    "parent_id": filters.number(lambda one: one.parent_id, "", "in"),
}


@routes("GET", "/v3/catalog/brands")
def list_brands(store: Store, call: Call) -> Reply:
    """A page of brands."""
    rows = filters.select(call, store.brands.items(), BRAND_FILTERS, {*PAGING, *FIELDS})
    return v3_page(store, call, rows, lambda row: filters.trimmed(call, _brand(*row)))


@routes("POST", "/v3/catalog/brands")
def create_brand(store: Store, call: Call) -> Reply:
    """A brand, whose name no other one has."""
    name = _name(call, LONGEST_BRAND)
    if name.casefold() in {known.casefold() for known in store.brands}:
        refuse(CONFLICT, "The brand name is a duplicate", {"name": "is not unique"})
    return Reply(OK, {"data": _brand(name, store.brand_id(name)), "meta": {}})


def _brand(name: str, number: int) -> dict[str, Any]:
    return {"id": number, "name": name, "page_title": "", "meta_description": "", "image_url": ""}


@routes("GET", "/v3/catalog/categories")
def list_categories(store: Store, call: Call) -> Reply:
    """A page of categories; the tree shows in `parent_id`."""
    rows = filters.select(call, store.categories.values(), CATEGORY_FILTERS, {*PAGING, *FIELDS})
    return v3_page(store, call, rows, lambda row: filters.trimmed(call, _category(row)))


@routes("POST", "/v3/catalog/categories")
def create_category(store: Store, call: Call) -> Reply:
    """A category, whose name no other one of its parent has."""
    name, parent_id = _name(call, LONGEST_CATEGORY), call.body().get("parent_id")
    if not isinstance(parent_id, int) or (parent_id and parent_id not in store.categories):
        refuse(UNPROCESSABLE, "The parent category does not exist", {"parent_id": "is not known"})
    return Reply(OK, {"data": _category(add_category(store, name, parent_id)), "meta": {}})


def add_category(store: Store, name: str, parent_id: int) -> Category:
    """A new category. Raises: Refusal 409 for a name that another one of its parent has."""
    others = (one for one in store.categories.values() if one.parent_id == parent_id)
    if any(one.name.casefold() == name.casefold() for one in others):
        refuse(CONFLICT, "The category name is a duplicate", {"name": "is not unique"})
    category = Category(store.sequences.next("category"), parent_id, name)
    store.categories[category.id] = category
    return category


def _category(one: Category) -> dict[str, Any]:
    return {
        "id": one.id,
        "parent_id": one.parent_id,
        "name": one.name,
        "description": "",
        "sort_order": 0,
        "is_visible": True,
    }


@routes("POST", "/v3/catalog/products/{id}/options/{option_id}/values")
def create_option_value(store: Store, call: Call) -> Reply:
    """One more value of an option."""
    option = require_option(require_product(store, call), call)
    label = _name(call, LONGEST_BRAND, "label")
    if label in option.values:
        refuse(CONFLICT, "The option value is a duplicate", {"label": "is not unique"})
    if len(option.values) >= MOST_VALUES:
        refuse(UNPROCESSABLE, f"An option has at most {MOST_VALUES} values", {})
    option.values[label] = store.sequences.next("option_value")
    return Reply(OK, {"data": value_documents(option)[-1], "meta": {}})


@routes("POST", "/v3/catalog/products/{id}/custom-fields")
def create_custom_field(store: Store, call: Call) -> Reply:
    """One more custom field of a product."""
    product, sent = require_product(store, call), _custom_field(call)
    if len(product.custom_fields) >= MOST_CUSTOM_FIELDS:
        refuse(UNPROCESSABLE, f"A product has at most {MOST_CUSTOM_FIELDS} custom fields", {})
    if (sent.name, sent.value) in product.custom_fields.values():
        refuse(CONFLICT, "The custom field is a duplicate", {})
    number = store.sequences.next("custom_field")
    product.custom_fields[number] = (sent.name, sent.value)
    store.touch_product(product)
    return Reply(OK, {"data": {"id": number, "name": sent.name, "value": sent.value}, "meta": {}})


@routes("PUT", "/v3/catalog/products/{id}/custom-fields/{field_id}")
def update_custom_field(store: Store, call: Call) -> Reply:
    """Another name or value of a custom field."""
    product, number, sent = require_product(store, call), call.id("field_id"), _custom_field(call)
    if number not in product.custom_fields:
        refuse(NOT_FOUND, "The custom field was not found.")
    product.custom_fields[number] = (sent.name, sent.value)
    store.touch_product(product)
    return Reply(OK, {"data": {"id": number, "name": sent.name, "value": sent.value}, "meta": {}})


@routes("DELETE", "/v3/catalog/products/{id}/custom-fields/{field_id}")
def delete_custom_field(store: Store, call: Call) -> Reply:
    """Take a custom field away."""
    product = require_product(store, call)
    if product.custom_fields.pop(call.id("field_id"), None) is None:
        refuse(NOT_FOUND, "The custom field was not found.")
    store.touch_product(product)
    return Reply(NO_CONTENT)


def _custom_field(call: Call) -> CustomFieldSent:
    sent = call.body()
    name, value = str(sent.get("name") or ""), str(sent.get("value") or "")
    if not 0 < len(name) <= 250 or not 0 < len(value) <= 250:  # noqa: PLR2004 - as documented
        text = "name and value have 1 to 250 characters"
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", {"custom_field": text})
    return CustomFieldSent(name=name, value=value)


@routes("GET", "/v3/catalog/products/{id}/images")
def list_images(store: Store, call: Call) -> Reply:
    """The images of a product."""
    rows = list(require_product(store, call).images.values())
    return v3_page(store, call, rows, lambda row: row)


@routes("POST", "/v3/catalog/products/{id}/images")
def create_image(store: Store, call: Call) -> Reply:
    """One more image, fetched from an address."""
    product, sent = require_product(store, call), call.body()
    url = str(sent.get("image_url") or "")
    if not url.startswith(("http://", "https://")):
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", {"image_url": "is not valid"})
    known = {name: sent[name] for name in ImageSent.model_fields if sent.get(name) is not None}
    image = add_image(store, product, ImageSent.model_validate(known))
    store.touch_product(product)
    return Reply(OK, {"data": image, "meta": {}})


@routes("DELETE", "/v3/catalog/products/{id}/images/{image_id}")
def delete_image(store: Store, call: Call) -> Reply:
    """Take an image away."""
    product = require_product(store, call)
    if product.images.pop(call.id("image_id"), None) is None:
        refuse(NOT_FOUND, "The image was not found.")
    store.touch_product(product)
    return Reply(NO_CONTENT)


@routes("GET", "/v3/catalog/products/channel-assignments")
def list_channel_assignments(store: Store, call: Call) -> Reply:
    """On which channels products are sold."""
    rows = [
        (product.id, channel_id)
        for product in store.products.values()
        for channel_id in product.channel_ids
    ]
    known: dict[str, Filter[tuple[int, int]]] = {
        "product_id": filters.number(lambda row: row[0], "in"),
        "channel_id": filters.number(lambda row: row[1], "in"),
    }
    found = filters.select(call, rows, known)
    return v3_page(store, call, found, lambda row: {"product_id": row[0], "channel_id": row[1]})


@routes("PUT", "/v3/catalog/products/channel-assignments")
def assign_channels(store: Store, call: Call) -> Reply:
    """Sell products on channels; those they are on already are harmless."""
    sent = orjson.loads(call.raw_body)
    if not isinstance(sent, list):
        refuse(UNPROCESSABLE, "The request body is not a list of objects.", {})
    for row in sent:
        product = store.products.get(row.get("product_id"))
        if product is None or row.get("channel_id") not in reference.CHANNEL_IDS:
            refuse(UNPROCESSABLE, "The product or the channel does not exist", {})
    for row in sent:
        product = store.products[row["product_id"]]
        product.channel_ids = tuple(sorted({*product.channel_ids, row["channel_id"]}))
    return Reply(NO_CONTENT)


def _name(call: Call, longest: int, field: str = "name") -> str:
    """The name that a body gives. Raises: Refusal 422."""
    name = call.body().get(field)
    if not isinstance(name, str) or not 0 < len(name) <= longest:
        text = f"a {field} has 1 to {longest} characters"
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", {field: text})
    return name

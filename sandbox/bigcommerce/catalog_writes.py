"""Products and variants: created, changed and deleted (V3), and what the vendor refuses of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    OK,
    TOO_LARGE,
    UNPROCESSABLE,
    Call,
    Refusal,
    Routes,
    refuse,
)
from sandbox.bigcommerce.catalog_api import product_filters, require_product
from sandbox.bigcommerce.catalog_documents import product_document, variant_document
from sandbox.bigcommerce.filters import PAGING, select
from sandbox.bigcommerce.records import Product, StockAt, Variant
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
CONFLICT, PARTLY = 409, 207
MOST_PRODUCTS, MOST_VARIANTS, MOST_SKUS, MOST_DELETED = 10, 50, 600, 250
"""Products and variants of one request, SKUs of one product, products deleted at once."""
MOST_VALUES = 250
"""Of one option."""
Amount = Annotated[Decimal, BeforeValidator(str), Field(ge=0, le=10**11)]
Sku = Annotated[str, Field(max_length=255)]
Code = Annotated[str, Field(max_length=14)]
DETAILS = (
    "description",
    "width",
    "depth",
    "height",
    "cost_price",
    "retail_price",
    "sale_price",
    "map_price",
    "gtin",
    "search_keywords",
    "page_title",
    "meta_description",
    "bin_picking_number",
    "warranty",
    "availability_description",
    "product_tax_code",
    "sort_order",
    "order_quantity_minimum",
    "order_quantity_maximum",
    "is_condition_shown",
    "is_price_hidden",
)
"""Fields of a product that are kept as they come."""
VARIANT_DETAILS = (
    "cost_price",
    "retail_price",
    "sale_price",
    "map_price",
    "width",
    "depth",
    "height",
    "upc",
    "gtin",
    "mpn",
    "bin_picking_number",
    "purchasing_disabled",
    "purchasing_disabled_message",
    "image_url",
    "is_free_shipping",
    "fixed_cost_shipping_price",
)
"""The same of a variant; null is inherited."""


class Sent(BaseModel):
    """A body or a part of one; fields that nobody knows are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class OptionSent(Sent):
    """What a variant is: by labels where the product is created, by ids later."""

    option_display_name: str = ""
    label: str = ""
    id: int = 0
    option_id: int = 0


class VariantSent(Sent):
    """A variant: with an `id` one to be changed, else a new one."""

    id: int | None = None
    product_id: int | None = None
    sku: Sku | None = None
    option_values: tuple[OptionSent, ...] | None = None
    price: Amount | None = None
    weight: Amount | None = None
    sale_price: Amount | None = None
    retail_price: Amount | None = None
    cost_price: Amount | None = None
    width: Amount | None = None
    depth: Amount | None = None
    height: Amount | None = None
    upc: Code | None = None
    gtin: Code | None = None
    mpn: str | None = None


class CustomFieldSent(Sent):
    """A custom field."""

    name: str = Field(min_length=1, max_length=250)
    value: str = Field(min_length=1, max_length=250)


class ImageSent(Sent):
    """An image, which the store fetches from its address."""

    image_url: str = Field(pattern=r"^https?://[^/\s]+")
    is_thumbnail: bool = False
    sort_order: int = 0
    description: str = ""


class ProductSent(Sent):
    """A product; what is left out of an update stays as it is."""

    id: int | None = None
    name: str | None = Field(default=None, min_length=1, max_length=250)
    type: Literal["physical", "digital"] | None = None
    sku: Sku | None = None
    price: Amount | None = None
    weight: Amount | None = None
    width: Amount | None = None
    depth: Amount | None = None
    height: Amount | None = None
    cost_price: Amount | None = None
    retail_price: Amount | None = None
    sale_price: Amount | None = None
    tax_class_id: int | None = Field(default=None, ge=0, le=255)
    categories: tuple[int, ...] | None = Field(default=None, max_length=1000)
    brand_id: int | None = None
    brand_name: str | None = Field(default=None, max_length=255)
    inventory_tracking: Literal["none", "product", "variant"] | None = None
    is_visible: bool | None = None
    is_featured: bool | None = None
    is_free_shipping: bool | None = None
    availability: Literal["available", "disabled", "preorder"] | None = None
    condition: Literal["New", "Used", "Refurbished"] | None = None
    upc: Code | None = None
    gtin: Code | None = None
    mpn: str | None = None
    custom_fields: tuple[CustomFieldSent, ...] | None = Field(default=None, max_length=200)
    images: tuple[ImageSent, ...] | None = Field(default=None, max_length=1000)
    variants: tuple[VariantSent, ...] | None = None


@dataclass
class Names:
    """Names and SKUs that a request takes or gives up, before it is carried out."""

    store: Store
    names: dict[str, int] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)

    def check_name(self, name: str, product_id: int) -> None:
        """Raises: Refusal 409 for the name of another product."""
        known = self.names.get(name.casefold()) or self.store.product_by_name.get(name.casefold())
        if known not in {None, product_id}:
            refuse(CONFLICT, "The product name is a duplicate", {"name": "is not unique"})
        self.names[name.casefold()] = product_id

    def check_sku(self, sku: str, variant_id: int, status: int = CONFLICT) -> None:
        """Raises: Refusal for the SKU of another variant, in any case."""
        key = sku.casefold()
        known = self.skus.get(key) or self.store.variant_by_sku.get(key)
        if sku and known not in {None, variant_id}:
            refuse(status, "Sku is not unique", {"sku": "is not unique"})
        self.skus[key] = variant_id


@routes("POST", "/v3/catalog/products")
def create_product(store: Store, call: Call) -> Reply:
    """One product with all of its variants, whose options are made of their labels."""
    raw = call.body()
    sent = _read(ProductSent, raw)
    errors = {name: f"{name} is required" for name in _required(sent)}
    variants = sent.variants or ()
    if len(variants) > MOST_SKUS:
        errors["variants"] = f"a product has at most {MOST_SKUS} SKUs"
    for one in variants:
        if not one.sku or not one.option_values:
            errors["variants.sku"] = "a variant needs a sku and option_values"
    if errors:
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", errors)
    _check_labels(variants)
    names = Names(store)
    names.check_name(sent.name or "", 0)
    for place, one in enumerate([*([] if variants else [sent]), *variants]):
        names.check_sku(one.sku or "", -1 - place)
    _check_references(store, sent)
    now = store.now()
    product = Product(
        id=store.sequences.next("product"),
        name=sent.name or "",
        sku="" if variants else sent.sku or "",
        type=sent.type or "physical",
        price=sent.price or Decimal(0),
        weight=sent.weight or Decimal(0),
        tax_class_id=0,
        tracking="none",
        brand="",
        created_at=now,
        modified_at=now,
        channel_ids=(reference.DEFAULT_CHANNEL,),
    )
    store.products[product.id] = product
    store.product_by_name[product.name.casefold()] = product.id
    _write(store, product, sent, raw)
    for item in sent.custom_fields or ():
        product.custom_fields[store.sequences.next("custom_field")] = (item.name, item.value)
    for image in sent.images or ():
        add_image(store, product, image)
    documents = raw.get("variants") or [{"sku": product.sku}]
    for one, document in zip(variants or [VariantSent(sku=product.sku)], documents, strict=True):
        labels = tuple((v.option_display_name, v.label) for v in one.option_values or ())
        _add_variant(store, product, one, document, labels)
    store.emit("store/product/created", {"type": "product", "id": product.id})
    return _saved(store, product_document(store, product, frozenset({"variants"})))


@routes("PUT", "/v3/catalog/products")
def update_products(store: Store, call: Call) -> Reply:
    """Up to ten, all or none of them; a refusal does not say which one is to blame."""
    raws = _list(call, MOST_PRODUCTS)
    rows = [_read(ProductSent, raw) for raw in raws]
    products = [store.products.get(row.id or 0) for row in rows]
    if None in products:
        refuse(UNPROCESSABLE, "One or more products do not exist", {})
    found = [one for one in products if one is not None]
    _check_updates(store, found, rows)
    for product, row, raw in zip(found, rows, raws, strict=True):
        _write(store, product, row, raw)
        store.touch_product(product)
    return _saved(store, [product_document(store, one, frozenset()) for one in found])


@routes("PUT", "/v3/catalog/products/{id}")
def update_product(store: Store, call: Call) -> Reply:
    """One product."""
    product, raw = require_product(store, call), call.body()
    row = _read(ProductSent, raw)
    _check_updates(store, [product], [row])
    _write(store, product, row, raw)
    store.touch_product(product)
    return _saved(store, product_document(store, product, frozenset({"variants"})))


@routes("DELETE", "/v3/catalog/products")
def delete_products(store: Store, call: Call) -> Reply:
    """Those that a filter names, which must be there."""
    if not set(call.query) - PAGING:
        refuse(UNPROCESSABLE, "A filter is required to delete products", {})
    found = select(call, store.products.values(), product_filters(store), PAGING)[:MOST_DELETED]
    for product in found:
        remove_product(store, product)
    return Reply(NO_CONTENT)


@routes("DELETE", "/v3/catalog/products/{id}")
def delete_product(store: Store, call: Call) -> Reply:
    """One product."""
    remove_product(store, require_product(store, call))
    return Reply(NO_CONTENT)


def remove_product(store: Store, product: Product) -> None:
    """Take a product away with its variants; orders keep their lines."""
    for number in product.variant_ids:
        variant = store.variants.pop(number)
        if store.variant_by_sku.get(variant.sku.casefold()) == number:
            del store.variant_by_sku[variant.sku.casefold()]
    del store.products[product.id]
    store.product_by_name.pop(product.name.casefold(), None)
    store.stock.forget_items()
    store.emit("store/product/deleted", {"type": "product", "id": product.id})


@routes("PUT", "/v3/catalog/variants")
def write_variants(store: Store, call: Call) -> Reply:
    """Up to fifty, changed or (without an id) made, all or none; errors come as `batch_errors`."""
    raws = _list(call, MOST_VARIANTS)
    names = Names(store)
    rows: list[tuple[Product, Variant | None, VariantSent]] = []
    try:
        for raw in raws:
            row = _read(VariantSent, raw)
            product, variant = _variant_of(store, row)
            rows.append((product, variant, row))
            if row.sku is not None:
                names.check_sku(
                    row.sku, variant.id if variant else -len(rows), status=UNPROCESSABLE
                )
                _check_substring(store, row.sku, variant)
    except Refusal as refused:
        if refused.status == CONFLICT:
            raise
        error = refused.body(is_v2=False)
        return Reply(UNPROCESSABLE, {"batch_errors": [error]})
    documents = []
    for (product, known, row), raw in zip(rows, raws, strict=True):
        variant = known or _add_variant(store, product, row, raw, _labels_of(product, row))
        kind = "updated" if known else "created"
        if known:
            _write_variant(store, product, known, row, raw)
        data = {"product_id": product.id, "variant_id": variant.id}
        store.emit(f"store/sku/{kind}", {"type": "sku", "id": variant.sku_id, "sku": data})
        documents.append(variant_document(store, variant))
    for product in {product.id: product for product, *_ in rows}.values():
        store.touch_product(product)
    return Reply(OK, {"data": documents, "meta": {}})


@routes("PUT", "/v3/catalog/products/{id}/variants/{variant_id}")
def update_variant(store: Store, call: Call) -> Reply:
    """One variant of a product."""
    product, raw, wanted = require_product(store, call), call.body(), call.id("variant_id")
    row = _read(VariantSent, raw)
    variant = store.variants[wanted] if wanted in product.variant_ids else None
    if variant is None:
        refuse(404, "The variant was not found.")
    if row.sku is not None:
        Names(store).check_sku(row.sku, variant.id)
    _write_variant(store, product, variant, row, raw)
    store.touch_product(product)
    return Reply(OK, {"data": variant_document(store, variant), "meta": {}})


@routes("DELETE", "/v3/catalog/products/{id}/variants/{variant_id}")
def delete_variant(store: Store, call: Call) -> Reply:
    """One variant of a product that has several."""
    product, wanted = require_product(store, call), call.id("variant_id")
    if wanted not in product.variant_ids:
        refuse(404, "The variant was not found.")
    if len(product.variant_ids) == 1:
        refuse(UNPROCESSABLE, "The base variant of a product cannot be deleted", {})
    variant = store.variants.pop(wanted)
    product.variant_ids.remove(wanted)
    if store.variant_by_sku.get(variant.sku.casefold()) == wanted:
        del store.variant_by_sku[variant.sku.casefold()]
    store.stock.forget_items()
    data = {"product_id": product.id, "variant_id": variant.id}
    store.emit("store/sku/deleted", {"type": "sku", "id": variant.sku_id, "sku": data})
    store.touch_product(product)
    return Reply(NO_CONTENT)


def add_image(store: Store, product: Product, image: ImageSent) -> dict[str, Any]:
    """Keep an image as if it had been fetched.

    Raises: Refusal 422 for an address that nothing can be fetched from.
    """
    host = image.image_url.split("/")[2].rpartition("@")[2].partition(":")[0].casefold()
    is_internal = host in {"localhost", "::1"} or host.startswith(("127.", "10.", "192.168."))
    if is_internal or image.image_url.endswith("/missing.jpg"):
        reason = {"image_url": "could not be downloaded", "invalid_reason": "not reachable"}
        refuse(UNPROCESSABLE, "The image could not be processed", reason)
    number = store.sequences.next("image")
    product.images[number] = {
        "id": number,
        "product_id": product.id,
        "is_thumbnail": image.is_thumbnail,
        "sort_order": image.sort_order,
        "description": image.description,
        "image_file": f"s/{number}/{image.image_url.rpartition('/')[2][:80]}",
        "url_zoom": f"https://cdn.example/{number}",
        "url_standard": f"https://cdn.example/{number}",
        "url_thumbnail": f"https://cdn.example/{number}",
        "url_tiny": f"https://cdn.example/{number}",
        "date_modified": store.now().isoformat(timespec="seconds"),
    }
    return product.images[number]


def _read(shape: type[Any], raw: object) -> Any:  # noqa: ANN401 - of that shape
    try:
        return shape.model_validate(raw)
    except ValidationError as wrong:
        errors = {
            ".".join(str(part) for part in one["loc"]) or "body": one["msg"]
            for one in wrong.errors(include_url=False, include_context=False, include_input=False)
        }
        return refuse(UNPROCESSABLE, "JSON data is missing or invalid", errors)


def _list(call: Call, most: int) -> list[dict[str, Any]]:
    """The rows of a batch. Raises: Refusal 400, 413, 422."""
    try:
        sent = orjson.loads(call.raw_body)
    except orjson.JSONDecodeError:
        refuse(BAD_REQUEST, "The request body is not valid JSON.")
    if not isinstance(sent, list) or not sent or not all(isinstance(one, dict) for one in sent):
        refuse(UNPROCESSABLE, "The request body is not a list of objects.", {})
    if len(sent) > most:
        text = f"The request payload is too large. The maximum items allowed in the array is {most}"
        refuse(TOO_LARGE, f"{text}.", {})
    return list(sent)


def _required(sent: ProductSent) -> list[str]:
    return [name for name in ("name", "type", "weight", "price") if getattr(sent, name) is None]


def _check_labels(variants: Sequence[VariantSent]) -> None:
    """Raises: Refusal 422 for two variants that are the same, or too many values of an option."""
    values: dict[str, set[str]] = {}
    seen = set()
    options = set()
    for one in variants:
        labels = tuple((v.option_display_name, v.label) for v in one.option_values or ())
        if not all(name and label for name, label in labels) or labels in seen:
            text = "each variant needs its own labels"
            refuse(UNPROCESSABLE, "The option values are invalid", {"variants": text})
        seen.add(labels)
        options.add(tuple(name for name, _ in labels))
        for name, label in labels:
            values.setdefault(name, set()).add(label)
    if len(options) > 1 or any(len(one) > MOST_VALUES for one in values.values()):
        text = f"all variants have the same options, of at most {MOST_VALUES} values"
        refuse(UNPROCESSABLE, "The option values are invalid", {"variants": text})


def _check_references(store: Store, sent: ProductSent) -> None:
    """Raises: Refusal 409 for a brand, category or tax class that does not exist."""
    if sent.brand_id and sent.brand_id not in store.brands.values():
        refuse(CONFLICT, "The brand does not exist", {"brand_id": "is not known"})
    if unknown := [one for one in sent.categories or () if one not in store.categories]:
        refuse(CONFLICT, "A category does not exist", {"categories": f"{unknown[0]} is not known"})
    known = {tax.id for tax in reference.TAX_CLASSES}
    if sent.tax_class_id is not None and sent.tax_class_id not in known:
        refuse(CONFLICT, "The tax class does not exist", {"tax_class_id": "is not known"})


def _check_updates(store: Store, found: Sequence[Product], rows: Sequence[ProductSent]) -> None:
    names = Names(store)
    for product, row in zip(found, rows, strict=True):
        if row.name is not None:
            names.check_name(row.name, product.id)
        if row.sku is not None:
            is_simple = not product.options
            names.check_sku(row.sku, product.variant_ids[0] if is_simple else -product.id)
        _check_references(store, row)


AS_SENT = (
    "type",
    "is_visible",
    "is_featured",
    "is_free_shipping",
    "availability",
    "tax_class_id",
    "condition",
    "upc",
    "mpn",
    "categories",
)
"""Fields that are taken as they come and stand in a record's own fields."""


def _write(store: Store, product: Product, sent: ProductSent, raw: Mapping[str, Any]) -> None:
    """Write what a checked row has."""
    for name in AS_SENT:
        if (value := getattr(sent, name)) is not None:
            setattr(product, name, value)
    if sent.name is not None:
        store.product_by_name.pop(product.name.casefold(), None)
        product.name = sent.name
        store.product_by_name[sent.name.casefold()] = product.id
    if sent.inventory_tracking is not None:
        product.tracking = sent.inventory_tracking
        store.stock.forget_items()
    if "brand_id" in sent.model_fields_set:
        names = {number: name for name, number in store.brands.items()}
        product.brand = names.get(sent.brand_id or 0, "")
    elif sent.brand_name is not None:
        store.brand_id(sent.brand_name)
        product.brand = sent.brand_name
    product.details |= {name: raw[name] for name in DETAILS if name in raw}
    _write_through(store, product, sent)


def _write_through(store: Store, product: Product, sent: ProductSent) -> None:
    """Write what the variants share with their product."""
    variants = [store.variants[number] for number in product.variant_ids]
    if sent.sku is not None:
        product.sku = sent.sku
        if variants and not variants[0].options:
            store.rename_sku(variants[0], sent.sku)
    for name in ("price", "weight"):
        if (value := getattr(sent, name)) is not None:
            setattr(product, name, value)
            for variant in variants:
                if not variant.options or name in variant.inherits:
                    setattr(variant, name, value)


def _variant_of(store: Store, row: VariantSent) -> tuple[Product, Variant | None]:
    """The product and the variant that a row of a batch means. Raises: Refusal 422."""
    if row.id is not None:
        variant = store.variants.get(row.id)
        if variant is None:
            refuse(UNPROCESSABLE, "The variant does not exist", {"id": "is not known"})
        return store.products[variant.product_id], variant
    product = store.products.get(row.product_id or 0)
    if product is None or not row.sku or not row.option_values:
        text = "a new variant needs product_id, sku and option_values"
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", {"variant": text})
    if len(product.variant_ids) >= MOST_SKUS:
        refuse(UNPROCESSABLE, f"A product has at most {MOST_SKUS} SKUs", {})
    labels = _labels_of(product, row)
    if any(store.variants[one].options == labels for one in product.variant_ids):
        refuse(UNPROCESSABLE, "A variant has these option values already", {})
    return product, None


def _labels_of(product: Product, row: VariantSent) -> tuple[tuple[str, str], ...]:
    """Option names and labels by the ids of a row. Raises: Refusal 422."""
    by_id = {
        (option.id, number): (option.name, label)
        for option in product.options
        for label, number in option.values.items()
    }
    asked = [(value.option_id, value.id) for value in row.option_values or ()]
    if any(one not in by_id for one in asked) or len(asked) != len(product.options):
        refuse(UNPROCESSABLE, "The option values do not exist", {"option_values": "not known"})
    return tuple(by_id[one] for one in asked)


def _check_substring(store: Store, sku: str, variant: Variant | None) -> None:
    """Raises: Refusal 409 where the store takes a SKU for part of another one, as was seen."""
    if not store.switches.sku_substring_conflict or not sku:
        return
    key = sku.casefold()
    own = variant.sku.casefold() if variant else ""
    if any(key in other and other not in {key, own} for other in store.variant_by_sku):
        refuse(CONFLICT, "Sku is not unique", {"sku": "is not unique"})


def _add_variant(
    store: Store,
    product: Product,
    row: VariantSent,
    raw: Mapping[str, Any],
    labels: tuple[tuple[str, str], ...],
) -> Variant:
    variant = Variant(
        id=store.sequences.next("variant"),
        product_id=product.id,
        sku="",
        options=labels,
        price=product.price,
        weight=product.weight,
        stock={reference.LOCATION: StockAt(0)},
        inherits=frozenset({"price", "weight"}),
    )
    store.variants[variant.id] = variant
    product.variant_ids.append(variant.id)
    for name, label in labels:
        values = store.option_named(product.options, name).values
        if label not in values:
            values[label] = store.sequences.next("option_value")
    _write_variant(store, product, variant, row, raw)
    return variant


def _write_variant(
    store: Store, product: Product, variant: Variant, row: VariantSent, raw: Mapping[str, Any]
) -> None:
    if row.sku is not None:
        store.rename_sku(variant, row.sku)
        if not variant.options:
            product.sku = row.sku
    for name in ("price", "weight"):
        if name in raw:
            value = getattr(row, name)
            setattr(variant, name, getattr(product, name) if value is None else value)
            inherited = {name} if value is None else set()
            variant.inherits = (variant.inherits - {name}) | inherited
            if not variant.options and value is not None:
                setattr(product, name, value)
    kept = {name: raw[name] for name in VARIANT_DETAILS if name in raw}
    if variant.options:
        variant.details |= kept
    else:
        product.upc = kept.pop("upc", product.upc)
        product.mpn = kept.pop("mpn", product.mpn)
        product.details |= {name: value for name, value in kept.items() if name in DETAILS}


def _saved(store: Store, data: object) -> Reply:
    if store.switches.catalog_saves_partly:
        return Reply(PARTLY, {"data": data, "meta": {"saved": "the URL was not"}})
    return Reply(OK, {"data": data, "meta": {}})

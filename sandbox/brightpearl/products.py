"""Products: the resource, its identity, and the catalogue the account opens with."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import product_parts, reference
from sandbox.brightpearl.account import Account, Catalogue, CatalogueProduct
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done, options_answer
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import not_found, refuse, stale
from sandbox.brightpearl.stock_records import StockLevel
from sandbox.kit.routing import Reply

routes = Routes()

READ_LIMIT = 200
_COST_SHARE = Decimal("0.5")
_NO_SIZE = {"length": 0.0, "height": 0.0, "width": 0.0, "volume": 0.0}
_TAXES = {
    tax.code: {"taxable": True, "taxCode": {"id": tax.id, "code": tax.code}}
    for tax in reference.TAX_CODES.values()
}
_CATEGORIES = [{"categoryCode": "296"}]
_NO_DESCRIPTION = {"languageCode": "en", "text": "", "format": "HTML_FRAGMENT"}
"""Parts that products of a catalogue share, since there may be 100,000: replaced, never changed."""
_OVERFLOW_EVERY = 7
_OVERFLOW_FROM = 20


class IdentityIn(Incoming):
    """SKU and barcodes."""

    sku: str | None = Field(default=None, max_length=32)
    ean: str | None = Field(default=None, max_length=14)
    upc: str | None = Field(default=None, max_length=14)
    isbn: str | None = Field(default=None, max_length=14)
    mpn: str | None = None
    barcode: str | None = None


class TaxCodeIn(Incoming):
    """`financialDetails.taxCode`; by id or code."""

    id: int | None = None
    code: str | None = None


class FinancialIn(Incoming):
    """`financialDetails`."""

    taxable: bool | None = None
    tax_code: TaxCodeIn = TaxCodeIn()


class CategoryIn(Incoming):
    """A category of a channel."""

    category_code: int | str


class ChannelIn(Incoming):
    """A sales channel; only "Brightpearl" exists."""

    product_name: str | None = None
    categories: list[CategoryIn] = Field(default_factory=list)


class StockIn(Incoming):
    """`stock`."""

    stock_tracked: bool | None = None


class ComponentIn(Incoming):
    """One part of a bundle."""

    product_id: int
    product_quantity: Decimal = Field(gt=0, le=10**6)


class CompositionIn(Incoming):
    """`composition`."""

    bundle: bool = False
    bundle_components: list[ComponentIn] = Field(default_factory=list)


class VariationIn(Incoming):
    """What a product of a group is, by an option."""

    option_id: int | None = None


class ProductIn(Incoming):
    """The checked part of a product body; the rest is kept as it came."""

    brand_id: int | None = None
    identity: IdentityIn | None = None
    financial_details: FinancialIn | None = None
    sales_channels: list[ChannelIn] | None = None
    stock: StockIn | None = None
    composition: CompositionIn | None = None
    variations: list[VariationIn] | None = None
    status: str | None = Field(default=None, pattern="^(LIVE|DISCONTINUED|ARCHIVED)$")


def stock_catalogue(account: Account, catalogue: Catalogue, missing: frozenset[str]) -> None:
    """Fill an empty account: products, prices, opening stock (of some a tenth in overflow)."""
    known = set()
    for item in catalogue.products:
        if item.sku in missing or item.sku in known:
            continue
        known.add(item.sku)
        add_catalogue_product(account, item)


def add_catalogue_product(account: Account, item: CatalogueProduct) -> Product:
    """A product with tax code, three prices and opening stock."""
    tax = next(
        (t for t in reference.TAX_CODES.values() if (t.rate or 0) == item.tax_rate_percent), None
    )
    code = tax or reference.TAX_CODES["T0"]
    brand = getattr(item, "brand", "")
    document = {
        "brandId": product_parts.add_brand(account, brand) if brand else reference.BRAND[0],
        "productTypeId": 1,
        "identity": {"sku": item.sku},
        "featured": False,
        "stock": {
            "stockTracked": getattr(item, "type", "physical") == "physical",
            "weight": {"magnitude": float(item.weight_kg)},
            "dimensions": _NO_SIZE,
        },
        "financialDetails": _TAXES[code.code],
        "salesChannels": [_channel(item.name)],
        "composition": {"bundle": False},
        "status": "LIVE",
    }
    product = add_product(account, document)
    price = {"1": item.price_ex_tax}
    product.prices = {1: {"1": item.price_ex_tax * _COST_SHARE}, 2: price, 3: price}
    overflow = 0
    if product.id % _OVERFLOW_EVERY == 0 and item.stock >= _OVERFLOW_FROM:
        overflow = item.stock // 10
        account.stock[product.id][3] = StockLevel(in_stock=overflow)
    account.stock[product.id][2] = StockLevel(in_stock=item.stock - overflow)
    return product


def _channel(name: str) -> dict[str, Any]:
    return {
        "salesChannelName": "Brightpearl",
        "productName": name,
        "productCondition": "new",
        "categories": _CATEGORIES,
        "description": _NO_DESCRIPTION,
    }


def add_product(account: Account, document: dict[str, Any]) -> Product:
    """The product with its id, indexed by SKU."""
    product = Product(account.sequences.next("product"), document, account.now())
    account.products[product.id] = product
    account.product_changes += 1
    if product.sku:
        account.products_by_sku[product.sku].append(product.id)
    return product


@routes("POST", "/product-service/product")
def create_product(account: Account, call: Call) -> Reply:
    """Answers the id. SKUs are not checked for uniqueness, as on the real service."""
    body = call.read(ProductIn)
    if body.brand_id is None:
        refuse("PRDC-014", "You must supply a brand ID.")
    if not body.sales_channels or not body.sales_channels[0].product_name:
        refuse("PRDC-901", "A sales channel with a product name is required")
    document = _as_written(call.json())
    _check(account, None, body, document)
    document.setdefault("status", "LIVE")
    document.setdefault("stock", {"stockTracked": False})
    document["financialDetails"] = _financial(body)
    product = add_product(account, document)
    product_parts.form_group(account, product)
    account.emit("product", product.id, "created")
    return answer(product.id)


def _check(
    account: Account, product: Product | None, body: ProductIn, document: dict[str, Any]
) -> None:
    """Raises: Refusal for a brand, a category or an option that does not exist."""
    channels = document.get("salesChannels") or [{}]
    codes = [one["categoryCode"] for one in channels[0].get("categories") or ()]
    product_parts.check_references(account, body.brand_id, codes)
    product_parts.check_variations(account, product, document.get("variations") or [])


def _as_written(sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, without nulls; category codes are texts, as reads show them."""
    document = {name: value for name, value in sent.items() if value is not None}
    for channel in document.get("salesChannels", ()):
        for category in channel.get("categories", ()):
            category["categoryCode"] = str(category["categoryCode"])
    return document


def _financial(body: ProductIn) -> dict[str, Any]:
    sent = body.financial_details or FinancialIn()
    wanted = sent.tax_code
    tax = reference.TAX_CODES.get(wanted.code or "")
    if wanted.code is None:
        tax = next((t for t in reference.TAX_CODES.values() if t.id == wanted.id), None)
    if tax is None:
        refuse("PRDC-902", "financialDetails.taxCode does not exist")
    return {
        "taxable": sent.taxable is not False,
        "taxCode": {"id": tax.id, "code": tax.code},
    }


@routes("PUT", "/product-service/product/{id}")
def update_product(account: Account, call: Call) -> Reply:
    """Partial body; an `If-Match` that is not the present version answers 412."""
    product = _product(account, call)
    body = call.read(ProductIn)
    expected = call.header("if-match")
    if expected is not None and expected.strip('"') != str(version_of(product)):
        stale(f"Product {product.id} has another version")
    changes = _as_written(call.json())
    _check(account, product, body, changes)
    for part in ("stock", "salesChannels"):
        if part in changes:
            changes[part] = _over(product.document.get(part), changes[part])
    if body.financial_details is not None:
        changes["financialDetails"] = _financial(body)
    old_sku = product.sku
    product.document = product.document | changes
    product_changed(account, product, old_sku)
    return done()


def _over(before: Any, given: Any) -> Any:  # noqa: ANN401 - JSON
    """What was written before, with what is given now over it."""
    if isinstance(before, list) and isinstance(given, list) and before and given:
        return [_over(before[0], given[0])]
    return before | given if isinstance(before, dict) and isinstance(given, dict) else given


@routes("PUT", "/product-service/product/{id}/identity")
def replace_identity(account: Account, call: Call) -> Reply:
    """Replaces all identifiers: those left out are gone."""
    product = _product(account, call)
    body = call.read(IdentityIn)
    old_sku = product.sku
    product.document["identity"] = body.model_dump(exclude_none=True)
    product_changed(account, product, old_sku)
    return done()


def product_changed(account: Account, product: Product, old_sku: str) -> None:
    """Date a change, index a new SKU, and emit the event."""
    if old_sku != product.sku:
        if old_sku:
            account.products_by_sku[old_sku].remove(product.id)
        if product.sku:
            account.products_by_sku[product.sku].append(product.id)
    account.touch_product(product)
    account.emit("product", product.id, "modified")


def _product(account: Account, call: Call) -> Product:
    product = account.products.get(call.number("id"))
    if product is None:
        not_found("No product found")
    return product


@routes("GET", "/product-service/product/{ids}")
def read_products(account: Account, call: Call) -> Reply:
    """Up to 200; 404 when none of them exists (our reading)."""
    ids = call.id_set(limit=READ_LIMIT).among(account.products, account.products)
    if not ids:
        not_found("No products found")
    options = call.options()
    return answer([product_document(account, account.products[number], options) for number in ids])


@routes("GET", "/product-service/product/{id}/bundle")
def read_bundle(account: Account, call: Call) -> Reply:
    """Components of a bundle; 404 for other products (our reading)."""
    product = _product(account, call)
    if not product.is_bundle:
        not_found("Product is not a bundle")
    parts = [
        {"productId": number, "productQuantity": str(units)} for number, units in product.components
    ]
    return answer({"bundle": True, "bundleComponents": parts})


@routes("OPTIONS", "/product-service/product", "/product-service/product/{ids}")
def product_options(account: Account, call: Call) -> Reply:
    """GET paths that name existing ids only."""
    return options_answer(account.products, call, "product")


def version_of(product: Product) -> int:
    """The number shown as `version`: milliseconds of creation, plus one for every change."""
    return int(product.created_on.timestamp() * 1000) + product.version - 1


def product_document(
    account: Account, product: Product, options: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The resource as GET answers it."""
    document = {"id": product.id, **product.document}
    document["createdOn"] = stamp(product.created_on, account.zone)
    if product.updated_on is not None:
        document["updatedOn"] = stamp(product.updated_on, account.zone)
    document["warehouses"] = {
        str(number): {
            "defaultLocationId": reference.DEFAULT_LOCATION,
            "reorderLevel": 0,
            "reorderQuantity": 0,
        }
        for number in sorted(account.stock.get(product.id, {}))
    }
    document["version"] = version_of(product)
    if "customFields" in options:
        document["customFields"] = product.custom_fields
    if "nullCustomFields" in options:
        codes = [entry[1] for entry in reference.CUSTOM_FIELDS["product"]]
        document["nullCustomFields"] = [code for code in codes if code not in product.custom_fields]
    return document

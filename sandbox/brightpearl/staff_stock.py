"""What staff do with products and stock in the account's screens, and oddities that testers set.

Nothing here asks whether a product makes sense: a real account holds bundles whose parts are gone,
and bundles that are parts of themselves.
"""

from dataclasses import asdict
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.brightpearl import product_parts, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import plain, stamp
from sandbox.brightpearl.products import add_catalogue_product, product_changed, version_of
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import product_of
from sandbox.brightpearl.stock import correct, level, record_change
from sandbox.brightpearl.stock_api import release_quarantined
from sandbox.brightpearl.stock_records import OddKind, OddStock
from sandbox.kit.controls import ControlBody

ONLY_AT_FIRST = frozenset({"stock", "tax_rate_percent"})
MOST_UNITS = 10**9


class Component(ControlBody):
    """A part of a bundle, by id (existing or not) or by SKU, and its units."""

    product_id: int | None = Field(default=None, gt=0)
    sku: str | None = None
    quantity: Decimal = Field(default=Decimal(1), gt=0, le=10**6)


class StaffProduct(ControlBody):
    """A product to be made, or with `edit` (a SKU or an id) to be changed in what is given.

    Components make it a bundle, an empty list of them a bundle of nothing. `stock` is what a new
    product opens with.
    """

    edit: str | int | None = None
    sku: str = ""
    name: str = "New product"
    price_ex_tax: Decimal = Field(default=Decimal("9.99"), ge=0, le=10**9)
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Field(default=Decimal("0.1"), ge=0, le=10**6)
    stock: int = Field(default=0, ge=0, le=10**9)
    stock_tracked: bool = True
    status: Literal["LIVE", "DISCONTINUED", "ARCHIVED"] = "LIVE"
    brand: str = ""
    categories: list[str] = Field(default_factory=list)
    """Paths such as `Home > Kitchen`."""
    description: str = ""
    ean: str = ""
    upc: str = ""
    mpn: str = ""
    size_cm: dict[Literal["length", "width", "height"], float] = Field(default_factory=dict)
    tax_code: str = ""
    custom_fields: dict[str, Any] = Field(default_factory=dict)
    variations: dict[str, str] = Field(default_factory=dict)
    """Values by the name of the option; products of one name are a group."""
    components: list[Component] | None = None


def write_product(account: Account, wanted: StaffProduct) -> dict[str, Any]:
    """Add or change a product; a SKU that exists may be given again, as in the real account.

    Raises: Refusal for a tax code, an option or a component that does not exist; nothing changes.
    """
    _check_names(wanted)
    composition = _composition(account, wanted)
    if wanted.edit is None:
        product = add_catalogue_product(account, wanted)
        always = {"stock_tracked", "status", "components"}
        _write_given(product, wanted, composition, always)
        _describe(account, product, wanted)
        for warehouse_id in account.stock[product.id]:
            record_change(account, product.id, warehouse_id, 0, "opening")
        account.emit("product", product.id, "created")
    else:
        product = product_of(account, wanted.edit)
        if fixed := wanted.model_fields_set & ONLY_AT_FIRST:
            refuse("PRDC-904", f"{', '.join(sorted(fixed))} is given when a product is made")
        old_sku = product.sku
        _write_given(product, wanted, composition, wanted.model_fields_set)
        _describe(account, product, wanted)
        product_changed(account, product, old_sku)
    return {"product_id": product.id, "version": version_of(product)}


def _check_names(wanted: StaffProduct) -> None:
    if "tax_code" in wanted.model_fields_set and wanted.tax_code not in reference.TAX_CODES:
        refuse("PRDC-904", f"there is no tax code {wanted.tax_code!r}")
    if unknown := wanted.variations.keys() - set(reference.OPTIONS.values()):
        refuse("PRDC-904", f"there is no option {', '.join(sorted(unknown))}")


def _composition(account: Account, wanted: StaffProduct) -> dict[str, Any]:
    if wanted.components is None:
        return {"bundle": False}
    parts = []
    for item in wanted.components:
        number = item.product_id or product_of(account, item.sku or "").id
        parts.append({"productId": number, "productQuantity": plain(item.quantity)})
    return {"bundle": True, "bundleComponents": parts}


def _write_given(
    product: Product, wanted: StaffProduct, composition: dict[str, Any], given: set[str]
) -> None:
    """Write what is given into the product's document."""
    document = product.document
    if "sku" in given:
        document["identity"] = document.get("identity", {}) | {"sku": wanted.sku}
    if "name" in given:
        (first, *others) = document.get("salesChannels") or [{}]
        document["salesChannels"] = [first | {"productName": wanted.name}, *others]
    if "stock_tracked" in given:
        document["stock"] = document.get("stock", {}) | {"stockTracked": wanted.stock_tracked}
    if "weight_kg" in given:
        weight = {"weight": {"magnitude": float(wanted.weight_kg)}}
        document["stock"] = document.get("stock", {}) | weight
    if "price_ex_tax" in given:
        product.prices[2] = product.prices[3] = {"1": wanted.price_ex_tax}
    if "status" in given:
        document["status"] = wanted.status
    if "components" in given:
        document["composition"] = composition
        if composition["bundle"]:
            document["stock"] = document.get("stock", {}) | {"stockTracked": False}


def _describe(account: Account, product: Product, wanted: StaffProduct) -> None:
    """Write what else is given: brand, categories, texts, codes, sizes, options."""
    given, document = wanted.model_fields_set, product.document
    if "brand" in given:
        document["brandId"] = product_parts.add_brand(account, wanted.brand)
    (first, *others) = document.get("salesChannels") or [{}]
    if "categories" in given:
        codes = [product_parts.category_at(account, path) for path in wanted.categories]
        first = first | {"categories": [{"categoryCode": str(code)} for code in codes]}
    if "description" in given:
        text = {"languageCode": "en", "text": wanted.description, "format": "HTML_FRAGMENT"}
        first = first | {"description": text}
    document["salesChannels"] = [first, *others]
    for name in {"ean", "upc", "mpn"} & given:
        document["identity"] = document.get("identity", {}) | {name: getattr(wanted, name)}
    if "size_cm" in given:
        size = document.get("stock", {}).get("dimensions", {}) | wanted.size_cm
        document["stock"] = document.get("stock", {}) | {"dimensions": size}
    if "tax_code" in given:
        tax = reference.TAX_CODES[wanted.tax_code]
        document["financialDetails"] = {
            "taxable": True,
            "taxCode": {"id": tax.id, "code": tax.code},
        }
    product.custom_fields = product.custom_fields | wanted.custom_fields
    if "variations" in given:
        document["variations"] = _variations(account, wanted.variations)
        product_parts.form_group(account, product)


def _variations(account: Account, values: dict[str, str]) -> list[dict[str, Any]]:
    ids = {name: number for number, name in reference.OPTIONS.items()}
    return [
        {
            "optionId": ids[name],
            "optionName": name,
            "optionValueId": product_parts.value_id(account, ids[name], value),
            "optionValue": value,
        }
        for name, value in values.items()
    ]


def delete_product(account: Account, sku: str) -> dict[str, Any]:
    """Remove a product; its id is never used again."""
    product = product_of(account, sku)
    account.products_by_sku[sku].remove(product.id)
    group = account.product_groups.get(product.document.get("productGroupId", 0), [])
    if product.id in group:
        group.remove(product.id)
    account.products_by_change.pop(product.id, None)
    account.product_changes += 1
    account.deleted_products[product.id] = account.products.pop(product.id)
    account.emit("product", product.id, "destroyed")
    return {"product_id": product.id}


class StockChange(ControlBody):
    """`on_hand` sets what may be sold; `delta` adds or removes.

    `release_quarantined` first puts so many units that waited in quarantine on sale.
    """

    sku: str
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    on_hand: int | None = Field(default=None, ge=0, le=MOST_UNITS)
    delta: int = Field(default=0, ge=-MOST_UNITS, le=MOST_UNITS)
    release_quarantined: int = Field(default=0, ge=0)


def change_stock(account: Account, wanted: StockChange) -> dict[str, Any]:
    """Correct the stock of one product; answers the level afterwards."""
    product = product_of(account, wanted.sku)
    if wanted.warehouse_id not in reference.WAREHOUSES:
        not_found(f"There is no warehouse {wanted.warehouse_id}")
    if not product.stock_tracked:
        refuse("WHSC-902", f"Product {product.id} is not a stock tracked product")
    held = level(account, product.id, wanted.warehouse_id)
    if wanted.release_quarantined:
        units = wanted.release_quarantined
        release_quarantined(account, product.id, wanted.warehouse_id, units)
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - held.on_hand
    if delta:
        correct(account, product.id, wanted.warehouse_id, delta, cause="staff")
    return {"product_id": product.id, "on_hand": held.on_hand, **asdict(held)}


def stock_by_sku(account: Account, skus: list[str]) -> dict[str, dict[str, list[int]]]:
    """`{sku: {warehouse: [in stock, on hand, allocated]}}`, of some SKUs or of all.

    Of several products with one SKU the first is shown; what has no SKU or no stock is left out.
    """
    shown = {}
    books, stock = account.products, account.stock
    for sku in skus or account.products_by_sku:
        ids = account.products_by_sku.get(sku)
        if ids and books[ids[0]].stock_tracked:
            shown[sku] = {
                str(number): [held.in_stock, held.on_hand, held.allocated]
                for number, held in stock.get(ids[0], {}).items()
            }
    return shown


def stock_journal(account: Account) -> list[dict[str, Any]]:
    """Every change of what is on hand, oldest first; only the latest when there are very many."""
    every = account.products | account.deleted_products
    return [
        {
            "at": stamp(change.at, account.utc),
            "product_id": change.product_id,
            "sku": every[change.product_id].sku,
            "warehouse_id": change.warehouse_id,
            "before": change.before,
            "after": change.after,
            "cause": change.cause,
        }
        for change in account.stock_journal
    ]


class OddAnswer(ControlBody):
    """One oddity in the availability of a product; see `OddStock` for the kinds."""

    sku: str | None = None
    product_id: int | None = None
    kind: OddKind = "value"
    field: str = "onHand"
    value: Any = None
    warehouse_id: int | None = None


def set_odd_answers(account: Account, wanted: list[OddAnswer]) -> None:
    """Make these, and only these, products' availability odd from now on.

    Raises: Refusal 404 for an unknown product; then nothing changes.
    """
    answers: dict[int, list[OddStock]] = {}
    for item in wanted:
        key = item.product_id if item.product_id is not None else item.sku or ""
        odd = OddStock(item.kind, item.field, item.value, item.warehouse_id)
        answers.setdefault(product_of(account, key).id, []).append(odd)
    account.odd_stock = answers


def odd_answers(account: Account) -> list[dict[str, Any]]:
    """The oddities in force."""
    return [
        {"product_id": number, **asdict(odd)}
        for number, listed in account.odd_stock.items()
        for odd in listed
    ]

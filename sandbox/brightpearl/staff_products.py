"""What staff do with products in the account's screens: make, change and remove them.

Nothing here asks whether the result makes sense: a real account holds bundles whose parts are
gone, and bundles that are parts of themselves.
"""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import plain
from sandbox.brightpearl.products import add_catalogue_product, product_changed, version_of
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.staff import Control, product_of
from sandbox.brightpearl.stock import note_change

ONLY_AT_FIRST = frozenset({"stock", "tax_rate_percent"})


class Component(Control):
    """A part of a bundle, by id (existing or not) or by SKU, and its units."""

    product_id: int | None = Field(default=None, gt=0)
    sku: str | None = None
    quantity: Decimal = Field(default=Decimal(1), gt=0, le=10**6)


class ProductOnScreen(Control):
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
    components: list[Component] | None = None


def write_product(account: Account, wanted: ProductOnScreen) -> dict[str, Any]:
    """Add or change a product; a SKU that exists may be given again, as in the real account."""
    composition = _composition(account, wanted)
    if wanted.edit is None:
        product = add_catalogue_product(account, wanted)
        _put(product, wanted, composition, {"stock_tracked", "status", "components"})
        for warehouse_id in account.stock[product.id]:
            note_change(account, product.id, warehouse_id, 0, "opening")
        account.emit("product", product.id, "created")
    else:
        product = product_of(account, wanted.edit)
        if fixed := wanted.model_fields_set & ONLY_AT_FIRST:
            refuse("PRDC-904", f"{', '.join(sorted(fixed))} is given when a product is made")
        old_sku = product.sku
        _put(product, wanted, composition, wanted.model_fields_set)
        product_changed(account, product, old_sku)
    return {"product_id": product.id, "version": version_of(product)}


def _composition(account: Account, wanted: ProductOnScreen) -> dict[str, Any]:
    if wanted.components is None:
        return {"bundle": False}
    parts = []
    for item in wanted.components:
        number = item.product_id or product_of(account, item.sku or "").id
        parts.append({"productId": number, "productQuantity": plain(item.quantity)})
    return {"bundle": True, "bundleComponents": parts}


def _put(
    product: Product, wanted: ProductOnScreen, composition: dict[str, Any], given: set[str]
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


def delete_product(account: Account, sku: str) -> dict[str, Any]:
    """Remove a product; its id is never used again."""
    product = product_of(account, sku)
    account.products_by_sku[sku].remove(product.id)
    account.products_by_change.pop(product.id, None)
    account.product_changes += 1
    account.deleted_products[product.id] = account.products.pop(product.id)
    account.emit("product", product.id, "destroyed")
    return {"product_id": product.id}

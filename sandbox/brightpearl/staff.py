"""What people do in the account's own screens, not over the API: stock, products, and finding.

Controls name things as records do (snake_case); a name nobody knows is a mistake and refused.
"""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.products import add_catalogue_product, version_of
from sandbox.brightpearl.quarantine import release_quarantined
from sandbox.brightpearl.records import Order, OrderRow, Product
from sandbox.brightpearl.refusals import not_found
from sandbox.brightpearl.stock import correct, level


class Control(BaseModel):
    """The body of a control route."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StockChange(Control):
    """`on_hand` sets what may be sold; `delta` adds or removes.

    `release_quarantined` first puts so many units that waited in quarantine on sale.
    """

    sku: str
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    on_hand: int | None = Field(default=None, ge=0)
    delta: int = 0
    release_quarantined: int = Field(default=0, ge=0)


def change_stock(account: Account, wanted: StockChange) -> dict[str, Any]:
    """Correct the stock of one product; answers the level afterwards."""
    product = product_of(account, wanted.sku)
    if wanted.warehouse_id not in reference.WAREHOUSES:
        not_found(f"There is no warehouse {wanted.warehouse_id}")
    held = level(account, product.id, wanted.warehouse_id)
    if wanted.release_quarantined:
        units = wanted.release_quarantined
        release_quarantined(account, product.id, wanted.warehouse_id, units)
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - held.on_hand
    if delta:
        correct(account, product.id, wanted.warehouse_id, delta)
    return {"product_id": product.id, "on_hand": held.on_hand, **asdict(held)}


class NewProduct(Control):
    """A product as in the shared catalogue. The names are the catalogue's."""

    sku: str
    name: str = "New product"
    price_ex_tax: Decimal = Decimal("9.99")
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.1")
    stock: int = 0


def create_product(account: Account, wanted: NewProduct) -> dict[str, Any]:
    """Add a product; a SKU that exists is added again, as in the real account."""
    product = add_catalogue_product(account, wanted)
    account.emit("product", product.id, "created")
    return {"product_id": product.id, "version": version_of(product)}


def delete_product(account: Account, sku: str) -> dict[str, Any]:
    """Remove a product; its id is never used again."""
    product = product_of(account, sku)
    account.products_by_sku[sku].remove(product.id)
    account.deleted_products[product.id] = account.products.pop(product.id)
    account.emit("product", product.id, "destroyed")
    return {"product_id": product.id}


def product_of(account: Account, sku: str) -> Product:
    """The first product with the SKU.

    Raises: Refusal 404.
    """
    ids = account.products_by_sku.get(sku)
    if not ids:
        not_found(f"No product has the SKU {sku[:40]}")
    return account.products[ids[0]]


def order_of(account: Account, order_id: int | None, external_ref: str | None) -> Order:
    """The order by id, or the first by external reference; sales orders come before credits.

    Raises: Refusal 404.
    """
    if order_id is not None:
        return account.order(order_id)
    ids = account.orders_by_external_ref.get(external_ref or "", ())
    found = [account.orders[number] for number in ids]
    if not found:
        not_found(f"No order has the external reference {external_ref}")
    return next((order for order in found if order.type_code == "SO"), found[0])


RowKey = int | str
"""A row's id, or as text its external reference, its SKU, or its id (keys of JSON are text)."""


def find_row(order: Order, key: RowKey) -> OrderRow:
    """The row that `key` names.

    Raises: Refusal 404.
    """
    rows = order.rows.values()
    named = (row for row in rows if key in {row.external_ref, row.sku} or key == str(row.id))
    found = order.rows.get(key) if isinstance(key, int) else next(named, None)
    if found is None:
        not_found(f"Order {order.id} has no row {str(key)[:40]}")
    return found

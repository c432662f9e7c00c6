"""What people do in the account's own screens, not over the API."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import money
from sandbox.brightpearl.goods_out import (
    EventIn,
    GoodsOutIn,
    ShipRowIn,
    WarehouseIn,
    check_entry,
    create_note,
    destroy,
    record_event,
)
from sandbox.brightpearl.order_edits import append_row, keep_row, remove_row
from sandbox.brightpearl.order_rows import RowIn
from sandbox.brightpearl.order_state import noted_units, refresh, tracked_rows
from sandbox.brightpearl.orders import NoteIn, add_note, change_status, check_status
from sandbox.brightpearl.products import add_catalogue_product, version_of
from sandbox.brightpearl.records import Order, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.reservations import release, release_all, take
from sandbox.brightpearl.routing import Incoming
from sandbox.brightpearl.stock import correct, level


class StockChange(Incoming):
    """`on_hand` sets what may be sold; `delta` adds or removes."""

    sku: str
    warehouse_id: int = Field(default=reference.DEFAULT_WAREHOUSE, alias="warehouse_id")
    on_hand: int | None = Field(default=None, alias="on_hand", ge=0)
    delta: int = 0


def change_stock(account: Account, wanted: StockChange) -> dict[str, Any]:
    """Correct the stock of one product; answers the level afterwards."""
    product = product_of(account, wanted.sku)
    held = level(account, product.id, wanted.warehouse_id)
    delta = wanted.delta if wanted.on_hand is None else wanted.on_hand - held.on_hand
    if delta:
        correct(account, product.id, wanted.warehouse_id, delta)
    return {"product_id": product.id, "in_stock": held.in_stock, "on_hand": held.on_hand}


def product_of(account: Account, sku: str) -> Product:
    """The first product with the SKU.

    Raises: Refusal 404.
    """
    ids = account.products_by_sku.get(sku)
    if not ids:
        not_found(f"No product has the SKU {sku[:40]}")
    return account.products[ids[0]]


class NewProduct(Incoming):
    """A product as in the shared catalogue. The names are the catalogue's."""

    sku: str
    name: str = "New product"
    price_ex_tax: Decimal = Field(default=Decimal("9.99"), alias="price_ex_tax")
    tax_rate_percent: Decimal = Field(default=Decimal(20), alias="tax_rate_percent")
    weight_kg: Decimal = Field(default=Decimal("0.1"), alias="weight_kg")
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


def order_of(account: Account, order_id: int | None, external_ref: str | None) -> Order:
    """The order by id, or the first by external reference.

    Raises: Refusal 404.
    """
    if order_id is None:
        ids = account.orders_by_external_ref.get(external_ref or "")
        if not ids:
            not_found(f"No order has the external reference {external_ref}")
        order_id = ids[0]
    return account.order(order_id)


class Shipment(Incoming):
    """Rows by id with units; without rows, everything that is left."""

    order_id: int | None = Field(default=None, alias="order_id")
    external_ref: str | None = Field(default=None, alias="external_ref")
    warehouse_id: int = Field(default=reference.DEFAULT_WAREHOUSE, alias="warehouse_id")
    rows: dict[int, int] = Field(default_factory=dict)
    tracking: str = ""
    shipping_method_id: int | None = Field(default=None, alias="shipping_method_id")
    leave: bool = True


def ship(account: Account, wanted: Shipment) -> dict[str, Any]:
    """Make a goods-out note and, unless told otherwise, send it off."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    noted = noted_units(account, order)
    units = wanted.rows or {
        row.id: int(row.quantity) - noted.get(row.id, 0) for row in tracked_rows(account, order)
    }
    if not set(units) <= set(order.rows):
        not_found(f"Order {order.id} has not all of these rows")
    products = [
        ShipRowIn(
            product_id=order.rows[row_id].product_id or 0,
            sales_order_row_id=row_id,
            quantity=quantity,
        )
        for row_id, quantity in units.items()
        if quantity > 0
    ]
    if not products:
        refuse("WHSC-914", f"Order {order.id} has nothing left to ship")
    entry = WarehouseIn(warehouse_id=wanted.warehouse_id, products=products)
    check_entry(account, order, entry)
    body = GoodsOutIn(warehouses=[entry], shipping_method_id=wanted.shipping_method_id)
    note = create_note(account, order, entry, body)
    note.reference = wanted.tracking
    if wanted.leave:
        sent = EventIn(event_code="SHW", occured=account.now().isoformat(), event_owner_id=4)
        record_event(account, note, sent)
    return {"goods_out_note_id": note.id, "shipped": note.shipped}


class RowEdit(Incoming):
    """New units for a row; money follows in proportion unless given."""

    id: int
    quantity: Decimal
    net: Decimal | None = None
    tax: Decimal | None = None


class OrderEdit(Incoming):
    """Everything staff may do to an order; parts left out are left alone."""

    order_id: int | None = Field(default=None, alias="order_id")
    external_ref: str | None = Field(default=None, alias="external_ref")
    status_id: int | None = Field(default=None, alias="status_id")
    note: str | None = None
    rows: list[RowEdit] = Field(default_factory=list)
    remove_rows: list[int] = Field(default_factory=list, alias="remove_rows")
    add_rows: list[RowIn] = Field(default_factory=list, alias="add_rows")
    allocate: bool = False
    release: bool = False
    delete: bool = False


def edit(account: Account, wanted: OrderEdit) -> dict[str, Any]:
    """Change an order as staff would; answers its id and state."""
    order = order_of(account, wanted.order_id, wanted.external_ref)
    if wanted.delete:
        delete_order(account, order)
        return {"order_id": order.id, "deleted": True}
    if wanted.status_id is not None:
        check_status(wanted.status_id, order.type_code)
        change_status(account, order, wanted.status_id)
    for row in wanted.rows:
        _edit_row(account, order, row)
    for row_id in wanted.remove_rows:
        remove_row(account, order, row_id)
    for added in wanted.add_rows:
        append_row(account, order, added)
    if wanted.release:
        release_all(account, order)
        refresh(account, order)
    if wanted.allocate:
        allocate(account, order)
    if wanted.note is not None:
        add_note(account, order, NoteIn(text=wanted.note))
    return {
        "order_id": order.id,
        "status_id": order.status_id,
        "allocation": order.allocation_status,
    }


def _edit_row(account: Account, order: Order, wanted: RowEdit) -> None:
    row = order.rows.get(wanted.id)
    if row is None:
        not_found(f"Order {order.id} has no row {wanted.id}")
    share = wanted.quantity / row.quantity
    net = money(row.net * share) if wanted.net is None else wanted.net
    tax = money(row.tax * share) if wanted.tax is None else wanted.tax
    keep_row(account, order, replace(row, quantity=wanted.quantity, net=net, tax=tax))


def allocate(account: Account, order: Order) -> int:
    """What the account's automation does: reserve all that can be had in the order's warehouse."""
    wanted = {
        row.id: (row.product_id or 0, int(row.quantity)) for row in tracked_rows(account, order)
    }
    return take(account, order, order.warehouse_id, wanted)


def delete_order(account: Account, order: Order) -> None:
    """The order is gone, its id is never used again; refused once goods have left."""
    notes = [account.goods_out[number] for number in account.goods_out_by_order[order.id]]
    if any(note.shipped for note in notes):
        refuse("ORDB-914", f"Goods of order {order.id} have left")
    for note in notes:
        destroy(account, note)
    for row_id in list(order.rows):
        release(account, order, row_id)
        account.order_by_row.pop(row_id, None)
    del account.orders[order.id]
    account.deleted_orders[order.id] = order
    if order.external_ref is not None:
        account.orders_by_external_ref[order.external_ref].remove(order.id)
        key = (order.type_code, order.external_ref, order.instance_id or 0)
        if not account.switches.deleted_order_keeps_key:
            account.order_by_key.pop(key, None)
    account.orders_by_ref[order.ref].remove(order.id)
    account.orders_by_parent[order.parent_id] = [
        number for number in account.orders_by_parent[order.parent_id] if number != order.id
    ]
    account.pending_invoices.pop(order.id, None)

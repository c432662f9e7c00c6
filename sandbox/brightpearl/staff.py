"""How the account's screens name things, and new orders that they make from others."""

from dataclasses import replace

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import local_midnight
from sandbox.brightpearl.records import Order, OrderRow, Product
from sandbox.brightpearl.refusals import not_found

RowKey = int | str
"""A row's id, or as text its external reference, its SKU, or its id (keys of JSON are text)."""


def product_of(account: Account, key: str | int) -> Product:
    """The first product with the SKU, or the one with the id.

    Raises: Refusal 404.
    """
    if isinstance(key, int):
        found = account.products.get(key)
        if found is None:
            not_found(f"There is no product {key}")
        return found
    ids = account.products_by_sku.get(key)
    if not ids:
        not_found(f"No product has the SKU {key[:40]}")
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


def copy_header(account: Account, order: Order, type_code: str) -> Order:
    """A child of `order` with its people, addresses, currency and channel, in no book yet.

    It has no rows, and neither external reference nor instance.
    """
    now = account.now()
    return replace(
        order,
        id=account.sequences.next("order"),
        type_code=type_code,
        status_id=reference.DEFAULT_STATUS[type_code],
        parent_id=order.id,
        external_ref=None,
        instance_id=None,
        placed_on=now,
        tax_date=local_midnight(now, account.zone),
        created_on=now,
        updated_on=None,
        closed_on=None,
        invoice_due_at=None,
        invoice_reference=None,
        version=1,
        payment_status="NOT_APPLICABLE",
        stock_status="NON",
        allocation_status="ANR",
        shipping_status="NST",
        rows={},
        custom_fields={},
    )

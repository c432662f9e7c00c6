"""Rows of orders: reading, checks, bundles, and changes, which reservations and statuses follow."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import (
    Incoming,
)
from sandbox.brightpearl.formats import decimal_places
from sandbox.brightpearl.order_state import order_changed, reserved_units, settled_units
from sandbox.brightpearl.records import ZERO, Order, OrderRow, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.reservations import release

ROW_PLACES = 4
LARGEST_AMOUNT = 10**12
"""No row of a shop is larger; beyond it, sums would lose cents."""


class RowIn(Incoming):
    """A row of a sales order or credit; net and tax are row totals, up to four places."""

    product_id: int | None = None
    name: str | None = None
    quantity: Decimal = Field(le=LARGEST_AMOUNT)
    tax_code: str
    net: Decimal = Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)
    tax: Decimal = Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)
    nominal_code: str | None = None
    external_ref: str | None = None
    sequence: int | None = None


def new_rows(account: Account, rows: Sequence[RowIn]) -> Iterator[OrderRow]:
    """The rows with ids, each bundle followed by its components (value nought).

    Raises: Refusal 400 at the first row the vendor would not take.
    """
    checked = [(row, check_row(account, row)) for row in rows]
    for number, (row, product) in enumerate(checked, start=1):
        parent = make_row(account, row, product, row.sequence or number * 10)
        yield parent
        if product is not None and product.is_bundle:
            yield from components(account, parent, product)


def check_row(account: Account, row: RowIn) -> Product | None:
    """The row's product, None for free text.

    Raises: Refusal 400.
    """
    product = None
    if row.product_id:
        product = account.products.get(row.product_id)
        if product is None:
            refuse("ORDC-904", f"Product {row.product_id} does not exist")
    elif not row.name:
        refuse("ORDC-026", "A product name is required for a row without a product id")
    whole = product is not None and (product.stock_tracked or product.is_bundle)
    if row.quantity <= 0 or decimal_places(row.quantity) > (0 if whole else ROW_PLACES):
        refuse("ORDC-024", f"Quantity {row.quantity} is not valid")
    if row.tax_code not in reference.TAX_CODES:
        refuse("ORDC-905", f"Tax code {row.tax_code[:20]} does not exist")
    if max(decimal_places(row.net), decimal_places(row.tax)) > ROW_PLACES:
        refuse("ORDC-906", "Row net and tax take at most four decimal places")
    if row.nominal_code is not None and row.nominal_code not in reference.NOMINAL_CODES:
        refuse("ORDC-907", f"Nominal code {row.nominal_code[:20]} does not exist")
    return product


def make_row(account: Account, row: RowIn, product: Product | None, sequence: int) -> OrderRow:
    """The row as it will be kept."""
    own = product.document.get("nominalCodeSales") if product is not None else None
    return OrderRow(
        id=account.sequences.next("row"),
        product_id=None if product is None else product.id,
        name=row.name or (product.name if product is not None else ""),
        sku="" if product is None else product.sku,
        quantity=row.quantity,
        tax_code=row.tax_code,
        net=row.net,
        tax=row.tax,
        nominal_code=row.nominal_code or own or reference.DEFAULT_NOMINAL_CODE,
        sequence=sequence,
        external_ref=row.external_ref,
        bundle_parent=product is not None and product.is_bundle,
    )


def components(account: Account, parent: OrderRow, bundle: Product) -> Iterator[OrderRow]:
    """Rows for what a bundle is made of; its value stays on the bundle's own row."""
    for product_id, units in bundle.components:
        component = account.products.get(product_id)
        if component is None:
            continue
        yield OrderRow(
            id=account.sequences.next("row"),
            product_id=product_id,
            name=component.name,
            sku=component.sku,
            quantity=units * parent.quantity,
            tax_code=parent.tax_code,
            net=ZERO,
            tax=ZERO,
            nominal_code=parent.nominal_code,
            sequence=parent.sequence,
            parent_row_id=parent.id,
        )


def require_open(order: Order) -> None:
    """Refuse a change to an invoiced order."""
    if order.invoice_reference is not None:
        refuse("ORDB-911", "The order is invoiced")


def row_of(order: Order, row_id: int) -> OrderRow:
    """The row.

    Raises: Refusal 404.
    """
    row = order.rows.get(row_id)
    if row is None:
        not_found(f"Order {order.id} has no row {row_id}")
    return row


def append_row(account: Account, order: Order, sent: RowIn) -> OrderRow:
    """Add a checked row at the end, a bundle with its components."""
    product = check_row(account, sent)
    sequence = max((row.sequence for row in order.rows.values()), default=0) + 10
    row = make_row(account, sent, product, sequence)
    _add_row(account, order, row)
    if product is not None and product.is_bundle:
        for part in components(account, row, product):
            _add_row(account, order, part)
    order_changed(account, order)
    return row


def _add_row(account: Account, order: Order, row: OrderRow) -> None:
    order.rows[row.id] = row
    account.order_by_row[row.id] = order.id


def replace_row(account: Account, order: Order, draft: OrderRow) -> None:
    """Put a changed row in its place; a refusal changes nothing."""
    before = row_of(order, draft.id)
    if draft.product_id != before.product_id:
        _change_product(account, order, before, draft)
        return
    drafts = [draft, *_followers(account, order, before, draft)]
    for item in drafts:
        _check_draft(account, order, item)
    settled = settled_units(account, order)
    for item in drafts:
        order.rows[item.id] = item
        release(account, order, item.id, keep=int(item.quantity) - settled.get(item.id, 0))
    order_changed(account, order)


def _followers(account: Account, order: Order, before: OrderRow, draft: OrderRow) -> list[OrderRow]:
    """A bundle's component rows with the units that its new quantity asks for."""
    if not before.bundle_parent or not account.switches.bundle_rows_follow:
        return []
    return [
        replace(row, quantity=row.quantity * draft.quantity / before.quantity)
        for row in order.rows.values()
        if row.parent_row_id == draft.id
    ]


def _check_draft(account: Account, order: Order, draft: OrderRow) -> None:
    check_row(account, _as_sent(draft))
    settled = settled_units(account, order).get(draft.id, 0)
    if draft.quantity < settled:
        refuse("ORDB-912", f"{settled} units of row {draft.id} are on goods notes")
    held = reserved_units(account, order).get(draft.id, 0)
    _check_reserved(account, draft.id, held if draft.quantity < settled + held else 0)


def _as_sent(draft: OrderRow) -> RowIn:
    return RowIn(
        product_id=draft.product_id,
        name=draft.name,
        quantity=draft.quantity,
        tax_code=draft.tax_code,
        net=draft.net,
        tax=draft.tax,
        nominal_code=draft.nominal_code,
    )


def _check_reserved(account: Account, row_id: int, held: int) -> None:
    if held and account.switches.row_edit_below_reserved == "refuse":
        refuse("ORDB-918", f"{held} units of row {row_id} are reserved")


def _change_product(account: Account, order: Order, before: OrderRow, draft: OrderRow) -> None:
    """Another product on the same row: nothing of the old one may be on a note."""
    product = check_row(account, _as_sent(draft))
    family = _family(account, order, before)
    for item in family:
        release(account, order, item.id)
        if item.id != before.id:
            _drop_row(account, order, item)
    if product is not None and draft.name == before.name:
        draft.name = product.name
    draft.sku = "" if product is None else product.sku
    draft.bundle_parent = product is not None and product.is_bundle
    order.rows[draft.id] = draft
    if product is not None and product.is_bundle:
        for part in components(account, draft, product):
            _add_row(account, order, part)
    order_changed(account, order)


def remove_row(account: Account, order: Order, row_id: int) -> None:
    """Take a row, and the components of a bundle with it, off the order."""
    family = _family(account, order, row_of(order, row_id))
    for item in family:
        release(account, order, item.id)
        _drop_row(account, order, item)
    order_changed(account, order)


def _family(account: Account, order: Order, row: OrderRow) -> list[OrderRow]:
    """A row and its components.

    Raises: Refusal 400 when one of them is on a goods note.
    """
    family = [item for item in order.rows.values() if row.id in (item.id, item.parent_row_id)]
    settled, held = settled_units(account, order), reserved_units(account, order)
    for item in family:
        if settled.get(item.id):
            refuse("ORDB-912", f"Units of row {item.id} are on goods notes")
        _check_reserved(account, item.id, held.get(item.id, 0))
    return family


def _drop_row(account: Account, order: Order, row: OrderRow) -> None:
    del order.rows[row.id]
    account.order_by_row.pop(row.id, None)

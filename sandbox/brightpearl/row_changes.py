"""What becomes of rows of orders that exist: reserved units, bundles and statuses follow."""

from dataclasses import replace

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.order_rows import RowIn, check_row, components, make_row
from sandbox.brightpearl.order_state import refresh, reserved_units, settled_units
from sandbox.brightpearl.records import Order, OrderRow
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.reservations import release


def require_open(order: Order) -> None:
    """Refuse a change to an invoiced order."""
    if order.invoice_reference is not None:
        refuse("ORDB-911", "The order is invoiced")


def edited(account: Account, order: Order) -> None:
    """Bring the statuses up to date and tell listeners."""
    account.touch(order)
    refresh(account, order)
    account.emit("order", order.id, "modified")


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
    _add(account, order, row)
    if product is not None and product.is_bundle:
        for part in components(account, row, product):
            _add(account, order, part)
    edited(account, order)
    return row


def _add(account: Account, order: Order, row: OrderRow) -> None:
    order.rows[row.id] = row
    account.order_by_row[row.id] = order.id


def keep_row(account: Account, order: Order, draft: OrderRow) -> None:
    """Put a changed row in its place; a refusal changes nothing."""
    before = row_of(order, draft.id)
    if draft.product_id != before.product_id:
        _change_product(account, order, before, draft)
        return
    drafts = [draft, *_followers(account, order, before, draft)]
    for item in drafts:
        _check(account, order, item)
    settled = settled_units(account, order)
    for item in drafts:
        order.rows[item.id] = item
        release(account, order, item.id, keep=int(item.quantity) - settled.get(item.id, 0))
    edited(account, order)


def _followers(account: Account, order: Order, before: OrderRow, draft: OrderRow) -> list[OrderRow]:
    """A bundle's component rows with the units that its new quantity asks for."""
    if not before.bundle_parent or not account.switches.bundle_rows_follow:
        return []
    return [
        replace(row, quantity=row.quantity * draft.quantity / before.quantity)
        for row in order.rows.values()
        if row.parent_row_id == draft.id
    ]


def _check(account: Account, order: Order, draft: OrderRow) -> None:
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
            _drop(account, order, item)
    if product is not None and draft.name == before.name:
        draft.name = product.name
    draft.sku = "" if product is None else product.sku
    draft.bundle_parent = product is not None and product.is_bundle
    order.rows[draft.id] = draft
    if product is not None and product.is_bundle:
        for part in components(account, draft, product):
            _add(account, order, part)
    edited(account, order)


def remove_row(account: Account, order: Order, row_id: int) -> None:
    """Take a row, and the components of a bundle with it, off the order."""
    family = _family(account, order, row_of(order, row_id))
    for item in family:
        release(account, order, item.id)
        _drop(account, order, item)
    edited(account, order)


def _family(account: Account, order: Order, row: OrderRow) -> list[OrderRow]:
    """A row and its components, none of which a goods note speaks for."""
    family = [item for item in order.rows.values() if row.id in (item.id, item.parent_row_id)]
    settled, held = settled_units(account, order), reserved_units(account, order)
    for item in family:
        if settled.get(item.id):
            refuse("ORDB-912", f"Units of row {item.id} are on goods notes")
        _check_reserved(account, item.id, held.get(item.id, 0))
    return family


def _drop(account: Account, order: Order, row: OrderRow) -> None:
    del order.rows[row.id]
    account.order_by_row.pop(row.id, None)

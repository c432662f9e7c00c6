"""The account's own rules: they allocate, fulfil, ship and invoice new sales orders unasked.

The vendor's rules run every couple of minutes; here each comes so many seconds after the order.
A rule does nothing that is done already, and nothing to held and cancelled orders.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.goods_out import (
    EventIn,
    GoodsOutIn,
    ShipRowIn,
    WarehouseIn,
    create_note,
    record_event,
)
from sandbox.brightpearl.order_state import (
    is_cancelled,
    reserved_units,
    start_invoicing,
    tracked_rows,
    units_on_notes,
)
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.reservations import take
from sandbox.brightpearl.stock import level
from sandbox.brightpearl.stock_records import GoodsOutNote

Rule = Callable[[Account, Order], None]


def follow_rules(account: Account, order: Order) -> None:
    """Set timers for what the switches say will be done with a new sales order."""
    switches = account.switches
    rules: tuple[tuple[float, Rule], ...] = (
        (switches.automatic_allocation_s, allocate),
        (switches.automatic_fulfilment_s, fulfil),
        (switches.automatic_shipping_s, ship),
        (switches.automatic_invoicing_s, start_invoicing),
    )
    for wait_s, rule in rules:
        if wait_s >= 0:
            moment = account.now() + timedelta(seconds=wait_s)
            account.timers.at(moment, partial(_apply, account, order, rule))


def _apply(account: Account, order: Order, rule: Rule, _moment: datetime) -> None:
    is_open = order.id in account.orders and order.invoice_reference is None
    if is_open and not is_cancelled(order) and order.status_id != reference.HOLD_STATUS:
        rule(account, order)


def allocate(account: Account, order: Order) -> None:
    """Reserve all that can be had in the order's warehouse, also a part."""
    wanted = {
        row.id: (row.product_id or 0, int(row.quantity)) for row in tracked_rows(account, order)
    }
    take(account, order, order.warehouse_id, wanted)


def fulfil(account: Account, order: Order) -> None:
    """Make a note, printed, of what the order's warehouse has for it; none when it has nothing."""
    products = []
    on_notes, held = units_on_notes(account, order), _reserved_here(account, order)
    taken: Counter[int] = Counter()
    for row in tracked_rows(account, order):
        product_id, own = row.product_id or 0, held.get(row.id, 0)
        on_hand = level(account, product_id, order.warehouse_id).on_hand - taken[product_id]
        units = min(int(row.quantity) - on_notes.get(row.id, 0), own + on_hand)
        if units > 0:
            taken[product_id] += max(0, units - own)
            products.append(
                ShipRowIn(product_id=product_id, sales_order_row_id=row.id, quantity=units)
            )
    if products:
        entry = WarehouseIn(warehouse_id=order.warehouse_id, products=products)
        note = create_note(account, order, entry, GoodsOutIn(warehouses=[entry]))
        _record(account, note, "PRI")


def _reserved_here(account: Account, order: Order) -> dict[int, int]:
    """Units by row that are reserved in the order's own warehouse."""
    reservation = account.reservations.get(order.id)
    if reservation is None or reservation.warehouse_id != order.warehouse_id:
        return {}
    return reserved_units(account, order)


def ship(account: Account, order: Order) -> None:
    """Send off every open note; make one first when there is none."""
    if not account.goods_out_by_order[order.id]:
        fulfil(account, order)
    for number in list(account.goods_out_by_order[order.id]):
        note = account.goods_out[number]
        if not note.shipped:
            _record(account, note, "SHW")


def _record(account: Account, note: GoodsOutNote, code: str) -> None:
    moment = account.now().isoformat()
    owner = reference.API_USER_ID
    record_event(account, note, EventIn(event_code=code, occured=moment, event_owner_id=owner))

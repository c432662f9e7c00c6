"""Reservations: one for an order, from one warehouse, partial without saying so."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.order_state import order_changed, units_on_notes
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.stock import allocate, level
from sandbox.brightpearl.stock_records import Reservation
from sandbox.kit.routing import Reply

routes = Routes()


class ReserveIn(Incoming):
    """Units wanted for one row."""

    product_id: int
    sales_order_row_id: int
    quantity: int = Field(ge=0)


class ReservationIn(Incoming):
    """Body of a reservation."""

    products: list[ReserveIn] = Field(min_length=1)


@routes("POST", "/warehouse-service/order/{id}/reservation/warehouse/{warehouse}")
def reserve(account: Account, call: Call) -> Reply:
    """`{}` also when only part could be reserved; an error only when nothing could."""
    order = account.order(call.number("id"), "SO")
    warehouse_id = call.number("warehouse")
    body = call.read(ReservationIn)
    if warehouse_id not in reference.WAREHOUSES:
        not_found("No warehouse found")
    existing = account.reservations.get(order.id)
    if existing is not None:
        adds = (
            account.switches.second_reservation == "add" and existing.warehouse_id == warehouse_id
        )
        if not adds:
            refuse("WHSB-901", f"Order {order.id} already has a reservation")
    _check(account, order, body)
    if not take(account, order, warehouse_id, _wanted(body)):
        refuse("WHSB-902", "No stock is available to reserve")
    return done()


def _wanted(body: ReservationIn) -> dict[int, tuple[int, int]]:
    return {item.sales_order_row_id: (item.product_id, item.quantity) for item in body.products}


def _check(account: Account, order: Order, body: ReservationIn) -> None:
    for item in body.products:
        if item.product_id < 1:
            refuse("WHSC-014", "Product ID must be set and greater than 0")
        row = order.rows.get(item.sales_order_row_id)
        if row is None or row.product_id != item.product_id:
            row_id = item.sales_order_row_id
            refuse("WHSC-904", f"Row {row_id} is not for product {item.product_id}")
        product = account.products.get(item.product_id)
        if product is None or not product.stock_tracked:
            refuse("WHSC-905", f"Product {item.product_id} is not a stock tracked product")
        if item.quantity > row.quantity:
            refuse("WHSC-906", f"Row {row.id} has only {row.quantity} units")


def take(
    account: Account, order: Order, warehouse_id: int, wanted: dict[int, tuple[int, int]]
) -> int:
    """Reserve up to what each row still lacks and the warehouse has; answers the units reserved.

    An order that has a reservation in another warehouse gets nothing: it may have only one.
    """
    on_notes = units_on_notes(account, order)
    reservation = account.reservations.get(order.id) or Reservation(order.id, warehouse_id)
    if reservation.warehouse_id != warehouse_id:
        return 0
    taken = 0
    for row_id, (product_id, asked) in wanted.items():
        _, held = reservation.rows.get(row_id, (product_id, 0))
        lacking = int(order.rows[row_id].quantity) - on_notes.get(row_id, 0) - held
        units = max(0, min(asked, lacking, level(account, product_id, warehouse_id).on_hand))
        if (cap := account.switches.reservation_cap) >= 0:
            units = min(units, cap)
        if units:
            reservation.rows[row_id] = (product_id, held + units)
            allocate(account, product_id, warehouse_id, units)
            taken += units
    if taken:
        account.reservations[order.id] = reservation
        order_changed(account, order)
    return taken


@routes("GET", "/warehouse-service/order/{id}/reservation")
def read_reservation(account: Account, call: Call) -> Reply:
    """A list of one; 404 when there is none."""
    reservation = account.reservations.get(call.number("id"))
    if reservation is None:
        not_found("No reservations found")
    rows: dict[str, Any] = {
        str(row): {"productId": product, "quantity": units}
        for row, (product, units) in reservation.rows.items()
    }
    return answer(
        [
            {
                "orderId": reservation.order_id,
                "warehouseId": reservation.warehouse_id,
                "orderRows": rows,
            }
        ]
    )


@routes("PUT", "/warehouse-service/order/{id}/reservation")
def change_reservation(account: Account, call: Call) -> Reply:
    """Set the units of the rows named, as far as stock goes; other rows keep theirs."""
    order = account.order(call.number("id"), "SO")
    body = call.read(ReservationIn)
    reservation = account.reservations.get(order.id)
    if reservation is None:
        not_found("No reservations found")
    _check(account, order, body)
    for item in body.products:
        release(account, order, item.sales_order_row_id, keep=item.quantity)
    account.reservations.setdefault(order.id, reservation)
    for row_id, (product_id, quantity) in _wanted(body).items():
        _, held = reservation.rows.get(row_id, (product_id, 0))
        take(account, order, reservation.warehouse_id, {row_id: (product_id, quantity - held)})
    if not reservation.rows:
        account.reservations.pop(order.id, None)
    order_changed(account, order)
    return done()


@routes("DELETE", "/warehouse-service/order/{id}/reservation")
def delete_reservation(account: Account, call: Call) -> Reply:
    """Give everything back (the form of this call is our reading)."""
    order = account.order(call.number("id"), "SO")
    if order.id not in account.reservations:
        not_found("No reservations found")
    release_all(account, order)
    order_changed(account, order)
    return done()


def release(account: Account, order: Order, row_id: int, *, keep: int = 0) -> None:
    """Give back what a row holds above `keep`; an empty reservation ceases to exist."""
    reservation = account.reservations.get(order.id)
    if reservation is None or row_id not in reservation.rows:
        return
    product_id, held = reservation.rows[row_id]
    if held > keep:
        allocate(account, product_id, reservation.warehouse_id, keep - held, "release")
        reservation.rows[row_id] = (product_id, keep)
    if reservation.rows[row_id][1] == 0:
        del reservation.rows[row_id]
    if not reservation.rows:
        del account.reservations[order.id]


def release_surplus(account: Account, order: Order, row_ids: Iterable[int]) -> None:
    """Give back what rows hold beyond the units that are on no note."""
    on_notes = units_on_notes(account, order)
    for row_id in row_ids:
        left = int(order.rows[row_id].quantity) - on_notes.get(row_id, 0)
        release(account, order, row_id, keep=max(0, left))


def release_all(account: Account, order: Order) -> None:
    """Give back the whole reservation."""
    reservation = account.reservations.get(order.id)
    for row_id in list(reservation.rows) if reservation is not None else []:
        release(account, order, row_id)

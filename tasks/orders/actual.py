"""Brightpearl's side of a batch, read in the fewest requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from connectors.brightpearl.models import SalesOrder
from core.ids import external_ref
from store.crosswalk import Crosswalk
from tasks.claim import Run
from tasks.contacts import find_contacts
from tasks.deliver import chunks
from tasks.orders.desired import Desired
from tasks.orders.plan import Actual, ActualOrder, Allocation
from tasks.policy import PATIENT, patiently, step

READ_TOGETHER = 200
"""Sales orders in one GET."""
FEW = 2
"""Up to so many unknown orders are searched one by one; more by the days they were placed on."""
AROUND = timedelta(days=1)
"""How much wider the search is: Brightpearl's dates are days in the account's zone."""
ALLOCATIONS: dict[str, Allocation] = {
    "ANR": "not required",
    "ANA": "none",
    "APA": "part",
    "AAA": "all",
}
GONE_OUT = {"SPS", "ASS"}


@step("extract-actual", PATIENT)
def extract_actual(run: Run, desired: Desired) -> Actual:
    """What Brightpearl has of these orders and people. Reads only.

    Raises: TransientError, ConfigError.
    """
    refs = {external_ref(key): key for key in desired.sales_orders["order_id"]}
    links = Crosswalk(run.world.database).get(run.report.pair, run.entity, list(refs.values()))
    ids = {ref: links[key].id_bp for ref, key in refs.items() if key in links}
    ids |= _look_up(run, desired, set(refs) - set(ids))
    orders = read_orders(run, ids.values(), reserved=True)
    orders = _with_payments(run, orders)
    creating = desired.sales_orders[~desired.sales_orders["external_ref"].isin(orders)]
    return Actual(
        orders=orders,
        contacts=find_contacts(run.world, set(creating["email_key"])),
        on_hand=_free_stock(run, desired, orders),
        deleted=frozenset(ref for ref in ids if ref not in orders),
    )


def read_orders(run: Run, ids: Iterable[str], *, reserved: bool = False) -> dict[str, ActualOrder]:
    """Sales orders as they stand, by external reference, without their payments.

    With `reserved`, orders that are reserved in part say how far (a request each).
    """
    documents = [
        document
        for part in chunks(list(ids), READ_TOGETHER)
        for document in patiently(partial(run.world.brightpearl.get_sales_orders, part))
    ]
    orders = (
        _actual(run, one, reserved=reserved) for one in documents if isinstance(one, SalesOrder)
    )
    return {order.external_ref: order for order in orders}


def _actual(run: Run, document: SalesOrder, *, reserved: bool) -> ActualOrder:
    allocation = ALLOCATIONS.get(document.allocation_code, "none")
    held: dict[str, int] = {}
    if reserved and allocation == "part":
        found = patiently(lambda: run.world.brightpearl.get_reservation(document.id))
        held = {row: units.quantity for row, units in found.rows.items()} if found else {}
    return ActualOrder(
        order_id_bp=document.id,
        external_ref=document.external_ref,
        gross=document.total.gross,
        row_ids={row.external_ref: row.id for row in document.rows if row.external_ref},
        allocation=allocation,
        reserved=held,
        is_shipped=document.shipping_code in GONE_OUT,
        is_cancelled=document.is_cancelled,
    )


def _look_up(run: Run, desired: Desired, refs: set[str]) -> dict[str, str]:
    """Orders that our memory does not know but that Brightpearl may hold all the same."""
    brightpearl = run.world.brightpearl
    if len(refs) <= FEW:
        rows = [
            row
            for ref in sorted(refs)
            for row in patiently(partial(brightpearl.find_sales_orders, ref))
        ]
    else:
        placed = desired.sales_orders.loc[
            desired.sales_orders["external_ref"].isin(refs), "placed_at"
        ]
        rows = patiently(
            lambda: list(
                brightpearl.list_order_refs(
                    placed.min().to_pydatetime() - AROUND,
                    placed.max().to_pydatetime() + AROUND,
                    run.world.pair.brightpearl.instance_id,
                )
            )
        )
    found = sorted((int(row.order_id), row.external_ref) for row in rows)
    return {ref: str(order_id) for order_id, ref in reversed(found) if ref in refs}


def _with_payments(run: Run, orders: dict[str, ActualOrder]) -> dict[str, ActualOrder]:
    if not orders:
        return orders
    ids = [order.order_id_bp for order in orders.values()]
    refs: dict[str, set[str]] = defaultdict(set)
    for payment in patiently(lambda: list(run.world.brightpearl.list_payments(ids))):
        refs[payment.order_id].add(payment.transaction_ref)
    return {
        ref: replace(order, transaction_refs=frozenset(refs[order.order_id_bp]))
        for ref, order in orders.items()
    }


def _free_stock(
    run: Run, desired: Desired, orders: dict[str, ActualOrder]
) -> dict[tuple[str, str], int]:
    """Free units of the products of orders that are not wholly reserved."""
    waiting = {
        ref.removeprefix(external_ref(""))
        for ref, order in orders.items()
        if order.allocation in {"none", "part"} and not order.is_shipped
    }
    rows = desired.rows[desired.rows["order_id"].isin(waiting)]
    products = set(rows["product_id"]) & desired.stock_tracked
    if not products:
        return {}
    return patiently(lambda: run.world.brightpearl.on_hand(products))

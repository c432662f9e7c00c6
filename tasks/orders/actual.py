"""Brightpearl's side of a batch, read in the fewest requests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from connectors.brightpearl.models import SalesOrder, SalesOrderRow
from core.frames import records
from core.ids import external_ref
from core.money import ZERO, two_places
from store.links import Links
from tasks.claim import Run
from tasks.contacts import find_contacts
from tasks.deliver import chunks
from tasks.orders.addresses import address_hash
from tasks.orders.compare import Contents, adopted, contents, is_apart
from tasks.orders.desired import Desired
from tasks.orders.memory import Memory
from tasks.orders.noted import in_question, with_noted_units, with_notes
from tasks.orders.rules import Rules
from tasks.orders.states import Actual, ActualOrder, ActualRow, Allocation, Content
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
ON_NOTES = {"SOP", "SOA"}
NOBODY = Memory()


@step("extract-actual", PATIENT)
def extract_actual(run: Run, desired: Desired, rules: Rules) -> Actual:
    """What Brightpearl has of these orders and people. Reads only.

    Raises: TransientError, ConfigError.
    """
    refs = {external_ref(key): key for key in desired.sales_orders["order_id"]}
    links = Links(run.world.database).get(run.report.pair, run.entity, list(refs.values()))
    memories = {ref: Memory.of(links[key]) for ref, key in refs.items() if key in links}
    ids = {ref: links[key].id_bp for ref, key in refs.items() if key in links}
    ids |= _look_up(run, desired, set(refs) - set(ids))
    orders = read_orders(run, ids.values(), memories, reserved=True)
    wanted = _wanted_contents(desired)
    orders = _with_adopted_rows(wanted, orders)
    orders = _with_payments(run, orders)
    children = _back_orders(run, {ref: ids[ref] for ref in memories})
    orders = _with_children(orders, children, memories)
    differing = {ref for ref, order in orders.items() if is_apart(wanted.get(ref, {}), order)}
    orders = with_notes(run, orders, in_question(desired, orders, differing, rules))
    orders = with_noted_units(run, orders)
    creating = desired.sales_orders[~desired.sales_orders["external_ref"].isin(orders)]
    return Actual(
        orders=orders,
        contacts=find_contacts(run.world, set(creating["email_key"])),
        on_hand=_free_stock(run, desired, orders),
        deleted={
            ref: tuple(child.id for child in children.get(ref, ()))
            for ref in ids
            if ref not in orders
        },
        memories=memories,
    )


def read_orders(
    run: Run,
    ids: Iterable[str],
    memories: Mapping[str, Memory] | None = None,
    *,
    reserved: bool = False,
) -> dict[str, ActualOrder]:
    """Sales orders as they stand, by external reference, without payments, notes and back orders.

    With `reserved`, orders that are reserved in part say how far (a request each).
    """
    orders = (
        _actual(
            run, document, (memories or {}).get(document.external_ref, NOBODY), reserved=reserved
        )
        for document in _documents(run, ids)
    )
    return {order.external_ref: order for order in orders}


def _documents(run: Run, ids: Iterable[str]) -> list[SalesOrder]:
    found = (
        document
        for part in chunks(list(ids), READ_TOGETHER)
        for document in patiently(partial(run.world.brightpearl.get_sales_orders, part))
    )
    return [document for document in found if isinstance(document, SalesOrder)]


def _actual(run: Run, document: SalesOrder, memory: Memory, *, reserved: bool) -> ActualOrder:
    allocation = ALLOCATIONS.get(document.allocation_code, "none")
    has_notes = document.stock_code in ON_NOTES
    held: dict[str, int] = {}
    if reserved and allocation == "part":
        found = patiently(lambda: run.world.brightpearl.get_reservation(document.id))
        held = {row: units.quantity for row, units in found.rows.items()} if found else {}
    rows, foreign = _rows(document, memory)
    return ActualOrder(
        order_id_bp=document.id,
        external_ref=document.external_ref,
        gross=document.total.gross,
        rows=rows,
        foreign=foreign,
        status_id=document.status_id,
        contact_id=document.customer.id if document.customer else "",
        delivery=address_hash(document.delivery_address.plain),
        shipping_method_id=document.shipping_method_id,
        allocation=allocation,
        reserved=held,
        has_notes=has_notes,
        is_shipped=document.shipping_code in GONE_OUT,
        is_cancelled=document.is_cancelled,
        is_invoiced=document.is_invoiced,
    )


def _rows(
    document: SalesOrder, memory: Memory
) -> tuple[dict[str, ActualRow], tuple[ActualRow, ...]]:
    """Our rows by reference, and the others. A bundle's components are the account's own matter."""
    remembered = {row.row_id: ref for ref, row in memory.rows.items()}
    rows: dict[str, ActualRow] = {}
    foreign: list[ActualRow] = []
    for row in document.rows:
        if row.is_bundle_child:
            continue
        ref = row.external_ref or remembered.get(row.id, "")
        actual = ActualRow(row.id, _content(row), has_ref=bool(row.external_ref))
        if ref and ref not in rows:
            rows[ref] = actual
        else:
            foreign.append(actual)
    return rows, tuple(foreign)


def _content(row: SalesOrderRow) -> Content:
    whole = int(row.quantity)
    quantity = whole if whole == row.quantity else row.quantity
    return Content(row.product_id, quantity, two_places(row.net), two_places(row.tax))


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


def _with_adopted_rows(
    wanted: Mapping[str, Contents], orders: Mapping[str, ActualOrder]
) -> dict[str, ActualOrder]:
    """The orders, with rows of ours recognised that carry no reference."""
    return {
        ref: adopted(wanted[ref], order) if order.foreign and ref in wanted else order
        for ref, order in orders.items()
    }


def _wanted_contents(desired: Desired) -> dict[str, Contents]:
    """What should stand in the orders' rows, by external reference."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in records(desired.rows):
        rows[external_ref(row["order_id"])].append(row)
    return {ref: contents(of_order) for ref, of_order in rows.items()}


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


def _back_orders(run: Run, ids: Mapping[str, str]) -> dict[str, list[SalesOrder]]:
    """What staff split off these orders and has not been cancelled, by external reference.

    Asked of every order that is known: what an order has less than before may have come back to it
    since, and one that was deleted may have left some behind. In: sales order id by reference.
    """
    if not ids:
        return {}
    of_parent = {order_id: ref for ref, order_id in ids.items()}
    refs = patiently(lambda: list(run.world.brightpearl.list_child_refs(of_parent)))
    found: dict[str, list[SalesOrder]] = defaultdict(list)
    for child in _documents(run, [row.order_id for row in refs]):
        if child.parent_id in of_parent and not child.is_cancelled:
            found[of_parent[child.parent_id]].append(child)
    return found


def _with_children(
    orders: Mapping[str, ActualOrder],
    children: Mapping[str, Sequence[SalesOrder]],
    memories: Mapping[str, Memory],
) -> dict[str, ActualOrder]:
    """The orders, with what staff moved into back orders added in."""
    found = dict(orders)
    for ref in orders.keys() & children.keys():
        for child in children[ref]:
            found[ref] = _joined(found[ref], child, memories[ref])
    return found


def _joined(parent: ActualOrder, child: SalesOrder, memory: Memory) -> ActualOrder:
    """The parent with the units and money of a back order in its own rows."""
    rows = dict(parent.rows)
    by_product = {row.product_id: ref for ref, row in memory.rows.items() if row.product_id}
    foreign = list(parent.foreign)
    moved = Counter(parent.moved)
    for row in child.rows:
        ref = row.external_ref or by_product.get(row.product_id, "")
        if not ref:
            foreign.append(ActualRow(row.id, _content(row)))
            continue
        own = rows.get(ref, ActualRow(row.id, Content(row.product_id, 0, ZERO, ZERO)))
        rows[ref] = replace(own, content=_sum(own.content, _content(row)))
        moved[ref] += int(row.quantity)
    gone = child.shipping_code in GONE_OUT
    return replace(
        parent,
        rows=rows,
        foreign=tuple(foreign),
        gross=parent.gross + child.total.gross,
        children=(*parent.children, child.id),
        moved=moved,
        is_shipped=parent.is_shipped or gone,
        has_notes=parent.has_notes or child.stock_code in ON_NOTES,
    )


def _sum(one: Content, other: Content) -> Content:
    return Content(
        one.product_id, one.quantity + other.quantity, one.net + other.net, one.tax + other.tax
    )


def _free_stock(
    run: Run, desired: Desired, orders: Mapping[str, ActualOrder]
) -> dict[tuple[str, str], int]:
    """Free units of the products of orders that are not wholly reserved."""
    waiting = {
        ref.removeprefix(external_ref(""))
        for ref, order in orders.items()
        if order.allocation in {"none", "part"} and order.knows_noted and not order.is_cancelled
    }
    rows = desired.rows[desired.rows["order_id"].isin(waiting)]
    products = set(rows["product_id"]) & desired.stock_tracked
    if not products:
        return {}
    return patiently(lambda: run.world.brightpearl.on_hand(products))

"""Brightpearl's side of a batch of orders, read in the fewest requests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.models import SalesOrder, Unreadable
from core.ids import contact_id_of
from core.money import two_places
from store.ledger import Entry
from tasks.brightpearl.contacts import existing_contacts, find_contacts
from tasks.brightpearl.goods_notes import left_before_import, read_notes_of_orders
from tasks.brightpearl.sales_orders import AROUND, AgreedOrder, read_back_orders, read_sales_orders
from tasks.orders.completion import CreateReceipt
from tasks.orders.extract import CREATED
from tasks.orders.frames import DesiredOrder, address_hash
from tasks.orders.matching import (
    Account,
    ActualOrder,
    ActualRow,
    Allocation,
    Content,
    Contents,
    adopt_rows,
    compare,
    contents,
    with_back_order,
)
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Decisions
from tasks.reconciler.run import Run

ALLOCATIONS: dict[str, Allocation] = {
    "ANR": "not required",
    "ANA": "none",
    "APA": "part",
    "AAA": "all",
}
ROW = len(("reference", "quantity", "net", "tax", "product"))
"""Parts of a row in the ledger; an older release kept no product."""
SHIPPED = {"SPS", "ASS"}
"""Shipping status codes of an order of which something has left."""
ON_NOTES = {"SOP", "SOA"}
"""Stock status codes of an order of which something is on a goods-out note."""
PAID = {"RECEIPT": 1, "CAPTURE": 1, "PAYMENT": -1}
"""What payments of these types add to what was received."""


def extract_account(run: Run, desired: Sequence[DesiredOrder], decisions: Decisions) -> Account:
    """What Brightpearl has of these orders and people. Reads only.

    Raises: TransientError, ConfigError.
    """
    return read_account(run, desired, decisions) if desired else Account()


@step("read-account", RETRIED)
def read_account(run: Run, desired: Sequence[DesiredOrder], decisions: Decisions) -> Account:
    """What Brightpearl has of these orders and people."""
    wanted = {order.order_id: order for order in desired}
    links = run.links.get(run.pair, run.entity, list(wanted))
    agreed = {key: AgreedOrder.of(link) for key, link in links.items()}
    ids = {key: link.id_bp for key, link in links.items()}
    begun: dict[str, Begun] = {}
    if unknown := [order for key, order in wanted.items() if key not in ids]:
        begun = read_begun(run, [order.order_id for order in unknown])
        created = {key: one.order_id_bp for key, one in begun.items() if one.order_id_bp}
        ids |= created | _find_orders(run, unknown)
    agreed |= {
        key: AgreedOrder(receipts=one.receipts)
        for key, one in begun.items()
        if one.receipts and key in ids
    }
    orders = read_actual(run, ids, agreed, with_reservations=True)
    for key in orders.keys() & begun.keys():
        orders[key] = replace(orders[key], written=begun[key].rows)
    # Of every linked order: staff may have added units before they split it, so that its rows are
    # as they were agreed on; and one that was deleted may have left back orders behind.
    # One that is to be a sales order for each address may have some of them.
    split = {key for key in orders if wanted[key].consignments}
    parents = [ids[key] for key in agreed.keys() | split]
    children = read_back_orders(run, parents) if parents else {}
    creating = {order.email_key for key, order in wanted.items() if key not in orders}
    # One that is to be credited as a whole may name a contact that staff deleted or merged.
    undone = {
        key: one.contact_id
        for key, one in orders.items()
        if wanted[key].store.is_cancelled and one.is_invoiced and not one.is_cancelled
    }
    existing = existing_contacts(run.connections, undone.values())
    lost = {key: wanted[key].email_key for key, one in undone.items() if one not in existing}
    creating.update(lost.values())
    default = {key: contact for key in creating if (contact := contact_id_of(key))}
    emails = creating - default.keys()
    found = find_contacts(run.connections, emails) if emails else {}
    contacts = {**default, **found}
    account = Account(
        orders={
            key: replace(one, contact_id=contacts.get(lost.get(key, ""), one.contact_id))
            for key, one in orders.items()
        },
        contacts=contacts,
        deleted={
            key: tuple(child.id for child in children.get(order_id, ()))
            for key, order_id in ids.items()
            if key not in orders
        },
        agreed=agreed,
    )
    return _with_details(run, account, wanted, children, decisions) if orders else account


@dataclass(frozen=True)
class Begun:
    """What the ledger says of an order that was begun and never settled."""

    order_id_bp: str = ""
    """Of the sales order that was created last: if it is gone, staff deleted it."""
    rows: Contents = field(default_factory=dict)
    """As it was created."""
    receipts: tuple[str, ...] = ()
    """References of those that were booked."""


def read_begun(run: Run, keys: Sequence[str]) -> dict[str, Begun]:
    """What was begun of these orders; most were not begun."""
    found: dict[str, Begun] = {}
    for entry in run.ledger.begun(run.pair, run.entity, keys):
        known = found.get(entry.key, Begun())
        if entry.action == CREATED:
            known = replace(
                known,
                order_id_bp=entry.written_id or known.order_id_bp,
                rows=_rows_created(entry) or known.rows,
            )
        elif entry.action == CreateReceipt.kind and entry.written_id:
            known = replace(known, receipts=(*known.receipts, entry.natural_key))
        found[entry.key] = known
    return found


def _rows_created(entry: Entry) -> Contents:
    """The rows of a sales order as it was created; none that an older release kept in part."""
    if any(len(row) != ROW for row in entry.after["rows"]):
        return {}
    return {
        ref: Content(product, quantity, two_places(Decimal(net)), two_places(Decimal(tax)))
        for ref, quantity, net, tax, product in entry.after["rows"]
    }


def read_actual(
    run: Run,
    ids: Mapping[str, str],
    agreed: Mapping[str, AgreedOrder] | None = None,
    *,
    with_reservations: bool = False,
) -> dict[str, ActualOrder]:
    """Sales orders as they are, without payments, notes and back orders.

    In: Brightpearl's id by BigCommerce's order id. `with_reservations` reads how far orders are
    reserved that are so in part (a request each).
    """
    documents, _ = read_sales_orders(run, ids.values())
    found: dict[str, ActualOrder] = {}
    for key, order_id in ids.items():
        if (document := documents.get(order_id)) is None:
            continue
        actual = _actual(document, (agreed or {}).get(key))
        found[key] = _with_reservation(run, actual) if with_reservations else actual
    return found


def _actual(document: SalesOrder, agreed: AgreedOrder | None) -> ActualOrder:
    """A sales order as its document says."""
    rows, foreign = _rows(document, agreed)
    return ActualOrder(
        order_id_bp=document.id,
        gross=document.total.gross,
        rows=rows,
        foreign=tuple(foreign),
        status_id=document.status_id,
        contact_id=document.customer.id if document.customer else "",
        delivery=address_hash(document.delivery_address.plain),
        shipping_method_id=document.shipping_method_id,
        allocation=ALLOCATIONS.get(document.allocation_code, "none"),
        has_notes=document.stock_code in ON_NOTES,
        is_shipped=document.shipping_code in SHIPPED,
        is_cancelled=document.is_cancelled,
        is_invoiced=document.is_invoiced,
    )


def _with_reservation(run: Run, actual: ActualOrder) -> ActualOrder:
    """The sales order, with what is reserved of it where that is not all or nothing."""
    if actual.allocation != "part":
        return actual
    held = with_retries(partial(run.brightpearl.get_reservation, actual.order_id_bp))
    reserved = {row: units.quantity for row, units in held.rows.items()} if held else {}
    return replace(actual, reserved=reserved)


def _rows(
    document: SalesOrder, agreed: AgreedOrder | None
) -> tuple[dict[str, ActualRow], list[ActualRow]]:
    """Our rows by reference, and the others. A bundle's components are the account's own matter."""
    known = {row.row_id: ref for ref, row in agreed.rows.items()} if agreed else {}
    rows: dict[str, ActualRow] = {}
    foreign: list[ActualRow] = []
    for row in document.rows:
        if row.is_bundle_child:
            continue
        ref, whole = row.external_ref or known.get(row.id, ""), int(row.quantity)
        quantity = whole if whole == row.quantity else row.quantity
        content = Content(row.product_id, quantity, two_places(row.net), two_places(row.tax))
        actual = ActualRow(row.id, content, has_ref=bool(row.external_ref))
        if ref and ref not in rows:
            rows[ref] = actual
        else:
            foreign.append(actual)
    return rows, foreign


def _find_orders(run: Run, orders: Sequence[DesiredOrder]) -> dict[str, str]:
    """Orders that no link knows but that Brightpearl may have all the same."""
    brightpearl = run.brightpearl
    keys = {order.external_ref: order.order_id for order in orders}
    if len(keys) == 1:
        (ref,) = keys
        rows = with_retries(lambda: brightpearl.find_sales_orders(ref))
    else:  # a page of 500 instead of a request each
        first = min(order.placed_at for order in orders) - AROUND
        last = max(order.placed_at for order in orders) + AROUND
        instance_id = run.connections.pair.brightpearl.instance_id
        rows = with_retries(lambda: list(brightpearl.list_order_refs(first, last, instance_id)))
    found = sorted((int(row.order_id), row.external_ref) for row in rows)
    return {keys[ref]: str(order_id) for order_id, ref in reversed(found) if ref in keys}


def _with_details(
    run: Run,
    account: Account,
    wanted: Mapping[str, DesiredOrder],
    children: Mapping[str, Sequence[SalesOrder]],
    decisions: Decisions,
) -> Account:
    """The account with the payments, back orders, notes and free stock of its orders."""
    agreed = account.agreed
    # Where the store's money is as it was agreed on, and paid the order, receipts change nothing.
    settled = {
        key
        for key in account.orders
        if not wanted[key].is_money_read
        and not wanted[key].store.is_cancelled
        and key in agreed
        and agreed[key].settled == wanted[key].total_inc_tax
    }
    # Staff may move money with what they split off.
    parents = {
        one: order.order_id_bp
        for key, order in account.orders.items()
        if key not in settled
        for one in (order.order_id_bp, *(o.id for o in children.get(order.order_id_bp, ())))
    }
    refs: dict[str, set[str]] = defaultdict(set)
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    list_payments = run.brightpearl.list_payments
    payments = with_retries(lambda: list(list_payments(parents))) if parents else []
    for payment in payments:
        order_id = parents[payment.order_id]
        refs[order_id].add(payment.transaction_ref)
        paid[order_id] += PAID.get(payment.payment_type, 0) * payment.amount
    orders: dict[str, ActualOrder] = {}
    for key, found in account.orders.items():
        order = adopt_rows(contents(wanted[key].rows), found) if found.foreign else found
        order_id = order.order_id_bp
        received = wanted[key].total_inc_tax if key in settled else paid[order_id]
        order = replace(order, transaction_refs=frozenset(refs[order_id]), paid=received)
        addresses = {one.external_ref: one.address_id for one in wanted[key].consignments}
        for child in children.get(order.order_id_bp, ()):
            own = _actual(child, agreed.get(key))
            address_id = addresses.get(child.external_ref, "")
            own = _with_reservation(run, own)
            order = with_back_order(order, own, agreed.get(key), address_id)
        orders[key] = order
    orders = _with_units_on_notes(run, _with_notes(run, orders, wanted, decisions))
    return replace(account, orders=orders, on_hand=_free_stock(run, wanted, orders))


def _with_notes(
    run: Run,
    orders: dict[str, ActualOrder],
    wanted: Mapping[str, DesiredOrder],
    decisions: Decisions,
) -> dict[str, ActualOrder]:
    """The orders, with the goods-out notes of those that may be cancelled or amended.

    They are read in any case: an order's status says nothing of notes over products without stock.
    """
    approved = {key for key, _ in decisions.approved}
    owners = {
        order.order_id_bp: key
        for key, order in orders.items()
        if not order.is_cancelled
        and (
            key in approved
            or wanted[key].store.is_cancelled
            or compare(contents(wanted[key].rows), order, AgreedOrder()).changes
        )
    }
    if not owners:
        return orders
    notes: dict[str, list[GoodsOutNote]] = defaultdict(list)
    for note in with_retries(lambda: run.brightpearl.list_goods_out_of_orders(owners)):
        if isinstance(note, GoodsOutNote):
            notes[owners[note.order_id]].append(note)
    return orders | {
        key: replace(
            orders[key],
            unsent_notes=tuple(note.id for note in of_order if not note.is_shipped),
            has_notes=True,
            is_shipped=orders[key].is_shipped or any(note.is_shipped for note in of_order),
        )
        for key, of_order in notes.items()
    }


def _with_units_on_notes(run: Run, orders: dict[str, ActualOrder]) -> dict[str, ActualOrder]:
    """The orders, with the units on notes of those of which something is neither held nor sent."""
    owners = {
        order.order_id_bp: key
        for key, order in orders.items()
        if order.allocation == "part" and order.has_notes
    }
    if not owners:
        return orders
    notes = read_notes_of_orders(run.brightpearl, [*owners]).values()
    unclear = {note.order_id for note in notes if isinstance(note, Unreadable)}
    if "" in unclear:
        return orders
    units: dict[str, Counter[str]] = {
        key: Counter() for order_id, key in owners.items() if order_id not in unclear
    }
    for note in notes:
        if isinstance(note, Unreadable) or left_before_import(note):
            continue
        if note.order_id not in unclear:
            units[owners[note.order_id]].update(note.rows)
    return orders | {
        key: replace(orders[key], units_on_notes=of_order) for key, of_order in units.items()
    }


def _free_stock(
    run: Run, wanted: Mapping[str, DesiredOrder], orders: Mapping[str, ActualOrder]
) -> dict[tuple[str, str], int]:
    """Free units of the products of orders that are not wholly reserved."""
    waiting: Iterable[DesiredOrder] = (
        wanted[key]
        for key, order in orders.items()
        if not order.is_cancelled
        and any(
            one.allocation in {"none", "part"} and one.knows_units_on_notes
            for one in (order, *order.consignments.values())
        )
    )
    products = {product_id for order in waiting for product_id, _ in order.units.values()}
    if not products:
        return {}
    return with_retries(lambda: run.brightpearl.on_hand(products))

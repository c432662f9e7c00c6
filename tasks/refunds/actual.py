"""Brightpearl's side of a batch of refunds, read in the fewest requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder, Unreadable
from core.ids import external_ref
from store.inbox import Inbox
from store.links import Link, Links
from tasks.claim import Run
from tasks.policy import PATIENT, patiently, step
from tasks.reference import products_by_id
from tasks.refunds.extract import Read, unreadable
from tasks.refunds.memory import REFUNDS, RefundMemory, fingerprint, link_key
from tasks.refunds.states import Actual, Credit, Sale

ORDERS = "orders"
ON_ITS_WAY = frozenset({"due", "claimed"})
"""States of an order's own key in which it is about to be imported."""


@step("extract-account", PATIENT)
def extract_account(run: Run, read: Read) -> Actual:
    """What Brightpearl has of these orders: sales orders, credits, goods notes. Reads only.

    Raises: TransientError, ConfigError.
    """
    sales, deleted = _sales(run, read)
    documents = _credits(run, read, sales)
    links = dict(read.links) | _by_credit(run, documents)
    credits_ = _with_bookings(run, documents, sales)
    open_ones = {key: sale for key, sale in sales.items() if _is_open(read, key, links)}
    notes = _notes(run, open_ones)
    has_stock = _has_stock(run, open_ones.values())
    return Actual(
        sales=sales,
        credits=credits_,
        links=links,
        notes=notes,
        held=_held(run, open_ones.values()),
        tracked=frozenset(one for one, is_tracked in has_stock.items() if is_tracked),
        untracked=frozenset(one for one, is_tracked in has_stock.items() if not is_tracked),
        deleted=deleted,
    )


def _sales(run: Run, read: Read) -> tuple[dict[str, Sale], frozenset[str]]:
    """Sales orders by BigCommerce's id, and the ids of those that were deleted."""
    brightpearl = run.world.brightpearl
    links = Links(run.world.database).get(run.report.pair, ORDERS, read.wanted)
    ids = {link.id_bp: key for key, link in links.items()}
    unknown = [key for key in read.wanted if key not in links and read.refunds[key]]
    states = Inbox(run.world.database).states(run.report.pair, ORDERS, unknown)
    for key in unknown:
        if states.get(key) in ON_ITS_WAY:
            continue  # the order sync is about to look, and to say so
        for row in patiently(partial(brightpearl.find_sales_orders, external_ref(key))):
            ids[row.order_id] = key
    found: dict[str, Sale] = {}
    broken: list[Unreadable] = []
    for document in patiently(lambda: brightpearl.get_sales_orders(ids)):
        if isinstance(document, SalesOrder):
            found[ids[document.id]] = Sale(document)
        else:
            broken.append(replace(document, order_id=ids.get(document.order_id, "")))
    run.refuse(unreadable(broken, "sales order"))
    gone = frozenset(set(links) - set(found) - {one.order_id for one in broken})
    return _with_back_orders(run, read, found), gone


def _with_back_orders(run: Run, read: Read, sales: Mapping[str, Sale]) -> dict[str, Sale]:
    """Sales with their back orders, where refunded units are no longer on the order itself."""
    short = {sale.id: key for key, sale in sales.items() if _lacks_units(read, key, sale)}
    if not short:
        return dict(sales)
    brightpearl = run.world.brightpearl
    refs = patiently(lambda: list(brightpearl.list_child_refs(short)))
    children: dict[str, list[SalesOrder]] = defaultdict(list)
    for child in patiently(lambda: brightpearl.get_sales_orders(ref.order_id for ref in refs)):
        if isinstance(child, SalesOrder) and child.parent_id in short:
            children[short[child.parent_id]].append(child)
    return {key: Sale(sale.document, tuple(children[key])) for key, sale in sales.items()}


def _lacks_units(read: Read, order_id: str, sale: Sale) -> bool:
    order = read.orders.get(order_id)
    refunded = {item.item_id for refund in read.refunds[order_id] for item in refund.items}
    lines = [line for line in order.lines if line.id in refunded] if order else []
    return any(
        sum(row.quantity for _, row in sale.rows_of(line.id)) < line.quantity for line in lines
    )


def _credits(run: Run, read: Read, sales: Mapping[str, Sale]) -> list[SalesCredit]:
    """Credits under these sales orders, and those that are linked."""
    brightpearl = run.world.brightpearl
    parents = [sale.id for sale in sales.values()]
    refs = patiently(lambda: list(brightpearl.list_credit_refs(parent_ids=parents)))
    known = (link for link in read.links.values() if link.key_bc.partition("/")[0] in sales)
    ids = {ref.order_id for ref in refs} | {link.id_bp for link in known}
    found = patiently(lambda: brightpearl.get_sales_credits(ids)) if ids else []
    return [document for document in found if isinstance(document, SalesCredit)]


def _by_credit(run: Run, documents: Iterable[SalesCredit]) -> dict[str, Link]:
    """Links that are found by their credit alone: of refunds that are gone from the store."""
    ids = [document.id for document in documents]
    links = Links(run.world.database).find(run.report.pair, REFUNDS, ids)
    return {link.key_bc: link for link in links.values()}


def _with_bookings(
    run: Run, documents: Sequence[SalesCredit], sales: Mapping[str, Sale]
) -> dict[str, list[Credit]]:
    brightpearl = run.world.brightpearl
    ids = [document.id for document in documents]
    paid: dict[str, list[PaymentRow]] = defaultdict(list)
    received: dict[str, list[GoodsInNote]] = defaultdict(list)
    if ids:
        for payment in patiently(lambda: list(brightpearl.list_payments(ids))):
            paid[payment.order_id].append(payment)
        for note in patiently(lambda: brightpearl.list_goods_in(ids)):
            if isinstance(note, GoodsInNote):
                received[note.order_id].append(note)
    cancelled = run.bundle.table("credit_statuses").get("cancelled")
    by_parent = {sale.id: key for key, sale in sales.items()}
    found: dict[str, list[Credit]] = defaultdict(list)
    for document in sorted(documents, key=lambda one: int(one.id)):
        key = by_parent.get(document.parent_id) or _order_of(document, by_parent.values())
        is_off = document.is_cancelled or document.status_id == cancelled
        credit = Credit(document, is_off, tuple(paid[document.id]), tuple(received[document.id]))
        found[key].append(credit)
    return dict(found)


def _order_of(credit: SalesCredit, order_ids: Collection[str]) -> str:
    """The order of a credit of ours that lost its parent; its reference still says so."""
    named = credit.external_ref.removeprefix(external_ref("")).partition("-")[0]
    return named if named in order_ids else ""


def _is_open(read: Read, order_id: str, links: Mapping[str, Link]) -> bool:
    """Whether the order has a refund that is not settled, with units of products."""
    for refund in read.refunds[order_id]:
        memory = RefundMemory.of(links.get(link_key(order_id, refund.id)))
        has_units = any(item.item_type == "PRODUCT" for item in refund.items)
        if has_units and memory.agreed != fingerprint(refund):
            return True
    return False


def _notes(run: Run, sales: Mapping[str, Sale]) -> dict[str, list[GoodsOutNote]]:
    owners = {order_id: key for key, sale in sales.items() for order_id in sale.ids}
    found: dict[str, list[GoodsOutNote]] = defaultdict(list)
    if owners:
        brightpearl = run.world.brightpearl
        for note in patiently(lambda: brightpearl.list_goods_out_of_orders(owners)):
            if isinstance(note, GoodsOutNote) and not note.is_transfer:
                found[owners[note.order_id]].append(note)
    return dict(found)


def _held(run: Run, sales: Iterable[Sale]) -> dict[str, Mapping[str, int]]:
    """What is reserved for orders that are reserved in part; of the others it is known."""
    found: dict[str, Mapping[str, int]] = {}
    for sale in sales:
        for order in (sale.document, *sale.back_orders):
            if order.allocation_code == "APA":
                told = patiently(partial(run.world.brightpearl.get_reservation, order.id))
                rows = told.rows if told else {}
                found[order.id] = {row_id: row.quantity for row_id, row in rows.items()}
    return found


def _has_stock(run: Run, sales: Iterable[Sale]) -> dict[str, bool]:
    """Whether the rows' products have stock, by id; unknown ones are left out."""
    ids = {row.product_id for sale in sales for _, row in sale.rows if row.product_id}
    products = products_by_id(run.world, ids) if ids else {}
    return {one.product_id: one.stock_tracked for one in products.values()}

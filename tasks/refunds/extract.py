"""Both sides of a batch of refunds, now, in the fewest requests; keys that need nothing skipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder
from core.errors import NotFoundError
from core.ids import external_ref, order_id_of
from core.refusals import Refusal
from store.links import Link
from tasks.bigcommerce.orders import read_documents, refuse_unreadable
from tasks.bigcommerce.refunds import REFUNDS, link_key, read_refunds
from tasks.brightpearl.reference import products_by_id
from tasks.brightpearl.sales_orders import ORDERS, back_order_ids, read_sales_orders
from tasks.policy import PURE, RETRIED, step, with_retries
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.outcomes import Outcome, skipped
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.matching import (
    ON_ITS_WAY,
    AccountSide,
    AgreedRefund,
    Credit,
    Matches,
    Sale,
    Sides,
    State,
    StoreSide,
    fingerprint_of,
    match_refunds,
    unclaimed,
    undone,
    without_refund,
)

FROM_STORE = frozenset({"webhook", "transaction", "sweep", "backfill"})
"""Sources that only say that the store's side may have changed."""
RESERVED_IN_PART = "APA"


def extract_refunds(run: Run) -> Sides:
    """Every refund of the batch's orders, and what Brightpearl has of these orders. Reads only.

    Raises: TransientError, ConfigError, ContractError.
    """
    store = extract_store(run)
    account = extract_account(run, store)
    return _with_details(run, Sides(store, account))


def extract_store(run: Run) -> StoreSide:
    """Every refund of the batch's orders, and the orders that have any."""
    refunds = read_refunds(run, run.batch.keys)
    keys = [link_key(one.order_id, one.id) for many in refunds.values() for one in many]
    links = run.links.get(run.pair, REFUNDS, keys)
    outcomes = {
        key: skipped(key, "unchanged", "unchanged since both sides agreed")
        for key in _agreed(run, refunds, links)
    }
    refunded = [key for key in run.batch.keys if refunds.get(key) and key not in outcomes]
    orders, absent = read_documents(run, refunded)
    outcomes |= {key: skipped(key, "gone", "not in BigCommerce") for key in absent}
    readable = [key for key in run.batch.keys if key not in run.refused_keys]
    of_order = {key: refunds.get(key, ()) for key in readable}
    return StoreSide(of_order, orders, links, outcomes)


@step("extract-account", RETRIED)
def extract_account(run: Run, store: StoreSide) -> AccountSide:
    """What Brightpearl has of these orders: sales orders, credits, goods notes."""
    linked = run.links.get(run.pair, ORDERS, store.wanted)
    unlinked = [key for key in store.wanted if key not in linked and store.refunds[key]]
    states = run.inbox.states(run.pair, ORDERS, unlinked)
    sales, deleted = _sales(run, store, linked, states)
    documents = _credits(run, store, sales)
    by_credit = run.links.find(run.pair, REFUNDS, [one.id for one in documents])
    links = {**store.links, **{link.key_bc: link for link in by_credit.values()}}
    open_ones = {key: sale for key, sale in sales.items() if _has_open_units(store, key, links)}
    return AccountSide(
        sales=sales,
        credits=_with_bookings(run, documents, sales),
        links=links,
        notes=_notes(run, open_ones),
        reserved=_reserved(run, open_ones.values()),
        has_stock=_has_stock(run, open_ones.values()),
        deleted=deleted,
        order_states=states,
    )


def _agreed(
    run: Run, refunds: Mapping[str, Sequence[Refund]], links: Mapping[str, Link]
) -> Iterator[str]:
    """Orders whose refunds all read as they did when both sides agreed: our own echo."""
    for claim in run.batch.claims:
        of_order = refunds.get(claim.key, ())
        if (
            claim.source in FROM_STORE
            and of_order
            and all(_is_agreed(refund, links, len(of_order)) for refund in of_order)
        ):
            yield claim.key


def _is_agreed(refund: Refund, links: Mapping[str, Link], count: int) -> bool:
    agreed = AgreedRefund.of(links.get(link_key(refund.order_id, refund.id)))
    is_same = bool(agreed.agreed) and agreed.agreed == fingerprint_of(refund)
    return is_same and agreed.refund_count <= count


def _sales(
    run: Run, store: StoreSide, linked: Mapping[str, Link], states: Mapping[str, str]
) -> tuple[dict[str, Sale], frozenset[str]]:
    """Sales orders by BigCommerce's id, and the ids of those that were deleted.

    One that is not linked is searched, unless the order sync is about to do so itself.
    """
    ids = {link.id_bp: key for key, link in linked.items()}
    for key in store.wanted:
        if key not in linked and store.refunds[key] and states.get(key) not in ON_ITS_WAY:
            search = partial(run.brightpearl.find_sales_orders, external_ref(key))
            ids |= {row.order_id: key for row in with_retries(search)}
    documents, unreadable = read_sales_orders(run, ids)
    broken = [replace(one, order_id=ids.get(one.order_id, "")) for one in unreadable]
    refuse_unreadable(run, broken, "sales order")
    sales = {ids[one.id]: Sale(one) for one in documents.values()}
    deleted = frozenset(set(linked) - set(sales) - {one.order_id for one in broken})
    return _with_back_orders(run, store, sales), deleted


def _with_back_orders(run: Run, store: StoreSide, sales: Mapping[str, Sale]) -> dict[str, Sale]:
    """Sales with their back orders, where refunded units are no longer on the order itself.

    Cancelled ones as well: their rows are what was sold.
    """
    short = {sale.id: key for key, sale in sales.items() if _lacks_units(store, key, sale)}
    if not short:
        return dict(sales)
    parents = back_order_ids(run.brightpearl, short)
    documents, _ = read_sales_orders(run, parents)
    found: dict[str, list[SalesOrder]] = defaultdict(list)
    for order in documents.values():
        found[short[parents[order.id]]].append(order)
    return {key: Sale(sale.document, tuple(found[key])) for key, sale in sales.items()}


def _lacks_units(store: StoreSide, order_id: str, sale: Sale) -> bool:
    order = store.orders.get(order_id)
    refunded = {item.item_id for refund in store.refunds[order_id] for item in refund.items}
    lines = [line for line in order.lines if line.id in refunded] if order else []
    return any(
        sum(row.quantity for _, row in sale.rows_of(line.id)) < line.quantity for line in lines
    )


def _credits(run: Run, store: StoreSide, sales: Mapping[str, Sale]) -> list[SalesCredit]:
    """Credits under these sales orders, and those that are linked."""
    parents = [sale.id for sale in sales.values()]
    refs = with_retries(lambda: list(run.brightpearl.list_credit_refs(parent_ids=parents)))
    known = (link for link in store.links.values() if link.key_bc.partition("/")[0] in sales)
    ids = {ref.order_id for ref in refs} | {link.id_bp for link in known}
    found = with_retries(lambda: run.brightpearl.get_sales_credits(ids)) if ids else []
    return [document for document in found if isinstance(document, SalesCredit)]


def _with_bookings(
    run: Run, documents: Sequence[SalesCredit], sales: Mapping[str, Sale]
) -> dict[str, list[Credit]]:
    """The credits by order, with the payments and the goods that were booked on them."""
    ids = [document.id for document in documents]
    paid: dict[str, list[PaymentRow]] = defaultdict(list)
    received: dict[str, list[GoodsInNote]] = defaultdict(list)
    if ids:
        for payment in with_retries(lambda: list(run.brightpearl.list_payments(ids))):
            paid[payment.order_id].append(payment)
        for note in with_retries(lambda: run.brightpearl.list_goods_in(ids)):
            if isinstance(note, GoodsInNote):
                received[note.order_id].append(note)
    cancelled = run.bundle.table("credit_statuses").get("cancelled")
    by_parent = {sale.id: key for key, sale in sales.items()}
    found: dict[str, list[Credit]] = defaultdict(list)
    for document in sorted(documents, key=lambda one: int(one.id)):
        key = by_parent.get(document.parent_id) or _named_order(document, by_parent.values())
        is_cancelled = document.is_cancelled or document.status_id == cancelled
        payments, notes = tuple(paid[document.id]), tuple(received[document.id])
        found[key].append(Credit(document, is_cancelled, payments, notes))
    return dict(found)


def _named_order(credit: SalesCredit, order_ids: Collection[str]) -> str:
    """The order of a credit of ours that lost its parent; its reference still says so."""
    named = order_id_of(credit.external_ref)
    return named if named in order_ids else ""


def _has_open_units(store: StoreSide, order_id: str, links: Mapping[str, Link]) -> bool:
    """Whether the order has a refund that is not settled, with units of products."""
    for refund in store.refunds[order_id]:
        agreed = AgreedRefund.of(links.get(link_key(order_id, refund.id)))
        has_units = any(item.item_type == "PRODUCT" for item in refund.items)
        if has_units and agreed.agreed != fingerprint_of(refund):
            return True
    return False


def _notes(run: Run, sales: Mapping[str, Sale]) -> dict[str, list[GoodsOutNote]]:
    owners = {order.id: key for key, sale in sales.items() for order in sale.orders}
    found: dict[str, list[GoodsOutNote]] = defaultdict(list)
    if owners:
        for note in with_retries(lambda: run.brightpearl.list_goods_out_of_orders(owners)):
            if isinstance(note, GoodsOutNote) and not note.is_transfer:
                found[owners[note.order_id]].append(note)
    return dict(found)


def _reserved(run: Run, sales: Iterable[Sale]) -> dict[str, Mapping[str, int]]:
    """What is reserved for orders that are reserved in part; of the others it is known."""
    found: dict[str, Mapping[str, int]] = {}
    for order in (order for sale in sales for order in sale.orders):
        if order.allocation_code == RESERVED_IN_PART:
            reservation = with_retries(partial(run.brightpearl.get_reservation, order.id))
            rows = reservation.rows if reservation else {}
            found[order.id] = {row_id: row.quantity for row_id, row in rows.items()}
    return found


def _has_stock(run: Run, sales: Iterable[Sale]) -> dict[str, bool]:
    """Whether the rows' products have stock, by id; unknown ones are left out."""
    ids = {row.product_id for sale in sales for _, row in sale.rows if row.product_id}
    products = products_by_id(run.connections, ids) if ids else {}
    return {one.product_id: one.stock_tracked for one in products.values()}


def _with_details(run: Run, sides: Sides) -> Sides:
    """What only some orders need: orders that staff credited, refunds that are gone, currencies."""
    here = [key for key in sides.account.sales if key not in run.refused_keys]
    credited = [key for key in here if key not in sides.store.orders and unclaimed(sides, key)]
    found, _ = read_documents(run, credited) if credited else ({}, [])
    orders = {**sides.store.orders, **found}
    listed = {refund.id for of_order in sides.store.refunds.values() for refund in of_order}
    credited_ids = {one.refund_id for key in here for one in without_refund(sides, key)}
    unlisted = sorted(credited_ids - listed)
    foreign = [key for key in here if _is_foreign(orders.get(key)) and _is_wanted(sides, key)]
    store = replace(
        sides.store,
        orders=orders,
        absent=confirm_absent(run, unlisted) if unlisted else frozenset(),
        currencies=read_currencies(run, foreign) if foreign else {},
    )
    return replace(sides, store=store)


@step("confirm-absent", RETRIED)
def confirm_absent(run: Run, refund_ids: Sequence[str]) -> frozenset[str]:
    """Which of these refunds are not in the store: asked one by one, for no list shows them."""
    found: set[str] = set()
    for refund_id in refund_ids:
        try:
            with_retries(partial(run.bigcommerce.get_refund, refund_id))
        except NotFoundError:
            found.add(refund_id)
    return frozenset(found)


@step("read-transactions", RETRIED)
def read_currencies(run: Run, order_ids: Sequence[str]) -> dict[str, str]:
    """Currencies by transaction id: refunds themselves do not say theirs."""
    found: dict[str, str] = {}
    for order_id in order_ids:
        rows = with_retries(partial(run.bigcommerce.list_transactions, order_id))
        found |= {row.id: row.currency for row in rows if row.currency}
    return found


def _is_foreign(order: Order | None) -> bool:
    """Whether the gateway may have paid in another currency than the order's."""
    return order is not None and order.default_currency_code != order.store_default_currency_code


def _is_wanted(sides: Sides, order_id: str) -> bool:
    return any(one.state is State.WANTED for one in match_refunds(sides, order_id))


@step("match-refunds", PURE)
def match_batch(run: Run, sides: Sides) -> Matches:
    """Each refund with its credit. Orders without a sales order are skipped or refused."""
    outcomes = list(sides.store.skipped.values())
    refused: list[tuple[str, Refusal]] = []
    readable = [key for key in sides.store.wanted if key not in run.refused_keys]
    here = [key for key in readable if key in sides.account.sales]
    for order_id in readable:
        if order_id in sides.account.sales:
            continue
        found = cases.without_sale(sides, order_id, run.connections.pair.orders)
        if isinstance(found, Outcome):
            outcomes.append(found)
        else:
            refused.append((order_id, found))
    run.refuse(refusal_rows(refused))
    return Matches(
        sides,
        {key: match_refunds(sides, key) for key in here},
        {key: undone(sides, key) for key in here},
        outcomes,
    )

"""Both sides of a batch of refunds, now, in the fewest requests; keys that need nothing skipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from tasks.bigcommerce.refunds import REFUNDS, counted, link_key, read_refunds
from tasks.brightpearl.reference import products_by_id
from tasks.brightpearl.sales_orders import ORDERS, back_order_ids, read_sales_orders
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, refusal_rows, skipped
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.matching import (
    ON_ITS_WAY,
    AgreedRefund,
    Credit,
    RefundedOrder,
    Sale,
    State,
    fingerprint_of,
)

FROM_STORE = frozenset({"webhook", "transaction", "sweep", "backfill"})
"""Sources that only say that the store's side may have changed."""
RESERVED_IN_PART = "APA"


@dataclass(frozen=True)
class Extracted:
    """A batch, read."""

    orders: Sequence[RefundedOrder]
    """Orders that are in Brightpearl, and that nothing refused."""
    skipped: Sequence[Outcome]
    """What becomes of those that go no further."""


@dataclass(frozen=True)
class StoreSide:
    """The store's side of a batch, by order id."""

    refunds: Mapping[str, Sequence[Refund]]
    """All of an order, in the order of their ids; none for an order that was never refunded."""
    orders: Mapping[str, Order]
    """Orders that have refunds."""
    links: Mapping[str, Link]
    """What the links keep of these refunds, by `link_key`."""


def extract_refunds(run: Run) -> Extracted:
    """Every refund of the batch's orders, and what Brightpearl has of these orders. Reads only.

    Orders without a sales order are skipped or refused.

    Raises: TransientError, ConfigError, ContractError.
    """
    refunds = read_refunds(run, run.batch.keys)
    keys = [link_key(one.order_id, one.id) for many in refunds.values() for one in many]
    links = run.links.get(run.pair, REFUNDS, keys)
    agreed = set(_agreed(run, refunds, links))
    refunded = [key for key in run.batch.keys if refunds.get(key) and key not in agreed]
    orders, gone = read_documents(run, refunded)
    done = {*agreed, *gone, *run.refused_keys}
    wanted = {key: refunds.get(key, ()) for key in run.batch.keys if key not in done}
    found = extract_account(run, StoreSide(wanted, orders, links))
    return Extracted(
        _with_details(run, found.orders),
        [
            *(skipped(key, "unchanged", "unchanged since both sides agreed") for key in agreed),
            *(skipped(key, "gone", "not in BigCommerce") for key in gone),
            *found.skipped,
        ],
    )


@step("extract-account", RETRIED)
def extract_account(run: Run, store: StoreSide) -> Extracted:
    """What Brightpearl has of these orders: sales orders, credits, goods notes."""
    linked = run.links.get(run.pair, ORDERS, list(store.refunds))
    unlinked = [key for key, refunds in store.refunds.items() if refunds and key not in linked]
    states = run.inbox.states(run.pair, ORDERS, unlinked)
    sales, deleted = _sales(run, store, linked, states)
    documents = _credits(run, store, sales)
    credits_ = _with_bookings(run, documents, sales)
    links = _links(run, store, credits_)
    open_ones = {
        key: sale for key, sale in sales.items() if _has_open_units(store, key, links[key])
    }
    notes, has_stock = _notes(run, open_ones), _has_stock(run, open_ones.values())
    reserved = _reserved(run, open_ones.values())
    orders = [
        RefundedOrder(
            id=key,
            sale=sale,
            refunds=store.refunds[key],
            credits=credits_.get(key, ()),
            order=store.orders.get(key),
            links=links[key],
            notes=notes.get(key, ()),
            reserved=reserved,
            has_stock=has_stock,
        )
        for key, sale in sales.items()
    ]
    known = {*sales, *run.refused_keys}
    rest = {key: of_order for key, of_order in store.refunds.items() if key not in known}
    outcomes = list(_without_sale(run, replace(store, refunds=rest), deleted, states))
    return Extracted([one for one in orders if one.id not in run.refused_keys], outcomes)


def _without_sale(
    run: Run, store: StoreSide, deleted: Collection[str], states: Mapping[str, str]
) -> Iterator[Outcome]:
    """What becomes of orders that Brightpearl does not have; some are refused.

    In: orders of which it had one, and the states of the others' own keys in the inbox.
    """
    refused: list[tuple[str, Refusal]] = []
    settings = run.connections.pair.orders
    for key, of_order in store.refunds.items():
        refunds = [one for one in counted(of_order) if one.total_amount]
        if not refunds:
            yield skipped(key, "unchanged", "no refund was found: the status alone says so")
        elif key in deleted:
            refused.append((key, cases.of_deleted_order(key, len(refunds))))
        else:
            state = states.get(key, "")
            found = cases.without_sale(store.orders[key], refunds, state, settings)
            if isinstance(found, Outcome):
                yield found
            else:
                refused.append((key, found))
    run.refuse(refusal_rows(refused))


def _links(
    run: Run, store: StoreSide, credits_: Mapping[str, Sequence[Credit]]
) -> defaultdict[str, dict[str, Link]]:
    """By order: the links of its refunds, and those of its credits, whose refund may be gone."""
    found: defaultdict[str, dict[str, Link]] = defaultdict(dict)
    for key, link in store.links.items():
        found[key.partition("/")[0]][key] = link
    order_of = {credit.id: key for key, of_order in credits_.items() for credit in of_order}
    for credit_id, link in run.links.find(run.pair, REFUNDS, list(order_of)).items():
        found[order_of[credit_id]][link.key_bc] = link
    return found


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
    for key, refunds in store.refunds.items():
        if refunds and key not in linked and states.get(key) not in ON_ITS_WAY:
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


def _with_details(run: Run, orders: Sequence[RefundedOrder]) -> list[RefundedOrder]:
    """What only some orders need: orders that staff credited, refunds that are gone, currencies."""
    credited = [one.id for one in orders if one.order is None and one.unclaimed]
    found, _ = read_documents(run, credited) if credited else ({}, [])
    orders = [replace(one, order=found[one.id]) if one.id in found else one for one in orders]
    unlisted = [
        undone.refund_id
        for one in orders
        for undone in one.without_refund
        if all(refund.id != undone.refund_id for refund in one.refunds)
    ]
    absent = confirm_absent(run, unlisted) if unlisted else frozenset()
    foreign = [one.id for one in orders if _is_foreign(one)]
    currencies = read_currencies(run, foreign) if foreign else {}
    return [replace(one, absent=absent, currencies=currencies) for one in orders]


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


def _is_foreign(one: RefundedOrder) -> bool:
    """Whether the gateway may have paid a refund that is wanted in another currency."""
    order = one.order
    if order is None or order.default_currency_code == order.store_default_currency_code:
        return False
    return any(refund.state is State.WANTED for refund in one.matched)

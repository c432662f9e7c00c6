"""Both sides of a batch of refunds, now, in the fewest requests; keys that need nothing skipped."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from connectors.bigcommerce.models import Order
from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.client import Brightpearl
from connectors.brightpearl.goods_note_models import GoodsInNote, GoodsOutNote
from connectors.brightpearl.models import SalesCredit, SalesOrder
from core.errors import NotFoundError, TransientError
from core.ids import EMAIL, email_key, external_ref, order_id_of
from core.refusals import Refusal
from store.links import Link
from tasks.bigcommerce.orders import (
    importable_statuses,
    read_details,
    read_few,
    read_orders,
)
from tasks.bigcommerce.refunds import REFUNDS, counted, is_empty, link_key, read_refunds
from tasks.brightpearl.contacts import existing_contacts, find_contacts
from tasks.brightpearl.reference import products_by_id
from tasks.brightpearl.sales_orders import ORDERS, back_order_ids, read_sales_orders
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.cases import Outcome, refusal_rows, skipped
from tasks.reconciler.gate import refuse_unreadable
from tasks.reconciler.run import Run
from tasks.refunds import cases
from tasks.refunds.matching import ON_ITS_WAY, Credit, RefundedOrder, Sale, State, is_agreed
from tasks.refunds.operations import CreateCredit

FROM_STORE = frozenset({"webhook", "transaction", "sweep", "backfill"})
"""Sources that only say that the store's side may have changed."""
RESERVED_IN_PART = "APA"


def extract_refunds(run: Run) -> tuple[list[RefundedOrder], list[Outcome]]:
    """The batch's orders that are in Brightpearl, and what becomes of the others. Reads only.

    With every refund, and what Brightpearl has of them. Orders without a sales order are skipped
    or refused.

    Raises: TransientError, ConfigError, ContractError.
    """
    refunds = read_refunds(run, run.batch.keys)
    keys = [link_key(one.order_id, one.id) for many in refunds.values() for one in many]
    links = run.links.get(run.pair, REFUNDS, keys)
    agreed = {
        claim.key
        for claim in run.batch.claims
        if claim.source in FROM_STORE and is_agreed(refunds.get(claim.key, ()), links)
    }
    refunded = [key for key in run.batch.keys if refunds.get(key) and key not in agreed]
    documents, gone = read_orders(run, refunded)
    done = {*agreed, *gone, *run.refused_keys}
    wanted = {key: refunds.get(key, ()) for key in run.batch.keys if key not in done}
    orders, outcomes = extract_account(run, wanted, documents, links)
    return _with_contacts(run, _with_details(run, orders)), [
        *(skipped(key, "unchanged", "unchanged since both sides agreed") for key in agreed),
        *(skipped(key, "gone", "not in BigCommerce") for key in gone),
        *outcomes,
    ]


@step("extract-account", RETRIED)
def extract_account(
    run: Run,
    refunds: Mapping[str, Sequence[Refund]],
    documents: Mapping[str, Order],
    links: Mapping[str, Link],
) -> tuple[list[RefundedOrder], list[Outcome]]:
    """What Brightpearl has of these orders: sales orders, credits, goods notes.

    An order that is not linked is searched, unless the order sync is about to do so itself.

    In: the refunds of each order, in the order of their ids, none for an order that was never
    refunded; the store's documents of those that were; what the links keep of these refunds.
    """
    linked = run.links.get(run.pair, ORDERS, list(refunds))
    unlinked = [key for key, of_order in refunds.items() if of_order and key not in linked]
    states = run.inbox.states(run.pair, ORDERS, unlinked)
    ids = {link.id_bp: key for key, link in linked.items()}
    for key in unlinked:
        if states.get(key) not in ON_ITS_WAY:
            search = partial(run.brightpearl.find_sales_orders, external_ref(key))
            ids |= {row.order_id: key for row in with_retries(search)}
    sold, unreadable = read_sales_orders(run, ids)
    broken = ((ids.get(one.order_id, ""), one) for one in unreadable)
    refuse_unreadable(run, broken, "sales order")
    sales = {ids[one.id]: Sale(one) for one in sold.values()}
    left: dict[str, set[str]] = defaultdict(set)
    for key, value in run.decisions().discarded:
        left[key].update(cases.credits_named(value))
    orders = [
        RefundedOrder(
            key,
            sale,
            refunds[key],
            order=documents.get(key),
            methods=run.bundle.tables["payment_methods"],
            left=left[key],
        )
        for key, sale in sales.items()
    ]
    importable = importable_statuses(run.connections.pair.orders, run.bundle)
    known = {*sales, *run.refused_keys}
    without: dict[str, Outcome | Refusal] = {}
    for key in [key for key in refunds if key not in known]:
        given = [one for one in counted(refunds[key]) if not is_empty(one)]
        without[key] = (
            cases.without_sale(
                documents[key],
                len(given),
                states.get(key, ""),
                importable,
                now=run.now(),
                was_sold=key in linked,
            )
            if given
            else skipped(key, "unchanged", "no refund was found: the status alone says so")
        )
    run.refuse(refusal_rows((k, one) for k, one in without.items() if isinstance(one, Refusal)))
    found = _with_goods(run, _with_credits(run, _with_back_orders(run, orders), links))
    return found, [one for one in without.values() if isinstance(one, Outcome)]


def _with_back_orders(run: Run, orders: Sequence[RefundedOrder]) -> list[RefundedOrder]:
    """The orders with their back orders, where refunded units are no longer on the order itself.

    Cancelled ones as well: their rows are what was sold.
    """
    owners = back_order_ids(
        run.brightpearl, [one.sale.document.id for one in orders if _lacks_units(one)]
    )
    documents, _ = read_sales_orders(run, owners)
    found: dict[str, list[SalesOrder]] = defaultdict(list)
    for document in documents.values():
        found[owners[document.id]].append(document)
    return [
        replace(one, sale=Sale(one.sale.document, tuple(found[one.sale.document.id])))
        for one in orders
    ]


def _lacks_units(one: RefundedOrder) -> bool:
    refunded = {item.item_id for refund in one.refunds for item in refund.items}
    lines = [line for line in one.order.lines if line.id in refunded] if one.order else []
    return any(
        sum(row.quantity for _, row in one.sale.rows_of(line.id)) < line.quantity for line in lines
    )


def _with_credits(
    run: Run, orders: Sequence[RefundedOrder], links: Mapping[str, Link]
) -> list[RefundedOrder]:
    """The orders with the credits under them and those that are linked, and their links.

    A credit has the payments and the goods that were booked on it; its refund may be gone.
    """
    links_of: dict[str, dict[str, Link]] = defaultdict(dict)
    for key, link in links.items():
        links_of[key.partition("/")[0]][key] = link
    by_sale = {one.sale.document.id: one.id for one in orders}
    refs = with_retries(lambda: list(run.brightpearl.list_credit_refs(parent_ids=by_sale)))
    known = {link.id_bp for one in orders for link in links_of[one.id].values()}
    # A credit of ours that was never settled has no link.
    created: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in run.ledger.begun(run.pair, run.entity, list(by_sale.values())):
        if entry.action == CreateCredit.kind and entry.written_id:
            created[entry.key][entry.natural_key] = entry.written_id
            known.add(entry.written_id)
    found = read_credits(run.brightpearl, known | {ref.order_id for ref in refs})
    received: dict[str, list[GoodsInNote]] = defaultdict(list)
    for note in with_retries(lambda: run.brightpearl.list_goods_in(one.id for one in found)):
        if isinstance(note, GoodsInNote):
            received[note.order_id].append(note)
    cancelled = run.bundle.tables["credit_statuses"].get("cancelled")
    linked = run.links.get(run.pair, REFUNDS, [one.id for one in found], by="id_bp")
    credits_: dict[str, list[Credit]] = defaultdict(list)
    for one in found:
        # One of ours that lost its parent still says in its reference whose it is.
        key = by_sale.get(one.document.parent_id) or order_id_of(one.document.external_ref)
        is_cancelled = one.is_cancelled or one.document.status_id == cancelled
        notes = tuple(received[one.id])
        credits_[key].append(replace(one, is_cancelled=is_cancelled, received=notes))
        if one.id in linked:
            links_of[key][linked[one.id].key_bc] = linked[one.id]
    return [
        replace(one, credits=credits_[one.id], links=links_of[one.id], created=created[one.id])
        for one in orders
    ]


def read_credits(brightpearl: Brightpearl, ids: Collection[str]) -> list[Credit]:
    """Sales credits in the order of their ids, with the payments that were booked on them."""
    found = with_retries(lambda: brightpearl.get_sales_credits(ids))
    documents = {one.id: one for one in found if isinstance(one, SalesCredit)}
    paid: dict[str, list[PaymentRow]] = defaultdict(list)
    for payment in with_retries(lambda: list(brightpearl.list_payments(documents))):
        paid[payment.order_id].append(payment)
    return [
        Credit(documents[key], documents[key].is_cancelled, tuple(paid[key]))
        for key in sorted(documents, key=int)
    ]


def _with_goods(run: Run, orders: Sequence[RefundedOrder]) -> list[RefundedOrder]:
    """The orders with what is on notes, reserved and has stock, as far as units are not settled.

    What is reserved is read of orders that are reserved in part; of the others it is known.
    """
    sales = {one.id: one.sale for one in orders if one.has_open_units}
    owners = {order.id: key for key, sale in sales.items() for order in sale.orders}
    notes: dict[str, list[GoodsOutNote]] = defaultdict(list)
    for note in with_retries(lambda: run.brightpearl.list_goods_out_of_orders(owners)):
        if isinstance(note, GoodsOutNote) and not note.is_transfer:
            notes[owners[note.order_id]].append(note)
    reserved: dict[str, Mapping[str, int]] = {}
    for order in (order for sale in sales.values() for order in sale.orders):
        if order.allocation_code == RESERVED_IN_PART:
            reservation = with_retries(partial(run.brightpearl.get_reservation, order.id))
            rows = reservation.rows if reservation else {}
            reserved[order.id] = {row_id: row.quantity for row_id, row in rows.items()}
    ids = {row.product_id for sale in sales.values() for _, row in sale.rows if row.product_id}
    products = products_by_id(run.connections, ids).values()
    has_stock = {one.product_id: one.stock_tracked for one in products}
    return [
        replace(one, notes=notes[one.id], reserved=reserved, has_stock=has_stock) for one in orders
    ]


def _with_details(run: Run, orders: Sequence[RefundedOrder]) -> list[RefundedOrder]:
    """What only some orders need: orders that staff credited, refunds that are gone, currencies.

    Where an order is not in the store's currency, the gateway may have paid in another one.
    """
    credited = [one.id for one in orders if one.order is None and one.unclaimed]
    found, _ = read_orders(run, credited)
    orders = [replace(one, order=one.order or found.get(one.id)) for one in orders]
    unlisted = {
        undone.refund_id: one.id
        for one in orders
        for undone in one.without_refund
        if all(refund.id != undone.refund_id for refund in one.refunds)
    }
    # Asked one by one, for no list shows them.
    asked = read_few(list(unlisted), run.bigcommerce.get_refund) if unlisted else {}
    run.postpone(
        {
            unlisted[key]: one.message
            for key, one in asked.items()
            if isinstance(one, TransientError)
        }
    )
    absent = frozenset(key for key, one in asked.items() if isinstance(one, NotFoundError))
    foreign = [
        one.id
        for one in orders
        if one.order
        and one.order.default_currency_code != one.order.store_default_currency_code
        and any(refund.state is State.WANTED for refund in one.matched)
    ]
    paid = read_details(run, foreign, run.bigcommerce.list_transactions, "transactions")
    currencies = {row.id: row.currency for rows in paid.values() for row in rows if row.currency}
    return [replace(one, absent=absent, currencies=currencies) for one in orders]


def _with_contacts(run: Run, orders: Sequence[RefundedOrder]) -> list[RefundedOrder]:
    """The orders with the contact of a credit they lack; those that have none are refused.

    A sales order goes on naming a contact that staff deleted, or merged into another one. Then the
    credit is of whoever has the shopper's e-mail now, or is the default one of the channel.
    """
    named = {one.id: one.sale.document.customer for one in orders}
    ids = {key: customer.id if customer else "" for key, customer in named.items()}
    asked = {one.id for one in orders if one.lacks_credit}
    existing = existing_contacts(run.connections, filter(None, (ids[key] for key in asked)))
    found = {key: one for key, one in ids.items() if key not in asked or one in existing}
    default = run.bundle.tables.get("default_contacts")
    lost: dict[str, str] = {}
    for order in (one.order for one in orders if one.id not in found):
        email = email_key(order.billing_address.email) if order else ""
        if order and re.fullmatch(EMAIL, email):
            lost[order.id] = email
        elif order and default and (contact := default.get(order.channel_id)):
            found[order.id] = contact
    now = find_contacts(run.connections, set(lost.values())) if lost else {}
    found |= {key: now[email] for key, email in lost.items() if email in now}
    run.refuse(
        refusal_rows(
            (key, cases.no_contact(key, one)) for key, one in ids.items() if key not in found
        )
    )
    return [replace(one, contact_id=found.get(one.id, "")) for one in orders]

"""The store's side of a batch of orders, now: as frames, less those that need nothing.

Units that orders have taken in the store and that Brightpearl has not reserved yet are kept when an
order is first read and again when it is settled, so that stock never counts sold units as free
(docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from connectors.bigcommerce.models import Order, Transaction
from core.ids import EMAIL, contact_key
from mappings.order_rows import needs_taxes
from mappings.tables import Table
from mappings.tax_codes import TABLE, tax_codes
from store.stock import Demand
from tasks.bigcommerce.order_frames import (
    OrderFrames,
    is_paid,
    may_be_paid_by_hand,
    may_have_received,
    order_frames,
    tax_rows,
)
from tasks.bigcommerce.orders import (
    FINAL,
    OrderStatus,
    importable_statuses,
    read_details,
    read_orders,
    sold_units,
)
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.reconciler.agreed import fingerprint
from tasks.reconciler.cases import Outcome, parked, skipped
from tasks.reconciler.run import Run

HINTS = {"webhook", "sweep"}
"""Sources that say "may have changed"; any other wants both sides read in any case."""
NOT_OF_MONEY = {*HINTS, "condition", "notice"}
"""Sources that say nothing of money: those of an order's content, of stock, and of Brightpearl."""
VOLATILE = {
    "date_modified": True,
    "consignments": True,
    "ip_address": True,
    "geoip_country_iso2": True,
}
"""What of an order may change although nothing of it did, or is compared in another form, or says
nothing of the order itself."""
MONEY = {
    "default_currency_code",
    "total_inc_tax",
    "total_tax",
    "store_credit_amount",
    "gift_certificate_amount",
    "payment_method",
    "payment_status",
}
"""What of an order changes whenever money moves without an event of its own."""
CREATED = "create sales order"
"""The ledger's name of what creates one."""
STOCK = "stock"
"""The entity whose keys become due when what orders hold changes."""


@dataclass(frozen=True)
class Read:
    """The store's side of a batch."""

    found: OrderFrames
    orders: Mapping[str, Order] = field(default_factory=dict)
    """Those of `found`."""
    skipped: list[Outcome] = field(default_factory=list)
    """Orders that need nothing, or cannot be imported now."""
    transactions: Mapping[str, Sequence[Transaction]] = field(default_factory=dict)
    """Those that were read, by order."""


def extract_orders(run: Run) -> Read:
    """Every order of the batch with lines, charges and settled money, in the fewest requests.

    Raises: TransientError, ConfigError, ContractError.
    """
    documents, absent = read_orders(run, run.batch.keys)
    skipped = run.batch.missing(absent)
    links, sources = run.links.get(run.pair, run.entity, run.batch.keys), run.batch.sources
    new = {key: sold_units(order) for key, order in documents.items() if key not in links}
    keep_held(run, new, is_new=True)
    # What was begun and never settled is compared to its end, whatever became of it in the store.
    begun = {
        one.key: one.written_id if one.action == CREATED else ""
        for one in reversed(run.ledger.begun(run.pair, run.entity, list(new)))
    }
    orders: dict[str, Order] = {}
    is_split = run.connections.pair.orders.several_addresses == "split"
    split: set[str] = set()
    unread: set[str] = set()
    paid: list[str] = []
    for key, order in documents.items():
        agreed, source = AgreedOrder.of(links.get(key)), sources.get(key, "")
        content, money = fingerprints(order) if key in links else ("", "")
        # Money that comes in for what is owed changes nothing else of an order.
        owes = key in links and may_have_received(order) and not is_paid_for(order, agreed)
        is_echo = source in HINTS and key in links and agreed.agreed == content and not owes
        is_known = key in links or key in begun
        if outcome := _skipped(run, order, is_known=is_known, is_echo=is_echo):
            skipped.append(outcome)
            continue
        orders[key] = order
        if agreed.consignments or (is_split and not agreed.rows):
            split.add(key)
        is_reported = source not in HINTS or bool(agreed.receipts)
        if source in NOT_OF_MONEY and agreed.money and agreed.money == money and not owes:
            unread.add(key)
        elif may_have_received(order, is_reported=is_reported):
            paid.append(key)
    list_transactions = run.bigcommerce.list_transactions
    transactions = read_details(run, paid, list_transactions, "transactions")
    known = begun | {key: link.id_bp for key, link in links.items()}
    found = order_frames(orders.values(), transactions, known, split)
    contacts = run.bundle.tables.get("default_contacts")
    found = replace(
        found,
        orders=_with_contacts(found.orders, contacts) if contacts else found.orders,
        money_unread=frozenset(unread),
    )
    codes = tax_codes(run.bundle.tables[TABLE])
    if taxed := needs_taxes(found.orders, found.lines, found.charges, codes):
        taxes = read_details(run, taxed, run.bigcommerce.list_taxes, "taxes")
        found = replace(found, taxes=tax_rows(taxes))
    return Read(found.without(run.refused_keys), orders, skipped, transactions)


def _with_contacts(orders: pd.DataFrame, contacts: Table) -> pd.DataFrame:
    """The orders, those without a usable e-mail under the default contact of their channel."""
    emails = orders["email_key"]
    keys = [
        contact_key(contact)
        if not re.fullmatch(EMAIL, email) and (contact := contacts.get(channel))
        else email
        for email, channel in zip(emails, orders["channel_id"], strict=True)
    ]
    return orders.assign(email_key=pd.Series(keys, emails.index, emails.dtype))


def keep_held(
    run: Run, units_by_order: Mapping[str, Mapping[str, int]], *, is_new: bool = False
) -> None:
    """Keep what orders hold that Brightpearl has not reserved; nothing is none.

    What new orders have taken is still theirs: it makes no stock due.
    """
    if run.dry_run or not units_by_order:
        return
    changed = Demand(run.database).replace(run.pair, units_by_order, now=run.now())
    held = {sku for units in units_by_order.values() for sku in units}
    enqueue_stock(run, changed - held if is_new else changed)


def enqueue_stock(run: Run, skus: Collection[str]) -> None:
    """What orders hold no more may be for sale again; Brightpearl sends no event of it.

    The run's next orders may be for the same SKUs: those are compared once, after all of them.
    """
    if skus:
        run.defer(STOCK, skus, source="order")


def fingerprints(order: Order, status_id: str = "", external_order_id: str = "") -> tuple[str, str]:
    """The store's side of an order as two short texts: all of it, and what changes with its money.

    The write-back makes the store send an event about the order. When the order then reads exactly
    as it did when both sides agreed, nothing has happened, and no further request is spent. Content
    is compared, never time. In: what the write-back has changed since the order was read.
    """
    if status_id:
        changed = {"status_id": int(status_id), "external_order_id": external_order_id}
        order = order.model_copy(update=changed)
    parts = [
        order.model_dump_json(exclude=VOLATILE),
        *(part.model_dump_json(exclude={"line_items"}) for part in order.consignments.shipping),
        *(part.model_dump_json(exclude={"line_items"}) for part in order.consignments.pickups),
        *sorted(line.model_dump_json() for line in order.lines),
    ]
    money = [order.model_dump_json(include=MONEY)]
    if may_be_paid_by_hand(order):
        money.append("paid by its status")
    return fingerprint(parts), fingerprint(money)[:16]


def is_paid_for(order: Order, agreed: AgreedOrder) -> bool:
    """Whether as much was paid as the order costs now, when both sides last agreed."""
    return agreed.settled is not None and order.total_inc_tax <= agreed.settled


def _skipped(run: Run, order: Order, *, is_known: bool, is_echo: bool) -> Outcome | None:
    """Why this order needs nothing now, or None."""
    if order.is_deleted:
        return skipped(order.id, "gone", "archived in BigCommerce")
    if is_known:
        return skipped(order.id, "unchanged") if is_echo else None
    status = OrderStatus(order.status_id)
    if status in importable_statuses(run.connections.pair.orders, run.bundle):
        return None
    if status in FINAL:
        return skipped(order.id, "not imported", FINAL[status])
    reason = f"status {order.status_id} is not imported yet"
    condition = "payment" if status is OrderStatus.INCOMPLETE else "status"
    return replace(parked(order.id, reason, condition), is_kept=is_paid(order))

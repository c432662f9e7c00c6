"""The store's side of a batch of orders, now: as frames, less those that need nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connectors.bigcommerce.models import Order
from mappings.order_rows import needs_taxes
from store.links import Link
from tasks.bigcommerce.order_frames import OrderFrames, may_have_received, order_frames, tax_rows
from tasks.bigcommerce.orders import FINAL, OrderStatus, read_details, read_orders
from tasks.brightpearl.sales_orders import AgreedOrder
from tasks.orders.held_units import hold_new
from tasks.reconciler.cases import Outcome, parked, skipped
from tasks.reconciler.run import Run

HINTS = {"webhook", "sweep"}
"""Sources that say "may have changed"; any other wants both sides read in any case."""
NOT_OF_MONEY = {*HINTS, "condition", "notice"}
"""Sources that say nothing of money: those of an order's content, of stock, and of Brightpearl."""
VOLATILE = {"date_modified": True, "consignments": True}
"""What of an order may change although nothing of it did, or is compared in another form."""
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


@dataclass(frozen=True)
class Read:
    """The store's side of a batch."""

    found: OrderFrames
    orders: Mapping[str, Order] = field(default_factory=dict)
    """Those of `found`."""
    skipped: list[Outcome] = field(default_factory=list)
    """Orders that need nothing, or cannot be imported now."""


def extract_orders(run: Run) -> Read:
    """Every order of the batch with lines, charges and settled money, in the fewest requests.

    Raises: TransientError, ConfigError, ContractError.
    """
    documents, skipped = read_orders(run, run.batch.keys)
    links = run.links.get(run.pair, run.entity, run.batch.keys)
    hold_new(run, documents.values(), links)
    orders: dict[str, Order] = {}
    for order_id, order in documents.items():
        outcome = _skipped(run, order, links.get(order_id))
        if outcome:
            skipped.append(outcome)
        else:
            orders[order_id] = order
    agreed = {key: AgreedOrder.of(links[key]) for key in orders if key in links}
    unread = {key for key, order in orders.items() if _is_money_agreed(run, order, agreed)}
    reported = {key for key, source in run.batch.sources.items() if source not in HINTS}
    reported |= {key for key, one in agreed.items() if one.receipts}
    paid = [
        key
        for key, order in orders.items()
        if key not in unread and may_have_received(order, is_reported=key in reported)
    ]
    list_transactions = run.bigcommerce.list_transactions
    transactions = read_details(run, paid, list_transactions, "transactions")
    found = order_frames(orders.values(), transactions, links)
    found = replace(found, money_unread=frozenset(unread))
    if taxed := needs_taxes(found.orders, found.lines, found.charges):
        taxes = read_details(run, taxed, run.bigcommerce.list_taxes, "taxes")
        found = replace(found, taxes=tax_rows(taxes))
    return Read(found.without(run.refused_keys), orders, skipped)


def fingerprint(order: Order, status_id: str = "", external_order_id: str = "") -> str:
    """The store's side of an order as one short text, to know our own echo from a real change.

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
        *sorted(line.model_dump_json() for line in order.lines),
    ]
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]


def money_fingerprint(order: Order) -> str:
    """What of an order changes whenever money moves without an event of its own."""
    text = order.model_dump_json(include=MONEY)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _skipped(run: Run, order: Order, link: Link | None) -> Outcome | None:
    """Why this order needs nothing now, or None."""
    if order.is_deleted:
        return skipped(order.id, "gone", "archived in BigCommerce")
    if link is not None:
        is_hint = run.batch.sources.get(order.id) in HINTS
        is_echo = is_hint and AgreedOrder.of(link).agreed == fingerprint(order)
        return skipped(order.id, "unchanged") if is_echo else None
    status = OrderStatus(order.status_id)
    importable = run.connections.pair.orders.importable_statuses
    if status in importable and status is not OrderStatus.INCOMPLETE:
        return None
    if status in FINAL:
        return skipped(order.id, "not imported", FINAL[status])
    reason = f"status {order.status_id} is not imported yet"
    return parked(order.id, reason, "payment" if status is OrderStatus.INCOMPLETE else "status")


def _is_money_agreed(run: Run, order: Order, agreed: Mapping[str, AgreedOrder]) -> bool:
    """Whether an event is not about money, and what shows moved money is as it was agreed on."""
    if run.batch.sources.get(order.id) not in NOT_OF_MONEY or order.id not in agreed:
        return False
    return bool(agreed[order.id].money) and agreed[order.id].money == money_fingerprint(order)

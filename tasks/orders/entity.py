"""Orders as an entity: which of them changed, and what proves that none is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.models import Order, Unreadable
from connectors.brightpearl.models import SalesOrder
from connectors.budget import Priority
from core.ids import external_ref, is_consignment, order_id_of
from core.times import local_date, to_iso
from store.inbox import Inbox
from store.links import Links
from tasks.bigcommerce.order_frames import is_paid
from tasks.bigcommerce.orders import UNSENT, OrderStatus, importable_statuses, time_zone
from tasks.bigcommerce.population import Known, count_orders
from tasks.brightpearl import sales_orders
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.audit import DEFECTS, Booked, WindowAudit, compare_amounts, unsettled
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.reconciler.defects import divided, each
from tasks.reconciler.registry import Entity, Source


def changed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders modified from `since` on (until `until`), in order-number order."""
    return _list(connections, min_date_modified=since, max_date_modified=until)


def placed_orders(
    connections: Connections, since: datetime, until: datetime | None = None
) -> list[str]:
    """Ids of the orders placed in a window, in order-number order."""
    return _list(connections, min_date_created=since, max_date_created=until)


def changed_in_account(connections: Connections, since: datetime) -> list[str]:
    """Orders of ours whose status staff changed in Brightpearl since it was agreed on."""
    rows = with_retries(lambda: list(connections.brightpearl.list_changed_refs(since)))
    statuses = {row.order_id: row.status_id for row in rows}
    links = Links(connections.database).get(
        connections.pair.name, ORDERS.name, list(statuses), by="id_bp"
    )
    agreed, unclear = each(links.items(), sales_orders.AgreedOrder.of)
    changed = [
        links[order_id].key_bc
        for order_id, one in agreed.items()
        if statuses[order_id] != one.status_bp
    ]
    # The sync of a record that our own code fails for says so.
    return [*changed, *(links[order_id].key_bc for order_id in unclear)]


@step("recheck-orders", RETRIED)
def recheck_unsent(pair: str) -> dict[str, Any]:
    """Put every order that has not left into the inbox: both sides are read, whoever changed them.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair).at(Priority.CATALOGUE)
    keys = [key for status in UNSENT for key in _list(connections, status_id=int(status))]
    new = Inbox(connections.database).put(
        pair, ORDERS.name, keys, source="recheck", now=connections.clock()
    )
    return {"open": len(keys), "newly_due": new}


def _list(connections: Connections, **filters: datetime | int | None) -> list[str]:
    given = {name: value for name, value in filters.items() if value is not None}
    headers = connections.bigcommerce.list_order_headers
    return with_retries(lambda: [row.order_id for row in headers(**given)])


def compare(connections: Connections, since: datetime) -> dict[str, Any]:
    """The orders placed since that ought to be in Brightpearl, and the sales orders they became.

    Also those that are paid and wait for another status, those placed before among them.
    """
    store = connections.bigcommerce
    importable = importable_statuses(connections.pair.orders, current_bundle(connections))
    parked = Inbox(connections.database).reasons(connections.pair.name, ORDERS.name, "parked")
    placed = with_retries(lambda: list(store.list_orders(min_date_created=since)))
    waiting = with_retries(lambda: list(store.get_orders(sorted(parked, key=int))))
    found = {one.id: one for one in (*placed, *waiting) if isinstance(one, Order)}
    booked, live = _read_sales_orders(connections, since, list(found))
    both = Compared(
        since=since,
        zone=time_zone(connections),
        orders=found,
        booked=booked,
        known=Known(
            live=live,
            cancelled={order_id_of(ref) for ref in booked},
            waiting=unsettled(connections, sales_orders.ORDERS, list(found)),
            importable=importable,
        ),
        unreadable=[one for one in placed if isinstance(one, Unreadable)],
    )
    result, defects = divided(found, both.document)
    return {**result, DEFECTS: defects}


@dataclass(frozen=True)
class Compared:
    """Both sides of a window, as read."""

    since: datetime
    zone: str
    orders: Mapping[str, Order]
    """Those of the store that were placed in it, or wait."""
    booked: Mapping[str, Sequence[Booked]]
    known: Known
    unreadable: Sequence[Unreadable]
    """Orders that were placed in it and cannot be read."""

    def document(self, keys: Collection[str]) -> dict[str, Any]:
        """What of these orders is where, and what differs. Pure."""
        found = [self.orders[key] for key in keys]
        importable, states = self.known.importable, self.known.waiting
        placed = {
            external_ref(order.id): order
            for order in found
            if not order.is_deleted
            and (
                order.date_created >= self.since
                if order.status_id in importable
                else is_paid(order)
            )
        }
        waiting = {
            order.id: f"{states.get(order.id, 'paid, not imported')}, status {order.status_id} "
            f"{OrderStatus(order.status_id).title} since {to_iso(order.date_modified)}"
            for order in placed.values()
            if order.id in states or order.status_id not in importable
        }
        of_window = [one for one in found if one.date_created >= self.since]
        population = count_orders(of_window, self.known, unreadable=len(self.unreadable))
        by_day = defaultdict[str, list[Order]](list)
        for order in of_window:
            by_day[self._day(order.date_created)].append(order)
        broken = Counter(self._day(one.placed_at) for one in self.unreadable if one.placed_at)
        totals = {ref: (order.total_inc_tax,) for ref, order in placed.items()}
        return {
            "orders": population.sales.total(),
            "in_brightpearl": population.sales["in_brightpearl"],
            "population": population.document(),
            "days": {
                day: count_orders(by_day[day], self.known, unreadable=broken[day]).document()
                for day in sorted({*by_day, *broken})
            },
            "counted": str(population),
            **compare_amounts(["amounts_differ"], totals, self.booked, waiting),
        }

    def _day(self, moment: datetime) -> str:
        """The day of the store."""
        return local_date(moment, self.zone).isoformat()


def _read_sales_orders(
    connections: Connections, since: datetime, keys: Sequence[str]
) -> tuple[dict[str, list[Booked]], set[str]]:
    """Sales orders with what they are worth, by reference; a back order is part of its order.

    Those of the orders in `keys` are found by their links as well: staff may change a reference.

    Out: also the ids of BigCommerce's orders of which Brightpearl has one that is not cancelled.
    """
    brightpearl, until = connections.brightpearl, connections.clock() + sales_orders.AROUND
    instance_id = connections.pair.brightpearl.instance_id
    refs = with_retries(
        lambda: list(brightpearl.list_order_refs(since - sales_orders.AROUND, until, instance_id))
    )
    links = Links(connections.database).get(connections.pair.name, ORDERS.name, keys)
    linked = {link.id_bp: external_ref(key) for key, link in links.items()}
    # Those of further addresses are back orders, and are found as such.
    ids = [row.order_id for row in refs if not is_consignment(row.external_ref)]
    ids = list(dict.fromkeys([*ids, *linked]))
    owners = sales_orders.back_order_ids(brightpearl, ids)
    documents = with_retries(
        lambda: brightpearl.get_sales_orders(list(dict.fromkeys([*ids, *owners])))
    )
    orders = {
        one.id: (linked.get(one.id, one.external_ref), one)
        for one in documents
        if isinstance(one, SalesOrder)
    }
    split: dict[str, Decimal] = defaultdict(Decimal)
    for _, order in orders.values():
        if order.id in owners and not order.is_cancelled:
            split[owners[order.id]] += order.total.gross
    found: dict[str, list[Booked]] = defaultdict(list)
    for ref, order in orders.values():
        if order.id not in owners:
            gross = order.total.gross + split[order.id]
            found[ref].append(Booked(order.id, (gross,)))
    cancelled = current_bundle(connections).tables["account_statuses"].get("cancelled")
    live = {
        order_id_of(ref)
        for ref, one in orders.values()
        if not (one.is_cancelled or one.status_id == cancelled)
    }
    return dict(found), live


AUDIT = WindowAudit(
    entity=sales_orders.ORDERS,
    compare=compare,
    headings={
        "missing": "Missing, put back into the inbox",
        "doubled": "In Brightpearl more than once",
        "amounts_differ": "Amounts differ, put back into the inbox",
        "waiting": "Waiting",
    },
    # What staff changed, and no notice named, becomes a case with its remedy.
    enqueued=["missing", "amounts_differ"],
    says="{in_brightpearl} of {orders} sales since {since} are in Brightpearl, "
    "{cents_off} cents off. {counted}",
)


ORDERS = Entity(
    name="orders",
    priority=Priority.ORDERS,
    suites="expectations.orders",
    sources=[
        Source("orders-swept", "bigcommerce", changed_orders, is_named_by_webhooks=True),
        Source("orders-swept-brightpearl", "brightpearl", changed_in_account, source="notice"),
    ],
    changed=changed_orders,
    created=placed_orders,
    audit=AUDIT,
)

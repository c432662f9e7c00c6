"""What the scenarios have in common: how both sides compare, and what a further pass does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from typing import Any

from world import PAIR, World

from core.times import utc_now
from flows.registry import ENTITIES
from receiver.bigcommerce import keys_of
from store.inbox import Inbox
from store.ledger import Entry as Written
from store.ledger import Ledger
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect

ORDERS, SHIPMENTS, REFUNDS = "orders", "shipments", "refunds"


def cents(amount: Decimal | str) -> int:
    """Minor units.

    Raises: ValueError for an amount between two of them.
    """
    exact = Decimal(amount) * 100
    if exact != int(exact):
        raise ValueError(f"{amount} is no whole number of minor units")
    return int(exact)


def skus(world: World, on_hand: int = 20) -> list[str]:
    """SKUs that both systems know, with so many units in the main warehouse."""
    account = world.sandbox.account
    return [
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= on_hand
    ]


def lines(world: World, *quantities: int, **line: Any) -> list[dict[str, Any]]:
    """Order lines of different products."""
    chosen = zip(skus(world), quantities, strict=False)
    return [{"sku": sku, "quantity": quantity, **line} for sku, quantity in chosen]


def run(world: World, entity: str, *keys: str, source: str = "operator") -> dict[str, Any]:
    """One run of a sync over these keys, and whatever else is due."""
    world.due(*keys, source=source, entity=entity)
    return asyncio.run(ENTITIES[entity].sync.fn(pair=PAIR))


def second_pass(world: World, **keys: list[str]) -> int:
    """Writes of one more run over everything that these keys of each entity name."""
    world.forget_requests()
    for entity, wanted in keys.items():
        run(world, entity, *wanted)
    return world.writes()


def store_order(world: World, key: str) -> Any:
    return world.sandbox.store.orders[int(key)]


def store_money(world: World, key: str) -> tuple[int, int]:
    """Total with tax and tax, as the store says."""
    totals = store_order(world, key).totals
    return cents(totals.inc), cents(totals.tax)


def account_money(world: World, key: str) -> tuple[int, int]:
    """The same, as the rows of the sales order add up."""
    rows = [row for row in world.sales_order(key).rows.values() if row.parent_row_id is None]
    net, tax = sum(cents(row.net) for row in rows), sum(cents(row.tax) for row in rows)
    return net + tax, tax


def received(world: World, key: str) -> int:
    """Money booked as received for an order."""
    return sum(cents(amount) for amount in world.receipts(key))


def units(world: World, key: str) -> dict[str, int]:
    """Units of each product row of the sales order, by SKU."""
    counted: Counter[str] = Counter()
    for row in world.sales_order(key).rows.values():
        if row.product_id:
            counted[row.sku] += int(row.quantity)
    return dict(counted)


def reserved(world: World, key: str) -> dict[str, int]:
    """Units held for the order in the warehouse, on no note yet, by SKU."""
    order = world.sales_order(key)
    found = world.sandbox.account.reservations.get(order.id)
    held: Counter[str] = Counter()
    for row_id, (_, count) in (found.rows if found else {}).items():
        held[order.rows[row_id].sku] += count
    return dict(+held)


def stock(world: World, sku: str, warehouse_id: int = 2) -> Any:
    """A product's level in a warehouse of the account."""
    account = world.sandbox.account
    return account.stock[account.products_by_sku[sku][0]][warehouse_id]


def credits_of(world: World, key: str) -> list[Any]:
    """Sales credits of an order's sales order, by id."""
    parent = world.sales_order(key).id
    orders = world.sandbox.account.orders.values()
    found = (one for one in orders if one.type_code == "SC" and one.parent_id == parent)
    return sorted(found, key=lambda one: one.id)


def notes_on(world: World, key: str) -> list[str]:
    """What was written on the sales order for staff to read."""
    order_id = world.sales_order(key).id
    return [n.text for n in world.sandbox.account.notes.values() if n.order_id == order_id]


def cases(world: World, key: str, entity: str = ORDERS) -> list[Entry]:
    """Open cases of a record."""
    found = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=entity)
    return [case for case in found if case.key == key]


def approve(world: World, *keys: str, entity: str = ORDERS) -> dict[str, Any]:
    """A person has what the open cases of these records propose carried out."""
    found = [case.id for key in keys for case in cases(world, key, entity)]
    Quarantine(connect(PAIR).database).approve(found, now=utc_now())
    return run(world, entity)


def written(world: World, key: str, entity: str = ORDERS) -> list[Written]:
    """The ledger's rows of a record, the oldest first."""
    return Ledger(connect(PAIR).database).history(PAIR, entity, key)


def inbox(world: World) -> Inbox:
    return Inbox(connect(PAIR).database)


def clock(world: World, advance_s: float) -> None:
    """Let the clock of both systems jump."""
    answer = world.http.post(world.control("brightpearl", "clock"), json={"advance_s": advance_s})
    assert answer.status_code == 200, answer.text


class StoreEvents:
    """The store's own events, as its webhooks would carry them."""

    def __init__(self, world: World) -> None:
        self.events: list[dict[str, Any]] = []
        self._world = world
        world.sandbox.store.listeners.append(self._record)

    def _record(self, scope: str, data: dict[str, Any]) -> None:
        self.events.append({"scope": scope, "data": data})

    def scopes(self, key: str) -> list[str]:
        """Scopes of the events about an order, each once."""
        found = ((event["scope"], event["data"]) for event in self.events)
        named = (scope for scope, data in found if str(data.get("order_id", data.get("id"))) == key)
        return list(dict.fromkeys(named))

    def deliver(self) -> None:
        """All events since the last time reach the inbox, as the receiver reads it."""
        events, self.events = self.events, []
        for event in events:
            if (found := keys_of(event)) is not None:
                named, source = found
                for entity, keys in named.items():
                    self._world.due(*keys, source=source, entity=entity)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What these calls give back, made by a thread each at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        made = [pool.submit(copy_context().run, call) for call in calls]
        return [one.result() for one in made]

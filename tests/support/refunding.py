"""Refunds and returns in both sandboxes, for tests of whole flows."""

from __future__ import annotations

import asyncio
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from world import PAIR, World

from core.times import utc_now
from flows.refunds import sync_refunds
from mappings.bundle import SHIPPED
from sandbox.brightpearl.order_state import paid_total
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect, disconnect

REFUNDS = "refunds"


ENOUGH = 12
"""More units than one test takes of a product: none is short where it is not about that."""


def skus(world: World) -> list[str]:
    """SKUs with stock, the same in both systems."""
    account = world.sandbox.account
    return [
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= ENOUGH
    ]


def lines(world: World, *quantities: int) -> list[dict[str, Any]]:
    """Lines of the first products."""
    return [
        {"sku": sku, "quantity": quantity}
        for sku, quantity in zip(skus(world), quantities, strict=False)
    ]


def imported(world: World, *, shipped: bool = False, **order: Any) -> str:
    """An order that is in Brightpearl, and gone out if that is wanted; its id."""
    key = world.place(**{"lines": lines(world, 3, 2), **order})
    world.sync(key)
    if shipped:
        world.brightpearl("ship", external_ref=f"BC-{key}")
    return key


def refund(world: World, key: str, **wanted: Any) -> dict[str, Any]:
    """Staff refund an order in the store."""
    return world.bigcommerce("refund", order_id=int(key), **wanted)


def sync(world: World, *keys: str, source: str = "operator") -> dict[str, Any]:
    """One run of the refund sync over these orders, and whatever else is due."""
    world.due(*keys, source=source, entity=REFUNDS)
    return asyncio.run(sync_refunds.fn(pair=PAIR))


def runs_again_without_writing(world: World, *keys: str, source: str = "operator") -> bool:
    world.forget_requests()
    sync(world, *keys, source=source)
    return world.writes() == 0


def credits_of(world: World) -> list[Any]:
    """Sales credits in Brightpearl, by id."""
    orders = world.sandbox.account.orders.values()
    return sorted((one for one in orders if one.type_code == "SC"), key=lambda one: one.id)


def credit(world: World, key: str, refund_id: int | str) -> Any:
    """The one sales credit of a refund."""
    (found,) = [one for one in credits_of(world) if one.external_ref == f"BC-{key}-R{refund_id}"]
    return found


def gross(one: Any) -> Decimal:
    return Decimal(one.net + one.tax)


def paid_out(world: World, one: Any) -> Decimal:
    """Money that was booked out of a credit."""
    return Decimal(paid_total(world.sandbox.account, one))


def payouts(world: World, one: Any) -> dict[str, Decimal]:
    """Money out of a credit by method."""
    payments = world.sandbox.account.payments.values()
    return {p.method_code: p.amount_paid for p in payments if p.order_id == one.id}


def stock(world: World, sku: str, warehouse_id: int = 2) -> Any:
    """A product's level in a warehouse."""
    account = world.sandbox.account
    return account.stock[account.products_by_sku[sku][0]][warehouse_id]


def cases(world: World) -> list[Entry]:
    """Open cases of refunds."""
    return Quarantine(connect(PAIR).database).list(pair=PAIR, entity=REFUNDS)


def states(world: World, *keys: str) -> list[str]:
    return world.states(*keys, entity=REFUNDS)


def change(world: World, made: dict[str, Any], **what: Any) -> dict[str, Any]:
    """What becomes of a refund later: undo, decline or complete."""
    return world.bigcommerce("refund", refund_id=made["refund_id"], **what)


def approve(world: World, *keys: str) -> dict[str, Any]:
    """A person says yes to what the open cases propose."""
    quarantine = Quarantine(connect(PAIR).database)
    quarantine.approve([case.id for case in cases(world)], now=utc_now())
    return sync(world, *keys, source="release")


def discard(world: World) -> None:
    """A person leaves both sides as they are."""
    quarantine = Quarantine(connect(PAIR).database)
    quarantine.discard([case.id for case in cases(world)], "as it should be", now=utc_now())


def release(world: World) -> dict[str, Any]:
    """A person has corrected what all open cases are about."""
    Quarantine(connect(PAIR).database).release(PAIR, entity=REFUNDS, now=utc_now())
    return sync(world)


def settle(monkeypatch: Any, **settings: str) -> None:
    """Settings of the refund sync, from the next step on."""
    for name, value in settings.items():
        monkeypatch.setenv(f"CAUSEWAY_REFUNDS__{name.upper()}", value)
    disconnect()


def store_refunds(world: World, key: str) -> list[Any]:
    """The order's refunds in the store, as it keeps them."""
    return world.sandbox.store.orders[int(key)].refunds


def map_with(monkeypatch: Any, folder: Path, **tables: str) -> None:
    """The shipped mappings, with these tables instead of their own."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "*.md", "__pycache__"))
    for name, text in tables.items():
        (folder / "tables" / f"{name}.csv").write_text(f"value,becomes,note\n{text}")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))
    disconnect()

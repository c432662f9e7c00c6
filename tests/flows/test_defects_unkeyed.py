"""An error of our own code that one record meets holds up no sweep, audit or reconciliation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from brittle_mappings import brittle, follow, sync, waiting
from parcels import Parcels
from refunding import imported, lines, refund
from shelves import audit, levels, on_sale, plenty, product, promised, reconcile
from shelves import sync as sync_stock
from sweeping import sweep_orders, sweep_shipments
from world import PAIR, World

from core.errors import ContractError
from core.times import utc_now
from flows.money import audit_money
from flows.registry import ENTITIES
from store.links import Link, Links
from tasks.reconciler.connections import connect
from tasks.reconciler.sweep import swept

__all__ = ["brittle"]
BROKEN = {"rows": "none", "parts": "none", "on_sale": "none", "payments": "none"}
"""What no entity's link has, as a later release or a hand in the database may leave it."""


def break_link(entity: str, key: str) -> Link:
    """Let a record's link hold what our code does not expect; what it held."""
    links = Links(connect(PAIR).database)
    (link,) = links.get(PAIR, entity, [key]).values()
    links.put(PAIR, entity, [Link(link.key_bc, link.id_bp, BROKEN)], now=utc_now())
    return link


def mend_link(entity: str, link: Link) -> None:
    Links(connect(PAIR).database).put(PAIR, entity, [link], now=utc_now())


def audited(entity: str) -> Any:
    return asyncio.run(ENTITIES[entity].audit.fn(PAIR))


def test_a_sweep_hands_on_the_order_that_our_code_fails_for_and_the_sync_quarantines_it(
    world: World,
) -> None:
    bad, good = imported(world), imported(world)
    link = break_link("orders", bad)
    for key in (bad, good):
        world.brightpearl("edit", external_ref=f"BC-{key}", status_id=4)

    sweep_orders()

    (case,) = waiting("orders")
    assert (case.key, case.class_) == (bad, "unexpected")
    assert case.detail["traceback"]
    assert world.states(bad, good) == ["dead", "done"]

    mend_link("orders", link)
    follow(case.remedy)
    world.sync()
    assert (waiting("orders"), world.states(bad)) == ([], ["done"])


def test_a_sweep_of_shipments_hands_on_the_order_that_our_code_fails_for(world: World) -> None:
    orders = [Parcels.imported(world, 1) for _ in range(2)]
    for order in orders:
        order.leaves(tracking=f"RM{order.order}")
    sweep_shipments()
    break_link("shipments", orders[0].order)
    late = Parcels.imported(world, 1)
    late.leaves(tracking="RM-late")
    for order in orders:
        world.brightpearl("edit", external_ref=f"BC-{order.order}", status_id=4)

    sweep_shipments()

    assert [one.key for one in waiting("shipments")] == [orders[0].order]
    assert late.shipments == [("RM-late", [1])]


def test_an_audit_of_orders_names_the_one_that_our_code_fails_for_and_counts_the_others(
    world: World,
) -> None:
    bad, good, missing = imported(world), imported(world), world.place(lines=lines(world, 1))
    order = world.sandbox.store.orders[int(bad)]
    order.totals = replace(order.totals, inc=Decimal("1e27"))  # more digits than our context has

    found = audited("orders")

    assert list(found["unexpected"]) == [bad]
    assert found["unexpected"][bad].startswith("InvalidOperation in ")
    assert (found["agrees"], found["missing"]) == (False, [f"BC-{missing}"])
    assert found["in_brightpearl"] == 1
    assert bad in found["summary"]
    assert [one.key for one in waiting("orders")] == [bad]
    assert good


@pytest.mark.parametrize("entity", ["refunds", "shipments"])
def test_an_audit_quarantines_the_record_that_our_code_fails_for_and_compares_the_others(
    world: World, entity: str
) -> None:
    orders = [Parcels.imported(world, 2) for _ in range(3)]
    keys = [order.order for order in orders]
    for order in orders:
        order.leaves(tracking=f"RM{order.order}")
    sweep_shipments()
    if entity == "refunds":
        made = [refund(world, key, amount="1.00") for key in keys]
        sync(world, "refunds", *keys)
        break_link(entity, f"{keys[1]}/{made[1]['refund_id']}")
    else:
        break_link(entity, keys[1])

    found = audited(entity)

    assert list(found["unexpected"]) == [keys[1]]
    assert found["unexpected"][keys[1]].startswith("ValidationError in ")
    assert found["missing"] in ([], {})
    assert (found.get("credited") or found.get("agreeing")) == 2
    assert [one.key for one in waiting(entity)] == [keys[1]]


def test_a_money_audit_names_the_order_that_our_code_fails_for_and_adds_up_the_others(
    world: World,
) -> None:
    bad, _good = imported(world), imported(world)
    break_link("orders", bad)

    found = asyncio.run(audit_money.fn(PAIR, utc_now().date().isoformat()))

    assert list(found["unexplained"]) == [f"BC-{bad}"]
    assert [one.key for one in waiting("orders")] == [bad]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("cause", ["link", "mapping"])
def test_of_many_skus_the_one_that_our_code_fails_for_waits_and_the_others_are_reconciled(
    world: World, brittle: set[str], cause: str, *, dry_run: bool
) -> None:
    skus = plenty(world, 5)
    sync_stock(world, *(product(world, sku) for sku in skus))
    for units, sku in enumerate(skus, 41):
        world.brightpearl("stock", sku=sku, on_hand=units)
    bad = skus[3]
    if cause == "link":
        break_link("stock", bad.casefold())
    else:
        brittle.add(str(promised(world, bad)))
    before = levels(world, "bigcommerce")

    found = reconcile(dry_run=dry_run)

    assert bad.casefold() in found["refused"]
    assert found["refused"][bad.casefold()].startswith("Causeway's own code fails")
    assert found["agrees"] is False
    if dry_run:
        assert levels(world, "bigcommerce") == before
        assert waiting("stock") == []
    else:
        equal = [on_sale(world, sku) == promised(world, sku) for sku in skus]
        assert equal == [sku != bad for sku in skus]
        assert bad.casefold() in [one.key for one in waiting("stock")]


def test_an_audit_of_stock_names_the_sku_that_our_code_fails_for(
    world: World, brittle: set[str]
) -> None:
    (bad, other) = plenty(world, 2)
    world.brightpearl("stock", sku=bad, on_hand=4321)
    brittle.add(str(promised(world, bad)))

    found = audit()

    assert bad.casefold() in found["refused"]
    assert found["compared"] > 0
    assert other.casefold() not in found["refused"]


def test_a_sweep_with_a_source_that_cannot_be_read_says_so_once_all_else_is_synced() -> None:
    found = {"changed": 2, "newly_due": 1, "failed": {"goods-swept": "KeyError in tasks.x.y"}}

    with pytest.raises(ContractError, match="goods-swept: KeyError in tasks"):
        swept(found)

"""C4: the receiver is dark for 50 hours, orders come in, and the store switches our hooks off.

When a sweep finds the first of them, an alert is opened; every hook is active again; every order is
imported, in the order of the store's numbers.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from stories import clock
from sweeping import sweep_orders
from world import PAIR, World

from agreement.differences import IMPORTABLE
from core.settings import load_settings
from core.times import utc_now
from flows.orders import sync_orders
from store.alerts import Alerts
from tasks.orders.entity import ORDERS
from tasks.reconciler.connections import connect, disconnect
from tasks.reconciler.sweep import sweep
from tasks.subscriptions import SCOPES, Target, ensure
from worker.watch import Watch

HOURS = 50
ORDERS_PLACED = 500
AT_ONCE = 50
IN_FLIGHT = 30
"""Orders that requests under way carry: within those the order of ids is Brightpearl's."""


@dataclass
class Story:
    """What happened while nobody received, and after."""

    world: World
    placed: list[str] = field(default_factory=list)
    switched_off: int = 0
    opened: list[str] = field(default_factory=list)
    opened_after: timedelta = timedelta(days=1)
    mended: dict[str, bool] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL", "http://127.0.0.1:9")
        patch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "a-secret-of-a-test")
        disconnect()
        return lived(Story(world))


def lived(story: Story) -> Story:
    world, connections = story.world, connect(PAIR)
    store, account = connections.bigcommerce, connections.brightpearl
    ensure(Target.of(connections.pair), store, account)
    sweep_orders()
    watch = Watch(
        load_settings(),
        connections.database,
        "worker",
        threading.Event(),
        emit=lambda change, _, alert: story.opened.append(f"{change} {alert.watchdog}"),
    )
    watch.watch()
    body = {"generate": AT_ONCE}
    url = world.control("bigcommerce", "orders")
    while len(story.placed) < ORDERS_PLACED:
        placed = world.http.post(url, json=body).json()["ids"]
        story.placed += [str(number) for number in placed]
        clock(world, HOURS * 3600 / (ORDERS_PLACED / AT_ONCE))
    for hook in world.sandbox.store.hooks.values():
        hook.is_active = False
    story.switched_off = len(world.sandbox.store.hooks)

    swept_at = utc_now()
    sweep(PAIR, ORDERS)
    watch.clock = lambda: utc_now() + timedelta(minutes=2)
    watch.watch()
    alerts = Alerts(connections.database).list(PAIR)
    at = [one.opened_at for one in alerts if one.watchdog == "silent-hooks"]
    story.opened_after = min(at) - swept_at
    story.mended = {hook.scope: hook.is_active for hook in store.list_hooks()}
    asyncio.run(sync_orders.fn(pair=PAIR))
    by_id = sorted(world.sales_orders, key=lambda order: order.id)
    story.imported = [order.external_ref.removeprefix("BC-") for order in by_id]
    return story


@pytest.mark.long
class TestFiftyHoursWithoutAReceiver:
    def test_every_hook_is_active_again(self, story: Story) -> None:
        assert story.switched_off >= len(SCOPES)
        assert set(story.mended) >= set(SCOPES)
        assert all(story.mended.values())

    def test_alerts_of_silence_and_of_the_hooks_are_opened_within_two_minutes(
        self, story: Story
    ) -> None:
        assert "opened silent-hooks" in story.opened
        assert "opened hooks" in story.opened
        assert story.opened_after <= timedelta(minutes=2, seconds=30)

    def test_every_order_is_imported_once_in_the_order_of_the_store(self, story: Story) -> None:
        """Ten orders share a request, and three requests are under way at once."""
        orders = story.world.sandbox.store.orders.values()
        payable = {str(order.id) for order in orders if order.status_id in IMPORTABLE}
        assert len(story.placed) == ORDERS_PLACED
        assert len(payable) > ORDERS_PLACED * 0.9
        wanted = [key for key in story.placed if key in payable]
        assert sorted(story.imported, key=int) == wanted
        moved = [abs(wanted.index(key) - place) for place, key in enumerate(story.imported)]
        assert max(moved) <= IN_FLIGHT
        assert not story.world.duplicates()

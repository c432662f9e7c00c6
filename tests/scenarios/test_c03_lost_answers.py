"""C3: the other side did what we asked, and its answer was lost; or our own process was killed.

Given every kind of write that we make: sales order, contact, receipt, reservation, a goods note
taken back, sales credit, goods in, a shipment and a refund in the store. When the first answer to
each is lost after the work was done, or the worker is killed after Brightpearl accepted an order,
then the next run finds what is there by its reference, and nothing is made twice.

Goods-out notes are Brightpearl's own to make; of them, taking one back is what we write.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from parcels import Parcels
from refunding import refund
from stories import (
    ORDERS,
    REFUNDS,
    SHIPMENTS,
    account_money,
    cents,
    credits_of,
    inbox,
    lines,
    received,
    reserved,
    run,
    second_pass,
    skus,
    stock,
    store_money,
    store_order,
)
from waiting import eventually
from world import PAIR, World

from core.times import utc_now
from store.inbox import Retry
from tasks.reconciler.connections import disconnect

CANCELLED = 5
SUPPORT = Path(__file__).parents[1] / "support"


@dataclass
class Story:
    """An order for each write whose answer is lost."""

    world: World
    stocked: str
    """Its receipt and reservation go together."""
    unstocked: str
    """Its receipt goes by itself."""
    on_note: str
    refunded: str
    credited: str
    """Staff credit it in Brightpearl, and we refund it in the store."""
    parcel: Parcels
    struck: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def lose(self, system: str, *paths: str, method: str = "POST") -> None:
        """Lose the first answer to each of these writes, from now on."""
        rule = {"kind": "lost_answer", "method": method, "times": 1}
        self.world.fault(system, *({**rule, "path": path} for path in paths))

    def find(self) -> None:
        """Whatever was lost so far; nothing more is."""
        for system in ("bigcommerce", "brightpearl"):
            for rule in self.world.http.get(self.world.control(system, "faults")).json():
                self.struck[rule["path"]] = rule["struck"]
            self.world.fault(system)


@pytest.fixture(scope="module")
def story(world: World) -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_REFUNDS__STAFF_CREDITS", "refund")
        disconnect()
        yield played(world)
    disconnect()


def played(world: World) -> Story:
    known = [world.place(lines=lines(world, 2, 1)) for _ in range(4)]
    run(world, ORDERS, *known)
    on_note, refunded, credited, parcel = known
    guests = [{"email": f"guest{n}@example.com", "guest": True} for n in range(2)]
    story = Story(
        world,
        world.place(lines=lines(world, 2), **guests[0]),
        world.place(lines=[{"name": "Engraving", "custom": True, "price": "5.00"}], **guests[1]),
        on_note,
        refunded,
        credited,
        Parcels(world, parcel),
    )
    sku = skus(world)[0]
    story.before = {
        "contacts": len(world.sandbox.account.contacts),
        "allocated": stock(world, sku).allocated,
    }
    orders(story)
    refunds(story)
    shipment(story)
    for entity, keys in (
        (ORDERS, [story.stocked, story.unstocked, story.on_note]),
        (REFUNDS, [story.refunded, story.credited]),
        (SHIPMENTS, [story.parcel.order]),
    ):
        run(world, entity, *keys)
    return story


def orders(story: Story) -> None:
    world = story.world
    story.lose(
        "brightpearl",
        "postal-address",
        "contact-service/contact",
        "order-service/sales-order$",
        "customer-payment$",
    )
    run(world, ORDERS, story.unstocked)
    story.find()
    world.brightpearl("ship", external_ref=f"BC-{story.on_note}", stage="printed")
    world.bigcommerce("edit", order_id=int(story.on_note), status_id=CANCELLED)
    story.lose("brightpearl", "goods-note/goods-out", method="DELETE")
    run(world, ORDERS, story.on_note)
    story.find()
    story.lose("brightpearl", "multi-message")
    run(world, ORDERS, story.stocked)
    story.find()


def refunds(story: Story) -> None:
    world, sku = story.world, skus(story.world)[0]
    for key in (story.refunded, story.credited):
        world.brightpearl("ship", external_ref=f"BC-{key}")
    story.before["on hand"] = stock(world, sku).on_hand
    refund(
        world, story.refunded, items=[{"sku": sku, "quantity": 1}], reason="returned: resellable"
    )
    world.brightpearl(
        "credit", external_ref=f"BC-{story.credited}", rows=[{"sku": sku, "quantity": 1}]
    )
    story.lose("brightpearl", "sales-credit$", "multi-message")
    story.lose("bigcommerce", "payment_actions/refunds$")
    run(world, REFUNDS, story.refunded, story.credited)
    story.find()


def shipment(story: Story) -> None:
    note = story.parcel.leaves(tracking="AA1")
    story.lose("bigcommerce", "/shipments$")
    run(story.world, SHIPMENTS, note)
    story.find()


def test_every_kind_of_write_lost_its_answer(story: Story) -> None:
    assert set(story.struck.values()) == {1}
    assert len(story.struck) == 9


def test_orders_and_people_exist_once(story: Story) -> None:
    world = story.world
    assert world.duplicates() == {}
    assert len(world.sandbox.account.contacts) == story.before["contacts"] + 2
    for key in (story.stocked, story.unstocked):
        assert account_money(world, key) == store_money(world, key)
        assert store_order(world, key).external_order_id == str(world.sales_order(key).id)


def test_money_is_received_once(story: Story) -> None:
    for key in (story.stocked, story.unstocked):
        assert len(story.world.receipts(key)) == 1
        assert received(story.world, key) == store_money(story.world, key)[0]


def test_stock_is_reserved_once_and_a_note_is_taken_back_once(story: Story) -> None:
    world, sku = story.world, skus(story.world)[0]
    assert reserved(world, story.stocked) == {sku: 2}
    order = world.sales_order(story.on_note)
    assert world.sandbox.account.goods_out_by_order[order.id] == []
    assert order.status_id == CANCELLED
    # Two more are reserved, two of the cancelled order are free, six have left.
    assert stock(world, sku).allocated == story.before["allocated"] + 2 - 2 - 6


def test_a_refund_is_credited_and_a_credit_refunded_once(story: Story) -> None:
    world, sku = story.world, skus(story.world)[0]
    for key in (story.refunded, story.credited):
        (credit,) = credits_of(world, key)
        (made,) = store_order(world, key).refunds
        assert cents(credit.net + credit.tax) == cents(made.amount)
        payments = [p for p in world.sandbox.account.payments.values() if p.order_id == credit.id]
        assert [cents(p.amount_paid) for p in payments] == [cents(made.amount)]
    assert stock(world, sku).on_hand == story.before["on hand"] + 1


def test_a_parcel_is_shipped_in_the_store_once(story: Story) -> None:
    assert story.parcel.shipments == [("AA1", [2, 1])]
    assert story.parcel.mails == 1


def test_everything_ends_as_done(story: Story) -> None:
    for entity, keys in (
        (ORDERS, [story.stocked, story.unstocked, story.on_note]),
        (REFUNDS, [story.refunded, story.credited]),
        (SHIPMENTS, [story.parcel.order]),
    ):
        assert set(story.world.states(*keys, entity=entity)) == {"done"}


@pytest.mark.long
def test_a_worker_killed_after_brightpearl_accepted_an_order_doubles_nothing(
    story: Story,
) -> None:
    world = story.world
    key = world.place(lines=lines(world, 1))
    ref = f"BC-{key}"
    world.fault("brightpearl", {"kind": "http_503", "path": "customer-payment|multi-message"})
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])]),
    }
    command = [sys.executable, str(SUPPORT / "doomed.py"), key]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, env=environment, stderr=subprocess.DEVNULL
    ) as worker:
        try:
            eventually(lambda: any(one.external_ref == ref for one in world.sales_orders))
        finally:
            worker.send_signal(signal.SIGKILL)
    world.fault("brightpearl")
    assert world.receipts(key) == []
    assert world.states(key) == ["claimed"]

    taken_over(world, key)
    run(world, ORDERS)

    assert world.duplicates() == {}
    assert len(world.receipts(key)) == 1
    assert received(world, key) == account_money(world, key)[0] == store_money(world, key)[0]
    assert world.states(key) == ["done"]


def taken_over(world: World, key: str) -> None:
    """Once the lease of the killed worker is over, its key belongs to whoever asks."""
    later = utc_now() + timedelta(hours=1)
    (claim,) = inbox(world).claim(PAIR, ORDERS, owner="restarted", limit=10, lease_s=60, now=later)
    assert (claim.key, claim.attempts) == (key, 1)
    again = Retry(key, utc_now(), "the worker before vanished")
    inbox(world).settle(PAIR, ORDERS, "restarted", [again], now=later)


def test_a_second_pass_writes_nothing(story: Story) -> None:
    orders_ = [story.stocked, story.unstocked, story.on_note]
    refunds_ = [story.refunded, story.credited]
    passed = second_pass(
        story.world, orders=orders_, refunds=refunds_, shipments=[story.parcel.order]
    )
    assert passed == 0

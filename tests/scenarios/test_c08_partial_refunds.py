"""C8: parts of an order are refunded, over several tenders, one of them slowly, two at a time.

Given an order of 100.00 that was paid 50.00 by card, 20.00 with store credit and 30.00 with a gift
certificate, and has left. When one of three units and half the shipping are refunded, then 5.00 of
the order as a whole, which the gateway owes an answer to, then two more at the same moment, then
each refund becomes exactly one sales credit however often it is announced, none while it is
pending, each tender is paid back what BigCommerce paid back, and both sides agree about what is
left to refund.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from refunding import change, refund
from stories import (
    REFUNDS,
    StoreEvents,
    account_money,
    at_once,
    cents,
    clock,
    credits_of,
    lines,
    received,
    run,
    second_pass,
    store_money,
    written,
)
from world import World

TENDERS = {"CARD": 5000, "STORECREDIT": 2000, "GIFTCERT": 3000}


@dataclass
class Story:
    """The order, its refunds by BigCommerce, and the credits in between."""

    world: World
    key: str
    refunds: list[dict[str, Any]] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    """Gross of the credits after each run."""

    def record(self) -> None:
        self.after.append([gross(one) for one in credits_of(self.world, self.key)])


def gross(credit: Any) -> int:
    return cents(credit.net + credit.tax)


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    world.switch("bigcommerce", refund_split="proportional")
    store_events = StoreEvents(world)
    key = world.place(
        lines=lines(world, 3, price="30.00"),
        shipping=[{"cost": "10.00"}],
        tax_inclusive=True,
        customer_id=1,
        store_credit="20.00",
        gift_certificate="30.00",
    )
    story = Story(world, key)
    world.sync(key)
    world.brightpearl("ship", external_ref=f"BC-{key}")
    store_events.events.clear()

    sku = lines(world, 1)[0]["sku"]
    story.refunds.append(refund(world, key, items=[{"sku": sku, "quantity": 1}], shipping="5.00"))
    story.scopes = store_events.scopes(key)
    store_events.deliver()
    run(world, REFUNDS)
    story.record()

    pending = refund(world, key, amount="5.00", payment="pending")
    story.refunds.append(pending)
    store_events.deliver()
    run(world, REFUNDS)
    story.record()
    clock(world, 3600)
    change(world, pending, complete=True)
    store_events.deliver()
    run(world, REFUNDS)
    story.record()

    story.refunds.extend(refund(world, key, amount=amount) for amount in ("10.00", "20.00"))
    store_events.deliver()
    at_once(*[partial(run, world, REFUNDS)] * 2)
    run(world, REFUNDS)
    story.record()
    return story


def credit_of(story: Story, made: dict[str, Any]) -> Any:
    ref = f"BC-{story.key}-R{made['refund_id']}"
    (found,) = [one for one in credits_of(story.world, story.key) if one.external_ref == ref]
    return found


def paid_out(story: Story, credit: Any) -> dict[str, int]:
    payments = story.world.sandbox.account.payments.values()
    return {p.method_code: cents(p.amount_paid) for p in payments if p.order_id == credit.id}


def test_the_order_of_a_hundred_is_paid_by_three_tenders(story: Story) -> None:
    assert store_money(story.world, story.key)[0] == 10_000
    assert account_money(story.world, story.key) == store_money(story.world, story.key)
    order = story.world.sales_order(story.key)
    payments = story.world.sandbox.account.payments.values()
    by_method = {p.method_code: cents(p.amount_paid) for p in payments if p.order_id == order.id}
    assert by_method == TENDERS


def test_a_refund_that_is_announced_twice_is_credited_once(story: Story) -> None:
    assert {"store/order/refund/created", "store/order/statusUpdated"} <= set(story.scopes)
    assert story.after[0] == [3500]
    assert story.after[-1].count(3500) == 1


def test_nothing_is_credited_while_the_gateway_owes_an_answer(story: Story) -> None:
    assert story.after[1] == story.after[0]
    assert story.after[2] == [3500, 500]


def test_every_credit_is_the_refund_to_the_cent_with_its_tax(story: Story) -> None:
    for made in story.refunds:
        credit = credit_of(story, made)
        assert gross(credit) == cents(str(made["total_amount"]))
        assert cents(credit.tax) == cents(str(made["total_tax"]))
        rows = credit.rows.values()
        assert sum(cents(row.net + row.tax) for row in rows) == gross(credit)


def test_units_and_half_the_shipping_are_rows_of_their_own(story: Story) -> None:
    rows = {row.external_ref: row for row in credit_of(story, story.refunds[0]).rows.values()}
    shipping = rows.pop("shipping")
    (goods,) = rows.values()
    assert cents(shipping.net + shipping.tax) == 500
    assert (int(goods.quantity), cents(goods.net + goods.tax)) == (1, 3000)


def test_money_off_the_order_as_a_whole_bears_no_tax(story: Story) -> None:
    (row,) = credit_of(story, story.refunds[1]).rows.values()
    assert (cents(row.net), cents(row.tax), row.tax_code) == (500, 0, "T0")


def test_each_tender_is_paid_back_what_bigcommerce_paid_back(story: Story) -> None:
    methods = {"stripe": "CARD", "storecredit": "STORECREDIT", "giftcertificate": "GIFTCERT"}
    for made in story.refunds:
        refunded = {
            methods[payment["provider_id"]]: cents(str(payment["amount"]))
            for payment in made["payments"]
        }
        assert paid_out(story, credit_of(story, made)) == refunded
        assert len(refunded) == 3


def test_two_refunds_at_the_same_moment_are_credited_one_after_the_other(story: Story) -> None:
    assert sorted(story.after[3]) == [500, 1000, 2000, 3500]
    created = [
        e for e in written(story.world, story.key, REFUNDS) if e.action == "create sales credit"
    ]
    assert len(created) == len({entry.natural_key for entry in created}) == 4
    assert all(
        before.outcome_at <= after.intent_at
        for before, after in pairwise(created)
        if before.run_id != after.run_id
    )


def test_both_sides_agree_about_what_is_left_to_refund(story: Story) -> None:
    credited = sum(gross(one) for one in credits_of(story.world, story.key))
    left = received(story.world, story.key) - credited
    assert left == 10_000 - 7000
    assert quoted(story, Decimal(left) / 100) == 201
    assert quoted(story, Decimal(left + 1) / 100) == 422


def quoted(story: Story, amount: Decimal) -> int:
    """What BigCommerce answers to a refund of so much of the order as a whole."""
    url = f"{story.world.sandbox.bigcommerce_url}/stores/sandbox/v3/orders/{story.key}"
    answer = story.world.http.post(
        f"{url}/payment_actions/refund_quotes",
        headers={"X-Auth-Token": "sandbox-access-token"},
        json={
            "items": [{"item_type": "ORDER", "item_id": int(story.key), "amount": float(amount)}]
        },
    )
    return int(answer.status_code)


def test_a_second_pass_writes_nothing(story: Story) -> None:
    assert second_pass(story.world, refunds=[story.key], orders=[story.key]) == 0

"""Whatever happens in whatever order, refunds and credits end up in agreement."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from refunding import (
    cases,
    change,
    credits_of,
    gross,
    imported,
    lines,
    paid_out,
    refund,
    store_refunds,
    sync,
)
from world import World

pytestmark = pytest.mark.long

STEPS, ORDERS = 30, 3
REASONS = ("", "returned: resellable", "returned: damaged", "goodwill")


class Story:
    """Shoppers, staff and the gateway on three orders, by a seed."""

    def __init__(self, world: World, seed: str) -> None:
        self.world = world
        self.random = random.Random(seed)  # noqa: S311 - the same story again
        self.keys = [imported(world) for _ in range(ORDERS)]
        self.shipped: set[str] = set()

    def step(self) -> None:
        key = self.random.choice(self.keys)
        act = self.random.choice(
            (self.units, self.units, self.money, self.pending, self.settle, self.ship, self.run)
        )
        try:
            act(key)
        except AssertionError as refused:
            # What the screens refuse (nothing left, another one pending) is no event.
            assert "error" in str(refused)  # noqa: PT017

    def units(self, key: str) -> None:
        line = self.random.choice(lines(self.world, 1, 1))
        quantity = self.random.randint(1, 2)
        items = [{"sku": line["sku"], "quantity": quantity}]
        refund(self.world, key, items=items, reason=self.random.choice(REASONS))

    def money(self, key: str) -> None:
        amount = Decimal(self.random.randint(1, 500)) / 100
        what = self.random.choice(("amount", "shipping"))
        refund(self.world, key, **{what: str(min(amount, Decimal(2)))})

    def pending(self, key: str) -> None:
        refund(self.world, key, amount="0.77", payment="pending")

    def settle(self, key: str) -> None:
        made = [one for one in store_refunds(self.world, key) if not one.is_given_up]
        if made:
            one = self.random.choice(made)
            how = self.random.choice(("decline", "complete", "complete", "undo"))
            change(self.world, {"refund_id": one.id}, **{how: True})

    def ship(self, key: str) -> None:
        if key not in self.shipped:
            self.shipped.add(key)
            self.world.brightpearl("ship", external_ref=f"BC-{key}")

    def run(self, key: str) -> None:
        sync(self.world, key, source=self.random.choice(("webhook", "transaction", "operator")))

    def end(self) -> None:
        """The gateway answers everything, and all events have come."""
        for key in self.keys:
            for one in store_refunds(self.world, key):
                if one.is_pending:
                    change(self.world, {"refund_id": one.id}, complete=True)
        sync(self.world, *self.keys)


def given_back(one: Any) -> Decimal:
    return sum((p.amount for p in one.payments if not p.is_declined), Decimal(0))


@pytest.mark.parametrize("number", range(6))
def test_refunds_and_credits_converge(
    world: World, monkeypatch: pytest.MonkeyPatch, drawn_by: str, number: int
) -> None:
    monkeypatch.setenv("CAUSEWAY_REFUNDS__CLOSE_CREDITS", "false")
    story = Story(world, f"{drawn_by} {number}")
    for _ in range(STEPS):
        story.step()
    story.end()

    waiting = {case.key for case in cases(world)}
    live = [one for one in credits_of(world) if one.status_id != 21]
    by_ref = {one.external_ref: one for one in live}
    assert Counter(one.external_ref for one in credits_of(world)).most_common(1)[0][1:] in (
        (1,),
        (),
    )
    for key in story.keys:
        refunds = [one for one in store_refunds(world, key) if given_back(one)]
        refs = {f"BC-{key}-R{one.id}" for one in refunds}
        if key in waiting:  # goods were booked on a credit that was undone: a person decides
            continue
        assert {ref for ref in by_ref if ref.startswith(f"BC-{key}-")} == refs
        for one in refunds:
            credit = by_ref[f"BC-{key}-R{one.id}"]
            assert gross(credit) == one.amount
            assert paid_out(world, credit) == given_back(one)
    assert all(case.class_ == "review" and case.field == "undo" for case in cases(world))
    assert _units_are_sound(world)
    world.forget_requests()
    sync(world, *story.keys)
    assert world.writes() == 0


def _units_are_sound(world: World) -> bool:
    """Nobody received more units than had left."""
    account = world.sandbox.account
    out: Counter[int] = Counter()
    for note in account.goods_out.values():
        for parts in note.rows.values():
            out.update({product: units for product, units, _ in parts})
    back: Counter[int] = Counter()
    for note in account.goods_in.values():
        for parts in note.rows.values():
            back.update({product: units for product, units, _ in parts})
    return all(back[product] <= out[product] for product in back)

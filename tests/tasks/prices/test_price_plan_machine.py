"""The plan of prices against a model of the store: carried out, nothing is left to plan.

Both sides change in any sequence, people approve or discard what waits, and syncs come in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from connectors.bigcommerce.price_models import PricedVariant
from core.frames import frame
from core.prices import STORE_PRICES
from core.settings import PriceSettings
from mappings.bundle import load_bundle
from tasks.prices.frames import AgreedPrices, Desired, Found, Name, Price
from tasks.prices.operations import (
    PricePlan,
    RemoveListPrice,
    SetCataloguePrices,
    SetListPrice,
)
from tasks.prices.plan import plan_prices
from tasks.reconciler.cases import Decisions

GBP = "GBP"
VARIANTS = {
    "simple": PricedVariant(id="11", product_id="1", sku="Simple"),
    "large": PricedVariant(id="12", product_id="2", sku="Large", option_values=({"label": "L"},)),
}
LISTS = {"trade": "7"}
NAMES: tuple[Name, ...] = (
    Name("price", GBP),
    Name("sale_price", GBP),
    Name("cost_price", GBP),
    Name("list:Trade", GBP),
    Name("list:Gone", GBP),
    Name("price", "EUR"),
)
KNOWN = NAMES[:4]
"""Those that the store can have."""
SKUS, TARGETS = st.sampled_from(sorted(VARIANTS)), st.sampled_from(NAMES)
AMOUNTS = st.sampled_from(["0", "1", "4", "9.5", "10", "20"])
PRICES = st.dictionaries(st.sampled_from([5, 10]), AMOUNTS, max_size=2)


class PricesMachine(RuleBasedStateMachine):
    """Prices of two SKUs on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[str, dict[Name, dict[int, Decimal]]] = {sku: {} for sku in VARIANTS}
        self.store: dict[str, dict[Name, Price]] = {
            sku: {Name("price", GBP): Price(Decimal(10))} for sku in VARIANTS
        }
        self.agreed = {sku: AgreedPrices() for sku in VARIANTS}
        self.decisions = Decisions()

    def plans(self) -> list[PricePlan]:
        rows = [
            {
                "sku_key": sku,
                "sku": VARIANTS[sku].sku,
                "product_id": VARIANTS[sku].product_id,
                "target": target,
                "currency": currency,
                "quantity": quantity,
                "amount": amount,
            }
            for sku, prices in self.wanted.items()
            for (target, currency), by_quantity in prices.items()
            for quantity, amount in by_quantity.items()
        ]
        run: Any = SimpleNamespace(
            decisions=lambda: self.decisions,
            connections=SimpleNamespace(pair=SimpleNamespace(prices=PriceSettings())),
            bundle=load_bundle(),
            refused_keys=set(),
        )
        found = Found(
            variants=VARIANTS,
            actual={sku: dict(prices) for sku, prices in self.store.items()},
            lists=LISTS,
            agreed=dict(self.agreed),
            currency=GBP,
        )
        return plan_prices(run, found, Desired(prices=frame(rows, STORE_PRICES)))

    @rule(sku=SKUS, name=TARGETS, amount=AMOUNTS, tiers=PRICES)
    def staff_enter_a_price(
        self, sku: str, name: Name, amount: str, tiers: Mapping[int, str]
    ) -> None:
        has_tiers = name[0].startswith("list:")
        by_quantity = {1: amount, **(tiers if has_tiers else {})}
        self.wanted[sku][name] = {at: Decimal(value) for at, value in by_quantity.items()}

    @rule(sku=SKUS, name=TARGETS)
    def staff_take_a_price_away(self, sku: str, name: Name) -> None:
        self.wanted[sku].pop(name, None)

    @rule(sku=SKUS, name=st.sampled_from(KNOWN), amount=AMOUNTS)
    def somebody_edits_the_store(self, sku: str, name: Name, amount: str) -> None:
        if Decimal(amount) or name[0] == "price":
            self.store[sku][name] = Price(Decimal(amount))

    @rule(is_approved=st.booleans())
    def a_person_decides_all_that_waits(self, is_approved: bool) -> None:
        reviews = {
            (plan.key, one.value)
            for plan in self.plans()
            for one in plan.cases
            if one.class_ == "review"
        }
        approved = frozenset(self.decisions.approved) | (reviews if is_approved else set())
        discarded = frozenset(self.decisions.discarded) | (set() if is_approved else reviews)
        self.decisions = Decisions(approved, discarded - approved)

    @rule()
    def they_are_synced(self) -> None:
        plans = self.plans()
        for plan in plans:
            for one in plan.operations:
                self.carry_out(plan.key, one)
            self.agreed[plan.key] = plan.agreed
            self.check(plan)
        again = self.plans()
        assert [one.operations for one in again] == [()] * len(VARIANTS)
        assert [one.agreed for one in again] == [one.agreed for one in plans]

    def carry_out(self, sku: str, operation: object) -> None:
        """Do what the store would do."""
        prices = self.store[sku]
        match operation:
            case SetCataloguePrices():
                for field, amount in operation.after.items():
                    prices.pop(Name(field, GBP), None)
                    if amount or field == "price":
                        prices[Name(field, GBP)] = Price(amount)
            case SetListPrice():
                prices[operation.name] = operation.after
            case RemoveListPrice():
                del prices[operation.name]
            case _:
                raise AssertionError(operation)

    def check(self, plan: PricePlan) -> None:
        """What Brightpearl wants is what the store asks, or somebody was asked about it."""
        is_waiting = bool(plan.cases) or any(k == plan.key for k, _ in self.decisions.discarded)
        for name, by_quantity in self.wanted[plan.key].items():
            if name in KNOWN and not is_waiting and any(by_quantity.values()):
                assert str(self.store[plan.key][name]) == str(Price.of(by_quantity))


@pytest.mark.hypothesis
@pytest.mark.parametrize("size", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_plan_of_prices_that_is_carried_out_leaves_nothing_to_plan(size: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        PricesMachine, settings=settings(max_examples=size, stateful_step_count=15, deadline=None)
    )

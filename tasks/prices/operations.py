"""The writes of prices: rows of many SKUs in one request.

What is written is the price itself, so that writing it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.price_models import CataloguePricesBody, PriceRecordBody, PriceTierBody
from connectors.bigcommerce.prices import MOST_PRODUCTS, MOST_RECORDS, MOST_VARIANTS
from store.links import Link
from tasks.policy import PURE, step
from tasks.prices.frames import AgreedPrices, Name, Price
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import (
    BigCommerceRow,
    BigCommerceWrite,
    Operation,
    Progress,
    RecordPlan,
    Write,
)
from tasks.reconciler.run import Run

Rows = Callable[[BigCommerce, Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class PricePlan(RecordPlan):
    """What one SKU needs, and what both sides agree on afterwards."""

    agreed: AgreedPrices
    product_id: str


PriceProgress = Progress[PricePlan]


@dataclass(frozen=True, kw_only=True)
class SetCataloguePrices(Operation[PriceProgress]):
    """Prices of a product, or of a variant of one with options."""

    sku: str
    id: str
    is_variant: bool
    before: Mapping[str, str]
    after: Mapping[str, Decimal]
    """By field; 0 takes a price away."""
    kind = "set prices"

    def describe(self) -> str:
        changes = (f"{n} {self.before.get(n, 'none')} → {v:f}" for n, v in self.after.items())
        return ", ".join(changes)

    def write(self, _run: Run, _record: PriceProgress) -> Write:
        send, most = (
            (BigCommerce.update_variant_prices, MOST_VARIANTS)
            if self.is_variant
            else (BigCommerce.update_product_prices, MOST_PRODUCTS)
        )
        return BigCommerceRow(
            natural_key=self.sku,
            before=dict(self.before),
            after={name: f"{value:f}" for name, value in self.after.items()},
            row=CataloguePricesBody(id=int(self.id), **self.after),
            send_rows=send,
            most=most,
        )


@dataclass(frozen=True, kw_only=True)
class SetListPrice(Operation[PriceProgress]):
    """The record of a SKU in a price list."""

    list_name: str
    list_id: str
    variant_id: str
    currency: str
    before: str
    after: Price
    kind = "set list price"

    def describe(self) -> str:
        return f"{self.list_name} {self.before or 'none'} → {self.after} {self.currency}"

    def write(self, _run: Run, _record: PriceProgress) -> Write:
        ends = [at - 1 for at, _ in self.after.tiers[1:]]
        tiers = tuple(
            PriceTierBody(quantity_min=at, quantity_max=end, amount=amount)
            for (at, amount), end in zip(self.after.tiers, [*ends, 0], strict=False)
        )
        return BigCommerceRow(
            natural_key=f"{self.list_id} {self.variant_id} {self.currency}",
            before={"price": self.before},
            after={"price": str(self.after)},
            row=PriceRecordBody(
                price_list_id=int(self.list_id),
                variant_id=int(self.variant_id),
                currency=self.currency,
                price=self.after.amount,
                bulk_pricing_tiers=tiers,
            ),
            send_rows=BigCommerce.upsert_price_records,
            most=MOST_RECORDS,
        )


@dataclass(frozen=True, kw_only=True)
class RemoveListPrice(Operation[PriceProgress]):
    """The record of a SKU that has no price in Brightpearl's list any more."""

    list_name: str
    list_id: str
    variant_id: str
    currency: str
    before: str
    kind = "remove list price"
    is_done_when_gone = True

    def describe(self) -> str:
        return f"{self.list_name} {self.before} → none"

    def write(self, _run: Run, _record: PriceProgress) -> Write:
        ids = self.list_id, self.variant_id, self.currency
        return BigCommerceWrite(
            natural_key=" ".join(ids),
            before={"price": self.before},
            send=lambda store: store.delete_price_record(*ids),
        )


PHASES = (Phase((SetCataloguePrices, SetListPrice, RemoveListPrice), together=True),)


def load_prices(run: Run, plans: Sequence[PricePlan]) -> list[Outcome]:
    """Carry the plans out, and keep what both sides agree on of SKUs that went through."""
    if run.dry_run:
        return []
    records = [PriceProgress(plan=plan) for plan in plans]
    remedy = "Correct the price in Brightpearl, or the product in BigCommerce."
    outcomes = [outcome_of(one, remedy) for one in apply(run, records, PHASES)]
    link_prices(run, [one.plan for one in records if one.goes_on])
    return outcomes


@step("link-prices", PURE)
def link_prices(run: Run, plans: Sequence[PricePlan]) -> None:
    """Keep what both sides agree on."""
    links = [Link(one.key, one.product_id, one.agreed.detail()) for one in plans]
    run.links.put(run.pair, run.entity, links, now=run.now())


def name_text(name: Name) -> str:
    """A price's name as links keep it."""
    return " ".join(name)

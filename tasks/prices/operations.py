"""The writes of prices: rows of many SKUs in one request.

What is written is the price itself, so that writing it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.price_models import CataloguePricesBody, PriceRecordBody
from intelligence.invariants import Change
from store.links import Link
from tasks.prices.frames import AgreedPrices, Name, Price
from tasks.reconciler.apply import Phase, apply, link
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


@dataclass(frozen=True, kw_only=True)
class PricePlan(RecordPlan):
    """What one SKU needs, and what both sides agree on afterwards."""

    agreed: AgreedPrices
    product_id: str
    is_changed: bool = False
    """Whether a price is to be another one that no person has seen: written, or waiting for one."""
    changes: tuple[Change, ...] = ()
    """Those of them that are neither new nor taken away."""


@dataclass(kw_only=True)
class PriceProgress(Progress[PricePlan]):
    """One SKU on its way through its operations."""

    @property
    def link(self) -> Link | None:
        kept = Link(self.key, self.plan.product_id, self.plan.agreed.detail())
        return kept if self.goes_on else None


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
        send = (
            BigCommerce.update_variant_prices
            if self.is_variant
            else BigCommerce.update_product_prices
        )
        return BigCommerceRow(
            natural_key=self.sku,
            before=dict(self.before),
            after={name: f"{value:f}" for name, value in self.after.items()},
            row=CataloguePricesBody(id=int(self.id), **self.after),
            send_rows=send,
        )


@dataclass(frozen=True)
class ListPriceOperation(Operation[PriceProgress]):
    """A write of the record of a SKU in a price list."""

    name: Name
    list_id: str
    variant_id: str
    before: str

    @property
    def ids(self) -> tuple[str, str, str]:
        """What the record is known by."""
        return self.list_id, self.variant_id, self.name.currency


@dataclass(frozen=True)
class SetListPrice(ListPriceOperation):
    """A price that is new in a list, or another one."""

    after: Price
    kind = "set list price"

    def describe(self) -> str:
        change = f"{self.before or 'none'} → {self.after}"
        return f"{self.name.list_name} {change} {self.name.currency}"

    def write(self, _run: Run, _record: PriceProgress) -> Write:
        return BigCommerceRow(
            natural_key=" ".join(self.ids),
            before={"price": self.before},
            after={"price": str(self.after)},
            row=PriceRecordBody.of(*self.ids, self.after.amount, self.after.tiers),
            send_rows=BigCommerce.upsert_price_records,
        )


@dataclass(frozen=True)
class RemoveListPrice(ListPriceOperation):
    """A price that Brightpearl's list does not have any more."""

    kind = "remove list price"
    is_done_when_gone = True

    def describe(self) -> str:
        return f"{self.name.list_name} {self.before} → none"

    def write(self, _run: Run, _record: PriceProgress) -> Write:
        return BigCommerceWrite(
            natural_key=" ".join(self.ids),
            before={"price": self.before},
            send=lambda store: store.delete_price_record(*self.ids),
        )


CORRECT = "Correct the price in Brightpearl, or the product in BigCommerce"
PHASES = (Phase((SetCataloguePrices, SetListPrice, RemoveListPrice), together=True),)


def load_prices(run: Run, plans: Sequence[PricePlan]) -> list[Outcome]:
    """Carry the plans out, and keep what both sides agree on. A dry run writes nothing."""
    if run.dry_run:
        return []
    records = [PriceProgress(plan=plan) for plan in plans]
    apply(run, records, PHASES)
    return link(run, records, CORRECT)

"""Prices on the way of a batch: both sides as read, as last agreed on, and as they are to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from connectors.bigcommerce.price_models import PricedVariant
from core.prices import ACCOUNT_PRICES, CATALOGUE_FIELDS, LIST, STORE_PRICES
from tasks.reconciler.agreed import Agreed
from tasks.reconciler.gate import Frames, rows

ENTITY = "prices"
OPTIONAL = frozenset(CATALOGUE_FIELDS) - {"price"}
"""Fields of the catalogue in which 0 stands for no price."""


class Name(NamedTuple):
    """What has one price."""

    target: str
    """A field of the catalogue, or a price list."""
    currency: str

    def __str__(self) -> str:
        """As links keep it."""
        return " ".join(self)

    @property
    def list_name(self) -> str:
        """The price list that is meant; "" of the catalogue."""
        return self.target.removeprefix(LIST) if self.target.startswith(LIST) else ""


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece costs, and what it costs from larger quantities on."""

    amount: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    @staticmethod
    def of(by_quantity: Mapping[int, Decimal]) -> Price:
        """The price of the smallest quantity is that of one piece."""
        (_, amount), *tiers = ((at, by_quantity[at].normalize() + 0) for at in sorted(by_quantity))
        return Price(amount, tuple(tiers))

    def __str__(self) -> str:
        """As it is compared and kept: equal exactly where the price is."""
        return " ".join([f"{self.amount:f}", *(f"{at}:{price:f}" for at, price in self.tiers)])


class AgreedPrices(Agreed):
    """A SKU's prices as they were when both sides last agreed, by `target currency`."""

    prices: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Found(Frames):
    """Both sides' prices of some SKUs, read one after the other."""

    KEY = "sku_key"

    prices: pd.DataFrame = rows(ACCOUNT_PRICES, suite="prices_in")
    variants: Mapping[str, PricedVariant] = field(default_factory=dict)
    """Of the store, by SKU as compared."""
    actual: Mapping[str, Mapping[Name, Price]] = field(default_factory=dict)
    """The store's prices, by SKU as compared."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Ids of the store's price lists by their names, case-folded."""
    agreed: Mapping[str, AgreedPrices] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)
    """Brightpearl's product ids, by SKU as compared."""
    currency: str = ""
    """The store's own, in which its catalogue is."""

    def list_id(self, name: Name) -> str:
        """The store's price list that is meant; "" where it has none of that name."""
        return self.lists.get(name.list_name.casefold(), "")


@dataclass(frozen=True, kw_only=True)
class Desired(Frames):
    """The store's prices as they are to be."""

    KEY = "sku_key"

    prices: pd.DataFrame = rows(STORE_PRICES, suite="prices_out", mapping="prices")

    def by_sku(self) -> dict[str, dict[Name, Price]]:
        """The prices of each SKU."""
        found: dict[str, dict[Name, dict[int, Decimal]]] = {}
        columns = self.prices[["sku_key", "target", "currency", "quantity", "amount"]]
        for sku, target, currency, at, amount in columns.itertuples(index=False, name=None):
            if amount or target not in OPTIONAL:
                named = found.setdefault(sku, {}).setdefault(Name(target, currency), {})
                named[at] = amount
        return {
            sku: {name: Price.of(one) for name, one in prices.items()}
            for sku, prices in found.items()
        }

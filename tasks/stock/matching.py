"""How stock of both systems is matched and compared, what drifted and why, what was oversold. Pure.

There is one idea of equal, for sync, reconciliation and audit alike: shoppers can buy as many as
they may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from mappings.stock_offers import Offer
from tasks.reconciler.gate import typed_rows
from tasks.stock.frames import Desired, Snapshot

PENDING = "an adjustment is on its way"
NEW = "never compared before"
LATE = "Brightpearl's stock changed, and no event said so yet"
BY_HAND = "the store's stock was changed by hand or by another app"
BOTH = "both changed since they agreed"

RACE = "storefront race: sold in the store before it knew of less"
MANUAL = "manual edit: the store had more on sale than Causeway had set"
EVENT = "late event: Brightpearl's stock went down after the store was updated"
BUNDLE = "bundle: its components were sold otherwise"


@dataclass(frozen=True, slots=True)
class Level:
    """A SKU's stock at one location on both sides: a row of `compare`."""

    sku_key: str
    sku: str
    product_id: str
    """Brightpearl's."""
    product_id_bc: str
    location_id: str
    quantity: int
    """What shoppers are to be able to buy."""
    on_hand: int
    safety_stock: int
    on_sale: int
    """What shoppers can buy now."""
    is_equal: bool


def compare(levels: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Both sides, where both have the SKU. In: STOCK_LEVELS, ITEMS. Out: a column per field above.

    Source: what the store has available to sell is its on-hand less safety stock.
    """
    both = levels.merge(items.drop(columns="sku"), on=["sku_key", "location_id"])
    both["on_sale"] = (both["on_hand"] - both["safety_stock"]).clip(lower=0)
    both["is_equal"] = both["quantity"] == both["on_sale"]
    return both


@dataclass(frozen=True)
class Drift:
    """One SKU at one location that differs. Audits answer it as it is."""

    sku: str
    sku_key: str
    location: str
    before: int
    """What is on sale."""
    after: int
    """What may be sold."""
    cause: str


@dataclass(frozen=True)
class Oversold:
    """Units of a SKU sold above what there is. Audits answer it as it is."""

    sku: str
    sku_key: str
    units: int
    cause: str
    orders: list[str]


def drifted(found: Snapshot, compared: pd.DataFrame) -> Iterator[Drift]:
    """SKUs at locations that differ, with the likely cause. In: what `compare` gave."""
    for level in typed_rows(compared[~compared["is_equal"]], Level):
        sku, location, agreed = level.sku_key, level.location_id, found.agreed_on(level.sku_key)
        before = agreed.on_sale.get(location)
        if location in agreed.pending:
            cause = PENDING
        elif before is None:
            cause = NEW
        elif level.on_sale == before:
            cause = LATE
        else:
            cause = BY_HAND if level.quantity == before else BOTH
        yield Drift(level.sku, sku, location, level.on_sale, level.quantity, cause)


def oversold(found: Snapshot, desired: Desired) -> Iterator[Oversold]:
    """SKUs of which orders hold more than Brightpearl can promise, with the likely cause."""
    sales, offers = found.places.locations[:1], desired.offers
    is_held = offers["sku_key"].isin(list(found.orders)) & offers["location_id"].isin(sales)
    for offer in typed_rows(offers[is_held], Offer):
        orders, agreed = found.orders[offer.sku_key], found.agreed_on(offer.sku_key)
        units, on_sale = sum(orders.values()), agreed.on_sale.get(offer.location_id)
        above = min(units, max(0, offer.held - max(0, offer.promised)))
        if agreed.oversold:
            cause = agreed.oversold
        elif offer.product_id in found.bundles:
            cause = BUNDLE
        elif offer.location_id in agreed.pending or on_sale is None:
            cause = RACE
        elif units > on_sale:
            cause = MANUAL
        else:
            cause = EVENT if offer.promised < on_sale else RACE
        if above:
            yield Oversold(offer.sku, offer.sku_key, above, cause, sorted(orders, key=int))

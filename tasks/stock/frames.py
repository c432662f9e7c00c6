"""Stock on the way of a batch: both sides as read, as last agreed on, and as it is to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AliasChoices, Field, TypeAdapter

from core.refusals import Refusal, release_command
from core.stock import ITEMS, OFFERS, STOCK_LEVELS
from mappings.engine import Context, apply
from mappings.stock_offers import Supply, offers
from store.links import Link
from tasks.reconciler.gate import Frames, rows
from tasks.reconciler.run import Run

Identity = Literal["sku", "product_id"]
"""By what the store wants a SKU's stock to be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An adjustment that the store accepted, or may have: its answer was lost."""

    base: int
    """Units in the store's hand that it was worked out from."""
    units: int
    """What was added, or the number itself if it was absolute."""
    is_absolute: bool = False
    at: datetime
    newest_order: int = 0
    """Id of the newest order that was counted then."""

    @property
    def goal(self) -> int:
        """Units in hand once it has arrived, unless something was sold meanwhile."""
        return self.units if self.is_absolute else self.base + self.units

    def has_arrived(self, on_hand: int, sold: int, *, is_equal: bool) -> bool:
        """Whether a later read shows it. In: units in hand now, and units sold since it was sent.

        Where something else changed the number as well, one that was set is recognised by both
        sides being equal.
        """
        is_untouched = on_hand == self.base - sold
        return on_hand == self.goal - sold or (self.is_absolute and is_equal and not is_untouched)


# One for each of 100,000 SKUs is held at once: slots keep them small.
@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedStock:
    """One SKU's stock, as it was when both sides last agreed, and how the store names the SKU.

    Links that were kept by earlier versions call some fields otherwise, and are read as well.
    """

    sku: str = ""
    variant_id: str = ""
    product_id_bc: str = ""
    identity: Identity = "sku"
    on_sale: Annotated[dict[str, int], Field(validation_alias=AliasChoices("on_sale", "told"))] = (
        field(default_factory=dict)
    )
    """What shoppers could buy, by location."""
    pending: Annotated[
        dict[str, Pending], Field(validation_alias=AliasChoices("pending", "sent"))
    ] = field(default_factory=dict)
    """Adjustments that cannot be seen yet, by location."""
    revision: int = 0
    """How often something was sent: a plan that was made before the last time is out of date."""
    debounced_since: Annotated[
        datetime | None, Field(validation_alias=AliasChoices("debounced_since", "rests_since"))
    ] = None
    """Since when a difference waits for a flood of events to pass."""
    oversold: str = ""
    """Why more was sold than there is, as it seemed when that was first seen."""

    @staticmethod
    def of(link: Link | None) -> AgreedStock:
        """What the link keeps; nothing of a SKU that is not linked."""
        return _FORM.validate_python(link.detail) if link else NOTHING_AGREED

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        found: dict[str, Any] = _FORM.dump_python(self, mode="json", exclude_defaults=True)
        return found

    def has_risen(self, location_id: str, quantity: int) -> bool:
        """Whether this is more than both sides agreed on, or than has been sent since."""
        known = self.on_sale.get(location_id, quantity)
        if sent := self.pending.get(location_id):
            known = min(known, sent.goal)
        return quantity > known


_FORM = TypeAdapter(AgreedStock)
NOTHING_AGREED = AgreedStock()


@dataclass(frozen=True, kw_only=True)
class Snapshot(Frames, Supply):
    """Both sides' stock of some SKUs, or of all, as read at one moment."""

    KEY = "sku_key"

    read_at: datetime
    """When the store's stock was read: what was visible then decides."""
    agreed: Mapping[str, AgreedStock] = field(default_factory=dict)
    """By SKU as compared."""
    renamed: Mapping[str, AgreedStock] = field(default_factory=dict)
    """Those of `agreed` that were met for the first time, or under other ids: not kept yet."""
    store_skus: Mapping[str, str] = field(default_factory=dict)
    """As the store writes them, by SKU as compared."""
    items: pd.DataFrame = rows(ITEMS, suite="items_in")
    """At the locations that are fed."""
    orders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units that orders hold and Brightpearl has not allocated, by SKU and order id."""
    sold: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Units of recent orders, by SKU and order id, whether it has or not."""
    newest_order: int = 0
    products: Mapping[str, str] = field(default_factory=dict)
    """Brightpearl's product id by SKU, of those that only orders hold as well."""
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """SKUs of which nothing certain is known, and why."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """SKUs that both systems had, and of which Brightpearl keeps stock no longer, and why."""
    backordered: Collection[str] = ()
    """SKUs of which the store sells more than there is."""
    shared: Sequence[str] = ()
    """The store's products whose variants share one stock, which nothing can be compared with."""
    only_store: Sequence[str] = ()
    """SKUs that Brightpearl does not have, or keeps no stock of."""
    only_account: Sequence[str] = ()
    """SKUs that the store does not have, or keeps no stock of."""
    notes: Sequence[str] = ()

    def agreed_on(self, sku: str) -> AgreedStock:
        """What both sides last agreed on about a SKU (as compared)."""
        return self.agreed.get(sku, NOTHING_AGREED)


@dataclass(frozen=True, kw_only=True)
class Desired(Frames):
    """What may be sold, and what is to be on sale therefore."""

    KEY = "sku_key"

    offers: pd.DataFrame = rows(OFFERS)
    levels: pd.DataFrame = rows(STOCK_LEVELS, suite="stock_levels_out")


def map_stock(run: Run, found: Snapshot) -> Desired:
    """What is to be on sale of every SKU that both systems have: the rule, then the mapping file.

    What the mapping refuses is among the refusals.
    """
    offered = offers(found)
    context = Context(zone="UTC", tables=run.bundle.tables)
    levels = apply(run.bundle.mappings["stock"], offered, context)
    return Desired(
        offers=offered, levels=levels.frame[list(STOCK_LEVELS)], refusals=levels.refusals
    )


def release_sku(sku: str) -> str:
    """The command that releases a SKU (as compared) from quarantine."""
    return release_command(entity="stock", key=sku)

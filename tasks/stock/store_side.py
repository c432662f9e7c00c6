"""The store's stock: items of one SKU each, as a frame; what is odd about an item is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from connectors.bigcommerce.inventory_models import StockItem, UnreadableItem
from core.frames import DTYPES
from core.ids import sku_key
from core.stock import ITEMS
from tasks.outcome import Obstacle
from tasks.policy import patiently
from tasks.reconciler.connections import Connections
from tasks.stock.memory import StockMemory
from tasks.stock.places import Places


@dataclass(frozen=True)
class Items:
    """The store's side."""

    items: pd.DataFrame
    skus: Mapping[str, str]
    """The store's SKU by SKU as compared."""
    refused: Mapping[str, Obstacle]
    identities: Mapping[str, tuple[str, str]]
    """Variant id and product id by SKU."""
    notes: Sequence[str]

    def named(self, memories: Mapping[str, StockMemory]) -> dict[str, StockMemory]:
        """Memories of SKUs that were met for the first time, or under other ids."""
        found = {}
        variants = Counter(product_id for _, product_id in self.identities.values())
        for sku, (variant_id, product_id) in self.identities.items():
            memory = memories.get(sku, StockMemory())
            if (memory.variant_id, memory.product_id_bc) != (variant_id, product_id):
                is_simple = variants[product_id] == 1
                found[sku] = replace(
                    memory,
                    sku=self.skus[sku],
                    variant_id=variant_id,
                    product_id_bc=product_id,
                    # A guess that the store corrects: what is simple is tracked by product.
                    identity="product_id" if is_simple else "sku",
                )
        return found


def read_items(
    world: Connections,
    skus: Collection[str] | None,
    memories: Mapping[str, StockMemory],
    places: Places,
) -> Items:
    """The store's stock of these SKUs (as compared), or of all, at the locations that are fed.

    Raises: TransientError, ConfigError.
    """
    bigcommerce, at = world.bigcommerce, places.locations
    if skus is None:
        found = patiently(lambda: list(bigcommerce.list_inventory(at)))
    else:
        known = [memories[sku].variant_id for sku in skus if sku in memories]
        variants = [one for one in known if one]
        found = patiently(lambda: list(bigcommerce.list_inventory_of_variants(variants, at)))
        here = {sku_key(one.sku) for one in found}
        unknown = [memories[s].sku if s in memories else s for s in skus if s not in here]
        if unknown:
            found += patiently(lambda: list(bigcommerce.list_inventory_of_skus(unknown, at)))
    return _sorted_out(found, set(at))


def _sorted_out(found: Iterable[StockItem | UnreadableItem], locations: set[str]) -> Items:
    """The store's side as frames; a SKU on two items, or one that breaks the model, is refused."""
    clear: dict[str, StockItem] = {}
    doubled: dict[str, set[str]] = {}
    refused: dict[str, Obstacle] = {}
    shared = 0
    for item in found:
        key = sku_key(item.sku)
        if isinstance(item, UnreadableItem):
            refused[key or f"product {item.product_id}"] = _unreadable_item(item)
        elif not key:
            shared += 1
        elif _name(other := clear.setdefault(key, item)) != _name(item):
            doubled.setdefault(key, {_name(other)}).add(_name(item))
    for key, ids in doubled.items():
        refused[key] = _ambiguous(key, sorted(ids))
        del clear[key]
    notes = []
    if shared:
        notes.append(
            f"{shared} products share one stock among several variants: their stock is left alone"
        )
    items, disabled = _columns(clear, locations)
    notes += [f"location {one} is disabled in the store: nothing is sent there" for one in disabled]
    return Items(
        items,
        {key: item.sku for key, item in clear.items()},
        refused,
        {key: (item.variant_id or "", item.product_id) for key, item in clear.items()},
        sorted(notes),
    )


def _name(item: StockItem) -> str:
    return item.variant_id or item.product_id


def _columns(clear: Mapping[str, StockItem], locations: set[str]) -> tuple[pd.DataFrame, set[str]]:
    """ITEMS at these locations, and those of them that are disabled.

    Column by column: a record for each of 100,000 SKUs takes a hundred megabytes on the way.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ITEMS}
    disabled: set[str] = set()
    for key, item in clear.items():
        for at in item.locations:
            if at.location_id in locations and not at.is_enabled:
                disabled.add(at.location_id)
            elif at.location_id in locations:
                columns["sku_key"].append(key)
                columns["sku"].append(item.sku)
                columns["variant_id"].append(item.variant_id or "")
                columns["product_id_bc"].append(item.product_id)
                columns["location_id"].append(at.location_id)
                columns["is_enabled"].append(True)
                columns["on_hand"].append(at.on_hand)
                columns["available"].append(at.available_to_sell)
                columns["safety_stock"].append(at.safety_stock)
    found = pd.DataFrame(
        {name: pd.Series(columns[name], dtype=DTYPES[kind]) for name, kind in ITEMS.items()}
    )
    return found, disabled


def _ambiguous(key: str, ids: Sequence[str]) -> Obstacle:
    return Obstacle(
        "sku",
        "sku",
        key,
        f"the store has the SKU {key!r} on several items ({', '.join(ids)})",
        f"Give each its own SKU, then: causeway quarantine release --class sku --value {key!r}",
    )


def _unreadable_item(item: UnreadableItem) -> Obstacle:
    return Obstacle(
        "document",
        item.field,
        "",
        f"the store's stock of {item.sku or item.product_id} cannot be read: {item.field} "
        f"{item.reason}",
        "Correct the item in BigCommerce, then release it.",
    )

"""The store's stock: its locations, what changes it, and the events of changes.

Our readings where the vendor says nothing: an order takes from the default location; where shoppers
buy from all enabled ones it takes what is available there first, then from the others in the order
of their ids, and what is missing still from the default one. What an order gives back goes to the
default location. Events are emitted at the moment a change becomes real, and only then.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.records import (
    BY_ORDER,
    Cause,
    Location,
    OverlappingAdjustment,
    Product,
    StockAt,
    StockMoved,
    Variant,
)

if TYPE_CHECKING:
    from sandbox.bigcommerce.store import Store

JOURNAL_SIZE = 2_000_000
CHANNEL = "store/channel/*/inventory/product"
"""Stock is the same for all channels; the sender spells out the channel that is subscribed to."""


class Stock:
    """Levels by variant and location. Variants of a product tracked by product share theirs."""

    def __init__(self, store: "Store", seed: int) -> None:
        self._store = store
        self.chance = Random(seed)  # noqa: S311 - reproducible, not secret
        """Of its own, so that delays change no generated order."""
        opened = store.opened_at
        main = Location(reference.LOCATION, "BC-LOCATION-1", "Main", opened, opened)
        self.locations: dict[int, Location] = {main.id: main}
        self.journal: deque[StockMoved] = deque(maxlen=JOURNAL_SIZE)
        self.overlaps: list[OverlappingAdjustment] = []
        self.landing: Counter[tuple[int, int]] = Counter()
        """Absolute adjustments under way, by variant and location."""
        self._items: list[Variant] | None = None

    # --- places

    def add_location(self, label: str, code: str = "") -> Location:
        """A further location, without any stock. Raises: ValueError for a code that is taken."""
        number = max(self.locations) + 1
        code = code or f"BC-LOCATION-{number}"
        if any(known.code.casefold() == code.casefold() for known in self.locations.values()):
            raise ValueError(f"there is a location with the code {code!r} already")
        now = self._store.now()
        location = Location(number, code, label or f"Location {number}", now, now)
        self.locations[number] = location
        self._store.emit("store/inventory/location/created", {"location_id": number})
        return location

    def change_location(
        self, location: Location, *, enabled: bool | None = None, label: str = ""
    ) -> None:
        """Enable, disable or rename. Raises: ValueError for disabling the default one."""
        if enabled is False and location.id == reference.LOCATION:
            raise ValueError("the default location stays enabled")
        location.enabled = location.enabled if enabled is None else enabled
        location.label = label or location.label
        location.updated_at = self._store.now()
        self._store.emit("store/inventory/location/updated", {"location_id": location.id})

    # --- items

    def items(self) -> list[Variant]:
        """What is tracked, by variant id; of several variants that share a level only the first."""
        if self._items is None:
            products = self._store.products
            self._items = [
                variant
                for variant in self._store.variants.values()
                if is_item(products[variant.product_id], variant)
            ]
        return self._items

    def forget_items(self) -> None:
        """Drop the list of items, after products came, went or are tracked in another way."""
        self._items = None

    def items_of(self, variant_ids: Iterable[int]) -> list[Variant]:
        """The items that these variants are, or share, by variant id."""
        variants, products = self._store.variants, self._store.products
        found = set()
        for number in variant_ids:
            if number in variants:
                product = products[variants[number].product_id]
                if product.tracking != "none":
                    shares = product.tracking == "product"
                    found.add(product.variant_ids[0] if shares else number)
        return [variants[number] for number in sorted(found)]

    def sellable(self, variant: Variant) -> int:
        """How many pieces shoppers may buy."""
        if self._store.switches.shoppers_buy_from == "default":
            return variant.available
        return sum(level.available for _, level in self._open_levels(variant))

    def _open_levels(self, variant: Variant) -> Iterator[tuple[int, StockAt]]:
        for number in sorted(variant.stock):
            if self.locations[number].enabled:
                yield number, variant.stock[number]

    # --- changes

    def take(self, variant_id: int, pieces: int, cause: Cause, reference_: str = "") -> None:
        """Take pieces for an order; less than none gives back."""
        variant = self._store.variants.get(variant_id)
        if variant is None or not pieces:
            return
        product = self._store.products[variant.product_id]
        product.total_sold += pieces
        if product.tracking == "none":
            return
        for number, part in self._parts(variant, pieces):
            self.move(variant, number, -part, cause, reference_)

    def _parts(self, variant: Variant, pieces: int) -> list[tuple[int, int]]:
        parts: Counter[int] = Counter()
        if pieces > 0 and self._store.switches.shoppers_buy_from == "aggregated":
            for number, level in self._open_levels(variant):
                parts[number] = min(pieces - parts.total(), level.available)
        parts[reference.LOCATION] += pieces - parts.total()
        return [(number, part) for number, part in parts.items() if part]

    def move(  # noqa: PLR0913 - who changed what, by how much, where and why
        self,
        variant: Variant,
        location_id: int,
        delta: int,
        cause: Cause,
        reference_: str = "",
        *,
        unseen: bool = False,
    ) -> None:
        """Change what is really on hand, with journal and events. The location becomes counted."""
        level = variant.stock.get(location_id)
        if level is None:
            level = variant.stock[location_id] = StockAt()
        if not delta:
            return
        before, could_sell = level.on_hand, level.available
        level.on_hand += delta
        level.unseen += delta if unseen else 0
        now = self._store.now()
        self.journal.append(
            StockMoved(now, variant.sku, location_id, before, level.on_hand, cause, reference_)
        )
        if self._store.listeners:
            self._emit_change(variant, location_id, delta, cause)
            self._emit_channel_events(variant, location_id, could_sell)

    def _emit_change(self, variant: Variant, location_id: int, delta: int, cause: Cause) -> None:
        product = self._store.products[variant.product_id]
        kind = "inventory/order/updated" if cause in BY_ORDER else "inventory/updated"
        is_relative = cause in BY_ORDER or cause == "relative"
        inventory = {
            "product_id": product.id,
            "method": "relative" if is_relative else "absolute",
            "value": delta if is_relative else variant.stock[location_id].on_hand,
        }
        data = {"type": "product", "id": product.id, "inventory": inventory}
        self._store.emit(f"store/product/{kind}", data)
        if product.tracking == "variant":
            of_sku = inventory | {"variant_id": variant.id}
            sku_data = {"type": "sku", "id": variant.sku_id, "inventory": of_sku}
            self._store.emit(f"store/sku/{kind}", sku_data)

    def _emit_channel_events(self, variant: Variant, location_id: int, could_sell: int) -> None:
        level = variant.stock[location_id]
        data: dict[str, Any] = {
            "variant_id": variant.id,
            "product_id": variant.product_id,
            "location_id": location_id,
        }
        self._store.emit(f"{CHANNEL}/stock_changed", data)
        if level.available <= level.warning_level < could_sell:
            self._store.emit(f"{CHANNEL}/low_stock_reached", data)
        if level.available == 0 < could_sell:
            self._store.emit(f"{CHANNEL}/out_of_stock_reached", data)

    def begin_landing(self, variant: Variant, location_id: int, reference_: str) -> None:
        """An absolute adjustment is accepted; record it when another has not landed yet."""
        key = variant.id, location_id
        if self.landing[key] > 0:
            now = self._store.now()
            self.overlaps.append(OverlappingAdjustment(now, variant.sku, location_id, reference_))
        self.landing[key] += 1

    def landed(self, variant: Variant, location_id: int) -> None:
        """An absolute adjustment that was under way is done."""
        key = variant.id, location_id
        self.landing[key] -= 1
        if self.landing[key] <= 0:
            del self.landing[key]

    def set_settings(self, variant: Variant, location_id: int, values: dict[str, Any]) -> None:
        """Change what an item has at a location besides stock; it counts as counted there."""
        level = variant.stock.setdefault(location_id, StockAt())
        for name, value in values.items():
            setattr(level, name, value)
        data = {"variant_id": variant.id, "product_id": variant.product_id}
        self._store.emit(f"{CHANNEL}/settings_changed", data | {"location_id": location_id})

    def overwrite(
        self, variant: Variant, location_id: int, on_hand: int, reference_: str = ""
    ) -> None:
        """An absolute adjustment lands: earlier adjustments no longer count."""
        level = variant.stock.get(location_id)
        self.move(
            variant, location_id, on_hand - (level.on_hand if level else 0), "absolute", reference_
        )
        level = variant.stock[location_id]
        level.unseen = 0
        level.overwritten += 1


def is_item(product: Product, variant: Variant) -> bool:
    """Whether a variant is listed by itself."""
    match product.tracking:
        case "none":
            return False
        case "product":
            return variant.id == product.variant_ids[0]
        case _:
            return True

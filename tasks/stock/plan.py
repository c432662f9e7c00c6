"""What to write so that both sides agree: what may be sold minus what is on sale. Pure.

Differences are sent, not numbers, so that what is sold meanwhile stays sold; nothing is sent for
what is on its way (docs/decisions/0011). Reductions go first, then what sells out soonest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.errors import ContractError
from core.frames import records
from core.settings import StockSettings
from tasks.stock.memory import Arrival, StockMemory
from tasks.stock.pace import Pace
from tasks.stock.places import Places
from tasks.stock.plan_models import Adjust, Correct, Plan

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """What a plan depends on besides what may be sold and what is on sale."""

    now: datetime
    """When the store's stock was read: what was visible then decides."""
    settings: StockSettings
    memories: Mapping[str, StockMemory]
    """By SKU as compared."""
    newest_order: int = 0
    """Id of the newest order in the store."""
    sold: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Units of recent orders, by SKU and order id."""
    places: Places | None = None
    catalogue: int = 0
    """How many SKUs are kept in agreement in all; 0 where that is unknown."""
    held: Collection[str] = ()
    """SKUs of which orders hold units: what sells out is no fault."""
    may_zero: bool = False
    """Whether a person has released a run that takes much of the catalogue off sale."""
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """When an event last named each SKU."""
    moving: int = 0
    """How many SKUs events have named lately."""

    @property
    def visible_after(self) -> timedelta:
        """How long an adjustment may stay unseen."""
        return timedelta(seconds=self.settings.visible_after_s)


def work_out(desired: pd.DataFrame, items: pd.DataFrame, scene: Scene) -> Plan:
    """The plan for SKUs. In: STOCK_LEVELS, validated, and the store's ITEMS.

    Raises: ZeroingError when it would take too much of the catalogue off sale at once.
    """
    both = desired.merge(items.drop(columns="sku"), on=["sku_key", "location_id"])
    shown = both["on_hand"] - both["safety_stock"]
    is_equal = (both["quantity"] == shown) | ((both["quantity"] == 0) & (shown <= 0))
    moving = both["sku_key"].isin([key for key, one in scene.memories.items() if one.sent])
    settled = _Settled(scene)
    for row in records(both[moving]):
        settled.look(row, is_equal=row["quantity"] == _shown(row))
    apart = both[~is_equal]
    if settled.waiting:
        keys = list(zip(apart["sku_key"], apart["location_id"], strict=True))
        goes_on = [key not in settled.waiting for key in keys]
        apart = apart[pd.Series(goes_on, index=apart.index, dtype="bool")]
    needs_word = _needs_word(apart, scene)
    rests = _rests(apart, scene)
    apart = apart[~apart["sku_key"].isin(list(rests))]
    masters = set(scene.settings.bigcommerce_owned_locations)
    adjusts = [_adjust(row, scene) for row in records(apart[~apart["location_id"].isin(masters)])]
    counted = records(apart[apart["location_id"].isin(masters)])
    told = both[is_equal]
    return Plan(
        adjusts=tuple(sorted(adjusts, key=_urgency)),
        corrects=tuple(_corrections(counted, scene)),
        waits=frozenset(sku for sku, _ in settled.waiting),
        rests=rests,
        memories=settled.remembered(told, rests),
        compared=len(both),
        equal=int(is_equal.sum()),
        newest_order=scene.newest_order,
        needs_word=needs_word,
    )


def _rests(apart: pd.DataFrame, scene: Scene) -> dict[str, datetime]:
    """SKUs that are not sent anything before a moment; one that is urgent anywhere is not held."""
    pace = Pace(scene.now, scene.settings, scene.heard, scene.moving)
    found: dict[str, datetime] = {}
    urgent: set[str] = set()
    for row in records(apart) if pace.is_flood else ():
        sku = row["sku_key"]
        memory = scene.memories.get(sku, StockMemory())
        until = pace.rests_until(sku, _shown(row), row["quantity"], memory)
        if until is None:
            urgent.add(sku)
        else:
            found[sku] = until
    return {sku: until for sku, until in found.items() if sku not in urgent}


def _shown(row: Row) -> int:
    return int(row["on_hand"]) - int(row["safety_stock"])


def _urgency(one: Adjust) -> tuple[str, bool, int]:
    """By location, as the store asks; reductions first, then what is scarce."""
    return one.location_id, one.change > 0, one.quantity


def _adjust(row: Row, scene: Scene) -> Adjust:
    """A difference; the number itself where the store never counted and nothing is on sale."""
    memory = scene.memories.get(row["sku_key"], StockMemory())
    identity = memory.identity
    is_new = row["location_id"] not in memory.told and row["on_hand"] == 0
    return Adjust(
        sku_key=row["sku_key"],
        location_id=row["location_id"],
        identity=identity,
        value=row["sku"] if identity == "sku" else row["product_id_bc"],
        on_hand=row["on_hand"],
        safety_stock=row["safety_stock"],
        quantity=row["quantity"],
        is_absolute=is_new,
    )


def _corrections(rows: Collection[Row], scene: Scene) -> Iterator[Correct]:
    """A count made in the store, carried to the first warehouse that feeds the location."""
    for row in rows:
        feeding = scene.places.feeding(row["location_id"]) if scene.places else ()
        if feeding and row.get("product_id"):
            change = max(0, _shown(row)) - row["quantity"]
            yield Correct(row["sku_key"], row["location_id"], row["product_id"], feeding[0], change)


class _Settled:
    """What is on its way, looked at with what was read now."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.waiting: set[tuple[str, str]] = set()
        self._left: dict[str, dict[str, Any]] = {}

    def look(self, row: Row, *, is_equal: bool) -> None:
        """Whether the adjustment of a row is to be waited for."""
        sku, location = row["sku_key"], row["location_id"]
        sent = self.scene.memories[sku].sent.get(location)
        if sent is None:
            return
        since = self.scene.sold.get(sku, {})
        is_sold_here = location == self.scene.settings.sales_location
        sold = sum(units for order, units in since.items() if order > sent.newest_order)
        arrival = sent.arrival(row["on_hand"], sold if is_sold_here else 0)
        is_over = sent.is_over(self.scene.now, self.scene.visible_after)
        if arrival is Arrival.ARRIVED or is_over or (is_equal and sent.is_absolute):
            self._left.setdefault(sku, dict(self.scene.memories[sku].sent)).pop(location)
        else:
            self.waiting.add((sku, location))

    def remembered(self, told: pd.DataFrame, rests: Collection[str] = ()) -> dict[str, StockMemory]:
        """Memories that change: what has arrived is forgotten, what agrees is told.

        And since when SKUs rest that do.
        """
        agreed: dict[str, dict[str, int]] = {}
        rows = zip(told["sku_key"], told["location_id"], told["quantity"], strict=True)
        for sku, location, quantity in rows:
            if (sku, location) not in self.waiting:
                agreed.setdefault(sku, {})[location] = int(quantity)
        found: dict[str, StockMemory] = {}
        rested = {sku for sku in self.scene.heard if self._memory(sku).rests_since}
        for sku in {*agreed, *self._left, *rests, *rested}:
            memory = self._memory(sku)
            now = replace(
                memory,
                told={**memory.told, **agreed.get(sku, {})},
                sent=self._left.get(sku, memory.sent),
                rests_since=(memory.rests_since or self.scene.now) if sku in rests else None,
            )
            if now != memory:
                found[sku] = now
        return found

    def _memory(self, sku: str) -> StockMemory:
        return self.scene.memories.get(sku, StockMemory())


ZEROING = "zeroing"
"""The case that a person releases."""


def _needs_word(apart: pd.DataFrame, scene: Scene) -> bool:
    """Whether so much would go off sale that a person has to say yes: most likely it is a fault.

    Raises: ZeroingError while nobody has.
    """
    apart = apart[~apart["sku_key"].isin(list(scene.held))]
    on_sale = apart["on_hand"] > apart["safety_stock"]
    gone = apart.loc[(apart["quantity"] == 0) & on_sale, "sku_key"].nunique()
    most = max(
        scene.settings.zeroing_min_skus, scene.catalogue * scene.settings.zeroing_percent / 100
    )
    if gone <= most:
        return False
    if not scene.may_zero:
        raise ZeroingError(
            gone,
            f"This run would take {gone} of {scene.catalogue} SKUs off sale, more than "
            f"{scene.settings.zeroing_percent:g} % of the catalogue.",
            remedy="Look at Brightpearl's stock and at mappings/tables/stock_locations.csv. If it "
            f"is right: causeway quarantine release --apply --class review --value {ZEROING}",
        )
    return True


class ZeroingError(ContractError):
    """A run that would take too much of the catalogue off sale."""

    def __init__(self, skus: int, message: str, *, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.skus = skus

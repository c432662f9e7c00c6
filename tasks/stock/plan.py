"""What to write so that both sides agree: what may be sold minus what is on sale.

Differences are sent, not numbers, so that what is sold meanwhile stays sold; nothing is sent for
what is pending (docs/decisions/0011). Reductions go first, then what sells out soonest. Two things
hold a plan back: a flood of events, and a plan that would empty the shop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd

from core.settings import StockSettings
from intelligence.invariants import Change, Limits, check_stock
from tasks.reconciler.defects import divided
from tasks.reconciler.gate import typed_rows
from tasks.reconciler.holds import UNUSUAL, HeldRunError, hold_run, note_or_hold
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.run import Run
from tasks.stock.frames import AgreedStock, Desired, Snapshot, map_stock
from tasks.stock.matching import Level, compare
from tasks.stock.operations import Adjust, Correct, StockOperation

CHECK = "Compare Brightpearl's stock and mappings/tables/stock_locations.csv with what is on sale."

Positions = set[tuple[str, str]]
"""SKUs at locations."""


@dataclass(frozen=True)
class PlanContext:
    """What a plan depends on besides what may be sold and what is on sale."""

    found: Snapshot
    settings: StockSettings
    catalogue: int = 0
    """How many SKUs are kept in agreement in all; 0 where that is unknown."""
    named_at: Mapping[str, datetime] = field(default_factory=dict)
    """When an event last named each SKU of the batch."""
    moving: int = 0
    """How many SKUs, of this batch or not, events have named within the debounce time."""


@dataclass(frozen=True)
class Plan:
    """The writes, those first that take something off sale, and what else was found."""

    adjusts: tuple[Adjust, ...] = ()
    corrects: tuple[Correct, ...] = ()
    waiting: frozenset[str] = frozenset()
    """SKUs of which an adjustment is pending: nothing more is sent until it is seen."""
    debounced: Mapping[str, datetime] = field(default_factory=dict)
    """SKUs that wait for a flood of events to pass, and until when at most."""
    agreed: Mapping[str, AgreedStock] = field(default_factory=dict)
    """What is to be kept of SKUs before anything is written, where it changed."""
    compared: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Both sides, as `compare` gives them."""
    zeroed: int = 0
    """How many SKUs it takes off sale, where these are so many that a person has to release it."""

    @property
    def operations(self) -> tuple[StockOperation, ...]:
        """All writes."""
        return (*self.adjusts, *self.corrects)

    def records(self) -> Iterator[RecordPlan]:
        """The operations of each SKU that needs some."""
        by_sku: dict[str, list[StockOperation]] = defaultdict(list)
        for one in self.operations:
            by_sku[one.level.sku_key].append(one)
        for sku, operations in by_sku.items():
            result = "adjusted" if isinstance(operations[0], Adjust) else "corrected"
            yield RecordPlan(key=sku, operations=tuple(operations), result=result)


class ZeroingError(HeldRunError):
    """A run that would take too much of the catalogue off sale."""

    kind, check = "zeroing", CHECK


class UnusualStockError(HeldRunError):
    """A run that breaks an invariant of stock as a whole."""

    kind, check = UNUSUAL, CHECK


def map_all(run: Run, found: Snapshot) -> tuple[Snapshot, Desired]:
    """What is to be on sale of all SKUs, less those that our own code fails for: they are refused.

    Those are found half by half, by what maps, compares and plans them.
    """
    context = context_of(run, found)
    of_sku = found.skus["sku_key"]

    def mapped(keys: Sequence[str]) -> Desired:
        is_all = len(keys) == len(of_sku)
        skus = found.skus if is_all else found.skus[of_sku.isin(list(keys))]
        desired = map_stock(run, replace(found, skus=skus.reset_index(drop=True)))
        plan_levels(compare(desired.levels, found.items), context)
        return desired

    desired, defects = divided(of_sku.tolist(), mapped)
    if not defects:
        return found, desired
    is_left = ~of_sku.isin(list(defects))
    left = found.without(defects.keys())
    return replace(
        left,
        skus=found.skus[is_left].reset_index(drop=True),
        refused={**found.refused, **defects},
    ), desired


def plan_stock(run: Run, found: Snapshot, desired: Desired) -> Plan:
    """The plan for the SKUs of a snapshot.

    Raises: ZeroingError when it would take so much of the catalogue off sale at once that most
    likely it is a fault; a case is open then, in which a person can release it. UnusualStockError
    likewise when it breaks an invariant, where the settings hold such runs.
    """
    context = context_of(run, found)
    plan = plan_levels(compare(desired.levels, found.items), context)
    if plan.zeroed:
        reason = (
            f"This run would take {plan.zeroed} of {context.catalogue} SKUs off sale, more than "
            f"{context.settings.zeroing_percent:g} % of the catalogue."
        )
        hold_run(run, ZeroingError, reason, {"off sale": str(plan.zeroed)})
    _check_invariants(run, plan, context)
    return plan


def _check_invariants(run: Run, plan: Plan, context: PlanContext) -> None:
    """Note what a plan breaks as a whole, or hold it, as the pair's settings say.

    Raises: UnusualStockError where it is to be held and nobody released it.
    """
    chosen = run.connections.pair.intelligence
    if chosen.stock == "off":
        return
    limits = Limits(changed_percent=chosen.stock_changed_percent)
    changes = [
        Change(one.level.sku_key, Decimal(one.level.on_sale), Decimal(one.level.quantity))
        for one in plan.adjusts
    ]
    breaches = check_stock(changes, catalogue=context.catalogue, limits=limits)
    note_or_hold(run, UnusualStockError, breaches, holds=chosen.stock == "hold")


def context_of(run: Run, found: Snapshot) -> PlanContext:
    """What a plan depends on at this moment."""
    settings = run.connections.pair.stock
    since = run.now() - timedelta(seconds=settings.debounce_s)
    return PlanContext(
        found=found,
        settings=settings,
        catalogue=max(run.links.count(run.pair, run.entity), len(found.skus)),
        named_at={claim.key: claim.due_since for claim in run.batch.claims},
        moving=run.inbox.moving(run.pair, run.entity, since) if run.batch else 0,
    )


def plan_levels(compared: pd.DataFrame, context: PlanContext) -> Plan:
    """The plan for what `compare` found. Pure."""
    found = context.found
    is_moving = compared["sku_key"].isin([sku for sku, one in found.agreed.items() if one.pending])
    arrived, waiting = _pending(typed_rows(compared[is_moving], Level), context)
    different = [
        level
        for level in typed_rows(compared[~compared["is_equal"]], Level)
        if (level.sku_key, level.location_id) not in waiting
    ]
    debounced = _debounced(different, context)
    adjusts: list[Adjust] = []
    corrects: list[Correct] = []
    for level in different:
        location, agreed = level.location_id, found.agreed_on(level.sku_key)
        if level.sku_key in debounced:
            continue
        is_owned = location in context.settings.bigcommerce_owned_locations
        if is_owned and level.sku_key in found.gone:
            continue
        if is_owned:
            # A count made in the store goes to the first warehouse that feeds the location.
            corrects.append(Correct(level, found.places.feeding(location)[0]))
        else:
            # The number itself where the store never counted and nothing is on sale.
            is_new = location not in agreed.on_sale and level.on_hand == 0
            adjusts.append(Adjust(level, agreed.identity, is_absolute=is_new))
    # By location, as the store asks; reductions first, then what is scarce.
    adjusts.sort(key=lambda one: (one.level.location_id, one.change > 0, one.level.quantity))
    return Plan(
        adjusts=tuple(adjusts),
        corrects=tuple(corrects),
        waiting=frozenset(sku for sku, _ in waiting),
        debounced=debounced,
        agreed=_agreed(compared[compared["is_equal"]], arrived, waiting, debounced, context),
        compared=compared,
        zeroed=_zeroed(different, context),
    )


def _pending(levels: Iterable[Level], context: PlanContext) -> tuple[Positions, Positions]:
    """Where an adjustment that could not be seen yet has arrived, and where it is waited for."""
    settings, found = context.settings, context.found
    arrived: Positions = set()
    waiting: Positions = set()
    for level in levels:
        sku, location = level.sku_key, level.location_id
        sent = found.agreed_on(sku).pending.get(location)
        if sent is None:
            continue
        recent = found.sold.get(sku, {}) if location == settings.sales_location else {}
        sold = sum(units for order, units in recent.items() if order > sent.newest_order)
        is_over = found.read_at - sent.at >= timedelta(seconds=settings.visible_after_s)
        if is_over or sent.has_arrived(level.on_hand, sold, is_equal=level.is_equal):
            arrived.add((sku, location))
        else:
            waiting.add((sku, location))
    return arrived, waiting


def _debounced(different: Iterable[Level], context: PlanContext) -> dict[str, datetime]:
    """SKUs that are sent nothing before a moment, while events flood in.

    Each waits until its own events pause, so that one that moves ten times in a minute costs one
    write. What is running out anywhere never waits: a late number is a piece sold twice then.
    """
    settings, found = context.settings, context.found
    if context.moving < settings.debounce_from_skus:
        return {}
    pause = timedelta(seconds=settings.debounce_s)
    longest = timedelta(seconds=settings.debounce_limit_s)
    until: dict[str, datetime] = {}
    urgent: set[str] = set()
    for level in different:
        sku = level.sku_key
        since = found.agreed_on(sku).debounced_since or found.read_at
        if level.quantity < level.on_sale and level.quantity <= settings.scarce_units:
            urgent.add(sku)
        elif sku in context.named_at:
            until[sku] = min(context.named_at[sku] + pause, since + longest)
    return {s: moment for s, moment in until.items() if moment > found.read_at and s not in urgent}


def _agreed(
    equal: pd.DataFrame,
    arrived: Positions,
    waiting: Positions,
    debounced: Collection[str],
    context: PlanContext,
) -> dict[str, AgreedStock]:
    """What changes of what is kept: what agrees now, what arrived, and since when SKUs wait."""
    found = context.found
    on_sale: dict[str, dict[str, int]] = defaultdict(dict)
    columns = (equal[name].tolist() for name in ("sku_key", "location_id", "quantity"))
    for sku, location, quantity in zip(*columns, strict=True):
        if (sku, location) not in waiting:
            on_sale[sku][location] = quantity
    were_debounced = {sku for sku in context.named_at if found.agreed_on(sku).debounced_since}
    changed: dict[str, AgreedStock] = {}
    for sku in {*on_sale, *(sku for sku, _ in arrived), *debounced, *were_debounced}:
        before = found.agreed_on(sku)
        units = {**before.on_sale, **on_sale.get(sku, {})}
        left = {at: one for at, one in before.pending.items() if (sku, at) not in arrived}
        since = (before.debounced_since or found.read_at) if sku in debounced else None
        if (units, left, since) != (before.on_sale, before.pending, before.debounced_since):
            changed[sku] = replace(before, on_sale=units, pending=left, debounced_since=since)
    return changed


def _zeroed(different: Iterable[Level], context: PlanContext) -> int:
    """How many SKUs would go off sale without having sold out; 0 for as many as usual."""
    gone = {
        level.sku_key
        for level in different
        if level.quantity == 0 and level.on_sale > 0 and level.sku_key not in context.found.orders
    }
    settings = context.settings
    most = max(settings.zeroing_min_skus, context.catalogue * settings.zeroing_percent / 100)
    return len(gone) if len(gone) > most else 0

"""What `causeway stock` shows: every term of what may be sold of one SKU, and what was oversold.

The sync's own steps work the numbers out, in runs that only read and that Prefect does not see;
what is added here is where each number comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.ids import sku_key
from core.times import to_iso
from mappings.sku_names import SkuNames
from mappings.stock_offers import Offer, by_warehouse, units_of
from mappings.stock_places import Kept
from store.quarantine import Entry
from store.stock import Catalogue, CataloguedProduct, Demand
from tasks.reconciler.cases import refusals_by_key
from tasks.reconciler.gate import typed_rows
from tasks.reconciler.run import Run
from tasks.stock.absence import NOT_IN_STORE, absence
from tasks.stock.entity import STOCK
from tasks.stock.extract import NO_SKU, extract_stock, read_held_units, resolve_keys
from tasks.stock.frames import Desired, Pending, Snapshot, map_stock
from tasks.stock.matching import Level, compare, oversold
from tasks.stock.plan import Plan, context_of, plan_levels

UNSET = "written down: Brightpearl has not allocated these units"
RECENT = "placed in the store just now, not in Brightpearl yet"
NOWHERE = "nothing: the store does not keep it here, or the location is disabled"
EQUAL = "nothing: both sides agree"
WAITS = "nothing more until the pending adjustment is seen"


@dataclass(frozen=True)
class Component:
    """A part of a bundle in a warehouse."""

    product_id: str
    sku: str
    each: int
    """Units in one bundle."""
    units: int
    """What Brightpearl can still promise of it in this warehouse."""


@dataclass(frozen=True)
class Warehouse:
    """What Brightpearl can still promise in a warehouse that feeds a location."""

    warehouse_id: str
    units: int
    source: str
    """The line of `stock_locations` by which it feeds the location."""
    components: tuple[Component, ...] = ()
    """Of a bundle; its units are those that the scarcest makes."""


@dataclass(frozen=True)
class Holder:
    """A store order that holds units of the SKU, or of what it is made of."""

    order_id: str
    sku: str
    units: int
    source: str


@dataclass(frozen=True)
class Place:
    """One location: what may be sold there, what is on sale, what would be written."""

    offer: Offer
    warehouses: tuple[Warehouse, ...]
    buffers: tuple[Kept, ...]
    level: Level | None
    """None where the store keeps no stock of the SKU, or the mapping file refuses it."""
    agreed: int | None
    """What was on sale when both sides last agreed; None before that."""
    pending: Pending | None
    """An adjustment that the store accepted, or may have, and that cannot be seen yet."""
    writes: str


@dataclass(frozen=True)
class Explanation:
    """One SKU, term by term."""

    sku: str
    sku_key: str
    account_sku: str
    """Its name in Brightpearl, by the table `skus`."""
    product_id: str = ""
    problem: str = ""
    """Why nothing can be said, or not all."""
    remedy: str = ""
    components: Mapping[str, int] = field(default_factory=dict)
    """Of a bundle: units of each product in one, down to products with stock."""
    orders: tuple[Holder, ...] = ()
    places: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()
    inbox: str = ""
    """The state of its key: due, claimed, parked, dead or done; nothing if it never had one."""


@dataclass(frozen=True)
class Sources:
    """What is known of a SKU besides the numbers."""

    account_sku: str
    """What Brightpearl calls it."""
    product: CataloguedProduct | None = None
    written: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units written down by the order sync, by SKU and order."""
    names: Mapping[str, str] = field(default_factory=dict)
    """SKUs by Brightpearl's product id."""
    case: Entry | None = None
    """Why its key waits for a person."""
    inbox: str = ""


def explain_key(pair: str, key: str) -> Explanation:
    """One SKU term by term; a key that names a product or a variant gives way to its SKU.

    Raises: TransientError, ConfigError (settings, tables), ContractError.
    """
    with Run(STOCK, pair, flow="explain-stock", dry_run=True, keeps_report=False) as run:
        run.claim(only=[key])
        skus, _ = resolve_keys(run)
        if not skus:
            remedy = "Ask for it by its SKU."
            return Explanation(key, "", "", problem=f"{key} {NO_SKU}.", remedy=remedy)
        (sku,) = skus
        found = extract_stock(run, [sku])
        desired = map_stock(run, found)
        context = replace(context_of(run, found), named_at={})
        plan = plan_levels(compare(desired.levels, found.items), context)
        catalogue = Catalogue(run.database)
        account_sku = SkuNames(run.bundle.tables["skus"]).in_account(sku)
        key_bp = sku_key(account_sku)
        parts = {part for each in found.bundles.values() for part in each}
        cases = run.quarantine.list(pair=run.pair, entity=run.entity)
        sources = Sources(
            account_sku=account_sku,
            product=catalogue.find(run.pair, [key_bp]).get(key_bp),
            written=Demand(run.database).of(run.pair, list(found.orders)),
            names={part: one.sku for part, one in catalogue.by_id(run.pair, parts).items()},
            case=next((case for case in cases if case.key == sku), None),
            inbox=run.inbox.states(run.pair, run.entity, [sku]).get(sku, ""),
        )
        return explain(sku, found, desired, plan, sources)


def oversold_now(pair: str) -> dict[str, Any]:
    """Units sold above what there is: of all SKUs that orders hold, and of no others.

    Raises: as `explain_key`.
    """
    with Run(STOCK, pair, flow="oversold-stock", dry_run=True, keeps_report=False) as run:
        skus = read_held_units(run, extract_stock(run, [])).orders.keys()
        found = extract_stock(run, skus)
        above = list(oversold(found, map_stock(run, found)))
        causes: Counter[str] = Counter()
        for one in above:
            causes[one.cause] += one.units
        return {
            "pair": pair,
            "at": run.report.started_at,
            "skus_held": len(skus),
            "units": sum(one.units for one in above),
            "causes": dict(causes),
            "oversold": [vars(one) for one in above],
            "refused": {sku: why.reason for sku, why in found.refused.items()},
        }


def explain(
    sku: str, found: Snapshot, desired: Desired, plan: Plan, sources: Sources
) -> Explanation:
    """A SKU (as compared) of a snapshot. In: the plan for it. Pure."""
    known = sources.product.product_id if sources.product else ""
    product_id = found.product_of.get(sku, known)
    problem, remedy = _problem(sku, found, desired, sources)
    # Orders of the product, and of others made of the same goods, such as bundles of it.
    parts = found.parts_of(product_id).keys()
    holders = [
        Holder(order_id, _name(one, found), units, UNSET if order_id in written else RECENT)
        for one, product in sorted(found.products.items())
        if one in found.orders and parts & found.parts_of(product).keys()
        for written in [sources.written.get(one, {})]
        for order_id, units in sorted(found.orders[one].items(), key=lambda held: int(held[0]))
    ]
    return Explanation(
        sku=_name(sku, found),
        sku_key=sku,
        account_sku=sources.account_sku,
        product_id=product_id,
        problem=problem,
        remedy=remedy,
        components=found.bundles.get(product_id, {}),
        orders=tuple(holders),
        places=tuple(_places(sku, found, desired, plan, sources)),
        notes=tuple(found.notes),
        inbox=sources.inbox,
    )


def _name(sku: str, found: Snapshot) -> str:
    """The SKU as the store writes it."""
    return found.store_skus.get(sku) or found.agreed_on(sku).sku or sku


def _problem(sku: str, found: Snapshot, desired: Desired, sources: Sources) -> tuple[str, str]:
    """Why nothing is sold of a SKU, or what it waits for, and what helps."""
    of_mapping = refusals_by_key(desired.refusals).get(sku, [])
    for why in [*filter(None, [found.refused.get(sku)]), *of_mapping]:
        return f"{why.reason[:1].upper()}{why.reason[1:].rstrip('.')}.", why.remedy
    if sku in found.product_of and sku not in found.gone:
        if sources.case is None:
            return "", ""
        since = f"Waits in quarantine since {to_iso(sources.case.opened_at)}"
        return f"{since}: {sources.case.reason.rstrip('.')}.", sources.case.remedy
    name, product = sources.account_sku, sources.product
    if sku in found.only_account:
        return NOT_IN_STORE, "Correct the SKU, or mappings/tables/skus.csv; else leave it."
    reason, remedy = absence(name, product)
    return (reason if sku in found.only_store else f"{reason} {NOT_IN_STORE}"), remedy


def _places(
    sku: str, found: Snapshot, desired: Desired, plan: Plan, sources: Sources
) -> Iterator[Place]:
    """What is so at each location, and what the sync would send there as the plan describes it."""
    compared = typed_rows(plan.compared[plan.compared["sku_key"] == sku], Level)
    levels = {level.location_id: level for level in compared}
    sent = {
        one.level.location_id: one.describe() for one in plan.operations if one.level.sku_key == sku
    }
    otherwise = WAITS if sku in plan.waiting else EQUAL
    agreed = plan.agreed.get(sku) or found.agreed_on(sku)
    for offer in typed_rows(desired.offers[desired.offers["sku_key"] == sku], Offer):
        location = offer.location_id
        yield Place(
            offer,
            tuple(_warehouses(offer, found, sources.names)),
            tuple(found.places.buffers.of(sku, location)),
            levels.get(location),
            agreed.on_sale.get(location),
            agreed.pending.get(location),
            sent.get(location, otherwise if location in levels else NOWHERE),
        )


def _warehouses(offer: Offer, found: Snapshot, names: Mapping[str, str]) -> Iterator[Warehouse]:
    """What the warehouses that feed the offer's location can promise. In: SKUs by product id."""
    parts = found.parts_of(offer.product_id)
    on_hand = units_of(found.on_hand, parts)
    units = by_warehouse(found)
    own = units[units["product_id"] == offer.product_id]
    promised = dict(zip(own["warehouse_id"], own["promised"].tolist(), strict=True))
    for one in found.places.feeding(offer.location_id):
        components = tuple(
            Component(part, names.get(part, ""), each, on_hand.get((part, one), 0))
            for part, each in parts.items()
            if offer.product_id in found.bundles
        )
        source = found.places.sources.get((one, offer.location_id), "")
        yield Warehouse(one, promised.get(one, 0), source, components)

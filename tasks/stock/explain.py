"""What `causeway stock` shows: every term of what may be sold of one SKU, and what was oversold.

The sync's own steps work the numbers out; what is added here is where each of them comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.ids import sku_key
from core.times import to_iso
from store.catalogue import Catalogue, CataloguedProduct
from store.demand import Demand
from tasks.reconciler.frames import typed_rows
from tasks.reconciler.run import Run
from tasks.stock.availability import ARCHIVED
from tasks.stock.entity import STOCK
from tasks.stock.extract import NO_SKU, extract_stock, resolve_keys
from tasks.stock.frames import Desired, Snapshot
from tasks.stock.inventory import read_held_units
from tasks.stock.links import AgreedStock, Pending
from tasks.stock.matching import Level, SkuNames, compare, oversold
from tasks.stock.offers import Offer, Units, by_warehouse, map_stock, units_of
from tasks.stock.places import Kept, Places
from tasks.stock.plan import Plan, context_of, plan_levels

UNSET = "written down: Brightpearl has not allocated these units"
RECENT = "placed in the store just now, not in Brightpearl yet"
NOT_IN_STORE = (
    "The store has no stock of its own under this SKU: there is no such item, its stock is not "
    "tracked, or its variants share one stock."
)
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


def explain_key(pair: str, key: str) -> Explanation:
    """One SKU term by term; a key that names a product or a variant gives way to its SKU.

    Raises: TransientError, ConfigError (settings, tables), ContractError.
    """
    with _reading("explain-stock", pair) as run:
        run.claim(only=[key])
        skus, _ = resolve_keys(run)
        if not skus:
            remedy = "Ask for it by its SKU."
            return Explanation(key, "", "", problem=f"{key} {NO_SKU}.", remedy=remedy)
        (sku,) = skus
        found = extract_stock(run, [sku])
        desired = map_stock(run, found)
        context = replace(context_of(run, found), may_zero=True, named_at={})
        plan = plan_levels(compare(desired.levels, found.items), context)
        said = explain(sku, found, desired, plan, _sources(run, sku, found))
        state = run.inbox.states(pair, run.entity, [sku]).get(sku, "")
        problem, remedy = _what_waits(run, said, desired)
        return replace(said, inbox=state, problem=problem, remedy=remedy)


def oversold_now(pair: str) -> dict[str, Any]:
    """Units sold above what there is: of all SKUs that orders hold, and of no others.

    Raises: as `explain_key`.
    """
    with _reading("oversold-stock", pair) as run:
        skus = sorted(read_held_units(run, None, {}).by_order)
        found = extract_stock(run, skus)
        above = list(oversold(found, map_stock(run, found))) if skus else []
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
    said = Explanation(
        sku=_name(sku, found),
        sku_key=sku,
        account_sku=sources.account_sku,
        product_id=found.product_of.get(sku, known),
        notes=tuple(found.notes),
    )
    problem, remedy = _problem(sku, found, sources)
    if problem:
        return replace(said, problem=problem, remedy=remedy)
    terms = _Terms(sku, found, plan, sources)
    offers = typed_rows(desired.offers[desired.offers["sku_key"] == sku], Offer)
    return replace(
        said,
        components=dict(found.supply.bundles.get(terms.product_id, {})),
        orders=tuple(_holders(terms)),
        places=tuple(_place(offer, terms) for offer in offers),
    )


class _Terms:
    """What the numbers of one SKU were worked out from."""

    def __init__(self, sku: str, found: Snapshot, plan: Plan, sources: Sources) -> None:
        supply = found.supply
        self.sku, self.found, self.plan, self.sources = sku, found, plan, sources
        self.places: Places = found.places
        self.product_id = found.product_of[sku]
        self.is_bundle = self.product_id in supply.bundles
        self.parts = supply.bundles.get(self.product_id, {self.product_id: 1})
        """Units of products with stock in one of it."""
        self.on_hand: Units = units_of(supply.on_hand, self.parts)
        units = by_warehouse(supply, found.places)
        own = units[units["product_id"] == self.product_id]
        fed = zip(own["warehouse_id"], own["location_id"], strict=True)
        self.promised: Units = dict(zip(fed, own["promised"].tolist(), strict=True))
        """By warehouse and location."""
        compared = plan.compared[plan.compared["sku_key"] == sku]
        self.levels = {level.location_id: level for level in typed_rows(compared, Level)}
        self.agreed: AgreedStock = plan.agreed.get(sku) or found.agreed_on(sku)


def _reading(flow: str, pair: str) -> Run:
    """A run that only reads, without Prefect: its steps are plain functions here."""
    return Run(STOCK, pair, flow=flow, dry_run=True, keeps_report=False)


def _sources(run: Run, sku: str, found: Snapshot) -> Sources:
    catalogue = Catalogue(run.database)
    account_sku = SkuNames(run.bundle.table("skus")).in_account(sku)
    parts = {part for each in found.supply.bundles.values() for part in each}
    return Sources(
        account_sku=account_sku,
        product=catalogue.find(run.pair, [sku_key(account_sku)]).get(sku_key(account_sku)),
        written=Demand(run.database).of(run.pair, list(found.orders)),
        names={part: one.sku for part, one in catalogue.by_id(run.pair, parts).items()},
    )


def _what_waits(run: Run, said: Explanation, desired: Desired) -> tuple[str, str]:
    """What holds the SKU up, and what helps: both systems, the mapping, or a case that is open."""
    if said.problem:
        return said.problem, said.remedy
    for reason, remedy in desired.refusals[["reason", "remedy"]].itertuples(index=False):
        return str(reason), str(remedy)
    for case in run.quarantine.list(pair=run.pair, entity=run.entity):
        if case.key == said.sku_key:
            since = f"Waits in quarantine since {to_iso(case.opened_at)}"
            return f"{since}: {case.reason.rstrip('.')}.", case.remedy
    return "", ""


def _name(sku: str, found: Snapshot) -> str:
    """The SKU as the store writes it."""
    skus = found.supply.skus
    named = skus.loc[skus["sku_key"] == sku, "sku"]
    return str(named.iloc[0]) if len(named) else found.agreed_on(sku).sku or sku


def _problem(sku: str, found: Snapshot, sources: Sources) -> tuple[str, str]:
    """Why nothing is sold of a SKU, and what helps; nothing for one that both systems have."""
    if why := found.refused.get(sku):
        return f"{why.reason[:1].upper()}{why.reason[1:]}.", why.remedy
    if sku in found.product_of:
        return "", ""
    name, product = sources.account_sku, sources.product
    if sku in found.only_account:
        return NOT_IN_STORE, "Correct the SKU, or mappings/tables/skus.csv; else leave it."
    if product is None:
        reason = f"Brightpearl has no product with the SKU {name!r}."
        remedy = "Create it, correct the SKU, or add a row to mappings/tables/skus.csv."
    elif product.status == ARCHIVED:
        reason = f"Brightpearl's product {product.product_id} with the SKU {name!r} is archived."
        remedy = "Bring it back in Brightpearl, or take it off sale in the store."
    else:
        reason = (
            f"Brightpearl keeps no stock of product {product.product_id} ({name!r}), and it is no "
            "bundle of whole units: it is left alone."
        )
        remedy = "Nothing, if that is meant; else let Brightpearl track its stock."
    return (reason if sku in found.only_store else f"{reason} {NOT_IN_STORE}"), remedy


def _holders(terms: _Terms) -> Iterator[Holder]:
    """Orders of the SKU, and of others that are made of the same goods, such as bundles of it."""
    found = terms.found
    for sku, held in sorted(found.orders.items()):
        product_id = found.held_products.get(sku, "")
        parts = found.supply.bundles.get(product_id, {product_id: 1})
        if parts.keys().isdisjoint(terms.parts):
            continue
        written = terms.sources.written.get(sku, {})
        for order_id in sorted(held, key=int):
            source = UNSET if order_id in written else RECENT
            yield Holder(order_id, _name(sku, found), held[order_id], source)


def _place(offer: Offer, terms: _Terms) -> Place:
    location = offer.location_id
    feeding = terms.places.feeding(location)
    return Place(
        offer,
        tuple(_warehouse(one, location, terms) for one in feeding),
        tuple(terms.places.buffers.of(terms.sku, location)),
        terms.levels.get(location),
        terms.agreed.on_sale.get(location),
        terms.agreed.pending.get(location),
        _writes(location, terms),
    )


def _warehouse(warehouse_id: str, location: str, terms: _Terms) -> Warehouse:
    components = tuple(
        Component(
            part,
            terms.sources.names.get(part, ""),
            each,
            terms.on_hand.get((part, warehouse_id), 0),
        )
        for part, each in terms.parts.items()
    )
    return Warehouse(
        warehouse_id,
        terms.promised.get((warehouse_id, location), 0),
        terms.places.sources.get((warehouse_id, location), ""),
        components if terms.is_bundle else (),
    )


def _writes(location: str, terms: _Terms) -> str:
    """What the sync would send now, as the plan describes it."""
    for one in terms.plan.operations:
        if (one.sku_key, one.level.location_id) == (terms.sku, location):
            return one.describe()
    if location not in terms.levels:
        return NOWHERE
    return WAITS if terms.sku in terms.plan.waiting else EQUAL

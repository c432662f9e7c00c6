"""Every term of what may be sold of one SKU, and where it came from. Pure.

The numbers are those of the rule and of the plan: nothing is worked out a second time here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from core.frames import records
from core.ids import sku_key
from mappings.tables import Table, TableRow
from store.catalogue import CataloguedProduct
from tasks.stock.look import Look
from tasks.stock.memory import StockMemory
from tasks.stock.places import ANY
from tasks.stock.plan_models import Plan
from tasks.stock.rule import offers

Row = Mapping[str, Any]

UNSET = "written down: Brightpearl has not set these units aside"
RECENT = "placed in the store just now, not in Brightpearl yet"
NOT_IN_STORE = (
    "The store has no stock of its own under this SKU: there is no such item, its stock is not "
    "tracked, or its variants share one stock."
)
NOWHERE = "nothing: the store does not keep it here, or the location is disabled"
EQUAL = "nothing: both sides agree"
WAITS = "nothing more until what is on its way is seen"


@dataclass(frozen=True)
class Component:
    """A part of a bundle in a warehouse."""

    product_id: str
    sku: str
    each: int
    """Units in one bundle."""
    units: int
    """What Brightpearl can still promise of it there."""


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
class Kept:
    """Units kept back by a row of `stock_buffers`."""

    units: int
    source: str


@dataclass(frozen=True)
class OnItsWay:
    """An adjustment that the store accepted, or may have, and that nobody has seen yet."""

    units: int
    is_absolute: bool
    based_on: int
    """Units in the store's hand that it was worked out from."""
    since: datetime


@dataclass(frozen=True)
class Place:
    """One location: what may be sold there, what is on sale, what would be written."""

    location_id: str
    warehouses: tuple[Warehouse, ...]
    promised: int
    held: int
    """Units that orders take from this location's warehouses."""
    buffer: int
    buffers: tuple[Kept, ...]
    sellable: int
    quantity: int | None
    """What the mapping file makes of `sellable`; None where it refuses."""
    on_hand: int | None
    """Of the store; None where it keeps no stock of the SKU."""
    safety_stock: int | None
    on_sale: int | None
    told: int | None
    """What was on sale when both sides last agreed; None before that."""
    on_its_way: OnItsWay | None
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
    """How its key stands there: due, claimed, parked, dead or done; nothing if it never was."""


@dataclass(frozen=True)
class Sources:
    """Where the terms of a look came from."""

    stock_locations: Table
    stock_buffers: Table
    account_sku: str
    """What Brightpearl calls the SKU."""
    products: Mapping[str, CataloguedProduct] = field(default_factory=dict)
    """Brightpearl's product of it, and of each SKU that orders hold."""
    written: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Units written down by the order sync, by SKU and order."""
    names: Mapping[str, str] = field(default_factory=dict)
    """SKUs by Brightpearl's product id."""


def explain(
    sku: str, look: Look, levels: pd.DataFrame, plan: Plan, sources: Sources
) -> Explanation:
    """A SKU (as compared) of a look. In: STOCK_LEVELS of the look, and the plan for them."""
    product = sources.products.get(sku)
    found = Explanation(
        sku=_spoken(sku, look),
        sku_key=sku,
        account_sku=sources.account_sku,
        product_id=look.product_of.get(sku, product.product_id if product else ""),
        notes=tuple(look.notes),
    )
    problem, remedy = _problem(sku, look, sources)
    if problem:
        return _with(found, problem=problem, remedy=remedy)
    product_id = look.product_of[sku]
    parts = look.stock.bundles.get(product_id, {})
    scene = _Scene(sku, look, levels, plan, sources, parts or {product_id: 1})
    rows = offers(look.stock, look.places)
    return _with(
        found,
        components=dict(parts),
        orders=tuple(_holders(scene)),
        places=tuple(_place(row, scene) for row in records(rows[rows["sku_key"] == sku])),
    )


def unknown(text: str, reason: str) -> Explanation:
    """What a key means that names no SKU."""
    return Explanation(text, "", "", problem=f"{text} {reason}.", remedy="Look for it by its SKU.")


@dataclass(frozen=True)
class _Scene:
    sku: str
    look: Look
    levels: pd.DataFrame
    plan: Plan
    sources: Sources
    parts: Mapping[str, int]
    """Units of products with stock in one of it."""

    @property
    def is_bundle(self) -> bool:
        return self.look.product_of[self.sku] in self.look.stock.bundles


def _with(found: Explanation, **more: Any) -> Explanation:  # noqa: ANN401 - fields of it
    return Explanation(**{**vars(found), **more})


def _spoken(sku: str, look: Look) -> str:
    named = look.stock.skus.loc[look.stock.skus["sku_key"] == sku, "sku"]
    memory = look.memories.get(sku, StockMemory())
    return str(named.iloc[0]) if len(named) else memory.sku or sku


def _problem(sku: str, look: Look, sources: Sources) -> tuple[str, str]:
    """What stands in the way of a SKU, and what helps; nothing for one that both systems have."""
    if why := look.refused.get(sku):
        return f"{why.reason[:1].upper()}{why.reason[1:]}.", why.remedy
    if sku in look.product_of:
        return "", ""
    name, product = sources.account_sku, sources.products.get(sku)
    if sku in look.only_account:
        return NOT_IN_STORE, "Correct the SKU, or mappings/tables/skus.csv; else leave it."
    if product is None:
        reason = f"Brightpearl has no product with the SKU {name!r}."
        remedy = "Create it, correct the SKU, or add a row to mappings/tables/skus.csv."
    elif product.status == "ARCHIVED":
        reason = f"Brightpearl's product {product.product_id} with the SKU {name!r} is archived."
        remedy = "Bring it back in Brightpearl, or take it off sale in the store."
    else:
        reason = (
            f"Brightpearl keeps no stock of product {product.product_id} ({name!r}), and it is no "
            "bundle of whole units: it is left alone."
        )
        remedy = "Nothing, if that is meant; else let Brightpearl track its stock."
    return (reason if sku in look.only_store else f"{reason} {NOT_IN_STORE}"), remedy


def _holders(scene: _Scene) -> Iterator[Holder]:
    """Orders of the SKU, and of others that are made of the same goods, such as bundles of it."""
    bundles, products = scene.look.stock.bundles, scene.sources.products
    for sku, held in sorted(scene.look.orders.items()):
        product_id = products[sku].product_id if sku in products else ""
        if bundles.get(product_id, {product_id: 1}).keys().isdisjoint(scene.parts):
            continue
        written = scene.sources.written.get(sku, {})
        for order_id in sorted(held, key=int):
            source = UNSET if order_id in written else RECENT
            yield Holder(order_id, _spoken(sku, scene.look), held[order_id], source)


def _place(row: Row, scene: _Scene) -> Place:
    location = row["location_id"]
    memories = {**scene.look.memories, **scene.plan.memories}
    memory = memories.get(scene.sku, StockMemory())
    sent = memory.sent.get(location)
    item = _row_at(scene.look.items, scene.sku, location)
    level = _row_at(scene.levels, scene.sku, location)
    kept = tuple(_kept(scene.sources.stock_buffers, scene.sku, location))
    return Place(
        location_id=location,
        warehouses=tuple(_warehouse(one, location, scene) for one in _feeding(location, scene)),
        promised=row["promised"],
        held=row["held"],
        buffer=row["buffer"],
        buffers=kept,
        sellable=row["sellable"],
        quantity=level["quantity"] if level else None,
        on_hand=item["on_hand"] if item else None,
        safety_stock=item["safety_stock"] if item else None,
        on_sale=item["available"] if item else None,
        told=memory.told.get(location),
        on_its_way=OnItsWay(sent.units, sent.is_absolute, sent.base, sent.at) if sent else None,
        writes=_writes(location, scene, is_there=item is not None),
    )


def _row_at(rows: pd.DataFrame, sku: str, location: str) -> Row | None:
    found = records(rows[(rows["sku_key"] == sku) & (rows["location_id"] == location)])
    return found[0] if found else None


def _feeding(location: str, scene: _Scene) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scene.look.places.feeding(location)))


def _warehouse(warehouse_id: str, location: str, scene: _Scene) -> Warehouse:
    components = tuple(
        Component(
            part, scene.sources.names.get(part, ""), each, _on_hand(part, warehouse_id, scene)
        )
        for part, each in scene.parts.items()
    )
    whole = min(max(0, one.units) // one.each for one in components)
    return Warehouse(
        warehouse_id,
        whole if scene.is_bundle else components[0].units,
        _line_of(scene.sources.stock_locations, warehouse_id, location),
        components if scene.is_bundle else (),
    )


def _on_hand(product_id: str, warehouse_id: str, scene: _Scene) -> int:
    rows = scene.look.stock.on_hand
    at = (rows["product_id"] == product_id) & (rows["warehouse_id"] == warehouse_id)
    return int(rows.loc[at, "on_hand"].sum())


def _line_of(table: Table, warehouse_id: str, location: str) -> str:
    rows = (row for row in table.rows if row.value.strip() == warehouse_id)
    return ", ".join(_told(table, row) for row in rows if location in row.becomes.split())


def _told(table: Table, row: TableRow) -> str:
    return f"mappings/{table.file}, line {row.line}: {row.value} → {row.becomes}"


def _kept(table: Table, sku: str, location: str) -> Iterator[Kept]:
    """The rows that keep units back: of each channel the one that says most."""
    rows = {_name(row): row for row in table.rows}
    wanted: Sequence[tuple[str, str]] = ((sku, location), (sku, ANY), (ANY, location), (ANY, ANY))
    for channel in dict.fromkeys(name[2] for name in rows):
        found = (rows.get((*place, channel)) for place in wanted)
        if row := next((one for one in found if one is not None), None):
            yield Kept(int(row.becomes), _told(table, row))


def _name(row: TableRow) -> tuple[str, str, str]:
    sku, location, channel, *_ = [*(part.strip() for part in row.value.split("|")), "", ""]
    return (sku if sku == ANY else sku_key(sku), location or ANY, channel or ANY)


def _writes(location: str, scene: _Scene, *, is_there: bool) -> str:
    """What the sync would send now, in the plan's own words."""
    adjusts = (one for one in scene.plan.adjusts if one.sku_key == scene.sku)
    if one := next((one for one in adjusts if one.location_id == location), None):
        return f"set to {one.units}" if one.is_absolute else f"add {one.units}"
    corrects = (one for one in scene.plan.corrects if one.sku_key == scene.sku)
    if fix := next((one for one in corrects if one.location_id == location), None):
        return f"correct product {fix.product_id} in warehouse {fix.warehouse_id} by {fix.change}"
    if not is_there:
        return NOWHERE
    return WAITS if scene.sku in scene.plan.waits else EQUAL

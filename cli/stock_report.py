"""The work of `causeway stock`: the sync's own read of both systems, without its writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cli.display import table
from cli.output import stdout_kept_clean
from connectors.bigcommerce.models import Order
from core.frames import records
from core.ids import sku_key
from core.times import to_iso, utc_now
from store.catalogue import Catalogue
from store.demand import Demand
from store.inbox import Inbox
from store.quarantine import Quarantine
from tasks.bigcommerce.orders import sold_units
from tasks.claim import Run
from tasks.policy import patiently
from tasks.stock.accuracy import judge_stock
from tasks.stock.explain import Explanation, Place, Sources, explain, unknown
from tasks.stock.keys import STOCK, STRANGER, identify
from tasks.stock.look import Look, look
from tasks.stock.plan import work_out
from tasks.stock.scene import scene_of
from tasks.stock.transform import transform_stock


def explained(pair: str, key: str) -> Explanation:
    """One SKU term by term; a key that names a product or a variant means its SKU.

    Raises: TransientError, ConfigError (settings, tables), ContractError.
    """
    with _reading("explain-stock", pair) as run:
        named = identify(run, run.claim(only=[key]))
        if not named.skus:
            return unknown(key, STRANGER.reason)
        (sku,) = named.skus
        seen = look(run, [sku])
        levels = transform_stock(run, seen)
        scene = replace(scene_of(run, seen), may_zero=True)
        plan = work_out(levels, seen.items, scene)
        found = explain(sku, seen, levels, plan, _sources(run, sku, seen))
        state = Inbox(run.world.database).states(pair, STOCK, [sku]).get(sku, "")
        problem, remedy = _what_waits(run, found)
        return replace(found, inbox=state, problem=problem, remedy=remedy)


def sold_above(pair: str) -> dict[str, Any]:
    """Units sold above stock: of all SKUs that orders hold, and of no others.

    Raises: as `explained`.
    """
    with _reading("oversold-stock", pair) as run:
        skus = _held(run)
        seen = look(run, sorted(skus))
        found = judge_stock(seen, transform_stock(run, seen)).oversold if skus else ()
        causes: Counter[str] = Counter()
        for one in found:
            causes[one.cause] += one.units
        return {
            "pair": pair,
            "at": run.report.started_at,
            "skus_held": len(skus),
            "units": sum(one.units for one in found),
            "causes": dict(causes),
            "oversold": [one.to_json() for one in found],
            "refused": {sku: why.reason for sku, why in seen.refused.items()},
        }


def _what_waits(run: Run, found: Explanation) -> tuple[str, str]:
    """What holds the SKU up, and what helps: the read, the mapping, or a case that is open."""
    if found.problem:
        return found.problem, found.remedy
    for why in records(run.refusals()):
        return why["reason"], why["remedy"]
    for case in Quarantine(run.world.database).list(pair=run.report.pair, entity=STOCK):
        if case.key == found.sku_key:
            since = f"Waits in quarantine since {to_iso(case.opened_at)}"
            return f"{since}: {case.reason.rstrip('.')}.", case.remedy
    return "", ""


@contextmanager
def _reading(name: str, pair: str) -> Iterator[Run]:
    """A run that only reads, without Prefect: its steps are plain functions here."""
    with stdout_kept_clean(), Run(name, STOCK, pair, dry_run=True, keeps_report=False) as run:
        yield run


def _held(run: Run) -> set[str]:
    """SKUs that orders hold: as written down, and of the last minutes."""
    world = run.world
    since = utc_now() - timedelta(minutes=world.pair.stock.orders_window_minutes)
    recent = patiently(lambda: list(world.bigcommerce.list_orders(min_date_created=since)))
    new = {sku for one in recent if isinstance(one, Order) for sku in sold_units(one)}
    return new | Demand(world.database).of(run.report.pair).keys()


def _sources(run: Run, sku: str, seen: Look) -> Sources:
    catalogue, pair = Catalogue(run.world.database), run.report.pair
    renamed = run.bundle.table("skus")
    names = {one: renamed.get(one) or one for one in {sku, *seen.orders}}
    products = catalogue.find(pair, [sku_key(name) for name in names.values()])
    parts = {part for each in seen.stock.bundles.values() for part in each}
    return Sources(
        stock_locations=run.bundle.table("stock_locations"),
        stock_buffers=run.bundle.table("stock_buffers"),
        account_sku=names[sku],
        products={
            one: products[sku_key(name)] for one, name in names.items() if sku_key(name) in products
        },
        written=Demand(run.world.database).of(pair, list(seen.orders)),
        names={part: one.sku for part, one in catalogue.by_id(pair, parts).items()},
    )


def explanation_text(found: Explanation) -> str:
    """The terms below each other, location by location."""
    if found.problem and not found.places:
        return ""
    parts = [_head(found) + (f". Its key is {found.inbox} in the inbox" if found.inbox else "")]
    if found.orders:
        rows = [(one.order_id, one.sku, one.units, one.source) for one in found.orders]
        parts.append("Held by orders\n" + table(["order", "SKU", "units", "from"], rows))
    parts.extend(_place_text(place) for place in found.places)
    if not found.places:
        parts.append("No warehouse feeds any location: see mappings/tables/stock_locations.csv.")
    parts.extend(f"Note: {note}" for note in found.notes)
    return "\n\n".join(parts)


def _head(found: Explanation) -> str:
    named = f"{found.sku} is product {found.product_id} of Brightpearl"
    if sku_key(found.account_sku) != found.sku_key:
        named += f", whose SKU is {found.account_sku}"
    made_of = ", ".join(f"{units} x product {part}" for part, units in found.components.items())
    return f"{named}; a bundle of {made_of}" if made_of else named


def _place_text(place: Place) -> str:
    rows: list[tuple[str, int | str, str]] = []
    for one in place.warehouses:
        rows.append((f"warehouse {one.warehouse_id}", one.units, one.source))
        rows += [
            (f"- {part.sku or part.product_id}", part.units, f"{part.each} in each bundle")
            for part in one.components
        ]
    rows += [
        ("can be promised", place.promised, "the sum of the warehouses"),
        ("held by orders", -place.held, "not allocated in Brightpearl"),
        ("kept back", -place.buffer, "; ".join(kept.source for kept in place.buffers)),
        ("may be sold", place.sellable, "what is left, never below 0"),
    ]
    if place.quantity is not None and place.quantity != place.sellable:
        rows.append(("to be on sale", place.quantity, "by mappings/stock.yaml"))
    if place.on_hand is not None and place.safety_stock is not None:
        rows += [
            ("in the store", place.on_hand, "on hand in BigCommerce"),
            ("its safety stock", -place.safety_stock, "set in the store"),
            ("on sale", place.on_sale or 0, "what shoppers can buy now"),
        ]
    if place.told is not None:
        rows.append(("last agreed", place.told, "on sale when both sides last agreed"))
    if way := place.on_its_way:
        what = "set to" if way.is_absolute else "added to"
        rows.append(
            ("on its way", way.units, f"{what} {way.based_on} in hand, since {to_iso(way.since)}")
        )
    terms = table(["term", "units", "from"], rows)
    return f"Location {place.location_id}\n{terms}\nwould be written: {place.writes}"


def oversold_text(found: dict[str, Any]) -> str:
    """What was sold above stock, the causes first."""
    if not found["oversold"]:
        return (
            f"Nothing is sold above stock. SKUs of which orders hold units: {found['skus_held']}."
        )
    causes = table(["cause", "units"], list(found["causes"].items()))
    rows = [
        (one["sku"], one["units"], one["cause"], " ".join(one["orders"]))
        for one in found["oversold"]
    ]
    return f"{causes}\n\n{table(['SKU', 'units', 'cause', 'orders'], rows)}"

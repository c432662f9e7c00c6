"""What `causeway stock` says: one SKU explained, and what was sold above stock."""

from __future__ import annotations

from typing import Any

from cli.display import table
from cli.output import stdout_kept_clean
from core.ids import sku_key
from core.times import to_iso
from core.words import counted
from tasks.stock.explain import Explanation, Place, explain_key, oversold_now


def explained(pair: str, key: str) -> Explanation:
    """One SKU term by term; a key that names a product or a variant means its SKU.

    Raises: TransientError, ConfigError (settings, tables), ContractError.
    """
    with stdout_kept_clean():
        return explain_key(pair, key)


def sold_above(pair: str) -> dict[str, Any]:
    """Units sold above stock: of all SKUs that orders hold, and of no others.

    Raises: as `explained`.
    """
    with stdout_kept_clean():
        return oversold_now(pair)


def explanation_text(found: Explanation) -> str:
    """The terms below each other, location by location."""
    if found.problem and not found.places:
        return ""
    inbox = f" Its key is {found.inbox} in the inbox." if found.inbox else ""
    parts = [f"{_head(found)}.{inbox}"]
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
    offer, level = place.offer, place.level
    rows += [
        ("can be promised", offer.promised, "the sum of the warehouses"),
        ("held by orders", -offer.held, "not allocated in Brightpearl"),
        ("kept back", -offer.buffer, "; ".join(kept.source for kept in place.buffers)),
        ("may be sold", offer.sellable, "what is left, never below 0"),
    ]
    if level is not None:
        if level.quantity != offer.sellable:
            rows.append(("to be on sale", level.quantity, "by mappings/stock.yaml"))
        rows += [
            ("in the store", level.on_hand, "on hand in BigCommerce"),
            ("its safety stock", -level.safety_stock, "set in the store"),
            ("on sale", level.on_sale, "what shoppers can buy now"),
        ]
    if place.agreed is not None:
        rows.append(("last agreed", place.agreed, "on sale when both sides last agreed"))
    if sent := place.pending:
        what = "set to" if sent.is_absolute else "added to"
        since = f"{what} {sent.base} in hand, since {to_iso(sent.at)}"
        rows.append(("on its way", sent.units, since))
    terms = table(["term", "units", "from"], rows)
    return f"Location {offer.location_id}\n{terms}\nwould be written: {place.writes}"


def oversold_text(found: dict[str, Any]) -> str:
    """What was sold above stock, the causes first."""
    if not found["oversold"]:
        held = counted(found["skus_held"], "SKU")
        return f"Nothing is sold above stock. Orders hold units of {held}."
    causes = table(["cause", "units"], list(found["causes"].items()))
    rows = [
        (one["sku"], one["units"], one["cause"], " ".join(one["orders"]))
        for one in found["oversold"]
    ]
    return f"{causes}\n\n{table(['SKU', 'units', 'cause', 'orders'], rows)}"

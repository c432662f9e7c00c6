"""Which places of the tables exist: what the store and the account know, read now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from tasks.policy import patiently
from tasks.reconciler.connections import Connections
from tasks.reference import read_reference
from tasks.stock.places import Places

KEPT_S = 3600.0
_kept: dict[tuple[str, str], tuple[float, Mapping[str, bool]]] = {}
"""When the store's locations were read, and whether each is enabled, by pair and store."""


def open_places(world: Connections, places: Places) -> tuple[Places, list[str]]:
    """The places less those that do not exist or are closed; what there is to say of these.

    A row that names one holds nothing else up.
    """
    locations = _locations(world)
    warehouses = read_reference(world).ids["warehouse"]
    kept = tuple(
        (warehouse, location)
        for warehouse, location in places.pairs
        if warehouse in warehouses and locations.get(location)
    )
    notes = [
        f"location {one} of stock_locations.csv "
        + ("is disabled in" if one in locations else "does not exist in")
        + " the store: nothing is sent there"
        for one in places.locations
        if not locations.get(one)
    ]
    notes += [
        f"warehouse {one} of stock_locations.csv does not exist in Brightpearl"
        for one in places.warehouses
        if one not in warehouses
    ]
    return replace(places, pairs=kept), notes


def _locations(world: Connections) -> Mapping[str, bool]:
    name = world.pair.name, world.pair.bigcommerce.api_url
    read_at, known = _kept.get(name, (0.0, {}))
    if not known or time.monotonic() - read_at > KEPT_S:
        found = patiently(world.bigcommerce.list_locations)
        known = {one.id: one.enabled for one in found}
        _kept[name] = time.monotonic(), known
    return known

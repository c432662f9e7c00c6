"""Where stock is sold from, and what is kept back: two tables, read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from core.errors import ConfigError
from core.ids import sku_key
from mappings.tables import Table, TableRow

ANY = "*"


@dataclass(frozen=True)
class Buffers:
    """Units kept back, by SKU, location and channel; `*` stands for any.

    For each channel the row that says most counts (its SKU before its location); what is kept back
    for several channels adds up.
    """

    rows: Mapping[tuple[str, str, str], int]

    def of(self, sku: str, location_id: str) -> int:
        """Units of a SKU (as compared) that are kept back at a location."""
        return sum(self._of_channel(sku, location_id, channel) for channel in self._channels)

    def _of_channel(self, sku: str, location_id: str, channel: str) -> int:
        places = ((sku, location_id), (sku, ANY), (ANY, location_id), (ANY, ANY))
        found = (self.rows.get((*place, channel)) for place in places)
        return next((units for units in found if units is not None), 0)

    @cached_property
    def skus(self) -> frozenset[str]:
        """SKUs with rows of their own."""
        return frozenset(sku for sku, _, _ in self.rows if sku != ANY)

    @cached_property
    def _channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(channel for _, _, channel in self.rows))


@dataclass(frozen=True)
class Places:
    """Which warehouses feed which locations of the store."""

    pairs: tuple[tuple[str, str], ...]
    """(warehouse, location): those of the location that sells first, else in the file's order."""
    buffers: Buffers

    @property
    def warehouses(self) -> tuple[str, ...]:
        """In the order in which orders take from them."""
        return tuple(dict.fromkeys(warehouse for warehouse, _ in self.pairs))

    @property
    def locations(self) -> tuple[str, ...]:
        """BigCommerce's location ids that are fed."""
        return tuple(dict.fromkeys(location for _, location in self.pairs))

    def feeding(self, location_id: str) -> tuple[str, ...]:
        """The warehouses of a location."""
        return tuple(warehouse for warehouse, location in self.pairs if location == location_id)


def read_places(stock_locations: Table, stock_buffers: Table, sales_location: str) -> Places:
    """The places that two tables describe.

    `stock_locations` has a warehouse in its left column and one or more locations, separated by
    spaces, in the right one; `stock_buffers` has `SKU | location | channel` and units.

    Raises: ConfigError naming table and line of what cannot be read.
    """
    pairs = [
        (row.value.strip(), location)
        for row in stock_locations.rows
        for location in row.becomes.split()
    ]
    for row in stock_locations.rows:
        if not all(part.isdecimal() for part in (row.value.strip(), *row.becomes.split())):
            raise _unreadable(stock_locations, row, "a warehouse id and location ids")
    pairs.sort(key=lambda pair: pair[1] != sales_location)
    return Places(tuple(dict.fromkeys(pairs)), Buffers(dict(_buffers(stock_buffers))))


def _buffers(table: Table) -> Iterator[tuple[tuple[str, str, str], int]]:
    for row in table.rows:
        parts = [part.strip() for part in row.value.split("|")]
        if len(parts) > 3 or not row.becomes.isdecimal():  # noqa: PLR2004 - SKU, location, channel
            raise _unreadable(table, row, "`SKU | location | channel` and whole units")
        sku, location, channel = (*parts, *[ANY] * (3 - len(parts)))
        yield (
            (sku if sku == ANY else sku_key(sku), location or ANY, channel or ANY),
            int(row.becomes),
        )


def _unreadable(table: Table, row: TableRow, wanted: str) -> ConfigError:
    return ConfigError(
        f"Line {row.line} of mappings/{table.file} cannot be read: it is to hold {wanted}.",
        remedy="Correct the line; mappings/README.md explains the tables.",
    )

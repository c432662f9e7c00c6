"""Where stock is sold from, and what is kept back: what two tables say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.errors import ConfigError
from core.ids import sku_key
from mappings.tables import Table, TableRow

ANY = "*"
Fed = tuple[str, str]
"""A warehouse, and a location that it feeds."""


@dataclass(frozen=True)
class Kept:
    """Units kept back by a row of `stock_buffers`."""

    units: int
    source: str
    """The row, for people."""


@dataclass(frozen=True)
class Buffers:
    """Units kept back, by SKU, location and channel; `*` stands for any.

    For each channel the row that says most counts (its SKU before its location); what is kept back
    for several channels adds up.
    """

    rows: Mapping[tuple[str, str, str], Kept]

    def units(self, sku: str, location_id: str) -> int:
        """Units of a SKU (as compared) that are kept back at a location."""
        return sum(one.units for one in self.of(sku, location_id))

    def of(self, sku: str, location_id: str) -> Iterator[Kept]:
        """The rows by which they are, one for each channel."""
        places = ((sku, location_id), (sku, ANY), (ANY, location_id), (ANY, ANY))
        for channel in self._channels:
            found = (self.rows.get((*place, channel)) for place in places)
            if row := next((one for one in found if one is not None), None):
                yield row

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

    pairs: tuple[Fed, ...]
    """(warehouse, location): those of the location that sells first, else in the file's order."""
    buffers: Buffers
    sources: Mapping[Fed, str] = field(default_factory=dict)
    """The lines of the table by which each is fed, for people."""

    @property
    def warehouses(self) -> tuple[str, ...]:
        """In the order in which orders take from them."""
        return tuple(dict.fromkeys(warehouse for warehouse, _ in self.pairs))

    @property
    def locations(self) -> tuple[str, ...]:
        """BigCommerce's location ids that are fed; the one that sells first."""
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
    sources: dict[Fed, list[str]] = {}
    for row in stock_locations.rows:
        warehouse, locations = row.value.strip(), row.becomes.split()
        if not all(part.isdecimal() for part in (warehouse, *locations)):
            raise _unreadable(stock_locations, row, "a warehouse id and location ids")
        for location in locations:
            sources.setdefault((warehouse, location), []).append(_shown(stock_locations, row))
    return Places(
        tuple(sorted(sources, key=lambda pair: pair[1] != sales_location)),
        Buffers(dict(_buffers(stock_buffers))),
        {pair: ", ".join(dict.fromkeys(lines)) for pair, lines in sources.items()},
    )


def _buffers(table: Table) -> Iterator[tuple[tuple[str, str, str], Kept]]:
    for row in table.rows:
        parts = [part.strip() for part in row.value.split("|")]
        if len(parts) > 3 or not row.becomes.isdecimal():  # noqa: PLR2004 - SKU, location, channel
            raise _unreadable(table, row, "`SKU | location | channel` and whole units")
        sku, location, channel = (*parts, *[ANY] * (3 - len(parts)))
        name = (sku if sku == ANY else sku_key(sku), location or ANY, channel or ANY)
        yield name, Kept(int(row.becomes), _shown(table, row))


def _shown(table: Table, row: TableRow) -> str:
    return f"mappings/{table.file}, line {row.line}: {row.value} → {row.becomes}"


def _unreadable(table: Table, row: TableRow, wanted: str) -> ConfigError:
    return ConfigError(
        f"Line {row.line} of mappings/{table.file} cannot be read: it is to hold {wanted}.",
        remedy="Correct the line; mappings/README.md explains the tables.",
    )

"""The tables of this package, as they are in `tables/`."""

import csv
from collections.abc import Iterator
from importlib import resources


def iter_table(name: str) -> Iterator[dict[str, str]]:
    """The rows of `tables/<name>.csv`, by column, one after the other."""
    path = resources.files("intelligence") / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def read_table(name: str) -> list[dict[str, str]]:
    """The same, all of them at once."""
    return list(iter_table(name))

"""The tables of this package, as they are in `tables/`."""

import csv
from importlib import resources


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of `tables/<name>.csv`, by column."""
    path = resources.files("intelligence") / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))

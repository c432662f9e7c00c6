"""Tables of tax codes, as few rows as a test needs."""

from __future__ import annotations

from mappings.tables import Table, TableRow
from mappings.tax_codes import TaxCodes


def tax_table(*keys: str) -> Table:
    """A table of these keys; each becomes itself, with a T before it."""
    return Table("tax_codes", tuple(TableRow(n, key, f"T{key}") for n, key in enumerate(keys, 2)))


def codes_of(*keys: str) -> TaxCodes:
    """The same, as rows are made with it."""
    return TaxCodes(tax_table(*keys))

"""What the cells of the shipped tables hold, checked before a version is published.

A table with a wrong cell can still be read, so that what is in force goes on; whatever needs the
cell refuses it by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from core.shipments import CARRIER_REGEX, PROVIDER_REGEX, PROVIDERS
from mappings.files import Problem
from mappings.tables import ANY, Table


class Cell(NamedTuple):
    """What a cell may hold, whole, and how that is called."""

    pattern: str
    name: str


TEXT = Cell(r"(?s).*", "any text")
ID = Cell(r"[1-9]\d*", "an id")
MAY_BE_ID = Cell(r"(?:[1-9]\d*)?", "an id or nothing")
STATUS = Cell(r"\d+", "a status id")
LOCATIONS = Cell(r"[1-9]\d*(?:\s+[1-9]\d*)*", "one or more location ids with spaces between them")
PROVIDER = Cell(
    PROVIDER_REGEX,
    f"one of BigCommerce's own provider codes ({', '.join(PROVIDERS)}) or nothing; any other "
    "courier belongs into carriers.csv",
)
CARRIER = Cell(CARRIER_REGEX, "a courier's slug at AfterShip, such as royal-mail")
UNITS = Cell(r"\d+", "a whole number of units")
BUFFERED = Cell(r"[^|]+(?:\|[^|]*){0,2}", "`SKU | location | channel`")
TABLES: Mapping[str, tuple[Cell, Cell]] = {
    "account_brands": (TEXT, TEXT),
    "account_categories": (TEXT, TEXT),
    "account_tax_codes": (STATUS, TEXT),
    "brands": (TEXT, TEXT),
    "categories": (TEXT, TEXT),
    "custom_fields": (Cell(r"PCF_\w+", "the code of a custom field, such as PCF_CARE"), TEXT),
    "product_statuses": (
        Cell(r"(?i:live|discontinued|archived)", "LIVE, DISCONTINUED or ARCHIVED"),
        Cell(r"(?i:yes|no)", "`yes` or `no`"),
    ),
    "product_types": (TEXT, ID),
    "tax_classes": (TEXT, STATUS),
    "account_statuses": (TEXT, ID),
    "carriers": (ID, CARRIER),
    "channels": (ID, ID),
    "companies": (TEXT, ID),
    "credit_statuses": (TEXT, ID),
    "currencies": (
        Cell(r"[A-Za-z]{3}", "a currency code"),
        Cell(r"[A-Za-z]{3}", "a currency code"),
    ),
    "customer_groups": (ID, MAY_BE_ID),
    "group_credit_terms": (ID, Cell(r"\d+", "a number of days")),
    "group_price_lists": (ID, ID),
    "line_kinds": (TEXT, Cell("goods|gift_certificate", "`goods` or `gift_certificate`")),
    "order_status": (STATUS, MAY_BE_ID),
    "pickup_locations": (ID, ID),
    "pickup_status": (STATUS, MAY_BE_ID),
    "price_lists": (ID, MAY_BE_ID),
    "price_rounding": (
        Cell(r"[A-Za-z]{3}", "a currency code"),
        Cell(r"\d+(\.\d+)?(-\d+(\.\d+)?)?", "what prices are multiples of, such as `0.01`"),
    ),
    "price_targets": (
        ID,
        Cell(
            r"|price|sale_price|retail_price|cost_price|list:.+",
            "`price`, `sale_price`, `retail_price`, `cost_price`, `list:` and a name, or nothing",
        ),
    ),
    "price_taxes": (ID, Cell(r"\d+(\.\d+)?", "a percentage")),
    "quarantine_locations": (ID, ID),
    "return_conditions": (
        TEXT,
        Cell(r"(?i:restock|quarantine)?", "`restock`, `quarantine` or nothing"),
    ),
    "shipment_methods": (ID, TEXT),
    "shipping_methods": (TEXT, ID),
    "shipping_providers": (ID, PROVIDER),
    "stock_buffers": (BUFFERED, UNITS),
    "stock_locations": (ID, LOCATIONS),
    "tracking_references": (
        TEXT,
        Cell(r"(?i:separator|placeholder)", "`separator` or `placeholder`"),
    ),
    "warehouses": (ID, ID),
}
"""Left and right column of each."""


def cell_problems(tables: Mapping[str, Table]) -> Iterator[Problem]:
    """Cells that hold something else than their table says, by file and line."""
    for name, (left, right) in TABLES.items():
        for row in tables[name].rows if name in tables else ():
            for column, cell, text in (("value", left, row.value), ("becomes", right, row.becomes)):
                is_any = column == "value" and text == ANY
                if not is_any and not re.fullmatch(cell.pattern, text):
                    found = f"{text!r} is not {cell.name}" if text else f"must be {cell.name}"
                    yield Problem(tables[name].file, row.line, column, found)

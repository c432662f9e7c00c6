"""What a mapping needs to know besides the frame it is applied to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.tables import Table


@dataclass(frozen=True)
class Context:
    """Facts of one batch."""

    zone: str
    """The store's IANA time zone."""
    tables: Mapping[str, Table]
    """By name, as `Bundle.tables`."""
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the names in `mappings.shapes.KNOWN`; keys as `core.ids.sku_key` makes them."""
    account_currency: str = ""
    """Brightpearl's base currency. Empty means: the store's own currency."""

"""Addresses of an order as Brightpearl takes them, and how two of them are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from connectors.brightpearl.models import Address

LINES = ("line_1", "line_2", "line_3", "line_4", "post_code", "country_iso3")
_NAMES = {
    "name": "full_name",
    "company": "company",
    "phone": "telephone",
    "email": "email",
    **{name: name for name in LINES},
}


def party(header: Mapping[str, Any], use: str) -> Address:
    """The billing or delivery address of one row of SALES_ORDERS."""
    return Address(**{ours: header[f"{use}_{name}"] or None for name, ours in _NAMES.items()})


def delivery_hash(header: Mapping[str, Any]) -> str:
    """The delivery address that an order should have, as it is compared and kept."""
    return address_hash(party(header, "delivery").plain)


def address_hash(plain: Mapping[str, str]) -> str:
    """An address without letter case and spacing, as a short text that tells nothing of it."""
    told = "\x1f".join(f"{name}={text}" for name, text in sorted(plain.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def spoken(header: Mapping[str, Any]) -> str:
    """The delivery address in one line, for a note that staff read in Brightpearl."""
    parts = (header[f"delivery_{name}"] for name in ("name", "company", *LINES))
    return ", ".join(part for part in parts if part)

"""The store's side of an order as one short text, to know our own echo from a real change.

Our word back to the store makes the store send an event about the order. When the order then reads
exactly as it stood when both sides agreed, nothing has happened, and no further request is spent.
Content is compared, never time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from core.frames import records
from core.orders import ORDERS
from tasks.orders.desired import Found

_STATE = [name for name in ORDERS if name not in {"modified_at", "in_brightpearl"}]


def fingerprints(
    found: Found, after: Mapping[str, tuple[str, str]] | None = None
) -> dict[str, str]:
    """One fingerprint per order of the batch.

    `after` gives, per order, the status and external id that the store has been told since.
    """
    told = after or {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for order in records(found.orders[_STATE]):
        if order["order_id"] in told:
            order["status_id"], order["external_order_id"] = told[order["order_id"]]
        parts[order["order_id"]] = [order]
    for rows in (found.lines, found.charges):
        for row in records(rows):
            parts[row["order_id"]].append(row)
    return {order_id: _digest(rows) for order_id, rows in parts.items()}


def _digest(rows: Iterable[Mapping[str, Any]]) -> str:
    texts = sorted("\x1f".join(f"{name}={value}" for name, value in row.items()) for row in rows)
    return hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:32]

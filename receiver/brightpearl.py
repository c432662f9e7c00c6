"""Brightpearl's webhooks: unsigned, so a secret in the path, and what do they name? Pure.

Source: API reference, webhooks. Everything arrives as text; ids may come as a set with ranges.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.ids import DROP_SHIP, GOODS_OUT, LARGEST_ID, PRODUCT, note_key

MOST_IDS = 10_000
"""Ids that one notice may name; a forged range must not fill the inbox."""
NOTES = {"goods-out-note": GOODS_OUT, "drop-ship-note": DROP_SHIP}
ON_HAND = "product.modified.on-hand-modified"
STEPS = ("printed", "picked", "packed")
"""Ends of events on the way to shipping, `un-picked` among them: nothing to report yet."""


def is_genuine(token: str, secrets: Collection[str]) -> bool:
    """Whether the path shows one of our secrets."""
    return any(hmac.compare_digest(token.encode(), one.encode()) for one in secrets)


@dataclass(frozen=True)
class Notice:
    """What a notice names, by Brightpearl's ids."""

    orders: list[str] = field(default_factory=list)
    """Sales orders, of which only linked ones are kept."""
    notes: list[str] = field(default_factory=list)
    """Keys of goods-out and drop-ship notes."""
    stock: list[str] = field(default_factory=list)
    """Keys of products whose stock changed."""
    products: list[str] = field(default_factory=list)
    """Keys of products that are new, changed or gone."""


def read_notice(notice: Mapping[str, Any]) -> Notice:
    """The records that a notice names; none for other events.

    Raises: KeyError or ValueError when ids are missing, malformed or too many.
    """
    event = str(notice["fullEvent"])
    ids = str(notice["id"])
    if event.startswith(("order.", "sales-order.")):
        return Notice(orders=parse_ids(ids))
    if event == ON_HAND:
        return Notice(stock=[f"{PRODUCT}{one}" for one in parse_ids(ids)])
    if event.startswith("product."):
        return Notice(products=[f"{PRODUCT}{one}" for one in parse_ids(ids)])
    for resource, kind in NOTES.items():
        if event.startswith(f"{resource}.") and not event.endswith(STEPS):
            return Notice(notes=[note_key(kind, one) for one in parse_ids(ids)])
    return Notice()


def parse_ids(text: str) -> list[str]:
    """The ids of a set such as `1-5,99,202`.

    Raises: ValueError.
    """
    found: list[int] = []
    for part in text.replace(".", ",").split(","):
        low, _, high = part.strip().partition("-")
        first, last = int(low), int(high or low)
        if not 0 < first <= last <= LARGEST_ID or last - first >= MOST_IDS - len(found):
            raise ValueError("not a set of ids, or too large a one")
        found.extend(range(first, last + 1))
    return [str(number) for number in found]

"""Brightpearl's webhooks: unsigned, so a secret in the path, and which orders do they name? Pure.

Source: API reference, webhooks. Everything arrives as text; ids may come as a set with ranges.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

MOST_IDS = 10_000
"""Ids that one notice may name; a forged range must not fill the inbox."""


def is_genuine(token: str, secret: str | None) -> bool:
    """Whether the path shows our secret."""
    return secret is not None and hmac.compare_digest(token.encode(), secret.encode())


def order_ids(notice: Mapping[str, Any]) -> list[str] | None:
    """Brightpearl's ids of the orders that a notice names; None for other events.

    Raises: KeyError or ValueError when ids are missing, malformed or too many.
    """
    event = str(notice["fullEvent"])
    ids = str(notice["id"])
    if not event.startswith(("order.", "sales-order.")):
        return None
    return parse_ids(ids)


def parse_ids(text: str) -> list[str]:
    """The ids of a set such as `1-5,99,202`.

    Raises: ValueError.
    """
    found: list[int] = []
    for part in text.replace(".", ",").split(","):
        low, _, high = part.strip().partition("-")
        first, last = int(low), int(high or low)
        if not 0 < first <= last or last - first >= MOST_IDS - len(found):
            raise ValueError("not a set of ids, or too large a one")
        found.extend(range(first, last + 1))
    return [str(number) for number in found]

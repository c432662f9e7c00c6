"""Numbers in headers."""

from __future__ import annotations

import math


def number(told: object) -> float | None:
    """The number that a header or field tells; None for nothing, nonsense or less than zero."""
    try:
        value = float(str(told))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None

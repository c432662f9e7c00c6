"""How tests wait for other threads and processes: for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_INTERVAL_S = 0.05


def eventually(holds: Callable[[], object], *, within_s: float = 30.0) -> bool:
    """Whether something becomes true in time."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True

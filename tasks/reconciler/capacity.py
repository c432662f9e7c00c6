"""How much all runs of a pair have in hand at once, which is what a worker needs memory for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

LEAST = 0.1
"""The part of a full batch that a run may always take, whatever the others have in hand."""


@dataclass
class Capacity:
    """One full batch, shared by all runs of a pair in this process.

    A batch counts by its part of the entity's largest one: 250 orders of 500 are as much as 1,000
    stock levels of 2,000. When every sweep of every entity begins in the same second, as Prefect
    lets them after a deploy, their batches are smaller, and there are more of them.
    """

    _held: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, holder: str, most: int) -> int:
        """How many records a run may take next, its last ones being done with. They count as taken.

        In: the run; the size of a full batch of its entity.
        """
        with self._lock:
            self._held.pop(holder, None)
            part = max(1.0 - sum(self._held.values()), LEAST)
            self._held[holder] = part
        return max(1, round(most * part))

    def hold(self, holder: str, count: int, most: int) -> None:
        """So many a run has taken in the end; none when it has ended."""
        with self._lock:
            self._held.pop(holder, None)
            if count:
                self._held[holder] = count / most

"""What a difference between both sides is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.money import ZERO
from tasks.money.reasons import Reason
from tasks.money.sides import Figures, Owner

Apart = Mapping[str, tuple[Decimal, Decimal]]
"""The store's and Brightpearl's amount, by figure; only those that differ."""
NOBODY = Owner("", "")


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same on both sides."""

    name: str
    """Of the order, or of its refund or credit, as both systems can be searched for it."""
    order_id: str
    reason: Reason
    owner: Owner
    """To which channel and currency its amounts belong."""
    apart: Apart = field(default_factory=dict)
    because: str = ""
    """Why this is known already; "" for what nobody has explained."""
    detail: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether it is known, and is being dealt with or needs nothing."""
        return bool(self.because)


def apart_in(
    ours: Figures, theirs: Figures, names: Collection[str]
) -> dict[str, tuple[Decimal, Decimal]]:
    """The figures of these names that differ; one that a side lacks is nought."""
    pairs = {name: (ours.get(name, ZERO), theirs.get(name, ZERO)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

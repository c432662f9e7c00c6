"""What must be true of a feed of stock or prices as a whole, whatever the single record says.

A feed that breaks one is most likely a fault of whoever made it: an export that stopped half-way, a
warehouse that vanished, a price list in another currency. Each breach
says what was found and what is usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

FEWEST = 20
"""Records below which shares of them mean nothing."""
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a feed: units of a SKU at a location, or one of its prices."""

    key: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the catalogue a feed touches."""

    changed: int
    """SKUs that it changes, as far as known."""
    catalogue: int
    """SKUs that are kept in all."""


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that a feed breaks."""

    name: str
    """`negative`, `all_zero`, `share_changed`, `units_moved` or `prices_moved`."""
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still usual; shares are in percent."""

    changed_percent: float = 60.0
    """Records that one feed changes, of all that are kept."""
    moved_percent: float = 60.0
    """Units that it moves up and down, of all that there were; how far most prices move."""


def check_stock(
    changes: Sequence[Change], *, catalogue: int, limits: Limits | None = None
) -> list[Breach]:
    """Invariants that a feed of stock breaks.

    In: `changes` units before and after; `catalogue` how many records are kept in all, of which
    those that are not among the changes stay as they are.
    """
    limits = limits or Limits()
    found = []
    if negative := [one.key for one in changes if one.after < 0]:
        found.append(Breach("negative", f"{len(negative)} would be negative, {negative[0]} first"))
    changed = [one for one in changes if one.after != one.before]
    count = len(changed)
    if count >= FEWEST and all(one.after == 0 for one in changes):
        found.append(Breach("all_zero", f"all of its {len(changes)} records are 0"))
    found += _share_changed(Extent(count, catalogue), limits)
    moved = sum(abs(one.after - one.before) for one in changed)
    total = sum(one.before for one in changes)
    if count >= FEWEST and len(changes) >= catalogue and total > 0:
        share = _percent(moved, total)
        if share > limits.moved_percent:
            usual = f"at most {limits.moved_percent:g} % are usual"
            found.append(Breach("units_moved", f"it moves {share:.0f} % of all units; {usual}"))
    return found


def check_prices(
    changes: Sequence[Change], extent: Extent, *, limits: Limits | None = None
) -> list[Breach]:
    """Invariants that a feed of prices breaks.

    In: `changes` prices that were one before and are another one after; new ones and those that are
    taken away are counted by `extent` alone.
    """
    limits = limits or Limits()
    found = []
    if len(changes) >= FEWEST and all(one.after == 0 for one in changes):
        found.append(Breach("all_zero", f"all of its {len(changes)} changed prices are 0"))
    found += _share_changed(extent, limits)
    moved = [_percent(abs(one.after - one.before), one.before) for one in changes if one.before]
    if len(moved) >= FEWEST and median(moved) > limits.moved_percent:
        reason = f"half of its {len(moved)} changed prices move by {median(moved):.0f} % or more"
        usual = f"at most {limits.moved_percent:g} % are usual"
        found.append(Breach("prices_moved", f"{reason}; {usual}"))
    return found


def _share_changed(extent: Extent, limits: Limits) -> list[Breach]:
    share = _percent(extent.changed, max(extent.catalogue, extent.changed))
    if extent.changed < FEWEST or share <= limits.changed_percent:
        return []
    usual = f"at most {limits.changed_percent:g} % are usual"
    return [Breach("share_changed", f"it changes {share:.0f} % of the catalogue; {usual}")]


def _percent(part: Decimal | int, whole: Decimal | int) -> float:
    return float(part) / float(whole) * PERCENT if whole else 0.0

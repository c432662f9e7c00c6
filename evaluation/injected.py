"""Events put into a series of hourly counts by chance, of the kinds and sizes of the labelled ones.

It makes series that the limits were not tuned on. The base is a labelled series whose own events
are first taken out: scaled back where they scaled, drawn anew where they erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KINDS = ("outage", "partial_drop", "spike", "duplicates", "level_shift")
OF_EACH_KIND = 5
WEEK = 168
FIRST_HOUR = 60 * 24
"""No event earlier, as in the labelled series."""
BETWEEN_H = 48
BUSY = 15
"""Events in the first hour of an outage or a spike, at least: at night neither would show."""
HOURS = {
    "outage": (4, 13),
    "partial_drop": (12, 49),
    "spike": (1, 4),
    "duplicates": (8, 25),
    "level_shift": (96, 169),
}
"""Kind → shortest, and longest plus one."""
FALLING = 0.7
"""Share of the shifts of level that go down."""
TRIES = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A labelled event: the indexes of its first and its last hour."""

    first: int
    last: int
    kind: str


def without_events(counts: Floats, events: Sequence[Event], seed: int = 0) -> Floats:
    """The series as it may have been before its events."""
    chance = np.random.default_rng(seed)
    masked = counts.copy()
    for event in events:
        masked[event.first : event.last + 1] = np.nan
    restored = counts.copy()
    for event in events:
        hours = range(event.first, event.last + 1)
        usual = np.array([_usual(masked, hour) for hour in hours])
        part = slice(event.first, event.last + 1)
        if event.kind in {"outage", "spike"}:
            restored[part] = chance.poisson(usual)
        else:
            share = counts[part].sum() / max(usual.sum(), 1.0)
            scaled = max(share, 1.5) if event.kind == "duplicates" else min(share, 0.75)
            restored[part] = np.round(counts[part] / scaled)
    return restored


def with_events(base: Floats, seed: int) -> tuple[Floats, list[Event]]:
    """The series with five events of each kind, and where they are."""
    chance = np.random.default_rng(seed)
    counts, used = base.copy(), np.zeros(len(base), dtype=bool)
    events = []
    for kind in KINDS:
        for _ in range(OF_EACH_KIND):
            event = _placed(base, used, kind, chance)
            part = slice(event.first, event.last + 1)
            used[part] = True
            counts[part] = _changed(base[part], kind, chance)
            events.append(event)
    return counts, sorted(events, key=lambda event: event.first)


def _usual(masked: Floats, hour: int) -> float:
    weeks = [hour + WEEK * week for week in (-3, -2, -1, 1, 2, 3)]
    values = [masked[one] for one in weeks if 0 <= one < len(masked) and np.isfinite(masked[one])]
    return float(np.median(values)) if values else float(np.nanmedian(masked))


def _placed(base: Floats, used: NDArray[np.bool_], kind: str, chance: np.random.Generator) -> Event:
    for _ in range(TRIES):
        length = int(chance.integers(*HOURS[kind]))
        first = int(chance.integers(FIRST_HOUR, len(base) - length - 24))
        near = slice(max(0, first - BETWEEN_H), first + length + BETWEEN_H)
        quiet = kind in {"outage", "spike"} and base[first] < BUSY
        if not used[near].any() and not quiet:
            return Event(first, first + length - 1, kind)
    raise ValueError(f"the series has no place for another event of kind {kind}")


def _changed(part: Floats, kind: str, chance: np.random.Generator) -> Floats:
    whole = part.astype(int)
    match kind:
        case "outage":
            return np.zeros_like(part)
        case "partial_drop":
            return chance.binomial(whole, chance.uniform(0.3, 0.5)).astype(float)
        case "spike":
            return np.asarray(np.round(part * chance.uniform(3.5, 5.5)))
        case "duplicates":
            return np.asarray(part + chance.binomial(whole, chance.uniform(0.6, 1.0)))
        case _:
            falls = chance.random() < FALLING
            factor = chance.uniform(0.5, 0.65) if falls else chance.uniform(1.5, 1.8)
            return np.asarray(np.round(part * factor))

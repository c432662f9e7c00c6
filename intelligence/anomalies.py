"""Hours whose counts do not fit their season: outages, drops, spikes, doublings, shifts of level.

Every hour is compared with the same local hour of the same kind of day in the weeks before it,
alone and together with the hours that precede it. Only the past is used, so that an hour gets the
same verdict live and in a replay. The first two weeks of a series teach only, and hours that nobody
counted are left out of every sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HOUR = timedelta(hours=1)
DAY = 24
FIRST_DAYS = 14
"""Days of a series that only teach; nothing is reported in them."""
WEEKS = 6
"""Weeks whose same hours an hour is compared with."""
WORKING_DAYS, WEEKEND_DAYS = 5, 2
LEAST_ALIKE = 3
"""Hours of the same kind that must have been counted before one is judged."""
LEVEL_DAYS, LEAST_LEVEL_DAYS = 21, 5
"""Days whose median says how far a season or growth has moved the level."""
SAME_ALARM_H = 24
"""An alarm stays open until so many hours passed without an unusual one."""
PRIOR = 10.0
"""Events added to both sides of every comparison, so that few events never are unusual."""
SILENCE = 40.0
"""Events expected in a row of empty hours that make the silence an outage."""
CHANCE = 4.0
"""Standard deviations of a Poisson count that must be exceeded besides."""
FEW, FAR = 2.0, 4.0
"""Events an hour below which means are taken, and standard deviations above which they are cut."""
OUTAGE_SHARE = 0.05
"""Counted by expected, at most, in an outage."""

# Hours of a window → logarithm of counted by expected from which the window is unusual. Tuned
# together on series with injected events, see evaluation/anomalies.py and docs/anomalies.md.
MORE: Mapping[int, float] = {1: 0.62, 2: 0.66, 8: 0.42, 12: 0.38, 24: 0.27, 48: 0.24}
LESS: Mapping[int, float] = {
    2: 1.3,
    4: 1.05,
    8: 0.8,
    12: 0.62,
    24: 0.54,
    48: 0.42,
    96: 0.33,
}


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of whole hours in a row; hours that nobody counted are NaN."""

    first: datetime
    """Aware UTC, on the hour."""
    counts: Floats

    @classmethod
    def of(cls, counted: Mapping[datetime, float]) -> Series:
        """The hours from the first to the last one counted; those in between are gaps."""
        if not counted:
            return cls(datetime.fromtimestamp(0, UTC), np.zeros(0))
        first, last = min(counted), max(counted)
        counts = np.full((last - first) // HOUR + 1, np.nan)
        for at, count in counted.items():
            counts[(at - first) // HOUR] = count
        return cls(first, counts)

    def at(self, place: int) -> datetime:
        """When the hour of that index began, aware UTC."""
        return self.first + place * HOUR


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Unusual hours that belong together."""

    first: datetime
    """Beginning of the first unusual hour, aware UTC."""
    last: datetime
    """Beginning of the last one."""
    kind: str
    """`outage`, `drop` or `surge`."""
    counted: float
    """Events in the window that was unusual most."""
    expected: float
    """Events in it by the same hours of earlier weeks."""
    reason: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was expected of each hour, and which hours are unusual."""

    expected: Floats
    """Events; 0 where too little is known."""
    unusual: Flags
    windows: Mapping[int, tuple[Floats, Floats]]
    """Hours of a window → events counted and expected in the one that ends with each hour."""
    strength: Mapping[int, Floats]
    """Hours of a window → how far its limit is exceeded, signed; 0 where it is not."""


def detect(series: Series, zone: str = "UTC", *, sensitivity: float = 1.0) -> Sequence[Anomaly]:
    """Alarms of a series, oldest first.

    `zone` is the local time that the season follows (IANA name). A `sensitivity` below 1 raises
    every limit, above 1 lowers it.
    """
    verdicts = judge(series, zone, sensitivity=sensitivity)
    places = np.flatnonzero(verdicts.unusual)
    if not len(places):
        return ()
    breaks = np.flatnonzero(np.diff(places) > SAME_ALARM_H)
    starts = [int(places[0]), *(int(place) for place in places[breaks + 1])]
    ends = [*(int(place) for place in places[breaks]), int(places[-1])]
    return [_alarm(series, verdicts, start, end) for start, end in zip(starts, ends, strict=True)]


def judge(series: Series, zone: str = "UTC", *, sensitivity: float = 1.0) -> Verdicts:
    """What is expected of each hour, and which are unusual. Arguments as for `detect`."""
    counts = series.counts
    expected = _expected(counts, _kinds(series, zone))
    known = np.isfinite(counts) & np.isfinite(expected)
    counted = np.where(known, counts, 0.0)
    awaited = np.where(known, expected, 0.0)
    windows: dict[int, tuple[Floats, Floats]] = {}
    strength: dict[int, Floats] = {}
    unusual = np.zeros(len(counts), dtype=bool)
    for hours in sorted(MORE.keys() | LESS.keys()):
        events, usual = _sum_of_last(counted, hours), _sum_of_last(awaited, hours)
        windows[hours] = events, usual
        ratio = np.log((events + PRIOR) / (usual + PRIOR)) * sensitivity
        by_chance = np.abs(events - usual) < CHANCE * np.sqrt(usual + 1.0)
        above = ratio / MORE.get(hours, np.inf)
        below = -ratio / LESS.get(hours, np.inf)
        beyond = np.where(above > 1, above, np.where(below > 1, -below, 0.0))
        strength[hours] = np.where(by_chance | ~known, 0.0, beyond)
        unusual |= strength[hours] != 0
    unusual |= _silence(counted, awaited, known) * sensitivity > SILENCE
    unusual[: FIRST_DAYS * DAY] = False
    return Verdicts(awaited, unusual, windows, strength)


def _kinds(series: Series, zone: str) -> NDArray[np.int64]:
    """The kind of each hour: its local hour, 24 more at weekends. Follows daylight saving."""
    local = ZoneInfo(zone)
    kinds = np.empty(len(series.counts), dtype=np.int64)
    for place in range(len(kinds)):
        at = series.at(place).astimezone(local)
        kinds[place] = at.hour + (DAY if at.weekday() >= WORKING_DAYS else 0)
    return kinds


def _expected(counts: Floats, kinds: NDArray[np.int64]) -> Floats:
    """Events usual in each hour: the median of its kind, at the level of the last weeks."""
    usual = np.full_like(counts, np.nan)
    for kind in np.unique(kinds):
        places = np.flatnonzero(kinds == kind)
        size = WEEKS * (WEEKEND_DAYS if kind >= DAY else WORKING_DAYS)
        padded = np.concatenate([np.full(size, np.nan), counts[places]])
        before = sliding_window_view(padded, size)[: len(places)]
        enough = np.isfinite(before).sum(axis=1) >= LEAST_ALIKE
        if enough.any():
            usual[places[enough]] = _middle(before[enough])
    known = np.isfinite(counts) & np.isfinite(usual)
    day = _sum_of_last(np.where(known, counts, 0.0), DAY)
    usual_day = _sum_of_last(np.where(known, usual, 0.0), DAY)
    moved = np.where(usual_day > 0, day / np.maximum(usual_day, 1.0), np.nan)
    return usual * _level(moved)


def _middle(alike: Floats) -> Floats:
    """The median of each row; of few events, the mean without what is far above it.

    The median of an hour that has an event every other day is 0, which would make two days with
    some of them seem a surge.
    """
    median = np.nanmedian(alike, axis=1)
    most = median + FAR * np.sqrt(median + 1.0)
    mean = np.nanmean(np.minimum(alike, most[:, None]), axis=1)
    return np.where(median < FEW, mean, median)


def _level(moved: Floats) -> Floats:
    """Median of what the last three weeks were by their own expectation, a value a day."""
    level = np.ones_like(moved)
    span = LEVEL_DAYS * DAY
    padded = np.concatenate([np.full(span, np.nan), moved])
    days = sliding_window_view(padded, span)[: len(moved), ::-DAY]
    enough = np.isfinite(days).sum(axis=1) >= LEAST_LEVEL_DAYS
    if enough.any():
        level[enough] = np.nanmedian(days[enough], axis=1)
    return level


def _sum_of_last(values: Floats, hours: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    summed: Floats = total[ends] - total[np.maximum(ends - hours, 0)]
    return summed


def _silence(counted: Floats, expected: Floats, known: Flags) -> Floats:
    """Events expected in the empty hours in a row that end with each hour."""
    waiting = np.zeros_like(counted)
    total = 0.0
    for place in np.flatnonzero(known):
        total = total + expected[place] if counted[place] == 0 else 0.0
        waiting[place] = total
    return waiting


def _alarm(series: Series, verdicts: Verdicts, start: int, end: int) -> Anomaly:
    part = slice(start, end + 1)
    hours = max(
        verdicts.strength, key=lambda one: float(np.abs(verdicts.strength[one][part]).max())
    )
    place = start + int(np.abs(verdicts.strength[hours][part]).argmax())
    counted, expected = (float(values[place]) for values in verdicts.windows[hours])
    if counted > expected:
        kind = "surge"
    else:
        kind = "outage" if counted <= OUTAGE_SHARE * expected else "drop"
    span = "in an hour" if hours == 1 else f"in {hours} hours"
    reason = f"{counted:.0f} {span} where {expected:.0f} are usual"
    return Anomaly(series.at(start), series.at(end), kind, counted, expected, reason)

"""Anomaly detection on labelled hours, and on series with events that no limit was tuned on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.figures import Figure
from evaluation.injected import Event, with_events, without_events
from evaluation.reading import read_json, read_rows
from intelligence.anomalies import DAY, FIRST_DAYS, HOUR, Series, detect, judge

Floats = NDArray[np.float64]

AFTER_H = 24
"""An alarm that begins so soon after an event is not counted as a false one."""
HELD_OUT = range(200, 208)
WEEK = 168
YEAR = 8760
OUTAGE_H = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """How the alarms of one series compare with its events."""

    hits: Sequence[bool]
    false_per_week: float
    outage_delays: Sequence[float]
    """Hours from the beginning of each outage to its alarm; infinite where none came."""


def evaluate(data: Path) -> list[Figure]:
    """Share of events found, false alarms a week, delay of outages and time."""
    figures: list[Figure] = []
    folder = data / "anomaly_orders"
    if folder.is_dir():
        series, events = _labelled(folder)
        figures += _figures("", [_judge(series, events)])
        base = without_events(series.counts, events)
        made = [with_events(base, seed) for seed in HELD_OUT]
        judged = [_judge(Series(series.first, counts), found) for counts, found in made]
        figures += _figures(" (held-out events)", judged)
    if (data / "nab").is_dir():
        figures += _nab(data / "nab")
    chance = np.random.default_rng(1)
    rate = 20 + 15 * np.sin(np.arange(YEAR) * 2 * np.pi / DAY)
    year = Series(datetime(2025, 1, 1, tzinfo=UTC), chance.poisson(rate).astype(float))
    started = time.perf_counter()
    detect(year, "Europe/London")
    figures.append(Figure("seconds for a year", time.perf_counter() - started, 2, "at most"))
    return figures


def _figures(suffix: str, judged: Sequence[Judged]) -> list[Figure]:
    hits = [hit for one in judged for hit in one.hits]
    false = float(np.mean([one.false_per_week for one in judged]))
    delays = np.array([delay for one in judged for delay in one.outage_delays])
    return [
        Figure(f"recall{suffix}", float(np.mean(hits)), 0.96),
        Figure(f"false alarms a week{suffix}", false, 0.5, "at most"),
        Figure(f"outages within 2 h{suffix}", float(np.mean(delays <= OUTAGE_H)), 0.96),
    ]


def _labelled(folder: Path) -> tuple[Series, list[Event]]:
    rows = read_rows(folder / "orders_hourly.csv", ("timestamp", "orders"))
    hours = [_at(row["timestamp"]) for row in rows]
    counts = [float(row["orders"]) for row in rows]
    series = Series.of(dict(zip(hours, counts, strict=True)))
    labels = read_json(folder / "labels.json")
    events = [
        Event(
            (_at(label["start"]) - series.first) // HOUR,
            (_at(label["end"]) - series.first) // HOUR,
            label["kind"],
        )
        for label in labels
    ]
    return series, events


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _judge(series: Series, events: Sequence[Event]) -> Judged:
    unusual = judge(series).unusual
    hits, delays = [], []
    for event in events:
        places = np.flatnonzero(unusual[event.first : event.last + 1])
        hits.append(bool(len(places)))
        if event.kind == "outage":
            # An alarm is given when its hour has ended.
            delays.append(float(places[0]) + 1 if len(places) else float("inf"))
    false = 0
    for alarm in detect(series):
        first, last = (alarm.first - series.first) // HOUR, (alarm.last - series.first) // HOUR
        false += not any(first <= event.last + AFTER_H and last >= event.first for event in events)
    weeks = (len(series.counts) - FIRST_DAYS * DAY) / WEEK
    return Judged(hits, false / weeks, delays)


def _nab(folder: Path) -> list[Figure]:
    """Public series of other kinds; their labels are windows, and no bar is meant for them."""
    windows = read_json(folder / "windows.json")
    judged = []
    for name, spans in windows.items():
        rows = read_rows(folder / name, ("timestamp", "value"))
        values = pd.Series(
            [float(row["value"]) for row in rows],
            index=pd.DatetimeIndex([row["timestamp"] for row in rows]),
        )
        hourly = values.resample("h").sum(min_count=1)
        first = hourly.index[0].to_pydatetime().replace(tzinfo=UTC)
        series = Series(first, np.asarray(hourly, dtype=np.float64))
        if len(series.counts) <= FIRST_DAYS * DAY:
            continue
        events = [
            Event((_at(start) - first) // HOUR, (_at(end) - first) // HOUR, "window")
            for start, end in spans
            if (_at(end) - first) // HOUR >= FIRST_DAYS * DAY
        ]
        judged.append(_judge(series, events))
    hits = [hit for one in judged for hit in one.hits]
    false = float(np.mean([one.false_per_week for one in judged])) if judged else 0.0
    return [
        Figure("nab: windows found", float(np.mean(hits)) if hits else 0.0),
        Figure("nab: other alarms a week", false),
    ]

"""Hours are compared with their season; gaps, beginnings and clock changes raise no alarm."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from intelligence.anomalies import HOUR, Anomaly, Series, detect, judge

BEGINNING = datetime(2025, 2, 3, tzinfo=UTC)
WEEK = 168
WEEKS = 10


def usual(weeks: int = WEEKS, seed: int = 1) -> NDArray[np.float64]:
    hours = np.arange(weeks * WEEK)
    rate = 60 + 50 * np.sin((hours % 24 - 8) / 24 * 2 * np.pi)
    return np.random.default_rng(seed).poisson(np.maximum(rate, 2)).astype(float)


def alarms(counts: NDArray[np.float64], zone: str = "UTC") -> list[Anomaly]:
    return list(detect(Series(BEGINNING, counts), zone))


def noon(week: int) -> int:
    return week * WEEK + 2 * 24 + 12


def test_a_usual_series_has_no_alarm() -> None:
    assert alarms(usual()) == []


def test_an_outage_at_noon_is_found_within_two_hours() -> None:
    counts = usual()
    counts[noon(7) : noon(7) + 6] = 0

    (alarm,) = alarms(counts)

    assert alarm.first - (BEGINNING + noon(7) * HOUR) < timedelta(hours=2)
    assert alarm.kind == "outage"
    assert alarm.reason.startswith("0 in ")


def test_a_spike_of_one_hour_is_a_surge() -> None:
    counts = usual()
    counts[noon(7)] *= 5

    (alarm,) = alarms(counts)

    assert alarm.kind == "surge"
    assert alarm.first == BEGINNING + noon(7) * HOUR


def test_a_lasting_loss_of_a_third_is_a_drop() -> None:
    counts = usual()
    counts[noon(7) : noon(7) + 120] *= 0.6

    assert "drop" in {alarm.kind for alarm in alarms(counts)}


@given(hour=st.integers(0, 13 * 24), factor=st.sampled_from([0.0, 8.0]))
@settings(max_examples=15, deadline=None)
def test_nothing_is_reported_in_the_first_two_weeks(hour: int, factor: float) -> None:
    counts = usual(weeks=3)
    counts[hour : hour + 12] *= factor

    assert not judge(Series(BEGINNING, counts)).unusual[: 14 * 24].any()


def test_hours_that_nobody_counted_are_no_outage() -> None:
    counts = usual()
    counts[noon(7) : noon(7) + 30] = np.nan

    assert alarms(counts) == []


def test_an_outage_that_goes_on_after_a_gap_is_found() -> None:
    counts = usual()
    counts[noon(7) : noon(7) + 3] = np.nan
    counts[noon(7) + 3 : noon(7) + 6] = 0

    assert [alarm.kind for alarm in alarms(counts)] == ["outage"]


def test_the_season_follows_daylight_saving() -> None:
    """A shop that opens at eight local time opens an hour earlier by UTC from 30 March on."""
    counts = {}
    for hour in range(WEEKS * WEEK):
        at = BEGINNING + hour * HOUR
        summer = at >= datetime(2025, 3, 30, 1, tzinfo=UTC)
        local = (at.hour + summer) % 24
        counts[at] = 90.0 if 8 <= local < 20 else 1.0

    assert list(detect(Series.of(counts), "Europe/London")) == []
    assert list(detect(Series.of(counts), "UTC")) != []


def test_an_hour_gets_the_same_verdict_live_and_in_a_replay() -> None:
    counts = usual()
    counts[noon(6) : noon(6) + 5] = 0
    end = noon(6) + 3

    whole = judge(Series(BEGINNING, counts)).unusual[:end]

    assert (judge(Series(BEGINNING, counts[:end])).unusual == whole).all()


def test_few_events_are_never_unusual() -> None:
    counts = np.random.default_rng(3).poisson(0.3, WEEKS * WEEK).astype(float)

    assert alarms(counts) == []


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_short_series_have_no_alarm(hours: int) -> None:
    assert alarms(usual()[:hours]) == []


def test_a_series_is_made_of_what_was_counted() -> None:
    series = Series.of({BEGINNING: 3, BEGINNING + 2 * HOUR: 4})

    assert series.at(2) == BEGINNING + 2 * HOUR
    assert [str(count) for count in series.counts] == ["3.0", "nan", "4.0"]


def test_nothing_counted_is_an_empty_series() -> None:
    assert list(detect(Series.of({}))) == []

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.times import from_text, local_date, to_iso, utc_now

moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone itself
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001 - the strategy adds the zone itself
    timezones=st.builds(
        lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60)
    ),
)


@given(moments)
def test_an_rfc_2822_date_keeps_its_second(moment: datetime) -> None:
    back = from_text(format_datetime(moment))

    assert back == moment.replace(microsecond=0)
    assert back.tzinfo is UTC


@given(moments)
def test_an_iso_date_keeps_its_millisecond_and_says_z(moment: datetime) -> None:
    text = to_iso(moment)

    assert text.endswith("Z")
    assert from_text(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_dates_of_bigcommerce_are_read_as_the_fact_sheet_shows() -> None:
    moment = datetime(2018, 1, 10, 21, 5, 30, tzinfo=UTC)

    assert from_text("Wed, 10 Jan 2018 21:05:30 +0000") == moment
    assert from_text("Wed, 10 Jan 2018 22:05:30 +0100") == moment


@pytest.mark.parametrize(
    "text", ["2025-06-01T10:00:00", "2025-06-01T10:00:00Z", "2025-06-01T12:00:00.000+02:00"]
)
def test_a_text_without_an_offset_is_utc_and_others_become_it(text: str) -> None:
    assert from_text(text) == datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert from_text(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_text(text)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2025, 3, 29, 23, 59, tzinfo=UTC), date(2025, 3, 29)),
        (datetime(2025, 3, 30, 23, 30, tzinfo=UTC), date(2025, 3, 31)),
        (datetime(2025, 10, 26, 0, 30, tzinfo=UTC), date(2025, 10, 26)),
        (datetime(2025, 10, 26, 23, 30, tzinfo=UTC), date(2025, 10, 26)),
    ],
)
def test_the_local_day_follows_the_clock_change(moment: datetime, day: date) -> None:
    """Scenario C15: London goes to summer time on 30 March 2025 and back on 26 October."""
    assert local_date(moment, "Europe/London") == day


def test_this_moment_is_aware() -> None:
    assert utc_now().tzinfo is UTC

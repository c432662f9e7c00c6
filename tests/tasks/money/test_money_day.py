"""Which moments belong to a day of the store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import ConfigError
from core.times import Day
from tasks.money.audit import requested_day

NOW = datetime(2026, 3, 10, 3, 30, tzinfo=UTC)


def test_where_no_day_is_named_it_is_the_stores_yesterday() -> None:
    assert requested_day(None, "Europe/London", NOW).on == date(2026, 3, 9)
    assert requested_day(None, "America/Los_Angeles", NOW).on == date(2026, 3, 8)
    assert requested_day(None, "Asia/Tokyo", NOW).on == date(2026, 3, 9)


@pytest.mark.parametrize("text", ["10.3.2026", "yesterday", "2026-02-30", "3d"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a day"):
        requested_day(text, "Europe/London", NOW)


def test_a_day_that_has_not_begun_is_refused_and_today_is_not() -> None:
    assert requested_day("2026-03-10", "Europe/London", NOW).on == date(2026, 3, 10)
    with pytest.raises(ConfigError, match="has not begun"):
        requested_day("2026-03-10", "America/Los_Angeles", NOW)


@pytest.mark.parametrize(
    ("on", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_is_as_long_as_the_stores_clocks_make_it(on: str, hours: int) -> None:
    day = Day(date.fromisoformat(on), "Europe/London")
    assert day.ends_at - day.starts_at == timedelta(hours=hours)
    assert day.holds(day.starts_at)
    assert not day.holds(day.ends_at)
    assert not day.holds(None)

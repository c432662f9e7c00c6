"""The money tie-out of a day: what is asked for, and what is concluded from both sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from connectors.budget import Priority
from core.errors import ConfigError
from core.times import Day, local_date, to_iso
from tasks.bigcommerce.orders import time_zone
from tasks.money.matching import Comparison
from tasks.money.reasons import read_sync_states
from tasks.money.report import HEADINGS, findings, says, totals_of_orders, totals_of_refunds
from tasks.money.sides import AccountDay, StoreDay
from tasks.policy import PURE, RETRIED, step
from tasks.reconciler.audit import conclude
from tasks.reconciler.connections import connect


@dataclass(frozen=True)
class TieOut:
    """What was asked for, and when."""

    pair: str
    day: Day
    started_at: datetime
    requests: Counter[str]
    """Requests sent before, by system."""


@step("choose-day", RETRIED)
def begin(pair: str, day: str | None) -> TieOut:
    """The day in the store's own time zone; yesterday unless one is named.

    Raises: ConfigError for what is no day, or for one that has not begun; TransientError.
    """
    connections = connect(pair).at(Priority.BACKFILL)
    started_at, requests = connections.clock(), connections.requests()
    asked = requested_day(day, time_zone(connections), started_at)
    return TieOut(pair, asked, started_at, requests)


@step("tie-out", PURE)
def tie_out(asked: TieOut, store: StoreDay, account: AccountDay) -> dict[str, Any]:
    """Compare, add up, keep and publish; the whole document. Reads our own database only."""
    connections, day = connect(asked.pair), asked.day
    order_ids = {*store.orders, *store.unreadable, *account.orders, *store.other_groups} - {""}
    known = read_sync_states(connections, order_ids)
    importable = {str(one) for one in connections.pair.orders.importable_statuses} - {"0"}
    both = Comparison(store, account, known, importable)
    of_orders = both.orders()
    refunds, credits_ = both.refunds_of(day)
    of_refunds = both.refunds(refunds, credits_)
    orders = totals_of_orders(store, account, of_orders)
    refunded = totals_of_refunds(store, refunds, credits_, of_refunds)
    # A refund of one of the day's own orders is named once.
    differences = [*of_orders, *(one for one in of_refunds if one.order_id not in store.orders)]
    found = {
        "since": to_iso(day.starts_at),
        "until": to_iso(day.ends_at),
        **findings(day, orders, refunded, differences),
        "requests": connections.requests() - asked.requests,
    }
    return conclude(
        connections,
        "audit-money",
        found,
        says=says(found),
        headings=HEADINGS,
        agrees=not found["unexplained"],
        started_at=asked.started_at,
    )


def requested_day(text: str | None, zone: str, now: datetime) -> Day:
    """The day that is asked for; the store's yesterday where none is.

    Raises: ConfigError for what is no date, and for a day that has not begun.
    """
    today = local_date(now, zone)
    if not text:
        return Day(today - timedelta(days=1), zone)
    try:
        asked = date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a day.", remedy="Write it as 2026-11-24.") from error
    if asked > today:
        raise ConfigError(f"The day {asked} has not begun in the store's time zone, {zone}.")
    return Day(asked, zone)

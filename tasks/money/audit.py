"""The money tie-out of a day: what is asked for, and what is concluded from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.times import to_iso, utc_now
from tasks.audit import conclude
from tasks.money.compare import absent_orders, compare
from tasks.money.compare_refunds import compare_refunds, owners_of_day, refunds_of_day
from tasks.money.day import Day, the_day
from tasks.money.known import read_known
from tasks.money.report import HEADINGS, findings, says
from tasks.money.sides import AccountSide, StoreSide
from tasks.money.totals import lines_of_orders, lines_of_refunds
from tasks.policy import PATIENT, PURE, patiently, step
from tasks.reconciler.connections import Connections, connect


@dataclass(frozen=True)
class TieOut:
    """What was asked for, and when."""

    pair: str
    day: Day
    started_at: datetime
    sent: Mapping[str, int]
    """Requests sent before, by system."""


@step("choose-day", PATIENT)
def begin(pair: str, day: str | None) -> TieOut:
    """The day in the store's own time zone; yesterday unless one is named.

    Raises: ConfigError for what is no day, or for one that has not begun; TransientError.
    """
    world, now = connect(pair), utc_now()
    sent = _sent(world)
    zone = patiently(world.bigcommerce.get_store).time_zone
    return TieOut(pair, the_day(day, zone, now), now, sent)


@step("tie-out", PURE)
def tie_out(asked: TieOut, store: StoreSide, account: AccountSide) -> dict[str, Any]:
    """Compare, add up, keep and publish; the whole document. Reads our own database only."""
    world, day = connect(asked.pair), asked.day
    owners = owners_of_day(store)
    known = read_known(world, {*store.sales, *store.unreadable, *account.bookings, *owners} - {""})
    importable = {str(one) for one in world.pair.orders.importable_statuses} - {"0"}
    absent = absent_orders(store, account, known, importable)
    of_orders = compare(store, account, known, absent)
    refunds, credits_ = refunds_of_day(day, store, account)
    of_refunds = compare_refunds(refunds, credits_, owners, known, absent)
    others = [one for one in of_refunds if one.order_id not in store.sales]
    differences = [*of_orders, *others]
    order_lines = lines_of_orders(store, account, of_orders)
    refund_lines = lines_of_refunds(refunds, credits_, owners, of_refunds)
    found = {
        "since": to_iso(day.starts_at),
        "until": to_iso(day.ends_at),
        **findings(day, order_lines, refund_lines, differences),
        "requests": {system: sent - asked.sent[system] for system, sent in _sent(world).items()},
    }
    return conclude(
        world,
        "audit-money",
        found,
        says=says(found, order_lines, refund_lines),
        headings=HEADINGS,
        agrees=not found["unexplained"],
        started_at=asked.started_at,
    )


def _sent(world: Connections) -> dict[str, int]:
    return {
        "bigcommerce": world.bigcommerce.usage().sent,
        "brightpearl": world.brightpearl.usage().sent,
    }

"""The money tie-out of a day: what is asked for, and what is concluded from both sides.

It is kept as totals, as a document and in words: order numbers, ids and amounts; nothing personal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.budget import Priority
from core.errors import ConfigError
from core.money import CENT, ZERO
from core.times import Day, local_date, to_iso
from core.words import counted
from tasks.bigcommerce.orders import importable_statuses, time_zone
from tasks.bigcommerce.population import Known, Population, count_orders
from tasks.bigcommerce.refunds import REFUNDS
from tasks.brightpearl.sales_orders import ORDERS
from tasks.money import sides
from tasks.money.matching import Comparison, MoneyDifference
from tasks.money.reasons import read_sync_states
from tasks.money.sides import AccountDay, Figure, Figures, StoreDay
from tasks.policy import PURE, RETRIED, step
from tasks.reconciler.audit import conclude, requeue, unsettled
from tasks.reconciler.connections import connect, current_bundle
from tasks.reconciler.report import table

HEADINGS = {
    "unexplained": "Differ, and nobody knows why",
    "explained": "Differ, and it is known why",
}
SHOWN = (
    Figure.ORDERS,
    *sides.STORE_ONLY,
    *sides.ORDER[1:-1],
    Figure.REFUNDED,
    Figure.REFUNDED_TAX,
    Figure.PAID,
    Figure.PAID_BACK,
)
"""Figures of the day's orders, as they follow each other."""
COUNTED = {Figure.ORDERS, Figure.REFUNDS}
"""Figures that are no amounts."""
TITLES = {
    Figure.GOODS: "sold less discounts",
    Figure.REFUNDED_TAX: "tax refunded",
    Figure.PAID_BACK: "paid back",
}
COLUMNS = ["channel", "currency", "figure", "BigCommerce", "Brightpearl", "difference", "explained"]


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
    connections = connect(pair).at(Priority.CATALOGUE)
    started_at, requests = connections.clock(), connections.requests()
    asked = requested_day(day, time_zone(connections), started_at)
    return TieOut(pair, asked, started_at, requests)


@step("tie-out", PURE)
def tie_out(asked: TieOut, store: StoreDay, account: AccountDay) -> dict[str, Any]:
    """Compare, add up, keep and publish; the whole document. Uses our own database only.

    Orders on both sides that differ, and nobody can explain it, are compared once more by the syncs
    of orders and refunds, all of their money read anew.
    """
    connections, day = connect(asked.pair), asked.day
    order_ids = {*store.orders, *store.unreadable, *account.orders, *store.other_groups} - {""}
    known = read_sync_states(connections, order_ids)
    bundle = current_bundle(connections)
    statuses = importable_statuses(connections.pair.orders, bundle)
    importable = {str(one) for one in statuses}
    both = Comparison(store, account, known, importable)
    population = count_orders(
        store.documents.values(),
        Known(
            live={key for key in account.orders if account.live(key)},
            cancelled=account.orders.keys(),
            waiting=unsettled(connections, ORDERS, list(store.documents)),
            importable=statuses,
        ),
        unreadable=len(store.unreadable - store.orders.keys()),
    )
    of_orders = both.orders()
    refunds, credits_ = both.refunds_of(day)
    of_refunds = both.refunds(refunds, credits_)
    orders = totals_of_orders(store, account, of_orders)
    refunded = totals(store, refunds, credits_, of_refunds)
    # A refund of one of the day's own orders is named once.
    differences = [*of_orders, *(one for one in of_refunds if one.order_id not in store.orders)]
    booked = {key for key in store.orders if account.live(key)}
    unexplained = {one.order_id for one in differences if not one.is_explained}
    requeue(connections, REFUNDS, unexplained & booked)
    found = {
        "since": to_iso(day.starts_at),
        "until": to_iso(day.ends_at),
        **findings(day, orders, refunded, differences),
        "population": population.document(),
        "requeued": requeue(connections, ORDERS, unexplained & booked),
        "requests": connections.requests() - asked.requests,
    }
    return conclude(
        connections,
        "audit-money",
        found,
        says=says(found, population),
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


@dataclass(frozen=True)
class GroupTotals:
    """Both sides of a day added up: one channel and currency."""

    group: sides.ChannelCurrency
    store: Figures
    account: Figures
    explained: Figures
    """What of the difference is known already."""

    def difference(self, name: Figure) -> Decimal:
        """The store's figure less Brightpearl's; zero where only the store has one."""
        if name in sides.STORE_ONLY:
            return ZERO
        return self.store.get(name, ZERO) - self.account.get(name, ZERO)

    def document(self, names: Sequence[Figure]) -> dict[str, Any]:
        """As JSON has it: counts as numbers, amounts as text."""
        compared = [name for name in names if name not in sides.STORE_ONLY]
        return {
            "channel": self.group.channel_id,
            "currency": self.group.currency_code,
            "bigcommerce": {n.value: _value(n, self.store.get(n, ZERO)) for n in names},
            "brightpearl": {n.value: _value(n, self.account.get(n, ZERO)) for n in compared},
            "difference": {n.value: _value(n, self.difference(n)) for n in compared},
            "explained": {n.value: _value(n, self.explained.get(n, ZERO)) for n in compared},
        }


def totals_of_orders(
    store: StoreDay, account: AccountDay, differences: Iterable[MoneyDifference]
) -> list[GroupTotals]:
    """The orders placed on the day, with all their refunds and payments so far."""
    sold = [one for one in store.orders.values() if one.is_sold]
    booked = [
        one
        for key, one in account.orders.items()
        if key not in store.of_other_days and not one.is_cancelled
    ]
    refunds = [one for one in store.refunds if one.order_id in store.orders]
    credits_ = [one for one in account.credits if one.order_id in store.orders]
    return totals(store, [*sold, *refunds], [*booked, *credits_], differences)


def totals(
    store: StoreDay,
    in_store: Iterable[sides.Counted],
    in_account: Iterable[sides.Counted],
    differences: Iterable[MoneyDifference],
) -> list[GroupTotals]:
    """Both sides, and what is explained of their difference, by channel and currency."""
    parts: dict[sides.ChannelCurrency, tuple[list[Figures], list[Figures], list[Figures]]]
    parts = defaultdict(lambda: ([], [], []))
    for one in in_store:
        parts[store.group_of(one)][0].append(one.figures)
    for one in in_account:
        parts[store.group_of(one)][1].append(one.figures)
    for difference in differences:
        if difference.is_explained:
            explained = {name: a - b for name, (a, b) in difference.amounts.items()}
            parts[difference.group][2].append(explained)
    return [
        GroupTotals(group, *map(sides.total_of, parts[group]))
        for group in sorted(
            parts, key=lambda one: (len(one.channel_id), one.channel_id, one.currency_code)
        )
    ]


def findings(
    day: Day,
    orders: Sequence[GroupTotals],
    refunds: Sequence[GroupTotals],
    differences: Sequence[MoneyDifference],
) -> dict[str, Any]:
    """What the audit found, as its document has it.

    Each thing that differs counts by the cents of its largest figure, and is put into words:
    reason, amounts, and why it is known.
    """
    cents = {"unexplained": 0, "explained": 0}
    texts: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in cents}
    for one in differences:
        heading = "explained" if one.is_explained else "unexplained"
        amounts = {name: both for name, both in one.amounts.items() if name not in COUNTED}
        cents[heading] += max((int(abs(a - b) / CENT) for a, b in amounts.values()), default=0)
        shown = [f"{TITLES.get(name, name.value)} {a} / {b}" for name, (a, b) in amounts.items()]
        currency = f" {one.group.currency_code}" if shown else ""
        parts = [one.reason.value, one.detail, f"{', '.join(shown)}{currency}", one.because]
        texts[heading][one.name].append("; ".join(part for part in parts if part))
    return {
        "day": day.on.isoformat(),
        "zone": day.zone,
        "orders": [totals.document(SHOWN) for totals in orders],
        "refunds": [totals.document(sides.REFUND) for totals in refunds],
        "cents_off": cents["unexplained"],
        "cents_explained": cents["explained"],
        **{
            heading: {name: " | ".join(many) for name, many in by_name.items()}
            for heading, by_name in texts.items()
        },
        "differences": [_document(one) for one in differences],
    }


def says(found: Mapping[str, Any], population: Population | None = None) -> str:
    """The audit in a sentence, and both sides side by side. In: `findings`."""
    orders, refunds = found["orders"], found["refunds"]
    in_store, in_account = (
        sum(totals[side][Figure.ORDERS] for totals in orders)
        for side in ("bigcommerce", "brightpearl")
    )
    parts = [
        f"{found['day']} ({found['zone']}): {counted(in_store, 'order')} in the store, "
        f"{in_account} in Brightpearl; {len(found['unexplained'])} differ unexplained, by "
        f"{found['cents_off'] * CENT}, {len(found['explained'])} explained, by "
        f"{found['cents_explained'] * CENT}."
    ]
    if found.get("requeued"):
        parts.append(f"To be compared once more: {found['requeued']}.")
    parts += [str(population)] if population else []
    if orders:
        parts.append(f"Orders placed on the day:\n\n{_table(orders)}")
    if refunds:
        parts.append(f"Refunds made on the day:\n\n{_table(refunds)}")
    return "\n\n".join(parts)


def _document(one: MoneyDifference) -> dict[str, Any]:
    return {
        "name": one.name,
        "order": one.order_id,
        "reason": one.reason.name.lower(),
        "says": one.reason.value,
        "detail": one.detail,
        "channel": one.group.channel_id,
        "currency": one.group.currency_code,
        "amounts": {
            name.value: {
                "bigcommerce": str(store),
                "brightpearl": str(account),
                "difference": str(store - account),
            }
            for name, (store, account) in one.amounts.items()
        },
        "explained": one.is_explained,
        "because": one.because,
    }


def _table(lines: Iterable[Mapping[str, Any]]) -> str:
    """Figures that either side has. In: `GroupTotals.document`."""
    rows: list[list[str]] = []
    for line in lines:
        compared = [line[side] for side in ("brightpearl", "difference", "explained")]
        group = [line["channel"] or "-", line["currency"] or "-"]
        for name, amount in line["bigcommerce"].items():
            if Decimal(amount) or Decimal(line["brightpearl"].get(name, 0)):
                cells = (amount, *(side.get(name, "-") for side in compared))
                rows.append([*group, TITLES.get(Figure(name), name), *map(str, cells)])
    return table(COLUMNS, rows)


def _value(name: Figure, amount: Decimal) -> str | int:
    return int(amount) if name in COUNTED else str(amount.quantize(CENT))

"""Floods of stock notices: very many, late, repeated and in any order, about true changes."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.records import Event, Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.staff import product_of
from sandbox.brightpearl.stock import correct, level
from sandbox.brightpearl.stock_records import FloodProgress
from sandbox.brightpearl.webhooks import notices_of, subscribed
from sandbox.kit.controls import ControlBody

LAST_COUNT_BY = 0.8
"""Changes come in this part of the time; in the rest of it even the last notice may be late."""
MOST_NOTICES = 200_000


class Flood(ControlBody):
    """So many notices about so many products (or these SKUs) within so many seconds.

    Each of `changes` true changes (a quarter of the notices by default) has its own notice, late
    by chance; the other notices repeat any that were due before. The last change of a product is a
    count of at most `most_units`. Up to `ids_per_call` notices share a call where a subscription
    takes id sets.
    """

    events: int = Field(gt=0, le=MOST_NOTICES)
    products: int = Field(default=300, gt=0)
    skus: list[str] = Field(default_factory=list)
    within_s: float = Field(default=60.0, ge=0, le=86_400)
    changes: int | None = Field(default=None, gt=0)
    most_units: int = Field(default=50, ge=0, le=10**6)
    warehouse_id: int = reference.DEFAULT_WAREHOUSE
    ids_per_call: int = Field(default=1, gt=0, le=500)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """A true change to come: units more (or fewer), or for a count the units to be on hand."""

    at_s: float
    product_id: int
    units: int
    is_count: bool = False


def start_flood(account: Account, wanted: Flood) -> dict[str, Any]:
    """Set timers for the changes and the notices; answers what will come of it."""
    if wanted.warehouse_id not in reference.WAREHOUSES:
        not_found(f"There is no warehouse {wanted.warehouse_id}")
    products = _products(account, wanted)
    random = Random(wanted.seed)  # noqa: S311 - reproducible, not secret
    changes = _changes(wanted, products, random)
    start = account.now()
    progress = FloodProgress(
        notices=wanted.events,
        changes=len(changes),
        ends_at=start + timedelta(seconds=wanted.within_s),
        ends_with={
            account.products[change.product_id].sku: change.units
            for change in changes
            if change.is_count
        },
        product_ids=[product.id for product in products],
    )
    account.flood = progress
    for change in changes:
        moment = start + timedelta(seconds=change.at_s)
        account.timers.at(
            moment, partial(_make_change, account, change, wanted.warehouse_id, progress)
        )
    for at_s, about in _notice_calls(wanted, changes, random):
        events = [_event(change, start) for change in about]
        moment = start + timedelta(seconds=at_s)
        account.timers.at(moment, partial(_send_notices, account, events, progress))
    return flood_document(account)


def flood_document(account: Account) -> dict[str, Any]:
    """How far the latest flood is; empty when there was none."""
    flood = account.flood
    if flood is None:
        return {}
    return {
        "notices": flood.notices,
        "notices_sent": flood.notices_sent,
        "changes": flood.changes,
        "changes_made": flood.changes_made,
        "ends_at": stamp(flood.ends_at, account.utc),
        "ends_with": flood.ends_with,
        "product_ids": flood.product_ids,
    }


def _products(account: Account, wanted: Flood) -> Sequence[Product]:
    if wanted.skus:
        named = [product_of(account, sku) for sku in dict.fromkeys(wanted.skus)]
        for product in named:
            if not product.stock_tracked:
                refuse("WHSC-902", f"Product {product.id} is not a stock tracked product")
        return named[: wanted.events]
    tracked = []
    for product in account.products.values():
        if product.stock_tracked and account.products_by_sku.get(product.sku, [0])[0] == product.id:
            tracked.append(product)
        if len(tracked) == min(wanted.products, wanted.events):
            break
    if not tracked:
        not_found("There is no stock tracked product")
    return tracked


def _changes(wanted: Flood, products: Sequence[Product], random: Random) -> list[_Change]:
    """By time. Each product has at least one: its last, which is a count."""
    asked = wanted.changes or wanted.events // 4
    total = max(len(products), min(asked, wanted.events))
    latest = wanted.within_s * LAST_COUNT_BY
    moments: dict[int, list[float]] = {
        product.id: [random.uniform(0, latest)] for product in products
    }
    for _ in range(total - len(products)):
        moments[random.choice(products).id].append(random.uniform(0, latest))
    changes = []
    for product_id, listed in moments.items():
        *earlier, last = sorted(listed)
        most = wanted.most_units
        changes += [_Change(at_s, product_id, random.randint(-most, most)) for at_s in earlier]
        changes.append(_Change(last, product_id, random.randint(0, most), is_count=True))
    return sorted(changes, key=lambda change: change.at_s)


def _notice_calls(
    wanted: Flood, changes: Sequence[_Change], random: Random
) -> list[tuple[float, list[_Change]]]:
    """Seconds from the start with the changes of that call, none of which is still to come."""
    late_s = wanted.within_s * (1 - LAST_COUNT_BY)
    notices = [(change.at_s + random.uniform(0, late_s), change) for change in changes]
    moments = [change.at_s for change in changes]
    for _ in range(wanted.events - len(changes)):
        at_s = random.uniform(moments[0], wanted.within_s)
        notices.append((at_s, changes[random.randrange(bisect_right(moments, at_s))]))
    notices.sort(key=lambda notice: notice[0])
    groups = (
        notices[start : start + wanted.ids_per_call]
        for start in range(0, len(notices), wanted.ids_per_call)
    )
    return [(group[-1][0], [change for _, change in group]) for group in groups]


def _event(change: _Change, start: datetime) -> Event:
    raised_at = start + timedelta(seconds=change.at_s)
    return Event("product", change.product_id, "modified", "on-hand-modified", raised_at)


def _make_change(
    account: Account,
    change: _Change,
    warehouse_id: int,
    progress: FloodProgress,
    _moment: datetime,
) -> None:
    progress.changes_made += 1
    if change.product_id not in account.products:
        return
    held = level(account, change.product_id, warehouse_id)
    delta = change.units - held.on_hand if change.is_count else change.units
    with account.without_listeners():
        correct(account, change.product_id, warehouse_id, delta, cause="flood")


def _send_notices(
    account: Account, events: Sequence[Event], progress: FloodProgress, _moment: datetime
) -> None:
    progress.notices_sent += len(events)
    for webhook in account.webhooks.values():
        if subscribed(webhook, events[0]):
            account.outbox += notices_of(account, webhook, events)

"""A closer look at the few orders that pages do not explain: a request each, up to a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.models import Order
from core.errors import RejectedError
from core.money import two_places
from core.times import local_date
from mappings.tables import Table
from tasks.money.day import Day
from tasks.money.sales import sales_of
from tasks.money.sides import AccountSide, Booking, Owner, Sale, StoreSide
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import connect, current_bundle

LOOKS = 250
"""Orders looked at by themselves, for each purpose; the rest goes by what the pages told."""
SPLIT = ("goods", "shipped", "rounding")
T = TypeVar("T")


@step("look-closer", PATIENT)
def look_closer(pair: str, day: Day, store: StoreSide, account: AccountSide) -> StoreSide:
    """The store's side, with what only single orders tell.

    Transactions where receipts are not what the order's payment status says, tax rows where only
    they tell goods from charges, orders that Brightpearl has and the day lacks, and orders of other
    days that were refunded on this one.

    Raises: TransientError, ConfigError, ContractError.
    """
    world = connect(pair)
    bundle, bigcommerce = current_bundle(world), world.bigcommerce
    pairs = {
        key: (sale, account.bookings[key])
        for key, sale in store.sales.items()
        if sale.is_sold and key in account.bookings and not account.bookings[key].is_cancelled
    }
    unpaid = [key for key, (sale, there) in pairs.items() if _differ(sale, there, "paid")]
    taxed = [key for key, both in pairs.items() if _wants_taxes(*both)]
    transactions = _for_each(unpaid, bigcommerce.list_transactions)
    taxes = _for_each(taxed, bigcommerce.list_taxes)
    looked_at = [store.orders[key] for key in sorted({*transactions, *taxes}, key=int)]
    settings = world.pair.orders
    again = sales_of(looked_at, bundle, settings, transactions=transactions, taxes=taxes)
    gone, elsewhere = _strays(bigcommerce, day, store, account)
    owners = _owners(account, bundle.table("channels"))
    moved = {one.order_id for one in store.refunds} | {one.order_id for one in account.credits}
    others = sales_of(_others(bigcommerce, moved - {"", *store.sales, *owners}), bundle, settings)
    return replace(
        store,
        sales={**store.sales, **again},
        others=others,
        owners={**owners, **{key: sale.owner for key, sale in others.items()}},
        gone=gone,
        elsewhere=elsewhere,
    )


def _differ(sale: Sale, there: Booking, *names: str) -> bool:
    return any(two_places(sale.figures[n]) != two_places(there.figures[n]) for n in names)


def _wants_taxes(sale: Sale, there: Booking) -> bool:
    """Whether only the tax rows can tell if goods and charges agree."""
    untold = sale.lacks_taxes and _differ(sale, there, *SPLIT)
    return untold and not _differ(sale, there, "taxed", "total")


def _for_each(order_ids: Iterable[str], read: Callable[[str], list[T]]) -> dict[str, list[T]]:
    """Rows of each order; one whose rows break the model is left as it was."""
    found: dict[str, list[T]] = {}
    for order_id in sorted(order_ids, key=int)[:LOOKS]:
        try:
            found[order_id] = patiently(partial(read, order_id))
        except RejectedError:
            continue
    return found


def _strays(
    bigcommerce: BigCommerce, day: Day, store: StoreSide, account: AccountSide
) -> tuple[frozenset[str], frozenset[str]]:
    """Orders that stand in Brightpearl and not among the day's.

    Out: those that are gone from the store, and those that were placed on another day.
    """
    ids = [
        key
        for key, booking in account.bookings.items()
        if key not in store.sales and key not in store.unreadable and not booking.is_cancelled
    ]
    documents = patiently(lambda: bigcommerce.get_orders(ids)) if ids else []
    orders = {one.id: one for one in documents if isinstance(one, Order)}
    gone = {key for key in ids if _is_of(day, account.bookings[key], orders.get(key))}
    return frozenset(gone), frozenset(set(ids) - gone)


def _is_of(day: Day, booking: Booking, order: Order | None) -> bool:
    """Whether the order was placed on the day. One that is not there is dated by Brightpearl."""
    if order is not None:
        return day.holds(order.date_created)
    placed_on = booking.placed_on
    return placed_on is not None and local_date(placed_on, day.zone) == day.on


def _others(bigcommerce: BigCommerce, unknown: Iterable[str]) -> list[Order]:
    """Orders of other days, as the store has them."""
    ids = sorted(unknown, key=int)[:LOOKS]
    documents = patiently(lambda: bigcommerce.get_orders(ids)) if ids else []
    return [one for one in documents if isinstance(one, Order)]


def _owners(account: AccountSide, channels: Table) -> dict[str, Owner]:
    """Channel and currency of refunded orders of other days, as Brightpearl has them.

    Only where the table of channels can be read backwards.
    """
    backwards = _backwards(channels)
    return {
        key: Owner(backwards[there.channel_id], there.currency_code)
        for key, there in account.owners.items()
        if there.channel_id in backwards
    }


def _backwards(channels: Table) -> Mapping[str, str]:
    """The store's channel by Brightpearl's, where only one becomes it."""
    becomes = [row.becomes for row in channels.rows]
    return {row.becomes: row.value for row in channels.rows if becomes.count(row.becomes) == 1}

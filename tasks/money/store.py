"""The store's side of a day: pages of orders and refunds, and figures by the rules of the import.

Only the few orders that pages do not explain are read one by one, up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pandas as pd

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.models import Order, TaxRow, Transaction, Unreadable
from connectors.bigcommerce.refund_models import Refund
from connectors.budget import Priority
from core.errors import RejectedError
from core.frames import records_by
from core.ids import external_ref
from core.money import ZERO, two_places
from core.settings import OrderSettings
from core.times import Day, local_date
from mappings.bundle import Bundle
from mappings.order_rows import needs_taxes
from mappings.tables import Table
from mappings.tax_codes import TABLE, tax_codes
from tasks.bigcommerce.order_frames import (
    PAID,
    balanced_rows,
    order_frames,
    receipts,
    taken_by_hand,
    tax_rows,
)
from tasks.bigcommerce.population import is_sale
from tasks.bigcommerce.refunds import gave_nothing, is_empty
from tasks.money import sides
from tasks.money.sides import AccountDay, Figure, Figures, StoreDay, StoreOrder
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.connections import connect, current_bundle

SECOND = timedelta(seconds=1)
SPLIT = {Figure.GOODS, Figure.SHIPPED, Figure.ROUNDING}
"""Figures that tax rows may divide otherwise than an order's lines and charges do."""
MOST_SINGLE_READS = 250
"""Orders read by themselves, for each purpose; the rest goes by what the pages say."""

T = TypeVar("T")


@step("read-store", RETRIED)
def read_store(pair: str, day: Day) -> StoreDay:
    """The orders placed on the day, all their refunds, and the refunds made on the day.

    N orders cost N/250 + 1 requests; refunds are read once, 250 to a request, from the day's start
    on: none of these can be older. Raises: TransientError, ConfigError, ContractError.
    """
    connections = connect(pair).at(Priority.CATALOGUE)
    bigcommerce = connections.bigcommerce
    # Their upper bound is inclusive, to the second.
    window = {"min_date_created": day.starts_at, "max_date_created": day.ends_at - SECOND}
    documents = with_retries(lambda: list(bigcommerce.list_orders(**window)))
    listed = with_retries(lambda: list(bigcommerce.list_refunds(created_from=day.starts_at)))
    orders = {
        one.id: one for one in documents if isinstance(one, Order) and day.holds(one.date_created)
    }
    broken = {one.order_id for one in documents if isinstance(one, Unreadable)}
    broken |= orders.keys() & {one.order_id for one in listed if isinstance(one, Unreadable)}
    bundle = current_bundle(connections)
    return StoreDay(
        orders=store_orders(list(orders.values()), bundle, connections.pair.orders),
        refunds=tuple(
            store_refund(refund, tender_table(bundle))
            for refund in listed
            if isinstance(refund, Refund)
            and not is_empty(refund)
            and (refund.order_id in orders or day.holds(refund.created))
        ),
        unreadable=frozenset(broken),
        documents=orders,
    )


@step("read-single-orders", RETRIED)
def read_single_orders(pair: str, day: Day, store: StoreDay, account: AccountDay) -> StoreDay:
    """The store's side, with what only single orders say.

    Transactions where receipts are not what the order's payment status says, tax rows where only
    they split goods from charges, orders that Brightpearl has and the day lacks, and orders of
    other days that were refunded on this one.

    Raises: TransientError, ConfigError, ContractError.
    """
    connections = connect(pair).at(Priority.CATALOGUE)
    bigcommerce, bundle = connections.bigcommerce, current_bundle(connections)
    settings = connections.pair.orders
    unpaid: list[str] = []
    untaxed: list[str] = []
    for key, order in store.orders.items():
        booked = account.live(key)
        if booked is None or not order.is_sold:
            continue
        differing = sides.differing(order.figures, booked.figures, sides.ORDER).keys()
        if Figure.PAID in differing:
            unpaid.append(key)
        # Only the tax rows can say then if goods and charges agree.
        if order.lacks_taxes and SPLIT & differing and not {Figure.TAXED, Figure.TOTAL} & differing:
            untaxed.append(key)
    transactions = _of_each(unpaid, bigcommerce.list_transactions)
    taxes = _of_each(untaxed, bigcommerce.list_taxes)
    documents = [store.documents[key] for key in sorted({*transactions, *taxes}, key=int)]
    details = store_orders(documents, bundle, settings, transactions=transactions, taxes=taxes)
    gone, of_other_days = _missing_from_day(bigcommerce, day, store, account)
    groups = _groups(account, bundle.tables["channels"])
    refunded = {one.order_id for one in store.refunds}
    refunded |= {one.order_id for one in account.credits}
    unknown = sorted(refunded - {"", *store.orders, *groups}, key=int)[:MOST_SINGLE_READS]
    others = store_orders(_get_orders(bigcommerce, unknown), bundle, settings)
    return replace(
        store,
        orders={**store.orders, **details},
        other_orders=others,
        other_groups={**groups, **{key: order.group for key, order in others.items()}},
        gone=gone,
        of_other_days=of_other_days,
    )


def store_orders(
    orders: Sequence[Order],
    bundle: Bundle,
    settings: OrderSettings,
    *,
    transactions: Mapping[str, list[Transaction]] | None = None,
    taxes: Mapping[str, list[TaxRow]] | None = None,
) -> dict[str, StoreOrder]:
    """Each order's figures, by its id. Pure.

    Net amounts are those of the rows that Brightpearl should hold: BigCommerce gives lines and
    charges to four places, and only one side of them (with or without tax) is exact.
    """
    transactions, taxes = transactions or {}, taxes or {}
    found = replace(order_frames(orders, transactions), taxes=tax_rows(taxes))
    rows = balanced_rows(found, bundle, settings)
    nets = {
        order_id: sides.nets_of((row["kind"], row["net"]) for row in own)
        for order_id, own in records_by(rows.rows, "order_id").items()
    }
    unsplit = dict(zip(rows.refusals["key"], rows.refusals["class"], strict=True))
    codes = tax_codes(bundle.tables[TABLE])
    lacks_taxes = set(needs_taxes(found.orders, found.lines, found.charges, codes)) - set(taxes)
    came_in = receipts(found.orders, found.transactions, taken_by_hand(bundle))
    received = _receipts(found.orders, came_in, transactions)
    currencies = bundle.tables["currencies"]
    return {
        order.id: StoreOrder(
            order_id=order.id,
            group=sides.ChannelCurrency(
                order.channel_id,
                currencies.get(order.default_currency_code) or order.default_currency_code,
            ),
            figures=_figures(order, nets.get(order.id), received.get(order.id)),
            status_id=str(order.status_id),
            is_sold=is_sale(order),
            unsplit_class=unsplit.get(order.id, ""),
            lacks_taxes=order.id in lacks_taxes,
            receipts=received.get(order.id),
        )
        for order in orders
    }


def tender_table(bundle: Bundle) -> Table:
    """Brightpearl's payment methods by the provider that paid back.

    Empty where the merchant maps them by something else: then tenders are not compared.
    """
    table = bundle.tables["payment_methods"]
    rules = bundle.mappings["refund_payments"].fields
    by_provider = any(
        rule.to == "payment_method_code" and tuple(rule.source) == ("provider_id",)
        for rule in rules
    )
    return table if by_provider else Table(table.name, ())


def store_refund(refund: Refund, methods: Table) -> sides.StoreRefund:
    """A refund's figures. In: Brightpearl's payment methods by the store's providers."""
    sent = [one for one in refund.payments if not (one.is_declined or one.is_pending)]
    codes = [methods.get(one.provider_id) or "" for one in sent]
    tenders: dict[str, Decimal] = {}
    for code, payment in zip(codes, sent, strict=True):
        tenders[code] = tenders.get(code, ZERO) + two_places(payment.amount)
    return sides.StoreRefund(
        order_id=refund.order_id,
        refund_id=refund.id,
        created_at=refund.created,
        figures=sides.cents(
            {
                Figure.REFUNDS: Decimal(1),
                Figure.REFUNDED: refund.total_amount,
                Figure.REFUNDED_TAX: refund.total_tax or ZERO,
                Figure.PAID_BACK: sum((one.amount for one in sent), ZERO),
            }
        ),
        is_pending=refund.is_pending,
        is_declined=gave_nothing(refund),
        is_tax_known=refund.total_tax is not None,
        tenders=tenders if all(codes) else None,
    )


def paid_by_status(order: Order) -> Decimal:
    """What an order itself says was paid: all, or what store credit and certificates cover."""
    if order.payment_status in PAID:
        return order.total_inc_tax
    return order.store_credit_amount + order.gift_certificate_amount


def _figures(order: Order, nets: Figures | None, received: sides.Receipts | None) -> Figures:
    """Figures that add up: sold less discounted, shipped, rounding and taxed make the total."""
    sold = sum((line.total_ex_tax for line in order.lines), ZERO)
    if nets is None:
        charges = order.shipping_cost_ex_tax + order.handling_cost_ex_tax
        charges += order.wrapping_cost_ex_tax + sum((fee.cost_ex_tax for fee in order.fees), ZERO)
        charges = two_places(charges)
        goods = two_places(order.total_inc_tax) - two_places(order.total_tax) - charges
        nets = {Figure.GOODS: goods, Figure.SHIPPED: charges, Figure.ROUNDING: ZERO}
    paid = paid_by_status(order) if received is None else sides.own_money(received)
    return sides.cents(
        {
            Figure.ORDERS: Decimal(1),
            Figure.SOLD: sold,
            Figure.DISCOUNTED: two_places(sold) - nets[Figure.GOODS],
            **nets,
            Figure.TAXED: order.total_tax,
            Figure.TOTAL: order.total_inc_tax,
            Figure.PAID: paid,
        }
    )


def _receipts(
    orders: pd.DataFrame, of_all: pd.DataFrame, order_ids: Collection[str]
) -> dict[str, sides.Receipts]:
    """Receipts by their names, of the orders whose transactions were read."""
    received: dict[str, dict[str, Decimal]] = {order_id: {} for order_id in order_ids}
    currencies = dict(zip(orders["order_id"], orders["currency_code"], strict=True))
    columns = ("order_id", "transaction_id", "currency_code", "amount")
    for key, transaction_id, currency, amount in zip(*(of_all[c] for c in columns), strict=True):
        if key in received:
            ref = f"{external_ref(key)}-{transaction_id}"
            received[key][sides.receipt_name(ref, currency, currencies[key])] = two_places(amount)
    return dict(received)


def _of_each(order_ids: Iterable[str], read: Callable[[str], list[T]]) -> dict[str, list[T]]:
    """Rows of each order; one whose rows break the model is left as it was."""
    found: dict[str, list[T]] = {}
    for order_id in sorted(order_ids, key=int)[:MOST_SINGLE_READS]:
        try:
            found[order_id] = with_retries(partial(read, order_id))
        except RejectedError:
            continue
    return found


def _missing_from_day(
    bigcommerce: BigCommerce, day: Day, store: StoreDay, account: AccountDay
) -> tuple[frozenset[str], frozenset[str]]:
    """Orders that Brightpearl has and the day lacks.

    Out: those that are gone from the store, and those that were placed on another day. One that
    the store does not show is dated by Brightpearl.
    """
    ids = {key for key in account.orders if account.live(key)}
    ids -= store.orders.keys() | store.unreadable
    placed_at = {key: account.orders[key].placed_on for key in ids}
    is_of_day = {
        key: at is not None and local_date(at, day.zone) == day.on for key, at in placed_at.items()
    }
    for order in _get_orders(bigcommerce, sorted(ids, key=int)):
        is_of_day[order.id] = day.holds(order.date_created)
    gone = frozenset(key for key in ids if is_of_day[key])
    return gone, frozenset(ids - gone)


def _get_orders(bigcommerce: BigCommerce, order_ids: Sequence[str]) -> list[Order]:
    documents = with_retries(lambda: bigcommerce.get_orders(order_ids))
    return [one for one in documents if isinstance(one, Order)]


def _groups(account: AccountDay, channels: Table) -> dict[str, sides.ChannelCurrency]:
    """Channel and currency of refunded orders of other days, as Brightpearl has them.

    Only where one channel alone of the store's becomes Brightpearl's.
    """
    becomes = [row.becomes for row in channels.rows]
    channel_ids = {
        row.becomes: row.value for row in channels.rows if becomes.count(row.becomes) == 1
    }
    return {
        key: sides.ChannelCurrency(channel_ids[booked.channel_id], booked.currency_code)
        for key, booked in account.other_orders.items()
        if booked.channel_id in channel_ids
    }

"""From the store's fields to Brightpearl's: the mapping files applied, the money made to re-sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.frames import concat
from core.ids import sku_key
from core.refusals import REFUSALS
from core.settings import OrderSettings
from mappings.bundle import Bundle
from mappings.engine import Context, apply
from tasks.bigcommerce.order_frames import OrderFrames, balanced_rows, receipts
from tasks.bigcommerce.orders import time_zone
from tasks.brightpearl.reference import find_products, read_reference, unknown_ids
from tasks.orders.desired import Desired
from tasks.reconciler.run import Run

ID_COLUMNS = (
    ("sales_orders", "status_id", "order_status"),
    ("sales_orders", "channel_id", "channel"),
    ("sales_orders", "warehouse_id", "warehouse"),
    ("sales_orders", "price_list_id", "price_list"),
    ("sales_orders", "shipping_method_id", "shipping_method"),
    ("sales_orders", "currency_code", "currency"),
    ("rows", "tax_code", "tax_code"),
    ("payments", "payment_method_code", "payment_method"),
)
"""Columns whose values must exist in the account, and the refusal class of those that do not.

Brightpearl takes some of them silently (a payment method without a bank account loses the
accounting entry), so they are stopped here. Source: fact sheet of customer-payment.
"""


@dataclass(frozen=True)
class Known:
    """What a batch needs to know of both systems to be mapped."""

    zone: str
    """The store's IANA time zone."""
    account_currency: str
    products: Mapping[str, str]
    """Brightpearl's product id by SKU as compared."""
    stock_tracked: frozenset[str]
    """Brightpearl's ids of the products that have stock."""
    ids: Mapping[str, frozenset[str]]
    """What exists in the account, by refusal class."""


def read_known(run: Run, found: OrderFrames) -> Known:
    """Everything the batch's SKUs and codes refer to, read only as far as it is not known yet."""
    reference = read_reference(run)
    renamed = run.bundle.tables["skus"]
    sku_keys = {sku_key(renamed.get(key) or key) for key in set(found.lines["sku_key"]) - {""}}
    products = find_products(run.connections, sku_keys)
    return Known(
        zone=time_zone(run.connections),
        account_currency=reference.account_currency,
        products={key: product.product_id for key, product in products.items()},
        stock_tracked=frozenset(p.product_id for p in products.values() if p.stock_tracked),
        ids=reference.ids,
    )


def map_orders(
    found: OrderFrames, known: Known, bundle: Bundle, settings: OrderSettings
) -> Desired:
    """Desired sales orders, rows, contacts and payments of a validated batch. Pure."""
    context = Context(
        zone=known.zone,
        tables=bundle.tables,
        known={"products": known.products},
        account_currency=known.account_currency,
    )
    rows = balanced_rows(found, bundle, settings)
    headers = apply(bundle.mappings["orders"], found.orders, context)
    finished = apply(bundle.mappings["order_rows"], rows.rows, context)
    accepted = found.orders
    if len(headers.refusals):
        accepted = accepted[accepted["order_id"].isin(headers.frame["order_id"])]
    placed, emails = accepted["placed_at"].tolist(), accepted["email_key"].tolist()
    # The addresses of a person are those of the newest order.
    newest = {emails[place]: place for place in sorted(range(len(placed)), key=placed.__getitem__)}
    contacts = apply(bundle.mappings["contacts"], accepted.iloc[[*newest.values()]], context)
    read = found.without(found.money_unread)
    payments = apply(bundle.mappings["payments"], receipts(read.orders, read.transactions), context)
    frames = {"sales_orders": headers.frame, "rows": finished.frame, "payments": payments.frame}
    unknown = [
        unknown_ids(frames[name], column, known.ids[class_], class_)
        for name, column, class_ in ID_COLUMNS
    ]
    mapped = [rows.refusals, headers.refusals, finished.refusals, payments.refusals]
    if len(contacts.refusals):
        mapped.append(_of_orders(contacts.refusals, found.orders))
    desired = Desired(
        orders=found.orders,
        lines=found.lines,
        contacts=contacts.frame,
        money_unread=found.money_unread,
        stock_tracked=known.stock_tracked,
        counts={"rounding rows": rows.rounded},
        refusals=concat([*mapped, *unknown], REFUSALS),
        **frames,
    )
    return desired.without(set(desired.refusals["key"]))


def _of_orders(refusals: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """A person who cannot become a contact holds up every order of that person."""
    people = orders.set_index("order_id")["email_key"]
    held = refusals.assign(email_key=refusals["key"].map(people)).drop(columns="key")
    owners = orders[["order_id", "email_key"]].rename(columns={"order_id": "key"})
    return held.merge(owners, on="email_key")[list(REFUSALS)]

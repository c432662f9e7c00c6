"""What the account defines and rarely changes: products, codes, locations, costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pandas as pd

from core.errors import NotFoundError
from core.refusals import Refusal, release_remedy
from store.runs import Cursors
from store.stock import Catalogue, CataloguedProduct
from tasks.policy import with_retries
from tasks.reconciler.cases import refusal_rows, release_skus
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run

KEPT_S = 3600.0
"""How long reference data is used before it is read again."""
KEPT_FOR_RELEASED_S = 30.0
"""The same when a person has just released records: what they waited for is likely new."""
OVERLAP = timedelta(minutes=10)
"""How far a scan reaches back behind the last one's start."""
PRODUCTS = "brightpearl-products"
COST = "BUY"
"""The type of price lists that hold costs."""

T = TypeVar("T")


@dataclass(frozen=True)
class Reference:
    """The account's settings, as read at one moment."""

    account_currency: str
    """Brightpearl's base currency."""
    ids: Mapping[str, frozenset[str]]
    """What exists in Brightpearl, by refusal class: order_status, channel, tax_code …"""
    cost_list_id: str
    """The price list of costs; "" where the account has none."""


def read_reference(run: Run) -> Reference:
    """The account's settings; read anew where a person has just released records.

    Raises: TransientError, ConfigError.
    """
    is_released = any(claim.source == "release" for claim in run.batch.claims)
    return reference_of(run.connections, KEPT_FOR_RELEASED_S if is_released else KEPT_S)


def reference_of(connections: Connections, max_age_s: float = KEPT_S) -> Reference:
    """The account's settings, at most `max_age_s` old. Raises: TransientError, ConfigError."""
    return connections.cache.get(
        "account reference",
        lambda: with_retries(lambda: _read(connections)),
        max_age_s=max_age_s,
    )


def default_location(connections: Connections, warehouse_id: str) -> str:
    """Where goods of a warehouse are put; "" for a warehouse that does not exist."""

    def read() -> str:
        try:
            return with_retries(lambda: connections.brightpearl.get_default_location(warehouse_id))
        except NotFoundError:
            return ""

    return connections.cache.get(f"default location {warehouse_id}", read, max_age_s=KEPT_S)


def unit_costs(connections: Connections, product_ids: Iterable[str]) -> Mapping[str, Decimal]:
    """What a unit of these products costs, in the account's currency; the rest is left out."""
    wanted, cost_list_id = sorted(set(product_ids)), reference_of(connections).cost_list_id
    if not wanted or not cost_list_id:
        return {}
    return with_retries(lambda: connections.brightpearl.get_unit_prices(wanted, cost_list_id))


def find_products(connections: Connections, sku_keys: set[str]) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by SKU as compared; a SKU that is missing or ambiguous is left out.

    Unknown SKUs cost one scan of the products that changed since the last one, or the first time
    of the whole catalogue: never a request per SKU where a page of 500 says it all.
    """
    catalogue = Catalogue(connections.database)
    products = catalogue.find(connections.pair.name, sku_keys)
    if sku_keys - set(products):
        refresh_products(connections)
        products = catalogue.find(connections.pair.name, sku_keys)
    return {key: product for key, product in products.items() if not product.is_ambiguous}


def products_by_id(connections: Connections, product_ids: set[str]) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by id; unknown ones cost one scan, as above, and may stay so."""
    catalogue = Catalogue(connections.database)
    products = catalogue.by_id(connections.pair.name, product_ids)
    if product_ids - set(products):
        refresh_products(connections)
        products = catalogue.by_id(connections.pair.name, product_ids)
    return products


def refresh_products(connections: Connections) -> None:
    """Bring the cached catalogue up to date."""
    pair, list_products = connections.pair.name, connections.brightpearl.list_products
    with changed_rows(connections, PRODUCTS, list_products) as (changed, is_first):
        products = [
            CataloguedProduct(
                product_id=str(row.product_id),
                sku=row.sku,
                stock_tracked=row.stock_tracked,
                status=row.status,
            )
            for row in changed
        ]
        Catalogue(connections.database).put(pair, products, now=connections.clock())
    if not is_first:
        skus = (row.sku for row in changed)
        release_skus(connections.database, pair, skus, connections.clock())


@contextmanager
def changed_rows(
    connections: Connections, cursor: str, list_rows: Callable[..., Iterable[T]]
) -> Iterator[tuple[list[T], bool]]:
    """Rows that are new or changed since the last scan, and whether it is the first: of all rows.

    The cursor overlaps, and moves last: once what was read is kept.
    """
    cursors, pair = Cursors(connections.database), connections.pair.name
    started_at, since = connections.clock(), cursors.get(pair, cursor)
    yield (
        with_retries(lambda: list(list_rows(updated_since=since and since - OVERLAP))),
        since is None,
    )
    cursors.set(pair, cursor, started_at)


def unknown_ids(
    rows: pd.DataFrame, column: str, known: frozenset[str], class_: str, *, key: str = "order_id"
) -> pd.DataFrame:
    """REFUSALS of the rows whose `column` names what is not among the known ids of the account.

    `class_` is the refusal's, and with spaces the name of the thing for people.
    """
    values, name = rows[column].tolist(), class_.replace("_", " ")
    unknown = set(values) - known - {""}
    pairs = dict.fromkeys(zip(rows[key].tolist(), values, strict=True)) if unknown else {}
    action = "Create it in Brightpearl or correct the table"
    return refusal_rows(
        (
            record,
            Refusal(
                class_,
                column,
                value,
                f"the table maps to the {name} {value!r}, which the account lacks",
                release_remedy(action, class_, value=value),
            ),
        )
        for record, value in pairs
        if value in unknown
    )


def _read(connections: Connections) -> Reference:
    brightpearl = connections.brightpearl
    currencies = brightpearl.list_currencies()
    price_lists = brightpearl.list_price_lists()
    ids: dict[str, Iterable[object]] = {
        "order_status": (status.status_id for status in brightpearl.list_order_statuses()),
        "credit_status": (status.status_id for status in brightpearl.list_order_statuses("SC")),
        "channel": (channel.id for channel in brightpearl.list_channels()),
        "warehouse": (warehouse.id for warehouse in brightpearl.list_warehouses()),
        "price_list": (one.id for one in price_lists),
        "shipping_method": (method.id for method in brightpearl.list_shipping_methods()),
        "currency": (currency.code for currency in currencies),
        "tax_code": (tax.code for tax in brightpearl.list_tax_codes()),
        "payment_method": (m.code for m in brightpearl.list_payment_methods() if m.is_active),
    }
    return Reference(
        account_currency=next((c.code for c in currencies if c.is_default), ""),
        ids={class_: frozenset(map(str, known)) for class_, known in ids.items()},
        cost_list_id=next((one.id for one in price_lists if one.type == COST), ""),
    )

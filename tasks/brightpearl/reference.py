"""What the account defines and rarely changes: products, codes, locations, costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

import pandas as pd
from cachetools import TTLCache

from connectors.brightpearl.client import Brightpearl
from core.errors import NotFoundError
from core.frames import frame, records
from core.ids import PRODUCT, sku_key
from core.refusals import REFUSALS, Refusal, release_remedy
from mappings.sku_names import SkuNames
from mappings.tables import Table
from store.links import Links
from store.runs import Cursors
from store.stock import Catalogue, CataloguedProduct
from tasks.policy import with_retries
from tasks.reconciler.cases import SKU, refusal_rows, release_skus
from tasks.reconciler.connections import Connections

KEPT_S = 3600.0
"""How long reference data is used before it is read again."""
KEPT_FOR_MISSING_S = 30.0
"""The same of a list that lacks what is wanted of it: somebody may have just created that."""
ABSENT_S, MOST_ABSENT = 300.0, 10_000
"""How long a scan that did not find a SKU is trusted, and of how many SKUs."""
OVERLAP = timedelta(minutes=10)
"""How far a scan reaches back behind the last one's start."""
PRODUCTS = "brightpearl-products"
ALIASES = "sku-aliases"
"""Links of SKUs that a product had before: SKU as compared, product of Brightpearl."""
COST = "BUY"
"""The type of price lists that hold costs."""

T = TypeVar("T")


CURRENCIES = ("currencies", Brightpearl.list_currencies)
PRICE_LISTS = ("price lists", Brightpearl.list_price_lists)
STATUSES = ("statuses", lambda account: account.list_order_statuses(None))
IDS: Mapping[str, tuple[str, Callable[[Brightpearl], Iterable[Any]], Callable[[Any], object]]] = {
    "order_status": (*STATUSES, lambda one: one.status_id if one.order_type_code == "SO" else None),
    "credit_status": (
        *STATUSES,
        lambda one: one.status_id if one.order_type_code == "SC" else None,
    ),
    "channel": ("channels", Brightpearl.list_channels, attrgetter("id")),
    "warehouse": ("warehouses", Brightpearl.list_warehouses, attrgetter("id")),
    "price_list": (*PRICE_LISTS, attrgetter("id")),
    "shipping_method": ("shipping methods", Brightpearl.list_shipping_methods, attrgetter("id")),
    "currency": (*CURRENCIES, attrgetter("code")),
    "tax_code": ("tax codes", Brightpearl.list_tax_codes, attrgetter("code")),
    "payment_method": (
        "payment methods",
        Brightpearl.list_payment_methods,
        lambda one: one.code if one.is_active else None,
    ),
}
"""By refusal class: the list of the account, how it is read, and the id of what is on it."""
TABLES: Mapping[str, str] = {
    "order_status": "order_status.csv or pickup_status.csv",
    "credit_status": "credit_statuses.csv",
    "channel": "channels.csv",
    "warehouse": "warehouses.csv or pickup_locations.csv",
    "price_list": "price_lists.csv",
    "shipping_method": "shipping_methods.csv",
    "currency": "currencies.csv",
    "tax_code": "tax_codes.csv",
    "payment_method": "payment_methods.csv",
}
"""Where the ids of orders and credits come from, by the same."""


def known_ids(
    connections: Connections,
    class_: str,
    wanted: Collection[str] = (),
    *,
    missing_age_s: float = KEPT_FOR_MISSING_S,
) -> frozenset[str]:
    """What exists in the account of a refusal class, such as order_status, channel or tax_code.

    Each list is read when it is first asked for, and again when it lacks something `wanted` and is
    older than `missing_age_s`.

    Raises: TransientError, ConfigError.
    """
    known: frozenset[str] = frozenset()
    name, read, id_of = IDS[class_]
    for max_age_s in (KEPT_S, missing_age_s):
        ids = (id_of(one) for one in _listed(connections, name, read, max_age_s))
        known = frozenset(str(one) for one in ids if one is not None)
        if known.issuperset(wanted):
            break
    return known


def account_currency(connections: Connections) -> str:
    """Brightpearl's base currency. Raises: TransientError, ConfigError."""
    currencies = _listed(connections, *CURRENCIES, KEPT_S)
    return next((one.code for one in currencies if one.is_default), "")


def default_location(connections: Connections, warehouse_id: str) -> str:
    """Where goods of a warehouse are put; "" for one that does not exist, or has no such place."""

    def read() -> str:
        try:
            return with_retries(lambda: connections.brightpearl.get_default_location(warehouse_id))
        except NotFoundError:
            return ""

    name = f"default location {warehouse_id}"
    found = connections.cache.get(name, read, max_age_s=KEPT_S)
    return found or connections.cache.get(name, read, max_age_s=0.0)


def unit_costs(connections: Connections, product_ids: Iterable[str]) -> Mapping[str, Decimal]:
    """What a unit of these products costs, in the account's currency; the rest is left out."""
    wanted = sorted(set(product_ids))
    price_lists = _listed(connections, *PRICE_LISTS, KEPT_S)
    cost_list_id = next((one.id for one in price_lists if one.type == COST), "")
    if not wanted or not cost_list_id:
        return {}
    return with_retries(lambda: connections.brightpearl.get_unit_prices(wanted, cost_list_id))


def find_products(
    connections: Connections, sku_keys: set[str], *, trusts_absence: bool = False
) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by SKU as compared; a SKU that is missing or ambiguous is left out.

    Unknown SKUs cost one scan of the products that changed since the last one, or the first time
    of the whole catalogue: never a request per SKU where a page of 500 says it all. So do SKUs that
    several products had, of which one may have another by now. In: whether a SKU that a scan of the
    last minutes did not find may stay unknown.
    """
    catalogue = Catalogue(connections.database)
    products = catalogue.find(connections.pair.name, sku_keys)
    absent: TTLCache[str, bool] = connections.cache.get(
        "absent SKUs", lambda: TTLCache(MOST_ABSENT, ABSENT_S), max_age_s=KEPT_S
    )
    clear = {key for key, product in products.items() if not product.is_ambiguous}
    if sku_keys - clear - (absent.keys() if trusts_absence else set()):
        refresh_products(connections)
        products = catalogue.find(connections.pair.name, sku_keys)
        clear = {key for key, product in products.items() if not product.is_ambiguous}
        absent.update(dict.fromkeys(sku_keys - clear, True))
    if unknown := sorted(sku_keys - products.keys()):
        aliases = Links(connections.database).get(connections.pair.name, ALIASES, unknown)
        renamed = catalogue.by_id(connections.pair.name, {one.id_bp for one in aliases.values()})
        products |= {
            key: renamed[link.id_bp] for key, link in aliases.items() if link.id_bp in renamed
        }
    return {key: product for key, product in products.items() if not product.is_ambiguous}


def with_doubled(connections: Connections, refusals: pd.DataFrame, skus: Table) -> pd.DataFrame:
    """REFUSALS, of which those of SKUs that several products of Brightpearl have say so.

    In: the table of SKUs that both call differently.
    """
    rows = records(refusals)
    named = {row["value"]: sku_key(skus.get(row["value"]) or row["value"]) for row in rows}
    found = Catalogue(connections.database).find(connections.pair.name, set(named.values()))
    doubled = {one for one, key in named.items() if key in found and found[key].is_ambiguous}

    def said(row: dict[str, Any]) -> dict[str, Any]:
        if row["class"] != SKU or row["value"] not in doubled:
            return row
        reason = f"several products of Brightpearl have the SKU {named[row['value']]!r}"
        action = "Give each its own SKU in Brightpearl, or archive all but one"
        return {**row, "reason": reason, "remedy": release_remedy(action, SKU, value=row["value"])}

    return frame(map(said, rows), REFUSALS) if doubled else refusals


def products_by_id(connections: Connections, product_ids: set[str]) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by id; unknown ones cost one scan, as above, and may stay so."""
    catalogue = Catalogue(connections.database)
    products = catalogue.by_id(connections.pair.name, product_ids)
    if product_ids - set(products):
        refresh_products(connections)
        products = catalogue.by_id(connections.pair.name, product_ids)
    return products


def changed_products(
    connections: Connections,
    since: datetime,
    until: datetime | None = None,
    *,
    with_sku: bool = False,
) -> list[str]:
    """Keys of Brightpearl's products that were made or changed since, or of those that have a SKU.

    Raises: TransientError, ConfigError.
    """
    del until  # a search has no upper bound that a later change could not hide
    rows = with_retries(lambda: list(connections.brightpearl.list_products(updated_since=since)))
    return list(
        dict.fromkeys(f"{PRODUCT}{row.product_id}" for row in rows if row.sku or not with_sku)
    )


def skus_in_store(
    connections: Connections, skus: Table, product_ids: Iterable[str]
) -> dict[str, list[str]]:
    """SKUs, as compared, under which the store sells Brightpearl's products, of those with a SKU.

    In: the table of SKUs that both call differently. Unknown products cost one scan, as above.
    """
    wanted, names = set(product_ids), SkuNames(skus)
    products = products_by_id(connections, wanted) if wanted else {}
    return {one: names.in_store(product.sku) for one, product in products.items() if product.sku}


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
    connections: Connections, rows: pd.DataFrame, column: str, class_: str, known_as: str = ""
) -> pd.DataFrame:
    """REFUSALS of the rows whose `column` names what is not among the ids that the account has.

    `class_` is the refusal's, and with spaces the name of the thing for people; the ids are those
    of that class if none other is named. Nothing is refused by an old list: what a person is asked
    to create there may be a moment old.

    Raises: TransientError, ConfigError.
    """
    values, name = rows[column].tolist(), class_.replace("_", " ")
    wanted = set(values) - {""}
    unknown = wanted and wanted - known_ids(
        connections, known_as or class_, wanted, missing_age_s=0.0
    )
    pairs = dict.fromkeys(zip(rows["order_id"].tolist(), values, strict=True)) if unknown else {}
    table = TABLES[known_as or class_]
    action = f"Create it in Brightpearl, or correct the right column of mappings/tables/{table}"
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


def _listed(
    connections: Connections,
    name: str,
    read: Callable[[Brightpearl], Iterable[T]],
    max_age_s: float,
) -> Sequence[T]:
    """One of the account's lists, at most so old."""
    account = connections.brightpearl
    return connections.cache.get(
        f"account {name}", lambda: with_retries(lambda: [*read(account)]), max_age_s=max_age_s
    )

"""What both systems already know and rarely change: products, codes, the store's time zone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from core.frames import frame
from core.refusals import REFUSALS
from core.times import utc_now
from store.catalogue import Catalogue, CataloguedProduct
from store.runs import Cursors
from tasks.policy import patiently
from tasks.reconciler.connections import Connections

KEPT_S = 3600.0
"""How long reference data is used before it is read again."""
KEPT_FOR_RELEASED_S = 30.0
"""The same when a person has just released records: what they waited for is likely new."""
OVERLAP = timedelta(minutes=10)
"""How far a product scan reaches back behind the last one's start."""
PRODUCTS = "brightpearl-products"


@dataclass(frozen=True)
class Reference:
    """The account's settings, as read at one moment."""

    account_currency: str
    """Brightpearl's base currency."""
    ids: Mapping[str, frozenset[str]]
    """What exists in Brightpearl, by refusal class."""
    read_at: float


def unknown_ids(
    rows: pd.DataFrame, column: str, known: frozenset[str], class_: str, spoken: str
) -> pd.DataFrame:
    """REFUSALS of the rows whose `column` names what is not among the known ids of the account."""
    values = rows[column]
    bad = rows[(values != "") & ~values.isin(known)]
    return frame(
        (
            {
                "key": order_id,
                "class": class_,
                "field": column,
                "value": value,
                "reason": f"the table maps to the {spoken} {value!r}, which the account lacks",
                "remedy": f"Create it in Brightpearl or correct the table, then: causeway "
                f"quarantine release --class {class_} --value {value!r}",
            }
            for order_id, value in zip(bad["order_id"], bad[column], strict=True)
        ),
        REFUSALS,
    ).drop_duplicates()


_reference: dict[str, Reference] = {}
_zones: dict[str, tuple[float, str]] = {}
"""When each store's time zone was read, and what it is."""


def read_reference(world: Connections, kept_s: float = KEPT_S) -> Reference:
    """Reference data of the pair, at most `kept_s` old.

    Raises: TransientError, ConfigError.
    """
    known = _reference.get(world.pair.name)
    if known is None or time.monotonic() - known.read_at > kept_s:
        known = patiently(lambda: _read_reference(world))
        _reference[world.pair.name] = known
    return known


def store_zone(world: Connections) -> str:
    """The store's IANA time zone, at most an hour old.

    Raises: TransientError, ConfigError.
    """
    read_at, zone = _zones.get(world.pair.name, (0.0, ""))
    if not zone or time.monotonic() - read_at > KEPT_S:
        zone = patiently(world.bigcommerce.get_store).time_zone
        _zones[world.pair.name] = time.monotonic(), zone
    return zone


def find_products(world: Connections, sku_keys: set[str]) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by SKU as compared; a SKU that is missing or ambiguous is left out.

    Unknown SKUs cost one scan of the products that changed since the last one, or the first time
    of the whole catalogue: never a request per SKU where a page of 500 says it all.
    """
    catalogue = Catalogue(world.database)
    products = catalogue.find(world.pair.name, sku_keys)
    if sku_keys - set(products):
        refresh_products(world)
        products = catalogue.find(world.pair.name, sku_keys)
    return {key: product for key, product in products.items() if not product.is_ambiguous}


def products_by_id(world: Connections, product_ids: set[str]) -> dict[str, CataloguedProduct]:
    """Brightpearl's products by id; unknown ones cost one scan, as above, and may stay so."""
    catalogue = Catalogue(world.database)
    products = catalogue.by_id(world.pair.name, product_ids)
    if product_ids - set(products):
        refresh_products(world)
        products = catalogue.by_id(world.pair.name, product_ids)
    return products


def refresh_products(world: Connections) -> None:
    """Bring the cached catalogue up to date, by a cursor that overlaps and moves last."""
    cursors = Cursors(world.database)
    started_at = utc_now()
    since = cursors.get(world.pair.name, PRODUCTS)
    changed = patiently(
        lambda: list(world.brightpearl.list_products(updated_since=since and since - OVERLAP))
    )
    Catalogue(world.database).put(
        world.pair.name,
        [
            CataloguedProduct(
                product_id=str(row.product_id),
                sku=row.sku,
                stock_tracked=row.stock_tracked,
                status=row.status,
            )
            for row in changed
        ],
        now=started_at,
    )
    cursors.set(world.pair.name, PRODUCTS, started_at)


def _read_reference(world: Connections) -> Reference:
    brightpearl = world.brightpearl
    currencies = brightpearl.list_currencies()
    return Reference(
        account_currency=next((c.code for c in currencies if c.is_default), ""),
        ids={
            "order_status": _texts(s.status_id for s in brightpearl.list_order_statuses()),
            "channel": _texts(c.id for c in brightpearl.list_channels()),
            "warehouse": _texts(w.id for w in brightpearl.list_warehouses()),
            "price_list": _texts(p.id for p in brightpearl.list_price_lists()),
            "shipping_method": _texts(m.id for m in brightpearl.list_shipping_methods()),
            "currency": _texts(c.code for c in currencies),
            "tax_code": _texts(t.code for t in brightpearl.list_tax_codes()),
            "payment_method": _texts(
                m.code for m in brightpearl.list_payment_methods() if m.is_active
            ),
        },
        read_at=time.monotonic(),
    )


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values)


def forget() -> None:
    """Read reference data anew the next time."""
    _reference.clear()
    _zones.clear()

"""The account's products as the syncs read them, with brands and categories by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from connectors.brightpearl.catalogue_models import AccountProduct
from core.ids import sku_key
from core.products import PATH
from store.links import Link, Links
from store.stock import Catalogue, CataloguedProduct
from tasks.brightpearl.reference import ALIASES, KEPT_S
from tasks.policy import with_retries
from tasks.reconciler.cases import release_skus
from tasks.reconciler.connections import Connections

FEW_GROUPS = 20
SCANNED_S = 300.0
"""How long a scan of all groups is used: a product that joins one later has an event of its own."""


@dataclass(frozen=True)
class Names:
    """The account's brands and categories by id."""

    brands: Mapping[str, str]
    paths: Mapping[str, str]
    """Categories with those above them, `Home > Kitchen`."""


def read_names(connections: Connections, *, max_age_s: float = KEPT_S) -> Names:
    """Brands and categories, at most `max_age_s` old. Raises: TransientError, ConfigError."""

    def read() -> Names:
        account = connections.brightpearl
        brands = with_retries(account.list_brands)
        categories = with_retries(account.list_categories)
        parents = {one.id: (one.name, one.parent_id) for one in categories}
        return Names(
            {brand.id: brand.name for brand in brands},
            {one.id: category_path(one.id, parents) for one in categories},
        )

    return connections.cache.get("account names", read, max_age_s=max_age_s)


def category_path(number: str, parents: Mapping[str, tuple[str, str]]) -> str:
    """A category with those above it. In: name and parent by id; a circle ends where it closes."""
    names: list[str] = []
    seen: set[str] = set()
    while number in parents and number not in seen:
        seen.add(number)
        name, number = parents[number]
        names.insert(0, name.strip())
    return PATH.join(names)


def catalogue_of(connections: Connections, ids: Iterable[str]) -> dict[str, AccountProduct]:
    """Those of these products that exist, by id."""
    wanted, account = list(ids), connections.brightpearl
    if not wanted:
        return {}
    return {one.id: one for one in with_retries(lambda: list(account.list_catalogue(wanted)))}


def groups_of(connections: Connections, group_ids: Sequence[str]) -> list[str]:
    """Ids of the products that form these groups.

    A request for each of a few groups; of many, one scan of all products, used for a while.
    """
    account = connections.brightpearl
    if len(group_ids) <= FEW_GROUPS:
        return [
            one
            for group_id in group_ids
            for one in with_retries(partial(account.list_group, group_id))
        ]

    def scan() -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for row in with_retries(lambda: list(account.list_products())):
            if row.group_id:
                found[row.group_id].append(row.product_id)
        return found

    groups = connections.cache.get("product groups", scan, max_age_s=SCANNED_S)
    return [one for group_id in group_ids for one in groups.get(group_id, ())]


def keep_catalogue(
    connections: Connections, products: Sequence[AccountProduct], new: Iterable[str]
) -> set[str]:
    """Keep what was read for whoever looks SKUs up; orders that wait for `new` SKUs are released.

    Out: SKUs, as compared, that several live products carry.
    """
    catalogue, pair = Catalogue(connections.database), connections.pair.name
    rows = [
        CataloguedProduct(
            product_id=one.id,
            sku=one.identity.sku,
            stock_tracked=one.is_tracked,
            status=one.status,
        )
        for one in products
    ]
    catalogue.put(pair, rows, now=connections.clock())
    release_skus(connections.database, pair, new, connections.clock())
    keys = {sku_key(one.identity.sku) for one in products if one.identity.sku}
    return {key for key, one in catalogue.find(pair, keys).items() if one.is_ambiguous}


def keep_aliases(connections: Connections, aliases: Mapping[str, str]) -> None:
    """Keep SKUs that products had before. In: product of Brightpearl by SKU."""
    links = [Link(sku_key(sku), product_id) for sku, product_id in aliases.items() if sku]
    Links(connections.database).put(connections.pair.name, ALIASES, links, now=connections.clock())

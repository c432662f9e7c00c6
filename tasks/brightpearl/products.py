"""The account's products as the syncs read them, with brands and categories by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.brightpearl.catalogue_models import CODES, SIZES, AccountProduct
from core.ids import sku_key
from core.products import category_paths
from store.links import Link, Links
from store.stock import Catalogue, CataloguedProduct
from tasks.brightpearl.reference import ALIASES, KEPT_S, refresh_products
from tasks.policy import with_retries
from tasks.reconciler.cases import release_skus
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run

Row = Mapping[str, Any]
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
        paths = category_paths({one.id: (one.name, one.parent_id) for one in categories})
        return Names({brand.id: brand.name for brand in brands}, paths)

    return connections.cache.get("account names", read, max_age_s=max_age_s)


@dataclass(frozen=True)
class AccountRows:
    """The account's products as rows in kilograms and centimetres, with names for ids."""

    names: Names
    units: tuple[Decimal, Decimal]
    custom_fields: Mapping[str, str]
    """What the store calls custom fields, by their codes."""

    @classmethod
    def of(cls, run: Run, products: Iterable[AccountProduct]) -> AccountRows:
        """With names that all of these products have. Raises: TransientError, ConfigError."""
        listed = list(products)
        brands = {one.brand_id for one in listed} - {""}
        codes = {code for product in listed for code in product.categories}
        names = read_names(run.connections)
        if brands - names.brands.keys() or codes - names.paths.keys():
            names = read_names(run.connections, max_age_s=0.0)
        settings = run.connections.pair.products
        custom_fields = {row.value: row.becomes for row in run.bundle.tables["custom_fields"].rows}
        return cls(names, (settings.kilograms, settings.centimetres), custom_fields)

    def product(self, one: AccountProduct, *, with_sizes: bool) -> Row:
        """As a row of ACCOUNT_PRODUCTS. In: whether SKU, codes and sizes are the product's own."""
        paths = (self.names.paths.get(code, code) for code in one.categories)
        fields = (
            f"{name}: {value}"
            for code, name in sorted(self.custom_fields.items())
            if (value := " ".join(one.custom_field(code).split()))
        )
        return {
            **(self._of_sku(one) if with_sizes else {}),
            "product_id": one.id,
            "status": one.status,
            "name": one.name,
            "description": one.description,
            "brand": self.names.brands.get(one.brand_id, ""),
            "categories": "\n".join(paths),
            "product_type_id": one.type_id,
            "tax_code": one.tax_code,
            "custom_fields": "\n".join(fields),
        }

    def variant(self, one: AccountProduct) -> Row:
        """As a row of ACCOUNT_VARIANTS."""
        options = "\n".join(f"{each.option}: {each.value}" for each in one.variations)
        return {
            **self._of_sku(one),
            "product_id": one.id,
            "status": one.status,
            "options": options,
        }

    def _of_sku(self, one: AccountProduct) -> Row:
        weight, length = self.units
        return {
            **{name: getattr(one.identity, name) for name in CODES},
            "weight_kg": one.weight * weight,
            **{f"{name}_cm": getattr(one, name) * length for name in SIZES},
        }


def unit_prices(
    run: Run, products: Iterable[AccountProduct], *, with_tax: bool
) -> Mapping[str, Decimal]:
    """What a piece costs by product, in the price list of the settings; with tax where asked for.

    Raises: TransientError, ConfigError.
    """
    tax_codes = {one.id: one.tax_code for one in products}
    if not tax_codes:
        return {}
    account, price_list = run.brightpearl, run.connections.pair.products.price_list
    prices = with_retries(lambda: account.get_unit_prices(tax_codes, price_list))
    if not with_tax:
        return prices
    rates = {one.code: one.rate for one in with_retries(account.list_tax_codes)}
    return {
        number: round(price * (100 + (rates.get(tax_codes[number]) or 0)) / 100, 4)
        for number, price in prices.items()
    }


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
    found = catalogue.find(pair, keys)
    if any(one.is_ambiguous for one in found.values()):
        refresh_products(connections)  # one of them may have another SKU by now
        found = catalogue.find(pair, keys)
    return {key for key, one in found.items() if one.is_ambiguous}


def keep_aliases(connections: Connections, aliases: Mapping[str, str]) -> None:
    """Keep SKUs that products had before. In: product of Brightpearl by SKU."""
    links = [Link(sku_key(sku), product_id) for sku, product_id in aliases.items() if sku]
    Links(connections.database).put(connections.pair.name, ALIASES, links, now=connections.clock())

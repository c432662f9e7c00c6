"""The store's products as the syncs read them, with brands and categories by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.bigcommerce.store_models import Store
from core.errors import ConfigError
from core.ids import sku_key
from core.products import PATH
from tasks.policy import with_retries
from tasks.reconciler.connections import Connections

KEPT_S = 3600.0
"""How long names and settings are used before they are read again."""
KILOGRAMS: Mapping[str, Decimal] = {
    "kgs": Decimal(1),
    "lbs": Decimal("0.45359237"),
    "ounces": Decimal("0.028349523125"),
    "grams": Decimal("0.001"),
    "tonnes": Decimal(1000),
}
CENTIMETRES: Mapping[str, Decimal] = {"centimeters": Decimal(1), "inches": Decimal("2.54")}
"""By the names that the store's settings have for units."""
VARIANTS = "variants"
"""Links of variants: a variant of the store, a product of Brightpearl, and in `product` the store's
product."""


@dataclass(frozen=True)
class Names:
    """The store's brands and categories, by id and by name."""

    brands: Mapping[int, str]
    paths: Mapping[int, str]
    """Categories with those above them, `Home > Kitchen`, by id."""

    @property
    def ids(self) -> dict[str, int]:
        """Ids of categories by their path in small letters."""
        return {path.casefold(): number for number, path in self.paths.items()}


def read_names(connections: Connections, *, max_age_s: float = KEPT_S) -> Names:
    """Brands and categories, at most `max_age_s` old. Raises: TransientError, ConfigError."""

    def read() -> Names:
        store = connections.bigcommerce
        brands = with_retries(store.list_brands)
        categories = {one.id: one for one in with_retries(store.list_categories)}
        parents = {one.id: (one.name, one.parent_id) for one in categories.values()}
        return Names(
            {brand.id: brand.name for brand in brands},
            {number: category_path(number, parents) for number in categories},
        )

    return connections.cache.get("store names", read, max_age_s=max_age_s)


def category_path(number: int, parents: Mapping[int, tuple[str, int]]) -> str:
    """A category with those above it. In: name and parent by id; a circle ends where it closes."""
    names: list[str] = []
    seen: set[int] = set()
    while number in parents and number not in seen:
        seen.add(number)
        name, number = parents[number]
        names.insert(0, name.strip())
    return PATH.join(names)


def read_store(connections: Connections) -> Store:
    """The store's settings. Raises: TransientError, ConfigError."""
    read = connections.bigcommerce.get_store
    return connections.cache.get("store settings", lambda: with_retries(read), max_age_s=KEPT_S)


def units_of(store: Store) -> tuple[Decimal, Decimal]:
    """Kilograms and centimetres of the store's units. Raises: ConfigError for unknown units."""
    try:
        weight = KILOGRAMS[store.weight_units.casefold()]
        return weight, CENTIMETRES[store.dimension_units.casefold()]
    except KeyError as unknown:
        raise ConfigError(
            f"The store measures in {unknown.args[0]!r}, which Causeway does not know.",
            remedy="Choose units of weight and length in the store's settings.",
        ) from None


def products_of(connections: Connections, ids: Iterable[str]) -> dict[str, StoreProduct]:
    """Those of these products that exist, by id."""
    wanted, store = list(ids), connections.bigcommerce
    if not wanted:
        return {}
    return {one.id: one for one in with_retries(lambda: list(store.list_catalog_of(wanted)))}


def products_by_sku(connections: Connections, skus: Iterable[str]) -> dict[str, set[str]]:
    """Ids of the store's products that have a SKU, by SKU as compared."""
    wanted, store = sorted(set(skus)), connections.bigcommerce
    found: dict[str, set[str]] = {}
    for one in with_retries(lambda: list(store.find_variants(wanted))) if wanted else ():
        found.setdefault(sku_key(one.sku), set()).add(one.product_id)
    return found


def all_products(connections: Connections) -> Iterator[StoreProduct]:
    """Every product of the store."""
    yield from with_retries(lambda: list(connections.bigcommerce.list_catalog()))

"""The store's products as the syncs read and write them: as rows, with names for ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from connectors.bigcommerce.catalog_models import StoreProduct, StoreVariant
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.store_models import Store
from core.errors import CausewayError, ConfigError
from core.ids import sku_key
from core.products import PATH, category_paths
from tasks.policy import with_retries
from tasks.reconciler.apply import send
from tasks.reconciler.connections import Connections
from tasks.reconciler.operations import BigCommerceWrite
from tasks.reconciler.run import Run

Row = Mapping[str, Any]
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

    @cached_property
    def ids(self) -> dict[str, int]:
        """Ids of categories by their path in small letters."""
        return {path.casefold(): number for number, path in self.paths.items()}


def read_names(connections: Connections, *, max_age_s: float = KEPT_S) -> Names:
    """Brands and categories, at most `max_age_s` old. Raises: TransientError, ConfigError."""

    def read() -> Names:
        store = connections.bigcommerce
        brands = with_retries(store.list_brands)
        categories = with_retries(store.list_categories)
        paths = category_paths({one.id: (one.name, one.parent_id) for one in categories})
        return Names({brand.id: brand.name for brand in brands}, paths)

    return connections.cache.get("store names", read, max_age_s=max_age_s)


def ensure_categories(run: Run, paths: Iterable[str]) -> Names:
    """The store's names with categories of these paths: those that it lacks are made.

    One that is refused is left out, with those below it. Raises: TransientError, ConfigError.
    """
    parts = [path.split(PATH) for path in paths]
    wanted = dict.fromkeys(PATH.join(of[: n + 1]) for of in parts for n in range(len(of)))
    names = read_names(run.connections)
    if all(path.casefold() in names.ids for path in wanted):
        return names
    names = read_names(run.connections, max_age_s=0.0)
    made: dict[int, str] = {}
    for path in [one for one in wanted if one.casefold() not in names.ids]:
        above, _, name = path.rpartition(PATH)
        ids = {**names.ids, **{one.casefold(): number for number, one in made.items()}}
        if above and above.casefold() not in ids:
            continue
        parent_id = ids[above.casefold()] if above else 0
        write = BigCommerceWrite(
            natural_key=path,
            key=path,
            action="create category",
            send=partial(BigCommerce.create_category, name=name, parent_id=parent_id),
        )
        (answer,) = send(run, [write])
        if not isinstance(answer, CausewayError):
            made[answer.id] = path
    read_names(run.connections, max_age_s=0.0)
    return replace(names, paths={**names.paths, **made})


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


@dataclass(frozen=True)
class StoreRows:
    """The store's documents as rows in kilograms and centimetres, and rows as it writes them."""

    names: Names
    units: tuple[Decimal, Decimal]

    @classmethod
    def of(cls, connections: Connections, products: Iterable[StoreProduct]) -> StoreRows:
        """With names that all of these products have. Raises: TransientError, ConfigError."""
        listed = list(products)
        brands = {one.brand_id for one in listed} - {0}
        categories = {number for one in listed for number in one.categories}
        names = read_names(connections)
        if brands - names.brands.keys() or categories - names.paths.keys():
            names = read_names(connections, max_age_s=0.0)
        return cls(names, units_of(read_store(connections)))

    def product(self, product: StoreProduct, *, with_sizes: bool) -> Row:
        """As a row of STORE_PRODUCTS. In: whether SKU, codes and sizes are the product's own."""
        fields = sorted(f"{one.name}: {one.value}" for one in product.custom_fields)
        paths = (self.names.paths.get(one, "") for one in product.categories)
        return {
            **(self._of_sku(product) if with_sizes else {}),
            "product_id": product.id,
            "name": product.name,
            "description": product.description,
            "brand": self.names.brands.get(product.brand_id, ""),
            "categories": "\n".join(sorted(filter(None, paths))),
            "tax_class_id": product.tax_class_id,
            "is_visible": product.is_visible,
            "custom_fields": "\n".join(fields),
        }

    def variant(self, variant: StoreVariant) -> Row:
        """As a row of STORE_VARIANTS."""
        labels = (f"{one.option_name}: {one.label}" for one in variant.option_values)
        own = {"purchasing_disabled": variant.purchasing_disabled, "options": "\n".join(labels)}
        return {**self._of_sku(variant), **own}

    def _of_sku(self, one: StoreProduct | StoreVariant) -> Row:
        weight, length = self.units
        sizes = {"depth_cm": one.depth, "width_cm": one.width, "height_cm": one.height}
        return {
            **{name: getattr(one, name) for name in ("sku", "gtin", "upc", "mpn")},
            "weight_kg": (one.weight or Decimal(0)) * weight,
            **{name: (value or Decimal(0)) * length for name, value in sizes.items()},
        }

    def fields(self, row: Row) -> dict[str, Any]:
        """Columns of either kind of row as fields that BigCommerce writes."""
        weight, length = self.units
        found: dict[str, Any] = {}
        for name, value in row.items():
            match name:
                case "brand":
                    found |= {"brand_name": value} if value else {"brand_id": 0}
                case "categories":
                    paths = [one for one in str(value).splitlines() if one]
                    found[name] = [self.names.ids[one.casefold()] for one in paths]
                case "tax_class_id":
                    found |= {name: int(value)} if value else {}
                case "weight_kg":
                    found["weight"] = _number(value, weight)
                case "depth_cm" | "width_cm" | "height_cm":
                    found[name.removesuffix("_cm")] = _number(value, length)
                case "custom_fields" | "key" | "product_id" | "options":
                    continue
                case _:
                    found[name] = value
        return found


def _number(value: Decimal | None, unit: Decimal) -> float:
    return float(round((value or Decimal(0)) / unit, 4))

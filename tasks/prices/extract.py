"""Which SKUs the keys of a batch mean, and their prices on both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial

import pandas as pd

from connectors.bigcommerce.price_models import PricedVariant, PriceList
from core.frames import frame
from core.ids import PRODUCT, sku_key
from core.prices import ACCOUNT_PRICES, CATALOGUE_FIELDS, LIST
from mappings.sku_names import SkuNames
from mappings.tables import Table
from tasks.bigcommerce.products import read_store
from tasks.brightpearl.reference import find_products, skus_in_store
from tasks.policy import RETRIED, step, with_retries
from tasks.prices.frames import AgreedPrices, Found, Name, Price
from tasks.reconciler.cases import Outcome, missing, skipped
from tasks.reconciler.holds import CATALOGUE
from tasks.reconciler.run import Run

LISTS_KEPT_S = 300.0


def resolve_keys(run: Run) -> tuple[list[str], list[Outcome]]:
    """The SKUs (as compared) that the keys of the batch mean, and what becomes of other keys.

    Raises: TransientError, ConfigError.
    """
    named = {key: key.removeprefix(PRODUCT) for key in run.batch.keys if key.startswith(PRODUCT)}
    skus = skus_in_store(run.connections, run.bundle.tables["skus"], named.values())
    run.rekey_to_all({key: skus.get(one, []) for key, one in named.items()}, "alias")
    keys = run.batch.keys
    without_sku = {*named, CATALOGUE}
    left = [skipped(key, "not ours", "has no SKU") for key in keys if key in without_sku]
    return [key for key in keys if key not in without_sku], left


@step("extract-prices", RETRIED)
def extract_prices(run: Run, skus: Collection[str]) -> tuple[Found, list[Outcome]]:
    """Both sides' prices of these SKUs (as compared), and what becomes of SKUs that one side lacks.

    Raises: TransientError, ConfigError.
    """
    targets = run.bundle.tables["price_targets"]
    read = [row.value for row in targets.rows if row.becomes and row.value.isdigit()]
    if not skus or not read:
        return Found(), [skipped(sku, "not ours", "no price list is synced") for sku in skus]
    names = SkuNames(run.bundle.tables["skus"])
    in_account = {sku: sku_key(names.in_account(sku)) for sku in skus}
    listed = find_products(run.connections, set(in_account.values()))
    products = {sku: listed[one].product_id for sku, one in in_account.items() if one in listed}
    outcomes = [
        skipped(sku, "not ours", "not in Brightpearl, or there twice")
        for sku in skus
        if sku not in products
    ]
    fields = {row.becomes for row in targets.rows}.intersection(CATALOGUE_FIELDS)
    read_variants = partial(run.bigcommerce.list_priced_variants, with_products=bool(fields))
    variants = {sku_key(one.sku): one for one in with_retries(partial(read_variants, products))}
    outcomes += [
        missing(sku, may_be_stale=run.batch.may_be_stale(sku)) for sku in products.keys() - variants
    ]
    products = {sku: product for sku, product in products.items() if sku in variants}
    lists = _lists(run, targets)
    links = run.links.get(run.pair, run.entity, sorted(products))
    currency = read_store(run.connections).currency
    found = Found(
        prices=_account_prices(run, products, variants, read),
        variants=variants,
        actual=_store_prices(run, variants, fields, lists, currency),
        lists={one.name.casefold(): one.id for one in lists},
        agreed={sku: AgreedPrices.of(link) for sku, link in links.items()},
        products=products,
        currency=currency,
    )
    return found, outcomes


def _lists(run: Run, targets: Table) -> list[PriceList]:
    """The store's price lists that the table names; where it names none, none is asked for."""
    rows = (row.becomes for row in targets.rows if row.becomes.startswith(LIST))
    named = {one.removeprefix(LIST).casefold() for one in rows}
    if not named:
        return []
    read = partial(with_retries, run.bigcommerce.list_price_lists)
    known = run.connections.cache.get("price lists", read, max_age_s=LISTS_KEPT_S)
    return [one for one in known if one.name.casefold() in named]


def _account_prices(
    run: Run, products: Mapping[str, str], variants: Mapping[str, PricedVariant], lists: list[str]
) -> pd.DataFrame:
    skus: dict[str, list[str]] = defaultdict(list)
    for sku in variants:
        skus[products[sku]].append(sku)
    priced = with_retries(lambda: list(run.brightpearl.list_prices(sorted(skus), lists)))
    rows = (
        {
            "sku_key": sku,
            "sku": variants[sku].sku,
            "product_id": product.product_id,
            "price_list_id": listed.price_list_id,
            "currency": listed.currency_code,
            "quantity": quantity,
            "net": net,
        }
        for product in priced
        for sku in skus[product.product_id]
        for listed in product.lists
        for quantity, net in listed.by_quantity.items()
    )
    return frame(rows, ACCOUNT_PRICES)


def _store_prices(
    run: Run,
    variants: Mapping[str, PricedVariant],
    fields: Collection[str],
    lists: Iterable[PriceList],
    currency: str,
) -> dict[str, dict[Name, Price]]:
    """What the store asks now: in these fields of its catalogue, and in these lists."""
    found = {
        sku: {
            Name(field, currency): Price.of({1: amount})
            for field, amount in one.prices.items()
            if field in fields
        }
        for sku, one in variants.items()
    }
    skus = {one.id: sku for sku, one in variants.items()}
    for listed in lists:
        for record in with_retries(partial(run.bigcommerce.list_price_records, listed.id, skus)):
            if record.by_quantity:
                name = Name(f"{LIST}{listed.name}", record.currency.upper())
                found[skus[record.variant_id]][name] = Price.of(record.by_quantity)
    return found

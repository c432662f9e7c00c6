"""Which SKUs the keys of a batch mean, and their prices on both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from connectors.bigcommerce.price_models import PricedVariant, PriceList, PriceRecord
from core.frames import frame
from core.ids import PRODUCT, sku_key
from core.prices import ACCOUNT_PRICES, CATALOGUE_FIELDS, LIST
from mappings.sku_names import SkuNames
from mappings.tables import Table
from tasks.brightpearl.reference import find_products, products_by_id
from tasks.policy import RETRIED, step, with_retries
from tasks.prices.frames import AgreedPrices, Found, Name, Price
from tasks.reconciler.cases import Outcome, missing, skipped
from tasks.reconciler.run import Run

LISTS_KEPT_S = 300.0
STORE_KEPT_S = 3600.0


def resolve_keys(run: Run) -> tuple[list[str], list[Outcome]]:
    """The SKUs (as compared) that the keys of the batch mean, and what becomes of other keys.

    Raises: TransientError, ConfigError.
    """
    named = {key: key.removeprefix(PRODUCT) for key in run.batch.keys if key.startswith(PRODUCT)}
    products = products_by_id(run.connections, set(named.values())) if named else {}
    names = SkuNames(run.bundle.tables["skus"])
    skus = {
        key: names.in_store(products[one].sku)
        for key, one in named.items()
        if one in products and products[one].sku
    }
    known = {key: found[0] for key, found in skus.items() if found}
    others = {sku for found in skus.values() for sku in found[1:]}
    if others and not run.dry_run:
        run.inbox.put(run.pair, run.entity, others, source="alias", now=run.now())
    if known:
        run.rekey(known)
    unknown = named.keys() - known.keys()
    left = [skipped(key, "not ours", "has no SKU") for key in run.batch.keys if key in unknown]
    return [key for key in run.batch.keys if key not in unknown], left


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
    products = find_products(run.connections, set(in_account.values()))
    both = {sku: products[one].product_id for sku, one in in_account.items() if one in products}
    outcomes = [
        skipped(sku, "not ours", "not in Brightpearl, or there twice")
        for sku in skus
        if sku not in both
    ]
    listed = with_retries(lambda: list(run.bigcommerce.list_priced_variants(both)))
    variants = {sku_key(one.sku): one for one in listed}
    outcomes += [
        missing(sku, may_be_stale=run.batch.may_be_stale(sku)) for sku in both.keys() - variants
    ]
    both = {sku: product for sku, product in both.items() if sku in variants}
    lists = _lists(run, targets)
    links = run.links.get(run.pair, run.entity, sorted(both))
    store = run.connections.cache.get(
        "store settings", lambda: with_retries(run.bigcommerce.get_store), max_age_s=STORE_KEPT_S
    )
    found = Found(
        prices=_account_prices(run, both, variants, read),
        variants={sku: variants[sku] for sku in both},
        actual=_store_prices(
            run, {sku: variants[sku] for sku in both}, lists, targets, store.currency
        ),
        lists={one.name.casefold(): one.id for one in lists},
        agreed={sku: AgreedPrices.of(link) for sku, link in links.items()},
        products=both,
        currency=store.currency,
    )
    return found, outcomes


def _lists(run: Run, targets: Table) -> list[PriceList]:
    """The store's price lists that the table names; where it names none, none is asked for."""
    named = {
        row.becomes.removeprefix(LIST).casefold() for row in targets.rows if LIST in row.becomes
    }
    if not named:
        return []
    known = run.connections.cache.get(
        "price lists",
        lambda: with_retries(run.bigcommerce.list_price_lists),
        max_age_s=LISTS_KEPT_S,
    )
    return [one for one in known if one.name.casefold() in named]


def _account_prices(
    run: Run, products: Mapping[str, str], variants: Mapping[str, PricedVariant], lists: list[str]
) -> pd.DataFrame:
    skus: dict[str, list[str]] = defaultdict(list)
    for sku, product in products.items():
        skus[product].append(sku)
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
    lists: Iterable[PriceList],
    targets: Table,
    currency: str,
) -> dict[str, dict[Name, Price]]:
    """What the store asks now. A price of 0 in a field other than `price` is none."""
    fields = [row.becomes for row in targets.rows if row.becomes in CATALOGUE_FIELDS]
    base = [one.product_id for one in variants.values() if one.is_base and fields]
    products = {
        one.id: one
        for one in with_retries(lambda: list(run.bigcommerce.list_priced_products(base)))
    }
    found: dict[str, dict[Name, Price]] = defaultdict(dict)
    for sku, variant in variants.items():
        holder = products.get(variant.product_id) if variant.is_base else variant
        for field in fields if holder else ():
            amount = getattr(holder, field)
            if amount is not None and (amount or field == "price"):
                found[sku][field, currency] = Price(amount.normalize() + 0)
    skus = {one.id: sku for sku, one in variants.items()}
    for listed in lists:
        for record in _records(run, listed, skus):
            if record.price is not None:
                name = f"{LIST}{listed.name}", record.currency.upper()
                tiers = tuple(
                    (one.quantity_min, one.amount.normalize() + 0) for one in record.tiers
                )
                found[skus[record.variant_id]][name] = Price(record.price.normalize() + 0, tiers)
    return found


def _records(run: Run, listed: PriceList, skus: Mapping[str, str]) -> list[PriceRecord]:
    return with_retries(lambda: list(run.bigcommerce.list_price_records(listed.id, skus)))

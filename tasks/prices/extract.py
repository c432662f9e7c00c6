"""Which SKUs the keys of a batch mean, and their prices on both sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from core.frames import frame
from core.ids import PRODUCT, sku_key
from core.prices import ACCOUNT_PRICES, CATALOGUE_FIELDS, LIST
from mappings.sku_names import SkuNames
from tasks.bigcommerce.products import read_store
from tasks.brightpearl.reference import find_products, skus_in_store
from tasks.policy import RETRIED, step, with_retries
from tasks.prices.frames import AgreedPrices, Found, Name, Price
from tasks.reconciler.cases import Outcome, skipped
from tasks.reconciler.run import Run

LISTS_KEPT_S = 300.0


def resolve_keys(run: Run) -> tuple[list[str], list[Outcome]]:
    """The SKUs (as compared) that the keys of the batch mean, and what becomes of other keys.

    Raises: TransientError, ConfigError.
    """
    named = {key: key.removeprefix(PRODUCT) for key in run.batch.keys if key.startswith(PRODUCT)}
    skus = skus_in_store(run.connections, run.bundle.tables["skus"], named.values())
    meant = {key: skus.get(one, []) for key, one in named.items()}
    return run.rekey_to_all(meant, "alias", "has no SKU")


@step("extract-prices", RETRIED)
def extract_prices(run: Run, skus: Collection[str]) -> tuple[Found, list[Outcome]]:
    """Both sides' prices of these SKUs (as compared), and what becomes of SKUs that one side lacks.

    Raises: TransientError, ConfigError.
    """
    targets = {row.value: row.becomes for row in run.bundle.tables["price_targets"].rows}
    read = [one for one, target in targets.items() if target and one.isdigit()]
    if not skus or not read:
        return Found(), [skipped(sku, "not ours", "no price list is synced") for sku in skus]
    names = SkuNames(run.bundle.tables["skus"])
    in_account = {sku: sku_key(names.in_account(sku)) for sku in skus}
    listed = find_products(run.connections, set(in_account.values()))
    products = {sku: listed[one].product_id for sku, one in in_account.items() if one in listed}
    unknown = [sku for sku in skus if sku not in products]
    outcomes = [skipped(sku, "not ours", "not in Brightpearl, or there twice") for sku in unknown]
    fields = set(CATALOGUE_FIELDS).intersection(targets.values())
    read_variants = partial(run.bigcommerce.list_priced_variants, with_products=bool(fields))
    variants = {sku_key(one.sku): one for one in with_retries(partial(read_variants, products))}
    outcomes += run.batch.missing(products.keys() - variants)
    links = run.links.get(run.pair, run.entity, sorted(variants))
    found = Found(
        variants=variants,
        lists=_price_lists(run, targets.values()),
        agreed={sku: AgreedPrices.of(link) for sku, link in links.items()},
        products={sku: products[sku] for sku in variants},
        currency=read_store(run.connections).currency,
    )
    prices = _account_prices(run, found, read)
    actual = _store_prices(run, found, targets.values())
    return replace(found, prices=prices, actual=actual), outcomes


def _price_lists(run: Run, targets: Iterable[str]) -> dict[str, str]:
    """Ids of the store's price lists by name, case-folded; none is asked for where none is fed.

    They are read again where one that is fed is not among them: it may have been made since.
    """
    wanted = {one.removeprefix(LIST).casefold() for one in targets if one.startswith(LIST)}
    known: dict[str, str] = {}
    # A person who asks wants to know it now: the list may have been made anew, too.
    ages_s = (0.0,) if run.batch.asked_for else (LISTS_KEPT_S, 0.0)
    for max_age_s in ages_s if wanted else ():
        read = partial(with_retries, run.bigcommerce.list_price_lists)
        lists = run.connections.cache.get("price lists", read, max_age_s=max_age_s)
        known = {one.name.casefold(): one.id for one in lists}
        if known.keys() >= wanted:
            break
    return known


def _account_prices(run: Run, found: Found, lists: Sequence[str]) -> pd.DataFrame:
    """What Brightpearl has in these of its lists."""
    skus: dict[str, list[str]] = defaultdict(list)
    for sku, product_id in found.products.items():
        skus[product_id].append(sku)
    priced = with_retries(lambda: list(run.brightpearl.list_prices(sorted(skus), lists)))
    rows = (
        {
            "sku_key": sku,
            "sku": found.variants[sku].sku,
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


def _store_prices(run: Run, found: Found, targets: Collection[str]) -> dict[str, dict[Name, Price]]:
    """What the store asks now: in the fields of its catalogue and the lists that are fed."""
    prices = {
        sku: {
            Name(field, found.currency): Price.of({1: amount})
            for field, amount in one.prices.items()
            if field in targets
        }
        for sku, one in found.variants.items()
    }
    skus = {one.id: sku for sku, one in found.variants.items()}
    for target in sorted({one for one in targets if found.list_id(Name(one, ""))}):
        list_id = found.list_id(Name(target, ""))
        for record in with_retries(partial(run.bigcommerce.list_price_records, list_id, skus)):
            if record.by_quantity:
                name = Name(target, record.currency.upper())
                prices[skus[record.variant_id]][name] = Price.of(record.by_quantity)
    return prices

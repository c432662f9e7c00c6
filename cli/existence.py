"""Keys that a person typed and that name nothing: said at once, before any run is started."""

from __future__ import annotations

from collections.abc import Sequence

from cli.installation import Installation, has_database
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.inventory_models import StockItem
from connectors.bigcommerce.models import Missing
from connectors.bigcommerce.orders import plan_ranges
from connectors.brightpearl.client import Brightpearl
from connectors.brightpearl.models import Unreadable
from connectors.budget import Priority
from core.ids import (
    DROP_SHIP,
    GOODS_OUT,
    PRODUCT,
    STORE_PRODUCT,
    VARIANT,
    contact_id_of,
    note_of,
    sku_key,
)
from store.links import Links

STOCK, CUSTOMERS, PRODUCTS, PRICES = "stock", "customers", "products", "prices"


def unknown_keys(installed: Installation, entity: str, keys: Sequence[str]) -> dict[str, str]:
    """What is missing where, by key; keys of records that both sides once had are not among them.

    Raises: TransientError, ConfigError.
    """
    store = BigCommerce(installed.pair.bigcommerce).at(Priority.ORDERS)
    account = Brightpearl(installed.pair.brightpearl)
    kinds = {STOCK: _stock, CUSTOMERS: _customers, PRODUCTS: _products, PRICES: _prices}
    absent = kinds.get(entity, _orders)(store, account, keys)
    if absent and has_database(installed.settings):
        known = Links(installed.database()).get(installed.name, entity, list(absent))
        absent = {key: why for key, why in absent.items() if key not in known}
    return absent


def _customers(store: BigCommerce, account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    """Contacts of a merge are read by the merge itself."""
    customers = [key for key in keys if key.isdecimal()]
    contacts = {one: key for key in keys if (one := contact_id_of(key))}
    in_store = {one.id for one in store.get_customers(customers)} if customers else set()
    in_account = {one.id for one in account.get_contacts(contacts)} if contacts else set()
    absent = {key: f"BigCommerce has no customer {key}." for key in set(customers) - in_store}
    missing = {contacts[one]: one for one in contacts.keys() - in_account}
    return absent | {key: f"Brightpearl has no contact {one}." for key, one in missing.items()}


def _products(store: BigCommerce, account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    """Groups are found by their products alone, so that they are not asked for."""
    in_store = {
        key.removeprefix(STORE_PRODUCT): key for key in keys if key.startswith(STORE_PRODUCT)
    }
    listed = {one.id for one in store.list_catalog_of(in_store)} if in_store else set()
    missing = {key: one for one, key in in_store.items() if one not in listed}
    absent = {key: f"BigCommerce has no product {one}." for key, one in missing.items()}
    return absent | _account_products(account, keys)


def _account_products(account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    ids = {key.removeprefix(PRODUCT): key for key in keys if key.startswith(PRODUCT)}
    known = {one.id for one in account.list_catalogue(ids)} if ids else set()
    return {ids[one]: f"Brightpearl has no product {one}." for one in ids.keys() - known}


def _prices(store: BigCommerce, account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    skus = [key for key in keys if not key.startswith(PRODUCT)]
    known = {sku_key(one.sku) for one in store.find_variants(skus)} if skus else set()
    absent = {sku: f"BigCommerce has no SKU {sku}." for sku in skus if sku not in known}
    return absent | _account_products(account, keys)


def _orders(store: BigCommerce, account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    ids = [key for key in keys if note_of(key) is None]
    found = [one for part in plan_ranges(ids) for one in store.get_range(part)]
    absent = {
        one.order_id: f"BigCommerce has no order {one.order_id}."
        for one in found
        if isinstance(one, Missing)
    }
    return absent | _notes(account, keys)


def _notes(account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    absent: dict[str, str] = {}
    for kind, name, read in (
        (GOODS_OUT, "goods-out note", account.get_goods_out),
        (DROP_SHIP, "drop-ship note", account.get_drop_ship),
    ):
        ids = {note[1]: key for key in keys if (note := note_of(key)) and note[0] == kind}
        notes = read(ids) if ids else ()
        found = {one.record_id if isinstance(one, Unreadable) else str(one.id) for one in notes}
        for note_id in ids.keys() - found:
            absent[ids[note_id]] = f"Brightpearl has no {name} {note_id}."
    return absent


def _stock(store: BigCommerce, _account: Brightpearl, keys: Sequence[str]) -> dict[str, str]:
    skus = [key for key in keys if not key.startswith((PRODUCT, VARIANT)) and "," not in key]
    variants = {key.removeprefix(VARIANT): key for key in keys if key.startswith(VARIANT)}
    of_skus = store.list_inventory_of_skus(skus) if skus else ()
    of_variants = store.list_inventory_of_variants(variants) if variants else ()
    stocked = {sku_key(item.sku) for item in of_skus}
    items = list(of_variants)
    seen = {item.variant_id for item in items if isinstance(item, StockItem)}
    if len(seen) < len(items):  # an item that cannot be read may be of any of them
        seen = set(variants)
    absent = {
        key: f"BigCommerce has no SKU {key}, or keeps no stock of it."
        for key in skus
        if sku_key(key) not in stocked
    }
    for variant_id, key in variants.items():
        if variant_id not in seen:
            absent[key] = f"BigCommerce has no variant {variant_id}, or keeps no stock of it."
    return absent

"""Both sides of the products that the keys of a batch mean, or of all, and what goes with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from connectors.bigcommerce.catalog_models import StoreProduct
from core.ids import GROUP, PRODUCT, STORE_PRODUCT, sku_key
from store.inbox import OPERATOR
from tasks.bigcommerce.products import VARIANTS, all_products, products_by_sku, products_of
from tasks.brightpearl.products import catalogue_of, groups_of, keep_catalogue
from tasks.brightpearl.reference import find_products
from tasks.policy import RETRIED, step, with_retries
from tasks.products.frames import AgreedProduct
from tasks.products.matching import Family, Sides, assemble
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run


@step("extract-products", RETRIED)
def extract_products(run: Run) -> tuple[list[Family], list[Outcome]]:
    """The families that the keys of the batch mean, and what becomes of keys that mean none.

    Raises: TransientError, ConfigError.
    """
    sides, keys = _read(run, run.batch.keys), run.batch.keys
    families = [_requested(run, family) for family in assemble(sides)]
    record_of = {name: family.key for family in families for name in family.names}
    run.rekey({key: record_of[key] for key in keys if record_of.get(key, key) != key})
    wanted = set(run.batch.keys)
    found = [family for family in families if family.key in wanted]
    left = wanted - {family.key for family in found} - run.refused_keys
    in_store = {key for key in left if key.startswith(STORE_PRODUCT)}
    absent = run.batch.missing(sorted(left - in_store), "Brightpearl")
    return found, [*absent, *run.batch.missing(sorted(in_store))]


def _requested(run: Run, family: Family) -> Family:
    """A family that is made anew where a person named it after it was deleted in the store."""
    is_named = any(run.batch.sources.get(name) == OPERATOR for name in family.names)
    if family.gone != "BigCommerce" or not (is_named and family.members):
        return family
    if not run.dry_run:
        run.links.drop(run.pair, run.entity, [family.product_id_bc])
    return replace(family, agreed=AgreedProduct(), product_id_bc="")


def extract_families(run: Run) -> Iterator[Family]:
    """All families of both systems. Raises: TransientError, ConfigError."""
    return assemble(read_catalogues(run))


@step("read-catalogues", RETRIED)
def read_catalogues(run: Run) -> Sides:
    """Both systems as a whole."""
    connections, account = run.connections, run.brightpearl
    sides = Sides(
        account=catalogue_of(connections, with_retries(account.list_product_ids)),
        store={one.id: one for one in all_products(connections)},
        links={link.key_bc: link for link in run.links.scan(run.pair, run.entity)},
    )
    sides.by_sku = _by_sku(sides.store.values())
    _keep(run, sides)
    return sides


def _read(run: Run, keys: Collection[str]) -> Sides:
    """Both sides of what the keys name, and of what belongs to it."""
    connections, sides = run.connections, Sides()
    ids = {key.removeprefix(PRODUCT) for key in keys if key.startswith(PRODUCT)}
    groups = [key for key in keys if key.startswith(GROUP)]
    store_ids = {key.removeprefix(STORE_PRODUCT) for key in keys if key.startswith(STORE_PRODUCT)}
    linked_groups = run.links.get(run.pair, run.entity, groups, by="id_bp")
    store_ids |= {link.key_bc for link in linked_groups.values()}
    open_groups = {key.removeprefix(GROUP) for key in groups if key not in linked_groups}
    _add_linked(run, sides, store_ids | _linked_with(run, ids), ids)
    _add_groups(run, sides, open_groups)
    # What is not linked yet may be there under its SKU.
    new = {sku_key(one.identity.sku) for one in sides.unlinked if one.identity.sku}
    sides.by_sku = products_by_sku(connections, new)
    _add_linked(run, sides, {one for found in sides.by_sku.values() for one in found}, ())
    skus = _by_sku(one for number, one in sides.store.items() if number not in sides.links).keys()
    if skus - new:
        products = find_products(connections, skus - new)
        _add_linked(run, sides, (), {one.product_id for one in products.values()})
        _add_groups(run, sides, ())
        sides.by_sku = {**_by_sku(sides.store.values()), **sides.by_sku}
    _keep(run, sides)
    return sides


def _add_linked(run: Run, sides: Sides, store_ids: Iterable[str], ids: Iterable[str]) -> None:
    """Read products of the store and of the account, with all that links say belongs to them."""
    missing_ids = sorted(set(store_ids) - sides.store.keys())
    links = run.links.get(run.pair, run.entity, missing_ids)
    sides.links |= links
    sides.store |= products_of(run.connections, missing_ids)
    members = {one for link in links.values() for one in AgreedProduct.of(link).variants}
    sides.account |= catalogue_of(run.connections, ({*ids} | members) - sides.account.keys())


def _add_groups(run: Run, sides: Sides, groups: Iterable[str]) -> None:
    """Read all products of groups of which one is not linked yet."""
    wanted = {one.group_id for one in sides.unlinked if one.group_id and one.variations}
    members = set(groups_of(run.connections, sorted(wanted | set(groups))))
    _add_linked(run, sides, _linked_with(run, members), members)


def _linked_with(run: Run, ids: Iterable[str]) -> set[str]:
    """The store's products that products of Brightpearl are variants of."""
    variants = run.links.get(run.pair, VARIANTS, list(ids), by="id_bp").values()
    return {link.detail["product"] for link in variants}


def _by_sku(products: Iterable[StoreProduct]) -> dict[str, set[str]]:
    """Ids of the store's products by SKU as compared."""
    found: dict[str, set[str]] = defaultdict(set)
    for product in products:
        for variant in product.variants:
            if variant.sku:
                found[sku_key(variant.sku)].add(product.id)
    return found


def _keep(run: Run, sides: Sides) -> None:
    new = [one.identity.sku for one in sides.unlinked]
    sides.doubled = keep_catalogue(run.connections, list(sides.account.values()), new)

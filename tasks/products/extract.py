"""Both sides of the products that the keys of a batch mean, or of all: what belongs together.

A product of Brightpearl, or a group of them, and one product of the store are a family. They are
joined by the ids that a link keeps, else by SKU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from connectors.bigcommerce.catalog_models import StoreProduct, StoreVariant
from connectors.brightpearl.catalogue_models import AccountProduct
from core.ids import GROUP, PRODUCT, STORE_PRODUCT, sku_key
from store.inbox import OPERATOR
from store.links import Link
from tasks.bigcommerce.products import VARIANTS, all_products, products_by_sku, products_of
from tasks.brightpearl.products import catalogue_of, groups_of, keep_catalogue
from tasks.brightpearl.reference import find_products
from tasks.policy import RETRIED, step, with_retries
from tasks.products.frames import AgreedProduct
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run


@dataclass(frozen=True)
class Family:
    """One record: products of Brightpearl and the store's product that they are."""

    key: str
    members: tuple[AccountProduct, ...] = ()
    """The oldest one first."""
    store: StoreProduct | None = None
    agreed: AgreedProduct = field(default_factory=AgreedProduct)
    product_id_bc: str = ""
    """The store's product, also where it is gone."""
    is_split: bool = False
    """Whether the store's variants are products of their own in Brightpearl: then they share
    nothing but what belongs to a SKU."""
    others: frozenset[str] = frozenset()
    """Further products of the store that have SKUs of this one."""
    doubled: frozenset[str] = frozenset()
    """SKUs, as compared, that several live products of Brightpearl carry."""

    @property
    def is_group(self) -> bool:
        """Whether its products are variants in the store."""
        return self.is_split or self.key.startswith(GROUP)

    @property
    def gone(self) -> str:
        """The system in which it was deleted, of one that both had; "" where both have it."""
        if self.agreed.gone or not self.agreed.variants:
            return self.agreed.gone
        if self.store is None:
            return "BigCommerce"
        return "" if self.members else "Brightpearl"

    def variant_of(self, member: AccountProduct) -> StoreVariant | None:
        """The store's variant that is this product."""
        variants = self.store.variants if self.store else ()
        known = self.agreed.variants.get(member.id)
        if known and (by_id := [one for one in variants if one.id == known.variant_id]):
            return by_id[0]
        key = sku_key(member.identity.sku)
        same = [one for one in variants if key and sku_key(one.sku) == key]
        return same[0] if len(same) == 1 else None


@dataclass
class Sides:
    """What was read of both systems, by id."""

    account: dict[str, AccountProduct] = field(default_factory=dict)
    store: dict[str, StoreProduct] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    """By the store's product."""
    by_sku: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The store's products by SKU as compared, of products that are not linked."""
    doubled: Collection[str] = ()

    @property
    def unlinked(self) -> list[AccountProduct]:
        """Brightpearl's products that are not linked."""
        linked = self.linked()
        return [one for one in self.account.values() if one.id not in linked]

    def linked(self) -> dict[str, str]:
        """The store's product, by each product of Brightpearl that is linked with it."""
        return {
            member: number
            for number, link in self.links.items()
            for member in AgreedProduct.of(link).variants
        }


@step("extract-products", RETRIED)
def extract_products(run: Run) -> tuple[list[Family], list[Outcome]]:
    """The families that the keys of the batch mean, and what becomes of keys that mean none.

    Raises: TransientError, ConfigError.
    """
    sides, keys = _read(run, run.batch.keys), run.batch.keys
    families = [_requested(run, family) for family in assemble(sides)]
    record_of = {name: family.key for family in families for name in _names(family)}
    run.rekey({key: record_of[key] for key in keys if record_of.get(key, key) != key})
    wanted = set(run.batch.keys)
    found = [family for family in families if family.key in wanted]
    left = wanted - {family.key for family in found} - run.refused_keys
    in_store = {key for key in left if key.startswith(STORE_PRODUCT)}
    absent = run.batch.missing(sorted(left - in_store), "Brightpearl")
    return found, [*absent, *run.batch.missing(sorted(in_store))]


def _requested(run: Run, family: Family) -> Family:
    """A family that is made anew where a person named it after it was deleted in the store."""
    is_named = any(run.batch.sources.get(name) == OPERATOR for name in _names(family))
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


def assemble(sides: Sides) -> Iterator[Family]:
    """What was read as families. Pure."""
    home = sides.linked()
    units: dict[str, list[AccountProduct]] = defaultdict(list)
    for product in sides.account.values():
        is_variant = product.group_id and product.variations
        units[f"{GROUP}{product.group_id}" if is_variant else f"{PRODUCT}{product.id}"].append(
            product
        )
    parts: dict[str, list[str]] = defaultdict(list)
    for unit, members in units.items():
        members.sort(key=lambda one: int(one.id))
        targets = {home[one.id] for one in members if one.id in home}
        targets = targets or {
            number for one in members for number in sides.by_sku.get(sku_key(one.identity.sku), ())
        }
        if len(targets) == 1:
            parts[next(iter(targets))].append(unit)
        else:
            doubled = _doubled(members, sides.doubled)
            yield Family(unit, tuple(members), others=frozenset(targets), doubled=doubled)
    for number in {**sides.store, **sides.links, **parts}:
        in_store, link = sides.store.get(number), sides.links.get(number)
        own = parts.get(number, [])
        members = [one for unit in own for one in units[unit]]
        is_split = len(own) > 1 or (
            bool(own and own[0].startswith(PRODUCT)) and bool(in_store and not in_store.is_simple)
        )
        key = own[0] if own and not is_split else f"{STORE_PRODUCT}{number}"
        yield Family(
            key=link.id_bp if link and not own else key,
            members=tuple(sorted(members, key=lambda one: int(one.id))),
            store=in_store,
            agreed=AgreedProduct.of(link),
            product_id_bc=number,
            is_split=is_split,
            doubled=_doubled(members, sides.doubled),
        )


def _doubled(members: Iterable[AccountProduct], doubled: Collection[str]) -> frozenset[str]:
    return frozenset(key for one in members if (key := sku_key(one.identity.sku)) in doubled)


def _names(family: Family) -> Iterable[str]:
    """The keys by which events name a family."""
    yield family.key
    if family.product_id_bc:
        yield f"{STORE_PRODUCT}{family.product_id_bc}"
    yield from (f"{PRODUCT}{one.id}" for one in family.members)
    yield from (f"{GROUP}{one.group_id}" for one in family.members if one.group_id)
    yield from (f"{PRODUCT}{one}" for one in family.agreed.variants)

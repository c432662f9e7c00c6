"""Which products belong together: those of Brightpearl and the store's that they are. Pure.

A product of Brightpearl, or a group of them, and one product of the store are a family. They are
joined by the ids that a link keeps, else by SKU; unless barcodes or part numbers say that they are
two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.bigcommerce.catalog_models import StoreProduct, StoreVariant
from connectors.brightpearl.catalogue_models import AccountProduct
from core.ids import GROUP, PRODUCT, STORE_PRODUCT, sku_key
from core.refusals import Refusal
from intelligence.products import Item, contradictions, normalise_gtin
from store.links import Link
from tasks.products.frames import AgreedProduct
from tasks.reconciler.cases import digest, review


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

    @property
    def names(self) -> set[str]:
        """The keys by which events name it."""
        ids = {*self.agreed.variants, *(one.id for one in self.members)}
        groups = {f"{GROUP}{one.group_id}" for one in self.members if one.group_id}
        in_store = {f"{STORE_PRODUCT}{self.product_id_bc}"} if self.product_id_bc else set()
        return {self.key, *in_store, *groups, *(f"{PRODUCT}{one}" for one in ids)}

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


def identifier_case(family: Family) -> Refusal | None:
    """The case of a record that is about to be linked, where its identifiers contradict it."""
    if family.agreed.variants:
        return None
    reasons: list[str] = []
    for member in family.members:
        if (variant := family.variant_of(member)) is not None:
            here, over = _items(variant, member)
            found = contradictions(here, over)
            reasons += [f"{variant.sku}: {' and '.join(found)}"] if found else []
    if not reasons:
        return None
    reason = f"The SKU is the same, but {'; '.join(reasons)}"
    link = f"the store's product {family.store.id if family.store else ''} and {family.key}"
    return review("identifiers", digest("identifiers", *reasons), reason, {"link": link})


def _items(variant: StoreVariant, member: AccountProduct) -> tuple[Item, Item]:
    """Both as items; barcodes only where both have some and none is on both."""
    own = member.identity
    here = [code for one in (variant.gtin, variant.upc) if (code := normalise_gtin(one))]
    over = [code for one in (own.ean, own.upc, own.isbn) if (code := normalise_gtin(one))]
    differ = bool(here and over and not {*here} & {*over})
    codes = (here[0], over[0]) if differ else ("", "")
    return (
        Item("", sku=variant.sku, gtin=codes[0], mpn=variant.mpn),
        Item("", sku=own.sku, gtin=codes[1], mpn=own.mpn),
    )

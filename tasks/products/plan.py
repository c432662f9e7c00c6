"""What to write so that both sides agree on a product: three-way merged, by field owner. Pure.

A field flows to Brightpearl where account_products.yaml makes it and does not leave it to
Brightpearl; every other field is Brightpearl's alone, and a change in the store is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.brightpearl.catalogue_models import AccountProduct
from core.products import COUNTERPARTS
from core.refusals import Refusal
from core.settings import ProductSettings
from mappings.rules import Owner
from tasks.bigcommerce import images
from tasks.bigcommerce import product_operations as ops
from tasks.bigcommerce.products import StoreRows
from tasks.brightpearl.product_operations import CreateAccountProduct, change_product
from tasks.policy import PURE, step
from tasks.products.frames import OF_SKU, AgreedProduct, AgreedVariant, Desired, Row, comparable
from tasks.products.matching import Family, identifier_case
from tasks.reconciler.agreed import merge, resolve, without_last_agreed
from tasks.reconciler.cases import Decisions
from tasks.reconciler.operations import Operation, RecordPlan
from tasks.reconciler.run import Run

BRIGHTPEARL: Owner = "brightpearl"


@dataclass(frozen=True, kw_only=True)
class ProductPlan(RecordPlan):
    """The plan of one record, and what is kept once it is carried out."""

    family: Family
    agreed: AgreedProduct = field(default_factory=AgreedProduct)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """SKUs that products had before."""


@dataclass(frozen=True)
class PlanContext:
    """What a plan depends on besides both sides."""

    store: StoreRows
    owners: Mapping[str, Owner]
    """Of a product's fields."""
    variant_owners: Mapping[str, Owner]
    writable: frozenset[str]
    """Fields of the store that may flow to Brightpearl."""
    settings: ProductSettings
    decisions: Decisions
    holds_contradictions: bool
    """Whether products whose identifiers differ are only linked once a person says so."""

    @classmethod
    def of(cls, run: Run, families: Iterable[Family]) -> PlanContext:
        """With the owners that the mapping files name. Raises: TransientError, ConfigError."""
        mappings, pair = run.bundle.mappings, run.connections.pair
        rules = mappings["account_products"].fields
        made = {rule.to for rule in rules if rule.owner != BRIGHTPEARL}
        return cls(
            store=StoreRows.of(run.connections, [one.store for one in families if one.store]),
            owners=mappings["products"].owners,
            variant_owners=mappings["variants"].owners,
            writable=frozenset(name for name, other in COUNTERPARTS.items() if other in made),
            settings=pair.products,
            decisions=run.decisions(),
            holds_contradictions=pair.intelligence.products == "hold",
        )


@step("plan-products", PURE)
def plan_products(run: Run, families: Iterable[Family], desired: Desired) -> list[ProductPlan]:
    """The plans of a batch. Raises: TransientError, ConfigError, MappingError."""
    families = [one for one in families if one.key not in run.refused_keys]
    context = PlanContext.of(run, families)
    if run.connections.pair.intelligence.products == "advise":
        cases = (identifier_case(one) for one in families if one.store is not None)
        run.report.notes.update(f"{one.field}: {one.reason}" for one in cases if one)
    products, variants = desired.product_rows(), desired.variant_rows()
    return [
        plan_family(one, products.get(one.key), variants.get(one.key, {}), context)
        for one in families
    ]


def plan_family(
    family: Family, desired: Row | None, variants: Mapping[str, Row], context: PlanContext
) -> ProductPlan:
    """What one record needs. In: what it is to be in the store, and its variants, mapped."""
    if family.gone:
        is_news = not family.agreed.gone
        agreed = family.agreed.model_copy(update={"gone": family.gone})
        return ProductPlan(
            key=family.key,
            family=family,
            agreed=agreed,
            result="unlinked" if is_news else "left alone",
            reason=f"deleted in {family.gone}: left alone, until it is synced by its key",
        )
    if not family.members:
        return _of_store(family, context)
    if family.store is None:
        return _new(family, desired, variants, context)
    case = identifier_case(family) if context.holds_contradictions else None
    if case is not None and not context.decisions.approves(family.key, case):
        cases = context.decisions.undecided(family.key, [case])
        return ProductPlan(key=family.key, family=family, cases=cases, result="left alone")
    return _Planning(family, family.store, context).plan(desired, variants)


def _of_store(family: Family, context: PlanContext) -> ProductPlan:
    """What becomes of a product that only the store has."""
    plan = ProductPlan(key=family.key, family=family, result="only in BigCommerce")
    if not context.settings.create_in_brightpearl or family.store is None:
        return plan
    row = context.store.product(family.store, with_sizes=not family.is_group)
    creates = []
    for variant in family.store.variants:
        own = context.store.variant(variant) if variant.option_values else {}
        labels = ", ".join(one.label for one in variant.option_values)
        named = {"name": f"{row['name']} {labels}".strip(), "product_id": variant.id}
        creates.append(CreateAccountProduct({**row, **own, **named}))
    return replace(plan, operations=tuple(creates), result="created in Brightpearl")


def _new(
    family: Family, desired: Row | None, variants: Mapping[str, Row], context: PlanContext
) -> ProductPlan:
    """A product that the store lacks: created where it is shown."""
    plan = ProductPlan(key=family.key, family=family, result="not on sale")
    if desired is None or not desired["is_visible"] or not context.settings.create_in_bigcommerce:
        return plan
    has_stock = any(one.is_tracked or one.is_bundle for one in family.members)
    create = ops.CreateProduct(desired, tuple(variants.values()), has_stock)
    fields = _compared(desired, context.owners)
    agreed = {
        one.id: AgreedVariant(fields=_compared(variants.get(one.id, {}), context.variant_owners))
        for one in family.members
    }
    image, cases = _image(family, context)
    return replace(
        plan,
        operations=(create, ops.AssignChannels(), *image),
        cases=tuple(cases),
        result="created",
        agreed=family.agreed.model_copy(update={"fields": fields, "variants": agreed}),
    )


@dataclass
class _Planning:
    """One record that both sides have, on its way through the plan."""

    family: Family
    store: StoreProduct
    context: PlanContext
    operations: list[Operation[Any]] = field(default_factory=list)
    cases: list[Refusal] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def plan(self, desired: Row | None, variants: Mapping[str, Row]) -> ProductPlan:
        """The record's plan."""
        family, agreed = self.family, self.family.agreed
        fields = agreed.fields if desired is None else self._product(desired)
        kept = {one.id: self._variant(one, variants.get(one.id)) for one in family.members}
        image, cases = _image(family, self.context)
        self.operations += image
        self.cases += cases
        is_written = bool(self.operations)
        return ProductPlan(
            key=family.key,
            operations=tuple(self.operations),
            cases=self.context.decisions.undecided(family.key, self.cases),
            result="changed" if is_written else "linked" if not agreed.variants else "unchanged",
            family=family,
            agreed=agreed.model_copy(update={"fields": fields, "variants": kept}),
            aliases=self.aliases,
        )

    def _product(self, desired: Row) -> Mapping[str, str]:
        """Plan the product itself; the fields that are agreed on then."""
        family, store, agreed = self.family, self.store, self.family.agreed
        of_variants = OF_SKU if family.is_group else ()
        owners = {n: one for n, one in self.context.owners.items() if n not in of_variants}
        actual = self.context.store.product(store, with_sizes=not family.is_group)
        if agreed.store_name and actual["name"] == agreed.store_name:
            actual = {**actual, "name": agreed.fields.get("name", desired["name"])}
        to_store, fields = self._merge(family.members, agreed.fields, actual, desired, owners)
        custom_fields = to_store.pop("custom_fields", None)
        if custom_fields is not None:
            self.operations += ops.change_custom_fields(store, custom_fields)
        if to_store:
            self.operations.append(ops.UpdateProduct(store.id, to_store, actual))
        return fields

    def _variant(self, member: AccountProduct, desired: Row | None) -> AgreedVariant:
        """Plan one product of Brightpearl as a variant; what is agreed on about it then."""
        variant, owners = self.family.variant_of(member), self.context.variant_owners
        if desired is None:  # a product without variants: its fields are those of the product
            return AgreedVariant(variant_id=variant.id if variant else "")
        if variant is None:
            self.operations += ops.new_variant(self.store, desired)
            return AgreedVariant(fields=_compared(desired, owners))
        known = self.family.agreed.variants.get(member.id, AgreedVariant()).fields
        actual, of = self.context.store.variant(variant), f"{member.id}."
        to_store, fields = self._merge([member], known, actual, desired, owners, of)
        if to_store:
            change = ops.WriteVariant(variant.product_id, variant.id, member.id, to_store, actual)
            self.operations.append(change)
        return AgreedVariant(variant_id=variant.id, fields=fields)

    def _merge(  # noqa: PLR0913, PLR0917 - both sides, and what decides between them
        self,
        members: Sequence[AccountProduct],
        base: Mapping[str, str],
        actual: Row,
        desired: Row,
        owners: Mapping[str, Owner],
        of: str = "",
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """What the store takes over of a product or a variant, and what is agreed on then.

        What Brightpearl takes over, and what a person decides, joins the plan.
        """
        in_store, in_account = _compared(actual, owners), _compared(desired, owners)
        # Nothing in Brightpearl is no value that was ever agreed on: it takes nothing away.
        compared = [name for name in owners if name in base or in_account[name]]
        both_ways = self.context.writable.intersection(compared)
        known = {name: base[name] for name in both_ways & base.keys()}
        winners = without_last_agreed({name: owners[name] for name in both_ways})
        one_way = dict.fromkeys(compared, BRIGHTPEARL)
        merged = merge(known, in_store, in_account, {**one_way, **winners})
        merged, cases = resolve(
            merged.with_values(actual, desired),
            self.family.key,
            BRIGHTPEARL,
            self.context.decisions,
            of=of,
            shows=True,
        )
        self.cases += cases.values()
        columns = frozenset(COUNTERPARTS[name] for name in merged.for_brightpearl)
        for member in members:
            self.operations += change_product(member, actual, columns)
        # Older orders still carry the SKU that a renamed product had.
        if "sku" in merged.for_bigcommerce and self.family.agreed.variants:
            self.aliases[str(actual["sku"])] = members[0].id
        if "sku" in merged.for_brightpearl:
            self.aliases[str(desired["sku"])] = members[0].id
        agreed = {**in_account, **{name: in_store[name] for name in merged.for_brightpearl}}
        kept = {name: base[name] for name in cases.keys() & base.keys()}
        settled = {name: agreed[name] for name in compared if name not in cases}
        return dict(merged.for_bigcommerce), {**settled, **kept}


def _compared(row: Row, names: Iterable[str]) -> dict[str, str]:
    """The values of a row, as far as it has them, as both sides are compared by."""
    return {name: comparable(name, row[name]) for name in names if name in row}


def _image(family: Family, context: PlanContext) -> images.Change:
    """Another image where Brightpearl holds another address of one."""
    settings, decisions = context.settings, context.decisions
    if family.is_split or not settings.image_field:
        return [], []
    url = family.members[0].custom_field(settings.image_field).strip()
    return images.change_image(family.key, url, family.agreed, settings.image_hosts, decisions)

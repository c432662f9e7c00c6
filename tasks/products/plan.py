"""What to write so that both sides agree on a product: three-way merged, by field owner. Pure.

A field flows to Brightpearl where account_products.yaml makes it and does not leave it to
Brightpearl; every other field is Brightpearl's alone, and a change in the store is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.brightpearl.catalogue_models import AccountProduct
from core.products import COUNTERPARTS
from core.refusals import Refusal
from mappings.bundle import Bundle
from mappings.rules import Owner
from tasks.products import images
from tasks.products import operations as ops
from tasks.products.extract import Family
from tasks.products.frames import OF_SKU, AgreedVariant, Row, StoreRows, comparable
from tasks.products.identifiers import identifier_case
from tasks.reconciler.agreed import Conflict, merge
from tasks.reconciler.cases import Decisions, digest, review


@dataclass(frozen=True)
class PlanContext:
    """What a plan depends on besides both sides."""

    store: StoreRows
    owners: Mapping[str, Owner]
    """Of a product's fields."""
    variant_owners: Mapping[str, Owner]
    writable: frozenset[str]
    """Fields of the store that may flow to Brightpearl."""
    creates: bool = True
    """Whether products that the store lacks are created there."""
    creates_in_account: bool = False
    image_field: str = ""
    """Brightpearl's custom field with the address of the image; "" leaves images alone."""
    image_hosts: tuple[str, ...] = ()
    holds_contradictions: bool = False
    """Whether products whose identifiers differ are only linked once a person says so."""
    decisions: Decisions = field(default_factory=Decisions)

    @classmethod
    def of(cls, bundle: Bundle, store: StoreRows, **others: Any) -> PlanContext:  # noqa: ANN401 - its fields
        """With the owners that the mapping files name."""
        rules = bundle.mappings["account_products"].fields
        made = {rule.to for rule in rules if rule.owner != "brightpearl"}
        return cls(
            store=store,
            owners=bundle.mappings["products"].owners,
            variant_owners=bundle.mappings["variants"].owners,
            writable=frozenset(name for name, other in COUNTERPARTS.items() if other in made),
            **others,
        )


@dataclass
class _Merge:
    """The fields of a product, or of one of its variants, on their way through the merge."""

    to_store: dict[str, Any] = field(default_factory=dict)
    to_account: dict[str, Any] = field(default_factory=dict)
    agreed: dict[str, str] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()


def plan_family(
    family: Family, desired: Row | None, variants: Mapping[str, Row], context: PlanContext
) -> ops.ProductPlan:
    """What one record needs. In: what it is to be in the store, and its variants, mapped."""
    if family.gone:
        is_news = not family.agreed.gone
        agreed = family.agreed.model_copy(update={"gone": family.gone})
        return ops.ProductPlan(
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
        return ops.ProductPlan(key=family.key, family=family, cases=cases, result="left alone")
    return _Planning(family, family.store, context).plan(desired, variants)


def _of_store(family: Family, context: PlanContext) -> ops.ProductPlan:
    """What becomes of a product that only the store has."""
    plan = ops.ProductPlan(key=family.key, family=family, result="only in BigCommerce")
    if not context.creates_in_account or family.store is None:
        return plan
    row = context.store.product(family, family.store)
    creates = []
    for variant in family.store.variants:
        own = context.store.variant(variant) if variant.option_values else {}
        labels = ", ".join(one.label for one in variant.option_values)
        named = {"name": f"{row['name']} {labels}".strip(), "product_id": variant.id}
        creates.append(ops.CreateAccountProduct({**row, **own, **named}))
    return replace(plan, operations=tuple(creates), result="created in Brightpearl")


def _new(
    family: Family, desired: Row | None, variants: Mapping[str, Row], context: PlanContext
) -> ops.ProductPlan:
    """A product that the store lacks: created where it is shown."""
    plan = ops.ProductPlan(key=family.key, family=family, result="not on sale")
    if desired is None or not desired["is_visible"] or not context.creates:
        return plan
    create = ops.CreateProduct(desired, tuple(variants.values()))
    fields = {name: comparable(name, desired[name]) for name in context.owners if name in desired}
    agreed = {
        one.id: AgreedVariant(
            fields={
                name: comparable(name, row[name])
                for row in [variants.get(one.id, {})]
                for name in context.variant_owners
                if name in row
            }
        )
        for one in family.members
    }
    image = _image(family, context)
    return replace(
        plan,
        operations=(create, ops.AssignChannels(), *image.operations),
        cases=image.cases,
        result="created",
        agreed=family.agreed.model_copy(update={"fields": fields, "variants": agreed}),
    )


@dataclass
class _Planning:
    """One record that both sides have, on its way through the plan."""

    family: Family
    store: StoreProduct
    context: PlanContext
    operations: list[ops.ProductOperation] = field(default_factory=list)
    cases: list[Refusal] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    is_new: bool = False
    """Whether a variant is added, or a link made."""

    def plan(self, desired: Row | None, variants: Mapping[str, Row]) -> ops.ProductPlan:
        """The record's plan."""
        family, store = self.family, self.store
        agreed = family.agreed
        fields: Mapping[str, str] = agreed.fields
        if desired is not None:
            owners = {
                name: owner
                for name, owner in self.context.owners.items()
                if not (family.is_group and name in OF_SKU)
            }
            actual = self.context.store.product(family, store)
            if agreed.store_name and actual["name"] == agreed.store_name:
                actual = {**actual, "name": agreed.fields.get("name", desired["name"])}
            merged = self._merge(agreed.fields, actual, desired, owners, "")
            fields = merged.agreed
            custom_fields = merged.to_store.pop("custom_fields", None)
            if custom_fields is not None:
                self.operations += _custom_fields(store.id, store.custom_fields, custom_fields)
            if merged.to_store:
                before = {name: str(actual[name]) for name in merged.to_store}
                self.operations.append(ops.UpdateProduct(store.id, merged.to_store, before))
            for one in family.members if merged.to_account else ():
                changed = {**actual, **merged.to_account}
                self._to_account(one, changed, frozenset(merged.to_account))
            self._remember_sku(family.members[0], actual, desired, merged)
        kept = {one.id: self._variant(one, variants.get(one.id)) for one in family.members}
        image = _image(family, self.context)
        self.operations += image.operations
        self.cases += image.cases
        is_written = bool(self.operations)
        result = "changed" if is_written else "linked" if not agreed.variants else "unchanged"
        undecided = self.context.decisions.undecided(family.key, self.cases)
        return ops.ProductPlan(
            key=family.key,
            operations=tuple(self.operations),
            cases=undecided,
            result=result,
            family=family,
            agreed=agreed.model_copy(update={"fields": fields, "variants": kept}),
            aliases=self.aliases,
        )

    def _variant(self, member: AccountProduct, desired: Row | None) -> AgreedVariant:
        """Plan one product of Brightpearl as a variant; what is agreed on about it then."""
        variant = self.family.variant_of(member)
        if desired is None:  # a product without variants: its fields are those of the product
            return AgreedVariant(variant_id=variant.id if variant else "")
        if variant is None:
            self.operations += ops.new_variant(self.store, desired)
            fields = {name: comparable(name, desired[name]) for name in self.context.variant_owners}
            return AgreedVariant(fields=fields)
        known = self.family.agreed.variants.get(member.id, AgreedVariant())
        actual = self.context.store.variant(variant)
        merged = self._merge(
            known.fields, actual, desired, self.context.variant_owners, f"{member.id}."
        )
        if merged.to_store:
            before = {name: str(actual[name]) for name in merged.to_store}
            self.operations.append(
                ops.WriteVariant(variant.product_id, variant.id, member.id, merged.to_store, before)
            )
        if merged.to_account:
            self._to_account(member, {**actual, **merged.to_account}, frozenset(merged.to_account))
        self._remember_sku(member, actual, desired, merged)
        return AgreedVariant(variant_id=variant.id, fields=merged.agreed)

    def _merge(
        self,
        base: Mapping[str, str],
        actual: Row,
        desired: Row,
        owners: Mapping[str, Owner],
        prefix: str,
    ) -> _Merge:
        """Merge fields of a product or of a variant; conflicts become cases."""
        in_store = {name: comparable(name, actual[name]) for name in owners}
        in_account = {name: comparable(name, desired[name]) for name in owners}
        # Nothing in Brightpearl is no value that was ever agreed on: it takes nothing away.
        compared = {
            name: owner for name, owner in owners.items() if name in base or in_account[name]
        }
        merged = merge(base, in_store, in_account, compared)
        found = _Merge(conflicts=merged.conflicts)
        for name in compared:
            to_account = name in merged.for_brightpearl and name in self.context.writable
            is_taken_back = name in merged.for_brightpearl and not to_account
            if name in merged.for_bigcommerce or is_taken_back:
                found.to_store[name] = desired[name]
            if to_account:
                found.to_account[name] = actual[name]
            is_open = any(one.name == name for one in merged.conflicts)
            if is_open and name in self.context.writable:
                found.agreed |= {name: base[name]} if name in base else {}
            else:
                if is_open:
                    found.to_store[name] = desired[name]
                found.agreed[name] = in_store[name] if to_account else in_account[name]
        for one in merged.conflicts:
            if one.name in self.context.writable:
                self._conflict(prefix + one.name, one, actual, desired, found)
        return found

    def _conflict(self, name: str, one: Conflict, actual: Row, desired: Row, found: _Merge) -> None:
        """A case for a person, whose proposal is Brightpearl's value; carried out if approved."""
        shown, becomes = str(actual[one.name])[:200], str(desired[one.name])[:200]
        case = review(
            "product",
            f"{name} {digest(one.bigcommerce, one.brightpearl)}",
            f"{name.replace('_', ' ')} was changed on both sides: BigCommerce has {shown!r}, "
            f"Brightpearl {becomes!r}",
            {"field": name, "BigCommerce": shown, "becomes": becomes},
        )
        if self.context.decisions.approves(self.family.key, case):
            found.to_store[one.name] = desired[one.name]
            found.agreed[one.name] = one.brightpearl
        else:
            self.cases.append(case)

    def _to_account(self, member: AccountProduct, row: Row, names: frozenset[str]) -> None:
        columns = frozenset(COUNTERPARTS[name] for name in names)
        row = {**row, "product_id": member.id}
        if codes := columns & set(ops.CODES):
            self.operations.append(ops.SetIdentity(member, row, codes))
        if others := columns - codes:
            self.operations.append(ops.UpdateAccountProduct(member, row, others))

    def _remember_sku(
        self, member: AccountProduct, actual: Row, desired: Row, merged: _Merge
    ) -> None:
        """Keep the SKU that a renamed product had: older orders still carry it."""
        if "sku" in merged.to_store and self.family.agreed.variants:
            self.aliases[str(actual["sku"])] = member.id
        if "sku" in merged.to_account:
            self.aliases[str(desired["sku"])] = member.id


@dataclass(frozen=True)
class _Image:
    """What the image of a product needs."""

    operations: tuple[ops.ProductOperation, ...] = ()
    cases: tuple[Refusal, ...] = ()


def _image(family: Family, context: PlanContext) -> _Image:
    """Another image where Brightpearl holds another address; the store's own stay as they are."""
    if family.is_split or not context.image_field:
        return _Image()
    agreed = family.agreed
    url = family.members[0].custom_field(context.image_field).strip()
    if url and (problem := images.problem_of(url, context.image_hosts)):
        return _Image(cases=(images.refused(family.key, url, problem),))
    if images.image_hash(url) == agreed.image:
        case = images.failed(url)
        if not agreed.is_image_missing:
            return _Image()
        if not context.decisions.approves(family.key, case):
            return _Image(cases=context.decisions.undecided(family.key, [case]))
    create = (images.CreateImage(url, agreed.image_id),) if url else ()
    delete = (images.DeleteImage(agreed.image_id),) if agreed.image_id else ()
    return _Image((*create, *delete))


def _custom_fields(product_id: str, known: Sequence[Any], wanted: str) -> Iterator[ops.SetField]:
    """Writes of the custom fields that differ, by name."""
    ids = {one.name: one for one in known}
    lines = [line.partition(": ") for line in wanted.splitlines()]
    values = {name: value for name, _, value in lines}
    for name, value in values.items():
        if name not in ids or ids[name].value != value:
            yield ops.SetField(product_id, ids[name].id if name in ids else "", name, value)
    for name, one in ids.items():
        if name not in values:
            yield ops.SetField(product_id, one.id, name, "")

"""Plans carried out: what writes need is read first, links and aliases are kept afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.brightpearl.catalogue_models import AccountProduct
from core.ids import PRODUCT
from store.links import Link
from tasks.bigcommerce import images
from tasks.bigcommerce import product_operations as ops
from tasks.bigcommerce.products import (
    VARIANTS,
    StoreRows,
    ensure_categories,
    read_store,
    units_of,
)
from tasks.brightpearl.product_operations import (
    AccountProgress,
    CreateAccountProduct,
    SetIdentity,
    UpdateAccountProduct,
    map_rows,
)
from tasks.brightpearl.products import keep_aliases, keep_catalogue, unit_prices
from tasks.policy import PURE, step
from tasks.products.extract import Family
from tasks.products.frames import AgreedVariant, Desired
from tasks.products.identifiers import identifier_case
from tasks.products.plan import PlanContext, ProductPlan, plan_family
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run

STOCK = "stock"
"""The sync that puts on sale what Brightpearl has of a new product."""
REMEDY = "Correct the product as the reason says, then sync it."


@dataclass(kw_only=True)
class ProductProgress(AccountProgress[ProductPlan], ops.StoreProgress[ProductPlan]):
    """One product on its way through its operations."""


PHASES: Sequence[Phase[ProductProgress]] = (
    Phase((ops.CreateProduct,)),
    Phase((CreateAccountProduct,)),
    Phase((ops.UpdateProduct,), together=True),
    Phase((ops.AddValue,)),
    Phase((ops.WriteVariant,), together=True),
    Phase((ops.SetField,)),
    Phase((ops.AssignChannels,)),
    Phase((images.CreateImage,)),
    Phase((images.DeleteImage,)),
    Phase((SetIdentity,)),
    Phase((UpdateAccountProduct,), together=True),
)


@step("plan-products", PURE)
def plan_products(run: Run, families: Iterable[Family], desired: Desired) -> list[ProductPlan]:
    """The plans of a batch. Raises: TransientError, ConfigError, MappingError."""
    connections = run.connections
    families = [one for one in families if one.key not in run.refused_keys]
    rows = StoreRows.of(connections, [one.store for one in families if one.store])
    context = PlanContext.of(run.bundle, rows, connections.pair, run.decisions())
    if connections.pair.intelligence.products == "advise":
        cases = (identifier_case(one) for one in families if one.store is not None)
        run.report.notes.update(f"{one.field}: {one.reason}" for one in cases if one)
    products, variants = desired.product_rows(), desired.variant_rows()
    return [
        plan_family(one, products.get(one.key), variants.get(one.key, {}), context)
        for one in families
    ]


def load_products(run: Run, plans: Sequence[ProductPlan]) -> list[ProductProgress]:
    """Carry the plans out. A dry run writes nothing.

    Raises: ConfigError, MappingError. Everything that concerns one product stands in its progress.
    """
    account_rows, refused = map_rows(run, plans)
    run.refuse(refused)
    plans = [one for one in plans if one.key not in run.refused_keys]
    if run.dry_run:
        return []
    store = read_store(run.connections)
    operations = [one for plan in plans for one in plan.operations]
    written = [getattr(one, "desired", getattr(one, "fields", {})) for one in operations]
    paths = [path for row in written for path in str(row.get("categories") or "").splitlines()]
    rows = StoreRows(ensure_categories(run, paths), units_of(store))
    is_new = {one.desired["key"] for one in operations if isinstance(one, ops.CreateProduct)}
    members = (one for plan in plans if plan.key in is_new for one in plan.family.members)
    prices = unit_prices(run, members, with_tax=store.has_prices_with_tax)
    progress = [
        ProductProgress(
            plan=plan,
            rows=rows,
            prices=prices,
            account_rows=account_rows,
            known_id=plan.family.product_id_bc,
            first_sku=next((one.identity.sku for one in plan.family.members), ""),
        )
        for plan in plans
    ]
    return list(apply(run, progress, PHASES))


@step("link-products", PURE)
def link_products(run: Run, progress: Sequence[ProductProgress]) -> list[Outcome]:
    """Keep which product is which, and what both sides agree on; what became of each record."""
    if run.dry_run:
        return []
    links: list[Link] = []
    variants: list[Link] = []
    aliases: dict[str, str] = {}
    renamed: list[AccountProduct] = []
    new: list[str] = []
    for record in progress:
        plan, family = record.plan, record.plan.family
        if not record.product_id or not (record.goes_on or record.store):
            continue
        agreed, found = plan.agreed, record.variant_ids
        new += [f"{PRODUCT}{member}" for member in found]
        known = {
            member: one.model_copy(update={"variant_id": found.get(member, one.variant_id)})
            for member, one in agreed.variants.items()
        }
        known |= {
            member: AgreedVariant(variant_id=variant)
            for variant, member in record.product_ids.items()
        }
        kept: dict[str, Any] = {"variants": known, **record.shown}
        if not record.goes_on:  # created, and something after it failed: compared anew
            known = {m: AgreedVariant(variant_id=one.variant_id) for m, one in known.items()}
            kept = {"variants": known, "fields": {}}
        agreed = agreed.model_copy(update=kept)
        aliases |= plan.aliases
        renamed += [
            one.member.model_copy(
                update={"identity": one.member.identity.model_copy(update={"sku": sku})}
            )
            for one in plan.operations
            if isinstance(one, SetIdentity) and (sku := str(one.row["sku"]))
        ]
        if not known or agreed == family.agreed:
            continue
        links.append(Link(record.product_id, family.key, agreed.detail()))
        variants += [
            Link(one.variant_id, member, {"product": record.product_id})
            for member, one in known.items()
            if one.variant_id
        ]
    if run.batch and new:  # nothing of what is new in the store is on sale there yet
        run.inbox.put(run.pair, STOCK, new, source="product", now=run.now())
    run.links.put(run.pair, VARIANTS, variants, now=run.now())
    run.links.put(run.pair, run.entity, links, now=run.now())
    keep_aliases(run.connections, aliases)
    if renamed:
        keep_catalogue(run.connections, renamed, ())
    return [_outcome(record) for record in progress]


def _outcome(record: ProductProgress) -> Outcome:
    outcome = outcome_of(record, REMEDY)
    if not (record.store_name and record.goes_on):
        return outcome
    reason = f"another product of the store has its name: it is called {record.store_name!r} there"
    return replace(outcome, reason=reason)

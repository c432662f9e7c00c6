"""Plans carried out: what writes need is read first, links and aliases are kept afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from tasks.products.frames import AgreedProduct, AgreedVariant
from tasks.products.plan import ProductPlan
from tasks.reconciler.apply import Phase, apply, link
from tasks.reconciler.cases import Outcome
from tasks.reconciler.run import Run

STOCK = "stock"
"""The sync that puts on sale what Brightpearl has of a new product."""
CORRECT = "Correct the product as the reason says"


@dataclass(kw_only=True)
class ProductProgress(AccountProgress[ProductPlan], ops.StoreProgress[ProductPlan]):
    """One product on its way through its operations."""

    @property
    def agreed(self) -> AgreedProduct:
        """What both sides agree on by now; one that was made and then failed is compared anew."""
        planned = self.plan.agreed if self.goes_on else AgreedProduct()
        known = {member: one.variant_id for member, one in self.plan.agreed.variants.items()}
        made = {member: variant for variant, member in self.product_ids.items()}
        variants = {
            member: planned.variants.get(member, AgreedVariant()).with_id(variant_id)
            for member, variant_id in {**known, **self.variant_ids, **made}.items()
        }
        return planned.model_copy(update={"variants": variants, **self.shown})

    @property
    def link(self) -> Link | None:
        agreed, family = self.agreed, self.plan.family
        exists = bool(self.product_id and (self.goes_on or self.store) and agreed.variants)
        is_new = exists and agreed != family.agreed
        return Link(self.product_id, family.key, agreed.detail()) if is_new else None

    @property
    def reason(self) -> str:
        taken = "another product of the store has its name: it is called {!r} there"
        return taken.format(self.store_name) if self.store_name else self.plan.reason


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
    written = [
        one.fields for one in operations if isinstance(one, ops.CreateProduct | ops.UpdateProduct)
    ]
    paths = [path for row in written for path in str(row.get("categories") or "").splitlines()]
    rows = StoreRows(ensure_categories(run, paths), units_of(store))
    new = {one.fields["key"] for one in operations if isinstance(one, ops.CreateProduct)}
    members = (one for plan in plans if plan.key in new for one in plan.family.members)
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
def link_products(run: Run, records: Sequence[ProductProgress]) -> list[Outcome]:
    """Keep which product is which, and what both sides agree on; what became of each record."""
    linked = [record for record in records if record.link]
    variants = [
        Link(one.variant_id, member, {"product": record.product_id})
        for record in linked
        for member, one in record.agreed.variants.items()
        if one.variant_id
    ]
    new = [f"{PRODUCT}{member}" for record in records for member in record.variant_ids]
    if run.batch and new:  # nothing of what is new in the store is on sale there yet
        run.inbox.put(run.pair, STOCK, new, source="product", now=run.now())
    run.links.put(run.pair, VARIANTS, variants, now=run.now())
    going = [record for record in records if record.goes_on]
    keep_aliases(run.connections, {s: i for one in going for s, i in one.plan.aliases.items()})
    if renamed := [product for one in going for product in one.renamed]:
        keep_catalogue(run.connections, renamed, ())
    return link(run, records, CORRECT)

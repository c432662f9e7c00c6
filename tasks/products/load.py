"""Plans carried out: what writes need is read first, links and aliases are kept afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from connectors.brightpearl.catalogue_models import AccountProduct
from core.errors import CausewayError
from core.frames import frame, records
from core.ids import PRODUCT, sku_key
from core.products import PATH, STORE_PRODUCTS
from core.refusals import REFUSALS
from mappings.engine import Context
from mappings.engine import apply as map_rows
from store.links import Link
from tasks.bigcommerce.products import VARIANTS, read_names, read_store, units_of
from tasks.brightpearl import products as brightpearl
from tasks.policy import PURE, step, with_retries
from tasks.products import images
from tasks.products import operations as ops
from tasks.products.extract import Family
from tasks.products.frames import AgreedVariant, Desired, Row, StoreRows
from tasks.products.identifiers import identifier_case
from tasks.products.plan import PlanContext, plan_family
from tasks.reconciler.apply import Phase, apply, outcome_of, send
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import BigCommerceWrite
from tasks.reconciler.run import Run

STOCK = "stock"
"""The sync that puts on sale what Brightpearl has of a new product."""
REMEDY = "Correct the product as the reason says, then sync it."
PHASES = (
    Phase((ops.CreateProduct,)),
    Phase((ops.CreateAccountProduct,)),
    Phase((ops.UpdateProduct,), together=True),
    Phase((ops.AddValue,)),
    Phase((ops.WriteVariant,), together=True),
    Phase((ops.SetField,)),
    Phase((ops.AssignChannels,)),
    Phase((images.CreateImage,)),
    Phase((images.DeleteImage,)),
    Phase((ops.SetIdentity,)),
    Phase((ops.UpdateAccountProduct,), together=True),
)


@step("plan-products", PURE)
def plan_products(run: Run, families: Iterable[Family], desired: Desired) -> list[ops.ProductPlan]:
    """The plans of a batch. Raises: TransientError, ConfigError, MappingError."""
    connections, settings = run.connections, run.connections.pair.products
    matching = connections.pair.intelligence.products
    families = [one for one in families if one.key not in run.refused_keys]
    names = read_names(connections)
    known = {number for one in families if one.store for number in _name_ids(one)}
    if known - {*names.brands, *(-one for one in names.paths)}:
        names = read_names(connections, max_age_s=0.0)
    context = PlanContext.of(
        run.bundle,
        StoreRows(names, units_of(read_store(connections))),
        creates=settings.create_in_bigcommerce,
        creates_in_account=settings.create_in_brightpearl,
        image_field=settings.image_field,
        image_hosts=settings.image_hosts,
        holds_contradictions=matching == "hold",
        decisions=run.decisions(),
    )
    if matching == "advise":
        cases = (identifier_case(one) for one in families if one.store is not None)
        run.report.notes.update(f"{one.field}: {one.reason}" for one in cases if one)
    products, variants = desired.product_rows(), desired.variant_rows()
    return [
        plan_family(one, products.get(one.key), variants.get(one.key, {}), context)
        for one in families
    ]


def _name_ids(family: Family) -> Iterable[int]:
    """Ids of a product's brand, and negative of its categories."""
    store = family.store
    if store:
        yield from (store.brand_id,) if store.brand_id else ()
        yield from (-one for one in store.categories)


def load_products(run: Run, plans: Sequence[ops.ProductPlan]) -> list[ops.ProductProgress]:
    """Carry the plans out. A dry run writes nothing.

    Raises: ConfigError, MappingError. Everything that concerns one product stands in its progress.
    """
    account_rows, refused = _account_rows(run, plans)
    run.refuse(refused)
    plans = [one for one in plans if one.key not in run.refused_keys]
    if run.dry_run:
        return []
    store = read_store(run.connections)
    kilograms, centimetres = units_of(store)
    creates = [
        one for one in plans if any(isinstance(o, ops.CreateProduct) for o in one.operations)
    ]
    wanted = ops.Wanted(
        categories=_categories(run, plans),
        kilograms=kilograms,
        centimetres=centimetres,
        prices=_prices(run, creates, with_tax=store.has_prices_with_tax),
        account_rows=account_rows,
    )
    progress = [ops.ProductProgress(plan=plan, wanted=wanted) for plan in plans]
    return list(apply(run, progress, PHASES))


def _account_rows(
    run: Run, plans: Sequence[ops.ProductPlan]
) -> tuple[dict[tuple[str, str], Row], Any]:
    """What Brightpearl is written, mapped: by record and product. And what the mapping refuses."""
    kinds = (ops.UpdateAccountProduct, ops.SetIdentity, ops.CreateAccountProduct)
    mapping = run.bundle.mappings["account_products"]
    by_columns: dict[frozenset[str], list[Row]] = defaultdict(list)
    for plan in plans:
        for one in plan.operations:
            if isinstance(one, kinds):
                columns = getattr(one, "columns", frozenset(rule.to for rule in mapping.fields))
                by_columns[columns].append({**one.row, "key": plan.key})
    found: dict[tuple[str, str], Row] = {}
    refused: list[Any] = []
    if not by_columns:
        return found, frame([], REFUSALS)
    names = brightpearl.read_names(run.connections)
    known = {
        "brands": {name.casefold(): number for number, name in names.brands.items()},
        "categories": {path.casefold(): number for number, path in names.paths.items()},
    }
    context = Context(zone="UTC", tables=run.bundle.tables, known=known)
    settings = run.connections.pair.products
    for columns, rows in by_columns.items():
        wanted = {*columns, "key", "product_id"}
        part = replace(mapping, fields=tuple(one for one in mapping.fields if one.to in wanted))
        mapped = map_rows(part, frame(rows, STORE_PRODUCTS), context)
        refused.append(mapped.refusals)
        for row in records(mapped.frame):
            units = {
                "weight_kg": settings.kilograms,
                **dict.fromkeys(("length_cm", "width_cm", "height_cm"), settings.centimetres),
            }
            sized = {name: (row[name] or Decimal(0)) / unit for name, unit in units.items()}
            key = row["key"], row["product_id"]
            found[key] = {
                **found.get(key, {}),
                **{n: row[n] for n in columns},
                **{name: value for name, value in sized.items() if name in columns},
            }
    return found, pd.concat(refused, ignore_index=True)


def _categories(run: Run, plans: Sequence[ops.ProductPlan]) -> Mapping[str, int]:
    """The store's categories by path; those that products are to be in are made, level by level."""
    paths = ops.paths_of(one for plan in plans for one in plan.operations)
    ids = read_names(run.connections).ids
    if missing := [one for one in paths if one.casefold() not in ids]:
        ids = read_names(run.connections, max_age_s=0.0).ids
        missing = [one for one in missing if one.casefold() not in ids]
        for path in missing:
            above, _, name = path.rpartition(PATH)
            parent = ids.get(above.casefold(), 0) if above else 0
            if above and not parent:
                continue
            write = BigCommerceWrite(
                natural_key=path,
                key=path,
                action="create category",
                send=partial(_create_category, name=name, parent_id=parent),
            )
            (answer,) = send(run, [write])
            if not isinstance(answer, CausewayError):
                ids[path.casefold()] = answer.id
        read_names(run.connections, max_age_s=0.0)
    return ids


def _create_category(store: Any, *, name: str, parent_id: int) -> Any:  # noqa: ANN401 - the client
    return store.create_category(name, parent_id)


def _prices(run: Run, plans: Sequence[ops.ProductPlan], *, with_tax: bool) -> Mapping[str, Decimal]:
    """What a piece costs of products that are to be created, as the store enters prices."""
    members = {one.id: one.tax_code for plan in plans for one in plan.family.members}
    if not members:
        return {}
    account, price_list = run.brightpearl, run.connections.pair.products.price_list
    prices = with_retries(lambda: account.get_unit_prices(members, price_list))
    if not with_tax:
        return prices
    rates = {one.code: one.rate for one in with_retries(account.list_tax_codes)}
    return {
        number: round(price * (100 + (rates.get(members[number]) or 0)) / 100, 4)
        for number, price in prices.items()
    }


@step("link-products", PURE)
def link_products(run: Run, progress: Sequence[ops.ProductProgress]) -> list[Outcome]:
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
        agreed = plan.agreed
        found = _variant_ids(record)
        new += [f"{PRODUCT}{member}" for member in found]
        known = {
            member: one.model_copy(update={"variant_id": found.get(member, one.variant_id)})
            for member, one in agreed.variants.items()
        }
        known |= {
            member: AgreedVariant(variant_id=variant)
            for variant, member in record.product_ids.items()
        }
        if not record.goes_on:  # created, and something after it failed: compared anew
            known = {m: AgreedVariant(variant_id=one.variant_id) for m, one in known.items()}
        fields = agreed.fields if record.goes_on else {}
        agreed = agreed.model_copy(update={"variants": known, "fields": fields, **_shown(record)})
        aliases |= plan.aliases
        renamed += [
            one.member.model_copy(
                update={"identity": one.member.identity.model_copy(update={"sku": sku})}
            )
            for one in plan.operations
            if isinstance(one, ops.SetIdentity) and (sku := str(one.row["sku"]))
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
    brightpearl.keep_aliases(run.connections, aliases)
    if renamed:
        brightpearl.keep_catalogue(run.connections, renamed, ())
    return [_outcome(record) for record in progress]


def _outcome(record: ops.ProductProgress) -> Outcome:
    outcome = outcome_of(record, REMEDY)
    if not (record.store_name and record.goes_on):
        return outcome
    reason = f"another product of the store has its name: it is called {record.store_name!r} there"
    return replace(outcome, reason=reason)


def _shown(record: ops.ProductProgress) -> dict[str, Any]:
    """What is kept of the name and the image that the store shows, where they were written."""
    found: dict[str, Any] = {}
    for one in record.plan.operations if record.goes_on else ():
        if isinstance(one, ops.CreateProduct) and record.store:
            is_other = record.store.name != one.desired["name"]
            found["store_name"] = record.store.name if is_other else ""
        elif isinstance(one, ops.UpdateProduct) and "name" in one.fields:
            found["store_name"] = record.store_name
        elif isinstance(one, images.CreateImage):
            kept = one.known_id if record.image_id is None else record.image_id
            found |= {
                "image": images.image_hash(one.url),
                "image_id": kept,
                "is_image_missing": record.image_id is None,
            }
        elif isinstance(one, images.DeleteImage) and not record.image_id:
            found |= {} if record.image_id is None else {"image": "", "image_id": ""}
    return found


def _variant_ids(record: ops.ProductProgress) -> dict[str, str]:
    """The store's variants of a record, by Brightpearl's product, as far as they were written."""
    found = dict(record.variant_ids)
    if record.store:
        by_sku = {sku_key(one.sku): one.id for one in record.store.variants}
        for member in record.plan.family.members:
            if variant_id := by_sku.get(sku_key(member.identity.sku)):
                found[member.id] = variant_id
    return found

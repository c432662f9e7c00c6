"""`causeway audit catalogue`: what has to be set right before a go-live, each with its remedy.

It reads both catalogues and the contacts once, and writes nothing. What blocks would make orders
wait, or sell the wrong thing; the rest is worth knowing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli.checks_tables import channel_checks, in_use, table_checks
from cli.display import table
from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.account_models import ContactRow, PriceList
from connectors.brightpearl.catalogue_models import AccountProduct
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.ids import email_key, sku_key
from core.settings import Pair, Settings
from intelligence.products import Item, rank
from mappings.files import with_paths
from mappings.sku_names import SkuNames
from mappings.tables import Table

LIVE = "LIVE"
SHOWN = 20
SUGGESTED = 200
"""So many SKUs of the store are searched for by name in Brightpearl."""
LIKELY = 0.5
"""The least score of a product that is named."""


@dataclass(frozen=True)
class Problem:
    """One kind of problem, and the records that have it."""

    kind: str
    text: str
    remedy: str
    records: Sequence[str]
    blocks: bool


@dataclass(frozen=True)
class Catalogues:
    """Both sides, as read one after the other."""

    store: Sequence[StoreProduct]
    account: Sequence[AccountProduct]
    """Those that are not archived."""
    contacts: Sequence[ContactRow]
    price_lists: Sequence[PriceList]


def audit_catalogue(settings: Settings, pair: Pair, tables: Mapping[str, Table]) -> dict[str, Any]:
    """The whole report: `blocks` says whether anything does.

    Raises: CausewayError of either system.
    """
    store = BigCommerce(pair.bigcommerce).at(Priority.CATALOGUE)
    account = Brightpearl(pair.brightpearl).at(Priority.CATALOGUE)
    try:
        read = Catalogues(
            store=list(store.list_catalog()),
            account=[
                one
                for one in account.list_catalogue(account.list_product_ids())
                if one.status == LIVE
            ],
            contacts=list(account.list_contacts()),
            price_lists=account.list_price_lists(),
        )
        findings = [
            *in_use(settings, pair, lambda tables: table_checks(tables, account)),
            *in_use(settings, pair, lambda tables: channel_checks(tables, store)),
        ]
    finally:
        store.close()
        account.close()
    problems = [
        *problems_of(read, tables),
        *(
            Problem("unmapped table", one.text, one.remedy, [one.what], one.state == "fail")
            for one in findings
            if one.state != "ok"
        ),
    ]
    return {
        "pair": pair.name,
        "products": {"bigcommerce": len(read.store), "brightpearl": len(read.account)},
        "blocks": any(one.blocks for one in problems),
        "problems": [
            asdict(one) | {"remedy": with_paths(one.remedy, settings.mappings_path)}
            for one in problems
        ],
    }


def to_text(found: Mapping[str, Any]) -> str:
    """The report for people: what blocks first."""
    counts = found["products"]
    lines = [f"{counts['bigcommerce']} products in BigCommerce, {counts['brightpearl']} live ones "
             "in Brightpearl."]  # fmt: skip
    ordered = sorted(found["problems"], key=lambda one: not one["blocks"])
    rows = [
        ("blocks" if one["blocks"] else "to know", one["kind"], len(one["records"]), one["text"])
        for one in ordered
    ]
    if not rows:
        return f"{lines[0]} Nothing stands in the way."
    lines.append(table(["", "what", "records", "found"], rows))
    for one in ordered:
        more = len(one["records"]) - SHOWN
        named = ", ".join(one["records"][:SHOWN]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"\n{one['kind']}: {named}\n  {one['remedy']}")
    return "\n".join(lines)


def problems_of(read: Catalogues, tables: Mapping[str, Table]) -> list[Problem]:
    """What is wrong with the records of both sides. Pure; kinds without a record are left out."""
    every = [
        *_skus(read, SkuNames(tables["skus"])),
        *_products(read),
        *_contacts(read.contacts),
        *_price_lists(read.price_lists, tables),
    ]
    return [one for one in every if one.records]


def _skus(read: Catalogues, names: SkuNames) -> Iterator[Problem]:
    in_store = _by_key((variant.sku, variant.sku) for variant in _variants(read.store))
    in_account = _by_key((one.identity.sku, one.id) for one in read.account)
    missing = [sku for sku in in_store if sku and sku_key(names.in_account(sku)) not in in_account]
    yield Problem(
        "SKU only in BigCommerce",
        "orders for it wait",
        "Create the product in Brightpearl, or name it in mappings/tables/skus.csv: causeway "
        "mappings add skus SKU BRIGHTPEARLS.",
        _with_candidates(read, in_store, missing),
        blocks=True,
    )
    yield Problem(
        "SKU only in Brightpearl",
        "it is not on sale",
        "causeway reconcile products creates it in the store; or name it in "
        "mappings/tables/skus.csv.",
        sorted(
            sku for sku in in_account if sku and in_store.keys().isdisjoint(names.in_store(sku))
        ),
        blocks=False,
    )
    for system, found in (("BigCommerce", in_store), ("Brightpearl", in_account)):
        yield Problem(
            f"SKU twice in {system}",
            "nobody can say which product is meant",
            f"Give each product in {system} a SKU of its own; upper and lower case do not differ.",
            [f"{sku} ({', '.join(ones)})" for sku, ones in found.items() if sku and len(ones) > 1],
            blocks=True,
        )


def _with_candidates(
    read: Catalogues, in_store: Mapping[str, Sequence[str]], missing: Sequence[str]
) -> list[str]:
    """SKUs that Brightpearl lacks, each with the product that is most like it, if there is one."""
    wanted = set(missing[:SUGGESTED])
    left = [
        Item(sku_key(variant.sku), product.name, variant.sku, variant.upc, variant.mpn)
        for product in read.store
        for variant in product.variants
        if sku_key(variant.sku) in wanted
    ]
    right = [
        Item(one.id, one.name, one.identity.sku, one.identity.ean, one.identity.mpn)
        for one in read.account
    ]
    skus = {one.id: one.identity.sku or f"product {one.id}" for one in read.account}
    likely = rank(left, right, top=1) if left and right else {}
    found = []
    for sku in missing:
        best = next((c for c in likely.get(sku, ()) if c.score >= LIKELY), None)
        written = in_store[sku][0]
        found.append(f"{written} (like {skus[best.key]})" if best else written)
    return sorted(found)


def _products(read: Catalogues) -> Iterator[Problem]:
    yield Problem(
        "product without SKU in BigCommerce",
        "orders for it are refused",
        "Give each of its variants the SKU that Brightpearl has.",
        sorted({f"{one.product_id}" for one in _variants(read.store) if not one.sku}),
        blocks=True,
    )
    yield Problem(
        "product without SKU in Brightpearl",
        "it is not synced",
        "Give it a SKU if it is to be sold in the store.",
        sorted(one.id for one in read.account if not one.identity.sku),
        blocks=False,
    )
    yield Problem(
        "product without tax code",
        "Brightpearl cannot tax it",
        "Choose a tax code for the product in Brightpearl.",
        sorted(one.identity.sku or one.id for one in read.account if not one.tax_code),
        blocks=True,
    )


def _contacts(contacts: Iterable[ContactRow]) -> Iterator[Problem]:
    """Contacts by number: an e-mail address is nobody's business in a report."""
    by_email: dict[str, set[str]] = defaultdict(set)
    for one in contacts:
        for email in (one.primary_email, one.secondary_email, one.tertiary_email):
            if email:
                by_email[email_key(email)].add(one.contact_id)
    shared = {tuple(sorted(ids, key=int)) for ids in by_email.values() if len(ids) > 1}
    yield Problem(
        "contacts that share an e-mail",
        "an order of the shopper cannot be given to one of them",
        "Merge them in Brightpearl, or take the e-mail away from all but one.",
        [", ".join(ids) for ids in sorted(shared)],
        blocks=True,
    )


def _price_lists(lists: Sequence[PriceList], tables: Mapping[str, Table]) -> Iterator[Problem]:
    used = {row.value for name in ("price_targets",) if name in tables for row in tables[name].rows}
    used |= {row.becomes for row in tables["price_lists"].rows}
    without = [one for one in lists if not one.currency]
    for blocks in (True, False):
        yield Problem(
            "price list without currency",
            "its prices cannot be compared",
            "Choose a currency for the list in Brightpearl.",
            [f"{one.id} {one.name}" for one in without if (one.id in used) is blocks],
            blocks=blocks,
        )


def _variants(products: Iterable[StoreProduct]) -> Iterator[Any]:
    for product in products:
        yield from product.variants


def _by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for sku, named in pairs:
        found[sku_key(sku)].append(named)
    return found

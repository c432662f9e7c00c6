"""SKUs that only one side has: what becomes of those that both had, and since when it is so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from core.ids import sku_key
from core.refusals import Refusal
from core.times import to_iso
from mappings.sku_names import SkuNames
from store.links import Link
from store.stock import Catalogue, CataloguedProduct
from tasks.policy import with_retries
from tasks.reconciler.cases import REVIEW, review
from tasks.reconciler.run import Run
from tasks.stock.availability import ARCHIVED
from tasks.stock.frames import Snapshot

UNMATCHED = "stock-unmatched"
"""Links of SKUs that one side lacks, or that cannot be compared, with the moment since when."""
NOT_IN_STORE = (
    "The store has no stock of its own under this SKU: there is no such item, its stock is not "
    "tracked, or its variants share one stock."
)
UNCLEAR = "cannot be compared: the stock of one side is not readable or ambiguous"
SHARED = "cannot be compared: its variants share one stock"


def with_absences(run: Run, found: Snapshot, wanted: Collection[str]) -> Snapshot:
    """With what becomes of SKUs that both systems had and one of them has no longer.

    Those that Brightpearl lost are to be taken off sale, or are refused for a person to decide; so
    are those whose stock the store stopped to track, for shoppers buy these without limit.
    """
    had = [sku for sku, one in found.agreed.items() if one.on_sale and sku not in found.refused]
    lost = [sku for sku in had if sku in wanted and sku not in found.products]
    gone = {
        sku: reason for sku, (reason, _) in why_absent(run, lost).items() if sku in found.store_skus
    }
    refused = dict(_untracked(run, found, [sku for sku in had if sku not in found.store_skus]))
    for sku in gone.keys() & set(found.backordered):
        reason = f"{gone.pop(sku)} The store sells it beyond what there is, whatever its stock."
        refused[sku] = review("gone", sku, reason, {})
    if run.connections.pair.stock.product_gone == REVIEW and gone:
        on_sale = set(
            found.items.loc[found.items["on_hand"] > found.items["safety_stock"], "sku_key"]
        )
        decided = run.quarantine.decided(run.pair, run.entity, sorted(gone))
        for sku in list(gone):
            case = review("gone", sku, gone[sku], {"on sale": "0"})
            if sku in on_sale and (sku, REVIEW, case.value) not in decided.approved:
                refused[sku] = case
                del gone[sku]
    return replace(found, gone=gone, refused={**found.refused, **refused})


def why_absent(run: Run, skus: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """Why Brightpearl promises nothing of SKUs (as compared) that it lacks, and what helps."""
    names = SkuNames(run.bundle.tables["skus"])
    in_account = {sku: names.in_account(sku) for sku in skus}
    keys = [sku_key(name) for name in in_account.values()]
    products = Catalogue(run.database).find(run.pair, keys)
    return {sku: absence(name, products.get(sku_key(name))) for sku, name in in_account.items()}


def absence(name: str, product: CataloguedProduct | None) -> tuple[str, str]:
    """Why nothing is promised of a SKU, and what helps. In: Brightpearl's name of it. Pure."""
    if product is None:
        return (
            f"Brightpearl has no product with the SKU {name!r}.",
            "Create it, correct the SKU, or add a row to mappings/tables/skus.csv.",
        )
    if product.status == ARCHIVED:
        return (
            f"Brightpearl's product {product.product_id} with the SKU {name!r} is archived.",
            "Bring it back in Brightpearl, or take it off sale in the store.",
        )
    return (
        f"Brightpearl keeps no stock of product {product.product_id} ({name!r}), and it is no "
        "bundle of whole units.",
        "Nothing, if that is meant; else let Brightpearl track its stock.",
    )


def _untracked(run: Run, found: Snapshot, skus: Collection[str]) -> Iterator[tuple[str, Refusal]]:
    """SKUs whose product is in the store, without stock."""
    ids = {found.agreed_on(sku).product_id_bc for sku in skus} - {""}
    untracked = with_retries(lambda: run.bigcommerce.list_untracked(ids)) if ids else set()
    for sku in skus:
        if (product_id := found.agreed_on(sku).product_id_bc) in untracked:
            reason = (
                f"the store no longer tracks the stock of {found.agreed_on(sku).sku!r} (product "
                f"{product_id}): shoppers can buy it without limit"
            )
            yield sku, review("untracked", sku, reason, {})


def unmatched_since(run: Run, found: Snapshot) -> dict[str, dict[str, str]]:
    """Every SKU that one side lacks or that cannot be compared: since when, and why.

    Out: `only_in_store_by_sku`, `only_in_brightpearl_by_sku`, `not_comparable`.
    """
    absent = {sku: why for sku, (why, _) in why_absent(run, found.only_store).items()}
    sides = {
        "only_in_store_by_sku": absent,
        "only_in_brightpearl_by_sku": dict.fromkeys(found.only_account, NOT_IN_STORE),
        "not_comparable": {
            **dict.fromkeys(found.refused, UNCLEAR),
            **{f"product {one}": SHARED for one in found.shared},
        },
    }
    now, known = run.now(), {link.key_bc: link for link in run.links.scan(run.pair, UNMATCHED)}
    side_of = {sku: side for side, skus in sides.items() for sku in skus}
    new = [
        Link(sku, "", {"side": side, "since": to_iso(now)})
        for sku, side in side_of.items()
        if sku not in known or known[sku].detail["side"] != side
    ]
    if not run.dry_run:
        run.links.put(run.pair, UNMATCHED, new, now=now)
        run.links.drop(run.pair, UNMATCHED, sorted(known.keys() - side_of.keys()))
    known |= {link.key_bc: link for link in new}
    return {
        side: {sku: f"since {known[sku].detail['since']}: {why}" for sku, why in skus.items()}
        for side, skus in sides.items()
    }

"""Products that share a SKU while their barcodes or part numbers say that they are two. Pure."""

from __future__ import annotations

from connectors.bigcommerce.catalog_models import StoreVariant
from connectors.brightpearl.catalogue_models import AccountProduct
from core.refusals import Refusal
from intelligence.products import Item, contradictions, normalise_gtin
from tasks.products.extract import Family
from tasks.reconciler.cases import digest, review

KIND = "identifiers"


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
    return review(KIND, digest(KIND, *reasons), reason, {"link": link})


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

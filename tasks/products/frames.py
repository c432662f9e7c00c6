"""Products as frames: as Brightpearl has them, and as they are and are to be in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from core.frames import frame, records_by
from core.ids import sku_key
from core.products import ACCOUNT_PRODUCTS, ACCOUNT_VARIANTS, STORE_PRODUCTS, STORE_VARIANTS
from core.refusals import Refusal
from tasks.bigcommerce.images import AgreedImage
from tasks.brightpearl.products import AccountRows
from tasks.reconciler.agreed import fingerprint
from tasks.reconciler.cases import refusal_by_value, refusal_rows
from tasks.reconciler.gate import Frames, rows
from tasks.reconciler.run import Run

if TYPE_CHECKING:
    from tasks.products.matching import Family

Row = Mapping[str, Any]
OF_SKU = ("sku", "gtin", "upc", "mpn", "weight_kg", "depth_cm", "width_cm", "height_cm")
"""What a product without variants has of its own, and of others each variant."""
MOST_VARIANTS, MOST_OPTIONS = 600, 4
"""SKUs of a product in BigCommerce, options of a group in Brightpearl."""
PLACES = {"weight_kg": Decimal("0.0001")}
HUNDREDTH = Decimal("0.01")
LONGEST_KEPT = 64
"""Characters of a value that a link keeps; of longer ones it keeps a fingerprint."""


class AgreedVariant(BaseModel):
    """One variant as it stood on both sides when they last agreed."""

    model_config = ConfigDict(frozen=True)

    variant_id: str = ""
    fields: Mapping[str, str] = Field(default={})

    def with_id(self, variant_id: str) -> AgreedVariant:
        """The same of the store's variant of this id."""
        return self.model_copy(update={"variant_id": variant_id})


class AgreedProduct(AgreedImage):
    """One product as it stood on both sides when they last agreed."""

    fields: Mapping[str, str] = Field(default={})
    variants: Mapping[str, AgreedVariant] = Field(default={})
    """By Brightpearl's product."""
    gone: str = ""
    """The system in which it was deleted: then it is left alone in the other one."""
    store_name: str = ""
    """Its name in the store, where it was made unique there."""


@dataclass(frozen=True, kw_only=True)
class Found(Frames):
    """A batch as Brightpearl has it."""

    KEY = "key"

    products: pd.DataFrame = rows(ACCOUNT_PRODUCTS, suite="products_in")
    variants: pd.DataFrame = rows(ACCOUNT_VARIANTS, suite="variants_in")


@dataclass(frozen=True, kw_only=True)
class Desired(Frames):
    """The batch as it is to be in the store."""

    KEY = "key"

    products: pd.DataFrame = rows(STORE_PRODUCTS, suite="products_out", mapping="products")
    variants: pd.DataFrame = rows(STORE_VARIANTS, suite="variants_out", mapping="variants")

    def product_rows(self) -> dict[str, Row]:
        """The one row of each product."""
        return {key: found[0] for key, found in records_by(self.products, "key").items()}

    def variant_rows(self) -> dict[str, dict[str, Row]]:
        """The rows of each product's variants, by Brightpearl's product."""
        by_key = records_by(self.variants, "key")
        return {key: {row["product_id"]: row for row in found} for key, found in by_key.items()}


def flatten(run: Run, families: Iterable[Family]) -> Found:
    """Families that exist in Brightpearl as frames; what cannot be synced is among the refusals.

    Raises: TransientError, ConfigError.
    """
    listed = [one for one in families if one.members and not one.gone]
    account = AccountRows.of(run, (member for one in listed for member in one.members))
    products: list[Row] = []
    variants: list[Row] = []
    for family in listed:
        own = {"key": family.key, "kind": "group" if family.is_group else "single"}
        first = family.members[0]
        if not family.is_split:
            is_live = any(one.status == "LIVE" for one in family.members)
            status = {"status": "LIVE" if is_live else first.status}
            row = account.product(first, with_sizes=not family.is_group)
            products.append({**row, **own, **status})
        members = family.members if family.is_group else ()
        variants += [{**account.variant(one), **own, "kind": "variant"} for one in members]
    return Found(
        products=frame(products, ACCOUNT_PRODUCTS),
        variants=frame(variants, ACCOUNT_VARIANTS),
        refusals=refusal_rows((one.key, why) for one in listed for why in refusals_of(one)),
    )


def refusals_of(family: Family) -> Iterable[Refusal]:
    """Why a family cannot be synced as it is, whatever its fields say."""
    refuse = partial(refusal_by_value, "structure", "structure")
    for sku in sorted(family.doubled):
        reason = f"several live products of Brightpearl have the SKU {sku!r}"
        action = "Give each its own SKU in Brightpearl, or archive one"
        yield refusal_by_value("sku", "sku", sku, reason, action)
    if family.others:
        ids = ", ".join(sorted(family.others))
        reason = f"its SKUs are on several products of the store ({ids})"
        yield refuse(ids, reason, "Bring its SKUs together on one product")
    if family.is_split:
        return
    if len(family.members) > MOST_VARIANTS:
        reason = f"the group has {len(family.members)} products; BigCommerce takes {MOST_VARIANTS}"
        yield refuse(family.key, reason, "Split the group in Brightpearl")
    if any(len(one.variations) > MOST_OPTIONS for one in family.members):
        reason = f"a product has more than {MOST_OPTIONS} options"
        yield refuse(family.key, reason, "Take options away in Brightpearl")
    if family.is_group and len({tuple(v.option for v in m.variations) for m in family.members}) > 1:
        reason = "the products of the group have different options"
        yield refuse(family.key, reason, "Give all of them the same options")
    chosen = [tuple(v.value for v in one.variations) for one in family.members]
    if family.is_group and len(set(chosen)) < len(chosen):
        reason = "two products of the group have the same option values"
        yield refuse(family.key, reason, "Give each its own values")
    if family.store and family.is_group == family.store.is_simple:
        one, other = ("a group", "has no variants") if family.is_group else ("one product", "has")
        reason = f"it is {one} in Brightpearl, and the store's product {other}"
        action = (
            "Make both alike, or delete the store's product and have it made anew: causeway sync "
            f"products --key {family.key}"
        )
        yield refuse(family.key, reason, action)


def comparable(name: str, value: Any) -> str:  # noqa: ANN401 - a value of a row
    """A value as both sides are compared by: what means the same is the same."""
    if value is None or value == "":
        return ""
    if isinstance(value, Decimal):
        rounded = value.quantize(PLACES.get(name, HUNDREDTH))
        return "" if not rounded else f"{rounded.normalize():f}"
    if name == "sku":
        return sku_key(value)
    if name in {"brand", "categories"}:
        return "\n".join(sorted(line.strip().casefold() for line in str(value).splitlines()))
    text = str(value).strip()
    return text if len(text) <= LONGEST_KEPT else f"#{fingerprint([text])}"

"""Products as frames: as Brightpearl has them, and as they are and are to be in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from connectors.bigcommerce.catalog_models import StoreProduct, StoreVariant
from connectors.brightpearl.catalogue_models import AccountProduct
from core.frames import frame, records_by
from core.ids import sku_key
from core.products import ACCOUNT_PRODUCTS, ACCOUNT_VARIANTS, STORE_PRODUCTS, STORE_VARIANTS
from core.refusals import Refusal, release_remedy
from mappings.engine import Context, apply
from tasks.bigcommerce import products as bigcommerce
from tasks.brightpearl import products as brightpearl
from tasks.reconciler.agreed import Agreed, fingerprint
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.gate import Frames, rows
from tasks.reconciler.run import Run

if TYPE_CHECKING:
    from tasks.products.extract import Family

Row = Mapping[str, Any]
OF_SKU = ("sku", "gtin", "upc", "mpn", "weight_kg", "depth_cm", "width_cm", "height_cm")
"""What a product without variants has of its own, and of others each variant."""
MOST_VARIANTS, MOST_OPTIONS = 600, 4
"""SKUs of a product in BigCommerce, options of a group in Brightpearl."""
LONGEST_NAME = 250
"""Characters of a product's name in BigCommerce."""
PLACES = {"weight_kg": Decimal("0.0001")}
HUNDREDTH = Decimal("0.01")
LONGEST_KEPT = 64
"""Characters of a value that a link keeps; of longer ones it keeps a fingerprint."""


class AgreedVariant(BaseModel):
    """One variant as it stood on both sides when they last agreed."""

    model_config = ConfigDict(frozen=True)

    variant_id: str = ""
    fields: Mapping[str, str] = Field(default={})


class AgreedProduct(Agreed):
    """One product as it stood on both sides when they last agreed."""

    fields: Mapping[str, str] = Field(default={})
    variants: Mapping[str, AgreedVariant] = Field(default={})
    """By Brightpearl's product."""
    gone: str = ""
    """The system in which it was deleted: then it is left alone in the other one."""
    store_name: str = ""
    """Its name in the store, where it was made unique there."""
    image: str = ""
    """What the image that BigCommerce was last given is known by."""
    image_id: str = ""
    """The store's image that came from Brightpearl."""
    is_image_missing: bool = False
    """Whether BigCommerce could not fetch the image."""


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

    products: pd.DataFrame = rows(STORE_PRODUCTS, suite="products_out")
    variants: pd.DataFrame = rows(STORE_VARIANTS, suite="variants_out")

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
    families = list(families)
    names = brightpearl.read_names(run.connections)
    members = [one for family in families for one in family.members]
    codes = {one.code for member in members for one in member.channel.categories}
    if {one.brand_id for one in members} - {"", *names.brands} or codes - names.paths.keys():
        names = brightpearl.read_names(run.connections, max_age_s=0.0)
    settings = run.connections.pair.products
    units = settings.kilograms, settings.centimetres
    table = {row.value: row.becomes for row in run.bundle.tables["custom_fields"].rows}
    products: list[Row] = []
    variants: list[Row] = []
    refused: list[tuple[str, Refusal]] = []
    for family in families:
        if not family.members or family.gone:
            continue
        refused += [(family.key, why) for why in refusals_of(family)]
        own = {"key": family.key, "kind": "group" if family.is_group else "single"}
        first = family.members[0]
        sized = {} if family.is_group else _of_sku(first, units)
        if not family.is_split:
            status = next((one.status for one in family.members if one.status == "LIVE"), "")
            products.append(
                {
                    **sized,
                    **own,
                    "product_id": first.id,
                    "status": status or first.status,
                    "name": first.channel.name,
                    "description": first.channel.description.text,
                    "brand": names.brands.get(first.brand_id, ""),
                    "categories": "\n".join(
                        names.paths.get(one.code, one.code) for one in first.channel.categories
                    ),
                    "product_type_id": first.type_id,
                    "tax_code": first.tax_code,
                    "custom_fields": "\n".join(
                        f"{name}: {value}"
                        for code, name in sorted(table.items())
                        if (value := " ".join(first.custom_field(code).split()))
                    ),
                }
            )
        for one in family.members if family.is_group else ():
            options = "\n".join(f"{each.option}: {each.value}" for each in one.variations)
            member = {"product_id": one.id, "status": one.status, "options": options}
            variants.append({**_of_sku(one, units), **own, **member, "kind": "variant"})
    return Found(
        products=frame(products, ACCOUNT_PRODUCTS),
        variants=frame(variants, ACCOUNT_VARIANTS),
        refusals=refusal_rows(refused),
    )


def _of_sku(one: AccountProduct, units: tuple[Decimal, Decimal]) -> Row:
    weight, length = units
    identity = one.identity
    return {
        "sku": identity.sku,
        "ean": identity.ean,
        "upc": identity.upc,
        "mpn": identity.mpn,
        "weight_kg": one.weight * weight,
        "length_cm": one.length * length,
        "width_cm": one.width * length,
        "height_cm": one.height * length,
    }


def unique_name(name: str, sku: str) -> str:
    """A name that no other product of the store has: with the SKU, as long as the store takes."""
    suffix = f" ({sku})"
    return f"{name[: LONGEST_NAME - len(suffix)].rstrip()}{suffix}"


def refusals_of(family: Family) -> Iterable[Refusal]:
    """Why a family cannot be synced as it is, whatever its fields say."""

    def refuse(class_: str, value: str, reason: str, action: str) -> Refusal:
        remedy = release_remedy(action, class_, value=value, key=family.key)
        return Refusal(class_, class_, value, reason, remedy)

    for sku in sorted(family.doubled):
        reason = f"several live products of Brightpearl have the SKU {sku!r}"
        yield refuse("sku", sku, reason, "Give each its own SKU in Brightpearl, or archive one")
    if family.others:
        ids = ", ".join(sorted(family.others))
        reason = f"its SKUs are on several products of the store ({ids})"
        yield refuse("structure", ids, reason, "Bring its SKUs together on one product")
    if family.is_split:
        return
    if len(family.members) > MOST_VARIANTS:
        reason = f"the group has {len(family.members)} products; BigCommerce takes {MOST_VARIANTS}"
        yield refuse("structure", family.key, reason, "Split the group in Brightpearl")
    if any(len(one.variations) > MOST_OPTIONS for one in family.members):
        reason = f"a product has more than {MOST_OPTIONS} options"
        yield refuse("structure", family.key, reason, "Take options away in Brightpearl")
    if family.is_group and len({tuple(v.option for v in m.variations) for m in family.members}) > 1:
        reason = "the products of the group have different options"
        yield refuse("structure", family.key, reason, "Give all of them the same options")
    chosen = [tuple(v.value for v in one.variations) for one in family.members]
    if family.is_group and len(set(chosen)) < len(chosen):
        reason = "two products of the group have the same option values"
        yield refuse("structure", family.key, reason, "Give each its own values")
    if family.store and family.is_group == family.store.is_simple:
        one, other = ("a group", "has no variants") if family.is_group else ("one product", "has")
        reason = f"it is {one} in Brightpearl, and the store's product {other}"
        action = "Make both alike, or delete the store's product and sync it by its key"
        yield refuse("structure", family.key, reason, action)


def map_products(run: Run, found: Found) -> Desired:
    """The batch as it is to be in the store; what the mapping refuses is among the refusals."""
    context = Context(zone="UTC", tables=run.bundle.tables)
    products = apply(run.bundle.mappings["products"], found.products, context)
    variants = apply(run.bundle.mappings["variants"], found.variants, context)
    refusals = pd.concat([products.refusals, variants.refusals], ignore_index=True)
    return Desired(
        products=products.frame[list(STORE_PRODUCTS)],
        variants=variants.frame[list(STORE_VARIANTS)],
        refusals=refusals,
    )


@dataclass(frozen=True)
class StoreRows:
    """The store's documents as rows, in kilograms and centimetres, with names for ids."""

    names: bigcommerce.Names
    units: tuple[Decimal, Decimal]

    def product(self, family: Family, product: StoreProduct) -> Row:
        """As a row of STORE_PRODUCTS."""
        sized = {} if family.is_group else self._of_sku(product)
        fields = sorted(f"{one.name}: {one.value}" for one in product.custom_fields)
        paths = (self.names.paths.get(one, "") for one in product.categories)
        return {
            **sized,
            "key": family.key,
            "product_id": product.id,
            "name": product.name,
            "description": product.description,
            "brand": self.names.brands.get(product.brand_id, ""),
            "categories": "\n".join(sorted(filter(None, paths))),
            "tax_class_id": product.tax_class_id,
            "is_visible": product.is_visible,
            "custom_fields": "\n".join(fields),
        }

    def variant(self, variant: StoreVariant) -> Row:
        """As a row of STORE_VARIANTS."""
        labels = (f"{one.option_name}: {one.label}" for one in variant.option_values)
        own = {"purchasing_disabled": variant.purchasing_disabled, "options": "\n".join(labels)}
        return {**self._of_sku(variant), **own}

    def _of_sku(self, one: StoreProduct | StoreVariant) -> Row:
        weight, length = self.units
        sizes = {"depth_cm": one.depth, "width_cm": one.width, "height_cm": one.height}
        return {
            **{name: getattr(one, name) for name in ("sku", "gtin", "upc", "mpn")},
            "weight_kg": (one.weight or Decimal(0)) * weight,
            **{name: (value or Decimal(0)) * length for name, value in sizes.items()},
        }


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

"""What is written to Brightpearl's products, out of what the store has: rows, and their writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from connectors.brightpearl.catalogue import create_product, set_identity, update_product
from connectors.brightpearl.catalogue_models import CODES, AccountProduct, ProductBody
from core.frames import concat, frame, records
from core.products import STORE_PRODUCTS
from core.refusals import REFUSALS
from mappings.engine import Context, apply
from tasks.brightpearl.products import Names, read_names
from tasks.reconciler.operations import BrightpearlWrite, Operation, PlanT, Progress, RecordPlan
from tasks.reconciler.run import Run

Row = Mapping[str, Any]
MAPPING = "account_products"
NAMED = frozenset({"brand", "category"})
"""Classes of refusals that name what Brightpearl lacks."""


@dataclass(kw_only=True)
class AccountProgress(Progress[PlanT]):
    """A record on its way whose products are written to in Brightpearl."""

    account_rows: Mapping[tuple[str, str], Row] = field(default_factory=dict)
    """Rows by record and product, mapped, in Brightpearl's units."""
    product_ids: dict[str, str] = field(default_factory=dict)
    """Products that were created, by the store's variant."""
    renamed: list[AccountProduct] = field(default_factory=list)
    """Products that were given another SKU, with that."""


@dataclass(frozen=True)
class AccountOperation(Operation[Any]):
    """A write to a product of Brightpearl, of a record whose progress is an AccountProgress."""

    row: Row
    """The store's, with Brightpearl's `product_id`, or the variant's of a product that is new."""

    def mapped(self, record: AccountProgress[Any]) -> Row:
        """The row as Brightpearl has it."""
        return record.account_rows[record.key, self.row["product_id"]]


@dataclass(frozen=True)
class UpdateAccountProduct(AccountOperation):
    """Fields of a product, as the store has them."""

    member: AccountProduct
    columns: frozenset[str]
    """Brightpearl's, that change."""
    kind = "update product in Brightpearl"

    def describe(self) -> str:
        return f"update {', '.join(sorted(self.columns))} in Brightpearl"

    def write(self, _run: Run, record: AccountProgress[Any]) -> BrightpearlWrite:
        row = self.mapped(record)
        body = ProductBody.of(row, self.columns, self.member)
        return BrightpearlWrite(
            natural_key=self.member.id,
            after={name: str(row[name])[:200] for name in self.columns},
            message=update_product(f"product:{self.member.id}", self.member.id, body),
        )


@dataclass(frozen=True)
class SetIdentity(AccountOperation):
    """SKU and codes of a product; those that are left out would be removed."""

    member: AccountProduct
    columns: frozenset[str]
    kind = "set SKU in Brightpearl"

    def write(self, _run: Run, record: AccountProgress[Any]) -> BrightpearlWrite:
        row = self.mapped(record)
        known = self.member.identity.model_dump()
        codes = {**known, **{name: row[name] for name in self.columns}}
        identity = {name: value for name, value in codes.items() if value}
        return BrightpearlWrite(
            natural_key=self.member.id,
            before={name: known[name] for name in self.columns},
            after={name: row[name] for name in self.columns},
            message=set_identity(f"identity:{self.member.id}", self.member.id, identity),
        )

    def apply(self, record: AccountProgress[Any], _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if "sku" in self.columns:
            sku = {"sku": self.mapped(record)["sku"]}
            identity = self.member.identity.model_copy(update=sku)
            record.renamed.append(self.member.model_copy(update={"identity": identity}))


@dataclass(frozen=True)
class CreateAccountProduct(AccountOperation):
    """A product of the store, made in Brightpearl."""

    kind = "create product in Brightpearl"

    def write(self, _run: Run, record: AccountProgress[Any]) -> BrightpearlWrite:
        row = self.mapped(record)
        body = ProductBody.of(row, frozenset(row))
        return BrightpearlWrite(
            natural_key=row["sku"],
            after={"sku": row["sku"]},
            is_repeatable=False,
            message=create_product(f"new:{self.row['product_id']}", body),
        )

    def find(self, run: Run, _record: AccountProgress[Any]) -> str | None:
        found = run.brightpearl.find_products(str(self.row["sku"]))
        return found[0].product_id if found else None

    def apply(self, record: AccountProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.product_ids[self.row["product_id"]] = str(answer)


def change_product(
    member: AccountProduct, row: Row, columns: frozenset[str]
) -> Iterable[AccountOperation]:
    """What gives a product the values of a row of the store in some of Brightpearl's columns."""
    row = {**row, "product_id": member.id}
    if codes := columns & set(CODES):
        yield SetIdentity(row, member, codes)
    if others := columns - codes:
        yield UpdateAccountProduct(row, member, others)


def map_rows(
    run: Run, plans: Iterable[RecordPlan]
) -> tuple[dict[tuple[str, str], Row], pd.DataFrame]:
    """What the plans write to Brightpearl, mapped: by record and product; and REFUSALS.

    Raises: TransientError, ConfigError, MappingError.
    """
    every = frozenset(rule.to for rule in run.bundle.mappings[MAPPING].fields)
    by_columns: dict[frozenset[str], list[Row]] = defaultdict(list)
    for plan in plans:
        for one in plan.operations:
            if isinstance(one, AccountOperation):
                by_columns[getattr(one, "columns", every)].append({**one.row, "key": plan.key})
    if not by_columns:
        return {}, frame([], REFUSALS)
    found, refused = _mapped(run, by_columns, read_names(run.connections))
    if NAMED.intersection(refused["class"]):  # made in Brightpearl since, as the remedy says
        names = read_names(run.connections, max_age_s=0.0)
        found, refused = _mapped(run, by_columns, names)
    return found, refused


def _mapped(
    run: Run, by_columns: Mapping[frozenset[str], Sequence[Row]], names: Names
) -> tuple[dict[tuple[str, str], Row], pd.DataFrame]:
    """The rows mapped, with the brands and categories that the account has. In: by columns."""
    mapping = run.bundle.mappings[MAPPING]
    known = {
        "brands": {name.casefold(): number for number, name in names.brands.items()},
        "categories": {path.casefold(): number for number, path in names.paths.items()},
    }
    context = Context(zone="UTC", tables=run.bundle.tables, known=known)
    settings = run.connections.pair.products
    units = {
        "weight_kg": settings.kilograms,
        **dict.fromkeys(("length_cm", "width_cm", "height_cm"), settings.centimetres),
    }
    found: dict[tuple[str, str], Row] = {}
    refused: list[pd.DataFrame] = []
    for columns, rows in by_columns.items():
        wanted = {*columns, "key", "product_id"}
        part = replace(mapping, fields=tuple(one for one in mapping.fields if one.to in wanted))
        mapped = apply(part, frame(rows, STORE_PRODUCTS), context)
        refused.append(mapped.refusals)
        for row in records(mapped.frame):
            sized = {
                name: (row[name] or Decimal(0)) / units[name] for name in columns & units.keys()
            }
            key = row["key"], row["product_id"]
            found[key] = {**found.get(key, {}), **{name: row[name] for name in columns}, **sized}
    return found, concat(refused, REFUSALS)

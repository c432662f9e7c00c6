"""What is written to the store's products, their variants, options and custom fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any, cast

from connectors.bigcommerce.catalog_models import OptionValue, StoreProduct, StoreVariant
from connectors.bigcommerce.client import BigCommerce
from core.errors import CausewayError, RejectedError
from core.ids import sku_key
from core.words import counted
from tasks.bigcommerce.images import ImageProgress
from tasks.bigcommerce.products import Row, StoreRows
from tasks.reconciler.apply import send
from tasks.reconciler.operations import (
    BigCommerceRow,
    BigCommerceWrite,
    Operation,
    PlanT,
    Write,
)
from tasks.reconciler.run import Run

LONGEST_NAME = 250
"""Characters of a product's name in BigCommerce."""


@dataclass(kw_only=True)
class StoreProgress(ImageProgress[PlanT]):
    """A record on its way whose product is written to in the store."""

    rows: StoreRows
    """How the store writes rows, with the categories that the records need."""
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """Of a piece, as the store enters prices, by Brightpearl's product; of those to be created."""
    known_id: str = ""
    """The store's product, of one that is not made anew."""
    first_sku: str = ""
    """What makes its name unique where it has to be."""
    store: StoreProduct | None = None
    """As it was created."""
    variant_ids: dict[str, str] = field(default_factory=dict)
    """Variants that were made, by Brightpearl's product."""
    values: dict[tuple[str, str], OptionValue] = field(default_factory=dict)
    """Option values that were added, by option and label in small letters."""
    store_name: str = ""
    """The name that was made unique in the store."""

    @property
    def product_id(self) -> str:
        """The store's product."""
        return self.store.id if self.store else self.known_id


StoreOperation = Operation[Any]
"""A write to a record whose progress is a StoreProgress."""


def unique_name(name: str, sku: str) -> str:
    """A name that no other product of the store has: with the SKU, as long as the store takes."""
    suffix = f" ({sku})"
    return f"{name[: LONGEST_NAME - len(suffix)].rstrip()}{suffix}"


def send_with_unique_name(
    run: Run,
    record: StoreProgress[Any],
    error: CausewayError,
    body: Row,
    send_body: Callable[[BigCommerce, Row], StoreProduct],
) -> StoreProduct | CausewayError:
    """The answer to a write whose name another product has, sent again with the SKU behind it.

    Out: the error as it is, where it is about something else, or the settings want no other name.
    """
    is_conflict = isinstance(error, RejectedError) and error.status == HTTPStatus.CONFLICT
    is_wanted = run.connections.pair.products.duplicate_names == "append_sku"
    # A conflict is about a name or about a SKU, and only the text of the answer says which.
    if not (is_conflict and is_wanted and "name" in body and "name" in error.message.casefold()):
        return error
    record.store_name = unique_name(str(body["name"]), record.first_sku)
    named = {**body, "name": record.store_name}
    write = BigCommerceWrite(
        natural_key=record.first_sku,
        key=record.key,
        action="make name unique",
        after={"name": record.store_name},
        is_repeatable=False,
        send=lambda store: send_body(store, named),
    )
    (answer,) = send(run, [write])
    return cast("StoreProduct | CausewayError", answer)


@dataclass(frozen=True)
class CreateProduct(StoreOperation):
    """A product with all of its variants, in one request."""

    fields: Row
    variants: tuple[Row, ...]
    has_stock: bool
    kind = "create product"

    def describe(self) -> str:
        return f"create the product with {counted(max(1, len(self.variants)), 'SKU')}"

    @property
    def skus(self) -> list[str]:
        """SKUs of the product, by Brightpearl's product in the same sequence."""
        return [row["sku"] for row in self.variants or (self.fields,)]

    def prices(self, record: StoreProgress[Any]) -> list[Decimal]:
        """What pieces of its SKUs cost, of those with a price."""
        ids = [row["product_id"] for row in self.variants or (self.fields,)]
        return [record.prices[one] for one in ids if one in record.prices]

    def write(self, run: Run, record: StoreProgress[Any]) -> Write | None:
        if not self.prices(record):
            price_list = run.connections.pair.products.price_list
            reason = f"The product has no price in Brightpearl's price list {price_list}."
            remedy = f"Enter its price in Brightpearl, in price list {price_list}."
            record.fail(RejectedError(reason, remedy=remedy, code="price"))
            return None
        body = self._body(record)
        return BigCommerceWrite(
            natural_key=self.skus[0],
            after={"skus": len(self.skus)},
            is_repeatable=False,
            send=lambda store: store.create_product(body),
        )

    def absorb(
        self, run: Run, record: StoreProgress[Any], error: CausewayError
    ) -> CausewayError | None:
        body = self._body(record)
        answer = send_with_unique_name(run, record, error, body, BigCommerce.create_product)
        if isinstance(answer, CausewayError):
            return answer
        record.store = answer
        return None

    def _body(self, record: StoreProgress[Any]) -> dict[str, Any]:
        weights = [row["weight_kg"] for row in self.variants if row["weight_kg"]]
        by = "variant" if self.variants else "product"
        body: dict[str, Any] = {
            "type": "physical",
            "price": float(min(self.prices(record))),
            "inventory_tracking": by if self.has_stock else "none",
            **record.rows.fields({"weight_kg": max(weights, default=None)}),
            **record.rows.fields({n: v for n, v in self.fields.items() if v not in ("", None)}),
        }
        if fields := [line.partition(": ") for line in self.fields["custom_fields"].splitlines()]:
            body["custom_fields"] = [{"name": name, "value": value} for name, _, value in fields]
        if self.variants:
            body |= {"sku": "", "variants": [self._variant(record, row) for row in self.variants]}
        return body

    def _variant(self, record: StoreProgress[Any], row: Row) -> dict[str, Any]:
        fields = {name: value for name, value in row.items() if value not in ("", None)}
        own = record.prices.get(row["product_id"])
        labels = [line.partition(": ") for line in row["options"].splitlines()]
        values = [{"option_display_name": name, "label": label} for name, _, label in labels]
        price = {"price": float(own)} if own is not None else {}
        return {**record.rows.fields(fields), **price, "option_values": values}

    def find(self, run: Run, record: StoreProgress[Any]) -> StoreProduct | None:
        del record
        refs = list(run.bigcommerce.find_variants(self.skus))
        found = list(run.bigcommerce.list_catalog_of({one.product_id for one in refs}))
        return found[0] if len(found) == 1 else None

    def apply(self, record: StoreProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.store = store = answer or record.store
        if store is None:
            return
        ids = {sku_key(one.sku): one.id for one in store.variants}
        rows = {sku_key(row["sku"]): row["product_id"] for row in self.variants or (self.fields,)}
        record.variant_ids |= {rows[sku]: ids[sku] for sku in rows.keys() & ids.keys()}
        is_other_name = store.name != self.fields["name"]
        record.shown["store_name"] = store.name if is_other_name else ""


@dataclass(frozen=True)
class AssignChannels(StoreOperation):
    """A new product on the channels of the settings."""

    kind = "assign channels"

    def write(self, run: Run, record: StoreProgress[Any]) -> Write | None:
        channels, product_id = run.connections.pair.products.channels, record.product_id
        if not channels:
            return None
        rows = [(product_id, channel) for channel in channels]
        return BigCommerceWrite(
            natural_key=product_id,
            after={"channels": list(channels)},
            send=lambda store: store.assign_channels(rows),
        )


@dataclass(frozen=True)
class UpdateProduct(StoreOperation):
    """Fields of a product."""

    product_id: str
    fields: Row
    actual: Row
    """All of the product before."""
    kind = "update product"

    def describe(self) -> str:
        return f"update {', '.join(self.fields)}"

    def write(self, _run: Run, record: StoreProgress[Any]) -> Write:
        return BigCommerceRow(
            natural_key=self.product_id,
            before={name: str(self.actual[name])[:200] for name in self.fields},
            after={name: str(value)[:200] for name, value in self.fields.items()},
            send_rows=BigCommerce.update_products,
            row=self._row(record),
        )

    def _row(self, record: StoreProgress[Any]) -> dict[str, Any]:
        return {"id": int(self.product_id), **record.rows.fields(self.fields)}

    def absorb(
        self, run: Run, record: StoreProgress[Any], error: CausewayError
    ) -> CausewayError | None:
        def update(store: BigCommerce, row: Row) -> StoreProduct:
            return store.update_products([row])[0]

        answer = send_with_unique_name(run, record, error, self._row(record), update)
        return answer if isinstance(answer, CausewayError) else None

    def apply(self, record: StoreProgress[Any], _answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if "name" in self.fields:
            record.shown["store_name"] = record.store_name


@dataclass(frozen=True)
class SetField(StoreOperation):
    """A custom field of a product."""

    product_id: str
    field_id: str
    name: str
    value: str
    kind = "set custom field"

    def describe(self) -> str:
        return f"set {self.name}"

    def write(self, _run: Run, _record: StoreProgress[Any]) -> Write:
        return BigCommerceWrite(
            natural_key=f"{self.product_id}:{self.name}",
            after={"value": self.value},
            is_repeatable=bool(self.field_id),
            send=lambda store: store.set_custom_field(
                self.product_id, self.field_id, self.name, self.value
            ),
        )


@dataclass(frozen=True)
class AddValue(StoreOperation):
    """One more value of an option, which a new variant needs."""

    product_id: str
    option_id: str
    option: str
    label: str
    kind = "add option value"

    def write(self, _run: Run, record: StoreProgress[Any]) -> Write | None:
        if (self.option, self.label.casefold()) in record.values:
            return None
        return BigCommerceWrite(
            natural_key=f"{self.option_id}:{self.label}",
            send=lambda store: store.create_option_value(
                self.product_id, self.option_id, self.label
            ),
        )

    def apply(self, record: StoreProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if answer is not None:
            record.values[self.option, self.label.casefold()] = answer


@dataclass(frozen=True)
class WriteVariant(StoreOperation):
    """A variant: its fields, or (without an id) all of it."""

    product_id: str
    variant_id: str
    member: str
    """Brightpearl's product."""
    fields: Row
    actual: Row = field(default_factory=dict)
    """All of the variant before, of one that there is."""
    known: Mapping[tuple[str, str], OptionValue] = field(default_factory=dict)
    """Option values that the store's product has."""
    kind = "write variant"

    def describe(self) -> str:
        what = "update" if self.variant_id else "add"
        return f"{what} the variant {self.fields.get('sku', self.variant_id)}"

    def _row(self, record: StoreProgress[Any]) -> dict[str, Any]:
        if self.variant_id:
            return {"id": int(self.variant_id), **record.rows.fields(self.fields)}
        values = {**self.known, **record.values}
        lines = [line.partition(": ") for line in self.fields["options"].splitlines()]
        chosen = [values[name.casefold(), label.casefold()] for name, _, label in lines]
        return {
            "product_id": int(self.product_id),
            **record.rows.fields({n: v for n, v in self.fields.items() if v not in ("", None)}),
            "option_values": [
                {"id": int(one.id), "option_id": int(one.option_id)} for one in chosen
            ],
        }

    def write(self, _run: Run, record: StoreProgress[Any]) -> Write:
        return BigCommerceRow(
            natural_key=self.variant_id or str(self.fields["sku"]),
            before={name: str(self.actual[name]) for name in self.fields if self.actual},
            after={name: str(value)[:200] for name, value in self.fields.items()},
            is_repeatable=bool(self.variant_id),
            send_rows=BigCommerce.write_variants,
            row=self._row(record),
        )

    def find(self, run: Run, record: StoreProgress[Any]) -> StoreVariant | None:
        del record
        products = list(run.bigcommerce.list_catalog_of([self.product_id]))
        key = sku_key(str(self.fields["sku"]))
        return next((v for p in products for v in p.variants if sku_key(v.sku) == key), None)

    def absorb(
        self, run: Run, record: StoreProgress[Any], error: CausewayError
    ) -> CausewayError | None:
        # A SKU that is part of another one was seen refused in batches, and not alone.
        is_conflict = isinstance(error, RejectedError) and error.status == HTTPStatus.CONFLICT
        if not (is_conflict and self.variant_id):
            return super().absorb(run, record, error)
        fields = record.rows.fields(self.fields)
        write = BigCommerceWrite(
            natural_key=self.variant_id,
            key=record.key,
            action=self.kind,
            send=lambda store: store.update_variant(self.product_id, self.variant_id, fields),
        )
        (answer,) = send(run, [write])
        return answer if isinstance(answer, CausewayError) else None

    def apply(self, record: StoreProgress[Any], answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if answer is not None and not self.variant_id:
            record.variant_ids[self.member] = answer.id


def new_variant(store: StoreProduct, desired: Row) -> list[StoreOperation]:
    """What adds a variant to a product: its option values first."""
    known = {
        (value.option_name.casefold(), value.label.casefold()): value
        for variant in store.variants
        for value in variant.option_values
    }
    option_ids = {option: value.option_id for (option, _), value in known.items()}
    lines = [line.partition(": ") for line in desired["options"].splitlines()]
    adds: list[StoreOperation] = [
        AddValue(store.id, option_ids[name.casefold()], name.casefold(), label)
        for name, _, label in lines
        if name.casefold() in option_ids and (name.casefold(), label.casefold()) not in known
    ]
    fields = {name: value for name, value in desired.items() if name not in {"key", "product_id"}}
    return [*adds, WriteVariant(store.id, "", desired["product_id"], fields, known=known)]


def change_custom_fields(product: StoreProduct, wanted: str) -> Iterator[SetField]:
    """What gives a product these custom fields, a line for each, and no others."""
    ids = {one.name: one for one in product.custom_fields}
    lines = [line.partition(": ") for line in wanted.splitlines()]
    values = {name: value for name, _, value in lines}
    for name, value in values.items():
        if name not in ids or ids[name].value != value:
            yield SetField(product.id, ids[name].id if name in ids else "", name, value)
    for name, one in ids.items():
        if name not in values:
            yield SetField(product.id, one.id, name, "")

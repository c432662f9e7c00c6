"""What a product may need: writes to the store, and writes to Brightpearl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any, cast

from connectors.bigcommerce.catalog import MOST_PRODUCTS, MOST_VARIANTS
from connectors.bigcommerce.catalog_models import OptionValue, StoreProduct, StoreVariant
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.catalogue import create_product, set_identity, update_product
from connectors.brightpearl.catalogue_models import AccountProduct, ProductBody
from core.errors import CausewayError, RejectedError
from core.ids import sku_key
from core.products import PATH
from tasks.products.extract import Family
from tasks.products.frames import AgreedProduct, Row, unique_name
from tasks.reconciler.apply import send
from tasks.reconciler.operations import (
    BigCommerceRow,
    BigCommerceWrite,
    BrightpearlWrite,
    Operation,
    Progress,
    RecordPlan,
    Write,
)
from tasks.reconciler.run import Run

NO_FAMILY = Family("")


@dataclass(frozen=True, kw_only=True)
class ProductPlan(RecordPlan):
    """The plan of one record, and what is kept once it is carried out."""

    family: Family = NO_FAMILY
    agreed: AgreedProduct = field(default_factory=AgreedProduct)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """SKUs that products had before."""


@dataclass(frozen=True)
class Wanted:
    """What writes need besides their record: ids by name, units, prices."""

    categories: Mapping[str, int] = field(default_factory=dict)
    """Ids by path in small letters."""
    kilograms: Decimal = Decimal(1)
    centimetres: Decimal = Decimal(1)
    """The store's units."""
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """Of a piece, as the store enters prices, by Brightpearl's product."""
    account_rows: Mapping[tuple[str, str], Row] = field(default_factory=dict)
    """Rows for Brightpearl by record and product, mapped, in Brightpearl's units."""


@dataclass(kw_only=True)
class ProductProgress(Progress[ProductPlan]):
    """One product on its way through its operations."""

    wanted: Wanted = field(default_factory=Wanted)
    store: StoreProduct | None = None
    """As it was created."""
    variant_ids: dict[str, str] = field(default_factory=dict)
    """Variants that were added, by Brightpearl's product."""
    product_ids: dict[str, str] = field(default_factory=dict)
    """Products that were created in Brightpearl, by the store's variant."""
    values: dict[tuple[str, str], OptionValue] = field(default_factory=dict)
    """Option values that were added, by option and label in small letters."""
    store_name: str = ""
    """The name that was made unique in the store."""
    image_id: str | None = ""
    """The store's image that was made; None where BigCommerce could not fetch it."""

    @property
    def product_id(self) -> str:
        """The store's product."""
        return self.store.id if self.store else self.plan.family.product_id_bc

    def for_store(self, fields: Row) -> dict[str, Any]:
        """Fields of a row as BigCommerce writes them."""
        found: dict[str, Any] = {}
        for name, value in fields.items():
            match name:
                case "brand":
                    found |= {"brand_name": value} if value else {"brand_id": 0}
                case "categories":
                    paths = [one for one in str(value).splitlines() if one]
                    found[name] = [self.wanted.categories[one.casefold()] for one in paths]
                case "tax_class_id":
                    found |= {name: int(value)} if value else {}
                case "weight_kg":
                    found["weight"] = _number(value, self.wanted.kilograms)
                case "depth_cm" | "width_cm" | "height_cm":
                    found[name.removesuffix("_cm")] = _number(value, self.wanted.centimetres)
                case "custom_fields" | "key" | "product_id" | "options":
                    continue
                case _:
                    found[name] = value
        return found


def _number(value: Decimal | None, unit: Decimal) -> float:
    return float(round((value or Decimal(0)) / unit, 4))


class ProductOperation(Operation[ProductProgress]):
    """A write to one product."""


def send_with_unique_name(
    run: Run,
    record: ProductProgress,
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
    members = record.plan.family.members
    sku = min(members, key=lambda one: int(one.id)).identity.sku
    record.store_name = unique_name(str(body["name"]), sku)
    named = {**body, "name": record.store_name}
    write = BigCommerceWrite(
        natural_key=sku,
        key=record.key,
        action="make name unique",
        after={"name": record.store_name},
        is_repeatable=False,
        send=lambda store: send_body(store, named),
    )
    (answer,) = send(run, [write])
    return cast("StoreProduct | CausewayError", answer)


@dataclass(frozen=True)
class CreateProduct(ProductOperation):
    """A product with all of its variants, in one request."""

    desired: Row
    variants: tuple[Row, ...]
    kind = "create product"

    def describe(self) -> str:
        return f"create the product with {max(1, len(self.variants))} SKUs"

    @property
    def skus(self) -> list[str]:
        """SKUs of the product, by Brightpearl's product in the same sequence."""
        return [row["sku"] for row in self.variants or (self.desired,)]

    def write(self, run: Run, record: ProductProgress) -> Write | None:
        members = record.plan.family.members
        if not any(one.id in record.wanted.prices for one in members):
            price_list = run.connections.pair.products.price_list
            reason = f"The product has no price in Brightpearl's price list {price_list}."
            record.fail(RejectedError(reason, remedy="Enter its price there.", code="price"))
            return None
        body = self._body(record)
        return BigCommerceWrite(
            natural_key=self.skus[0],
            after={"skus": len(self.skus)},
            is_repeatable=False,
            send=lambda store: store.create_product(body),
        )

    def absorb(
        self, run: Run, record: ProductProgress, error: CausewayError
    ) -> CausewayError | None:
        body = self._body(record)
        answer = send_with_unique_name(run, record, error, body, BigCommerce.create_product)
        if isinstance(answer, CausewayError):
            return answer
        record.store = answer
        return None

    def _body(self, record: ProductProgress) -> dict[str, Any]:
        prices, members = record.wanted.prices, record.plan.family.members
        known = [prices[one.id] for one in members if one.id in prices]
        weights = [row["weight_kg"] for row in self.variants if row["weight_kg"]]
        is_kept = any(one.is_tracked or one.is_bundle for one in members)
        by = "variant" if self.variants else "product"
        body: dict[str, Any] = {
            "type": "physical",
            "price": float(min(known)),
            "inventory_tracking": by if is_kept else "none",
            **record.for_store({"weight_kg": max(weights, default=None)}),
            **record.for_store({n: v for n, v in self.desired.items() if v not in ("", None)}),
        }
        if fields := [line.partition(": ") for line in self.desired["custom_fields"].splitlines()]:
            body["custom_fields"] = [{"name": name, "value": value} for name, _, value in fields]
        if self.variants:
            body |= {"sku": "", "variants": [self._variant(record, row) for row in self.variants]}
        return body

    def _variant(self, record: ProductProgress, row: Row) -> dict[str, Any]:
        fields = {name: value for name, value in row.items() if value not in ("", None)}
        own = record.wanted.prices.get(row["product_id"])
        labels = [line.partition(": ") for line in row["options"].splitlines()]
        values = [{"option_display_name": name, "label": label} for name, _, label in labels]
        price = {"price": float(own)} if own is not None else {}
        return {**record.for_store(fields), **price, "option_values": values}

    def find(self, run: Run, record: ProductProgress) -> StoreProduct | None:
        del record
        refs = list(run.bigcommerce.find_variants(self.skus))
        found = list(run.bigcommerce.list_catalog_of({one.product_id for one in refs}))
        return found[0] if len(found) == 1 else None

    def apply(self, record: ProductProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.store = answer or record.store


@dataclass(frozen=True)
class AssignChannels(ProductOperation):
    """A new product on the channels of the settings."""

    kind = "assign channels"

    def write(self, run: Run, record: ProductProgress) -> Write | None:
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
class UpdateProduct(ProductOperation):
    """Fields of a product."""

    product_id: str
    fields: Row
    before: Mapping[str, str]
    kind = "update product"

    def describe(self) -> str:
        return f"update {', '.join(self.fields)}"

    def write(self, _run: Run, record: ProductProgress) -> Write:
        return BigCommerceRow(
            natural_key=self.product_id,
            before={name: value[:200] for name, value in self.before.items()},
            after={name: str(value)[:200] for name, value in self.fields.items()},
            send_rows=BigCommerce.update_products,
            most=MOST_PRODUCTS,
            row=self._row(record),
        )

    def _row(self, record: ProductProgress) -> dict[str, Any]:
        return {"id": int(self.product_id), **record.for_store(self.fields)}

    def absorb(
        self, run: Run, record: ProductProgress, error: CausewayError
    ) -> CausewayError | None:
        def update(store: BigCommerce, row: Row) -> StoreProduct:
            return store.update_products([row])[0]

        answer = send_with_unique_name(run, record, error, self._row(record), update)
        return answer if isinstance(answer, CausewayError) else None


@dataclass(frozen=True)
class SetField(ProductOperation):
    """A custom field of a product."""

    product_id: str
    field_id: str
    name: str
    value: str
    kind = "set custom field"

    def describe(self) -> str:
        return f"set {self.name}"

    def write(self, _run: Run, _record: ProductProgress) -> Write:
        return BigCommerceWrite(
            natural_key=f"{self.product_id}:{self.name}",
            after={"value": self.value},
            is_repeatable=bool(self.field_id),
            send=lambda store: store.set_custom_field(
                self.product_id, self.field_id, self.name, self.value
            ),
        )


@dataclass(frozen=True)
class AddValue(ProductOperation):
    """One more value of an option, which a new variant needs."""

    product_id: str
    option_id: str
    option: str
    label: str
    kind = "add option value"

    def write(self, _run: Run, record: ProductProgress) -> Write | None:
        if (self.option, self.label.casefold()) in record.values:
            return None
        return BigCommerceWrite(
            natural_key=f"{self.option_id}:{self.label}",
            send=lambda store: store.create_option_value(
                self.product_id, self.option_id, self.label
            ),
        )

    def apply(self, record: ProductProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if answer is not None:
            record.values[self.option, self.label.casefold()] = answer


@dataclass(frozen=True)
class WriteVariant(ProductOperation):
    """A variant: its fields, or (without an id) all of it."""

    product_id: str
    variant_id: str
    member: str
    """Brightpearl's product."""
    fields: Row
    before: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[tuple[str, str], OptionValue] = field(default_factory=dict)
    """Option values that the store's product has."""
    kind = "write variant"

    def describe(self) -> str:
        what = "update" if self.variant_id else "add"
        return f"{what} the variant {self.fields.get('sku', self.variant_id)}"

    def _row(self, record: ProductProgress) -> dict[str, Any]:
        if self.variant_id:
            return {"id": int(self.variant_id), **record.for_store(self.fields)}
        values = {**self.known, **record.values}
        lines = [line.partition(": ") for line in self.fields["options"].splitlines()]
        chosen = [values[name.casefold(), label.casefold()] for name, _, label in lines]
        return {
            "product_id": int(self.product_id),
            **record.for_store({n: v for n, v in self.fields.items() if v not in ("", None)}),
            "option_values": [
                {"id": int(one.id), "option_id": int(one.option_id)} for one in chosen
            ],
        }

    def write(self, _run: Run, record: ProductProgress) -> Write:
        return BigCommerceRow(
            natural_key=self.variant_id or str(self.fields["sku"]),
            before=dict(self.before),
            after={name: str(value)[:200] for name, value in self.fields.items()},
            is_repeatable=bool(self.variant_id),
            send_rows=BigCommerce.write_variants,
            most=MOST_VARIANTS,
            row=self._row(record),
        )

    def find(self, run: Run, record: ProductProgress) -> StoreVariant | None:
        del record
        products = list(run.bigcommerce.list_catalog_of([self.product_id]))
        key = sku_key(str(self.fields["sku"]))
        return next((v for p in products for v in p.variants if sku_key(v.sku) == key), None)

    def absorb(
        self, run: Run, record: ProductProgress, error: CausewayError
    ) -> CausewayError | None:
        # A SKU that is part of another one was seen refused in batches, and not alone.
        is_conflict = isinstance(error, RejectedError) and error.status == HTTPStatus.CONFLICT
        if not (is_conflict and self.variant_id):
            return super().absorb(run, record, error)
        fields = record.for_store(self.fields)
        write = BigCommerceWrite(
            natural_key=self.variant_id,
            key=record.key,
            action=self.kind,
            send=lambda store: store.update_variant(self.product_id, self.variant_id, fields),
        )
        (answer,) = send(run, [write])
        return answer if isinstance(answer, CausewayError) else None

    def apply(self, record: ProductProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        if answer is not None and not self.variant_id:
            record.variant_ids[self.member] = answer.id


def new_variant(store: StoreProduct, desired: Row) -> list[ProductOperation]:
    """What adds a variant to a product: its option values first."""
    known = {
        (value.option_name.casefold(), value.label.casefold()): value
        for variant in store.variants
        for value in variant.option_values
    }
    option_ids = {option: value.option_id for (option, _), value in known.items()}
    lines = [line.partition(": ") for line in desired["options"].splitlines()]
    adds: list[ProductOperation] = [
        AddValue(store.id, option_ids[name.casefold()], name.casefold(), label)
        for name, _, label in lines
        if name.casefold() in option_ids and (name.casefold(), label.casefold()) not in known
    ]
    fields = {name: value for name, value in desired.items() if name not in {"key", "product_id"}}
    return [*adds, WriteVariant(store.id, "", desired["product_id"], fields, known=known)]


@dataclass(frozen=True)
class UpdateAccountProduct(ProductOperation):
    """Fields of a product of Brightpearl, as the store has them."""

    member: AccountProduct
    row: Row
    """The store's."""
    columns: frozenset[str]
    """Brightpearl's, that change."""
    kind = "update product in Brightpearl"

    def describe(self) -> str:
        return f"update {', '.join(sorted(self.columns))} in Brightpearl"

    def write(self, _run: Run, record: ProductProgress) -> Write:
        row = record.wanted.account_rows[record.key, self.member.id]
        body = account_body(row, self.columns, self.member)
        label = f"product:{self.member.id}"
        message = update_product(label, self.member.id, body)
        return BrightpearlWrite(
            natural_key=self.member.id,
            after={name: str(row[name])[:200] for name in self.columns},
            message=message,
        )


CODES = ("sku", "ean", "upc", "mpn")


@dataclass(frozen=True)
class SetIdentity(ProductOperation):
    """SKU and codes of a product of Brightpearl; those that are left out would be removed."""

    member: AccountProduct
    row: Row
    """The store's."""
    columns: frozenset[str]
    kind = "set SKU in Brightpearl"

    def write(self, _run: Run, record: ProductProgress) -> Write:
        row = record.wanted.account_rows[record.key, self.member.id]
        known = self.member.identity.model_dump()
        codes = {**known, **{name: row[name] for name in self.columns}}
        identity = {name: value for name, value in codes.items() if value}
        return BrightpearlWrite(
            natural_key=self.member.id,
            before={name: known[name] for name in self.columns},
            after={name: row[name] for name in self.columns},
            message=set_identity(f"identity:{self.member.id}", self.member.id, identity),
        )


@dataclass(frozen=True)
class CreateAccountProduct(ProductOperation):
    """A product of the store, made in Brightpearl."""

    row: Row
    """The store's; `product_id` is the variant's."""
    kind = "create product in Brightpearl"

    def write(self, _run: Run, record: ProductProgress) -> Write:
        row = record.wanted.account_rows[record.key, self.row["product_id"]]
        body = account_body(row, frozenset(row), None)
        return BrightpearlWrite(
            natural_key=row["sku"],
            after={"sku": row["sku"]},
            is_repeatable=False,
            message=create_product(f"new:{self.row['product_id']}", body),
        )

    def find(self, run: Run, record: ProductProgress) -> str | None:
        del record
        found = run.brightpearl.find_products(str(self.row["sku"]))
        return found[0].product_id if found else None

    def apply(self, record: ProductProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.product_ids[self.row["product_id"]] = str(answer)


def account_body(row: Row, columns: frozenset[str], member: AccountProduct | None) -> ProductBody:
    """A row as Brightpearl writes it; the channel and the sizes always whole."""
    fields: dict[str, Any] = {}
    type_id = None
    if "brand" in columns:
        fields["brand_id"] = int(row["brand"])
    if member is None:
        type_id = int(row["product_type_id"])
        fields["identity"] = {name: row[name] for name in CODES if row[name]}
        fields["financial_details"] = {"taxCode": {"code": row["tax_code"]}}
        fields["status"] = row["status"]
    channel = member.channel if member else None
    if columns & {"name", "description", "categories"}:
        codes = [one.code for one in channel.categories] if channel else []
        codes = row["categories"].splitlines() if "categories" in columns else codes
        text = channel.description.text if channel else ""
        fields["sales_channels"] = (
            {
                "salesChannelName": "Brightpearl",
                "productName": row["name"] if "name" in columns or not channel else channel.name,
                "productCondition": "new",
                "categories": [{"categoryCode": one} for one in codes],
                "description": {
                    "languageCode": "en",
                    "text": row["description"] if "description" in columns else text,
                    "format": "HTML_FRAGMENT",
                },
            },
        )
    sizes = {
        name: float(row[f"{name}_cm"])
        for name in ("length", "width", "height")
        if f"{name}_cm" in columns
    }
    if sizes or "weight_kg" in columns:
        known = member or AccountProduct(id="0")
        weight = row["weight_kg"] if "weight_kg" in columns else known.weight
        kept = {name: float(getattr(known, name)) for name in ("length", "width", "height")}
        fields["stock"] = {
            "stockTracked": member.is_tracked if member else True,
            "weight": {"magnitude": float(weight or 0)},
            "dimensions": {**kept, **sizes},
        }
    return ProductBody(type_id=type_id, **fields)


def paths_of(operations: Iterable[Operation[Any]]) -> list[str]:
    """Paths of categories that writes to the store name, those above them first."""
    found: dict[str, None] = {}
    for one in operations:
        row = one.desired if isinstance(one, CreateProduct) else getattr(one, "fields", {})
        for path in str(row.get("categories") or "").splitlines():
            names = path.split(PATH)
            found |= dict.fromkeys(PATH.join(names[: n + 1]) for n in range(len(names)))
    return list(found)

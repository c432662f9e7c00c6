"""Prices in the catalogue and in price lists, the fields we read and write.

Source: REST Management API, Catalog V3 and Price Lists V3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer

from connectors.documents import Document, Flag, Id, Money, OrDefault, RequestBody, Text
from core.errors import RejectedError
from core.prices import CATALOGUE_FIELDS

RecordKey = tuple[str, str, str]
"""Price list, variant and currency."""

MaybeMoney = Annotated[Money | None, OrDefault]
Price = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""A price of at most four places, sent as a JSON number: with so few nothing is lost."""


class PriceList(Document):
    """A price list of the store."""

    id: Id
    name: Text
    is_active: Flag = Field(default=True, alias="active")


class CataloguePrices(Document):
    """The prices of a product or a variant; of a variant, None is inherited from the product."""

    price: MaybeMoney = None
    sale_price: MaybeMoney = None
    retail_price: MaybeMoney = None
    cost_price: MaybeMoney = None

    @property
    def prices(self) -> dict[str, Decimal]:
        """The prices that there are, by field: 0 is none, but for `price` itself."""
        found = {name: getattr(self, name) for name in CATALOGUE_FIELDS}
        return {
            name: amount
            for name, amount in found.items()
            if amount or (name == "price" and amount is not None)
        }


class PricedVariant(CataloguePrices):
    """A variant with its own prices."""

    id: Id
    product_id: Id
    sku: Text = ""
    option_values: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_base(self) -> bool:
        """Whether it is the only variant of a simple product, whose prices are the product's."""
        return not self.option_values


class PricedProduct(CataloguePrices):
    """A product with its own prices."""

    id: Id


class PriceTier(Document):
    """A price from a quantity on. `fixed` is a price; other types change the record's."""

    quantity_min: int
    type: Text
    amount: Money


class PriceRecord(Document):
    """The price of a variant in a list."""

    variant_id: Id
    currency: Text
    price: MaybeMoney = None
    tiers: tuple[PriceTier, ...] = Field(default=(), alias="bulk_pricing_tiers")

    @property
    def by_quantity(self) -> dict[int, Decimal]:
        """The prices by the quantity from which they hold; none where the record has no price."""
        tiers = {one.quantity_min: one.amount for one in self.tiers}
        return {} if self.price is None else {0: self.price, **tiers}


class PriceTierBody(RequestBody):
    """A price from a quantity on, up to another one; 0 is no end."""

    quantity_min: int
    quantity_max: int
    type: str = "fixed"
    amount: Price


class PriceRecordBody(RequestBody):
    """A record of a price list: made, or changed where there is one."""

    price_list_id: int
    variant_id: int
    currency: str
    price: Price
    bulk_pricing_tiers: tuple[PriceTierBody, ...] = ()

    @classmethod
    def of(
        cls,
        price_list_id: str,
        variant_id: str,
        currency: str,
        price: Decimal,
        tiers: Sequence[tuple[int, Decimal]],
    ) -> Self:
        """A record with prices from quantities on, each up to the next one. In: smallest first."""
        ends = [at - 1 for at, _ in tiers[1:]]
        bodies = (
            PriceTierBody(quantity_min=at, quantity_max=end, amount=amount)
            for (at, amount), end in zip(tiers, [*ends, 0], strict=False)
        )
        return cls(
            price_list_id=int(price_list_id),
            variant_id=int(variant_id),
            currency=currency,
            price=price,
            bulk_pricing_tiers=tuple(bodies),
        )


class CataloguePricesBody(RequestBody):
    """Prices of a product or variant; what is None stays as it is."""

    id: int
    price: Price | None = None
    sale_price: Price | None = None
    retail_price: Price | None = None
    cost_price: Price | None = None


class RefusedRecordsError(RejectedError):
    """Records of price lists that were refused; all others of the request were kept."""

    def __init__(self, message: str, by_record: Mapping[RecordKey, RejectedError]) -> None:
        super().__init__(message, status=422)
        self.by_record = by_record
        """Empty where the answer does not name them."""


def refused_records(body: Any, what: str, reason: str) -> RefusedRecordsError:  # noqa: ANN401 - JSON
    """The error of such an answer. In: the reason for all of them."""
    rows = body.get("batch_errors") if isinstance(body, dict) else None
    found: dict[RecordKey, RejectedError] = {}
    for row in rows if isinstance(rows, list) else ():
        sent = row.get("data") if isinstance(row, dict) else None
        if isinstance(sent, dict):
            key = (
                str(sent.get("price_list_id")),
                str(sent.get("variant_id")),
                str(sent.get("currency")),
            )
            errors = row.get("errors") or row.get("field_errors")
            fields = ", ".join(sorted(errors)) if isinstance(errors, dict) else "a field"
            found[key] = RejectedError(f"{what}: the record's {fields} was refused.", status=422)
    return RefusedRecordsError(f"{what}: {reason}", found)

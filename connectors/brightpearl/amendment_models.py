"""Rows of orders that exist, as they are changed and added. Source: Brightpearl API reference."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from connectors.documents import Money, RequestBody


class RowUpdate(RequestBody):
    """A row as it shall be; `net` and `tax` are totals of the row. What is not set stays."""

    id: int = Field(gt=0)
    product_id: int | None = Field(default=None, serialization_alias="productId")
    name: str | None = None
    quantity: str
    tax_code: str = Field(serialization_alias="taxCode")
    net: Money
    tax: Money
    nominal_code: str | None = Field(default=None, serialization_alias="nominalCode")
    external_ref: str | None = Field(default=None, serialization_alias="externalRef")
    sequence: int | None = None


class RowAdd(RequestBody):
    """A row that comes later. It takes two places only and no reference of ours: update it then."""

    product_id: int | None = None
    name: str | None = None
    quantity: str
    tax_code: str
    net: Money = Field(decimal_places=2)
    tax: Money = Field(decimal_places=2)
    nominal_code: str | None = None

    def wire(self) -> dict[str, Any]:
        """The nested shape that single rows have."""
        told = {
            "productId": self.product_id,
            "productName": self.name,
            "quantity": {"magnitude": self.quantity},
            "rowValue": {
                "taxCode": self.tax_code,
                "rowNet": {"value": str(self.net)},
                "rowTax": {"value": str(self.tax)},
            },
            "nominalCode": self.nominal_code,
        }
        return {name: value for name, value in told.items() if value is not None}

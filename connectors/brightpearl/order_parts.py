"""What sales orders and credits consist of, as they stand. Source: Brightpearl API reference."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from connectors.documents import Document, Flag, Id, Money, OtherId, Text


def plain(fields: Mapping[str, object]) -> Mapping[str, str]:
    """The fields of an address that say something, without letter case and spacing."""
    texts = {name: " ".join(str(value or "").split()).casefold() for name, value in fields.items()}
    return {name: text for name, text in texts.items() if text}


class Total(Document):
    """Totals of an order, in its currency."""

    net: Money
    tax: Money
    gross: Money


class SalesOrderRow(Document):
    """A row as it stands; net and tax are totals of the row."""

    id: Id
    product_id: OtherId = Field(default="", alias="productId")
    name: Text = ""
    sku: Text = ""
    quantity: Decimal
    net: Money
    tax: Money
    tax_code: Text = Field(default="", alias="taxCode")
    nominal_code: Text = Field(default="", alias="nominalCode")
    external_ref: Text = Field(default="", alias="externalRef")
    is_bundle_parent: Flag = Field(default=False, alias="bundleParent")
    is_bundle_child: Flag = Field(default=False, alias="bundleChild")
    parent_row_id: OtherId = Field(default="", alias="parentRowId")
    """Of a bundle's component: the row of the bundle."""


class Customer(Document):
    """The contact of an order."""

    id: Id


class Invoice(Document):
    """The order's invoice; the reference is empty until there is one."""

    reference: Text = Field(default="", alias="invoiceReference")


class OrderAddress(Document):
    """An address of an order as it stands: street, suburb, city, state."""

    full_name: Text = Field(default="", alias="addressFullName")
    company: Text = Field(default="", alias="companyName")
    line_1: Text = Field(default="", alias="addressLine1")
    line_2: Text = Field(default="", alias="addressLine2")
    line_3: Text = Field(default="", alias="addressLine3")
    line_4: Text = Field(default="", alias="addressLine4")
    post_code: Text = Field(default="", alias="postalCode")
    country_iso3: Text = Field(default="", alias="countryIsoCode")
    telephone: Text = ""
    email: Text = ""

    @property
    def plain(self) -> Mapping[str, str]:
        """What of it may be compared with the address of a request."""
        return plain(self.model_dump())

"""The store's own settings and subscriptions, the fields we read. Source: REST Management API."""

from __future__ import annotations

from pydantic import Field, field_validator

from connectors.documents import Document, Id, Text


class Store(Document):
    """The store's own settings. `time_zone` is an IANA name."""

    id: Id
    name: Text = ""
    currency: Text = ""
    """ISO 4217 code, in which the catalogue's prices are."""
    time_zone: str = Field(alias="timezone")
    weight_units: Text = "KGS"
    """KGS, LBS, Ounces, Grams or Tonnes."""
    dimension_units: Text = "Centimeters"
    """Centimeters or Inches."""
    has_prices_with_tax: bool = Field(default=False, alias="is_price_entered_with_tax")

    @field_validator("time_zone", mode="before")
    @classmethod
    def _name_of_zone(cls, value: object) -> object:
        return value.get("name") if isinstance(value, dict) else value


class Channel(Document):
    """A sales channel; `type` is storefront, pos, marketplace or marketing."""

    id: Id
    name: Text = ""


class Hook(Document):
    """A webhook subscription."""

    id: Id
    scope: str
    destination: str
    is_active: bool = True
    headers: dict[str, str] | None = None
    """What each delivery carries; None where the answer does not say it."""

    @field_validator("headers", mode="before")
    @classmethod
    def _null_is_none_at_all(cls, value: object) -> object:
        return {} if value is None else value

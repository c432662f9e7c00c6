"""Customers and their addresses: the fields we read and write. Source: Customers V3.

Every text has one form on the wire and one here; a customer without a group has group "".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connectors.documents import (
    Document,
    Flag,
    Id,
    Moment,
    OrDefault,
    OtherId,
    Phone,
    RequestBody,
    Text,
    Typed,
)

MOST = 10
"""Customers, or addresses, of one request."""


class CustomerAddress(Document):
    """One entry of an address book."""

    id: Id
    customer_id: Id
    first_name: Typed = ""
    last_name: Typed = ""
    company: Typed = ""
    address1: Typed = ""
    address2: Typed = ""
    city: Typed = ""
    state_or_province: Typed = ""
    postal_code: Text = ""
    country_code: Text = ""
    """ISO alpha-2."""
    phone: Phone = ""


class Customer(Document):
    """A shopper with an account. Guests have none."""

    id: Id
    email: Text = ""
    first_name: Typed = ""
    last_name: Typed = ""
    company: Typed = ""
    phone: Phone = ""
    group_id: OtherId = Field(default="", alias="customer_group_id")
    takes_mails: Flag = Field(default=False, alias="accepts_product_review_abandoned_cart_emails")
    """Whether the shopper agreed to mails about reviews and abandoned carts."""
    address_count: int = 0
    addresses: Annotated[tuple[CustomerAddress, ...], OrDefault] = ()
    """Only where they were asked for."""


class Account(Document):
    """When a customer's account was made."""

    id: Id
    date_created: Moment


@dataclass(frozen=True)
class UnreadableCustomer:
    """A customer's document that breaks the model."""

    id: str
    field: str
    reason: str
    """What is wrong with the field; never its value."""


class AddressBody(RequestBody):
    """An address as sent: new for a customer, or changed by its id."""

    id: int | None = None
    customer_id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state_or_province: str | None = None
    """In full: codes are refused."""
    postal_code: str | None = None
    country_code: str | None = None


class CustomerBody(RequestBody):
    """A customer as sent: new without an id; of a known one, what is set here is changed."""

    id: int | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    group_id: int | None = Field(default=None, serialization_alias="customer_group_id")
    takes_mails: bool | None = Field(
        default=None, serialization_alias="accepts_product_review_abandoned_cart_emails"
    )
    addresses: tuple[AddressBody, ...] | None = None
    """Of a new customer alone."""


class CustomerGroup(Document):
    """A group that staff put customers into."""

    id: Id
    name: Text = ""

"""The account's records, one class for each resource."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(slots=True)
class Address:
    """An address of an order or of the address book. `country` is alpha-3."""

    full_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    line3: str = ""
    line4: str = ""
    postal_code: str = ""
    country: str = ""
    telephone: str = ""
    mobile: str = ""
    fax: str = ""
    email: str = ""


@dataclass(slots=True)
class PostalAddress:
    """An address book entry; belongs to at most one contact."""

    id: int
    address: Address
    contact_id: int | None = None


@dataclass(slots=True)
class Contact:
    """A person or company."""

    id: int
    first_name: str
    last_name: str
    salutation: str
    address_ids: dict[str, int]
    emails: dict[str, str]
    telephones: dict[str, str]
    organisation: str
    price_list_id: int
    currency_id: int
    created_on: datetime
    is_supplier: bool = False
    is_staff: bool = False
    newsletter: bool = False
    company_id: int = 0
    lead_time: int = 0
    credit_term_days: int = 0
    updated_on: datetime | None = None
    tags: list[int] = field(default_factory=list)
    last_ordered_on: datetime | None = None
    custom_fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class OrderRow:
    """A row; net and tax are row totals in the order's currency; net is without tax."""

    id: int
    product_id: int | None
    name: str
    sku: str
    quantity: Decimal
    tax_code: str
    net: Decimal
    tax: Decimal
    nominal_code: str
    sequence: int
    external_ref: str | None = None
    parent_row_id: int | None = None
    bundle_parent: bool = False
    cloned_from: int = 0


@dataclass(slots=True)
class Order:
    """An order of any of the four types. Times are aware UTC."""

    id: int
    type_code: str
    contact_id: int
    status_id: int
    warehouse_id: int
    channel_id: int
    currency_code: str
    exchange_rate: Decimal
    price_list_id: int
    price_mode: str
    placed_on: datetime
    tax_date: datetime
    created_on: datetime
    customer_address: Address
    billing_contact_id: int
    billing_address: Address
    delivery_address: Address
    fixed_exchange_rate: bool = False
    ref: str = ""
    external_ref: str | None = None
    instance_id: int | None = None
    parent_id: int = 0
    delivery_on: datetime | None = None
    shipping_method_id: int = 0
    staff_owner_id: int = 0
    project_id: int = 0
    lead_source_id: int = 0
    team_id: int = 0
    updated_on: datetime | None = None
    closed_on: datetime | None = None
    invoice_due_at: datetime | None = None
    invoice_reference: str | None = None
    version: int = 1
    payment_status: str = "NOT_APPLICABLE"
    stock_status: str = "NON"
    allocation_status: str = "ANR"
    shipping_status: str = "NST"
    rows: dict[int, OrderRow] = field(default_factory=dict)
    custom_fields: dict[str, Any] = field(default_factory=dict)

    @property
    def net(self) -> Decimal:
        """Sum of the rows' net."""
        return sum((row.net for row in self.rows.values()), ZERO)

    @property
    def tax(self) -> Decimal:
        """Sum of the rows' tax."""
        return sum((row.tax for row in self.rows.values()), ZERO)


@dataclass(slots=True)
class OrderNote:
    """A note on an order's timeline."""

    id: int
    order_id: int
    contact_id: int
    text: str
    is_public: bool
    added_on: datetime
    order_status_id: int
    file_id: int | None = None


@dataclass(slots=True)
class Product:
    """A catalogue entry. `document` is the resource as written, without what the account adds."""

    id: int
    document: dict[str, Any]
    created_on: datetime
    updated_on: datetime | None = None
    version: int = 1
    custom_fields: dict[str, Any] = field(default_factory=dict)
    prices: dict[int, dict[str, Decimal]] = field(default_factory=dict)

    @property
    def sku(self) -> str:
        """The SKU, empty when there is none."""
        return str(self.document.get("identity", {}).get("sku", ""))

    @property
    def name(self) -> str:
        """The name on the Brightpearl channel."""
        channels = self.document.get("salesChannels") or [{}]
        return str(channels[0].get("productName", ""))

    @property
    def stock_tracked(self) -> bool:
        """Whether quantities are kept; never for bundles."""
        return bool(self.document.get("stock", {}).get("stockTracked")) and not self.is_bundle

    @property
    def is_bundle(self) -> bool:
        """Whether it is made of other products."""
        return bool(self.document.get("composition", {}).get("bundle"))

    @property
    def components(self) -> list[tuple[int, Decimal]]:
        """A bundle's (product id, units for one bundle)."""
        listed = self.document.get("composition", {}).get("bundleComponents") or []
        return [(int(part["productId"]), Decimal(str(part["productQuantity"]))) for part in listed]

    @property
    def status(self) -> str:
        """LIVE, DISCONTINUED or ARCHIVED."""
        return str(self.document.get("status", "LIVE"))


@dataclass(slots=True)
class Payment:
    """A customer payment; amounts in its own currency."""

    id: int
    order_id: int
    method_code: str
    type_code: str
    currency_code: str
    payment_on: datetime
    created_on: datetime
    amount_paid: Decimal = ZERO
    amount_authorized: Decimal = ZERO
    expires_on: datetime | None = None
    transaction_ref: str = ""
    transaction_code: str = ""
    journal_id: int | None = None
    exchange_rate: Decimal = Decimal(1)


@dataclass(slots=True)
class Webhook:
    """A subscription."""

    id: int
    subscribe_to: str
    http_method: str
    uri_template: str
    body_template: str
    content_type: str
    id_set_accepted: bool
    quality_of_service: int


@dataclass(frozen=True, slots=True)
class Event:
    """A change of one record."""

    resource: str
    resource_id: int
    lifecycle: str
    specifier: str
    raised_at: datetime

    @property
    def full_name(self) -> str:
        """`order.modified.order-status`."""
        parts = (self.resource, self.lifecycle, self.specifier)
        return ".".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP call to a receiver, templates already filled."""

    webhook_id: int
    method: str
    url: str
    body: str
    content_type: str
    quality_of_service: int

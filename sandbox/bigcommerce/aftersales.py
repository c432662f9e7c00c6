"""What the store remembers of an order's life after checkout: shipments, mails and refunds."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """Pieces of one line in a shipment."""

    line_id: int
    product_id: int
    quantity: int


@dataclass(slots=True)
class Shipment:
    """A parcel. Texts and the cost are None where nobody set them."""

    id: int
    order_id: int
    address_id: int
    created_at: datetime
    items: tuple[ShippedItem, ...]
    tracking_number: str | None = None
    tracking_carrier: str | None = None
    tracking_link: str | None = None
    shipping_provider: str | None = None
    shipping_method: str | None = None
    comments: str | None = None
    merchant_shipping_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to the shopper. `about` says what `record_id` is the id of."""

    about: str
    record_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A deduction from what is paid back for an item; `amount` is not above zero."""

    amount: Decimal
    description: str


@dataclass(slots=True)
class RefundItem:
    """Part of a refund.

    `kind` is the vendor's `item_type`; `item_id` that of a line, address, fee or the order.
    """

    kind: str
    item_id: int
    quantity: int = 0
    requested: Decimal | None = None
    reason: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    amount: Decimal = ZERO
    """Money back for it, tax included; computed."""
    tax: Decimal = ZERO


@dataclass(slots=True)
class RefundPayment:
    """Money on its way back. Until the gateway answers `is_declined` is None."""

    id: int
    provider_id: str
    description: str
    amount: Decimal
    is_offline: bool
    is_declined: bool | None = None
    declined_message: str = ""
    transaction_id: int | None = None


@dataclass(slots=True)
class Refund:
    """Money paid back for an order. `amount` includes `tax`."""

    id: int
    order_id: int
    user_id: int
    created_at: datetime
    reason: str
    amount: Decimal
    tax: Decimal
    calculated_tax: Decimal
    """What the store would have said; `tax` may be the merchant's own figure."""
    is_override: bool
    is_tax_adjustment: bool
    items: list[RefundItem] = field(default_factory=list)
    payments: list[RefundPayment] = field(default_factory=list)
    currency: str = ""
    """Of its payments, where a gateway pays in another one than the order's."""
    is_given_up: bool = False
    """Every payment was declined, and the store counts it no more."""

    @property
    def is_pending(self) -> bool:
        """Whether the gateway owes an answer."""
        return any(payment.is_declined is None for payment in self.payments)

    @property
    def committed(self) -> Decimal:
        """Money that is back or on its way."""
        return sum((row.amount for row in self.payments if not row.is_declined), ZERO)

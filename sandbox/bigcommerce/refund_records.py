"""Refunds as the store keeps them: what is paid back, for what, and how the money goes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sandbox.bigcommerce.formats import ZERO

TaxShown = Literal["number", "null", "missing"]
"""How a refund's document gives its tax."""


@dataclass(frozen=True, slots=True)
class RefundAdjustment:
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
    adjustments: tuple[RefundAdjustment, ...] = ()
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
    tax_shown: TaxShown = "number"
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

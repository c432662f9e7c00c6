"""Refunds and refund quotes, the fields we read and write. Source: API, payment actions V3."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connectors.documents import (
    Cents,
    Document,
    Flag,
    Id,
    Moment,
    Money,
    OrDefault,
    RequestBody,
    Typed,
)

LONGEST_REASON = 1000
OWN_TENDERS = frozenset({"storecredit", "giftcertificate"})
"""Providers that BigCommerce is itself: their payments may never have a transaction."""
COUNTED = frozenset({"PRODUCT", "GIFT_WRAPPING"})
"""Items refunded by units; all others by an amount."""


class Adjustment(Document):
    """Something kept back of an item, such as a restocking fee."""

    amount: Money
    """Not above zero."""


class RefundItem(Document):
    """A part of a refund."""

    item_type: str
    """PRODUCT, GIFT_WRAPPING, SHIPPING, HANDLING, ORDER, FEE or TAX."""
    item_id: Id
    """Order line, order address, fee or order, by type."""
    reason: Typed = ""
    quantity: Annotated[int, OrDefault] = 0
    """Answered for PRODUCT only."""
    requested_amount: Annotated[Money | None, OrDefault] = None
    adjustments: Annotated[tuple[Adjustment, ...], OrDefault] = ()


class RefundPayment(Document):
    """Money on its way back by one tender."""

    id: Id = ""
    provider_id: str
    amount: Money
    offline: Flag = False
    is_declined: bool | None = None
    """None while the gateway has not answered."""
    transaction_id: Id = ""

    @property
    def is_pending(self) -> bool:
        """Whether no verdict is known yet; what is offline needs none.

        Our reading: payments are carried out later, and one that is said not to be declined is
        done only when it has its transaction.
        """
        if self.offline or self.is_declined or not self.amount:
            return False
        is_done = bool(self.transaction_id) or self.provider_id in OWN_TENDERS
        return self.is_declined is None or not is_done


class Refund(Document):
    """A refund of one order. Its items may be none: then only tax was given back."""

    id: Id
    order_id: Id
    created: Moment
    reason: Typed = ""
    total_amount: Money
    """Two places, tax included."""
    total_tax: Annotated[Money | None, OrDefault] = None
    """None where BigCommerce does not say. May be negative: less collected tax is given back."""
    is_overridden: Flag = Field(default=False, alias="uses_merchant_override_values")
    """Whether the merchant stated total and tax."""
    items: Annotated[tuple[RefundItem, ...], OrDefault] = ()
    payments: tuple[RefundPayment, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Its own, and those of its items."""
        return (self.reason, *(item.reason for item in self.items))

    @property
    def is_pending(self) -> bool:
        """Whether a payment still waits for the gateway's verdict."""
        return any(payment.is_pending for payment in self.payments)

    @property
    def is_declined(self) -> bool:
        """Whether a payment was declined, so that not all of the money went back."""
        return any(payment.is_declined for payment in self.payments)


class RefundOption(Document):
    """One payment of a way to refund."""

    provider_id: str
    amount: Money
    offline: Flag = False

    def payment(self) -> RefundPaymentCreate:
        """The payment as a refund takes it: BigCommerce wants the amounts of its own quote."""
        return RefundPaymentCreate(
            provider_id=self.provider_id, amount=self.amount, offline=self.offline
        )


class RefundQuote(Document):
    """What BigCommerce would give back, and the ways to do it."""

    total_amount: Money = Field(alias="total_refund_amount")
    alternatives: tuple[tuple[RefundOption, ...], ...] = Field(alias="refund_methods")
    """One of them is chosen, and all of its payments are used together."""


class RefundItemCreate(RequestBody):
    """A part of a refund: units of a line, or an amount of shipping, handling, fee, tax, order."""

    item_type: Literal["PRODUCT", "GIFT_WRAPPING", "SHIPPING", "HANDLING", "ORDER", "FEE", "TAX"]
    item_id: int = Field(gt=0)
    quantity: int | None = Field(default=None, gt=0)
    amount: Cents | None = Field(default=None, gt=0)
    reason: str | None = Field(default=None, max_length=LONGEST_REASON)

    @model_validator(mode="after")
    def _by_units_or_amount(self) -> Self:
        counted = self.item_type in COUNTED
        if counted != (self.quantity is not None) or counted == (self.amount is not None):
            raise ValueError("lines and wrapping are refunded by quantity, all else by amount")
        return self


class RefundPaymentCreate(RequestBody):
    """Money to give back by one tender."""

    provider_id: str = Field(min_length=1)
    amount: Cents = Field(gt=0)
    offline: bool

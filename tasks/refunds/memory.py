"""What both systems agreed on about a refund, as the link keeps it.

Who changed what is told by comparing each side with this: a refund that still reads like the memory
was not touched, and a credit that does not was changed by a person.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from connectors.bigcommerce.refund_models import Refund
from store.links import Link

REFUNDS = "refunds"
"""The entity of the links: BigCommerce's order and refund id, Brightpearl's sales credit id."""


class RefundMemory(BaseModel):
    """One refund with its sales credit, as they stood when we last wrote."""

    model_config = ConfigDict(frozen=True)

    agreed: str = ""
    """Fingerprint of the refund; "" while something is left to do."""
    beside: int = 0
    """How many refunds the order had then, this one among them."""
    gross: Decimal = Decimal(0)
    """Of the credit, in the order's currency."""
    payments: dict[str, Decimal] = {}
    """What was paid out, by transaction reference."""
    back: dict[str, int] = {}
    """Units that had left and come back, by the reference of the sales order's row."""
    unsent: dict[str, int] = {}
    """Units that had not left: nothing is reserved for them any more."""
    is_closed: bool = False
    is_staffs: bool = False
    """Whether staff made the credit: its goods and its invoice are theirs."""
    is_undone: bool = False

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link remembers; nothing of a refund that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)


def link_key(order_id: str, refund_id: str) -> str:
    """The key of a refund's link."""
    return f"{order_id}/{refund_id}"


def fingerprint(refund: Refund) -> str:
    """A refund as one short text: amounts, parts, and what became of each payment."""
    parts = [
        f"{refund.total_amount}|{refund.total_tax}",
        *(f"{i.item_type}|{i.item_id}|{i.quantity}|{i.requested_amount}" for i in refund.items),
        *(f"{p.id}|{p.provider_id}|{p.amount}|{p.is_declined}" for p in refund.payments),
    ]
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]

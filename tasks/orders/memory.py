"""What both systems agreed on about an order, as the link keeps it.

Who changed what is told by comparing each side with this, not by comparing times: a side that still
reads like the memory was not touched. The other syncs find order lines and rows by it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from store.links import Link

LET_GO = "let go"
"""In place of a status: staff took a held order off hold by hand."""


class AgreedRow(BaseModel):
    """One row of the sales order, in the order's currency."""

    model_config = ConfigDict(frozen=True)

    row_id: str
    """Brightpearl's id of the row."""
    product_id: str = ""
    """Brightpearl's; "" for a row of free text."""
    quantity: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    address_id: str = ""
    """BigCommerce's order_address_id of the line; "" where nothing of it is shipped."""


class Memory(BaseModel):
    """One order, as it stood on both sides when they last agreed."""

    model_config = ConfigDict(frozen=True)

    agreed: str = ""
    """Fingerprint of the store's side; "" while something is left to do."""
    rows: dict[str, AgreedRow] = {}
    """By row reference: a line's id in BigCommerce, or `shipping`, `fee-12`, `rounding` …"""
    delivery: str = ""
    """Hash of the delivery address."""
    shipping_method_id: str = ""
    status_bc: str = ""
    status_bp: str = ""
    is_cancelled: bool = False
    """Whether both sides had called the order off."""
    held_from: str = ""
    """Brightpearl's status when a case first held its pick; "" while no case does."""
    noted: str = ""
    """Hash of the delivery address that staff were last told to enter."""
    receipts: tuple[str, ...] = ()
    """Transaction references of money that both sides know."""
    credited: str = ""
    """Id of the sales credit that undid the order after it was called off."""
    short: dict[str, int] = {}
    """Units that could not be reserved, by Brightpearl product id."""

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link remembers; nothing of an order that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)

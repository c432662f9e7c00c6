"""What both sandboxes are filled from: products, shoppers, and orders placed before the start."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

NAMED_ROWS = 10_000
"""Most rows a report keeps by name; the counts stay exact."""


@dataclass(frozen=True, slots=True)
class Product:
    """One SKU. Money in the store's currency, ex tax.

    Several SKUs with one `parent_name` are the variants of one product, distinguished by `options`.
    """

    sku: str
    name: str
    price_ex_tax: Decimal
    tax_rate_percent: Decimal = Decimal(20)
    weight_kg: Decimal = Decimal("0.3")
    stock: int = 0
    """On hand before any order."""
    type: str = "physical"
    """`physical` or `digital`."""
    parent_name: str = ""
    options: tuple[tuple[str, str], ...] = ()
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address of a person."""

    first_name: str
    last_name: str
    company: str = ""
    street_1: str = ""
    street_2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = "United Kingdom"
    country_iso2: str = "GB"
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A shopper; `reference` is empty for a guest."""

    reference: str
    email: str
    address: Address


@dataclass(frozen=True, slots=True)
class ShopLine:
    """A line of an order; `sku` is empty for a free-text line."""

    sku: str
    name: str
    quantity: int
    price_ex_tax: Decimal
    tax_rate_percent: Decimal


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as its source has it. Money in the store's currency, ex tax."""

    reference: str
    placed_at: datetime
    """Aware UTC."""
    customer: Customer
    lines: tuple[ShopLine, ...]
    shipping_method: str
    shipping_cost_ex_tax: Decimal
    shipping_tax_rate_percent: Decimal
    discount_ex_tax: Decimal = Decimal(0)

    @property
    def is_guest(self) -> bool:
        """Whether the shopper has no account."""
        return not self.customer.reference


@dataclass(frozen=True, slots=True)
class ShopRefund:
    """What a cancelling invoice undoes of one order. Money in the store's currency, ex tax."""

    reference: str
    """Of the cancelling invoice; several refunds may share it."""
    order_reference: str
    refunded_at: datetime
    """Aware UTC."""
    lines: tuple[ShopLine, ...]
    """As the order has them, with the pieces that are undone."""
    shipping_ex_tax: Decimal = Decimal(0)
    amount_ex_tax: Decimal = Decimal(0)
    """Of the order as a whole."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that became no part of an order."""

    file: str
    line: int
    invoice: str
    stock_code: str
    reason: str


@dataclass(slots=True)
class Report:
    """What became of the rows of a source. Nothing is dropped without being counted here."""

    rows: int = 0
    invoices: int = 0
    orders: int = 0
    order_lines: int = 0
    free_text_lines: int = 0
    shipping_rows: int = 0
    discount_rows: int = 0
    left_out_by_reason: dict[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    cancellations: list[str] = field(default_factory=list)
    """Numbers of cancelling invoices."""
    matched: list[str] = field(default_factory=list)
    """Those of them that undo earlier orders."""
    not_matched: dict[str, str] = field(default_factory=dict)
    """The others, with the reason."""
    emptied: list[str] = field(default_factory=list)
    """Numbers of invoices with no line left."""

    def leave_out(self, row: LeftOut) -> None:
        """Count and name a row."""
        counts = self.left_out_by_reason
        counts[row.reason] = counts.get(row.reason, 0) + 1
        if len(self.left_out) < NAMED_ROWS:
            self.left_out.append(row)

    def summary(self) -> dict[str, Any]:
        """The counts, without the rows."""
        return {
            "rows": self.rows,
            "invoices": self.invoices,
            "orders": self.orders,
            "order_lines": self.order_lines,
            "free_text_lines": self.free_text_lines,
            "shipping_rows": self.shipping_rows,
            "discount_rows": self.discount_rows,
            "left_out": dict(self.left_out_by_reason),
            "cancelling_invoices": len(self.cancellations),
            "cancelling_invoices_matched": len(self.matched),
            "cancelling_invoices_not_matched": dict(Counter(self.not_matched.values())),
            "not_matched": dict(self.not_matched),
            "invoices_with_nothing_left": list(self.emptied),
        }


@dataclass(slots=True)
class Catalogue:
    """Products with opening stock, shoppers with accounts, and orders, earliest first."""

    products: list[Product]
    customers: list[Customer] = field(default_factory=list)
    orders: list[ShopOrder] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    refunds: list[ShopRefund] = field(default_factory=list)
    """Of these orders, earliest first."""

    def skus(self) -> Iterable[str]:
        """All SKUs."""
        return (product.sku for product in self.products)

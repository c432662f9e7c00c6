"""Orders in the format of the Online Retail data: one CSV row per invoice line.

Columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate (UK local time), UnitPrice (GBP ex
VAT), CustomerID (empty for a guest), Country.

What becomes of a row:

- a `StockCode` of five digits and more (or `DCGS…`) is a product; codes that differ only in case
  are one;
- `POST`, `DOT`, `C2` are shipping, `D` an order discount, any other code a free-text line;
- rows of invoices `C…` are part of no order; what those invoices undo become refunds, see
  `cancellations`;
- rows with a quantity or price that no shopper pays (zero, negative, fractional pieces) are left
  out, counted and named in the report; so is a negative free-text line, because it is a
  correction made in the books, not something bought.

Ship-to United Kingdom is taxed at 20 % on every line and on shipping; everything else at none.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from zlib import crc32

from sandbox.catalogue.cancellations import match
from sandbox.catalogue.countries import address_of
from sandbox.catalogue.model import Catalogue, Customer, Product, Report, ShopLine, ShopOrder
from sandbox.catalogue.retail_rows import (
    DISCOUNT,
    SHIPPING,
    FormatError,
    Invoice,
    Row,
    is_product,
    read,
    text_name,
)

__all__ = ["FormatError", "load"]

HOME = "United Kingdom"
VAT = Decimal(20)
NONE = Decimal(0)
ABROAD = "International tracked"


def load(
    files: Iterable[Path], *, spare_percent: int = 10, scarce_every: int | None = None
) -> Catalogue:
    """Products, customers and orders of these files.

    Opening stock is what the orders need and `spare_percent` more, at least ten pieces; with
    `scarce_every` each n-th product opens with half of what is needed.
    Raises: FormatError, OSError.
    """
    report = Report()
    invoices, cancelling = read(files, report)
    names: dict[str, Counter[str]] = {}
    prices: dict[str, Counter[Decimal]] = {}
    sold: Counter[str] = Counter()
    orders = [order for inv in invoices.values() if (order := _order(inv, report)) is not None]
    for invoice in invoices.values():
        for row in invoice.rows:
            if is_product(row.code):
                names.setdefault(row.code, Counter())[row.description] += 1
                prices.setdefault(row.code, Counter())[row.price] += 1
                sold[row.code] += row.quantity
    products = _products(names, prices, sold, spare_percent, scarce_every)
    orders = [replace(order, lines=_named(order.lines, products)) for order in orders]
    orders.sort(key=lambda order: (order.placed_at, order.reference))
    report.orders = len(orders)
    customers = {o.customer.reference: o.customer for o in reversed(orders) if not o.is_guest}
    return Catalogue(
        list(products.values()),
        [customers[key] for key in sorted(customers)],
        orders,
        report,
        match(cancelling.values(), orders, report),
    )


def _order(invoice: Invoice, report: Report) -> ShopOrder | None:
    rate = VAT if invoice.country == HOME else NONE
    lines: list[ShopLine] = []
    shipping, discount = NONE, NONE
    method = SHIPPING["POST"] if invoice.country == HOME else ABROAD
    for row in invoice.rows:
        if row.code in SHIPPING:
            shipping += row.amount
            report.shipping_rows += 1
            method = SHIPPING[row.code] if invoice.country == HOME else ABROAD
        elif row.code == DISCOUNT:
            discount += row.amount
            report.discount_rows += 1
        else:
            lines.append(_line(row, rate, report))
    if not lines:
        report.emptied.append(invoice.number)
        return None
    return ShopOrder(
        reference=invoice.number,
        placed_at=invoice.placed_at,
        customer=_customer(invoice),
        lines=tuple(lines),
        shipping_method=method,
        shipping_cost_ex_tax=shipping,
        shipping_tax_rate_percent=rate,
        discount_ex_tax=min(discount, sum((ln.price_ex_tax * ln.quantity for ln in lines), NONE)),
    )


def _line(row: Row, rate: Decimal, report: Report) -> ShopLine:
    report.order_lines += 1
    if is_product(row.code):
        return ShopLine(row.code, row.description, row.quantity, row.price, rate)
    report.free_text_lines += 1
    return ShopLine("", text_name(row), row.quantity, row.price, rate)


def _customer(invoice: Invoice) -> Customer:
    if invoice.customer_id:
        email = f"c{invoice.customer_id}@example.com"
        return Customer(invoice.customer_id, email, address_of(email, invoice.country))
    email = f"guest.{invoice.number}@example.com"
    return Customer("", email, address_of(email, invoice.country))


def _products(
    names: dict[str, Counter[str]],
    prices: dict[str, Counter[Decimal]],
    sold: Counter[str],
    spare_percent: int,
    scarce_every: int | None,
) -> dict[str, Product]:
    """By SKU. Names are made unique, because a shop refuses to have one twice."""
    products: dict[str, Product] = {}
    taken: set[str] = set()
    for place, sku in enumerate(sorted(names), start=1):
        name = next((text for text, _ in names[sku].most_common() if text), f"Product {sku}")
        if name.casefold() in taken:
            name = f"{name} ({sku})"
        taken.add(name.casefold())
        needed = sold[sku]
        stock = needed + max(10, needed * spare_percent // 100)
        if scarce_every and place % scarce_every == 0:
            stock = needed // 2
        weight = Decimal(5 + crc32(sku.encode()) % 150) / 100
        price = max(prices[sku], key=lambda amount: (prices[sku][amount], amount))
        products[sku] = Product(sku, name, price, VAT, weight, stock)
    return products


def _named(lines: tuple[ShopLine, ...], products: dict[str, Product]) -> tuple[ShopLine, ...]:
    return tuple(
        replace(line, name=products[line.sku].name) if line.sku else line for line in lines
    )

"""Orders in the format of the Online Retail data: one CSV row per invoice line.

Columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate (UK local time), UnitPrice (GBP ex
VAT), CustomerID (empty for a guest), Country.

What becomes of a row:

- a `StockCode` of five digits and more (or `DCGS…`) is a product; codes that differ only in case
  are one;
- `POST`, `DOT`, `C2` are shipping, `D` an order discount, any other code a free-text line;
- invoices `C…` (cancellations) and rows with a quantity or price that no shopper pays (zero,
  negative, fractional pieces) are left out, counted and named in the report; so is a negative
  free-text line, because it is a correction made in the books, not something bought.

Ship-to United Kingdom is taxed at 20 % on every line and on shipping; everything else at none.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

from sandbox.catalogue.countries import COUNTRIES, address_of
from sandbox.catalogue.model import (
    Catalogue,
    Customer,
    LeftOut,
    Product,
    Report,
    ShopLine,
    ShopOrder,
)

ZONE = ZoneInfo("Europe/London")
HOME = "United Kingdom"
VAT = Decimal(20)
NONE = Decimal(0)
SHIPPING = {
    "POST": "Royal Mail 2nd Class",
    "DOT": "Royal Mail 2nd Class",
    "C2": "Next day courier",
}
ABROAD = "International tracked"
DISCOUNT = "D"
_PRODUCT = re.compile(r"\d{5}|DCGS")
_COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that can be part of an order. `amount` is quantity times price."""

    code: str
    description: str
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """Ex VAT."""
        return self.price * self.quantity


@dataclass(slots=True)
class Invoice:
    """The rows of one invoice that are left."""

    number: str
    placed_at: datetime
    customer_id: str
    country: str
    rows: list[Row] = field(default_factory=list)


class FormatError(Exception):
    """A file is not in this format; the text names file and line."""


def load(
    files: Iterable[Path], *, spare_percent: int = 10, scarce_every: int | None = None
) -> Catalogue:
    """Products, customers and orders of these files.

    Opening stock is what the orders need and `spare_percent` more, at least ten pieces; with
    `scarce_every` each n-th product opens with half of what is needed.
    Raises: FormatError, OSError.
    """
    report = Report()
    invoices = _read(files, report)
    names: dict[str, Counter[str]] = {}
    prices: dict[str, Counter[Decimal]] = {}
    sold: Counter[str] = Counter()
    orders = [order for inv in invoices.values() if (order := _order(inv, report)) is not None]
    for invoice in invoices.values():
        for row in invoice.rows:
            if _PRODUCT.match(row.code):
                names.setdefault(row.code, Counter())[row.description] += 1
                prices.setdefault(row.code, Counter())[row.price] += 1
                sold[row.code] += row.quantity
    products = _products(names, prices, sold, spare_percent, scarce_every)
    orders = [replace(order, lines=_named(order.lines, products)) for order in orders]
    orders.sort(key=lambda order: (order.placed_at, order.reference))
    report.orders = len(orders)
    customers = {o.customer.reference: o.customer for o in reversed(orders) if not o.is_guest}
    return Catalogue(
        list(products.values()), [customers[key] for key in sorted(customers)], orders, report
    )


def _read(files: Iterable[Path], report: Report) -> dict[str, Invoice]:
    invoices: dict[str, Invoice] = {}
    numbers: set[str] = set()
    cancelled: dict[str, None] = {}
    for file in files:
        for line, record in _records(file):
            report.rows += 1
            number = record["InvoiceNo"].strip().upper()
            code = " ".join(record["StockCode"].upper().split())
            numbers.add(number)

            def leave_out(
                reason: str,
                row: tuple[str, int, str, str] = (file.name, line, number, code),
            ) -> None:
                report.leave_out(LeftOut(*row, reason))

            if number.startswith("C"):
                cancelled[number] = None
                leave_out("cancelling invoice")
                continue
            invoice = invoices.get(number)
            if invoice is None:
                invoice = invoices[number] = _invoice(number, record, file, line)
            row = _row(code, record)
            if isinstance(row, str):
                leave_out(row)
            else:
                invoice.rows.append(row)
    report.invoices = len(numbers)
    report.cancellations = list(cancelled)
    return invoices


def _records(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise FormatError(f"{file}: column {', '.join(missing)} is missing")
        for record in reader:
            if any(record[name] is None for name in _COLUMNS):
                raise FormatError(f"{file}, line {reader.line_num}: too few columns")
            yield reader.line_num, record


def _invoice(number: str, record: dict[str, str], file: Path, line: int) -> Invoice:
    where = f"{file}, line {line}"
    try:
        local = datetime.fromisoformat(record["InvoiceDate"].strip())
    except ValueError as wrong:
        raise FormatError(f"{where}: InvoiceDate is not a date") from wrong
    country = record["Country"].strip()
    if country not in COUNTRIES:
        raise FormatError(f"{where}: country {country!r} is unknown")
    customer_id = record["CustomerID"].strip().removesuffix(".0")
    moment = local.replace(tzinfo=local.tzinfo or ZONE).astimezone(UTC)
    return Invoice(number, moment, customer_id, country)


def _row(code: str, record: dict[str, str]) -> Row | str:
    """The row, or why it can be part of no order."""
    try:
        quantity, price = Decimal(record["Quantity"].strip()), Decimal(record["UnitPrice"].strip())
    except InvalidOperation:
        return "quantity or price is not a number"
    if not (quantity.is_finite() and price.is_finite()):
        return "quantity or price is not a number"
    if quantity != quantity.to_integral_value():
        return "fractional quantity"
    if code == DISCOUNT:
        quantity, price = abs(quantity), abs(price)
    for impossible, reason in (
        (price == 0, "zero price"),
        (price < 0, "negative price"),
        (quantity == 0, "zero quantity"),
        (quantity < 0, "negative quantity"),
    ):
        if impossible:
            return reason
    return Row(code, " ".join(record["Description"].split()), int(quantity), price)


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
    if _PRODUCT.match(row.code):
        return ShopLine(row.code, row.description, row.quantity, row.price, rate)
    report.free_text_lines += 1
    name = row.description or row.code
    return ShopLine("", f"{name} ({row.code})", row.quantity, row.price, rate)


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

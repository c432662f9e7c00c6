"""Reading Online Retail files: rows by invoice, and why a row is left out."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.catalogue.countries import COUNTRIES
from sandbox.catalogue.model import LeftOut, Report

ZONE = ZoneInfo("Europe/London")
SHIPPING = {
    "POST": "Royal Mail 2nd Class",
    "DOT": "Royal Mail 2nd Class",
    "C2": "Next day courier",
}
"""Codes of carriage, with the shipping method at home."""
DISCOUNT = "D"
AMOUNTS = frozenset({DISCOUNT, "M"})
"""Codes of rows that may be an amount instead of a thing."""
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
    is_odd: bool = False
    """Of a cancelling one: some row of it cancels nothing."""


class FormatError(Exception):
    """A file is not in this format; the text names file and line."""


def is_product(code: str) -> bool:
    """Whether a code is that of a product."""
    return _PRODUCT.match(code) is not None


def text_name(row: Row) -> str:
    """What a free-text line is called."""
    return f"{row.description or row.code} ({row.code})"


def read(files: Iterable[Path], report: Report) -> tuple[dict[str, Invoice], dict[str, Invoice]]:
    """Invoices of orders, and cancelling ones, by number.

    Raises: FormatError, OSError.
    """
    invoices: dict[str, Invoice] = {}
    numbers: set[str] = set()
    cancelling: dict[str, Invoice] = {}
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
                _read_cancelled(cancelling, number, code, record, file, line)
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
    report.cancellations = list(cancelling)
    return invoices, cancelling


def _read_cancelled(  # noqa: PLR0913, PLR0917 - the row and its place in the file
    known: dict[str, Invoice], number: str, code: str, record: dict[str, str], file: Path, line: int
) -> None:
    if number not in known:
        known[number] = _invoice(number, record, file, line)
    quantity = record["Quantity"].strip()
    row = _row(code, record | {"Quantity": quantity.removeprefix("-")})
    if isinstance(row, Row) and quantity.startswith("-"):
        known[number].rows.append(row)
    else:
        known[number].is_odd = True


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

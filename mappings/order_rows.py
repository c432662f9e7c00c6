"""Sales order rows from an order's lines and charges, adding up to BigCommerce's totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import frame, records, records_by
from core.money import ZERO, two_places
from core.orders import ROWS
from core.refusals import REFUSALS, release_remedy
from mappings.balance import Balanced, BalanceError, Part, Totals, balance
from mappings.tax_rates import (
    Amounts,
    TaxRows,
    effective,
    fitting,
    main_rate,
    may_be_a_blend,
    plain,
    taxed_at_several,
)

Record = Mapping[str, Any]
AMOUNTS = ("total_ex_tax", "total_inc_tax", "total_tax")
CHARGE_NAMES = {
    "shipping": "Shipping",
    "handling": "Handling",
    "wrapping": "Gift wrapping",
    "fee": "Fee",
}
"""What a charge is called on a sales order when BigCommerce gives it no name."""
MONEY = {
    "class": "money",
    "field": "total_inc_tax",
    "value": "",
    "remedy": "Compare the order's lines, discounts and taxes in BigCommerce and correct them "
    "there, or raise the rounding cap (CAUSEWAY_ORDERS__ROUNDING_CAP)",
}
"""Refusal of an order whose amounts contradict each other; the reason names the difference."""


@dataclass(frozen=True)
class Rows:
    """ROWS of the orders that add up, REFUSALS of those that do not.

    Still to be filled by the mapping: `product_id`, `tax_code`, `nominal_code` (which only the
    rounding row has already).
    """

    rows: pd.DataFrame
    refusals: pd.DataFrame
    rounded: int
    """Orders that carry a rounding row."""


class UnusableOrderError(Exception):
    """The order cannot become rows; `refusals` say why, every reason found."""

    def __init__(self, refusals: list[dict[str, str]]) -> None:
        super().__init__("; ".join(refusal["reason"] for refusal in refusals))
        self.refusals = refusals

    @staticmethod
    def document(field_name: str, reason: str, value: str = "") -> UnusableOrderError:
        """An amount or a line that no order should have."""
        return UnusableOrderError([_document(field_name, reason, value)])


def order_rows(  # noqa: PLR0913 - the four frames of an order and three decisions of the merchant
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    charges: pd.DataFrame,
    taxes: pd.DataFrame,
    *,
    cap: Decimal,
    rounding_nominal_code: str,
    rates: Sequence[Decimal],
) -> Rows:
    """A row per line and per charge that costs something; per order they add up exactly.

    In: ORDERS, LINES, CHARGES, TAXES (the last only for the orders of `needs_taxes`); `rates` in
    percent, those that have a tax code. Discounts are in the lines' rows; gift certificates and
    store credit used are payments and leave no row. A negative fee stays a row of its own, with a
    negative net. Where a cent remains, one rounding row of at most `cap` carries it, without tax.

    An order is refused as a whole: class `tax_code` (no rate explains a row), `sku` (a catalogue
    line without one), `document` (an amount is missing or impossible) or `money` (the amounts
    contradict each other beyond `cap`).
    """
    of_lines, of_charges, of_taxes = (records_by(of, "order_id") for of in (lines, charges, taxes))
    known = [plain(rate) for rate in rates]
    rows: list[dict[str, Any]] = []
    refusals: list[dict[str, str]] = []
    rounded = 0
    for order in records(orders):
        ref = order["order_id"]
        try:
            parts = order_parts(
                of_lines.get(ref, []), of_charges.get(ref, []), of_taxes.get(ref, []), known
            )
            balanced = balance(parts, _totals(order), cap)
        except UnusableOrderError as unusable:
            refusals.extend(_refusal(ref, refusal) for refusal in unusable.refusals)
            continue
        except BalanceError as contradiction:
            refusals.append(_refusal(ref, {**MONEY, "reason": str(contradiction)}))
            continue
        rounded += bool(balanced.rounding)
        rows.extend(_rows_of(ref, parts, balanced, rounding_nominal_code))
    return Rows(frame(rows, ROWS), frame(refusals, REFUSALS), rounded)


def needs_taxes(orders: pd.DataFrame, lines: pd.DataFrame, charges: pd.DataFrame) -> list[str]:
    """Ids of the orders whose lines and charges alone do not say the tax per rate.

    In: ORDERS, LINES, CHARGES. These are orders with a discount on lines of two or more non-zero
    rates, and those with a charge whose tax is a blend of its lines' rates: how much tax there was
    at each rate is only in BigCommerce's tax rows (one request per order).
    """
    of_lines = records_by(lines, "order_id")
    of_charges = records_by(charges, "order_id")
    needed: list[str] = []
    for order in records(orders):
        ref = order["order_id"]
        own = of_lines.get(ref, [])
        if len(own) < 2:  # noqa: PLR2004 - what is taxed at several rates has several lines
            continue
        discount = (order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO)
        is_discounted = discount > ZERO or any(
            line["discounted_total_inc_tax"] not in (None, line["total_inc_tax"]) for line in own
        )
        amounts: list[Amounts] = [
            (line["total_ex_tax"], line["total_tax"], int(line["quantity"]))
            for line in own
            if None not in (line["total_ex_tax"], line["total_tax"])
        ]
        of_charge: list[Amounts] = [
            (charge["total_ex_tax"], charge["total_tax"], len(amounts))
            for charge in of_charges.get(ref, [])
            if None not in (charge["total_ex_tax"], charge["total_tax"])
        ]
        if (is_discounted and taxed_at_several(amounts)) or any(
            may_be_a_blend(amount, amounts) for amount in of_charge
        ):
            needed.append(ref)
    return needed


def order_parts(
    lines: Sequence[Record],
    charges: Sequence[Record],
    taxes: Sequence[Record],
    rates: Sequence[Decimal],
) -> list[Part]:
    """One order's parts, lines first, in the order given; nothing for what costs nothing.

    A line of no pieces and no money (removed by staff) is left out, a free line is not: it has to
    be sent. In: LINES, CHARGES and TAXES rows of one order.

    Raises: UnusableOrderError with every reason found.
    """
    refusals = [refusal for row in (*lines, *charges) for refusal in _impossible(row)]
    if refusals:
        raise UnusableOrderError(refusals)
    tax_rows = TaxRows.of(taxes)
    parts = [_line(line) for line in lines if line["quantity"] or line["total_inc_tax"]]
    pieces = max(len(parts), 1)
    costing = [_charge(charge) for charge in charges if any(charge[name] for name in AMOUNTS)]
    kinds = [charge.kind for charge in costing]
    for charge in costing:
        is_blend = charge.kind in tax_rows.blends and kinds.count(charge.kind) == 1
        parts += tax_rows.split(charge) if is_blend else [charge]
    if not parts:
        raise UnusableOrderError.document("lines", "the order has no lines and no charges")
    refusals = [*_missing_skus(lines), *_set_rates(parts, tax_rows, rates, pieces)]
    if refusals:
        raise UnusableOrderError(refusals)
    if tax_rows.amounts:
        tax_rows.assign(parts)
    return parts


def _line(line: Record) -> Part:
    is_product = _is_product(line)
    options = line["options"]
    full_name = f"{line['name']} ({options})" if options else line["name"]
    return Part(
        ref=line["line_id"],
        kind="product" if is_product else "custom",
        name="" if is_product and not options else full_name,
        sku_key=line["sku_key"],
        quantity=int(line["quantity"]),
        ex_tax=line["total_ex_tax"],
        inc_tax=line["total_inc_tax"],
        tax=line["total_tax"],
        after_discounts=line["discounted_total_inc_tax"],
        tax_key=line["line_id"],
        is_discountable=line["kind"] != "giftcertificate",
    )


def _charge(charge: Record) -> Part:
    return Part(
        ref=charge["charge_id"],
        kind=charge["kind"],
        name=charge["name"] or CHARGE_NAMES.get(charge["kind"], charge["kind"].capitalize()),
        sku_key="",
        quantity=1,
        ex_tax=charge["total_ex_tax"],
        inc_tax=charge["total_inc_tax"],
        tax=charge["total_tax"],
        tax_key=charge["kind"],
        is_line=False,
    )


def _impossible(row: Record) -> Iterable[dict[str, str]]:
    is_line = "line_id" in row
    what = f"line {row['line_id']}" if is_line else row["charge_id"]
    for name in AMOUNTS:
        if row[name] is None:
            yield _document(name, f"{what} has no such amount")
        elif is_line and row[name] < ZERO:
            yield _document(name, f"{what} has a negative amount", str(row[name]))
    if is_line:
        after = row["discounted_total_inc_tax"]
        if after is not None and after < ZERO:
            yield _document("discounted_total_inc_tax", f"{what} has a negative amount", str(after))
        quantity = row["quantity"]
        if quantity < 0 or (not quantity and row["total_inc_tax"]):
            yield _document("quantity", f"{what} has an impossible quantity", str(quantity))


def _document(field_name: str, reason: str, value: str = "") -> dict[str, str]:
    return {
        "class": "document",
        "field": field_name,
        "value": value,
        "reason": f"{reason} ({field_name})",
        "remedy": "Correct the order in BigCommerce",
    }


def _is_product(line: Record) -> bool:
    """Whether a line is of the catalogue: neither made by hand nor a gift certificate."""
    return line["product_id"] not in ("", "0") and line["kind"] != "giftcertificate"


def _missing_skus(lines: Sequence[Record]) -> Iterator[dict[str, str]]:
    for line in lines:
        if line["sku_key"] or not line["quantity"] or not _is_product(line):
            continue
        product = line["product_id"]
        yield {
            "class": "sku",
            "field": "sku",
            "value": f"product {product}",
            "reason": f"line {line['line_id']} names BigCommerce product {product} without a SKU",
            "remedy": f"Give product {product} a SKU in BigCommerce and add it to the order again "
            "in place of that line",
        }


def _set_rates(
    parts: Sequence[Part], tax_rows: TaxRows, rates: Sequence[Decimal], pieces: int
) -> list[dict[str, str]]:
    """Give every part its rate; refusals for the parts that none of the rates explains.

    Where several explain a part it is the order's main rate, else the closest. `pieces`: of how
    many rounded amounts a charge may be the sum.
    """
    options = [_possible_rates(part, tax_rows, rates, pieces) for part in parts]
    certain = [(part, fits[0]) for part, fits in zip(parts, options, strict=True) if len(fits) == 1]
    of_lines = [(rate, part.ex_tax) for part, rate in certain if part.is_line]
    preferred = main_rate(of_lines or [(rate, part.ex_tax) for part, rate in certain])
    refusals = []
    for part, fits in zip(parts, options, strict=True):
        if not fits:
            refusals.append(_unknown_rate(part, tax_rows.rates.get(part.tax_key)))
        else:
            part.rate = preferred if preferred in fits else fits[0]
    return refusals


def _possible_rates(
    part: Part, tax_rows: TaxRows, rates: Sequence[Decimal], pieces: int
) -> list[Decimal]:
    """The rates that explain a part's tax, the closest first."""
    reported = tax_rows.rates.get(part.tax_key)
    if reported is not None:
        return [rate for rate in rates if rate == reported]
    quantity = part.quantity if part.is_line else pieces
    fits = fitting(rates, part.ex_tax, part.tax, quantity, is_sum=not part.is_line)
    # An automatic tax provider may give the tax after discounts, and amounts before them.
    return fits or fitting(rates, part.ex_tax, part.inc_tax - part.ex_tax, quantity)


def _unknown_rate(part: Part, reported: Decimal | None) -> dict[str, str]:
    rate = effective(part.ex_tax, part.tax, part.quantity) if reported is None else plain(reported)
    return {
        "class": "tax_code",
        "field": "total_tax",
        "value": str(rate),
        "reason": f"row {part.ref} is taxed at {rate} %, which has no tax code",
        "remedy": f"Add `{rate},<Brightpearl tax code>` to mappings/tables/tax_codes.csv",
    }


def _rows_of(
    order_id: str, parts: Sequence[Part], balanced: Balanced, rounding_nominal_code: str
) -> Iterator[dict[str, Any]]:
    amounts = zip(parts, balanced.nets, balanced.taxes, strict=True)
    for sequence, (part, net, tax) in enumerate(amounts, start=1):
        yield {
            "order_id": order_id,
            "row_ref": part.ref,
            "kind": part.kind,
            "sku_key": part.sku_key,
            "name": part.name,
            "quantity": part.quantity,
            "rate_percent": part.rate,
            "net": two_places(net),
            "tax": two_places(tax),
            "sequence": sequence,
        }
    if balanced.rounding:
        yield {
            "order_id": order_id,
            "row_ref": "rounding",
            "kind": "rounding",
            "name": "Rounding",
            "quantity": 1,
            "rate_percent": ZERO,
            "net": two_places(balanced.rounding),
            "tax": two_places(ZERO),
            "nominal_code": rounding_nominal_code,
            "sequence": len(parts) + 1,
        }


def _totals(order: Record) -> Totals:
    missing = [name for name in ("total_inc_tax", "total_tax") if order[name] is None]
    if missing:
        raise UnusableOrderError.document(missing[0], "the order has no such amount")
    return Totals(
        inc_tax=order["total_inc_tax"],
        tax=order["total_tax"],
        discounts=(order["discount_amount"] or ZERO) + (order["coupon_discount"] or ZERO),
        currency_code=order["currency_code"],
        inclusive=bool(order["is_tax_inclusive"]),
    )


def _refusal(order_id: str, refusal: Mapping[str, str]) -> dict[str, str]:
    """A REFUSALS record; its remedy ends with the command that releases what waited for it.

    What is wrong with one order alone is released by its key, anything else by the value that
    many may wait for.
    """
    remedy = release_remedy(
        refusal["remedy"], refusal["class"], value=refusal["value"], key=order_id
    )
    return {"key": order_id, **refusal, "remedy": remedy}

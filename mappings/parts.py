"""An order's lines and charges as parts of its total, each with the rate it was taxed at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.money import ZERO
from mappings.balance import Part
from mappings.rates import choose, dominant, effective, fitting, plain
from mappings.told import Told, line_key, set_told_taxes, split_charge

Record = Mapping[str, Any]
AMOUNTS = ("total_ex_tax", "total_inc_tax", "total_tax")
CHARGE_NAMES = {
    "shipping": "Shipping",
    "handling": "Handling",
    "wrapping": "Gift wrapping",
    "fee": "Fee",
}
"""What a charge is called on a sales order when BigCommerce gives it no name."""


class Unfit(Exception):  # noqa: N818 - a verdict about data, with its refusals; nothing went wrong
    """The order cannot become rows; `refusals` say why, every reason found."""

    def __init__(self, refusals: list[dict[str, str]]) -> None:
        super().__init__("; ".join(refusal["reason"] for refusal in refusals))
        self.refusals = refusals

    @staticmethod
    def document(field_name: str, reason: str, value: str = "") -> Unfit:
        """An amount or a line that no order should have."""
        return Unfit([_document(field_name, reason, value)])


def order_parts(
    lines: Sequence[Record],
    charges: Sequence[Record],
    taxes: Sequence[Record],
    rates: Sequence[Decimal],
) -> list[Part]:
    """One order's parts, lines first, in the order given; nothing for what costs nothing.

    A line of no pieces and no money (removed by staff) is left out, a free line is not: it has to
    be sent. In: LINES, CHARGES and TAXES rows of one order.

    Raises: Unfit with every reason found.
    """
    refusals = [refusal for row in (*lines, *charges) for refusal in _impossible(row)]
    if refusals:
        raise Unfit(refusals)
    told = Told.by(taxes)
    parts = [_line(line) for line in lines if line["quantity"] or line["total_inc_tax"]]
    pieces = max(len(parts), 1)
    costing = [charge for charge in charges if any(charge[name] for name in AMOUNTS)]
    kinds = [charge["kind"] for charge in costing]
    for charge in costing:
        alone = kinds.count(charge["kind"]) == 1
        parts += split_charge(_charge(charge), told) if alone else [_charge(charge)]
    if not parts:
        raise Unfit.document("lines", "the order has no lines and no charges")
    refusals = [
        *(_without_sku(line) for line in lines if _lacks_sku(line)),
        *_set_rates(parts, told, rates, pieces),
    ]
    if refusals:
        raise Unfit(refusals)
    set_told_taxes(parts, told)
    return parts


def _line(line: Record) -> Part:
    is_product = line["product_id"] not in ("", "0") and line["kind"] != "giftcertificate"
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
        tax_key=line_key(line["line_id"]),
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


def _lacks_sku(line: Record) -> bool:
    is_product = line["product_id"] not in ("", "0") and line["kind"] != "giftcertificate"
    return bool(is_product and not line["sku_key"] and line["quantity"])


def _without_sku(line: Record) -> dict[str, str]:
    product = line["product_id"]
    return {
        "class": "sku",
        "field": "sku",
        "value": f"product {product}",
        "reason": f"line {line['line_id']} names BigCommerce product {product} without a SKU",
        "remedy": f"Give product {product} a SKU in BigCommerce and add it to the order again in "
        "place of that line",
    }


def _set_rates(
    parts: Sequence[Part], told: Told, rates: Sequence[Decimal], pieces: int
) -> list[dict[str, str]]:
    """Give every part its rate; refusals for the parts that none of the rates explains.

    `pieces`: of how many rounded amounts a charge may be the sum.
    """
    options = [_options(part, told, rates, pieces) for part in parts]
    certain = [(part, fits[0]) for part, fits in zip(parts, options, strict=True) if len(fits) == 1]
    of_lines = [(rate, part.ex_tax) for part, rate in certain if part.is_line]
    order_rate = dominant(of_lines or [(rate, part.ex_tax) for part, rate in certain])
    refusals = []
    for part, fits in zip(parts, options, strict=True):
        rate = choose(fits, order_rate)
        if rate is None:
            refusals.append(_unknown_rate(part, told.rates.get(part.tax_key)))
        else:
            part.rate = rate
    return refusals


def _options(part: Part, told: Told, rates: Sequence[Decimal], pieces: int) -> list[Decimal]:
    rate = told.rates.get(part.tax_key)
    if rate is not None:
        return [known for known in rates if known == rate]
    quantity = part.quantity if part.is_line else pieces
    fits = fitting(rates, part.ex_tax, part.tax, quantity, is_sum=not part.is_line)
    # An automatic tax provider may tell the tax after discounts beside amounts before them.
    return fits or fitting(rates, part.ex_tax, part.inc_tax - part.ex_tax, quantity)


def _unknown_rate(part: Part, told: Decimal | None) -> dict[str, str]:
    rate = effective(part.ex_tax, part.tax, part.quantity) if told is None else plain(told)
    return {
        "class": "tax_code",
        "field": "total_tax",
        "value": str(rate),
        "reason": f"row {part.ref} is taxed at {rate} %, which has no tax code",
        "remedy": f"Add `{rate},<Brightpearl tax code>` to mappings/tables/tax_codes.csv",
    }

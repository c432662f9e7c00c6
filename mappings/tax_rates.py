"""Which tax rate a row was taxed at, by its amounts or by BigCommerce's own tax rows.

BigCommerce's order lines carry amounts, not rates; Brightpearl wants a tax code per row, and the
table of tax codes is keyed by rate (fact sheets: order lines §7.5; sales-order rows §11.2). Where
lines and charges do not say enough, the order's tax rows are read: GET
/v2/orders/{id}/taxes?details=true, one row per taxed thing and tax.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core.money import CENT, HALF_CENT, HUNDRED, ZERO, two_places
from mappings.balance import Part

HALF_LAST_PLACE = Decimal("0.00005")
"""Amounts come with four places."""
NOISE = Decimal("0.000001")
STEPS = (Decimal(1), Decimal("0.5"), Decimal("0.25"), Decimal("0.1"), Decimal("0.01"))
"""How round a rate may be, roundest first."""
OVERLAP = Decimal("1.2")
"""Taxes whose bases add up to more than so many times the charge lie on one and the same base."""

Record = Mapping[str, Any]
Amounts = tuple[Decimal, Decimal, int]
"""Ex tax, tax and the number of amounts that were rounded one by one."""


def allowance(quantity: int, rate_percent: Decimal, *, per_unit: bool = False) -> Decimal:
    """How far rounding may have moved a line's tax from `ex tax times rate`.

    Net and tax are each rounded once per line to the cent, on top of unit amounts of four places;
    `per_unit`: already the unit amounts were rounded to the cent.
    """
    units = max(quantity, 1)
    factor = 1 + abs(rate_percent) / HUNDRED
    by_line = HALF_CENT + HALF_LAST_PLACE * units
    each = max(by_line, HALF_CENT * units) if per_unit else by_line
    return each * factor + NOISE


def explains(
    rate_percent: Decimal,
    ex_tax: Decimal,
    tax: Decimal,
    quantity: int,
    *,
    per_unit: bool = False,
) -> bool:
    """Whether a line taxed at this rate can show these amounts. A zero rate explains only no tax.

    Amounts in one currency, for the whole line.
    """
    if not rate_percent:
        return abs(tax) < HALF_CENT
    off = abs(tax - ex_tax * rate_percent / HUNDRED)
    return off <= allowance(quantity, rate_percent, per_unit=per_unit)


def fitting(
    rates: Sequence[Decimal], ex_tax: Decimal, tax: Decimal, quantity: int, *, is_sum: bool = False
) -> list[Decimal]:
    """Those of the rates that explain a line's amounts, the closest first, then the lowest.

    Zero is among them only if no other rate explains what little tax there is.

    Rounding per unit is only thought of where rounding per line explains nothing, and where the
    tax is whole cents per unit, as such rounding leaves it. `is_sum`: the amounts are a sum of up
    to `quantity` amounts that were rounded one by one, as those of a charge are.
    """
    fits = [rate for rate in rates if explains(rate, ex_tax, tax, quantity)]
    if not fits and (is_sum or not tax % (CENT * max(quantity, 1))):
        fits = [rate for rate in rates if explains(rate, ex_tax, tax, quantity, per_unit=True)]
    if tax:
        fits = [rate for rate in fits if rate] or fits
    return sorted(fits, key=lambda rate: (abs(tax - ex_tax * rate / HUNDRED), rate))


def main_rate(taxed: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The rate behind most money, of (rate, ex tax) pairs; None without any."""
    weights: dict[Decimal, Decimal] = {}
    for rate, ex_tax in taxed:
        weights[rate] = weights.get(rate, ZERO) + abs(ex_tax)
    return max(weights, key=lambda rate: weights[rate]) if weights else None


def effective(ex_tax: Decimal, tax: Decimal, quantity: int) -> Decimal:
    """The roundest rate in percent that explains the amounts, for a person to look up.

    Lines of one unknown rate thus get the same text, whatever rounding did to each of them.
    """
    if not ex_tax:
        return ZERO
    exact = tax / ex_tax * HUNDRED
    for step in STEPS:
        near = (exact / step).quantize(Decimal(1)) * step
        if fitting([near], ex_tax, tax, quantity):
            return plain(near)
    return plain(exact.quantize(CENT))


def plain(rate: Decimal) -> Decimal:
    """The rate without trailing zeros or an exponent: 20.0000 is 20, 17.50 is 17.5."""
    short = rate.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral() else short


def taxed_at_several(lines: Iterable[Amounts]) -> bool:
    """Whether no single rate explains all lines that bear tax."""
    bounds = [_bounds(line) for line in lines if line[0] and line[1]]
    return bool(bounds) and max(low for low, _ in bounds) > min(high for _, high in bounds)


def may_be_a_blend(charge: Amounts, lines: Sequence[Amounts]) -> bool:
    """Whether a charge may consist of amounts at several rates, as its order's lines do.

    BigCommerce gives one amount for the wrapping of all lines, and one for the shipping to all
    addresses. A rate that none of the lines has shows the blend; lines of one rate cannot blend.
    """
    if not charge[0] or not charge[1]:
        return False
    taxed = [line for line in lines if line[0] and line[1]]
    untaxed = any(line[0] and not line[1] for line in lines)
    if not taxed_at_several(taxed) and not (taxed and untaxed):
        return False
    low, high = _bounds(charge)
    return not any(low <= b[1] and b[0] <= high for b in map(_bounds, taxed))


def _bounds(amounts: Amounts) -> tuple[Decimal, Decimal]:
    """Lowest and highest rate (a fraction) that explains the amounts; both are not zero."""
    ex_tax, tax, quantity = amounts
    per_unit = not tax % (CENT * max(quantity, 1))
    slack = allowance(quantity, abs(tax / ex_tax) * HUNDRED, per_unit=per_unit)
    ends = (tax - slack) / ex_tax, (tax + slack) / ex_tax
    return min(ends), max(ends)


@dataclass(frozen=True)
class TaxRows:
    """What BigCommerce's own tax rows say of one order: rates and amounts, by `Part.tax_key`."""

    rates: Mapping[str, Decimal]
    amounts: Mapping[str, Decimal]
    blends: Mapping[str, Sequence[Decimal]]
    """Kinds of charge that are taxed at several rates, and these."""

    @staticmethod
    def of(rows: Sequence[Record]) -> TaxRows:
        """Take TAXES rows of one order. Several on one line (state and county, say) add up.

        Several of one kind, other than of lines, belong to several consignments or wrapped lines.
        """
        rates: dict[str, Decimal] = {}
        amounts: dict[str, Decimal] = {}
        blends: dict[str, list[Decimal]] = {}
        for row in rows:
            kind, line_id, rate = row["kind"], row["line_id"], row["rate_percent"] or ZERO
            for key in [line_id] if kind == "item" else [kind, _blend_key(kind, rate)]:
                amounts[key] = amounts.get(key, ZERO) + (row["amount"] or ZERO)
            if kind == "item":
                rates[line_id] = rates.get(line_id, ZERO) + rate
            elif rate not in blends.setdefault(kind, []):
                blends[kind].append(rate)
                rates[_blend_key(kind, rate)] = rate
        rates |= {kind: found[0] for kind, found in blends.items() if len(found) == 1}
        return TaxRows(rates, amounts, {k: found for k, found in blends.items() if len(found) > 1})

    def split(self, charge: Part) -> list[Part]:
        """A charge of several rates as a part per rate, of which the last takes the remaining net.

        Taxes that lie on top of each other (state and county, say) leave it whole.
        """
        rates = sorted(self.blends[charge.kind], reverse=True)
        bases = {
            rate: self.amounts[_blend_key(charge.kind, rate)] * HUNDRED / rate
            for rate in rates
            if rate
        }
        if sum(bases.values(), ZERO) > charge.ex_tax * OVERLAP:
            return [charge]
        parts = []
        left, tax_left = charge.ex_tax, charge.tax
        for rate in rates:
            key = _blend_key(charge.kind, rate)
            is_last = rate == rates[-1]
            tax = tax_left if is_last else self.amounts[key]
            net = left if is_last else min(left, two_places(bases[rate]))
            ref = f"{charge.ref}-at-{plain(rate)}"
            parts.append(
                replace(charge, ref=ref, ex_tax=net, tax=tax, inc_tax=net + tax, tax_key=key)
            )
            left, tax_left = left - net, tax_left - tax
        return [part for part in parts if part.inc_tax or part.tax]

    def assign(self, parts: Sequence[Part]) -> None:
        """Give parts their reported tax; several charges of a kind share one by their own tax."""
        by_key: dict[str, list[Part]] = {}
        for part in parts:
            by_key.setdefault(part.tax_key, []).append(part)
        for key in self.amounts.keys() & by_key.keys():
            sharing = by_key[key]
            whole = sum((part.tax for part in sharing), ZERO)
            for part in sharing:
                weight = part.tax / whole if whole else Decimal(1) / len(sharing)
                part.reported_tax = self.amounts[key] * weight


def _blend_key(kind: str, rate: Decimal) -> str:
    return f"{kind}@{plain(rate)}"

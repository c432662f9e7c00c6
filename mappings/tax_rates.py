"""Which tax rate a row was taxed at, by its amounts or by BigCommerce's own tax rows.

BigCommerce's order lines carry amounts, not rates; Brightpearl wants a tax code per row, and the
table of tax codes is keyed by rate (fact sheets: order lines §7.5; sales-order rows §11.2). Where
lines and charges do not say enough, the order's tax rows are read: GET
/v2/orders/{id}/taxes?details=true, one row per taxed thing and tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from core.money import CENT, HALF_CENT, HUNDRED, ZERO, two_places
from mappings.balance import Part
from mappings.tables import plain

HALF_LAST_PLACE = Decimal("0.00005")
"""Amounts come with four places."""
NOISE = Decimal("0.000001")
INFINITE = Decimal("Infinity")
STEPS = (Decimal(1), Decimal("0.5"), Decimal("0.25"), Decimal("0.1"), Decimal("0.01"))
"""How round a rate may be, roundest first."""
OVERLAP = Decimal("1.2")
"""Taxes whose bases add up to more than so many times the charge lie on one and the same base."""

Record = Mapping[str, Any]


def rate_bounds(
    ex_tax: Decimal, tax: Decimal, quantity: int, *, per_unit: bool | None = None
) -> tuple[Decimal, Decimal]:
    """Lowest and highest rate, in percent, that explain a line's amounts.

    A rate explains them if rounding may have moved the tax that far from `ex tax times rate`. Net
    and tax are each rounded once per line to the cent, on top of unit amounts of four places;
    `per_unit`: already the unit amounts were rounded to the cent. Unless given, that is thought of
    where the tax is whole cents per unit, as such rounding leaves it.
    """
    units = max(quantity, 1)
    if per_unit is None:
        per_unit = not tax % (CENT * units)
    off = HALF_CENT + HALF_LAST_PLACE * units
    if per_unit:
        off = max(off, HALF_CENT * units)
    if ex_tax < ZERO:  # a fee that gives something back
        ex_tax, tax = -ex_tax, -tax
    # The tax may be off by `off`, and by the rate's part of what the net is off.
    low = (tax - off - NOISE) / (ex_tax + off) * HUNDRED
    high = (tax + off + NOISE) / (ex_tax - off) * HUNDRED if ex_tax > off else INFINITE
    return low, high


def fitting(
    rates: Sequence[Decimal], ex_tax: Decimal, tax: Decimal, quantity: int, *, is_sum: bool = False
) -> list[Decimal]:
    """Those of the rates that explain a line's amounts, the closest first, then the lowest.

    Zero is among them only if no other rate explains what little tax there is.

    Rounding per unit is only thought of where rounding per line explains nothing. `is_sum`: the
    amounts are a sum of up to `quantity` amounts that were rounded one by one, as those of a charge
    are.
    """
    fits: list[Decimal] = []
    for per_unit in (False, True if is_sum else None):
        if not fits:
            low, high = rate_bounds(ex_tax, tax, quantity, per_unit=per_unit)
            fits = [r for r in rates if (low <= r <= high if r else abs(tax) < HALF_CENT)]
    if tax:
        fits = [rate for rate in fits if rate] or fits
    return sorted(fits, key=lambda rate: (abs(tax - ex_tax * rate / HUNDRED), rate))


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
            return near
    return exact.quantize(CENT)


@dataclass(frozen=True)
class TaxRows:
    """What BigCommerce's own tax rows say of one order: rates and amounts, by `Part.tax_key`."""

    rates: Mapping[str, Decimal] = field(default_factory=dict)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    blends: Mapping[str, Sequence[Decimal]] = field(default_factory=dict)
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

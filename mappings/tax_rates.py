"""Which tax rate a row was taxed at, by its amounts or by BigCommerce's own tax rows.

BigCommerce's order lines carry amounts, not rates; Brightpearl wants a tax code per row (fact
sheets: order lines §7.5; sales-order rows §11.2). Where the amounts do not show one rate of the
table alone, the order's tax rows are read: GET /v2/orders/{id}/taxes?details=true, one row per
taxed thing and tax. A rate that they name is never worked out from amounts.
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
ONE = Decimal(1)
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


def to_the_last_place(
    rates: Sequence[Decimal], ex_tax: Decimal, tax: Decimal, quantity: int
) -> list[Decimal]:
    """Those of the rates that explain a tax of more than two places to the last of them.

    Such a tax was not rounded to the cent, thus a rate that hits it is no accident: 0.0060 on
    0.03 is 20 percent, though one cent on three may be 5 percent of several amounts.
    """
    if not tax % CENT:
        return []
    near = HALF_LAST_PLACE * max(quantity, 1) + NOISE
    # The tax itself may be off by `near`, and by the rate's part of what the net is off.
    return [
        rate
        for rate in rates
        if abs(tax - ex_tax * rate / HUNDRED) <= near * (HUNDRED + rate) / HUNDRED
    ]


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
class Tax:
    """What BigCommerce's tax rows say of one thing."""

    rate: Decimal
    """Percent; of several taxes on the same amount (state and county, say) their sum."""
    amount: Decimal
    tax_class: str
    """Empty where several taxes on the same amount have several classes."""
    name: str
    is_placed: bool = False
    """Whether BigCommerce says which line or address bears it."""

    @staticmethod
    def sum(taxes: Sequence[Tax], rate: Decimal | None = None) -> Tax:
        """Several taxes on the same amount as one; or, at one `rate`, those of several amounts."""
        classes = {tax.tax_class for tax in taxes}
        return Tax(
            rate=sum((tax.rate for tax in taxes), ZERO) if rate is None else rate,
            amount=sum((tax.amount for tax in taxes), ZERO),
            tax_class=classes.pop() if len(classes) == 1 else "",
            name=" + ".join(dict.fromkeys(tax.name for tax in taxes if tax.name)),
            is_placed=taxes[0].is_placed,
        )

    def report(self, part: Part, share: Decimal = ONE) -> Part:
        """The part, which from now on has this tax, or that share of it."""
        part.reported_rate, part.reported_tax = self.rate, self.amount * share
        part.tax_class, part.tax_name = self.tax_class, self.name
        return part


@dataclass(frozen=True)
class TaxRows:
    """What BigCommerce's own tax rows say of one order."""

    lines: Mapping[str, Tax] = field(default_factory=dict)
    """By the id of the line."""
    charges: Mapping[str, Sequence[Tax]] = field(default_factory=dict)
    """By kind: one for each address or wrapped line where BigCommerce names these, else one for
    each tax, which may lie on one amount or on several."""

    @staticmethod
    def of(rows: Sequence[Record]) -> TaxRows:
        """Take TAXES rows of one order. Several on one line, or one address, add up.

        A rate of nought that took some tax is no rate: totals were set by hand.
        """
        groups: dict[tuple[str, ...], list[Tax]] = {}
        for row in rows:
            rate, amount = Decimal(plain(row["rate_percent"] or ZERO)), row["amount"] or ZERO
            if amount and not rate:
                continue
            on = [row["line_id"]] if row["kind"] == "item" else [row["line_id"], row["address_id"]]
            what = on if any(on) else ["", "", row["name"], plain(rate)]
            tax = Tax(rate, amount, row["tax_class"], row["name"], is_placed=any(on))
            groups.setdefault((row["kind"], *what), []).append(tax)
        lines: dict[str, Tax] = {}
        charges: dict[str, list[Tax]] = {}
        for (kind, line_id, *_), taxes in groups.items():
            if kind == "item":
                lines[line_id] = Tax.sum(taxes)
            else:
                tax = Tax.sum(taxes, None if taxes[0].is_placed else taxes[0].rate)
                charges.setdefault(kind, []).append(tax)
        return TaxRows(lines, charges)

    def assign(self, lines: Sequence[Part], charges: Sequence[Part]) -> list[Part]:
        """The parts with their reported taxes; a charge of several rates as a part per rate.

        Several charges of a kind share its tax by their own.
        """
        for line in lines:
            if (tax := self.lines.get(line.ref)) is not None:
                tax.report(line)
        parts = list(lines)
        for charge in charges:
            same = [other for other in charges if other.kind == charge.kind]
            whole = replace(
                charge,
                ex_tax=sum((one.ex_tax for one in same), ZERO),
                tax=sum((one.tax for one in same), ZERO),
            )
            taxes = _by_rate(self.charges.get(charge.kind, ()), whole.ex_tax)
            if len(taxes) == 1:
                taxes[0].report(charge, charge.tax / whole.tax if whole.tax else ONE / len(same))
            is_blend = len(taxes) > 1 and len(same) == 1
            parts += _split(charge, taxes) if is_blend else [charge]
        return parts


def _by_rate(taxes: Sequence[Tax], ex_tax: Decimal) -> list[Tax]:
    """The taxes of a charge of so much, highest rate first; those on one amount are one."""
    bases = (tax.amount * HUNDRED / tax.rate for tax in taxes if tax.rate and not tax.is_placed)
    if len(taxes) > 1 and sum(bases, ZERO) > ex_tax * OVERLAP:
        return [Tax.sum(taxes)]
    rates = sorted({tax.rate for tax in taxes}, reverse=True)
    return [Tax.sum([tax for tax in taxes if tax.rate == rate], rate) for rate in rates]


def _split(charge: Part, taxes: Sequence[Tax]) -> list[Part]:
    """A charge of several rates as a part per rate, of which the last takes the remaining net."""
    parts = []
    left, tax_left = charge.ex_tax, charge.tax
    for tax in taxes:
        is_last = tax is taxes[-1]
        amount = tax_left if is_last else tax.amount
        net = left if is_last else min(left, two_places(tax.amount * HUNDRED / tax.rate))
        ref = f"{charge.ref}-at-{plain(tax.rate)}"
        part = replace(charge, ref=ref, ex_tax=net, tax=amount, inc_tax=net + amount)
        parts.append(tax.report(part))
        left, tax_left = left - net, tax_left - amount
    return [part for part in parts if part.inc_tax or part.tax]

"""What BigCommerce's own tax rows say of an order, where its lines and charges do not say enough.

Source: GET /v2/orders/{id}/taxes?details=true; one row per taxed thing and tax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core.money import ZERO, two_places
from mappings.balance import Part
from mappings.rates import HUNDRED, plain

Record = Mapping[str, Any]
OVERLAP = Decimal("1.2")
"""Taxes whose bases add up to more than so many times the charge lie on one and the same base."""


@dataclass(frozen=True)
class Told:
    """What BigCommerce's own tax rows say of one order: rates and amounts, by `Part.tax_key`."""

    rates: Mapping[str, Decimal]
    amounts: Mapping[str, Decimal]
    blends: Mapping[str, Sequence[Decimal]]
    """Kinds of charge that are taxed at several rates, and these."""

    @staticmethod
    def by(taxes: Sequence[Record]) -> Told:
        """Take TAXES rows of one order. Several on one line (state and county, say) add up.

        Several of one kind beside the lines belong to several consignments or wrapped lines.
        """
        rates: dict[str, Decimal] = {}
        amounts: dict[str, Decimal] = {}
        blends: dict[str, list[Decimal]] = {}
        for tax in taxes:
            kind, rate = tax["kind"], tax["rate_percent"] or ZERO
            of_line = line_key(tax["line_id"])
            for key in [of_line] if kind == "item" else [kind, _blend_key(kind, rate)]:
                amounts[key] = amounts.get(key, ZERO) + (tax["amount"] or ZERO)
            if kind == "item":
                rates[of_line] = rates.get(of_line, ZERO) + rate
            elif rate not in blends.setdefault(kind, []):
                blends[kind].append(rate)
                rates[_blend_key(kind, rate)] = rate
        rates |= {kind: found[0] for kind, found in blends.items() if len(found) == 1}
        return Told(rates, amounts, {k: found for k, found in blends.items() if len(found) > 1})


def split_charge(charge: Part, told: Told) -> list[Part]:
    """A charge of several rates as a part per rate, of which the last takes the remaining net.

    Taxes that lie on top of each other (state and county, say) leave it whole.
    """
    rates = sorted(told.blends.get(charge.kind, []), reverse=True)
    bases = {
        rate: told.amounts[_blend_key(charge.kind, rate)] * HUNDRED / rate for rate in rates if rate
    }
    if not rates or sum(bases.values(), ZERO) > charge.ex_tax * OVERLAP:
        return [charge]
    parts = []
    left, tax_left = charge.ex_tax, charge.tax
    for rate in rates:
        key = _blend_key(charge.kind, rate)
        is_last = rate == rates[-1]
        tax = tax_left if is_last else told.amounts[key]
        net = left if is_last else min(left, two_places(bases[rate]))
        ref = f"{charge.ref}-at-{plain(rate)}"
        parts.append(replace(charge, ref=ref, ex_tax=net, tax=tax, inc_tax=net + tax, tax_key=key))
        left, tax_left = left - net, tax_left - tax
    return [part for part in parts if part.inc_tax or part.tax]


def set_told_taxes(parts: Sequence[Part], told: Told) -> None:
    """The tax rows' amounts; where several charges of a kind share one, by their own tax."""
    by_key: dict[str, list[Part]] = {}
    for part in parts:
        by_key.setdefault(part.tax_key, []).append(part)
    for key in told.amounts.keys() & by_key.keys():
        sharing = by_key[key]
        whole = sum((part.tax for part in sharing), ZERO)
        for part in sharing:
            weight = part.tax / whole if whole else Decimal(1) / len(sharing)
            part.told_tax = told.amounts[key] * weight


def line_key(line_id: str) -> str:
    """The `Part.tax_key` of an order line."""
    return f"line/{line_id}"


def _blend_key(kind: str, rate: Decimal) -> str:
    return f"{kind}@{plain(rate)}"

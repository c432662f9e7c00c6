"""One order's amounts to the cent: rows that add up to what BigCommerce says, or the difference.

`is_tax_inclusive` says which side of BigCommerce's amounts is exact (fact sheet, order object):
gross in a tax-inclusive store, net in a tax-exclusive one. That side is rounded to its total, the
tax to `total_tax`, and the other side follows. Where BigCommerce's own figures contradict each
other, the header's totals win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import CENT, ZERO, shared_out, two_places
from mappings.allocation import reduced, to_cents, up_or_down
from mappings.rates import HALF_CENT, HUNDRED


@dataclass(slots=True)
class Part:
    """A line or a charge of an order. Amounts in the order's currency, tax told apart."""

    ref: str
    kind: str
    """Of the row: product, custom, shipping, handling, wrapping or fee."""
    name: str
    sku_key: str
    quantity: int
    ex_tax: Decimal
    inc_tax: Decimal
    tax: Decimal
    after_discounts: Decimal | None = None
    """Gross after all discounts; None where BigCommerce does not tell, and for charges."""
    told_tax: Decimal | None = None
    """The tax in BigCommerce's own tax rows, where these were read."""
    rate: Decimal = ZERO
    """Percent."""
    tax_key: str = ""
    """Under which BigCommerce's tax rows tell of this part."""
    is_line: bool = True
    is_discountable: bool = True
    """False for gift certificates sold: discounts do not touch them."""

    def exact(self, *, inclusive: bool) -> Decimal:
        """The amount on the exact side, after the discounts that the line itself tells."""
        before = self.inc_tax if inclusive else self.ex_tax
        if self.after_discounts is None or self.after_discounts == self.inc_tax:
            return before
        if inclusive:
            return self.after_discounts
        return self.after_discounts * HUNDRED / (HUNDRED + self.rate)

    def tax_of(self, amount: Decimal, *, inclusive: bool) -> Decimal:
        """The tax within (inclusive) or upon an amount of this part, not rounded."""
        before = self.inc_tax if inclusive else self.ex_tax
        if amount == before:
            return self.tax if self.rate else ZERO
        return amount * self.rate / (HUNDRED + self.rate if inclusive else HUNDRED)


@dataclass(frozen=True)
class Totals:
    """An order's header: what its rows have to add up to, in the order's currency."""

    inc_tax: Decimal
    tax: Decimal
    discounts: Decimal
    """`discount_amount` and `coupon_discount`, whether the lines contain them or not."""
    currency_code: str
    inclusive: bool


@dataclass(frozen=True)
class Balanced:
    """Net and tax of each part in cents, and the rounding row's net (zero: no such row)."""

    nets: list[Decimal]
    taxes: list[Decimal]
    rounding: Decimal


class ApartError(Exception):
    """The order's amounts contradict each other; the text names both and the difference."""


def balance(parts: Sequence[Part], totals: Totals, cap: Decimal) -> Balanced:
    """Amounts of each part, such that net, tax and rounding add up to the totals exactly.

    Raises: ApartError when they cannot, within `cap` and within what rounding explains.
    """
    inclusive = totals.inclusive
    tax = two_places(totals.tax)
    goal = two_places(totals.inc_tax) - (ZERO if inclusive else tax)
    amounts = _less_order_discount(parts, totals, goal)
    cents, rounding = to_cents(amounts, goal)
    if abs(rounding) > cap:
        told, rows = two_places(totals.inc_tax), two_places(totals.inc_tax) - rounding
        raise ApartError(_apart("rows add up to", rows, told, totals, f", cap {cap}"))
    taxes = _taxes(parts, amounts, cents, totals)
    nets = [c - t for c, t in zip(cents, taxes, strict=True)] if inclusive else cents
    for part, before, net in zip(parts, amounts, nets, strict=True):
        if net < ZERO <= before:
            what = f"{net} {totals.currency_code} net"
            raise ApartError(f"the tax of row {part.ref} is larger than the row: {what}")
    return Balanced(nets, taxes, rounding)


def _less_order_discount(parts: Sequence[Part], totals: Totals, goal: Decimal) -> list[Decimal]:
    """Exact amounts, less whatever discount the header knows and the lines do not.

    It is taken off the lines; off shipping, or off everything, only where the order's tax says so
    or the lines are worth less than the discount.
    """
    amounts = [part.exact(inclusive=totals.inclusive) for part in parts]
    told = sum(
        (
            (part.inc_tax if totals.inclusive else part.ex_tax) - amount
            for part, amount in zip(parts, amounts, strict=True)
        ),
        ZERO,
    )
    off = min(sum(amounts, ZERO) - goal, totals.discounts - told)
    if off < CENT:
        return amounts
    candidates = [
        _taken_off(amounts, off, chosen)
        for chosen in (
            [p.is_line and p.is_discountable for p in parts],
            [p.kind == "shipping" for p in parts],
            [True] * len(parts),
        )
        if sum((a for a, c in zip(amounts, chosen, strict=True) if c and a > ZERO), ZERO) >= off
    ]
    fitting = (c for c in candidates if _tax_gap(parts, c, totals)[0] == ZERO)
    return next(fitting, candidates[0] if candidates else amounts)


def _taken_off(amounts: Sequence[Decimal], off: Decimal, chosen: Sequence[bool]) -> list[Decimal]:
    rows = [i for i, amount in enumerate(amounts) if chosen[i] and amount > ZERO]
    result = list(amounts)
    for i, amount in zip(rows, reduced([amounts[i] for i in rows], off), strict=True):
        result[i] = amount
    return result


def _tax_gap(
    parts: Sequence[Part], amounts: Sequence[Decimal], totals: Totals
) -> tuple[Decimal, list[Decimal]]:
    """How far `total_tax` is beyond what rounding explains, and each part's tax before cents."""
    shares = [
        part.tax_of(amount, inclusive=totals.inclusive)
        for part, amount in zip(parts, amounts, strict=True)
    ]
    room = CENT
    for part, amount, share in zip(parts, amounts, shares, strict=True):
        if share:
            untouched = amount == (part.inc_tax if totals.inclusive else part.ex_tax)
            room += CENT if untouched else CENT + HALF_CENT * part.quantity
    off = two_places(totals.tax) - sum(shares, ZERO)
    return (ZERO if abs(off) <= room else off), shares


def _taxes(
    parts: Sequence[Part], amounts: Sequence[Decimal], cents: Sequence[Decimal], totals: Totals
) -> list[Decimal]:
    """Tax of each part in cents, adding up to `total_tax`; by rate as BigCommerce has it.

    Charges keep their own tax; the lines share the rest, by rate first, then within each rate.
    """
    tax = two_places(totals.tax)
    gap, shares = _tax_gap(parts, amounts, totals)
    if (told := _told(parts, shares, tax)) is not None:
        shares = told
    elif gap:
        raise ApartError(_apart("tax of the rows adds up to", two_places(tax - gap), tax, totals))
    shares = [share if c else ZERO for share, c in zip(shares, cents, strict=True)]
    rates: dict[Decimal, list[int]] = {}
    for i, part in enumerate(parts):
        rates.setdefault(part.rate, []).append(i)
    are_lines = [part.is_line for part in parts]
    taxes = [ZERO] * len(parts)
    own = [sum((shares[i] for i in rows), ZERO) for rows in rates.values()]
    if (of_rates := up_or_down(own, tax)) is None:
        of_rates, _ = to_cents(_per_rate(list(rates.values()), shares, are_lines, tax), tax)
    for rows, of_rate in zip(rates.values(), of_rates, strict=True):
        of_rows = _within_rate([shares[i] for i in rows], [are_lines[i] for i in rows], of_rate)
        for i, amount in zip(rows, of_rows, strict=True):
            taxes[i] = amount
    if sum(taxes, ZERO) != tax:
        ours = two_places(sum(shares, ZERO))
        raise ApartError(_apart("tax of the rows adds up to", ours, tax, totals))
    return taxes


def _per_rate(
    rates: Sequence[Sequence[int]],
    shares: Sequence[Decimal],
    are_lines: Sequence[bool],
    tax: Decimal,
) -> list[Decimal]:
    """The tax of each rate, adding up to `tax`, not yet cents: charges keep theirs if they can."""
    of_lines = [sum((shares[i] for i in rows if are_lines[i]), ZERO) for rows in rates]
    of_charges = [sum((shares[i] for i in rows if not are_lines[i]), ZERO) for rows in rates]
    movable = of_lines if sum(of_lines, ZERO) else of_charges
    kept = of_charges if movable is of_lines else [ZERO] * len(rates)
    whole = sum(movable, ZERO)
    rest = tax - sum(kept, ZERO)
    return [k + (rest * m / whole if whole else ZERO) for k, m in zip(kept, movable, strict=True)]


def _within_rate(
    shares: Sequence[Decimal], are_lines: Sequence[bool], total: Decimal
) -> list[Decimal]:
    """One rate's tax in cents: each row up or down if that does, else the lines share it.

    Where the lines cannot (there are none, or charges alone are taxed higher), all rows share it.
    """
    if (rounded := up_or_down(shares, total)) is not None:
        return rounded
    for movable in (
        [is_line and share > ZERO for share, is_line in zip(shares, are_lines, strict=True)],
        [share > ZERO for share in shares],
    ):
        taxes = [
            ZERO if moves else two_places(share)
            for moves, share in zip(movable, shares, strict=True)
        ]
        rest = total - sum(taxes, ZERO)
        rows = [i for i, moves in enumerate(movable) if moves]
        if rows and rest >= ZERO:
            for i, part in zip(rows, shared_out(rest, [shares[i] for i in rows]), strict=True):
                taxes[i] = part
            return taxes
    return [two_places(share) for share in shares]


def _told(parts: Sequence[Part], shares: Sequence[Decimal], tax: Decimal) -> list[Decimal] | None:
    """Each part's tax by BigCommerce's tax rows, if these were read and agree with the total."""
    if all(part.told_tax is None for part in parts):
        return None
    taxes = [
        share if part.told_tax is None else part.told_tax
        for part, share in zip(parts, shares, strict=True)
    ]
    return taxes if abs(sum(taxes, ZERO) - tax) <= CENT else None


def _apart(what: str, ours: Decimal, theirs: Decimal, totals: Totals, more: str = "") -> str:
    difference = abs(theirs - ours)
    return (
        f"{what} {ours}, BigCommerce says {theirs}: {difference} {totals.currency_code} apart{more}"
    )

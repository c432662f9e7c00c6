"""One order's amounts to the cent: rows that add up to what BigCommerce says, or the difference.

`is_tax_inclusive` says which side of BigCommerce's amounts is exact (fact sheet, order object):
gross in a tax-inclusive store, net in a tax-exclusive one. That side is rounded to its total, the
tax to `total_tax`, and the other side follows. Where BigCommerce's own figures contradict each
other, the header's totals win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from core.money import CENT, HALF_CENT, HUNDRED, ZERO, shared_out, two_places

FINE = Decimal("1e-10")
"""Below this a fraction is noise of a division, not money."""


@dataclass(slots=True)
class Part:
    """A line or a charge of an order. Amounts in the order's currency."""

    ref: str
    kind: str
    """Of the row: product, custom, gift_certificate, shipping, handling, wrapping or fee."""
    name: str
    sku_key: str
    quantity: int
    ex_tax: Decimal
    inc_tax: Decimal
    tax: Decimal
    after_discounts: Decimal | None = None
    """Gross after all discounts; None where BigCommerce does not say, and for charges."""
    tax_place: str = ""
    """Where it is taxed, as the table of tax codes calls it."""
    reported_rate: Decimal | None = None
    reported_tax: Decimal | None = None
    """Rate in percent and tax of BigCommerce's own tax rows, where these were read."""
    tax_class: str = ""
    tax_name: str = ""
    """What the tax rows call class and tax."""
    rate: Decimal = ZERO
    """Percent."""
    is_line: bool = True


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


class BalanceError(Exception):
    """The order's amounts contradict each other; the text names both and the difference."""

    @staticmethod
    def sums(
        what: str, rows: Decimal, total: Decimal, currency_code: str, more: str = ""
    ) -> BalanceError:
        """Rows that add up to something else than the order says."""
        return BalanceError(
            f"{what} {rows}, BigCommerce says {total}: "
            f"a difference of {abs(total - rows)} {currency_code}{more}"
        )


def balance(parts: Sequence[Part], totals: Totals, cap: Decimal) -> Balanced:
    """Amounts of each part, such that net, tax and rounding add up to the totals exactly.

    Raises: BalanceError when they cannot, within `cap` and within what rounding explains.
    """
    inclusive = totals.inclusive
    tax, total = two_places(totals.tax), two_places(totals.inc_tax)
    goal = total if inclusive else total - tax
    amounts = [part.inc_tax if inclusive else part.ex_tax for part in parts]
    if totals.discounts or any(p.after_discounts not in (None, p.inc_tax) for p in parts):
        amounts = _discounted(parts, amounts, totals, goal)
    cents, rounding = to_cents(amounts, goal)
    if abs(rounding) > cap:
        raise BalanceError.sums(
            "rows add up to", total - rounding, total, totals.currency_code, f", cap {cap}"
        )
    taxes = _taxes(parts, amounts, cents, totals)
    nets = [c - t for c, t in zip(cents, taxes, strict=True)] if inclusive else cents
    for part, before, net in zip(parts, amounts, nets, strict=True):
        if net < ZERO <= before:
            what = f"{net} {totals.currency_code} net"
            raise BalanceError(f"the tax of row {part.ref} is larger than the row: {what}")
    return Balanced(nets, taxes, rounding)


def to_cents(amounts: Sequence[Decimal], target: Decimal) -> tuple[list[Decimal], Decimal]:
    """Each amount up or down to a cent so that they reach `target`, and what is still missing.

    Rounding explains a sum anywhere between the rounded sum and the sum of the rounded amounts:
    there nothing is missing. Only a target beyond both leaves a difference (target less what the
    cents add up to).
    """
    fine = [amount.quantize(FINE) for amount in amounts]
    of_sum = two_places(sum(fine, ZERO))
    sum_of = sum(map(two_places, fine), ZERO)
    reached = min(max(target, min(of_sum, sum_of)), max(of_sum, sum_of))
    cents = up_or_down(fine, reached) or []
    return cents, target - sum(cents, ZERO)


def up_or_down(amounts: Sequence[Decimal], total: Decimal) -> list[Decimal] | None:
    """Each amount up or down to a cent, adding up to `total` (whole cents); None if that cannot be.

    Those with the largest remainder go up, equal ones in their order; whole cents stay.
    """
    fine = [amount.quantize(FINE) for amount in amounts]
    floors = [amount.quantize(CENT, rounding=ROUND_FLOOR) for amount in fine]
    remainders = [amount - floor for amount, floor in zip(fine, floors, strict=True)]
    ups = int((total - sum(floors, ZERO)) / CENT)
    if not 0 <= ups <= sum(map(bool, remainders)):
        return None
    by_remainder = sorted(range(len(fine)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[:ups]:
        floors[i] += CENT
    return floors


def reduced(amounts: Sequence[Decimal], by: Decimal) -> list[Decimal]:
    """The amounts less their part of a discount, each in proportion to itself; not yet cents.

    Raises: ValueError when the discount is larger than the amounts together.
    """
    whole = sum(amounts, ZERO)
    if by > whole:
        raise ValueError(f"{by} cannot be taken off {whole}")
    return [amount - by * amount / whole if whole else amount for amount in amounts]


def _discounted(
    parts: Sequence[Part], listed: Sequence[Decimal], totals: Totals, goal: Decimal
) -> list[Decimal]:
    """Exact amounts, less the discounts of the lines and whatever else the header takes off.

    What the lines do not contain is taken off those that do not say what they cost after discounts.
    Lines that say it are believed: it is then off the shipping, or off the other charges, and off
    the lines only if these are worth less. The order's tax decides where it agrees with one alone.
    """
    amounts = list(listed)
    contained = ZERO
    for i, part in enumerate(parts):
        if part.after_discounts is not None and part.after_discounts != part.inc_tax:
            after = part.after_discounts
            if not totals.inclusive:
                after = after * HUNDRED / (HUNDRED + part.rate)
            contained += amounts[i] - after
            amounts[i] = after
    off = min(sum(amounts, ZERO) - goal, totals.discounts - contained)
    if off < CENT:
        return amounts
    candidates = []
    lines = [part.is_line and part.kind != "gift_certificate" for part in parts]
    for chosen in (
        [line and part.after_discounts is None for part, line in zip(parts, lines, strict=True)],
        [part.kind == "shipping" for part in parts],
        [not part.is_line for part in parts],
        lines,
        [True] * len(parts),
    ):
        rows = [i for i, amount in enumerate(amounts) if chosen[i] and amount > ZERO]
        worth = [amounts[i] for i in rows]
        if sum(worth, ZERO) >= off:
            candidate = list(amounts)
            for i, amount in zip(rows, reduced(worth, off), strict=True):
                candidate[i] = amount
            candidates.append(candidate)
    agreeing = (c for c in candidates if not _computed_taxes(parts, c, totals)[1])
    return next(agreeing, candidates[0] if candidates else amounts)


def _computed_taxes(
    parts: Sequence[Part], amounts: Sequence[Decimal], totals: Totals
) -> tuple[list[Decimal], Decimal]:
    """Each part's tax by its rate, before cents; how far `total_tax` is beyond all rounding."""
    taxes = []
    allowed = CENT
    for part, amount in zip(parts, amounts, strict=True):
        if amount == (part.inc_tax if totals.inclusive else part.ex_tax):
            tax, rounding = part.tax if part.rate else ZERO, CENT
        else:
            tax = amount * part.rate / (HUNDRED + part.rate if totals.inclusive else HUNDRED)
            rounding = CENT + HALF_CENT * part.quantity
        taxes.append(tax)
        if tax:
            allowed += rounding
    gap = two_places(totals.tax) - sum(taxes, ZERO)
    return taxes, gap if abs(gap) > allowed else ZERO


def _taxes(
    parts: Sequence[Part], amounts: Sequence[Decimal], cents: Sequence[Decimal], totals: Totals
) -> list[Decimal]:
    """Tax of each part in cents, adding up to `total_tax`; by rate as BigCommerce has it.

    BigCommerce's own tax rows come first, where they were read and agree with the total.
    """
    tax = two_places(totals.tax)
    shares, gap = _computed_taxes(parts, amounts, totals)
    if any(part.reported_tax is not None for part in parts):
        reported = [
            share if part.reported_tax is None else part.reported_tax
            for part, share in zip(parts, shares, strict=True)
        ]
        if abs(sum(reported, ZERO) - tax) <= CENT:
            shares, gap = reported, ZERO
    shares = [share if c else ZERO for share, c in zip(shares, cents, strict=True)]
    rates: dict[Decimal, list[int]] = {}
    for i, part in enumerate(parts):
        rates.setdefault(part.rate, []).append(i)
    of_rates = _per_rate(parts, list(rates.values()), shares, tax) if len(rates) > 1 else [tax]
    taxes = [ZERO] * len(parts)
    for rows, of_rate in zip(rates.values(), of_rates, strict=True):
        of_rows = up_or_down([shares[i] for i in rows], of_rate)
        if of_rows is None:
            of_rows = _within_rate([parts[i] for i in rows], [shares[i] for i in rows], of_rate)
        for i, amount in zip(rows, of_rows, strict=True):
            taxes[i] = amount
    if gap or sum(taxes, ZERO) != tax:
        of_rows_in_all = two_places(sum(shares, ZERO))
        raise BalanceError.sums(
            "tax of the rows adds up to", of_rows_in_all, tax, totals.currency_code
        )
    return taxes


def _per_rate(
    parts: Sequence[Part], rates: Sequence[Sequence[int]], shares: Sequence[Decimal], tax: Decimal
) -> list[Decimal]:
    """The tax of each rate in cents, adding up to `tax` if it can.

    Each rate's up or down if that does; else charges keep their own if they can, and the lines
    share the rest.
    """
    own = [sum((shares[i] for i in rows), ZERO) for rows in rates]
    if (rounded := up_or_down(own, tax)) is not None:
        return rounded
    of_lines = [sum((shares[i] for i in rows if parts[i].is_line), ZERO) for rows in rates]
    of_charges = [whole - lines for whole, lines in zip(own, of_lines, strict=True)]
    movable = of_lines if sum(of_lines, ZERO) else of_charges
    kept = of_charges if movable is of_lines else [ZERO] * len(rates)
    whole = sum(movable, ZERO)
    rest = tax - sum(kept, ZERO)
    exact = [k + (rest * m / whole if whole else ZERO) for k, m in zip(kept, movable, strict=True)]
    return to_cents(exact, tax)[0]


def _within_rate(parts: Sequence[Part], shares: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """One rate's tax in cents, more or less than rounding explains: the lines share it.

    Where the lines cannot (there are none, or charges alone are taxed higher), all rows share it.
    """
    are_taxed = [share > ZERO for share in shares]
    taxed_lines = [part.is_line and taxed for part, taxed in zip(parts, are_taxed, strict=True)]
    for movable in (taxed_lines, are_taxed):
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

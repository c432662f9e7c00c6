"""Cents that add up: how exact amounts become row amounts without a cent gained or lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from core.money import CENT, ZERO, two_places

FINE = Decimal("1e-10")
"""Below this a fraction is noise of a division, not money."""


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

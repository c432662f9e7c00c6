"""Cents that add up: how exact amounts become row amounts without a cent gained or lost."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import TypeVar

from core.money import CENT, ZERO, shared_out, two_places

FINE = Decimal("1e-10")
"""Below this a fraction is noise of a division, not money."""

Group = TypeVar("Group", bound=Hashable)


def to_cents(amounts: Sequence[Decimal], target: Decimal) -> tuple[list[Decimal], Decimal]:
    """Each amount up or down to a cent so that they reach `target`, and what is still missing.

    Rounding explains a sum anywhere between the rounded sum and the sum of the rounded amounts:
    there the amounts are moved, those with the largest remainder first, and nothing is missing.
    Only a target beyond both leaves a difference (target less what the cents add up to).
    """
    fine = [amount.quantize(FINE) for amount in amounts]
    of_sum = two_places(sum(fine, ZERO))
    sum_of = sum(map(two_places, fine), ZERO)
    reached = min(max(target, min(of_sum, sum_of)), max(of_sum, sum_of))
    floors = [amount.quantize(CENT, rounding=ROUND_FLOOR) for amount in fine]
    ups = int((reached - sum(floors, ZERO)) / CENT)
    remainders = [amount - floor for amount, floor in zip(fine, floors, strict=True)]
    by_remainder = sorted(range(len(fine)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[:ups]:
        floors[i] += CENT
    return floors, target - sum(floors, ZERO)


def reduced(amounts: Sequence[Decimal], by: Decimal) -> list[Decimal]:
    """The amounts less their part of a discount, each in proportion to itself; not yet cents.

    Raises: ValueError when the discount is larger than the amounts together.
    """
    whole = sum(amounts, ZERO)
    if by > whole:
        raise ValueError(f"{by} cannot be taken off {whole}")
    return [amount - by * amount / whole if whole else amount for amount in amounts]


def shared_by_group(
    total: Decimal, shares: Sequence[Decimal], groups: Sequence[Group]
) -> list[Decimal]:
    """`total` (whole cents) over the groups first, then within each, by `shares`, in cents.

    Where a group's shares add up to whole cents and all of them to `total`, each group gets
    exactly its own sum. Shares that are all zero get nothing.
    """
    members: dict[Group, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    fine = [share.quantize(FINE) for share in shares]
    sums = [sum((fine[i] for i in rows), ZERO) for rows in members.values()]
    result = [ZERO] * len(fine)
    if not any(sums):
        return result
    for rows, part in zip(members.values(), shared_out(total, sums), strict=True):
        if part:
            for i, cents in zip(rows, shared_out(part, [fine[i] for i in rows]), strict=True):
                result[i] = cents
    return result

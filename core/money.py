"""Money is `Decimal`; a float never becomes money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
HALF_CENT = Decimal("0.005")
HUNDRED = Decimal(100)
ZERO = Decimal(0)


def decimal(value: str | int | Decimal) -> Decimal:
    """The exact decimal of a wire value.

    Raises: TypeError for a float or a flag; ValueError for a non-number, an infinity or NaN.
    """
    if isinstance(value, (float, bool)):
        raise TypeError(f"money must be text, an integer or a Decimal, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number


def two_places(amount: Decimal) -> Decimal:
    """The amount to the cent, halves away from zero, as both systems round."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def shared_out(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split `total` (whole cents) by `weights` into cents that add up to it exactly.

    Largest remainder; equal remainders favour the earlier weight, so the split is repeatable.
    All weights zero means equal shares. An empty list of weights gives an empty list.

    Raises: ValueError when a weight is negative or `total` is not whole cents.
    """
    if not weights:
        return []
    if any(weight < ZERO for weight in weights):
        raise ValueError("weights must not be negative")
    if total != total.quantize(CENT):
        raise ValueError(f"{total} is not whole cents")
    whole = sum(weights, ZERO)
    parts = weights if whole else [Decimal(1)] * len(weights)
    whole = whole or Decimal(len(weights))
    exact = [total * part / whole for part in parts]
    shares = [share.quantize(CENT, rounding=ROUND_DOWN) for share in exact]
    left = int((total - sum(shares, ZERO)) / CENT)
    step = CENT if left >= 0 else -CENT
    by_remainder = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - shares[i]), i))
    for i in by_remainder[: abs(left)]:
        shares[i] += step
    return shares


def describe_difference(store: Decimal, account: Decimal, currency_code: str) -> str:
    """The totals of one order in both systems, and the difference between them, in words."""
    store, account = two_places(store), two_places(account)
    if store == account:
        return "their totals agree, their rows do not"
    return (
        f"the store says {store} {currency_code}, Brightpearl says {account}: "
        f"a difference of {store - account}"
    )

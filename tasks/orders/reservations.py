"""What an order still lacks of its stock, and when to ask for it. Pure."""

from __future__ import annotations

from tasks.orders.actual import Account, ActualOrder
from tasks.orders.desired import DesiredOrder, Units
from tasks.orders.operations import ReserveStock


def shortage(units: Units, actual: ActualOrder) -> dict[str, int]:
    """Units that an order lacks of what is wanted for it, by Brightpearl product id."""
    if actual.allocation in {"all", "not required"} or not actual.knows_units_on_notes:
        return {}
    short: dict[str, int] = {}
    for ref, (product_id, quantity) in _to_reserve(units, actual).items():
        missing = quantity - actual.reserved.get(actual.row_ids.get(ref, ""), 0)
        if missing > 0:
            short[product_id] = short.get(product_id, 0) + missing
    return short


def plan_reservation(
    desired: DesiredOrder, actual: ActualOrder, account: Account
) -> ReserveStock | None:
    """Stock to reserve; nothing where it is all reserved, gone out, or none has come in since."""
    short = shortage(desired.units, actual)
    warehouse_id = desired.warehouse_id
    if not any(account.on_hand.get((warehouse_id, product), 0) > 0 for product in short):
        return None
    replaces = actual.allocation == "part" and bool(actual.reserved)
    return ReserveStock(_to_reserve(desired.units, actual), replaces=replaces)


def reservation_after_amendment(desired: DesiredOrder, actual: ActualOrder) -> ReserveStock | None:
    """What to reserve of an order whose rows were changed a moment ago."""
    if not desired.units or actual.allocation in {"all", "not required"}:
        return None
    return ReserveStock(desired.units, replaces=actual.allocation == "part")


def _to_reserve(units: Units, actual: ActualOrder) -> dict[str, tuple[str, int]]:
    """What is wanted, less what goods notes and back orders account for already.

    What a back order reserves is its own matter: it was made because the stock was not there.
    """
    on_notes = actual.units_on_notes or {}
    left = {
        ref: (
            product_id,
            quantity - on_notes.get(actual.row_ids.get(ref, ""), 0) - actual.moved.get(ref, 0),
        )
        for ref, (product_id, quantity) in units.items()
    }
    return {ref: (product_id, count) for ref, (product_id, count) in left.items() if count > 0}

"""Both sides of a batch beside each other: what each refund calls for, and its frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from connectors.bigcommerce.models import Order
from core.errors import NotFoundError
from tasks.claim import Run
from tasks.policy import PATIENT, patiently, step
from tasks.refunds.extract import Read, read_orders
from tasks.refunds.flatten import flatten
from tasks.refunds.frames import Found
from tasks.refunds.missing import Split
from tasks.refunds.plan import Scene
from tasks.refunds.standing import Standing, State, Undone, standings, unclaimed, undone
from tasks.refunds.states import Actual


@dataclass(frozen=True)
class Compared:
    """What the plan is worked out from, and the refunds that want a credit."""

    scene: Scene
    found: Found


def compare(run: Run, read: Read, actual: Actual, split: Split) -> Compared:
    """How each refund stands. Orders with credits that staff made are read as well.

    Raises: TransientError, ConfigError.
    """
    credited = [
        key for key in split.here if key not in read.orders and unclaimed(read, actual, key)
    ]
    if credited:
        orders, _ = read_orders(run, credited)
        read = replace(read, orders={**read.orders, **orders})
    stand = {key: standings(read, actual, key) for key in split.here}
    off = [(key, one) for key in split.here for one in undone(read, actual, key)]
    gone = _gone(run, off, read) if off else {}
    scene = Scene(read, actual, stand, gone, run.approved(), run.world.pair.refunds)
    foreign = [key for key, many in stand.items() if _is_foreign(read.orders.get(key), many)]
    currencies = _currencies(run, foreign) if foreign else {}
    return Compared(scene, flatten(read, actual, stand, currencies))


@step("confirm-undone", PATIENT)
def _gone(
    run: Run, found: Sequence[tuple[str, Undone]], read: Read
) -> dict[str, tuple[Undone, ...]]:
    """Credits whose refund is undone, by order. One that no list shows is asked for by itself."""
    confirmed: dict[str, list[Undone]] = defaultdict(list)
    for order_id, one in found:
        is_listed = any(refund.id == one.refund_id for refund in read.refunds[order_id])
        if is_listed or _is_absent(run, one.refund_id):
            confirmed[order_id].append(one)
    return {order_id: tuple(many) for order_id, many in confirmed.items()}


def _is_absent(run: Run, refund_id: str) -> bool:
    try:
        patiently(lambda: run.world.bigcommerce.get_refund(refund_id))
    except NotFoundError:
        return True
    return False


def _is_foreign(order: Order | None, stand: Sequence[Standing]) -> bool:
    """Whether the gateway may have paid in another currency than the order's."""
    if order is None or order.default_currency_code == order.store_default_currency_code:
        return False
    return any(one.state is State.WANTED for one in stand)


@step("read-transactions", PATIENT)
def _currencies(run: Run, order_ids: Sequence[str]) -> dict[str, str]:
    """Currencies by transaction id: refunds themselves do not tell theirs."""
    found: dict[str, str] = {}
    for order_id in order_ids:
        rows = patiently(partial(run.world.bigcommerce.list_transactions, order_id))
        found |= {row.id: row.currency for row in rows if row.currency}
    return found

"""Both sides of a batch beside each other: what each refund calls for, and its frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.claim import Run
from tasks.policy import PURE, step
from tasks.refunds.extract import Read, read_orders
from tasks.refunds.flatten import flatten
from tasks.refunds.frames import Found
from tasks.refunds.missing import Split
from tasks.refunds.plan import Scene
from tasks.refunds.standing import standings, unclaimed
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
    return _compare(run, read, actual, split)


@step("compare", PURE)
def _compare(run: Run, read: Read, actual: Actual, split: Split) -> Compared:
    stand = {key: standings(read, actual, key) for key in split.here}
    scene = Scene(read, actual, stand, run.approved(), run.world.pair.refunds)
    return Compared(scene, flatten(read, actual, stand))

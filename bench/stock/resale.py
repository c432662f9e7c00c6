"""Whether an adjustment put on sale again what was sold already. Pure.

What is unsold of a SKU at a moment is what the account had, and what came in, less what it sold
itself, less all that the store has sold by then, reserved or not. Below zero, too much was sold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.environment import Environment
from bench.stock.shelves import Moved
from core.errors import ContractError
from core.ids import sku_key
from demo.installation import PAIR
from store.ledger import Entry, Ledger

READS = "extract-stock"
"""The step that reads both sides, in Prefect."""
SHORTEST_S, LONGEST_S = 0.2, 20.0
"""How late a request is answered, or a number that is sent lands."""
ORDER = "order"


@dataclass(frozen=True)
class Course:
    """What became of one SKU."""

    sku: str
    opening: int
    """Units in the account, and on sale, when it began."""
    store: Sequence[Moved]
    """The store's journal, earliest first."""
    elsewhere: Sequence[datetime]
    """When staff sold a unit in the account."""
    arrived: Sequence[tuple[datetime, int]] = ()
    """When goods came in, and how many."""
    changed: Sequence[datetime] = ()
    """When anything changed in the account: goods, and reservations for whomever."""

    def unsold(self, at: datetime, known_at: datetime | None = None) -> int:
        """What is unsold at a moment; of sales elsewhere those until `known_at` alone."""
        ordered = sum(one.before - one.after for one in self.orders if one.at <= at)
        came = sum(units for moment, units in self.arrived if moment <= at)
        sold = sum(moment <= (known_at or at) for moment in self.elsewhere)
        return self.opening + came - ordered - sold

    @property
    def orders(self) -> list[Moved]:
        """What shoppers took."""
        return [one for one in self.store if one.cause == ORDER]

    @property
    def pushes(self) -> list[Moved]:
        """What was adjusted over the API."""
        return [one for one in self.store if one.is_ours]

    @property
    def end(self) -> int:
        """What should be on sale when all is over."""
        return max(0, self._left)

    @property
    def oversold(self) -> int:
        """Units sold above stock when all is over."""
        return max(0, -self._left)

    @property
    def _left(self) -> int:
        moments = [*(one.at for one in self.store), *self.elsewhere]
        moments += [moment for moment, _ in self.arrived]
        return self.unsold(max(moments)) if moments else self.opening

    @property
    def quiet_at(self) -> datetime | None:
        """When the last thing happened that we had to react to."""
        moments = [*(one.at for one in self.orders), *self.elsewhere, *self.changed]
        return max(moments, default=None)


@dataclass(frozen=True)
class Resold:
    """An adjustment that put sold units on sale."""

    push: Moved
    units: int
    """Above what was unsold at that moment, and above what was on sale before."""
    unknowable: int
    """How many of them were sold elsewhere after we had read both sides."""

    def __str__(self) -> str:
        """For people."""
        one = self.push
        return (
            f"{one.sku} {one.at.isoformat()} {one.cause} {one.before} → {one.after}: {self.units} "
            f"units too many, {self.unknowable} of them sold after the read"
        )


def resold(course: Course, read_at: Mapping[str, datetime]) -> list[Resold]:
    """Adjustments that put sold units on sale. In: when both sides were read, by reference."""
    found = []
    for push in course.pushes:
        units = _above(push.before, push.after, course.unsold(push.at))
        if not units:
            continue
        known_at = read_at.get(push.reference)
        knowable = units
        if known_at is not None:
            knowable = _above(push.before, push.after, course.unsold(push.at, known_at))
        found.append(Resold(push, units, units - knowable))
    return found


def _above(before: int, after: int, unsold: int) -> int:
    return max(0, after - max(0, before, unsold))


def resold_by_numbers(course: Course, numbers: Iterable[tuple[datetime, int]]) -> int:
    """Units that were sold and on sale again, had the number itself been sent each time.

    In: when each number would have landed, and the number. Orders are the same ones.
    """
    level, units = course.opening, 0
    happened: list[tuple[datetime, int, int]] = [
        *((one.at, 0, one.before - one.after) for one in course.orders),
        *((at, 1, number) for at, number in numbers),
    ]
    for at, kind, value in sorted(happened):
        if kind:
            units += _above(level, value, course.unsold(at))
            level = value
        else:
            level -= value
    return units


def seconds_until_right(course: Course) -> float | None:
    """From quiet until what is on sale is right and stays so; None if it never is."""
    quiet_at = course.quiet_at
    if quiet_at is None or not course.store:
        return 0.0
    right_at: datetime | None = None
    for one in course.store:
        if max(0, one.after) != course.end:
            right_at = None
        elif right_at is None:
            right_at = one.at
    if right_at is None:
        return None
    return max(0.0, (right_at - quiet_at).total_seconds())


def matched(calls: Iterable[tuple[datetime, datetime]], rows: Sequence[datetime]) -> list[datetime]:
    """The journal's moment of each call that sold something, by the moments around the call.

    A call without a row of its own counts at its end.
    """
    left = sorted(rows)
    found = []
    for began, ended in sorted(calls):
        inside = [row for row in left if began <= row <= ended]
        if inside:
            left.remove(inside[0])
        found.append(inside[0] if inside else ended)
    return found


@dataclass(frozen=True)
class Pushes:
    """What we wrote, as our own ledger has it."""

    entries: Sequence[Entry]
    reads: Mapping[str, Sequence[datetime]]
    """When each run began to read both sides, each time."""

    def read_at(self) -> dict[str, datetime]:
        """When we began to read both sides before a write, by its transaction. Pure."""
        found: dict[str, datetime] = {}
        for one in self.entries:
            before = [at for at in self.reads.get(one.run_id, ()) if at <= one.intent_at]
            if before and one.written_id:
                found[one.written_id] = max(before)
        return found

    def numbers(self, sku: str, seed: int) -> list[tuple[datetime, int]]:
        """Had the number itself been sent: when it would have landed, and the number. Pure."""
        chance = Random(f"{seed} {sku}")  # noqa: S311 - reproducible, not secret
        return [
            (
                one.intent_at + timedelta(seconds=chance.uniform(SHORTEST_S, LONGEST_S)),
                int(one.after["quantity"]),
            )
            for one in self.entries
            if one.key == sku_key(sku) and "quantity" in one.after
        ]


def pushes_of(env: Environment, skus: Sequence[str]) -> Pushes:
    """What was written of these SKUs, and when each run read both sides.

    Raises: ContractError when no run read them.
    """
    ledger = Ledger(env.installation.database)
    entries = [one for sku in skus for one in ledger.history(PAIR, "stock", sku_key(sku))]
    reads: dict[str, list[datetime]] = defaultdict(list)
    for step in env.installation.prefect.steps(READS):
        if step["start_time"]:
            began = datetime.fromisoformat(step["start_time"])
            reads[str(step["flow_run_id"])].append(began)
    if entries and not reads:
        raise ContractError(f"Prefect knows no step {READS}, but stock was written.")
    return Pushes(entries, reads)

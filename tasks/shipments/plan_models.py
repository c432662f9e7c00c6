"""What a plan for shipments consists of: the writes that would make both sides agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tasks.outcome import Obstacle
from tasks.shipments.memory import Part, part_ref


class Action(StrEnum):
    """What becomes of one order."""

    SHIP = "ship"
    CHANGE = "change"
    """Tracking is told late, or a shipment is taken back."""
    ADOPT = "adopt"
    """What is to be there is there; it is only remembered."""
    HOLD = "hold"
    """A person has to decide."""
    WAIT = "wait"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Wanted:
    """What one note sends to one address, as the store should have it."""

    note_key: str
    address_id: str
    units: Mapping[str, int]
    """By order line."""
    strange: Mapping[str, int]
    """Units that no line of the order takes, by Brightpearl's row."""
    told: Mapping[str, str]
    """FIELDS of the shipment; blank ones are left out."""

    @property
    def ref(self) -> str:
        """The part's name."""
        return part_ref(self.note_key, self.address_id)

    @property
    def said(self) -> Mapping[str, int]:
        """All units of the note's part, strange ones under their rows."""
        return {**self.units, **{f"row {row}": units for row, units in self.strange.items()}}

    def part(self, shipment_id: str, units: Mapping[str, int]) -> Part:
        """As it is remembered once the store has this much of it in that shipment."""
        said = dict(self.said) if self.said != units else {}
        return Part(
            note_key=self.note_key,
            address_id=self.address_id,
            shipment_id=shipment_id,
            units=dict(units),
            said=said,
            told=dict(self.told),
        )


@dataclass(frozen=True)
class Create:
    """A shipment to be made."""

    wanted: Wanted
    units: Mapping[str, int]


@dataclass(frozen=True)
class Change:
    """A shipment that stays; what it says may change, and which note it stands for."""

    part: Part
    """As it is remembered afterwards."""
    fields: Mapping[str, str]
    """FIELDS to be changed; nothing where only our memory changes."""
    before: Mapping[str, str]


@dataclass(frozen=True)
class OrderPlan:
    """Everything that one order needs, in the order in which it is written."""

    order_id: str
    order_id_bp: str
    status_id: int
    """The store's, before anything is written."""
    takes_back: tuple[Part, ...] = ()
    """Shipments to be deleted."""
    creates: tuple[Create, ...] = ()
    changes: tuple[Change, ...] = ()
    kept: tuple[Part, ...] = ()
    """Parts of which nothing changes, with those that wait to be shipped again."""
    cases: tuple[Obstacle, ...] = ()
    wakes_at: datetime | None = None
    """When a shipment whose note was taken back is to be deleted."""
    is_remembered: bool = True
    """Whether our memory says already what is kept."""
    heard_of: tuple[tuple[int, str], ...] = ()
    """Writes whose end was not known (the ledger's row), and the shipments found of them."""
    is_followed: bool = True
    """Whether the store's status was looked after when shipments last moved it."""

    @property
    def action(self) -> Action:
        """The most of what is done."""
        if self.creates:
            return Action.SHIP
        if self.takes_back or any(change.fields for change in self.changes):
            return Action.CHANGE
        if self.changes:
            return Action.ADOPT
        if self.cases:
            return Action.HOLD
        return Action.WAIT if self.wakes_at else Action.NOTHING

    @property
    def moves_status(self) -> bool:
        """Whether the store's status of the order may follow."""
        return bool(self.creates or self.takes_back or not self.is_followed)


@dataclass(frozen=True)
class Plan:
    """The writes that would make both sides agree."""

    orders: tuple[OrderPlan, ...]

    def count(self) -> dict[str, int]:
        """How many writes of each kind, and how many orders need none."""
        orders = self.orders
        return {
            "shipments": sum(len(order.creates) for order in orders),
            "changed shipments": sum(bool(one.fields) for o in orders for one in o.changes),
            "shipments taken back": sum(len(order.takes_back) for order in orders),
            "unchanged": sum(order.action is Action.NOTHING for order in orders),
            "held": sum(bool(order.cases) for order in orders),
        }

    def preview(self) -> list[dict[str, str]]:
        """One line per order for people: what would be done."""
        return [
            {
                "order": order.order_id,
                "action": order.action.value,
                "writes": ", ".join(_writes(order)),
                "why": "; ".join(case.reason for case in order.cases),
            }
            for order in self.orders
        ]


def _writes(order: OrderPlan) -> Iterable[str]:
    for part in order.takes_back:
        yield f"delete shipment {part.shipment_id} of {part.note_key}"
    for create in order.creates:
        units = sum(create.units.values())
        number = create.wanted.told.get("tracking_number")
        yield f"ship {units} units of {create.wanted.note_key}" + (f", {number}" if number else "")
    for change in order.changes:
        name = f"shipment {change.part.shipment_id} for {change.part.note_key}"
        changed = ", ".join(change.fields) or "no change"
        yield f"{name}: {changed}"
    if order.wakes_at:
        yield f"wait until {order.wakes_at:%Y-%m-%d %H:%M} UTC for what was taken back"

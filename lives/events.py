"""What can happen to an order: events by name, each drawn for an order as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from agreement.records import OrderRecords
from lives.baskets import Skus

System = Literal["store", "account"]


@dataclass(frozen=True)
class Request:
    """What somebody does on a screen: a call of a sandbox's control routes."""

    system: System
    what: str
    body: Mapping[str, Any]
    method: str = "POST"


Act = Callable[[OrderRecords, Random, Skus], Request | None]
"""What is done to an order as it is; None where it does not apply."""


@dataclass(frozen=True)
class Event:
    """Something that a person or a system does to one order, on one side."""

    system: System
    name: str
    act: Act
    weight: int = 1
    """How often it is drawn, against others."""


def chance_of(*seed: object) -> Random:
    """The same draws for the same seed."""
    return Random(" ".join(map(str, seed)))  # noqa: S311 - no secret depends on it


def sometimes(chance: Random, percent: int) -> bool:
    """True in so many of a hundred draws."""
    return chance.randrange(100) < percent


class Events:
    """Events by name."""

    def __init__(self) -> None:
        self._known: dict[str, Event] = {}

    def add(self, system: System, weight: int = 1) -> Callable[[Act], Act]:
        """Add a function under its own name: `staff_cancel_it` is `store: staff cancel it`."""

        def decorate(act: Act) -> Act:
            name = f"{system}: {act.__name__.replace('_', ' ')}"
            self._known[name] = Event(system, name, act, weight)
            return act

        return decorate

    def __getitem__(self, name: str) -> Event:
        """The event of that name."""
        return self._known[name]

    def names(self, system: System | None = None) -> list[str]:
        """All names, or those of one side."""
        return [one.name for one in self._known.values() if system in {None, one.system}]

    def draw(self, chance: Random, but: Iterable[str] = ()) -> Event:
        """One by weight."""
        left = [one for one in self._known.values() if one.name not in set(but)]
        return chance.choices(left, [one.weight for one in left])[0]


EVENTS = Events()

"""What a happening is, and how it is found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from agreement.records import OrderRecords

from .shelf import Shelf
from .sides import Request, System

Act = Callable[[OrderRecords, Random, Shelf], Request | None]
"""What is done to an order as it stands; None where there is nothing to do it to."""


@dataclass(frozen=True)
class Happening:
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


class Vocabulary:
    """Happenings by name."""

    def __init__(self) -> None:
        self._known: dict[str, Happening] = {}

    def says(self, system: System, weight: int = 1) -> Callable[[Act], Act]:
        """Add a function under its own name, read as words: `staff_cancel_it`."""

        def add(act: Act) -> Act:
            name = f"{system}: {act.__name__.replace('_', ' ')}"
            self._known[name] = Happening(system, name, act, weight)
            return act

        return add

    def __getitem__(self, name: str) -> Happening:
        """The happening of that name."""
        return self._known[name]

    def names(self, system: System | None = None) -> list[str]:
        """All names, or those of one side."""
        return [h.name for h in self._known.values() if system in {None, h.system}]

    def draw(self, chance: Random, but: Iterable[str] = ()) -> Happening:
        """One by weight."""
        left = [h for h in self._known.values() if h.name not in set(but)]
        return chance.choices(left, [h.weight for h in left])[0]


VOCABULARY = Vocabulary()

"""C22: many edits on both sides at once settle, with one write for each change and none undone.

What is expected of each field is worked out from the edits alone: of those that one side made
since the last run, its last one; where both sides did, the last one of the field's owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from people import ANN, HOME, People
from world import World
from worlds import opened

from tasks.reconciler.connections import disconnect

STORE, ACCOUNT = "store", "account"
OWNERS = {"first_name": STORE, "last_name": STORE, "phone": STORE, "group": ACCOUNT}
TAGS = {"0": [], "1": [16], "2": [17]}
NO_GROUP = "0"
"""What the group of each is before the first edit."""
EDITS = 60
"""Of the everyday run."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as both:
        yield both


class Editors:
    """People who edit the same customers on both sides, and what is to come of it."""

    def __init__(self, world: World, seed: str) -> None:
        self.people = People(world)
        self.chance = Random(seed)  # noqa: S311 - reproducible, not secret
        self.keys = [
            self.people.register(**ANN | {"email": f"c{n}@example.com"}, addresses=[HOME])
            for n in range(6)
        ]
        self.people.sync(*self.keys)
        self.expected: dict[tuple[str, str], str] = {}
        self.since: dict[tuple[str, str], dict[str, str]] = {}
        """Edits since the last run, by side."""
        self.changes = 0

    def edit(self, number: int) -> None:
        """One edit, or one on each side."""
        key, name = self.chance.choice(self.keys), self.chance.choice(list(OWNERS))
        for side in self.chance.choice(((STORE,), (ACCOUNT,), (STORE, ACCOUNT))):
            text = self.chance.choice(list(TAGS)) if name == "group" else f"{side[0]}{number}"
            self._change(side, key, name, text)
            self.since.setdefault((key, name), {})[side] = text
            self.changes += 1

    def _change(self, side: str, key: str, name: str, text: str) -> None:
        if side == STORE:
            self.people.edit(key, **{"group_id": int(text)} if name == "group" else {name: text})
            return
        forms = {"group": {"tags": TAGS.get(text)}, "phone": {"telephones": {"PRI": text}}}
        self.people.change(self.people.contact(key).id, **forms.get(name, {name: text}))

    def sync(self) -> None:
        """A run; what was edited before it is decided by it."""
        self.people.sync(*self.keys)
        for (key, name), edits in self.since.items():
            before = self.expected.get((key, name), NO_GROUP)
            changed = {side: one for side, one in edits.items() if one != before} or edits
            owner = OWNERS[name]
            self.expected[key, name] = changed.get(owner) or next(iter(changed.values()))
        self.since.clear()

    def differences(self) -> list[str]:
        """Fields that do not hold what they should on either side."""
        found = []
        for (key, name), text in self.expected.items():
            customer, contact = self.people.customer(key), self.people.contact(key)
            if name == "group":
                both = (str(customer.group_id), contact.tags)
                is_right = both == (text, TAGS[text])
            else:
                phone = contact.telephones.get("PRI")
                actual = phone if name == "phone" else getattr(contact, name)
                is_right = getattr(customer, name) == actual == text
            found += [] if is_right else [f"{key} {name}: not {text}"]
        return found


def play(world: World, edits: int, seed: str) -> None:
    """Edits with runs and restarts in between, and what has to be true in the end."""
    editors = Editors(world, seed)
    world.forget_requests()
    for number in range(edits):
        editors.edit(number)
        if editors.chance.random() < 0.6:
            editors.sync()
        if editors.chance.random() < 0.1:
            disconnect()
    editors.sync()

    assert editors.differences() == []
    assert world.writes() <= editors.changes
    assert editors.people.quiet(*editors.keys)


def test_edits_on_both_sides_settle(world: World, drawn_by: str) -> None:
    play(world, EDITS, drawn_by)


@pytest.mark.long
def test_a_thousand_edits_on_both_sides_settle(world: World, drawn_by: str) -> None:
    play(world, 1000, drawn_by)

"""Random lives of customers, edited on both sides: at rest both agree, and a pass writes nothing.

Shoppers register, move and leave; staff of the store put them into groups; staff of Brightpearl
change, merge and delete contacts, and tag new ones. Which of it happens is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from people import HOME, MILL, People
from world import World
from worlds import opened

from agreement.customers import compare_customers
from demo.scenario import GROUP_TAGS
from tasks.reconciler.connections import disconnect

PASSES = 4
"""After which everything is at rest."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as both:
        yield both


class CustomerLives:
    """What happens to people, one event after the other."""

    def __init__(self, world: World, seed: str) -> None:
        self.world, self.people = world, People(world)
        self.chance = Random(seed)  # noqa: S311 - reproducible, not secret
        self.keys: list[str] = []
        self.alone: set[str] = set()
        """E-mails of people of whom one side was deleted: they need not agree."""
        self.number = 0

    def step(self) -> None:
        """One event, and sometimes a run or a restart."""
        self.number += 1
        events: tuple[Callable[[], None], ...] = (
            self.register, self.register, self.rename, self.rename, self.move, self.group,
            self.call, self.staff_rename, self.staff_rename, self.staff_move, self.tag,
            self.enter, self.merge, self.delete_contact, self.delete_customer,
        )  # fmt: skip
        self.chance.choice(events)()
        if self.chance.random() < 0.4:
            self.sync()
        if self.chance.random() < 0.05:
            disconnect()

    def sync(self) -> None:
        """A run over all, as sweeps and events make them due."""
        contacts = [f"contact:{one.id}" for one in self.people.contacts]
        self.people.sync(*self.keys, *contacts)
        store = self.world.sandbox.store.customers
        self.keys = sorted({*self.keys, *map(str, store)}, key=int)

    def register(self) -> None:
        email = f"p{self.number}@example.com"
        home = HOME | {"street_1": f"{self.number} High St"}
        names = {"first_name": f"F{self.number}", "last_name": f"L{self.number}"}
        self.keys.append(self.people.register(email=email, **names, addresses=[home]))

    def rename(self) -> None:
        if key := self._customer():
            self.people.edit(key, last_name=f"S{self.number}")

    def call(self) -> None:
        if key := self._customer():
            self.people.edit(key, phone=f"0{self.number}")

    def group(self) -> None:
        if key := self._customer():
            self.people.edit(key, group_id=self.chance.choice((0, 1, 2)))

    def move(self) -> None:
        if key := self._customer():
            book = list(self.people.customer(key).addresses)
            entry = {"id": self.chance.choice(book)} if book and self.chance.random() < 0.6 else {}
            place = HOME | {"street_1": f"{self.number} Low St"}
            self.people.edit(key, addresses=[{**place, **entry}])

    def staff_rename(self) -> None:
        if contact := self._contact():
            self.people.change(contact, first_name=f"B{self.number}")

    def staff_move(self) -> None:
        if contact := self._contact():
            use = self.chance.choice((("DEL",), ("BIL", "DEF"), ("BIL", "DEF", "DEL")))
            place = MILL | {"line1": f"{self.number} Mill"}
            self.people.change(contact, addresses=dict.fromkeys(use, place))

    def tag(self) -> None:
        if contact := self._contact():
            self.people.change(contact, tags=self.chance.choice(([], [16], [17, 9])))

    def enter(self) -> None:
        emails = {"PRI": f"e{self.number}@example.com"}
        place = MILL | {"line1": f"{self.number} Yard"}
        self.people.enter(
            first_name="Eve",
            last_name=f"E{self.number}",
            emails=emails,
            tags=[17],
            addresses=dict.fromkeys(("BIL", "DEF", "DEL"), place),
        )

    def merge(self) -> None:
        """Two contacts become one; people of different names stay two, says the oracle."""
        one, other = self._contact(), self._contact()
        if one and other and one != other:
            both = [c for c in self.people.contacts if c.id in {one, other}]
            self.alone |= {e.casefold() for c in both for e in c.emails.values()}
            self.world.brightpearl("contacts", contact_id=one, merge_into=other)

    def delete_contact(self) -> None:
        if contact := self._contact():
            (found,) = [one for one in self.people.contacts if one.id == contact]
            self.alone |= {email.casefold() for email in found.emails.values()}
            self.world.brightpearl("contacts", contact_id=contact, delete=True)

    def delete_customer(self) -> None:
        if key := self._customer():
            self.people.edit(key, delete=True)

    def _customer(self) -> str:
        live = [one for one in self.keys if int(one) in self.world.sandbox.store.customers]
        return self.chance.choice(live) if live else ""

    def _contact(self) -> int:
        live = [one.id for one in self.people.contacts]
        return self.chance.choice(live) if live else 0

    def differences(self) -> dict[str, list[str]]:
        """Customers that do not agree with their contact, unless one side was taken away."""
        with_controls = self.world.http.get(self.world.control("bigcommerce", "state")).json()
        account = self.world.http.get(self.world.control("brightpearl", "state")).json()
        found = compare_customers(with_controls, account, GROUP_TAGS)
        customers = self.world.sandbox.store.customers
        return {
            key: why
            for key, why in found.items()
            if why and key in self.keys
            and customers[int(key)].email.casefold() not in self.alone
        }  # fmt: skip


def live(world: World, events: int, seed: str) -> None:
    """So many events, then rest, and what has to be true."""
    # The shoppers of the catalogue are not part of it.
    lives = CustomerLives(world, seed)
    for _ in range(events):
        lives.step()
    for _ in range(PASSES):
        lives.sync()

    world.forget_requests()
    lives.sync()
    assert world.writes() == 0
    assert lives.differences() == {}


def test_customers_agree_after_a_random_life(world: World, drawn_by: str) -> None:
    live(world, 40, drawn_by)


@pytest.mark.long
@pytest.mark.parametrize("number", range(20))
def test_customers_agree_after_many_random_lives(world: World, drawn_by: str, number: int) -> None:
    live(world, 120, f"{drawn_by} {number}")

"""Many orders side by side, each with a life of its own, and the syncs in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Self

from sqlalchemy import select

from agreement.differences import ORDERS, REFUNDS, SHIPMENTS, Case, differences
from agreement.records import OrderRecords
from core.times import utc_now
from store.database import Database
from store.inbox import Inbox
from store.quarantine import Entry, Quarantine
from store.tables import ledger

from . import account_side, store_side  # noqa: F401 - they fill the vocabulary
from .happening import VOCABULARY, chance_of, sometimes
from .kinds import KINDS
from .marks import Facts, Marks, changes, facts
from .shelf import Shelf
from .sides import System, Systems

ENTITIES = (ORDERS, SHIPMENTS, REFUNDS)
APPLIED = "person: applies a case"
OF_ORDER = {"order", "status", "address", "method", "row", "payment", "invoice"}
THEIRS = {"line", "charge"}
"""Facts of the store that no sync ever writes."""
TRIES = 6
PASSES = 6
"""So many passes over everything must bring quiet."""
HEARD = 0.9
"""How many of the happenings somebody hears of at once; the others wait for the sweep."""


@dataclass(frozen=True)
class Step:
    """A happening and when; the same draw does the same to the same order."""

    moment: int
    name: str
    draw: int

    def __str__(self) -> str:
        """For people, and to be played again."""
        return f"{self.moment} {self.name} #{self.draw}"

    @classmethod
    def told(cls, text: str) -> Self:
        """A step as it is written."""
        moment, _, rest = text.strip().partition(" ")
        name, _, draw = rest.rpartition(" #")
        return cls(int(moment), name, int(draw))


@dataclass
class Course:
    """One order and what happened to it."""

    kind: str
    seed: str
    key: str = ""
    script: Sequence[Step] | None = None
    """What is to happen; None draws it."""
    done: list[Step] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    by_hand: set[str] = field(default_factory=set)
    """Shipments that store staff made."""
    apart: list[str] = field(default_factory=list)
    """In what both sides do not agree at quiet, or what is left to do."""
    undone: list[str] = field(default_factory=list)
    """What somebody changed and the syncs changed back, or must not have written."""

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [*self.apart, *self.undone]

    @property
    def is_decided(self) -> bool:
        """Whether a person applied a case of it."""
        return any(step.name == APPLIED for step in self.done)

    @classmethod
    def told(cls, text: str) -> Self:
        """A life to play again, as it is written: `card 91: 1 store: staff cancel it #4; …`."""
        seed, _, steps = text.partition(": ")
        return cls(seed.split()[0], seed, script=[Step.told(step) for step in steps.split(";")])

    def __str__(self) -> str:
        """For people."""
        return f"{self.seed} (order {self.key}): {'; '.join(map(str, self.done))}"


@dataclass
class Company:
    """Both systems, what is kept of them, and whoever works off the inbox."""

    systems: Systems
    database: Callable[[], Database]
    sync: Callable[[], None]
    """Works off everything that is due."""
    shelf: Shelf
    pair: str = "default"
    courses: list[Course] = field(default_factory=list)
    cases: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)
    """Cases whose proposal is to be carried out."""
    seen: dict[str, OrderRecords] = field(default_factory=dict)

    def place(self, courses: Iterable[Course]) -> None:
        """Shoppers order, and all of it is imported."""
        new = list(courses)
        for course in new:
            basket = KINDS[course.kind](self.shelf, chance_of(course.seed))
            basket.setdefault("email", f"shopper-{course.seed.replace(' ', '-')}@example.com")
            course.key = str(self.systems.told("store", "orders", basket)["ids"][0])
        self.courses += new
        self.due({ORDERS: {course.key for course in new}}, "webhook")
        self.sync()
        self.seen = self.look()

    def look(self) -> dict[str, OrderRecords]:
        """All orders as they are now."""
        return self.systems.look([course.key for course in self.courses])

    def due(self, keys: Mapping[str, Iterable[str]], source: str) -> None:
        """Keys that may need work, by entity."""
        inbox = Inbox(self.database())
        for entity, of_entity in keys.items():
            if wanted := list(of_entity):
                inbox.put(self.pair, entity, wanted, source=source, now=utc_now())

    def everything_is_due(self) -> None:
        """An operator wants all orders looked at, by every sync."""
        keys = [course.key for course in self.courses]
        self.due(dict.fromkeys(ENTITIES, keys), "operator")

    def happen(self, moment: int, *, share: float = 0.7) -> None:
        """Something happens to a share of the orders; then the syncs run."""
        self.look_at_cases()
        for course in self.courses:
            if course.script is None:
                self._draw(course, moment, share)
            else:
                for step in course.script:
                    if step.moment == moment:
                        self.do(course, step)
        self.hear(moment)

    def look_at_cases(self) -> None:
        """A person reads what is open."""
        self.cases = self._open_cases()

    def _draw(self, course: Course, moment: int, share: float) -> None:
        chance = chance_of(course.seed, moment)
        if chance.random() > share:
            return
        for _ in range(TRIES):
            happening = VOCABULARY.draw(chance)
            draw = chance.randrange(1000)
            name = happening.name
            if self.cases.get(course.key) and sometimes(chance, 20):
                name = APPLIED
            if self.do(course, Step(moment, name, draw)):
                return

    def do(self, course: Course, step: Step) -> bool:
        """Whether it happened."""
        if step.name == APPLIED:
            happened = self._apply(course, chance_of(step.draw))
        else:
            happening = VOCABULARY[step.name]
            request = happening.act(self.seen[course.key], chance_of(step.draw), self.shelf)
            happened = request is not None and self.systems.ask(request)
        if happened:
            course.done.append(step)
        return happened

    def _apply(self, course: Course, chance: Random) -> bool:
        """A person says yes to what a case proposes."""
        cases = [one for one in self.cases.get(course.key, ()) if one.detail.get("proposal")]
        if not cases:
            return False
        chosen = chance.choice(sorted(cases, key=lambda one: one.id))
        self.decided.append(chosen.id)
        course.marks.forget()
        return True

    def hear(self, moment: int) -> None:
        """Note who did what, let the syncs hear of most of it, and look what they did."""
        after = self.look()
        heard: dict[tuple[str, str], set[str]] = defaultdict(set)
        for course in self.courses:
            done = self._done(course.key, after)
            for system, facts_ in done.items():
                course.marks.note(moment, system, facts_)
                if system == "store":
                    course.by_hand |= {which for kind, which in facts_ if kind == "shipment"}
            if chance_of(course.seed, moment, "heard").random() < HEARD:
                course.marks.listen(moment)
                for entity, source, key in _named(course.key, done):
                    heard[entity, source].add(key)
        for (entity, source), keys in heard.items():
            self.due({entity: keys}, source)
        # Last, for what was decided is carried out at once.
        Quarantine(self.database()).approve(self.decided, now=utc_now())
        self.decided.clear()
        self.seen = after
        self.let_sync(moment)

    def let_sync(self, moment: int) -> None:
        """The syncs run; what they changed is noted."""
        self.sync()
        after = self.look()
        for course in self.courses:
            for system, facts_ in self._done(course.key, after).items():
                course.marks.follow(moment, system, facts_)
                written = [fact for fact in facts_ if system == "store" and fact[0] in THEIRS]
                if written:
                    course.undone.append(f"{moment}: written in the store: {written}")
        self.seen = after

    def _done(self, key: str, after: Mapping[str, OrderRecords]) -> dict[System, Facts]:
        found: dict[System, Facts] = {}
        systems: tuple[System, ...] = ("store", "account")
        for system in systems:
            done = changes(facts(self.seen[key], system), facts(after[key], system))
            if done:
                found[system] = done
        return found

    def settle(self, moment: int) -> int:
        """Look at everything in full until nothing is written any more; the passes it took."""
        since = utc_now()
        for passed in range(1, PASSES + 1):
            since = utc_now()
            self.systems.forget()
            self.everything_is_due()
            self.let_sync(moment)
            if self.systems.writes() == 0:
                return passed
        self._name_restless(since)
        return PASSES + 1

    def _name_restless(self, since: datetime) -> None:
        """Put down with its order what the last pass still wrote."""
        by_key = {course.key: course for course in self.courses}
        with self.database().read() as connection:
            written = connection.execute(
                select(ledger.c.entity, ledger.c.key, ledger.c.action, ledger.c.error)
                .where(ledger.c.intent_at >= since)
                .distinct()
            ).all()
        for row in written:
            if course := by_key.get(row.key):
                told = f"{row.entity} {row.action} {row.error or ''}".strip()
                course.apart.append(f"it is written without end: {told}")

    def judge(self) -> None:
        """Everything that is wrong at quiet, put down with its order."""
        cases = self._all_cases()
        inbox = Inbox(self.database())
        keys = [course.key for course in self.courses]
        states = {entity: inbox.states(self.pair, entity, keys) for entity in ENTITIES}
        for course in self.courses:
            seen = self.seen[course.key]
            of_order = cases.get(course.key, [])
            course.apart += [
                f"{one.text} [{', '.join(map(str, of_order)) or 'no case'}]"
                for one in differences(seen, by_hand=course.by_hand, is_decided=course.is_decided)
                if not one.is_named(of_order)
            ]
            course.undone += course.marks.undone(seen)
            for entity in ENTITIES:
                state = states[entity].get(course.key, "done")
                if state in {"due", "claimed"}:
                    course.apart.append(f"the key of {entity} is left {state}")
            course.apart += [f"{one} is open" for one in of_order if one.class_ == "unexpected"]

    def _open_cases(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in Quarantine(self.database()).list(pair=self.pair):
            found[entry.key].append(entry)
        return found

    def _all_cases(self) -> dict[str, list[Case]]:
        return {
            key: [Case(one.entity, one.class_, one.field) for one in entries]
            for key, entries in self._open_cases().items()
        }


def _named(key: str, done: Mapping[System, Facts]) -> Iterator[tuple[str, str, str]]:
    """What webhooks and sweeps would put into the inbox: entity, source, key."""
    store = {kind for kind, _ in done.get("store", {})}
    account = done.get("account", {})
    if store:
        yield ORDERS, "transaction" if "transaction" in store else "webhook", key
    if "refund" in store:
        yield REFUNDS, "webhook", key
    if "shipment" in store:
        yield SHIPMENTS, "webhook", key
    kinds = {kind for kind, _ in account}
    if kinds & OF_ORDER:
        yield ORDERS, "notice", key
    if "credit" in kinds:
        yield REFUNDS, "credit", key
    for kind, which in account:
        if kind == "note":
            yield SHIPMENTS, "notice", f"note-{which}"

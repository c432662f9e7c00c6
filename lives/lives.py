"""Many orders side by side, each with a life of its own, and the syncs in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Self

import httpx
from sqlalchemy import select

from agreement.differences import ORDERS, REFUNDS, SHIPMENTS, Case, differences
from agreement.records import ACCOUNT_PARTS, STORE_PARTS, OrderRecords, read_orders
from core.times import utc_now
from demo.controls import SYSTEMS as SANDBOXES
from demo.controls import Controls
from demo.controls import System as Sandbox
from lives import account_events, store_events  # noqa: F401 - they add their events
from lives.baskets import KINDS, Skus
from lives.changes import SYSTEMS, Changes, Facts, changes, facts
from lives.events import EVENTS, Request, System, chance_of, sometimes
from store.database import Database
from store.inbox import Inbox
from store.quarantine import Entry, Quarantine
from store.tables import ledger

SANDBOX_OF: Mapping[System, Sandbox] = {"store": "bigcommerce", "account": "brightpearl"}
ENTITIES = (ORDERS, SHIPMENTS, REFUNDS)
APPLIED = "person: applies a case"
OF_ORDER = {"order", "status", "address", "method", "row", "payment", "invoice"}
NEVER_WRITTEN = {"line", "charge"}
"""Facts of the store that no sync ever writes."""
TRIES = 6
PASSES = 6
"""So many passes over everything must bring quiet."""
NOTIFIED = 0.9
"""The share of events that the syncs are notified of at once; the others wait for the sweep."""


@dataclass(frozen=True)
class Step:
    """An event and when; the same draw does the same to the same order."""

    moment: int
    name: str
    draw: int

    def __str__(self) -> str:
        """For people, and to be played again."""
        return f"{self.moment} {self.name} #{self.draw}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A step as it is written."""
        moment, _, rest = text.strip().partition(" ")
        name, _, draw = rest.rpartition(" #")
        return cls(int(moment), name, int(draw))


@dataclass
class Life:
    """One order and what happened to it."""

    kind: str
    seed: str
    key: str = ""
    script: Sequence[Step] | None = None
    """What is to happen; None draws it."""
    done: list[Step] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    by_hand: set[str] = field(default_factory=set)
    """Shipments that store staff made."""
    differences: list[str] = field(default_factory=list)
    """In what both sides do not agree at quiet, or what is left to do."""
    undone: list[str] = field(default_factory=list)
    """What somebody changed and the syncs changed back, or must not have written."""

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be."""
        return [*self.differences, *self.undone]

    @property
    def is_decided(self) -> bool:
        """Whether a person applied a case of it."""
        return any(step.name == APPLIED for step in self.done)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A life to play again, as it is written: `card 91: 1 store: staff cancel it #4; …`."""
        seed, _, steps = text.partition(": ")
        return cls(seed.split()[0], seed, script=[Step.parse(step) for step in steps.split(";")])

    def __str__(self) -> str:
        """For people."""
        return f"{self.seed} (order {self.key}): {'; '.join(map(str, self.done))}"


@dataclass
class Lives:
    """Orders in both systems, and the syncs that process the inbox."""

    controls: Controls
    database: Callable[[], Database]
    sync: Callable[[], None]
    """Processes everything that is due."""
    skus: Skus
    pair: str = "default"
    lives: list[Life] = field(default_factory=list)
    cases: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)
    """Cases whose proposal is to be carried out."""
    orders: dict[str, OrderRecords] = field(default_factory=dict)

    def place(self, lives: Iterable[Life]) -> None:
        """Shoppers order, and all of it is imported."""
        new = list(lives)
        for life in new:
            basket = KINDS[life.kind](self.skus, chance_of(life.seed))
            basket.setdefault("email", f"shopper-{life.seed.replace(' ', '-')}@example.com")
            life.key = self.controls.place(basket)[0]
        self.lives += new
        self.due({ORDERS: {life.key for life in new}}, "webhook")
        self.sync()
        self.orders = self.read()

    def read(self) -> dict[str, OrderRecords]:
        """All orders as they are now."""
        store = self.controls.state("bigcommerce", *STORE_PARTS)
        account = self.controls.state("brightpearl", *ACCOUNT_PARTS)
        return read_orders(store, account, [life.key for life in self.lives])

    def writes(self) -> int:
        """Requests to both APIs since they were counted that may have changed something."""
        return sum(self.controls.counted(system).writes for system in SANDBOXES)

    def _carry_out(self, request: Request) -> bool:
        """Whether it could be done; what a sandbox refuses did not happen."""
        client = self.controls.clients[SANDBOX_OF[request.system]]
        path = f"/_sandbox/{request.what}"
        answer = client.request(request.method, path, json=request.body)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise AssertionError(f"{request}: {answer.status_code} {answer.text[:500]}")
        return answer.is_success

    def due(self, keys: Mapping[str, Iterable[str]], source: str) -> None:
        """Keys that may need work, by entity."""
        inbox = Inbox(self.database())
        for entity, of_entity in keys.items():
            if wanted := list(of_entity):
                inbox.put(self.pair, entity, wanted, source=source, now=utc_now())

    def make_all_due(self) -> None:
        """An operator makes all orders due, for every sync."""
        keys = [life.key for life in self.lives]
        self.due(dict.fromkeys(ENTITIES, keys), "operator")

    def advance(self, moment: int, *, share: float = 0.7) -> None:
        """Let events happen to a share of the orders; then run the syncs."""
        self.act(moment, share=share)
        self.notify(moment)

    def act(self, moment: int, *, share: float, but: Collection[str] = ()) -> None:
        """Let events happen to a share of the orders; none of those named in `but` is drawn."""
        self.read_cases()
        for life in self.lives:
            if life.script is None:
                self._draw(life, moment, share, but)
            else:
                for step in life.script:
                    if step.moment == moment:
                        self.do(life, step)

    def read_cases(self) -> None:
        """A person reads what is open."""
        self.cases = self._open_cases()

    def _draw(self, life: Life, moment: int, share: float, but: Collection[str]) -> None:
        chance = chance_of(life.seed, moment)
        if chance.random() > share:
            return
        for _ in range(TRIES):
            event = EVENTS.draw(chance, but)
            draw = chance.randrange(1000)
            name = event.name
            if self.cases.get(life.key) and sometimes(chance, 20):
                name = APPLIED
            if self.do(life, Step(moment, name, draw)):
                return

    def do(self, life: Life, step: Step) -> bool:
        """Whether it happened."""
        if step.name == APPLIED:
            is_done = self._apply(life, chance_of(step.draw))
        else:
            event = EVENTS[step.name]
            request = event.act(self.orders[life.key], chance_of(step.draw), self.skus)
            is_done = request is not None and self._carry_out(request)
        if is_done:
            life.done.append(step)
        return is_done

    def _apply(self, life: Life, chance: Random) -> bool:
        """A person says yes to what a case proposes."""
        cases = [one for one in self.cases.get(life.key, ()) if one.detail.get("proposal")]
        if not cases:
            return False
        chosen = chance.choice(sorted(cases, key=lambda one: one.id))
        self.decided.append(chosen.id)
        life.changes.forget()
        return True

    def notify(self, moment: int) -> None:
        """Record who did what, notify the syncs of most of it, and read what they did."""
        after = self.read()
        notices: dict[tuple[str, str], set[str]] = defaultdict(set)
        for life in self.lives:
            done = self._done(life.key, after)
            for system, facts_ in done.items():
                life.changes.add(moment, system, facts_)
                if system == "store":
                    life.by_hand |= {which for kind, which in facts_ if kind == "shipment"}
            if chance_of(life.seed, moment, "notified").random() < NOTIFIED:
                life.changes.notify(moment)
                for entity, source, key in _named(life.key, done):
                    notices[entity, source].add(key)
        for (entity, source), keys in notices.items():
            self.due({entity: keys}, source)
        self.carry_out_decisions()
        self.orders = after
        self.run_syncs(moment)

    def carry_out_decisions(self) -> None:
        """Let what people decided be done, at once."""
        Quarantine(self.database()).approve(self.decided, now=utc_now())
        self.decided.clear()

    def run_syncs(self, moment: int) -> None:
        """Run the syncs, and record what they changed."""
        self.sync()
        after = self.read()
        for life in self.lives:
            for system, facts_ in self._done(life.key, after).items():
                life.changes.add_synced(moment, system, facts_)
                written = [
                    fact for fact in facts_ if system == "store" and fact[0] in NEVER_WRITTEN
                ]
                if written:
                    life.undone.append(f"{moment}: written in the store: {written}")
        self.orders = after

    def _done(self, key: str, after: Mapping[str, OrderRecords]) -> dict[System, Facts]:
        found: dict[System, Facts] = {}
        for system in SYSTEMS:
            done = changes(facts(self.orders[key], system), facts(after[key], system))
            if done:
                found[system] = done
        return found

    def settle(self, moment: int) -> int:
        """Sync everything in full until nothing is written any more; the passes it took."""
        since = utc_now()
        for passed in range(1, PASSES + 1):
            since = utc_now()
            self.controls.reset_requests()
            self.make_all_due()
            self.run_syncs(moment)
            if self.writes() == 0:
                return passed
        self._name_endless_writes(since)
        return PASSES + 1

    def _name_endless_writes(self, since: datetime) -> None:
        """Record what the last pass still wrote with its order."""
        by_key = {life.key: life for life in self.lives}
        with self.database().read() as connection:
            written = connection.execute(
                select(ledger.c.entity, ledger.c.key, ledger.c.action, ledger.c.error)
                .where(ledger.c.intent_at >= since)
                .distinct()
            ).all()
        for row in written:
            if life := by_key.get(row.key):
                what = f"{row.entity} {row.action} {row.error or ''}".strip()
                life.differences.append(f"it is written without end: {what}")

    def judge(self) -> None:
        """Record everything that is wrong at quiet with its order."""
        cases = self._all_cases()
        inbox = Inbox(self.database())
        keys = [life.key for life in self.lives]
        states = {entity: inbox.states(self.pair, entity, keys) for entity in ENTITIES}
        for life in self.lives:
            records = self.orders[life.key]
            of_order = cases.get(life.key, [])
            life.differences += [
                f"{one.text} [{', '.join(map(str, of_order)) or 'no case'}]"
                for one in differences(records, by_hand=life.by_hand, is_decided=life.is_decided)
                if not one.is_named(of_order)
            ]
            life.undone += life.changes.undone(records)
            for entity in ENTITIES:
                state = states[entity].get(life.key, "done")
                if state in {"due", "claimed"}:
                    life.differences.append(f"the key of {entity} is left {state}")
            life.differences += [f"{one} is open" for one in of_order if one.class_ == "unexpected"]

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

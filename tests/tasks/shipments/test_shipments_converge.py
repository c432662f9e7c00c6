"""Any order of events, people at work in both systems: both sides end up agreeing, nothing twice.

The store and the account are models here, so that thousands of sequences can be tried; the plan and
what is remembered of it are the real ones.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.documents import change_label, create_label, delete_label
from tasks.shipments.load import what_stands
from tasks.shipments.matching import is_to_be_looked_at
from tasks.shipments.memory import ShipmentMemory, added
from tasks.shipments.plan import Scene, plan_order
from tasks.shipments.plan_models import Create, OrderPlan, Wanted
from tasks.shipments.standing import SHIP, Standing, StoreLine

START = datetime(2026, 3, 1, tzinfo=UTC)
GRACE = timedelta(minutes=60)
NUMBERS = st.sampled_from(["", "", "AA1", "BB2", "CC3"])


@dataclass
class Note:
    """A goods-out note."""

    units: dict[str, int]
    tracking: str
    shipped: bool = True


class Parcels(RuleBasedStateMachine):
    """One order of two lines to one or two addresses."""

    @initialize(quantities=st.tuples(st.integers(1, 4), st.integers(1, 4)), apart=st.booleans())
    def order(self, quantities: tuple[int, int], apart: bool) -> None:
        self.ordered = {"11": quantities[0], "12": quantities[1]}
        self.address = {"11": "1", "12": "2" if apart else "1"}
        self.notes: dict[str, Note] = {}
        self.store: dict[str, Shipment] = {}
        self.memory = ShipmentMemory()
        self.ledger: list[Entry] = []
        self.named: set[str] = set()
        self.now = START
        self.ids = itertools.count(1)
        self.by_staff: set[str] = set()
        self.withdrawn: set[str] = set()
        """Parts whose shipment staff deleted in the store."""
        self.corrected: dict[str, tuple[str, str]] = {}
        """By shipment: the number that staff entered, and the note's own at that time."""

    # --- what people do

    @rule(data=st.data(), tracking=NUMBERS)
    def note_leaves(self, data: st.DataObject, tracking: str) -> None:
        taken = added(note.units for note in self.notes.values())
        left = {line: n - taken.get(line, 0) for line, n in self.ordered.items()}
        units = {line: data.draw(st.integers(0, n)) for line, n in left.items() if n}
        if units := {line: n for line, n in units.items() if n}:
            key = f"note-{next(self.ids)}"
            self.notes[key] = Note(units, tracking)
            self.named.add(key)

    @precondition(lambda self: self.notes)
    @rule(data=st.data())
    def note_is_taken_back_or_sent_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.notes)))
        self.notes[key].shipped = not self.notes[key].shipped
        self.withdrawn -= {f"{key}/{address}" for address in self.address.values()}
        self.named.add(key)

    @precondition(lambda self: any(not note.shipped for note in self.notes.values()))
    @rule(data=st.data())
    def note_is_destroyed(self, data: st.DataObject) -> None:
        asleep = sorted(key for key, note in self.notes.items() if not note.shipped)
        key = data.draw(st.sampled_from(asleep))
        del self.notes[key]
        self.named.add(key)

    @precondition(lambda self: self.notes)
    @rule(data=st.data(), tracking=NUMBERS)
    def tracking_is_entered(self, data: st.DataObject, tracking: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.notes)))
        self.notes[key].tracking = tracking
        self.named.add(key)

    @rule(data=st.data(), tracking=NUMBERS)
    def staff_ship_in_the_store(self, data: st.DataObject, tracking: str) -> None:
        line = data.draw(st.sampled_from(sorted(self.ordered)))
        if room := self.ordered[line] - self.shipped.get(line, 0):
            units = {line: data.draw(st.integers(1, room))}
            made = self.make(self.address[line], units, {"tracking_number": tracking})
            self.by_staff.add(made.id)

    @precondition(lambda self: self.store)
    @rule(data=st.data())
    def staff_delete_in_the_store(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.store)))
        del self.store[key]
        self.withdrawn |= {part.ref for part in self.memory.parts if part.shipment_id == key}

    @precondition(lambda self: self.store and not self.unsure)  # else nobody could tell whose it is
    @rule(data=st.data())
    def staff_correct_a_number_in_the_store(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.store)))
        text = data.draw(st.sampled_from(["FIXED1", "FIXED2"]))
        self.store[key] = self.store[key].model_copy(update={"tracking_number": text})
        note = next((p.note_key for p in self.memory.parts if p.shipment_id == key), "")
        own = self.notes[note].tracking if note in self.notes else ""
        self.corrected[key] = (text, own)

    @rule(minutes=st.sampled_from([1, 30, 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- what we do

    @rule(whole=st.booleans(), dies=st.sampled_from(["", "", "unheard", "heard"]))
    def sync(self, whole: bool, dies: str) -> None:
        self.work(whole=whole, dies=dies)

    def work(self, *, whole: bool, dies: str = "") -> OrderPlan:
        """A run over the order; one that dies has written and remembers nothing of it.

        The ledger at least knows what was sent, and if it was heard, also what came of it.
        """
        standing = self.standing(whole=whole)
        plan = plan_order(standing, self.wanted(standing), Scene(self.now, GRACE))
        before = dict(self.store)
        self.ledger = [heard(one, dict(plan.heard_of)) for one in self.ledger]
        answers = self.write(plan)
        self.check_deletes(plan, standing)
        assert not self.withdrawn & {create.wanted.ref for create in plan.creates}
        for create in plan.creates:
            made = "" if dies == "unheard" else answers[create_label("100", create)].id
            self.ledger.append(entry(next(self.ids), create, made))
        if dies:
            return plan
        found = what_stands(plan, answers)
        assert found.error is None
        self.memory = ShipmentMemory(parts=tuple(found.parts))
        self.ledger = [one for one in self.ledger if one.written_id]
        self.named = set() if standing.looked is not None else self.named
        self.check_corrections(before)
        return plan

    def standing(self, *, whole: bool) -> Standing:
        shipped = self.shipped
        lines = {
            key: StoreLine(self.address[key], n, shipped.get(key, 0))
            for key, n in self.ordered.items()
        }
        known = {part.ref for part in self.memory.parts}
        fresh = added(one.units for one in self.parts(self.named) if one.ref not in known)
        fits = all(n <= self.ordered[line] - shipped.get(line, 0) for line, n in fresh.items())
        looked = None if whole or not fits else frozenset(self.named)
        standing = Standing("100", "200", 11, False, lines, self.memory, self.unsure, looked=looked)
        to_look = is_to_be_looked_at(standing.looked_parts, self.wanted(standing))
        if standing.is_as_told and not self.unsure and not to_look:
            return standing
        listed = tuple(self.store.values())
        return replace(standing, shipments=listed, made=tuple(self.ledger))

    @property
    def unsure(self) -> tuple[Entry, ...]:
        return tuple(one for one in self.ledger if not one.written_id)

    def wanted(self, standing: Standing) -> list[Wanted]:
        keys = self.notes if standing.looked is None else standing.looked
        return self.parts(keys)

    def parts(self, keys: Any) -> list[Wanted]:
        found = []
        for key in sorted(set(keys) & self.notes.keys(), key=lambda key: int(key[5:])):
            note = self.notes[key]
            for address in sorted(set(self.address.values())):
                units = {k: n for k, n in note.units.items() if self.address[k] == address}
                told = {"tracking_number": note.tracking} if note.tracking else {}
                if units and note.shipped:
                    found.append(Wanted(key, address, units, {}, told))
        return found

    def write(self, plan: OrderPlan) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for part in plan.takes_back:
            self.store.pop(part.shipment_id, None)  # deleting what is gone is no error
            answers[delete_label("100", part)] = None
        for create in plan.creates:
            made = self.make(create.wanted.address_id, dict(create.units), create.wanted.told)
            answers[create_label("100", create)] = made
        for change in plan.changes:
            if change.fields:
                key = change.part.shipment_id
                self.store[key] = self.store[key].model_copy(update=dict(change.fields))
                answers[change_label("100", change)] = self.store[key]
        return answers

    def make(self, address: str, units: dict[str, int], told: Any) -> Shipment:
        """A shipment in the store, which takes no more than was ordered."""
        for line, n in units.items():
            assert n <= self.ordered[line] - self.shipped.get(line, 0), "more than was ordered"
        made = Shipment.model_validate(
            {
                "id": next(self.ids),
                "order_address_id": address,
                "date_created": self.now.isoformat(),
                "items": [{"order_product_id": k, "quantity": n} for k, n in units.items()],
                **told,
            }
        )
        self.store[made.id] = made
        return made

    @property
    def shipped(self) -> dict[str, int]:
        return dict(added(one.units for one in self.store.values()))

    # --- what must hold

    def check_deletes(self, plan: OrderPlan, standing: Standing) -> None:
        """No shipment is taken back while its note says the same."""
        says = {one.ref: one.units for one in self.parts(self.notes)}
        for part in plan.takes_back:
            assert says.get(part.ref) != part.whole or not standing.was_looked_at(part.note_key)

    def check_corrections(self, before: dict[str, Shipment]) -> None:
        """A number that staff corrected stays, unless the note's own changed since."""
        owner = {part.shipment_id: part.note_key for part in self.memory.parts}
        for key, (text, own) in self.corrected.items():
            note = self.notes.get(owner.get(key, ""))
            if key in before and key in self.store and note and note.tracking == own:
                assert self.store[key].tracking_number == text

    def teardown(self) -> None:
        """At rest both sides agree, but for what a person has to decide."""
        if not hasattr(self, "store"):
            return
        for _ in range(3):
            self.work(whole=True)
            self.now += GRACE * 2
        plan = self.work(whole=True)
        assert not (plan.takes_back)
        assert not (plan.creates)
        assert not (plan.changes)
        assert not (plan.wakes_at)
        told = Counter(part.ref for part in self.memory.parts)
        assert set(told.values()) <= {1}
        ids = Counter(part.shipment_id for part in self.memory.parts)
        assert set(ids.values()) <= {1}
        if not plan.cases:
            assert {one.ref: one.units for one in self.parts(self.notes)} == {
                part.ref: part.units for part in self.memory.parts
            }
            self.check_store(ids)

    def check_store(self, ids: Counter[str]) -> None:
        """Units agree line by line, but for what staff shipped and no note speaks of."""
        assert self.store.keys() - self.by_staff <= ids.keys(), "shipped twice"
        if self.shipped == self.memory.units:
            return
        assert all(part.shipment_id in self.store for part in self.memory.parts)
        theirs = added(one.units for one in self.store.values() if one.id not in ids)
        assert self.shipped == added([self.memory.units, theirs])


def entry(number: int, create: Create, made: str) -> Entry:
    """The ledger's row of a shipment; nobody heard of it again without its id."""
    values: dict[str, Any] = dict.fromkeys(Entry.__dataclass_fields__, "")
    after = {"units": dict(create.units), **create.wanted.told}
    known = {"id": number, "action": SHIP, "natural_key": create.wanted.ref, "written_id": made}
    return Entry(**{**values, **known, "before": {}, "after": after})


def heard(one: Entry, found: dict[int, str]) -> Entry:
    return replace(one, written_id=found[one.id]) if one.id in found else one


Parcels.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=16,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestParcels = Parcels.TestCase

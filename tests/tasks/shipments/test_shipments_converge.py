"""Any order of events, people at work in both systems: both sides end up agreeing, nothing twice.

The store and the account are models here, so that thousands of sequences can be tried; the plan and
what is agreed on afterwards are the real ones.
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
from store_orders import store_line, store_order

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.frames import AgreedShipments, DesiredPart, ShippingState, added
from tasks.shipments.matching import needs_shipments
from tasks.shipments.operations import (
    CreateShipment,
    DeleteShipment,
    ShipmentPlan,
    ShipmentProgress,
    UpdateShipment,
)
from tasks.shipments.plan import PlanContext, plan_order

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

    @initialize(quantities=st.tuples(st.integers(1, 4), st.integers(1, 4)), several=st.booleans())
    def order(self, quantities: tuple[int, int], several: bool) -> None:
        self.ordered = {"11": quantities[0], "12": quantities[1]}
        self.address = {"11": "1", "12": "2" if several else "1"}
        self.notes: dict[str, Note] = {}
        self.store: dict[str, Shipment] = {}
        self.agreed = AgreedShipments()
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
        if left := self.ordered[line] - self.shipped.get(line, 0):
            units = {line: data.draw(st.integers(1, left))}
            made = self.make(self.address[line], units, {"tracking_number": tracking})
            self.by_staff.add(made.id)

    @precondition(lambda self: self.store)
    @rule(data=st.data())
    def staff_delete_in_the_store(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.store)))
        del self.store[key]
        self.withdrawn |= {part.ref for part in self.agreed.parts if part.shipment_id == key}

    @precondition(lambda self: self.store and not self.unanswered)  # else nobody knows whose it is
    @rule(data=st.data())
    def staff_correct_a_number_in_the_store(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.store)))
        text = data.draw(st.sampled_from(["FIXED1", "FIXED2"]))
        self.store[key] = self.store[key].model_copy(update={"tracking_number": text})
        note = next((p.note_key for p in self.agreed.parts if p.shipment_id == key), "")
        own = self.notes[note].tracking if note in self.notes else ""
        self.corrected[key] = (text, own)

    @rule(minutes=st.sampled_from([1, 30, 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- what we do

    @rule(whole=st.booleans(), dies=st.sampled_from(["", "", "unanswered", "answered"]))
    def sync(self, whole: bool, dies: str) -> None:
        self.work(whole=whole, dies=dies)

    @rule(fails_at=st.integers(0, 2))
    def sync_until_a_write_fails(self, fails_at: int) -> None:
        self.work(whole=True, fails_at=fails_at)

    def work(self, *, whole: bool, dies: str = "", fails_at: int | None = None) -> ShipmentPlan:
        """A run over the order; one that dies has written and keeps nothing of it.

        The ledger at least knows what was sent, and if it was answered, also what came of it.
        """
        state = self.state(whole=whole)
        plan = plan_order(state, self.desired(state), PlanContext(self.now, GRACE))
        before = dict(self.store)
        self.ledger = [answered(one, plan) for one in self.ledger]
        sent = plan.operations[:fails_at]
        record = self.write(plan, sent, is_answered=dies != "unanswered")
        self.check_deletes(plan, state)
        if dies:
            update = {"is_settled": self.agreed.is_settled and not plan.operations}
            self.agreed = self.agreed.model_copy(update=update)
            return plan
        self.agreed = record.agreed(is_settled=len(sent) == len(plan.operations))
        self.ledger = [one for one in self.ledger if one.written_id]
        self.named = set() if state.notes_read is not None else self.named
        self.check_corrections(before)
        return plan

    def state(self, *, whole: bool) -> ShippingState:
        shipped = self.shipped
        lines = [
            store_line(key, self.address[key], n, shipped.get(key, 0))
            for key, n in self.ordered.items()
        ]
        known = {part.ref for part in self.agreed.parts}
        fresh = added(one.units for one in self.parts(self.named) if one.ref not in known)
        fits = all(n <= self.ordered[line] - shipped.get(line, 0) for line, n in fresh.items())
        read = None if whole or not fits else frozenset(self.named)
        state = ShippingState(store_order(*lines), self.agreed, notes_read=read)
        if not needs_shipments(state, self.desired(state)):
            return state
        listed = tuple(self.store.values())
        return replace(state, shipments=listed, history=tuple(self.ledger))

    @property
    def unanswered(self) -> tuple[Entry, ...]:
        return tuple(one for one in self.ledger if not one.written_id)

    def desired(self, state: ShippingState) -> list[DesiredPart]:
        keys = self.notes if state.notes_read is None else state.notes_read
        return self.parts(keys)

    def parts(self, keys: Any) -> list[DesiredPart]:
        found = []
        for key in sorted(set(keys) & self.notes.keys(), key=lambda key: int(key[5:])):
            note = self.notes[key]
            for address in sorted(set(self.address.values())):
                units = {k: n for k, n in note.units.items() if self.address[k] == address}
                tracking = {"tracking_number": note.tracking} if note.tracking else {}
                if units and note.shipped:
                    found.append(DesiredPart(key, address, units, {}, tracking))
        return found

    def write(self, plan: ShipmentPlan, sent: Any, *, is_answered: bool) -> ShipmentProgress:
        record = ShipmentProgress(plan=plan, parts=list(plan.parts))
        for operation in sent:
            answer = None
            match operation:
                case DeleteShipment(part):
                    self.store.pop(part.shipment_id, None)  # deleting what is gone is no error
                case CreateShipment(part, units):
                    assert part.ref not in self.withdrawn
                    answer = self.make(part.address_id, dict(units), part.tracking)
                    written = answer.id if is_answered else ""
                    self.ledger.append(entry(next(self.ids), operation, written))
                case UpdateShipment(part, fields):
                    key = part.shipment_id
                    self.store[key] = self.store[key].model_copy(update=dict(fields))
            operation.apply(record, answer)
        return record

    def make(self, address: str, units: dict[str, int], tracking: Any) -> Shipment:
        """A shipment in the store, which takes no more than was ordered."""
        for line, n in units.items():
            assert n <= self.ordered[line] - self.shipped.get(line, 0), "more than was ordered"
        made = Shipment.model_validate(
            {
                "id": next(self.ids),
                "order_address_id": address,
                "date_created": self.now.isoformat(),
                "items": [{"order_product_id": k, "quantity": n} for k, n in units.items()],
                **tracking,
            }
        )
        self.store[made.id] = made
        return made

    @property
    def shipped(self) -> dict[str, int]:
        return dict(added(one.units for one in self.store.values()))

    # --- what must hold

    def check_deletes(self, plan: ShipmentPlan, state: ShippingState) -> None:
        """No shipment is deleted while its note says the same."""
        says = {one.ref: one.units for one in self.parts(self.notes)}
        for one in plan.operations:
            if isinstance(one, DeleteShipment):
                part = one.part
                assert says.get(part.ref) != part.note_units or not state.has_read(part.note_key)

    def check_corrections(self, before: dict[str, Shipment]) -> None:
        """A number that staff corrected stays, unless the note's own changed since."""
        owner = {part.shipment_id: part.note_key for part in self.agreed.parts}
        for key, (text, own) in self.corrected.items():
            note = self.notes.get(owner.get(key, ""))
            if key in before and key in self.store and note and note.tracking == own:
                assert self.store[key].tracking_number == text

    def teardown(self) -> None:
        """In the end both sides agree, but for what a person has to decide."""
        if not hasattr(self, "store"):
            return
        for _ in range(3):
            self.work(whole=True)
            self.now += GRACE * 2
        plan = self.work(whole=True)
        assert plan.operations == ()
        assert sorted(plan.parts, key=str) == sorted(self.agreed.parts, key=str)
        assert plan.wake_at is None
        refs = Counter(part.ref for part in self.agreed.parts)
        assert set(refs.values()) <= {1}
        ids = Counter(part.shipment_id for part in self.agreed.parts)
        assert set(ids.values()) <= {1}
        if not plan.cases:
            assert {one.ref: one.units for one in self.parts(self.notes)} == {
                part.ref: part.units for part in self.agreed.parts
            }
            self.check_store(ids)

    def check_store(self, ids: Counter[str]) -> None:
        """Units agree line by line, but for what staff shipped and no note names."""
        assert self.store.keys() - self.by_staff <= ids.keys(), "shipped twice"
        if self.shipped == self.agreed.units:
            return
        assert all(part.shipment_id in self.store for part in self.agreed.parts)
        by_others = added(one.units for one in self.store.values() if one.id not in ids)
        assert self.shipped == added([self.agreed.units, by_others])


def entry(number: int, create: CreateShipment, written: str) -> Entry:
    """The ledger's row of a shipment; without its id it was not answered."""
    values: dict[str, Any] = dict.fromkeys(Entry.__dataclass_fields__, "")
    after = {"units": dict(create.units), **create.part.tracking}
    known = {"id": number, "natural_key": create.part.ref, "written_id": written}
    known |= {"action": create.kind, "outcome": "written" if written else "unknown"}
    return Entry(**{**values, **known, "before": {}, "after": after})


def answered(one: Entry, plan: ShipmentPlan) -> Entry:
    found = {recovered.intent_id: recovered.written_id for recovered in plan.recovered}
    return replace(one, written_id=found[one.id]) if one.id in found else one


Parcels.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=16,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestParcels = Parcels.TestCase

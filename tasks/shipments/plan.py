"""What to write so that both sides agree: desired minus actual.

Worked out before, and apart from, any write. Pure. Brightpearl's notes say what left; what people
did in the store by hand stands unless it contradicts them, and then a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.frames import records
from core.times import utc_now
from tasks.claim import Run
from tasks.outcome import Obstacle
from tasks.policy import PURE, step
from tasks.shipments import cases
from tasks.shipments.desired import Desired
from tasks.shipments.matching import (
    Recovered,
    best,
    blank_fields,
    is_edited,
    is_same,
    news,
    plain,
    recovered,
)
from tasks.shipments.memory import FIELDS, Part, added
from tasks.shipments.plan_models import Change, Create, OrderPlan, Plan, Wanted
from tasks.shipments.standing import Standing

CLOSED = {0: "incomplete", 4: "refunded", 5: "cancelled", 6: "declined"}
"""Statuses of orders that nothing is shipped for without a person's word."""


@dataclass(frozen=True)
class Scene:
    """What a plan depends on besides both sides."""

    now: datetime
    grace: timedelta
    """How long a shipment stands whose note was taken back."""
    approved: frozenset[tuple[str, str]] = frozenset()
    """Proposals that a person approved: (order, case's value)."""


def scene_of(run: Run) -> Scene:
    """The scene of a run, at this moment."""
    grace = timedelta(minutes=run.world.pair.shipments.unshipped_grace_minutes)
    return Scene(utc_now(), grace, frozenset(run.approved()))


@step("plan-shipments", PURE)
def plan_shipments(desired: Desired, standings: Mapping[str, Standing], scene: Scene) -> Plan:
    """The plan for a batch. In: validated frames of core/shipments.py, and the store's side."""
    return work_out(desired, standings, scene)


def work_out(desired: Desired, standings: Mapping[str, Standing], scene: Scene) -> Plan:
    """Desired minus actual (see `plan_shipments`)."""
    wanted = wanted_parts(desired)
    return Plan(
        tuple(
            plan_order(standing, wanted.get(order_id, []), scene)
            for order_id, standing in standings.items()
        )
    )


def plan_order(standing: Standing, wanted: Sequence[Wanted], scene: Scene) -> OrderPlan:
    """What one order needs. In: its parts in the order in which they left."""
    return _Planning(standing, scene).plan(wanted)


def wanted_parts(desired: Desired) -> dict[str, list[Wanted]]:
    """The parts of each order, in the order in which they left."""
    units: dict[tuple[str, str], Counter[str]] = {}
    strange: dict[tuple[str, str], Counter[str]] = {}
    for row in records(desired.units):
        key = row["order_id"], row["part_ref"]
        of_line, of_row = units.setdefault(key, Counter()), strange.setdefault(key, Counter())
        if row["line_id"]:
            of_line[row["line_id"]] += row["qty"]
        else:
            of_row[row["row_id"]] += row["qty"]
    found: dict[str, list[Wanted]] = {}
    ordered = desired.shipments.sort_values("shipped_at", kind="stable", na_position="first")
    for row in records(ordered):
        key = row["order_id"], row["part_ref"]
        found.setdefault(row["order_id"], []).append(
            Wanted(
                row["note_key"],
                row["address_id"],
                dict(units.get(key, {})),
                dict(strange.get(key, {})),
                {name: row[name] for name in FIELDS if row[name]},
            )
        )
    return found


@dataclass
class _Planning:
    """One order on its way through the plan."""

    standing: Standing
    scene: Scene
    parts: list[Part] = field(default_factory=list)
    """What the store was told, as far as it is known now."""
    takes_back: list[Part] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    kept: list[Part] = field(default_factory=list)
    deleted: dict[str, Part] = field(default_factory=dict)
    """Parts whose shipment somebody deleted in the store, by name."""
    cases: list[Obstacle] = field(default_factory=list)

    def plan(self, wanted: Sequence[Wanted]) -> OrderPlan:
        """The order's plan."""
        found = recovered(self.standing)
        self.parts = [*self.standing.memory.parts, *(one.part for one in found)]
        fresh, orphans = self._compare(wanted)
        fresh = self._stand_in(fresh, orphans)
        fresh = self._find_in_store(fresh)
        for one in fresh:
            self._ship(one, orphans)
        wakes_at = self._let_go(orphans)
        standing = self.standing
        return OrderPlan(
            order_id=standing.order_id,
            order_id_bp=standing.order_id_bp,
            status_id=_status_before(standing, found),
            takes_back=tuple(part for part in self.takes_back if part.shipment_id),
            creates=tuple(self.creates),
            changes=tuple(self.changes),
            kept=tuple(self.kept),
            cases=tuple(self.cases),
            wakes_at=wakes_at,
            is_remembered=tuple(self.kept) == standing.memory.parts,
            is_followed=not found and not standing.memory.follows,
            heard_of=tuple(
                (one.entry.id, one.part.shipment_id) for one in found if not one.entry.written_id
            ),
        )

    def _compare(self, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Part]]:
        """Parts that the store was not told of, and those that no note stands behind any more."""
        by_ref = {one.ref: one for one in wanted}
        fresh = dict(by_ref)
        orphans: list[Part] = []
        torn = self._torn(wanted)
        for part in self.parts:
            one = by_ref.get(part.ref)
            if part.note_key in torn and self._is_there(part):
                self.kept.append(part)
                fresh.pop(part.ref, None)
            elif one is None and not self.standing.was_looked_at(part.note_key):
                self.kept.append(part)
            elif one is None:
                orphans += [part] if self._is_there(part) else []
            elif part.whole != one.said:
                self.takes_back += [part] if self._is_there(part) else []
            elif self._is_there(part):
                del fresh[one.ref]
                self._keep(part, one)
            else:
                self.deleted[one.ref] = part
        strange = [one for one in wanted if one.note_key in torn and one.strange]
        for one in strange:
            fresh.pop(one.ref, None)
            self._passes(cases.unknown(self.standing, one))
        return list(fresh.values()), orphans

    def _torn(self, wanted: Sequence[Wanted]) -> set[str]:
        """Notes that left with units of lines which the store has dropped since.

        What was told of them stands: the goods are with the shopper all the same.
        """
        left = {one.note_key for one in wanted}
        return {
            part.note_key
            for part in self.parts
            if part.note_key in left and part.units.keys() - self.standing.lines.keys()
        }

    def _is_there(self, part: Part) -> bool:
        """Whether the store still has it, as far as its shipments were listed."""
        is_listed = self.standing.shipments is not None
        return not (is_listed and part.shipment_id and not self.standing.shipment(part.shipment_id))

    def _keep(self, part: Part, one: Wanted) -> None:
        """The shipment stays; what is known now and was not told before is told."""
        new = self._news(part, one)
        told = {**part.told, **one.told}
        if new is None:
            self.kept.append(part)
        elif new or part.told != told:
            now = part.model_copy(update={"told": told, "absent_since": None})
            self._change(part, now, new)
        else:
            self.kept.append(part.model_copy(update={"absent_since": None}))

    def _news(self, part: Part, one: Wanted) -> dict[str, str] | None:
        """What is to be told of a shipment; None if a person has to decide.

        What staff changed in the store since stays; a number of theirs against a new one of the
        note is a case.
        """
        new = news(part.told, one.told) if part.shipment_id else {}
        there = self.standing.shipment(part.shipment_id)
        if not new or there is None:
            return new
        number = one.told.get("tracking_number")
        if "tracking_number" in new and is_edited(there, part, "tracking_number"):
            if plain(there.tracking_number) != plain(number):
                case = cases.tracking(self.standing, one, there.tracking_number)
                return new if self._passes(case) else None
            del new["tracking_number"]
        return {name: text for name, text in new.items() if not is_edited(there, part, name)}

    def _change(self, part: Part, now: Part, new: Mapping[str, str]) -> None:
        before = {name: part.told.get(name, "") for name in new}
        self.changes.append(Change(now, new, before))

    def _stand_in(self, fresh: list[Wanted], orphans: list[Part]) -> list[Wanted]:
        """A shipment whose note is gone stands for another note with the same units."""
        left: list[Wanted] = []
        for one in fresh:
            same = [part for part in orphans if is_same(part, one)]
            part = min(same, key=lambda part: part.told != one.told, default=None)
            if part is None:
                left.append(one)
                continue
            orphans.remove(part)
            new = self._news(part, one)
            if new is None:
                self.kept.append(part)
            else:
                self._change(part, one.part(part.shipment_id, part.units), new)
        return left

    def _find_in_store(self, fresh: list[Wanted]) -> list[Wanted]:
        """Shipments that are there already: staff made them, or our answer was lost."""
        known = {part.shipment_id for part in self.parts}
        foreign = [one for one in self.standing.shipments or () if one.id not in known]
        left: list[Wanted] = []
        for one in sorted(fresh, key=lambda one: "tracking_number" not in one.told):
            match = best(one, foreign)
            if match is None:
                left.append(one)
                continue
            foreign.remove(match)
            fields = blank_fields(match, one)
            before = dict.fromkeys(fields, "")
            part = one.part(match.id, match.units)
            self.changes.append(Change(part, fields, before))
        return [one for one in fresh if one in left]

    def _ship(self, one: Wanted, orphans: list[Part]) -> None:
        """A new shipment, as far as there is room; else a case."""
        gone = self.deleted.get(one.ref)
        if gone and not self._passes(cases.deleted(self.standing, one)):
            self.kept.append(gone)
            return
        status = CLOSED.get(self.standing.status_id)
        status = "archived" if self.standing.is_deleted else status
        if status and not self._passes(cases.closed(self.standing, one, status)):
            return
        if one.strange and not self._passes(cases.unknown(self.standing, one)):
            return
        if not self._fits(one.units):
            in_the_way = [part for part in orphans if part.units.keys() & one.units.keys()]
            self.takes_back += in_the_way
            orphans[:] = [part for part in orphans if part not in in_the_way]
        units = self._room(one.units)
        if units != one.units and not self._passes(cases.excess(self.standing, one, units)):
            return
        if units:
            self.creates.append(Create(one, units))
        else:
            self.kept.append(one.part("", {}))

    def _fits(self, units: Mapping[str, int]) -> bool:
        return self._room(units) == units

    def _room(self, units: Mapping[str, int]) -> Mapping[str, int]:
        """As many of the units as may still be shipped."""
        back = added(part.units for part in self.takes_back)
        out = added(create.units for create in self.creates)
        room = {
            line_id: line.quantity - line.shipped + back.get(line_id, 0) - out.get(line_id, 0)
            for line_id, line in self.standing.lines.items()
        }
        fitting = {line: min(count, room.get(line, 0)) for line, count in units.items()}
        return {line_id: count for line_id, count in fitting.items() if count > 0}

    def _let_go(self, orphans: Sequence[Part]) -> datetime | None:
        """Shipments of notes that were taken back stand for a while: most are sent again."""
        wakes: list[datetime] = []
        if self.standing.is_gone:
            self.kept += orphans
            return None
        for part in orphans:
            since = part.absent_since or self.scene.now
            until = since + self.scene.grace
            if until <= self.scene.now or not part.shipment_id:
                self.takes_back.append(part)
            else:
                self.kept.append(part.model_copy(update={"absent_since": since}))
                wakes.append(until)
        return min(wakes, default=None)

    def _passes(self, case: Obstacle) -> bool:
        """Whether a person approved of what is proposed; else the case is opened."""
        if not self._approves(case):
            self.cases.append(case)
            return False
        return True

    def _approves(self, case: Obstacle) -> bool:
        return (self.standing.order_id, case.value) in self.scene.approved


def _status_before(standing: Standing, found: Sequence[Recovered]) -> int:
    """The store's status before shipments moved it, those of runs that died included."""
    told = [one.entry.before.get("status_id") for one in found]
    return next(filter(None, [standing.memory.follows, *told]), standing.status_id)

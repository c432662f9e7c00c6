"""What to write so that both sides agree: desired minus actual.

Worked out before any write, and without any. Pure. Brightpearl's notes say what left; what people
did in the store by hand stands unless it contradicts them, and then a person decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.bigcommerce.shipment_models import Shipment
from core.ids import DROP_SHIP
from core.refusals import Refusal
from store.ledger import Conclusion
from tasks.bigcommerce.orders import FINAL
from tasks.policy import PURE, step
from tasks.reconciler.cases import Decisions, review
from tasks.reconciler.run import Run
from tasks.shipments.frames import Desired, DesiredPart, desired_parts
from tasks.shipments.matching import (
    Recovered,
    best_match,
    can_stand_for,
    merge_tracking,
    recovered,
)
from tasks.shipments.operations import (
    CreateShipment,
    DeleteShipment,
    ShipmentPlan,
    UpdateShipment,
)
from tasks.shipments.state import Part, ShippingState, added

CLOSED = {0: "incomplete", **{int(status): name for status, name in FINAL.items()}}
"""Statuses of orders that nothing is shipped for unless a person says so."""
GOODS_NOTE = "goods note"
"""Condition that an order waits for whose note was taken back: any of its notes leaves."""

NO_DECISIONS = Decisions()


@dataclass(frozen=True)
class PlanContext:
    """What a plan depends on besides both sides."""

    now: datetime
    grace: timedelta
    """How long a shipment stays whose note was taken back."""
    decisions: Decisions = NO_DECISIONS


@step("plan-shipments", PURE)
def plan_shipments(
    run: Run, desired: Desired, states: Mapping[str, ShippingState]
) -> list[ShipmentPlan]:
    """The plans of a batch. In: validated frames, and the store's side."""
    grace = timedelta(minutes=run.connections.pair.shipments.unshipped_grace_minutes)
    context = PlanContext(run.now(), grace, run.decisions())
    parts = desired_parts(desired)
    return [plan_order(state, parts.get(key, ()), context) for key, state in states.items()]


def plan_order(
    state: ShippingState, desired: Sequence[DesiredPart], context: PlanContext
) -> ShipmentPlan:
    """What one order needs. In: its parts in the sequence in which they left."""
    return _Planning(state, context).plan(desired)


@dataclass
class _Planning:
    """One order on its way through the plan."""

    state: ShippingState
    context: PlanContext
    parts: list[Part] = field(default_factory=list)
    """What was agreed on or recovered."""
    kept: list[Part] = field(default_factory=list)
    deleted: list[Part] = field(default_factory=list)
    creates: list[CreateShipment] = field(default_factory=list)
    updates: list[UpdateShipment] = field(default_factory=list)
    deleted_by_staff: dict[str, Part] = field(default_factory=dict)
    """Parts whose shipment somebody deleted in the store, by name."""
    is_adopted: bool = False
    """Whether a shipment stands for another part, or says more, without a write."""
    cases: list[Refusal] = field(default_factory=list)

    def plan(self, desired: Sequence[DesiredPart]) -> ShipmentPlan:
        """The order's plan."""
        found = recovered(self.state)
        self.parts = [*self.state.agreed.parts, *(one.part for one in found)]
        new, orphans = self._compare(desired)
        new = self._reuse(new, orphans)
        new = self._find_in_store(new)
        for one in new:
            self._ship(one, orphans)
        wake_at = self._withdraw(orphans)
        in_store = [part for part in self.deleted if part.shipment_id]
        deletes = [DeleteShipment(part) for part in in_store]
        agreed = self.state.agreed
        return ShipmentPlan(
            key=self.state.order_id,
            operations=(*deletes, *self.creates, *self.updates),
            cases=tuple(self.cases),
            result=self._result(is_deleting=bool(deletes), is_waiting=wake_at is not None),
            reason=_waiting(wake_at),
            waits_for=(GOODS_NOTE,) if wake_at else (),
            wake_at=wake_at,
            state=self.state,
            parts=(*self.kept, *in_store),
            status_before=_status_before(self.state, found),
            moves_status=bool(deletes or self.creates or found or agreed.status_before),
            recovered=tuple(
                Conclusion(one.entry.id, "written", one.part.shipment_id)
                for one in found
                if not one.entry.written_id
            ),
        )

    def _result(self, *, is_deleting: bool, is_waiting: bool) -> str:
        """The most of what is done."""
        results = {
            "shipped": bool(self.creates),
            "changed": is_deleting or bool(self.updates),
            "adopted": self.is_adopted,
            "held": bool(self.cases),
            "waiting": is_waiting,
        }
        return next((result for result, applies in results.items() if applies), "unchanged")

    def _compare(self, desired: Sequence[DesiredPart]) -> tuple[list[DesiredPart], list[Part]]:
        """Parts that have no shipment yet, and those that no note stands behind any more."""
        by_ref = {one.ref: one for one in desired}
        new = dict(by_ref)
        orphans: list[Part] = []
        torn = self._torn(desired)
        for part in self.parts:
            one = by_ref.get(part.ref)
            if part.note_key in torn and self._exists(part):
                self.kept.append(part)
                new.pop(part.ref, None)
            elif one is None and not self.state.has_read(part.note_key):
                self.kept.append(part)
            elif one is None:
                orphans += [part] if self._exists(part) else []
            elif part.note_units != one.note_units:
                self.deleted += [part] if self._exists(part) else []
            elif self._exists(part):
                new.pop(one.ref, None)
                self._keep(part, one)
            else:
                self.deleted_by_staff[one.ref] = part
        for one in desired:
            if one.note_key in torn and one.unplaced:
                new.pop(one.ref, None)
                self._passes_unplaced(one)
        return list(new.values()), orphans

    def _torn(self, desired: Sequence[DesiredPart]) -> set[str]:
        """Notes that left with units of lines which the store has dropped since.

        Their shipments stay: the goods are with the shopper all the same.
        """
        left = {one.note_key for one in desired}
        return {
            part.note_key
            for part in self.parts
            if part.note_key in left and part.units.keys() - self.state.lines.keys()
        }

    def _exists(self, part: Part) -> bool:
        """Whether the store still has its shipment, as far as shipments were listed."""
        is_listed = self.state.shipments is not None
        return not (is_listed and part.shipment_id and not self.state.shipment(part.shipment_id))

    def _keep(self, part: Part, one: DesiredPart) -> None:
        """The shipment of a part stands for this one; what it is to say besides is updated.

        A part whose tracking a person has to decide about stays as it is.
        """
        changes = self._changes(part, one)
        if changes is None:
            self.kept.append(part)
            return
        before = {name: part.tracking.get(name, "") for name in changes}
        tracking = {**part.tracking, **one.tracking, **before}
        kept = one.agreed(part.shipment_id, part.units).model_copy(
            update={"tracking": {name: text for name, text in tracking.items() if text}}
        )
        self.kept.append(kept)
        self.is_adopted |= kept.model_copy(update={"absent_since": part.absent_since}) != part
        if changes:
            self.updates.append(UpdateShipment(kept, changes, before))

    def _changes(self, part: Part, one: DesiredPart) -> Mapping[str, str] | None:
        """What a shipment is to say that it does not say yet; None if a person has to decide."""
        if not part.shipment_id:
            return {}
        merged = merge_tracking(part, one, self.state.shipment(part.shipment_id))
        names = list(merged.for_bigcommerce)
        for conflict in merged.conflicts:
            if not self._passes_tracking(one, conflict.brightpearl, conflict.bigcommerce):
                return None
            names.append(conflict.name)
        return {name: one.tracking[name] for name in names}

    def _reuse(self, new: list[DesiredPart], orphans: list[Part]) -> list[DesiredPart]:
        """A shipment whose note is gone stands for another note with the same units."""
        left: list[DesiredPart] = []
        for one in new:
            same = [part for part in orphans if can_stand_for(part, one)]
            part = min(same, key=lambda part: part.tracking != one.tracking, default=None)
            if part is None:
                left.append(one)
                continue
            orphans.remove(part)
            self._keep(part, one)
        return left

    def _find_in_store(self, new: list[DesiredPart]) -> list[DesiredPart]:
        """Shipments that staff made stand for parts with the same units; blank ones are filled."""
        known = {part.shipment_id for part in self.parts}
        foreign = [one for one in self.state.shipments or () if one.id not in known]
        left: list[DesiredPart] = []
        for one in sorted(new, key=lambda one: "tracking_number" not in one.tracking):
            match = best_match(one, foreign)
            if match is None:
                left.append(one)
                continue
            foreign.remove(match)
            if match.tracking_number.strip() or "tracking_number" not in one.tracking:
                self.kept.append(one.agreed(match.id, match.units))
                self.is_adopted = True
            else:
                self._keep(_made_by_staff(match), one)
        return [one for one in new if one in left]

    def _ship(self, one: DesiredPart, orphans: list[Part]) -> None:
        """A new shipment, as far as units are left and nobody has to decide about it first."""
        deleted = self.deleted_by_staff.get(one.ref)
        if deleted and not self._passes_deleted(one):
            self.kept.append(deleted)
            return
        if not self._passes_closed(one) or (one.unplaced and not self._passes_unplaced(one)):
            return
        if self._fitting(one.units) != one.units:
            in_the_way = [part for part in orphans if part.units.keys() & one.units.keys()]
            self.deleted += in_the_way
            orphans[:] = [part for part in orphans if part not in in_the_way]
        units = self._fitting(one.units)
        if units != one.units and not self._passes_excess(one, units):
            return
        if units:
            self.creates.append(CreateShipment(one, units))
        else:
            self.kept.append(one.agreed("", {}))

    def _fitting(self, units: Mapping[str, int]) -> Mapping[str, int]:
        """As many of the units as may still be shipped."""
        back = added(part.units for part in self.deleted)
        out = added(create.units for create in self.creates)
        left = {
            line_id: count + back.get(line_id, 0) - out.get(line_id, 0)
            for line_id, count in self.state.left.items()
        }
        fitting = {line_id: min(n, left.get(line_id, 0)) for line_id, n in units.items()}
        return {line_id: count for line_id, count in fitting.items() if count > 0}

    def _withdraw(self, orphans: Sequence[Part]) -> datetime | None:
        """Shipments of notes that were taken back stay for a while: most are sent again."""
        if self.state.is_gone:
            self.kept += orphans
            return None
        now, ends = self.context.now, []
        for part in orphans:
            since = part.absent_since or now
            end = since + self.context.grace
            if end <= now or not part.shipment_id:
                self.deleted.append(part)
            else:
                self.kept.append(part.model_copy(update={"absent_since": since}))
                ends.append(end)
        return min(ends, default=None)

    def _passes_deleted(self, one: DesiredPart) -> bool:
        """Whether a shipment that somebody deleted in the store may be created anew."""
        why = "left, but its shipment was deleted in BigCommerce"
        return self._passes("deleted", one, why, {"ship": dict(one.units)})

    def _passes_closed(self, one: DesiredPart) -> bool:
        """Whether goods may be shipped in an order that is over in the store, if it is."""
        status = "archived" if self.state.is_deleted else CLOSED.get(self.state.status_id)
        if status is None:
            return True
        why = f"left although the order is {status} in BigCommerce: stop the parcel, or inform "
        proposal = {"ship": dict(one.units), "status": status}
        return self._passes("closed", one, f"{why}the shopper", proposal)

    def _passes_unplaced(self, one: DesiredPart) -> bool:
        """Whether units of rows that belong to no line of the order may be left out."""
        rows = ", ".join(sorted(one.unplaced))
        why = f"sends units of the row {rows}, which belongs to no line of the order in BigCommerce"
        proposal = {"ship": dict(one.units), "leave out": dict(one.unplaced)}
        return self._passes("unknown", one, why, proposal)

    def _passes_excess(self, one: DesiredPart, units: Mapping[str, int]) -> bool:
        """Whether only as much may be shipped as the order has left."""
        total, left = sum(one.units.values()), sum(units.values())
        why = f"sends {total} units, of which the order in BigCommerce has {left} left to ship"
        over = {line: n - units.get(line, 0) for line, n in one.units.items()}
        over = {line_id: count for line_id, count in over.items() if count > 0}
        return self._passes("excess", one, why, {"ship": dict(units), "leave out": over})

    def _passes_tracking(self, one: DesiredPart, number: str, entered: str) -> bool:
        """Whether a number that staff entered in the store may be replaced."""
        why = f"has the tracking number {number} now, but in BigCommerce somebody entered "
        proposal = {"tracking_number": number, "instead of": entered}
        return self._passes("tracking", one, f"{why}{entered or 'none'}", proposal)

    def _passes(self, kind: str, one: DesiredPart, why: str, proposal: Mapping[str, Any]) -> bool:
        """Whether a person approved of what is proposed; else a case is opened."""
        whole = json.dumps([self.state.order_id, one.ref, proposal], sort_keys=True)
        name = hashlib.sha256(whole.encode()).hexdigest()[:12]
        note_kind, _, number = one.note_key.partition("-")
        note = f"the {'drop-ship' if note_kind == DROP_SHIP else 'goods-out'} note {number}"
        case = review(kind, name, f"{note} {why}", {"note": one.note_key, **proposal})
        if self.context.decisions.approves(self.state.order_id, case):
            return True
        self.cases.append(case)
        return False


def _made_by_staff(shipment: Shipment) -> Part:
    """A shipment that belongs to no note yet, and of which nothing was agreed on."""
    return Part(
        note_key="",
        address_id=shipment.order_address_id,
        shipment_id=shipment.id,
        units=dict(shipment.units),
    )


def _status_before(state: ShippingState, found: Sequence[Recovered]) -> int:
    """The store's status before shipments moved it, those of runs that died included."""
    entries = [one.entry.before.get("status_id") for one in found]
    return next(filter(None, [state.agreed.status_before, *entries]), state.status_id)


def _waiting(until: datetime | None) -> str:
    if until is None:
        return ""
    return f"waits until {until:%Y-%m-%d %H:%M} UTC for the goods note to be shipped again"

"""What to write so that both sides agree: desired minus actual.

Worked out before any write, and without any. Pure. Brightpearl's notes say what left; what people
did in the store by hand stands unless it contradicts them, and then a person decides.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.ids import DROP_SHIP
from core.refusals import Refusal
from store.ledger import Conclusion
from tasks.bigcommerce.orders import FINAL
from tasks.reconciler.cases import Decisions, review
from tasks.reconciler.run import Run
from tasks.shipments import operations as ops
from tasks.shipments.frames import DesiredPart, Part, ShippingState, added
from tasks.shipments.matching import best_match, merge_tracking, recovered

CLOSED = {0: "incomplete", **{int(status): name for status, name in FINAL.items()}}
"""Statuses of orders that nothing is shipped for unless a person says so."""
GOODS_NOTE = "goods note"
"""Condition that an order waits for whose note was taken back: any of its notes leaves."""
WAITS = "waits until {:%Y-%m-%d %H:%M} UTC for the goods note to be shipped again"


@dataclass(frozen=True)
class PlanContext:
    """What a plan depends on besides both sides."""

    now: datetime
    grace: timedelta
    """How long a shipment stays whose note was taken back."""
    decisions: Decisions = field(default_factory=Decisions)
    statuses: Mapping[str, int | None] = field(default_factory=dict)
    """The store's status by what left of an order, by table."""


def plan_shipments(
    run: Run, parts: Mapping[str, Sequence[DesiredPart]], states: Mapping[str, ShippingState]
) -> list[ops.ShipmentPlan]:
    """The plans of a batch. In: the desired parts, and the store's side, by order."""
    grace = timedelta(minutes=run.connections.pair.shipments.unshipped_grace_minutes)
    statuses = ops.read_statuses(run.bundle.tables["shipment_status"])
    context = PlanContext(run.now(), grace, run.decisions(), statuses)
    return [plan_order(state, parts.get(key, ()), context) for key, state in states.items()]


def plan_order(
    state: ShippingState, desired: Sequence[DesiredPart], context: PlanContext
) -> ops.ShipmentPlan:
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
    creates: list[ops.CreateShipment] = field(default_factory=list)
    updates: list[ops.UpdateShipment] = field(default_factory=list)
    orphans: list[Part] = field(default_factory=list)
    """Parts whose note was taken back or is gone."""
    deleted_by_staff: dict[str, Part] = field(default_factory=dict)
    """Parts whose shipment somebody deleted in the store, by name."""
    is_adopted: bool = False
    """Whether a shipment stands for another part, or says more, without a write."""
    cases: list[Refusal] = field(default_factory=list)

    def plan(self, desired: Sequence[DesiredPart]) -> ops.ShipmentPlan:
        """The order's plan."""
        found, agreed = recovered(self.state), self.state.agreed
        self.parts = [*agreed.parts, *(part for _, part in found)]
        for one in self._unmatched(self._unshipped(desired)):
            self._ship(one)
        wake_at = self._withdraw()
        in_store = [part for part in self.deleted if part.shipment_id]
        deletes = [ops.DeleteShipment(part) for part in in_store]
        moves_status = bool(deletes or self.creates or found or agreed.status_before)
        collected = [] if moves_status else list(self._collected())
        results = {
            "shipped": bool(self.creates),
            "changed": bool(deletes or self.updates),
            "collected": bool(collected),
            "adopted": self.is_adopted,
            "held": bool(self.cases),
            "waiting": wake_at is not None,
        }
        statuses = (agreed.status_before, *(entry.before.get("status_id") for entry, _ in found))
        return ops.ShipmentPlan(
            key=self.state.order.id,
            operations=(*deletes, *self.creates, *self.updates, *collected),
            cases=tuple(self.cases),
            result=next((result for result, applies in results.items() if applies), "unchanged"),
            reason=WAITS.format(wake_at) if wake_at else "",
            waits_for=(GOODS_NOTE,) if wake_at else (),
            wake_at=wake_at,
            state=self.state,
            parts=(*self.kept, *in_store),
            status_before=next(filter(None, statuses), self.state.order.status_id),
            moves_status=moves_status,
            recovered=tuple(
                Conclusion(entry.id, "written", part.shipment_id)
                for entry, part in found
                if not entry.written_id
            ),
        )

    def _collected(self) -> Iterator[ops.SetStatus]:
        """The status of an order whose last units the shopper collected."""
        status = self.state.order.status_id
        if self.state.is_collected and self.state.is_open:
            wanted = self.state.status_after(status, self.context.statuses)
            if wanted not in {None, status}:
                yield ops.SetStatus(int(wanted), status)

    def _unshipped(self, desired: Sequence[DesiredPart]) -> list[DesiredPart]:
        """Parts that have no shipment yet; finds those that no note stands behind any more."""
        by_ref = {one.ref: one for one in desired}
        new = dict(by_ref)
        # The store has dropped lines of these notes since: the goods are with the shopper all the
        # same, so that their shipments stay.
        torn = {
            part.note_key for part in self.parts if part.units.keys() - self.state.lines.keys()
        } & {one.note_key for one in desired}
        shipments = self.state.shipments
        listed = None if shipments is None else {"", *(one.id for one in shipments)}
        for part in self.parts:
            one, is_in_store = by_ref.get(part.ref), listed is None or part.shipment_id in listed
            if part.note_key in torn and is_in_store:
                self.kept.append(part)
                new.pop(part.ref, None)
            elif one is None and not self.state.has_read(part.note_key):
                self.kept.append(part)
            elif one is None:
                self.orphans += [part] if is_in_store else []
            elif part.note_units != one.note_units:
                self.deleted += [part] if is_in_store else []
            elif is_in_store:
                new.pop(one.ref, None)
                self._keep(part, one)
            else:
                self.deleted_by_staff[one.ref] = part
        for one in desired:
            if one.note_key in torn and one.unplaced:
                new.pop(one.ref, None)
                self._passes_unplaced(one)
        return list(new.values())

    def _keep(self, part: Part, one: DesiredPart) -> None:
        """The shipment of a part stands for this one; what it is to say besides is updated.

        A part whose tracking a person has to decide about stays as it is.
        """
        listed = {shipment.id: shipment for shipment in self.state.shipments or ()}
        merged = merge_tracking(part, one, listed.get(part.shipment_id))
        for conflict in merged.conflicts:
            number, entered = conflict.brightpearl, conflict.bigcommerce or "none"
            why = f"has the tracking number {number} now, but in BigCommerce somebody entered "
            proposal = {"tracking_number": number, "instead of": conflict.bigcommerce}
            if not self._passes("tracking", one, f"{why}{entered}", proposal):
                self.kept.append(part)
                return
        names = [*merged.for_bigcommerce, *(conflict.name for conflict in merged.conflicts)]
        changes = {name: one.tracking[name] for name in names}
        before = {name: part.tracking.get(name, "") for name in changes}
        tracking = {**part.tracking, **one.tracking, **before}
        kept = replace(one, tracking=tracking).agreed(part.shipment_id, part.units)
        self.kept.append(kept)
        self.is_adopted |= kept.model_copy(update={"absent_since": part.absent_since}) != part
        if changes:
            self.updates.append(ops.UpdateShipment(kept, changes, before))

    def _unmatched(self, new: Sequence[DesiredPart]) -> list[DesiredPart]:
        """Parts for which no shipment stands that is in the store already.

        One whose note is gone does for another note with the same units, and so does one that staff
        made: a blank number is filled in.
        """
        left: list[DesiredPart] = []
        for one in new:
            same = [
                part
                for part in self.orphans
                if part.address_id == one.address_id and part.note_units == one.note_units
            ]
            part = min(same, key=lambda part: part.tracking != one.tracking, default=None)
            if part is None:
                left.append(one)
            else:
                self.orphans.remove(part)
                self._keep(part, one)
        known = {part.shipment_id for part in self.parts}
        foreign = [one for one in self.state.shipments or () if one.id not in known]
        for one in sorted(left, key=lambda one: "tracking_number" not in one.tracking):
            match = best_match(one, foreign)
            if match is None:
                continue
            left.remove(one)
            foreign.remove(match)
            if match.tracking_number.strip() or "tracking_number" not in one.tracking:
                self.kept.append(one.agreed(match.id, match.units))
                self.is_adopted = True
            else:
                blank = replace(one, note_key="", tracking={})
                self._keep(blank.agreed(match.id, match.units), one)
        return left

    def _ship(self, one: DesiredPart) -> None:
        """A new shipment, as far as units are left and nobody has to decide about it first."""
        order, proposal = self.state.order, {"ship": dict(one.units)}
        why = "left, but its shipment was deleted in BigCommerce"
        deleted = self.deleted_by_staff.get(one.ref)
        if deleted and not self._passes("deleted", one, why, proposal):
            self.kept.append(deleted)
            return
        status = "archived" if order.is_deleted else CLOSED.get(order.status_id)
        why = f"left although the order is {status} in BigCommerce: stop the parcel, or inform "
        closed = {**proposal, "status": status}
        if status and not self._passes("closed", one, f"{why}the shopper", closed):
            return
        if not self._passes_unplaced(one):
            return
        if self._fitting(one.units) != one.units:
            in_the_way = [part for part in self.orphans if part.units.keys() & one.units.keys()]
            self.deleted += in_the_way
            self.orphans = [part for part in self.orphans if part not in in_the_way]
        units = self._fitting(one.units)
        total, left = sum(one.units.values()), sum(units.values())
        why = f"sends {total} units, of which the order in BigCommerce has {left} left to ship"
        over = {"ship": dict(units), "leave out": dict(Counter(one.units) - Counter(units))}
        if units != one.units and not self._passes("excess", one, why, over):
            return
        if units:
            self.creates.append(ops.CreateShipment(one, units))
        else:
            self.kept.append(one.agreed("", {}))

    def _fitting(self, units: Mapping[str, int]) -> Mapping[str, int]:
        """As many of the units as may still be shipped."""
        left = Counter(self.state.left)
        left.update(added(part.units for part in self.deleted))
        left.subtract(added(create.units for create in self.creates))
        fitting = {line_id: min(count, left[line_id]) for line_id, count in units.items()}
        return {line_id: count for line_id, count in fitting.items() if count > 0}

    def _withdraw(self) -> datetime | None:
        """Shipments of notes that were taken back stay for a while: most are sent again."""
        if self.state.is_gone:
            self.kept += self.orphans
            return None
        now, ends = self.context.now, []
        for part in self.orphans:
            since = part.absent_since or now
            end = since + self.context.grace
            if end <= now or not part.shipment_id:
                self.deleted.append(part)
            else:
                self.kept.append(part.model_copy(update={"absent_since": since}))
                ends.append(end)
        return min(ends, default=None)

    def _passes_unplaced(self, one: DesiredPart) -> bool:
        """Whether units of rows that belong to no line of the order may be left out, if any."""
        if not one.unplaced:
            return True
        rows = ", ".join(sorted(one.unplaced))
        why = f"sends units of the row {rows}, which belongs to no line of the order in BigCommerce"
        proposal = {"ship": dict(one.units), "leave out": dict(one.unplaced)}
        return self._passes("unknown", one, why, proposal)

    def _passes(self, kind: str, one: DesiredPart, why: str, proposal: Mapping[str, Any]) -> bool:
        """Whether a person approved of what is proposed; else a case is opened."""
        order_id = self.state.order.id
        whole = json.dumps([order_id, one.ref, proposal], sort_keys=True)
        name = hashlib.sha256(whole.encode()).hexdigest()[:12]
        note_kind, _, number = one.note_key.partition("-")
        note = f"the {'drop-ship' if note_kind == DROP_SHIP else 'goods-out'} note {number}"
        case = review(kind, name, f"{note} {why}", {"note": one.note_key, **proposal})
        if self.context.decisions.approves(order_id, case):
            return True
        self.cases.append(case)
        return False

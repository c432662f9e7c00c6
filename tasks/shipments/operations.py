"""The writes that shipments consist of, and what becomes of each order.

BigCommerce knows no key against doubling: a shipment whose answer was lost is found in the order's
list of shipments when the order is read next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.bigcommerce.shipment_models import ShipmentCreate, ShipmentItemCreate
from core.errors import CausewayError, NotFoundError, RejectedError, TransientError
from core.words import counted
from mappings.files import MappingError, Problem
from mappings.tables import Table, comparable
from store.ledger import UNKNOWN, Conclusion
from store.links import Link
from tasks.bigcommerce.orders import EVERY_STATUS, read_orders
from tasks.brightpearl.goods_notes import GOODS_NOTES
from tasks.reconciler.apply import Phase, apply, outcome_of
from tasks.reconciler.cases import Outcome
from tasks.reconciler.operations import BigCommerceWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.shipments.frames import AgreedShipments, DesiredPart, Found, Part, ShippingState

CORRECT = (
    "Compare the order's shipments with its goods notes in both systems, and correct what the "
    "reason names, there or in the mapping's tables"
)


@dataclass(frozen=True, kw_only=True)
class ShipmentPlan(RecordPlan):
    """Everything that the shipments of one order need."""

    state: ShippingState
    """What it was worked out from."""
    parts: tuple[Part, ...]
    """What is agreed on before anything is written."""
    status_before: int
    """The store's status before shipments move it."""
    moves_status: bool
    """Whether the store's status of the order may have to be corrected afterwards."""
    recovered: tuple[Conclusion, ...] = ()
    """Outcomes of earlier writes that were not known, and of which shipments were found."""


@dataclass(kw_only=True)
class ShipmentProgress(Progress[ShipmentPlan]):
    """One order on its way through its operations."""

    parts: list[Part] = field(default_factory=list)
    """What the store has now."""

    def agreed(self, *, is_settled: bool) -> AgreedShipments:
        """As the order's link is to keep it."""
        is_corrected = self.goes_on or not self.plan.moves_status
        return AgreedShipments(
            parts=tuple(sorted(self.parts, key=lambda part: part.ref)),
            is_settled=is_settled,
            status_before=0 if is_corrected else self.plan.status_before,
        )


class ShipmentOperation(Operation[ShipmentProgress]):
    """A write to one order of the store."""

    def absorb(
        self, run: Run, record: ShipmentProgress, error: CausewayError
    ) -> CausewayError | None:
        left = super().absorb(run, record, error)
        # What is gone changed since it was read: the order is read again.
        return TransientError(left.message) if isinstance(left, NotFoundError) else left


@dataclass(frozen=True)
class DeleteShipment(ShipmentOperation):
    """A shipment whose note was taken back, or sends other units now.

    The order keeps the status that the shipment gave it.
    """

    part: Part
    kind = "delete shipment"

    def describe(self) -> str:
        return f"delete shipment {self.part.shipment_id} of {self.part.note_key}"

    def write(self, _run: Run, record: ShipmentProgress) -> BigCommerceWrite:
        part = self.part
        return BigCommerceWrite(
            natural_key=part.shipment_id,
            before={"note": part.note_key, "units": dict(part.units), **part.tracking},
            send=lambda store: store.delete_shipment(record.key, part.shipment_id),
        )

    def is_done(self, _run: Run, _record: ShipmentProgress, error: RejectedError) -> bool:
        return isinstance(error, NotFoundError)

    def apply(self, record: ShipmentProgress, _answer: object) -> None:
        record.parts.remove(self.part)


@dataclass(frozen=True)
class CreateShipment(ShipmentOperation):
    """A shipment of one part."""

    part: DesiredPart
    units: Mapping[str, int]
    kind = "create shipment"

    def describe(self) -> str:
        number = self.part.tracking.get("tracking_number")
        what = f"ship {counted(sum(self.units.values()), 'unit')} of {self.part.note_key}"
        return f"{what}, {number}" if number else what

    def write(self, _run: Run, record: ShipmentProgress) -> BigCommerceWrite:
        # With its tracking: a number that comes later is not mailed to the shopper.
        document = ShipmentCreate(
            order_address_id=int(self.part.address_id),
            items=tuple(
                ShipmentItemCreate(order_product_id=int(line_id), quantity=units)
                for line_id, units in self.units.items()
            ),
            # Left out, the store would call it "custom" and make no link of the carrier.
            **{"shipping_provider": "", **self.part.tracking},
        )
        return BigCommerceWrite(
            natural_key=self.part.ref,
            before={"status_id": record.plan.status_before},
            after={"units": dict(self.units), **self.part.tracking},
            is_repeatable=False,
            send=lambda store: store.create_shipment(record.key, document),
        )

    def apply(self, record: ShipmentProgress, answer: Any) -> None:  # noqa: ANN401 - an answer of theirs
        record.parts.append(self.part.agreed(answer.id, self.units))


@dataclass(frozen=True)
class UpdateShipment(ShipmentOperation):
    """A shipment that is to say something else."""

    part: Part
    """As it is agreed on before."""
    fields: Mapping[str, str]
    before: Mapping[str, str]
    kind = "update shipment"

    def describe(self) -> str:
        name = f"shipment {self.part.shipment_id} for {self.part.note_key}"
        return f"{name}: {', '.join(self.fields)}"

    def write(self, _run: Run, record: ShipmentProgress) -> BigCommerceWrite:
        shipment_id, fields = self.part.shipment_id, dict(self.fields)
        return BigCommerceWrite(
            natural_key=shipment_id,
            before=dict(self.before),
            after=fields,
            send=lambda store: store.update_shipment(record.key, shipment_id, **fields),
        )

    def apply(self, record: ShipmentProgress, _answer: object) -> None:
        tracking = {**self.part.tracking, **self.fields}
        updated = self.part.model_copy(update={"tracking": tracking})
        record.parts[record.parts.index(self.part)] = updated


@dataclass(frozen=True)
class SetStatus(ShipmentOperation):
    """The store's status of an order, where it made something else of it than the table says."""

    status_id: int
    before: int
    kind = "set status"

    def describe(self) -> str:
        return f"status {self.before} to {self.status_id}"

    def write(self, _run: Run, record: ShipmentProgress) -> BigCommerceWrite:
        return BigCommerceWrite(
            natural_key=record.key,
            before={"status_id": self.before},
            after={"status_id": self.status_id},
            send=lambda store: store.update_order(record.key, status_id=self.status_id),
        )


def load_shipments(run: Run, plans: Sequence[ShipmentPlan]) -> list[ShipmentProgress]:
    """Carry the plans out. A dry run writes nothing.

    Raises: ConfigError, MappingError. Everything that concerns one order stands in its progress.
    """
    if run.dry_run:
        return []
    statuses = read_statuses(run.bundle.tables["shipment_status"])
    # Written down before anything else can change what was found.
    run.ledger.conclude([one for plan in plans for one in plan.recovered], now=run.now())
    _keep_unsettled(run, [plan.state for plan in plans if plan.operations])
    records = [ShipmentProgress(plan=plan, parts=list(plan.parts)) for plan in plans]
    # Deletes come first: they free units for the rest.
    kinds = (DeleteShipment, CreateShipment, UpdateShipment, SetStatus)
    apply(run, records, [Phase((kind,)) for kind in kinds])
    # BigCommerce moves a status when a shipment is created, and leaves it when one is deleted.
    moved = [record for record in records if record.goes_on and record.plan.moves_status]
    orders, _ = read_orders(run, [record.key for record in moved])
    for record in moved:
        if record.key in run.postponed:  # it was written already: its status must not be forgotten
            raise TransientError(run.postponed[record.key])
        if order := orders.get(record.key):
            state = replace(record.plan.state, order=order)
            wanted = state.status_after(record.plan.status_before, statuses)
            if wanted is not None and wanted != order.status_id:
                record.added.append(SetStatus(wanted, order.status_id))
    apply(run, moved, [Phase((SetStatus,))])
    return records


def read_statuses(table: Table) -> Mapping[str, int | None]:
    """The store's status by the table's value; None leaves what the store made of it.

    Raises: MappingError naming the row whose right side is no status id.
    """
    problems = [
        Problem(table.file, row.line, "becomes", f"{row.becomes!r} is not a BigCommerce status id")
        for row in table.rows
        if row.becomes and row.becomes not in EVERY_STATUS
    ]
    if problems:
        raise MappingError(problems)
    return {comparable(row.value): int(row.becomes) if row.becomes else None for row in table.rows}


def link_shipments(run: Run, found: Found, records: Sequence[ShipmentProgress]) -> list[Outcome]:
    """Keep which note is which shipment; what became of each order that was not refused.

    Of orders that were refused, it is kept that work is left. A write whose outcome was not known,
    and of which nothing was found, did not happen: both sides were read since.
    """
    outcomes = [outcome_of(record, CORRECT) for record in records]
    if run.dry_run:
        return [*found.skipped, *outcomes]
    written: list[Link] = []
    notes: list[Link] = []
    conclusions: list[Conclusion] = []
    for record, outcome in zip(records, outcomes, strict=True):
        plan, state, is_retried = record.plan, record.plan.state, outcome.is_retried
        agreed = record.agreed(is_settled=not is_retried and not outcome.refusals)
        if plan.operations or agreed != state.agreed:
            written.append(Link(record.key, state.order_id_bp, agreed.detail()))
            shipped = [part for part in agreed.parts if part.shipment_id]
            notes += [Link(f"{record.key}/{part.ref}", part.note_key) for part in shipped]
        recovered = {one.intent_id for one in plan.recovered}
        conclusions += [
            Conclusion(entry.id, "failed", error="not found when both sides were read again")
            for entry in state.history
            if entry.outcome in {None, UNKNOWN} and not is_retried and entry.id not in recovered
        ]
    # Before the links: what is unsettled is looked up again, should we die here.
    run.ledger.conclude(conclusions, now=run.now())
    run.links.put(run.pair, GOODS_NOTES, notes, now=run.now())
    run.links.put(run.pair, run.entity, written, now=run.now())
    planned = {record.key for record in records}
    _keep_unsettled(run, [one for key, one in found.states.items() if key not in planned])
    return [*found.skipped, *outcomes]


def _keep_unsettled(run: Run, states: Iterable[ShippingState]) -> None:
    """Keep that work is left: should it never be finished, the next run lists the shipments."""
    unsettled = {"is_settled": False}
    links = [
        Link(one.order.id, one.order_id_bp, one.agreed.model_copy(update=unsettled).detail())
        for one in states
        if one.agreed.is_settled
    ]
    run.links.put(run.pair, run.entity, links, now=run.now())

"""The plan, told to the store. Harmless to repeat: what has no known end is looked for first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import CausewayError, NotFoundError, RejectedError, TransientError
from core.times import utc_now
from store.ledger import Conclusion, Ledger
from tasks.claim import Run
from tasks.deliver import Answers
from tasks.outcome import Obstacle, Outcome
from tasks.shipments.documents import change_label, create_label, delete_label, words
from tasks.shipments.memory import Part
from tasks.shipments.plan_models import Action, OrderPlan, Plan
from tasks.shipments.status import follow, read_statuses
from tasks.tell import tell

RESULTS = {
    Action.SHIP: "shipped",
    Action.CHANGE: "changed",
    Action.ADOPT: "adopted",
    Action.HOLD: "held",
    Action.WAIT: "waiting",
    Action.NOTHING: "unchanged",
}
TAKEN_BACK = "the goods note to be shipped again"
"""What a parked order waits for."""


@dataclass(frozen=True)
class ShipmentOutcome(Outcome):
    """One order after the writes."""

    order_id_bp: str = ""
    parts: Sequence[Part] = ()
    """What the store has now."""
    is_remembered: bool = False
    """Whether our memory says so already."""
    follows: int = 0
    """The store's status before, where it could not be looked after."""


@dataclass
class Work:
    """One order on its way through the writes."""

    plan: OrderPlan
    parts: list[Part] = field(default_factory=list)
    """What the store has now."""
    error: CausewayError | None = None


def load_shipments(run: Run, plan: Plan) -> list[ShipmentOutcome]:
    """Carry the plan out and say what became of each order. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    statuses = read_statuses(run.bundle.table("shipment_status"))
    _hear(run, plan)
    answers = tell(run, [words(run, order) for order in plan.orders])
    works = [what_stands(order, answers) for order in plan.orders]
    moving = [work.plan for work in works if work.plan.moves_status and work.error is None]
    failed = follow(run, moving, statuses)
    for work in works:
        work.error = work.error or failed.get(work.plan.order_id)
    return [_outcome(work) for work in works]


def _hear(run: Run, plan: Plan) -> None:
    """Write down how earlier writes ended, before anything else can change what was found."""
    found = [one for order in plan.orders for one in order.heard_of]
    conclusions = [Conclusion(entry_id, "written", made) for entry_id, made in found]
    Ledger(run.world.database).conclude(conclusions, now=utc_now())


def what_stands(order: OrderPlan, answers: Answers) -> Work:
    """What the store has of an order after its words were sent. Pure."""
    work = Work(order, list(order.kept))
    for part, answer in _took_back(order, answers):
        if isinstance(answer, CausewayError):
            work.parts.append(part)
            work.error = work.error or answer
    for create in order.creates:
        answer = answers[create_label(order.order_id, create)]
        if isinstance(answer, CausewayError):
            work.error = work.error or answer
        else:
            work.parts.append(create.wanted.part(answer.id, create.units))
    for change in order.changes:
        answer = answers.get(change_label(order.order_id, change)) if change.fields else None
        if isinstance(answer, CausewayError):
            work.error = work.error or answer
            told = {**change.part.told, **change.before}
            work.parts.append(change.part.model_copy(update={"told": told}))
        else:
            work.parts.append(change.part)
    return work


def _took_back(order: OrderPlan, answers: Answers) -> Iterator[tuple[Part, object]]:
    for part in order.takes_back:
        yield part, answers[delete_label(order.order_id, part)]


def _outcome(work: Work) -> ShipmentOutcome:
    plan, error = work.plan, work.error
    result, reason, obstacles = RESULTS[plan.action], "", plan.cases
    if isinstance(error, TransientError | NotFoundError):
        result, reason, obstacles = "again", error.message, ()
    elif isinstance(error, RejectedError):
        result, reason, obstacles = "rejected", error.message, (*obstacles, _rejected(error))
    is_as_before = plan.is_remembered and tuple(work.parts) == plan.kept
    return ShipmentOutcome(
        key=plan.order_id,
        result=result,
        reason=reason,
        obstacles=obstacles,
        waits_for=TAKEN_BACK if plan.wakes_at else "",
        wake_at=plan.wakes_at,
        order_id_bp=plan.order_id_bp,
        parts=tuple(work.parts),
        is_remembered=is_as_before,
        follows=plan.status_id if plan.moves_status and error is not None else 0,
    )


def _rejected(error: RejectedError) -> Obstacle:
    return Obstacle(
        "rejected",
        "",
        error.code,
        error.message,
        error.remedy
        or "Compare the order's shipments with its goods notes in both systems; when "
        "they may go on, release it.",
    )

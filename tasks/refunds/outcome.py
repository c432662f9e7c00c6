"""What became of the refunds of one order in a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import CausewayError, RejectedError
from store.links import Link
from tasks.outcome import Obstacle, Outcome
from tasks.refunds.cases import PICKED
from tasks.refunds.memory import RefundMemory, link_key
from tasks.refunds.plan_models import Action
from tasks.refunds.work import CreditWork, OrderWork


@dataclass(frozen=True)
class RefundOutcome(Outcome):
    """One order after the writes."""

    links: tuple[Link, ...] = field(default_factory=tuple)
    """What is to be remembered of its refunds."""
    is_reopened: bool = False
    """Whether units are wanted again that a refund had given up."""
    goes_on: bool = False
    """Whether there is more to do at once: money of a refund that was just made."""


def outcome_of(work: OrderWork) -> RefundOutcome:
    """The outcome of an order, and what its links are to remember."""
    plan = work.plan
    errors = [one.error for one in work.credits if one.error]
    errors += [work.error] if work.error else []
    rejected = [error for error in errors if isinstance(error, RejectedError)]
    waiting = next((error for error in errors if not isinstance(error, RejectedError)), None)
    obstacles = (
        *plan.cases,
        *work.obstacles,
        *(obstacle for one in work.credits for obstacle in one.obstacles),
        *(_rejected(plan.order_id, error) for error in rejected),
    )
    return RefundOutcome(
        plan.order_id,
        _result(work, waiting, obstacles),
        waiting.message if waiting else "",
        # What is tried again soon finds its cases again.
        () if waiting else obstacles,
        waits_for=plan.waits_for,
        links=tuple(link for one in work.credits for link in _links(work, one)),
        is_reopened=any(
            one.plan.action is Action.UNDO and one.plan.memory.unsent for one in work.credits
        ),
        goes_on=bool(work.refund_id),
    )


def _result(work: OrderWork, waiting: CausewayError | None, obstacles: tuple[Obstacle, ...]) -> str:
    if waiting is not None:
        return "again"
    if work.plan.cases:
        return "held"
    if obstacles:
        return "rejected"
    if work.refund_id:
        return "refunded"
    actions = {one.plan.action for one in work.credits}
    for action, result in (
        (Action.CREATE, "created"),
        (Action.UNDO, "undone"),
        (Action.COMPLETE, "completed"),
    ):
        if action in actions:
            return result
    return "unchanged" if work.plan.is_idle else "completed"


def _links(work: OrderWork, one: CreditWork) -> list[Link]:
    plan = one.plan
    if not one.credit_id:
        return []
    if plan.action is Action.UNDO and not (one.taken_back or one.is_cancelled):
        return []
    memory = plan.memory
    refs = {**memory.payments, **_present(one), **one.paid}
    is_done = one.goes_on and work.error is None and not _is_held_up(work, one)
    changes = {
        "agreed": plan.agreed if is_done else "",
        "beside": work.plan.known,
        "gross": one.there.total.gross if one.there else memory.gross,
        "payments": {ref: amount for ref, amount in refs.items() if ref not in one.taken_back},
        "back": {unit.sold_ref: unit.back for unit in plan.units if unit.back},
        "unsent": {unit.sold_ref: unit.unsent for unit in plan.units if unit.unsent},
        "is_closed": memory.is_closed or one.is_closed,
        "is_staffs": one.there is not None and one.there.external_ref != plan.external_ref,
    }
    if plan.action is Action.UNDO:
        changes = {
            "agreed": "",
            "payments": changes["payments"],
            "back": memory.back,
            "unsent": {},
            "is_undone": is_done,
        }
    known = RefundMemory.model_validate({**memory.model_dump(), **changes})
    return [Link(link_key(plan.order_id, plan.refund_id), one.credit_id, known.detail())]


def _is_held_up(work: OrderWork, one: CreditWork) -> bool:
    """Whether something of this refund waits for a person; cases of others hold up nothing here.

    A refund that stayed open would take back notes that were made since.
    """
    is_picked = any(case.field == PICKED for case in work.plan.cases)
    has_unsent = any(unit.unsent for unit in one.plan.units)
    return bool(one.obstacles or work.obstacles or (is_picked and has_unsent))


def _present(one: CreditWork) -> dict[str, object]:
    """Payments of the refund that stood on the credit before."""
    credit = one.plan.credit
    if credit is None:
        return {}
    prefix = f"{one.plan.external_ref}-"
    return {ref: row.amount for ref, row in credit.paid.items() if ref.startswith(prefix)}


def _rejected(order_id: str, error: RejectedError) -> Obstacle:
    class_ = error.code if error.code == "money" else "rejected"
    return Obstacle(
        class_,
        "",
        error.code,
        error.message,
        error.remedy
        or "Correct the record in BigCommerce or Brightpearl, or the mapping, then: causeway "
        f"quarantine release --class {class_} --key {order_id}",
    )

"""Plans for refunds, carried out, and what the links keep of it. Harmless to repeat.

An order's refunds go on in three ways that do not stop each other: each credit by itself, the stock
that its units held, and last the refund in the store for a credit that staff made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import RejectedError
from core.refusals import Refusal, release_remedy
from store.links import Link
from tasks.bigcommerce.refunds import REFUNDS, link_key
from tasks.brightpearl.sales_orders import ORDERS
from tasks.reconciler.apply import apply
from tasks.reconciler.cases import Outcome, rejected, retry
from tasks.reconciler.operations import Progress
from tasks.reconciler.run import Run
from tasks.refunds.cases import PICKED
from tasks.refunds.goods import STOCK_PHASES, StockProgress
from tasks.refunds.matching import AgreedRefund
from tasks.refunds.operations import (
    CREDIT_PHASES,
    UNDONE,
    CreditProgress,
)
from tasks.refunds.plan import HELD, OrderPlan
from tasks.refunds.returns import RETURN_PHASES, ReturnProgress

CORRECT = "Correct the record in BigCommerce or Brightpearl, or the mapping"


@dataclass(frozen=True)
class OrderProgress:
    """The refunds of one order on their way."""

    plan: OrderPlan
    credits: Sequence[CreditProgress]
    stock: StockProgress
    refund: ReturnProgress

    @property
    def parts(self) -> Iterator[Progress[Any]]:
        """What does not stop each other."""
        yield from self.credits
        yield self.stock
        yield self.refund

    @property
    def is_reopened(self) -> bool:
        """Whether units are wanted again that a refund had given up."""
        return any(one.plan.result == UNDONE and one.plan.agreed.unsent for one in self.credits)


def load_refunds(run: Run, plans: Sequence[OrderPlan]) -> list[OrderProgress]:
    """Carry the plans out. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    orders = [_begun(plan) for plan in plans]
    apply(run, [credit for order in orders for credit in order.credits], CREDIT_PHASES)
    apply(run, [order.stock for order in orders], STOCK_PHASES)
    apply(run, [order.refund for order in orders], RETURN_PHASES)
    return orders


def link_credits(run: Run, orders: Sequence[OrderProgress]) -> list[Outcome]:
    """Link refunds and credits, with what both sides agreed on; what became of each order.

    An order whose units are wanted again is enqueued, and one with a refund that was just made: its
    money is booked next.
    """
    if links := [link for order in orders for link in _links(order)]:
        run.links.put(run.pair, REFUNDS, links, now=run.now())
    for entity, keys in (
        (ORDERS, [order.plan.key for order in orders if order.is_reopened]),
        (REFUNDS, [order.plan.key for order in orders if order.refund.refund_id]),
    ):
        if keys:
            run.inbox.put(run.pair, entity, keys, source="refund", now=run.now())
    return [outcome_of(order) for order in orders]


def outcome_of(order: OrderProgress) -> Outcome:
    """What became of an order: tried again soon if any part of it is, else with all its cases."""
    plan = order.plan
    errors = [part.error for part in order.parts if part.error]
    waiting = next((error for error in errors if not isinstance(error, RejectedError)), None)
    if waiting is not None:
        return retry(plan.key, waiting.message)
    refusals: list[Refusal] = [refusal for part in order.parts for refusal in part.refusals]
    for error in errors:
        if isinstance(error, RejectedError):
            class_ = error.code if error.code == "money" else "rejected"
            refusals.append(rejected(error, release_remedy(CORRECT, class_, key=plan.key)))
    result = "rejected" if refusals and plan.result != HELD else plan.result
    return Outcome(plan.key, result, "", (*plan.cases, *refusals), plan.waits_for)


def _begun(plan: OrderPlan) -> OrderProgress:
    credits_ = [
        CreditProgress(
            plan=one,
            credit_id=one.credit.id if one.credit else "",
            actual=one.credit.document if one.credit else None,
        )
        for one in plan.credits
    ]
    return OrderProgress(plan, credits_, StockProgress(plan=plan), ReturnProgress(plan=plan))


def _links(order: OrderProgress) -> Iterator[Link]:
    for one in order.credits:
        plan = one.plan
        is_undone = plan.result == UNDONE and bool(one.taken_back or one.is_cancelled)
        if one.credit_id and (plan.fingerprint or is_undone):
            is_done = one.goes_on and not _is_held_up(order, one)
            changes = (_undone if is_undone else _written)(one, is_done=is_done)
            agreed = AgreedRefund.model_validate({**plan.agreed.model_dump(), **changes})
            yield Link(link_key(plan.key, plan.refund_id), one.credit_id, agreed.detail())


def _written(one: CreditProgress, *, is_done: bool) -> Mapping[str, Any]:
    plan, actual = one.plan, one.actual
    return {
        "agreed": plan.fingerprint if is_done else "",
        "refund_count": plan.refund_count,
        "gross": actual.total.gross if actual else plan.agreed.gross,
        "payments": _payments(one),
        "returned": {unit.sold_ref: unit.returned for unit in plan.units if unit.returned},
        "unsent": {unit.sold_ref: unit.unsent for unit in plan.units if unit.unsent},
        "is_closed": plan.agreed.is_closed or one.is_closed,
        "is_staffs": actual is not None and actual.external_ref != plan.external_ref,
    }


def _undone(one: CreditProgress, *, is_done: bool) -> Mapping[str, Any]:
    return {"agreed": "", "payments": _payments(one), "unsent": {}, "is_undone": is_done}


def _payments(one: CreditProgress) -> Mapping[str, Decimal]:
    """Payments of the refund by reference, less those that were taken back."""
    plan = one.plan
    before = plan.credit.paid if plan.credit else {}
    own = {r: row.amount for r, row in before.items() if r.startswith(f"{plan.external_ref}-")}
    known = {**plan.agreed.payments, **own, **one.paid}
    return {ref: amount for ref, amount in known.items() if ref not in one.taken_back}


def _is_held_up(order: OrderProgress, one: CreditProgress) -> bool:
    """Whether something of this refund waits; cases of others hold up nothing here.

    A refund that stayed open would take back notes that were made since.
    """
    is_picked = any(case.field == PICKED for case in order.plan.cases)
    has_unsent = any(unit.unsent for unit in one.plan.units)
    of_order = (order.stock, order.refund)
    return (
        bool(one.refusals)
        or any(part.error or part.refusals for part in of_order)
        or (is_picked and has_unsent)
    )

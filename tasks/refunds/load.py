"""Plans for refunds, carried out, and what the links keep of it. Harmless to repeat.

An order's refunds go on in three ways that do not stop each other: each credit by itself, the stock
that its units held, and last the refund in the store for a credit that staff made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import RejectedError
from store.links import Link
from tasks.bigcommerce.refunds import REFUNDS, link_key
from tasks.brightpearl.sales_orders import ORDERS
from tasks.reconciler.apply import apply
from tasks.reconciler.cases import Outcome, rejected, retry
from tasks.reconciler.operations import Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds.cases import PICKED
from tasks.refunds.goods import STOCK_PHASES
from tasks.refunds.operations import CREDIT_PHASES, UNDONE, CloseCredit, CreditProgress
from tasks.refunds.plan import HELD, OrderPlan
from tasks.refunds.returns import RETURN_PHASES, ReturnProgress

CORRECT = "Correct the record in BigCommerce or Brightpearl, or the mapping"


@dataclass(frozen=True)
class OrderProgress:
    """The refunds of one order on their way: parts that do not stop each other."""

    plan: OrderPlan
    credits: Sequence[CreditProgress]
    stock: Progress[RecordPlan]
    refund: ReturnProgress


def load_refunds(run: Run, plans: Sequence[OrderPlan]) -> list[OrderProgress]:
    """Carry the plans out. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    orders = [
        OrderProgress(
            plan,
            [
                CreditProgress(plan=one, credit_id=one.credit.id, actual=one.credit.document)
                if one.credit
                else CreditProgress(plan=one)
                for one in plan.credits
            ],
            Progress(plan=plan),
            ReturnProgress(plan=plan),
        )
        for plan in plans
    ]
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
    reopened = {
        order.plan.key
        for order in orders
        for one in order.credits
        if one.plan.result == UNDONE and one.plan.agreed.unsent
    }
    refunded = [order.plan.key for order in orders if order.refund.refund_id]
    for entity, keys in ((ORDERS, sorted(reopened)), (REFUNDS, refunded)):
        if keys:
            run.inbox.put(run.pair, entity, keys, source="refund", now=run.now())
    return [_outcome(order) for order in orders]


def _links(order: OrderProgress) -> Iterator[Link]:
    """What is kept of each refund.

    It stays open while something of its own waits; cases of others hold up nothing here, for a
    refund that stayed open would take back notes that were made since.
    """
    is_picked = any(case.field == PICKED for case in order.plan.cases)
    is_stuck = any(part.error or part.refusals for part in (order.stock, order.refund))
    for one in order.credits:
        plan, actual, payments = one.plan, one.actual, one.payments
        unsent = {unit.sold_ref: unit.unsent for unit in plan.units if unit.unsent}
        waits = bool(one.error or one.refusals or is_stuck or (is_picked and unsent))
        changes: dict[str, Any] = {"payments": payments, "unsent": unsent}
        if plan.result == UNDONE and one.done:
            changes |= {"agreed": "", "is_undone": not waits}
        elif plan.fingerprint:
            changes |= {
                "agreed": "" if waits else plan.fingerprint,
                "refund_count": plan.refund_count,
                "gross": actual.total.gross if actual else plan.agreed.gross,
                "returned": {unit.sold_ref: unit.returned for unit in plan.units if unit.returned},
                "is_closed": plan.agreed.is_closed
                or any(isinstance(operation, CloseCredit) for operation in one.done),
                "is_staffs": actual is not None and actual.external_ref != plan.external_ref,
            }
        else:
            continue
        if one.credit_id:
            agreed = plan.agreed.model_copy(update=changes)
            yield Link(link_key(plan.key, plan.refund_id), one.credit_id, agreed.detail())


def _outcome(order: OrderProgress) -> Outcome:
    """What became of an order: tried again soon if any part of it is, else with all its cases."""
    plan = order.plan
    parts: list[Progress[Any]] = [*order.credits, order.stock, order.refund]
    refusals = [refusal for part in parts for refusal in part.refusals]
    for error in filter(None, (part.error for part in parts)):
        if not isinstance(error, RejectedError):
            return retry(plan.key, error.message)
        refusals.append(rejected(error, CORRECT, plan.key))
    result = "rejected" if refusals and plan.result != HELD else plan.result
    return Outcome(plan.key, result, "", (*plan.cases, *refusals), plan.waits_for)

"""Refunds in BigCommerce for credits that staff made: quoted, then made once, one per order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.refund_models import (
    Refund,
    RefundItemCreate,
    RefundOption,
    RefundQuote,
)
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.money import ZERO, two_places
from core.times import utc_now
from store.links import Link, Links
from tasks.claim import Run
from tasks.deliver import chunks
from tasks.outcome import Obstacle
from tasks.policy import PURE, patiently, step
from tasks.refunds.memory import REFUNDS, RefundMemory, link_key
from tasks.refunds.plan_models import ReturnPlan
from tasks.refunds.returns import refused
from tasks.refunds.standing import mark
from tasks.refunds.work import OrderWork
from tasks.tell import TOGETHER, Word, tell


@dataclass(frozen=True)
class Offer:
    """What the store would give back for a credit, and by which payments."""

    items: tuple[RefundItemCreate, ...]
    payments: tuple[RefundOption, ...]


def refund_returns(run: Run, works: Sequence[OrderWork]) -> None:
    """Refund what the plan names. Quotes change nothing; a refund is never sent twice."""
    wanted = [work for work in works if work.plan.refund]
    offers: dict[str, Offer] = {}
    for future in [_quote.submit(run, part) for part in chunks(wanted, TOGETHER)]:
        offers.update(future.result())
    words = [
        [_word(work.plan.refund, offers[work.plan.order_id])]
        for work in wanted
        if work.plan.refund and work.plan.order_id in offers
    ]
    answers = tell(run, words)
    for work in wanted:
        if work.plan.refund and work.plan.order_id in offers:
            _conclude(run, work, work.plan.refund, answers[_label(work.plan.refund)])


@step("quote-refunds", PURE)
def _quote(run: Run, works: Sequence[OrderWork]) -> dict[str, Offer]:
    """Offers by order; what the store would not do is the order's error or case."""
    offers: dict[str, Offer] = {}
    for work in works:
        if work.plan.refund is None:
            continue
        try:
            found = _offer(run, work.plan.refund)
        except (TransientError, RejectedError) as error:
            work.error = error
            continue
        if isinstance(found, Obstacle):
            work.obstacles.append(found)
        else:
            offers[work.plan.order_id] = found
    return offers


def _offer(run: Run, plan: ReturnPlan) -> Offer | Obstacle:
    """The offer whose total is the credit's, to the cent; a case where there is none.

    Raises: TransientError, RejectedError.
    """
    wanted = two_places(plan.gross)
    told = ""
    for items in (plan.items, plan.other_items):
        if not items:
            continue
        quote = patiently(partial(run.world.bigcommerce.quote_refund, plan.order_id, items))
        total = _total(quote)
        if total == wanted:
            return _chosen(plan, items, quote)
        told = told or f"{total}"
    return refused(
        plan.credit,
        "differs",
        "total",
        f"BigCommerce would give back {told} for what it returns, the credit says {wanted}",
    )


def _total(quote: RefundQuote) -> object:
    """What would go back, by the payments of the first way: they are with tax in any case."""
    for way in quote.alternatives:
        return two_places(sum((option.amount for option in way), ZERO))
    return two_places(quote.total_amount)


def _chosen(
    plan: ReturnPlan, items: tuple[RefundItemCreate, ...], quote: RefundQuote
) -> Offer | Obstacle:
    """The way by which it was paid; one by hand only when a person said so."""
    ways = [way for way in quote.alternatives if way]
    for way in ways:
        if not any(option.offline for option in way):
            return Offer(items, way)
    if ways and plan.is_approved:
        return Offer(items, ways[0])
    return refused(
        plan.credit, "by_hand", "refund_methods", "BigCommerce cannot pay it back by itself"
    )


def _label(plan: ReturnPlan) -> str:
    return f"refund:{plan.credit.id}"


def _word(plan: ReturnPlan, offer: Offer) -> Word:
    """The refund; its reason names the credit, by which it is found again."""
    payments = [option.payment() for option in offer.payments]
    reason = mark(plan.credit.id)

    def send(bigcommerce: BigCommerce) -> Refund:
        return bigcommerce.create_refund(plan.order_id, offer.items, payments, reason)

    return Word(
        label=_label(plan),
        send=send,
        entity=REFUNDS,
        key=plan.order_id,
        action="create refund",
        natural_key=reason,
        after={
            "credit": plan.credit.id,
            "total": str(plan.gross),
            "items": [item.wire() for item in offer.items],
            "payments": [payment.wire() for payment in payments],
        },
        written_id=lambda refund: refund.id,
        is_repeatable=False,
    )


def _conclude(run: Run, work: OrderWork, plan: ReturnPlan, answer: Refund | CausewayError) -> None:
    """Keep whose refund it is; after a lost answer look for it by its words."""
    if isinstance(answer, OutcomeUnknownError):
        answer = _look(run, plan) or answer
    if isinstance(answer, CausewayError):
        work.error = answer
        return
    memory = RefundMemory(gross=plan.gross, is_staffs=True)
    link = Link(link_key(plan.order_id, answer.id), plan.credit.id, memory.detail())
    Links(run.world.database).put(run.report.pair, REFUNDS, [link], now=utc_now())
    work.refund_id = answer.id


def _look(run: Run, plan: ReturnPlan) -> Refund | None:
    wanted = mark(plan.credit.id)
    refunds = patiently(lambda: list(run.world.bigcommerce.list_refunds(order_ids=[plan.order_id])))
    for refund in refunds:
        if isinstance(refund, Refund):
            words = [refund.reason, *(item.reason for item in refund.items)]
            if wanted in words:
                return refund
    return None

"""The plan, carried out in the fewest requests Brightpearl allows. Harmless to repeat.

First the credits, beside stock that is not wanted any more; then (with the row ids read back) goods
and money; then the invoices. Everything stands under a natural key. A record that is refused drops
out with its reason; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectors.brightpearl.account_models import PaymentRow
from connectors.brightpearl.goods_note_models import GoodsInNote
from connectors.brightpearl.models import SalesCredit
from core.errors import (
    CausewayError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
)
from core.money import two_places
from tasks.claim import Run
from tasks.deliver import Write, deliver
from tasks.outcome import Obstacle
from tasks.policy import patiently
from tasks.refunds.documents import (
    Moved,
    cancel_write,
    close_write,
    credit_label,
    credit_write,
    goods_label,
    goods_write,
    moved,
    payout_writes,
    take_back_writes,
)
from tasks.refunds.outcome import RefundOutcome, outcome_of
from tasks.refunds.plan_models import Plan
from tasks.refunds.reference import Known, default_location, unit_costs
from tasks.refunds.refunding import refund_returns
from tasks.refunds.releasing import release_stock
from tasks.refunds.work import CreditWork, OrderWork, send_each

RESTOCK, QUARANTINE = "restock", "quarantine"


def load_refunds(run: Run, plan: Plan, known: Known) -> list[RefundOutcome]:
    """Carry the plan out and say what became of each order. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    works = [OrderWork.of(order) for order in plan.orders]
    credits_ = [credit for work in works for credit in work.credits]
    _create(run, credits_)
    release_stock(run, works)
    _read_back(run, credits_)
    _take_back(run, credits_)
    _pay_and_receive(run, credits_, known.account_currency)
    _close(run, credits_)
    refund_returns(run, works)
    return [outcome_of(work) for work in works]


def _create(run: Run, works: Sequence[CreditWork]) -> None:
    creating = [work for work in works if work.plan.header]
    answers = deliver(run, [credit_write(run, work.plan) for work in creating])
    for work in creating:
        answer = answers[credit_label(work.plan)]
        if isinstance(answer, CausewayError):
            work.fail(answer)
        else:
            work.credit_id = str(answer or "") or _found(run, work.plan.external_ref)


def _found(run: Run, external_ref: str) -> str:
    """The id of a credit that Brightpearl had already, where it does not answer it."""
    rows = patiently(lambda: run.world.brightpearl.find_sales_credits(external_ref))
    return rows[0].order_id if rows else ""


def _read_back(run: Run, works: Sequence[CreditWork]) -> None:
    """Row ids, and proof that each credit stands as it was meant: reference and totals."""
    created = [work for work in works if work.plan.header and work.goes_on]
    ids = [work.credit_id for work in created if work.credit_id]
    there = {
        credit.id: credit
        for credit in (
            patiently(lambda: run.world.brightpearl.get_sales_credits(ids)) if ids else []
        )
        if isinstance(credit, SalesCredit)
    }
    for work in created:
        work.there = there.get(work.credit_id)
        if work.there is None:
            work.credit_id = ""
            work.fail(
                OutcomeUnknownError(
                    f"The sales credit {work.plan.external_ref} cannot be read back yet."
                )
            )
        elif reason := _otherwise(work, work.there):
            work.fail(
                RejectedError(
                    f"Brightpearl stored sales credit {work.credit_id} otherwise than it was sent: "
                    f"{reason}.",
                    remedy="Compare it with the refund, correct it in Brightpearl, release.",
                    code="money",
                )
            )


def _otherwise(work: CreditWork, there: SalesCredit) -> str:
    header = work.plan.header
    wanted = header["total_inc_tax"], header["total_tax"]
    stored = two_places(there.total.gross), two_places(there.total.tax)
    if wanted == stored:
        return ""
    return f"{wanted[0]} with {wanted[1]} tax became {stored[0]} with {stored[1]}"


def _take_back(run: Run, works: Sequence[CreditWork]) -> None:
    """Money that did not go out in the end, then the credits that are called off."""
    for work, write in send_each(run, works, lambda work: take_back_writes(work.plan), _is_absent):
        work.taken_back.add(write.natural_key)
    status = run.bundle.table("credit_statuses").get("cancelled")
    cancelling = [work for work in works if work.plan.cancel]
    if not status:
        for work in cancelling:
            work.obstacles.append(_no_status(work))
        return
    for work, _ in send_each(
        run, cancelling, lambda work: [cancel_write(work.plan, status)], _is_absent
    ):
        work.is_cancelled = True


def _is_absent(_work: CreditWork, _write: Write, error: RejectedError) -> bool:
    """Whether what was to be taken away is gone already."""
    return isinstance(error, NotFoundError)


def _no_status(work: CreditWork) -> Obstacle:
    return Obstacle(
        "order_status",
        "status_id",
        "cancelled",
        f"sales credit {work.credit_id} is to be called off, but no status says so",
        "Add `cancelled,<status id of cancelled sales credits>` to "
        "mappings/tables/credit_statuses.csv, then: causeway quarantine release --class "
        "order_status --value cancelled",
    )


def _pay_and_receive(run: Run, works: Sequence[CreditWork], currency: str) -> None:
    """Money out and goods in, beside each other."""
    goods = {id(work): _goods(run, work) for work in works if work.goes_on and work.plan.receive}
    products = {product_id for many in goods.values() for _, product_id, _, _ in many}
    costs = unit_costs(run.world, products)
    if missing := products - set(costs):
        run.report.notes["returned products without a cost price, taken back at a cost of 0"] += (
            len(missing)
        )

    def writes(work: CreditWork) -> Iterator[Write]:
        yield from payout_writes(work.plan, work.credit_id, currency)
        if work.there is not None and (many := goods.get(id(work))):
            yield goods_write(work.plan, work.there, many, costs, currency)

    done = send_each(run, works, writes, lambda work, write, _: _is_booked(run, work, write))
    payouts = {row["transaction_ref"]: row["amount"] for w in works for row in w.plan.payouts}
    for work, write in done:
        if write.natural_key in payouts and not _is_elsewhere(work, write.natural_key):
            work.paid[write.natural_key] = payouts[write.natural_key]


def _goods(run: Run, work: CreditWork) -> Moved:
    """Rows, units and locations of what comes back; a case where a location is not known."""
    credit = work.there
    if credit is None:
        return []
    locations: dict[str, str] = {}
    for condition in {one.condition for one in work.plan.receive}:
        location = _location(run, credit.warehouse_id, condition)
        if not location:
            work.obstacles.append(_no_location(credit.warehouse_id, condition))
            return []
        locations[condition] = location
    return moved(work.plan, credit, locations)


def _location(run: Run, warehouse_id: str, condition: str) -> str:
    if condition == QUARANTINE:
        return run.bundle.table("quarantine_locations").get(warehouse_id) or ""
    return default_location(run.world, warehouse_id)


def _no_location(warehouse_id: str, condition: str) -> Obstacle:
    help_ = (
        f"Add `{warehouse_id},<location id>` to mappings/tables/quarantine_locations.csv"
        if condition == QUARANTINE
        else f"Give warehouse {warehouse_id} a default location in Brightpearl"
    )
    return Obstacle(
        "warehouse",
        "warehouse_id",
        warehouse_id,
        f"warehouse {warehouse_id} has no location for goods to {condition}",
        f"{help_}, then: causeway quarantine release --class warehouse --value {warehouse_id}",
    )


def _is_booked(run: Run, work: CreditWork, write: Write) -> bool:
    """Whether a refused payment or goods-in note is refused because it is there already."""
    brightpearl = run.world.brightpearl
    ref = write.natural_key
    if write.message.label == goods_label(work.plan):
        notes = patiently(lambda: brightpearl.list_goods_in([work.credit_id]))
        return any(isinstance(note, GoodsInNote) and note.batch_ref == ref for note in notes)
    found = patiently(lambda: brightpearl.find_payments(ref))
    if others := [one for one in found if one.order_id != work.credit_id]:
        work.obstacles.append(_elsewhere(ref, others[0]))
    return bool(found)


def _is_elsewhere(work: CreditWork, ref: str) -> bool:
    return any(obstacle.value == ref for obstacle in work.obstacles)


def _elsewhere(ref: str, payment: PaymentRow) -> Obstacle:
    """A reference that a payment of another order has: Brightpearl takes each only once."""
    return Obstacle(
        "payment",
        "transaction_ref",
        ref,
        f"payment {payment.payment_id} of order {payment.order_id} has the reference {ref} already",
        f"Delete that payment in Brightpearl if its order is gone, then: causeway quarantine "
        f"release --class payment --value {ref}",
    )


def _close(run: Run, works: Sequence[CreditWork]) -> None:
    closing = [work for work in works if work.plan.close and not work.obstacles]
    done = send_each(
        run,
        closing,
        lambda work: [close_write(work.plan, work.credit_id)],
        lambda work, _write, _error: _is_invoiced(run, work.credit_id),
    )
    for work, _ in done:
        work.is_closed = True


def _is_invoiced(run: Run, credit_id: str) -> bool:
    found: Iterable[object] = patiently(
        lambda: run.world.brightpearl.get_sales_credits([credit_id])
    )
    return any(isinstance(one, SalesCredit) and one.is_invoiced for one in found)

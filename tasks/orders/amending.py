"""Sales orders that exist, changed: statuses, rows, shipping methods, and orders called off.

Rounds over the whole batch, so that ten orders share a request, and one order's steps stay in their
order. What is done already is accepted: a note that is gone, a reservation that is released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from core.errors import CausewayError, NotFoundError, RejectedError, TransientError
from core.ids import external_ref
from tasks.claim import Run
from tasks.deliver import Write, deliver
from tasks.orders.actual import read_orders
from tasks.orders.compare import adopted, compare, contents
from tasks.orders.documents import (
    address_note_write,
    amendment_writes,
    method_write,
    reference_write,
    release_write,
    status_write,
    take_back_write,
)
from tasks.orders.memory import Memory
from tasks.orders.plan_models import Reservation, StatusChange
from tasks.orders.rules import Rules
from tasks.orders.states import ActualOrder
from tasks.orders.work import Work

HELD = "Called off in BigCommerce: do not send."


def set_statuses(run: Run, works: Sequence[Work]) -> None:
    """Statuses that follow the store's, and picks put on hold or let go on."""
    _each(run, works, lambda work: [_status(work, work.plan.status)] if work.plan.status else [])


def amend(run: Run, works: Sequence[Work]) -> None:
    """Rows and shipping methods as the store has them; read back, and whole again or refused."""
    amending = [work for work in works if work.plan.amend and work.goes_on]
    if not amending:
        return
    _take_back(run, amending)
    rounds = [_row_writes(work) for work in amending]
    for writes in zip_longest(*rounds):
        _each_of(run, amending, [[write] if write else [] for write in writes])
    _each(run, amending, _method)
    _read_back(run, amending)


def call_off(run: Run, works: Sequence[Work], rules: Rules) -> None:
    """Notes taken back, stock released, orders cancelled, in this order."""
    calling = [work for work in works if work.plan.call_off and work.goes_on]
    held = [work for work in calling if work.plan.call_off and work.plan.call_off.notes]
    if rules.on_hold:
        _each(run, held, lambda work: [_status(work, _hold(work, rules))])
    _take_back(run, held)
    _each(run, calling, _release)
    _each(run, calling, _cancel)


def tell_staff(run: Run, works: Sequence[Work]) -> None:
    """Delivery addresses that only a person can enter, as notes on their orders."""
    _each(
        run,
        works,
        lambda work: (
            [address_note_write(work.plan.order_id, work.order_id_bp, work.plan.address_note)]
            if work.plan.address_note
            else []
        ),
    )


def _take_back(run: Run, works: Sequence[Work]) -> None:
    rounds = [
        [take_back_write(work.plan.order_id, work.order_id_bp, note) for note in _notes(work)]
        for work in works
    ]
    for writes in zip_longest(*rounds):
        _each_of(run, works, [[write] if write else [] for write in writes])


def _notes(work: Work) -> Sequence[str]:
    plan = work.plan
    return plan.call_off.notes if plan.call_off else plan.amend.notes if plan.amend else ()


def _row_writes(work: Work) -> list[Write]:
    amend_ = work.plan.amend
    return amendment_writes(work.plan.order_id, work.order_id_bp, amend_) if amend_ else []


def _method(work: Work) -> list[Write]:
    amend_, there = work.plan.amend, work.there
    if amend_ is None or there is None or not amend_.shipping_method_id:
        return []
    before, after = there.shipping_method_id, amend_.shipping_method_id
    return [method_write(work.plan.order_id, work.order_id_bp, before, after)]


def _status(work: Work, change: StatusChange | None) -> Write:
    told = change or StatusChange("", "")
    return status_write(work.plan.order_id, work.order_id_bp, told)


def _hold(work: Work, rules: Rules) -> StatusChange:
    before = work.there.status_id if work.there else ""
    return StatusChange(before, rules.on_hold, HELD)


def _release(work: Work) -> list[Write]:
    off = work.plan.call_off
    if off is None or not off.releases:
        return []
    return [release_write(work.plan.order_id, work.order_id_bp)]


def _cancel(work: Work) -> list[Write]:
    off, there = work.plan.call_off, work.there
    if off is None or there is None:
        return []
    return [_status(work, StatusChange(there.status_id, off.status_id, off.note))]


def _read_back(run: Run, works: Sequence[Work]) -> None:
    """Every amended order once more: do its rows agree now, and do they carry our references?"""
    going = [work for work in works if work.goes_on]
    there = read_orders(run, [work.order_id_bp for work in going])
    for work in going:
        _check(work, there)
    _each(run, going, _references)


def _check(work: Work, found: Mapping[str, ActualOrder]) -> None:
    """The order as amended. What still differs is tried again: someone else may have written."""
    now = found.get(external_ref(work.plan.order_id))
    amend_ = work.plan.amend
    if now is None or amend_ is None or work.there is None:
        work.error = TransientError(f"The order {work.plan.order_id} cannot be read back yet.")
        return
    wanted = contents(amend_.documents.values())
    work.there = replace(
        adopted(wanted, now), transaction_refs=work.there.transaction_refs, notes=work.there.notes
    )
    if compare(wanted, work.there, Memory()).apart:
        work.error = TransientError(
            f"The sales order of {work.plan.order_id} was amended and still differs."
        )
    work.reservation = _reservation(work)


def _references(work: Work) -> list[Write]:
    amend_, there = work.plan.amend, work.there
    if amend_ is None or there is None:
        return []
    nameless = {
        ref: row.row_id
        for ref, row in there.rows.items()
        if not row.has_ref and ref in amend_.documents
    }
    if not nameless:
        return []
    return [reference_write(work.plan.order_id, work.order_id_bp, nameless, amend_)]


def _reservation(work: Work) -> Reservation | None:
    """What to reserve of an order after its rows changed."""
    there, units = work.there, work.plan.wanted_units
    if there is None or not units or there.allocation in {"all", "not required"}:
        return None
    return Reservation(
        work.plan.order_id,
        there.external_ref,
        work.plan.warehouse_id,
        units,
        replaces=there.allocation == "part",
    )


def _each(run: Run, works: Sequence[Work], writes: Callable[[Work], Iterable[Write]]) -> None:
    going = [work for work in works if work.may_write]
    _each_of(run, going, [list(writes(work)) for work in going])


def _each_of(run: Run, works: Sequence[Work], writes: Sequence[Sequence[Write]]) -> None:
    """Send what each work has in this round; a work whose write failed drops out."""
    wanted = [
        (work, write)
        for work, own in zip(works, writes, strict=True)
        for write in own
        if work.may_write
    ]
    answers = deliver(run, [write for _, write in wanted])
    for work, write in wanted:
        answer = answers[write.message.label]
        if isinstance(answer, CausewayError) and not isinstance(answer, NotFoundError):
            work.error = work.error or _meant(answer, write)


def _meant(error: CausewayError, write: Write) -> CausewayError:
    """A refused step is looked at again: the order has most likely moved on meanwhile."""
    if isinstance(error, RejectedError) and write.action in MAY_HAVE_MOVED_ON:
        return TransientError(error.message)
    return error


MAY_HAVE_MOVED_ON = {"take back goods-out note", "release stock"}

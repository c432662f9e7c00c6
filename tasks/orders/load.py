"""The plan, carried out in the fewest requests Brightpearl allows. Harmless to repeat.

First contacts, then sales orders, then (with the row ids read back) receipts and reservations,
then the word back to the store. Everything stands under a natural key. A record that is refused
drops out with its reason; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.ids import external_ref
from core.times import utc_now
from store.ledger import Intent, Ledger
from tasks.claim import Run
from tasks.contacts import CONTACTS, best_by_email, person, remember, search
from tasks.deliver import Answers, Write, chunks, conclusion, deliver
from tasks.orders.actual import read_orders
from tasks.orders.documents import (
    address_writes,
    contact_label,
    contact_write,
    note_write,
    payment_write,
    reservation_label,
    reservation_write,
    sales_order_write,
)
from tasks.orders.outcome import OrderOutcome
from tasks.orders.plan import (
    Action,
    Actual,
    ActualOrder,
    NewContact,
    OrderPlan,
    Plan,
    Receipt,
    differs,
    shortage,
)
from tasks.outcome import Obstacle
from tasks.policy import PURE, patiently, step

TOLD_TOGETHER = 10
"""Words back to the store in one step: they are a request each."""


@dataclass
class Work:
    """One order on its way through the writes."""

    plan: OrderPlan
    there: ActualOrder | None = None
    order_id_bp: str = ""
    error: CausewayError | None = None
    short: dict[str, int] = field(default_factory=dict)
    status_id: str = ""
    external_order_id: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether nothing stopped this order so far."""
        return self.error is None and self.plan.action is not Action.HOLD


def load_orders(run: Run, plan: Plan, actual: Actual) -> list[OrderOutcome]:
    """Carry the plan out and say what became of each order. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one order is in its outcome.
    """
    if run.dry_run:
        return []
    works = [_work(order, actual) for order in plan.orders]
    contacts = dict(actual.contacts) | _create_contacts(run, plan.contacts, works)
    _create_orders(run, works, contacts)
    _read_back(run, works)
    _pay_and_reserve(run, works)
    _find_shortages(run, works)
    _tell_store(run, works)
    return [_outcome(work) for work in works]


def _work(order: OrderPlan, actual: Actual) -> Work:
    there = actual.orders.get(external_ref(order.order_id))
    return Work(order, there=there, order_id_bp=there.order_id_bp if there else "")


def _create_contacts(
    run: Run, contacts: Sequence[NewContact], works: Sequence[Work]
) -> dict[str, str]:
    """Contact ids by e-mail as compared; orders of people who could not be created drop out."""
    known, wanted = _look_for_half_done(run, contacts)
    addresses = deliver(run, [part for new in wanted for part in address_writes(new)])
    ready = [new for new in wanted if not _first_error(new, addresses)]
    answers = deliver(run, [contact_write(new, addresses) for new in ready])
    failed: dict[str, CausewayError] = {}
    for new in wanted:
        answer = _first_error(new, addresses) or answers[contact_label(new)]
        if isinstance(answer, OutcomeUnknownError):
            answer = best_by_email(search(run.world, new.email_key)).get(new.email_key, answer)
        if isinstance(answer, CausewayError):
            failed[new.email_key] = answer
        else:
            known[new.email_key] = str(answer)
    remember(run.world, known)
    for work in works:
        if work.plan.create and (error := failed.get(work.plan.create.email_key)):
            work.error = error
    return known


def _look_for_half_done(
    run: Run, contacts: Sequence[NewContact]
) -> tuple[dict[str, str], list[NewContact]]:
    """Contacts that an earlier try may have created, found again; and those still to create.

    Contacts have no natural key in Brightpearl, so an earlier try whose end is not known (a crash,
    a lost answer) is looked for before anything is created.
    """
    open_ones = {
        intent.key
        for intent in Ledger(run.world.database).open_intents(
            run.report.pair, CONTACTS, [person(new.email_key) for new in contacts]
        )
    }
    known: dict[str, str] = {}
    for new in contacts:
        if person(new.email_key) in open_ones:
            known |= {
                key: contact_id
                for key, contact_id in best_by_email(search(run.world, new.email_key)).items()
                if key == new.email_key
            }
    return known, [new for new in contacts if new.email_key not in known]


def _first_error(new: NewContact, addresses: Answers) -> CausewayError | None:
    labels = [write.message.label for write in address_writes(new)]
    errors = (addresses[label] for label in labels)
    return next((error for error in errors if isinstance(error, CausewayError)), None)


def _create_orders(run: Run, works: Sequence[Work], contacts: Mapping[str, str]) -> None:
    creating = [work for work in works if work.plan.create and work.goes_on]
    writes = [
        sales_order_write(run, work.plan.create, contacts[work.plan.create.email_key])
        for work in creating
        if work.plan.create
    ]
    answers = deliver(run, writes)
    for work in creating:
        answer = answers[work.plan.order_id]
        if isinstance(answer, CausewayError):
            work.error = answer
        else:
            work.order_id_bp = str(answer)


def _read_back(run: Run, works: Sequence[Work]) -> None:
    """Row ids, and proof that the order stands as it was meant: reference and total."""
    created = [work for work in works if work.plan.create and work.goes_on]
    there = read_orders(run, [work.order_id_bp for work in created])
    for work in created:
        work.there = there.get(external_ref(work.plan.order_id))
        if work.there is None:
            work.error = OutcomeUnknownError(
                f"The sales order of {work.plan.order_id} cannot be read back yet."
            )
        elif work.plan.create and (reason := differs(work.plan.create.header, work.there)):
            work.order_id_bp = work.there.order_id_bp
            work.error = RejectedError(
                f"Brightpearl stored order {work.plan.order_id} otherwise than it was sent: "
                f"{reason}.",
                remedy="Compare the order in both systems, correct it in Brightpearl, release.",
                code="money",
            )


def _pay_and_reserve(run: Run, works: Sequence[Work]) -> None:
    going = [work for work in works if work.goes_on and work.there]
    answers = deliver(run, [part for work in going for part in _details(work)])
    for work in going:
        for receipt in work.plan.receipts:
            answer = answers[receipt.transaction_ref]
            if isinstance(answer, RejectedError) and _is_known(run, receipt):
                continue
            if isinstance(answer, CausewayError):
                work.error = answer
        answer = answers.get(reservation_label(work.plan.order_id))
        if isinstance(answer, CausewayError) and not isinstance(answer, RejectedError):
            work.error = work.error or answer


def _details(work: Work) -> Iterable[Write]:
    """Receipts and the reservation of one order, beside each other."""
    if work.there is None:
        return
    for receipt in work.plan.receipts:
        yield payment_write(receipt, work.order_id_bp)
    if work.plan.reservation:
        yield reservation_write(work.plan.reservation, work.there)


def _is_known(run: Run, receipt: Receipt) -> bool:
    """Whether a refused receipt is refused because it is there already."""
    ref = receipt.transaction_ref
    return bool(patiently(lambda: run.world.brightpearl.find_payments(ref)))


def _find_shortages(run: Run, works: Sequence[Work]) -> None:
    """What could not be reserved. Brightpearl reserves what it has and does not say so."""
    reserving = [work for work in works if work.plan.reservation and work.goes_on]
    there = read_orders(run, [work.order_id_bp for work in reserving], reserved=True)
    notes: list[Write] = []
    for work in reserving:
        now = there.get(external_ref(work.plan.order_id))
        if now is None or work.plan.reservation is None or now.is_shipped:
            continue
        work.short = shortage(work.plan.reservation, now)
        if work.short:
            notes.append(note_write(work.plan.order_id, work.order_id_bp, work.short))
    deliver(run, notes)


def _tell_store(run: Run, works: Sequence[Work]) -> None:
    """Status and Brightpearl's id back to the store, in one PUT per order."""
    telling = [work for work in works if work.goes_on and work.plan.write_back]
    for future in [tell.submit(run, part) for part in chunks(telling, TOLD_TOGETHER)]:
        future.result()
    run.report.counts["wrote: word back"] += sum(work.goes_on for work in telling)


@step("tell-store", PURE)
def tell(run: Run, works: Sequence[Work]) -> None:
    """A few orders' words back; repeating one is harmless, for it says what is to be."""
    ledger = Ledger(run.world.database)
    ids = ledger.intend([_intent(run, work) for work in works], now=utc_now())
    answers: list[CausewayError | None] = []
    for work in works:
        answers.append(_tell_one(run, work))
        work.error = answers[-1]
    ledger.conclude(
        [conclusion(intent, answer) for intent, answer in zip(ids, answers, strict=True)],
        now=utc_now(),
    )


def _tell_one(run: Run, work: Work) -> CausewayError | None:
    back = work.plan.write_back
    if back is None:
        return None
    changed = back.status_id != back.before["status_id"]
    try:
        patiently(
            lambda: run.world.bigcommerce.update_order(
                work.plan.order_id,
                status_id=int(back.status_id) if changed else None,
                external_order_id=work.order_id_bp,
            )
        )
    except (TransientError, RejectedError) as error:
        return error
    work.status_id, work.external_order_id = back.status_id, work.order_id_bp
    return None


def _intent(run: Run, work: Work) -> Intent:
    back = work.plan.write_back
    return Intent(
        pair=run.report.pair,
        entity=run.entity,
        key=work.plan.order_id,
        action="tell the store",
        natural_key=work.plan.order_id,
        before=dict(back.before) if back else {},
        after={
            "status_id": back.status_id if back else "",
            "external_order_id": work.order_id_bp,
        },
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )


def _outcome(work: Work) -> OrderOutcome:
    order_id, id_bp, plan = work.plan.order_id, work.order_id_bp, work.plan
    if plan.action is Action.HOLD:
        return OrderOutcome(order_id, "held", plan.reason, (_held(plan),), order_id_bp=id_bp)
    if isinstance(work.error, RejectedError):
        obstacles = (_rejected(work.error),)
        return OrderOutcome(order_id, "rejected", str(work.error), obstacles, order_id_bp=id_bp)
    if work.error is not None:
        return OrderOutcome(order_id, "again", work.error.message, order_id_bp=id_bp)
    results = {Action.CREATE: "created", Action.COMPLETE: "completed"}
    short = work.short or plan.short
    return OrderOutcome(
        order_id,
        results.get(plan.action, "unchanged"),
        plan.reason,
        waits_for="stock" if short else "",
        order_id_bp=id_bp,
        short=short,
        status_id=work.status_id,
        external_order_id=work.external_order_id,
    )


def _held(plan: OrderPlan) -> Obstacle:
    return Obstacle(
        "differs",
        "total_inc_tax",
        "",
        plan.reason,
        "Make the sales order in Brightpearl agree with the store's order, then release it.",
    )


def _rejected(error: RejectedError) -> Obstacle:
    return Obstacle(
        error.code if error.code == "money" else "rejected",
        "",
        error.code,
        error.message,
        error.remedy or "Correct the record in BigCommerce or the mapping, then release it.",
    )

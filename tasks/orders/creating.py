"""People and sales orders that Brightpearl does not have yet, created and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import CausewayError, OutcomeUnknownError, RejectedError
from core.ids import external_ref
from store.ledger import Ledger
from tasks.claim import Run
from tasks.contacts import CONTACTS, best_by_email, person, remember, search
from tasks.deliver import Answers, deliver
from tasks.orders.actual import read_orders
from tasks.orders.differences import differs
from tasks.orders.documents import (
    address_writes,
    contact_label,
    contact_write,
    sales_order_write,
)
from tasks.orders.plan_models import NewContact
from tasks.orders.work import Work


def create_contacts(
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


def create_orders(run: Run, works: Sequence[Work], contacts: Mapping[str, str]) -> None:
    """Ids of new sales orders. In: contact id by e-mail as compared."""
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


def read_back(run: Run, works: Sequence[Work]) -> None:
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

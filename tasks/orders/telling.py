"""The word back to the store: one PUT an order, of status and Brightpearl's id, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.bigcommerce.client import BigCommerce
from core.errors import CausewayError
from tasks.claim import Run
from tasks.orders.plan_models import WriteBack
from tasks.orders.work import Work
from tasks.tell import Word, tell


def tell_store(run: Run, works: Sequence[Work]) -> None:
    """Status and Brightpearl's id back to the store, in one PUT per order."""
    telling = [work for work in works if work.may_write and work.plan.write_back]
    answers = tell(
        run,
        [[_word(work, work.plan.write_back)] for work in telling if work.plan.write_back],
    )
    for work in telling:
        answer = answers[work.plan.order_id]
        if isinstance(answer, CausewayError):
            work.error = answer
        elif work.plan.write_back:
            work.status_id = work.plan.write_back.status_id
            work.external_order_id = work.order_id_bp


def _word(work: Work, back: WriteBack) -> Word:
    """Harmless to repeat: it says what is to be."""
    order_id, id_bp = work.plan.order_id, work.order_id_bp
    status_id = int(back.status_id) if back.status_id != back.before["status_id"] else None

    def send(store: BigCommerce) -> None:
        store.update_order(order_id, status_id=status_id, external_order_id=id_bp)

    return Word(
        label=order_id,
        send=send,
        entity="orders",
        key=order_id,
        action="tell the store",
        natural_key=order_id,
        before=dict(back.before),
        after={"status_id": back.status_id, "external_order_id": id_bp},
    )

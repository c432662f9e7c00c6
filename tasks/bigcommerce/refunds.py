"""Refunds of the store as every sync reads them, and how their sales credits are linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from connectors.bigcommerce.models import Unreadable
from connectors.bigcommerce.refund_models import Refund
from core.money import two_places
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.gate import refuse_unreadable
from tasks.reconciler.run import Run

REFUNDS = "refunds"
"""Entity of the links from the store's refunds (see `link_key`) to sales credits."""


def link_key(order_id: str, refund_id: str) -> str:
    """The key of a refund's link."""
    return f"{order_id}/{refund_id}"


@step("read-refunds", RETRIED)
def read_refunds(run: Run, order_ids: Sequence[str]) -> dict[str, tuple[Refund, ...]]:
    """Refunds by order, in the order of their ids; one that breaks the model refuses its order."""
    documents = with_retries(lambda: list(run.bigcommerce.list_refunds(order_ids=order_ids)))
    broken = [one for one in documents if isinstance(one, Unreadable)]
    refuse_unreadable(run, ((one.order_id, one) for one in broken), "refund")
    found: dict[str, list[Refund]] = defaultdict(list)
    for refund in documents:
        if isinstance(refund, Refund):
            found[refund.order_id].append(refund)
    return {key: tuple(sorted(many, key=lambda r: int(r.id))) for key, many in found.items()}


def gave_nothing(refund: Refund) -> bool:
    """Whether every payment of it was declined."""
    return bool(refund.payments) and all(payment.is_declined for payment in refund.payments)


def is_empty(refund: Refund) -> bool:
    """Whether it gave back neither money nor units: units may come back for 0.00."""
    return not two_places(refund.total_amount) and all(
        item.item_type != "PRODUCT" or not item.quantity for item in refund.items
    )


def counted(refunds: Iterable[Refund]) -> list[Refund]:
    """Refunds that gave money back, or may yet."""
    return [refund for refund in refunds if not gave_nothing(refund)]

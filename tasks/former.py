"""Names of the orders' former modules, for entities that are not ported yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import pandas as pd

from connectors.bigcommerce.models import Missing, Order, Unreadable
from connectors.bigcommerce.orders import IdRange
from core.errors import RejectedError
from tasks.bigcommerce import orders
from tasks.bigcommerce.statuses import HOLDS_NO_STOCK
from tasks.claim import Run
from tasks.policy import RETRIED, step, with_retries

T = TypeVar("T")


@step("read-orders", RETRIED)
def read_range(run: Run, id_range: IdRange) -> list[Order | Unreadable | Missing]:
    """Orders of one range or one id."""
    return with_retries(lambda: run.world.bigcommerce.get_range(id_range))


@step("read-details", RETRIED)
def read_details(
    order_ids: Sequence[str], read: Callable[[str], T]
) -> dict[str, T | RejectedError]:
    """What belongs to a few orders, a request each."""
    found: dict[str, T | RejectedError] = {}
    for order_id in order_ids:
        try:
            found[order_id] = with_retries(partial(read, order_id))
        except RejectedError as refused:
            found[order_id] = refused
    return found


def unreadable(document: Unreadable) -> pd.DataFrame:
    """REFUSALS of a document that breaks the model."""
    return orders.unreadable([document], "order")


def is_sold(status_id: int) -> bool:
    """Whether an order of this status holds stock in the store."""
    return status_id not in HOLDS_NO_STOCK

"""The store's side of a batch, now: orders as frames, and keys that need nothing set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import pandas as pd

from connectors.bigcommerce.client import IdRange, plan_ranges
from connectors.bigcommerce.models import Missing, Order, Unreadable
from core.errors import RejectedError
from core.frames import frame
from core.refusals import REFUSALS
from mappings.rows import needs_taxes
from store.links import Link, Links
from tasks.claim import Batch, Run
from tasks.deliver import chunks
from tasks.orders.demand import note_seen
from tasks.orders.desired import Found
from tasks.orders.fingerprint import fingerprints
from tasks.orders.flatten import flatten, has_money
from tasks.outcome import Aside
from tasks.policy import PATIENT, patiently, step

TOGETHER = 10
"""Orders whose transactions are read in one step."""
OVER = {4: "refunded", 5: "cancelled", 6: "declined"}
"""Statuses that an order does not come back from by itself: not waited for."""
LOOKS = 3
"""How often an order is looked for that an event named and the store does not show."""
HINTS = {"webhook", "sweep"}
"""Sources that say "may have changed"; any other wants both sides read in any case."""

T = TypeVar("T")


@dataclass(frozen=True)
class Read:
    """The store's side of a batch."""

    found: Found
    asides: dict[str, Aside] = field(default_factory=dict)


def extract_orders(run: Run, batch: Batch) -> Read:
    """Every order of the batch with lines, charges and settled money, in the fewest requests.

    Raises: TransientError, ConfigError, ContractError.
    """
    bigcommerce = run.world.bigcommerce
    ranges = [read_range.submit(run, id_range) for id_range in plan_ranges(batch.keys)]
    documents = [document for future in ranges for document in future.result()]
    links = Links(run.world.database).get(run.report.pair, run.entity, batch.keys)
    note_seen(run, [one for one in documents if isinstance(one, Order)], links)
    asides: dict[str, Aside] = {}
    orders: list[Order] = []
    for document in documents:
        if isinstance(document, Missing):
            asides[document.order_id] = _missing(batch, document.order_id)
        elif isinstance(document, Unreadable):
            run.refuse(unreadable(document))
        elif aside := _set_aside(run, document, links.get(document.id)):
            asides[document.id] = aside
        else:
            orders.append(document)
    orders = _less_echoes(orders, batch, links, asides)
    told = _told_of_money(batch, links)
    paid = [order.id for order in orders if has_money(order, is_told=order.id in told)]
    transactions = _for_each(run, paid, bigcommerce.list_transactions)
    found = flatten(orders, transactions, {}, links)
    taxed = needs_taxes(found.orders, found.lines)
    if taxed:
        taxes = _for_each(run, taxed, bigcommerce.list_taxes)
        found = flatten(orders, transactions, taxes, links)
    return Read(found, asides)


@step("read-orders", PATIENT)
def read_range(run: Run, id_range: IdRange) -> list[Order | Unreadable | Missing]:
    """Orders of one range or one id."""
    return patiently(lambda: run.world.bigcommerce.get_range(id_range))


@step("read-details", PATIENT)
def read_details(
    order_ids: Sequence[str], read: Callable[[str], T]
) -> dict[str, T | RejectedError]:
    """What belongs to a few orders, a request each."""
    return {order_id: _or_refusal(partial(read, order_id)) for order_id in order_ids}


def _or_refusal(read: Callable[[], T]) -> T | RejectedError:
    """What was read, or why this one order's rows cannot be read; it holds up no other order."""
    try:
        return patiently(read)
    except RejectedError as refused:
        return refused


def _for_each(
    run: Run, order_ids: Sequence[str], read: Callable[[str], list[T]]
) -> dict[str, list[T]]:
    futures = [read_details.submit(part, read) for part in chunks(order_ids, TOGETHER)]
    found: dict[str, list[T]] = {}
    for future in futures:
        for order_id, rows in future.result().items():
            if isinstance(rows, RejectedError):
                run.refuse(unreadable(Unreadable(order_id, "details", rows.message)))
            else:
                found[order_id] = rows
    return found


def unreadable(document: Unreadable) -> pd.DataFrame:
    """REFUSALS of a document that breaks the model."""
    return frame(
        [
            {
                "key": document.order_id,
                "class": "document",
                "field": document.field,
                "value": "",
                "reason": f"the field {document.field} is not what an order should have: "
                f"{document.reason}",
                "remedy": "Open the order in BigCommerce, correct the field, then release it.",
            }
        ],
        REFUSALS,
    )


def _told_of_money(batch: Batch, links: Mapping[str, Link]) -> set[str]:
    """Orders of which money may have moved, or of which some is known to have come in."""
    told = {claim.key for claim in batch.claims if claim.source not in HINTS}
    return told | {key for key, link in links.items() if link.detail.get("receipts")}


def _missing(batch: Batch, key: str) -> Aside:
    """A record may be stale right after its event: it is looked for a few times."""
    if batch.tries(key) < LOOKS:
        return Aside("again", "not found in BigCommerce yet")
    return Aside("gone", "not in BigCommerce")


def _set_aside(run: Run, order: Order, link: Link | None) -> Aside | None:
    """Why this order is not to be imported now, or None."""
    if order.is_deleted:
        return Aside("gone", "archived in BigCommerce")
    if link is not None:
        return None
    if order.status_id in run.world.pair.orders.importable_statuses and order.status_id != 0:
        return None
    if order.status_id in OVER:
        return Aside("not imported", OVER[order.status_id])
    return Aside("parked", f"status {order.status_id} is not imported yet")


def _less_echoes(
    orders: Sequence[Order], batch: Batch, links: dict[str, Link], asides: dict[str, Aside]
) -> list[Order]:
    """Leave out orders that read exactly as they stood when both sides agreed: our own echo."""
    sources = {claim.key: claim.source for claim in batch.claims}
    hinted = [order for order in orders if sources.get(order.id) in HINTS and order.id in links]
    states = fingerprints(flatten(hinted, {}, {}))
    echoes = {
        order_id
        for order_id, state in states.items()
        if links[order_id].detail.get("agreed") == state
    }
    asides.update(dict.fromkeys(echoes, Aside("unchanged", "unchanged")))
    return [order for order in orders if order.id not in echoes]

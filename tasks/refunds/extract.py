"""The store's side of a batch, now: each order's refunds, and keys that need nothing set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from connectors.bigcommerce.client import IdRange, plan_ranges
from connectors.bigcommerce.models import Missing, Order, Unreadable
from connectors.bigcommerce.refund_models import Refund
from core.frames import frame
from core.refusals import REFUSALS
from store.links import Link, Links
from tasks.claim import Batch, Run
from tasks.outcome import Aside
from tasks.policy import PATIENT, patiently, step
from tasks.refunds.memory import REFUNDS, RefundMemory, fingerprint, link_key

OF_STORE = {"webhook", "transaction", "sweep", "backfill"}
"""Sources that only say that the store's side may have changed."""


@dataclass(frozen=True)
class Read:
    """The store's side of a batch, by order id."""

    refunds: Mapping[str, Sequence[Refund]]
    """All of an order, in the order of their ids; none for an order that was never refunded."""
    orders: Mapping[str, Order]
    """Orders that have refunds."""
    links: Mapping[str, Link]
    """What the links say about these refunds."""
    asides: dict[str, Aside] = field(default_factory=dict)

    @property
    def wanted(self) -> list[str]:
        """The orders that go on."""
        return [order_id for order_id in self.refunds if order_id not in self.asides]


def extract_refunds(run: Run, batch: Batch) -> Read:
    """Every refund of the batch's orders, and the orders that have any, in the fewest requests.

    Raises: TransientError, ConfigError, ContractError.
    """
    refunds = read_refunds(run, batch.keys)
    keys = [link_key(one.order_id, one.id) for many in refunds.values() for one in many]
    links = Links(run.world.database).get(run.report.pair, REFUNDS, keys)
    asides = dict.fromkeys(
        _echoes(batch, refunds, links), Aside("unchanged", "unchanged since both sides agreed")
    )
    refunded = [key for key in batch.keys if refunds.get(key) and key not in asides]
    orders, gone = read_orders(run, refunded)
    asides |= dict.fromkeys(gone, Aside("gone", "not in BigCommerce"))
    in_hand = {key: refunds.get(key, ()) for key in batch.keys if key not in run.refused_keys}
    return Read(in_hand, orders, links, asides)


@step("read-refunds", PATIENT)
def read_refunds(run: Run, order_ids: Sequence[str]) -> dict[str, tuple[Refund, ...]]:
    """Refunds by order, in the order of their ids; one that breaks the model refuses its order."""
    found: dict[str, list[Refund]] = defaultdict(list)
    broken: list[Unreadable] = []
    for refund in patiently(lambda: list(run.world.bigcommerce.list_refunds(order_ids=order_ids))):
        if isinstance(refund, Unreadable):
            broken.append(refund)
        else:
            found[refund.order_id].append(refund)
    run.refuse(unreadable(broken, "refund"))
    return {key: tuple(sorted(many, key=lambda r: int(r.id))) for key, many in found.items()}


def read_orders(run: Run, order_ids: Sequence[str]) -> tuple[dict[str, Order], set[str]]:
    """Orders by id, and the ids of those that are not there."""
    ranges = [_read_range.submit(run, id_range) for id_range in plan_ranges(order_ids)]
    documents = [document for future in ranges for document in future.result()]
    broken = [document for document in documents if isinstance(document, Unreadable)]
    run.refuse(unreadable(broken, "order"))
    orders = {document.id: document for document in documents if isinstance(document, Order)}
    return orders, {one.order_id for one in documents if isinstance(one, Missing)}


@step("read-orders", PATIENT)
def _read_range(run: Run, id_range: IdRange) -> list[Order | Unreadable | Missing]:
    return patiently(lambda: run.world.bigcommerce.get_range(id_range))


def _echoes(
    batch: Batch, refunds: Mapping[str, Sequence[Refund]], links: Mapping[str, Link]
) -> Iterable[str]:
    """Orders whose refunds all read as they did when both sides agreed: our own echo."""
    for claim in batch.claims:
        of_order = refunds.get(claim.key, ())
        if (
            claim.source in OF_STORE
            and of_order
            and all(_is_agreed(refund, links, len(of_order)) for refund in of_order)
        ):
            yield claim.key


def _is_agreed(refund: Refund, links: Mapping[str, Link], beside: int) -> bool:
    memory = RefundMemory.of(links.get(link_key(refund.order_id, refund.id)))
    is_same = bool(memory.agreed) and memory.agreed == fingerprint(refund)
    return is_same and memory.beside <= beside


class Broken(Protocol):
    """A document of either system that breaks the model."""

    @property
    def order_id(self) -> str:
        """Of the order in BigCommerce."""

    @property
    def field(self) -> str:
        """The field that is wrong."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""


def unreadable(documents: Iterable[Broken], what: str) -> pd.DataFrame:
    """REFUSALS of documents that break the model."""
    return frame(
        [
            {
                "key": document.order_id,
                "class": "document",
                "field": document.field,
                "value": "",
                "reason": f"the field {document.field} is not what {what}s have: {document.reason}",
                "remedy": f"Look at the {what} and correct or report the field, then: causeway "
                f"quarantine release --class document --key {document.order_id}",
            }
            for document in documents
        ],
        REFUSALS,
    )

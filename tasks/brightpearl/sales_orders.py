"""Sales orders of Brightpearl as every sync reads them: with their back orders, whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from connectors.brightpearl.models import SalesOrder, Unreadable
from tasks.policy import with_retries
from tasks.reconciler.agreed import Agreed
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run

GENERATIONS = 5
"""So often may a back order have been split off a back order."""


class AgreedRow(BaseModel):
    """One row of the sales order, in the order's currency."""

    model_config = ConfigDict(frozen=True)

    row_id: str
    """Brightpearl's id of the row."""
    product_id: str = ""
    """Brightpearl's; "" for a row of free text."""
    quantity: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    address_id: str = ""
    """BigCommerce's order_address_id of the line; "" where nothing of it is shipped."""


class AgreedOrder(Agreed):
    """One order, as it stood on both sides when they last agreed. The link of an order keeps it.

    Shipments and refunds find the rows of order lines by it.
    """

    agreed: str = ""
    """Fingerprint of the store's side; "" while something is left to do."""
    rows: dict[str, AgreedRow] = {}  # noqa: RUF012 - pydantic copies defaults
    """By row reference: a line's id in BigCommerce, or `shipping`, `fee-12`, `rounding` …"""
    delivery: str = ""
    """Hash of the delivery address."""
    shipping_method_id: str = ""
    status_bc: str = ""
    status_bp: str = ""
    is_cancelled: bool = False
    """Whether both sides had cancelled the order."""
    held_from: str = ""
    """Brightpearl's status when a case first held its pick; "" while no case does."""
    noted: str = ""
    """Hash of the delivery address that a note last asked staff to enter."""
    receipts: tuple[str, ...] = ()
    """Transaction references of money that both sides know."""
    credited: str = ""
    """Id of the sales credit that undid the order after it was cancelled."""
    short: dict[str, int] = {}  # noqa: RUF012 - pydantic copies defaults
    """Units that could not be reserved, by Brightpearl product id."""


def read_sales_orders(
    run: Run, ids: Iterable[str]
) -> tuple[dict[str, SalesOrder], list[Unreadable]]:
    """Sales orders by id, 200 to a request, and those that break the model."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}, []
    documents = with_retries(lambda: run.brightpearl.get_sales_orders(wanted))
    return (
        {one.id: one for one in documents if isinstance(one, SalesOrder)},
        [one for one in documents if isinstance(one, Unreadable)],
    )


def back_order_ids(connections: Connections, order_ids: Iterable[str]) -> dict[str, str]:
    """The original order's id by the id of each back order, back orders of back orders included.

    Staff split units off an order by making a sales order that names the first one as its parent.
    """
    root = {order_id: order_id for order_id in order_ids}
    asked: Sequence[str] = list(root)
    found: dict[str, str] = {}
    for _ in range(GENERATIONS):
        if not asked:
            break
        refs = _children(connections, asked)
        fresh = {child: root[parent] for child, parent in refs.items() if child not in root}
        root |= fresh
        found |= fresh
        asked = list(fresh)
    return found


def read_back_orders(run: Run, order_ids: Iterable[str]) -> dict[str, list[SalesOrder]]:
    """Back orders that were not cancelled, by the id of the order that they were split off."""
    owners = back_order_ids(run.connections, order_ids)
    documents, _ = read_sales_orders(run, owners)
    found: dict[str, list[SalesOrder]] = defaultdict(list)
    for order in documents.values():
        if not order.is_cancelled:
            found[owners[order.id]].append(order)
    return dict(found)


def _children(connections: Connections, parents: Sequence[str]) -> Mapping[str, str]:
    rows = with_retries(lambda: list(connections.brightpearl.list_child_refs(parents)))
    return {row.order_id: row.parent_id for row in rows}

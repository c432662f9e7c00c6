"""The store's shipments of a batch, read only where our memory does not answer for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.bigcommerce.shipment_models import Shipment
from core.errors import RejectedError
from core.frames import frame
from core.refusals import REFUSALS
from store.ledger import UNKNOWN, Entry, Ledger
from tasks.claim import Run
from tasks.deliver import chunks
from tasks.orders.extract import read_details
from tasks.shipments.desired import Desired
from tasks.shipments.matching import is_to_be_looked_at
from tasks.shipments.plan import wanted_parts
from tasks.shipments.standing import SHIP, Standing

WRITTEN = "written"
"""The ledger's outcome of a write that was answered."""
TOGETHER = 10
"""Orders whose shipments are read in one step."""


def extract_actual(
    run: Run, desired: Desired, standings: Mapping[str, Standing]
) -> dict[str, Standing]:
    """The orders of the batch that were not refused, with their shipments where it takes them.

    They are listed, a request an order, where the lines say something else than our memory (staff
    shipped or took back, our own answer was lost), where a write of ours has no known end, or where
    a shipment is to say something else now, for staff may have changed it. Reads only.

    Raises: TransientError, ConfigError.
    """
    refused = run.refused_keys
    left = {key: standing for key, standing in standings.items() if key not in refused}
    wanted = wanted_parts(desired)
    unlike = [
        key
        for key, one in left.items()
        if one.unsure
        or not one.is_as_told
        or is_to_be_looked_at(one.looked_parts, wanted.get(key, ()))
    ]
    shipments = _list(run, unlike)
    return {
        key: replace(one, shipments=tuple(shipments[key]), made=_made(run, key))
        if key in shipments
        else one
        for key, one in left.items()
        if key in shipments or key not in unlike
    }


def _made(run: Run, order_id: str) -> tuple[Entry, ...]:
    """What the ledger says of shipments that we made, or may have made."""
    history = Ledger(run.world.database).history(run.report.pair, run.entity, order_id)
    maybe = {None, UNKNOWN, WRITTEN}
    return tuple(one for one in history if one.action == SHIP and one.outcome in maybe)


def _list(run: Run, order_ids: Sequence[str]) -> dict[str, list[Shipment]]:
    read = run.world.bigcommerce.list_shipments
    found: dict[str, list[Shipment]] = {}
    for future in [read_details.submit(part, read) for part in chunks(order_ids, TOGETHER)]:
        for order_id, rows in future.result().items():
            if isinstance(rows, RejectedError):
                _refuse(run, order_id, rows)
            else:
                found[order_id] = rows
    return found


def _refuse(run: Run, order_id: str, error: RejectedError) -> None:
    reason = f"the order's shipments in BigCommerce cannot be read: {error.message}"
    remedy = "Look at them in BigCommerce, then: causeway quarantine release --class document "
    row = {
        "key": order_id,
        "class": "document",
        "field": "shipments",
        "value": "",
        "reason": reason,
        "remedy": f"{remedy}--key {order_id}",
    }
    run.refuse(frame([row], REFUSALS))

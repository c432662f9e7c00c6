"""Writes about stock, as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.brightpearl.messages import Message
from connectors.brightpearl.stock_models import StockCorrection
from core.errors import ContractError


def correct_stock(
    label: str, warehouse_id: str, corrections: Sequence[StockCorrection], reason: str
) -> Message:
    """Change the stock of a warehouse by differences; answers the ids of the movements.

    Nothing prevents it from counting twice: after a lost answer, look at the stock first.

    Raises: ValueError for no correction.
    """
    if not corrections:
        raise ValueError("stock is not corrected by nothing")
    uri = f"/warehouse-service/warehouse/{warehouse_id}/stock-correction"
    listed = [{**correction.wire(), "reason": reason} for correction in corrections]
    return Message(label, "POST", uri, {"corrections": listed}, read=_ids)


def _ids(response: Any) -> Any:  # noqa: ANN401 - their JSON
    if not isinstance(response, list):
        return ContractError("Brightpearl answered a stock correction with no list of ids.")
    return tuple(str(one) for one in response)

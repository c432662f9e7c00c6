"""Batches judged by Great Expectations, before they are compared and before they are sent."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from tasks.claim import Run
from tasks.judge import judge
from tasks.policy import PURE, step
from tasks.stock.look import Look

SKU = "sku_key"


@step("validate-stock-in", PURE)
def validate_look(run: Run, look: Look) -> Look:
    """The look less the SKUs whose stock in the store is not what it should be.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    judge(run, "stock", {"items_in": look.items}, record=SKU)
    return replace(look, items=_without(look.items, run.refused_keys))


@step("validate-stock-out", PURE)
def validate_levels(run: Run, levels: pd.DataFrame) -> pd.DataFrame:
    """What is to be on sale, less what may not be told.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    judge(run, "stock", {"stock_levels_out": levels}, record=SKU)
    return _without(levels, run.refused_keys)


def _without(rows: pd.DataFrame, skus: set[str]) -> pd.DataFrame:
    return rows[~rows[SKU].isin(skus)].reset_index(drop=True) if skus else rows

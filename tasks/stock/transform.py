"""From what Brightpearl can promise to what shoppers can buy: the rule, then the mapping file."""

from __future__ import annotations

import pandas as pd

from core.stock import STOCK_LEVELS
from mappings.engine import Context, apply
from tasks.claim import Run
from tasks.policy import PURE, step
from tasks.stock.look import Look
from tasks.stock.rule import offers


@step("transform-stock", PURE)
def transform_stock(run: Run, look: Look) -> pd.DataFrame:
    """What is to be on sale of every SKU that both systems have. Out: STOCK_LEVELS.

    What the mapping refuses is remembered by the run.
    """
    found = offers(look.stock, look.places)
    context = Context(zone="UTC", tables=run.bundle.tables)
    levels = apply(run.bundle.mapping("stock"), found, context)
    run.refuse(levels.refusals)
    return levels.frame[list(STOCK_LEVELS)]

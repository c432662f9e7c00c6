"""Counts made in the store, carried to Brightpearl where the store is master of a location."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors.brightpearl.goods_note_models import UnitCost
from connectors.brightpearl.stock_models import StockCorrection
from core.errors import CausewayError, RejectedError
from core.times import utc_now
from store.ledger import Intent, Ledger
from tasks.claim import Run
from tasks.deliver import conclusion
from tasks.policy import patiently
from tasks.reference import read_reference
from tasks.refunds.reference import default_location, unit_costs
from tasks.stock.plan_models import Correct

REASON = "Counted in BigCommerce"
CORRECT = "correct stock"


def correct(run: Run, corrects: Sequence[Correct]) -> dict[str, CausewayError | None]:
    """One request per warehouse; why it did not happen, or None, by SKU.

    A correction counts again when it is sent again, so a lost answer is not repeated: the next look
    shows whether it arrived.
    """
    by_warehouse: dict[str, list[Correct]] = defaultdict(list)
    for one in corrects:
        by_warehouse[one.warehouse_id].append(one)
    found: dict[str, CausewayError | None] = {}
    for warehouse_id, of_warehouse in by_warehouse.items():
        error = _send(run, warehouse_id, of_warehouse)
        found.update({one.sku_key: error for one in of_warehouse})
    return found


def _send(run: Run, warehouse_id: str, corrects: Sequence[Correct]) -> CausewayError | None:
    world = run.world
    location = default_location(world, warehouse_id)
    if not location:
        return RejectedError(
            f"Warehouse {warehouse_id} has no default location in Brightpearl.",
            remedy="Correct mappings/tables/stock_locations.csv.",
        )
    costs = unit_costs(world, [one.product_id for one in corrects if one.change > 0])
    currency = read_reference(world).account_currency
    rows = [
        StockCorrection(
            product_id=int(one.product_id),
            quantity=one.change,
            location_id=int(location),
            unit_cost=UnitCost(currency=currency, value=costs.get(one.product_id, 0))
            if one.change > 0
            else None,
        )
        for one in corrects
    ]
    ledger = Ledger(world.database)
    ids = ledger.intend([_intent(run, one) for one in corrects], now=utc_now())
    answer: object
    try:
        answer = patiently(
            lambda: world.brightpearl.correct_stock(warehouse_id, rows, REASON), repeatable=False
        )
    except CausewayError as error:
        answer = error
    told = answer if isinstance(answer, CausewayError) else ""
    ledger.conclude([conclusion(one, told) for one in ids], now=utc_now())
    return answer if isinstance(answer, CausewayError) else None


def _intent(run: Run, one: Correct) -> Intent:
    return Intent(
        pair=run.report.pair,
        entity="stock",
        key=one.sku_key,
        action=CORRECT,
        natural_key=f"{one.product_id}@{one.warehouse_id}",
        after={"change": one.change},
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )

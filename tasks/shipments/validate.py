"""Batches judged by Great Expectations, before they are mapped and before they are sent."""

from __future__ import annotations

from tasks.claim import Run
from tasks.judge import judge
from tasks.policy import PURE, step
from tasks.shipments.desired import Desired, Found
from tasks.shipments.transform import Transformed


@step("validate-notes-in", PURE)
def validate_found(run: Run, found: Found) -> Found:
    """The batch less the orders whose notes may not be mapped.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    judge(run, "shipments", {"notes_in": found.notes, "units_in": found.units})
    return found.without(run.refused_keys)


@step("validate-shipments-out", PURE)
def validate_desired(run: Run, transformed: Transformed) -> Desired:
    """The desired shipments less those of orders that may not be told.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    run.refuse(transformed.refused)
    desired = transformed.desired
    judge(run, "shipments", {"shipments_out": desired.shipments})
    return desired.without(run.refused_keys)

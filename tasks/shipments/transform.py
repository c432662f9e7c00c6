"""From Brightpearl's words to the store's: the mapping file applied."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mappings.bundle import Bundle
from mappings.engine import Context, apply
from tasks.policy import PURE, step
from tasks.shipments.desired import Desired, Found


@dataclass(frozen=True)
class Transformed:
    """Desired frames, and what may not travel on (REFUSALS)."""

    desired: Desired
    refused: pd.DataFrame


@step("transform-shipments", PURE)
def transform_shipments(found: Found, bundle: Bundle) -> Transformed:
    """Desired shipments of a validated batch. Pure."""
    context = Context(zone="UTC", tables=bundle.tables)
    shipments = apply(bundle.mapping("shipments"), found.notes, context)
    desired = Desired(shipments.frame, found.units)
    return Transformed(desired.without(set(shipments.refusals["key"])), shipments.refusals)

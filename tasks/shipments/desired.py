"""What a batch of shipments is and should become, as frames of core/shipments.py."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.frames import frame
from core.shipments import NOTES, SHIPMENTS, UNITS


@dataclass(frozen=True)
class Found:
    """Brightpearl's side of a batch: frames NOTES and UNITS."""

    notes: pd.DataFrame
    units: pd.DataFrame

    def without(self, order_ids: set[str]) -> Found:
        """The same batch less these orders."""
        return Found(_without(self.notes, order_ids), _without(self.units, order_ids))

    @staticmethod
    def nothing() -> Found:
        """A batch of no notes."""
        return Found(frame([], NOTES), frame([], UNITS))


@dataclass(frozen=True)
class Desired:
    """What BigCommerce should hold: frames SHIPMENTS and UNITS."""

    shipments: pd.DataFrame
    units: pd.DataFrame

    def without(self, order_ids: set[str]) -> Desired:
        """The same batch less these orders."""
        return Desired(_without(self.shipments, order_ids), _without(self.units, order_ids))

    @staticmethod
    def nothing() -> Desired:
        """A batch of no shipments."""
        return Desired(frame([], SHIPMENTS), frame([], UNITS))


def _without(rows: pd.DataFrame, order_ids: set[str]) -> pd.DataFrame:
    return rows[~rows["order_id"].isin(order_ids)].reset_index(drop=True)

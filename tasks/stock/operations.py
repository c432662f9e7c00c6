"""The writes that stock consists of: adjustments in the store, corrections in Brightpearl."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.bigcommerce.inventory_models import StockChange
from connectors.brightpearl.goods_note_models import UnitCost
from connectors.brightpearl.messages import correct_stock
from connectors.brightpearl.stock_models import StockCorrection
from tasks.reconciler.operations import BrightpearlWrite, Operation, Write
from tasks.reconciler.run import Run
from tasks.stock.frames import Identity
from tasks.stock.matching import Level

WHY_CORRECTED = "Counted in BigCommerce"


@dataclass(frozen=True, slots=True)
class Adjust(Operation[Any]):
    """The stock of a SKU at a location, to be changed in the store.

    A difference counts again when it is sent again.
    """

    kind = "adjust stock"

    level: Level
    identity: Identity
    """By what the store wants it to be named."""
    is_absolute: bool = False

    @property
    def change(self) -> int:
        """Units to add."""
        return self.level.quantity + self.level.safety_stock - self.level.on_hand

    @property
    def units(self) -> int:
        """What is sent: the difference, or the number in hand."""
        return self.level.on_hand + self.change if self.is_absolute else self.change

    def row(self) -> StockChange:
        value = self.level.sku if self.identity == "sku" else self.level.product_id_bc
        return StockChange(self.level.location_id, self.identity, value, self.units)

    def describe(self) -> str:
        what = f"set to {self.units}" if self.is_absolute else f"add {self.units}"
        return f"{what} at location {self.level.location_id}"

    def write(self, _run: Run, _record: object = None) -> Write:
        return Write(
            key=self.level.sku_key,
            action=self.kind,
            natural_key=f"{self.level.sku_key}@{self.level.location_id}",
            before={"on_hand": self.level.on_hand},
            after={"units": self.units, "quantity": self.level.quantity},
            is_repeatable=self.is_absolute,
        )


@dataclass(frozen=True, slots=True)
class Correct(Operation[Any]):
    """A product in a warehouse, to be changed in Brightpearl after a count at a location.

    One whose answer was lost is not repeated: the next read shows whether it arrived.
    """

    kind = "correct stock"

    level: Level
    warehouse_id: str
    location_id: str = ""
    """Where the warehouse keeps goods unless it is said otherwise; read before it is sent."""
    unit_cost: UnitCost | None = None
    """Of units that are added; read before it is sent."""

    @property
    def change(self) -> int:
        """Units to add."""
        return self.level.on_sale - self.level.quantity

    def describe(self) -> str:
        product_id = self.level.product_id
        return f"correct product {product_id} in warehouse {self.warehouse_id} by {self.change}"

    def write(self, _run: Run, _record: object) -> Write:
        place = f"{self.level.product_id}@{self.warehouse_id}"
        row = StockCorrection(
            product_id=int(self.level.product_id),
            quantity=self.change,
            location_id=int(self.location_id),
            unit_cost=self.unit_cost if self.change > 0 else None,
        )
        return BrightpearlWrite(
            natural_key=place,
            after={"change": self.change},
            is_repeatable=False,
            message=correct_stock(f"count:{place}", self.warehouse_id, [row], WHY_CORRECTED),
        )


StockOperation = Adjust | Correct

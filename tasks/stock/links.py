"""What both systems last agreed on about a SKU's stock, as its link keeps it, and what is pending.

What is sent to the store is kept before it is sent, so that neither a crash nor a lost answer sends
it twice: a later read says whether it arrived (docs/decisions/0011).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, TypeAdapter

from core.refusals import release_command
from store.links import Link

COMPONENTS = "components"
"""Links of a component to the bundles that contain it."""
CATALOGUE = "catalogue:all"
"""The key under which a case is kept that concerns all SKUs."""
Identity = Literal["sku", "product_id"]
"""By what the store wants a SKU's stock to be named."""


class Arrival(Enum):
    """Whether an adjustment that the store accepted can be seen."""

    NOT_YET = "not yet"
    ARRIVED = "arrived"
    UNCLEAR = "unclear"
    """Something else changed the number as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An adjustment that the store accepted, or may have: its answer was lost."""

    base: int
    """Units in the store's hand that it was worked out from."""
    units: int
    """What was added, or the number itself if it was absolute."""
    is_absolute: bool = False
    at: datetime
    newest_order: int = 0
    """Id of the newest order that was counted then."""

    @property
    def goal(self) -> int:
        """Units in hand once it has arrived, unless something was sold meanwhile."""
        return self.units if self.is_absolute else self.base + self.units

    def arrival(self, on_hand: int, sold: int) -> Arrival:
        """What a later read says. In: units in hand now, and units sold since it was sent."""
        if on_hand == self.goal - sold:
            return Arrival.ARRIVED
        return Arrival.NOT_YET if on_hand == self.base - sold else Arrival.UNCLEAR


# One for each of 100,000 SKUs is held at once: slots keep them small.
@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedStock:
    """One SKU's stock, as it was when both sides last agreed, and how the store names the SKU.

    Links that were kept by earlier versions call some fields otherwise, and are read as well.
    """

    sku: str = ""
    variant_id: str = ""
    product_id_bc: str = ""
    identity: Identity = "sku"
    on_sale: Annotated[dict[str, int], Field(validation_alias=AliasChoices("on_sale", "told"))] = (
        field(default_factory=dict)
    )
    """What shoppers could buy, by location."""
    pending: Annotated[
        dict[str, Pending], Field(validation_alias=AliasChoices("pending", "sent"))
    ] = field(default_factory=dict)
    """Adjustments that cannot be seen yet, by location."""
    revision: int = 0
    """How often something was sent: a plan that was made before the last time is out of date."""
    debounced_since: Annotated[
        datetime | None, Field(validation_alias=AliasChoices("debounced_since", "rests_since"))
    ] = None
    """Since when a difference waits for a flood of events to pass."""
    oversold: str = ""
    """Why more was sold than there is, as it seemed when that was first seen."""

    @staticmethod
    def of(link: Link | None) -> AgreedStock:
        """What the link keeps; nothing of a SKU that is not linked."""
        return _FORM.validate_python(link.detail) if link else NOTHING_AGREED

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        found: dict[str, Any] = _FORM.dump_python(self, mode="json", exclude_defaults=True)
        return found


def release_sku(sku: str) -> str:
    """The command that releases a SKU (as compared) from quarantine."""
    return release_command(entity="stock", key=sku)


_FORM = TypeAdapter(AgreedStock)
NOTHING_AGREED = AgreedStock()
Agreements = Mapping[str, AgreedStock]
"""By SKU as compared."""

"""Why BigCommerce refused to adjust stock: it says so in the title of its answer alone."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

from connectors.bigcommerce.inventory_models import StockChange
from core.errors import RejectedError

ADJUSTMENTS = "/v3/inventory/adjustments/"
Why: TypeAlias = Literal[
    "tracked_by_product",
    "tracked_by_variant",
    "needs_absolute",
    "unknown_location",
    "insufficient",
    "other",
]
REMEDIES: dict[Why, str] = {
    "tracked_by_product": "Name these items by their product_id.",
    "tracked_by_variant": "Name these items by their SKU.",
    "needs_absolute": "Adjust these items absolutely first: they were never counted there.",
    "unknown_location": "Check the locations in the mapping tables against those of the store.",
    "insufficient": "Read the stock anew: it went down meanwhile.",
    "other": "Read the inventory anew: these items may be gone, or tracked in another way.",
}
_KINDS: tuple[tuple[Why, re.Pattern[str]], ...] = (
    ("tracked_by_product", re.compile(r"is tracked by product", re.IGNORECASE)),
    ("tracked_by_variant", re.compile(r"is tracked by variant", re.IGNORECASE)),
    ("needs_absolute", re.compile(r"requires? absolute", re.IGNORECASE)),
    ("unknown_location", re.compile(r"location\S* not found", re.IGNORECASE)),
    ("insufficient", re.compile(r"insufficient|not enough|below|negative", re.IGNORECASE)),
)
_NAMED = r"(sku|variant_id|product_id) "
_TRACKED = re.compile(rf"Item with {_NAMED}(.+?) is tracked by ")
_LISTED = re.compile(r"identit(?:y|ies): \[(.*)\]", re.DOTALL)
_NEXT = re.compile(r",\s*(?=(?:sku|variant_id|product_id) )")
_PLACES = re.compile(r"\s*,\s*")


class RejectedStockError(RejectedError):
    """An adjustment of which nothing was carried out, because of the items it names.

    `why` says what to do about them; all other items of the request may be sent again.
    """

    def __init__(self, message: str, *, why: Why, identities: frozenset[tuple[str, str]]) -> None:
        super().__init__(message, remedy=REMEDIES[why], status=422, code=why)
        self.why = why
        self.identities = identities
        """Name and value: `("sku", "A")`, `("product_id", "113")` or `("location_id", "3")`."""
        self._folded = {(name, value.casefold()) for name, value in identities}

    def names(self, row: StockChange) -> bool:
        """Whether a row that was sent is one of those that were refused."""
        if self.why == "unknown_location":
            return ("location_id", row.location_id) in self._folded
        return (row.identity, row.value.casefold()) in self._folded


def refused_stock(body: Any, what: str, reason: str) -> RejectedStockError:  # noqa: ANN401 - their JSON
    """The refusal that a 422 is. The message names at most as much as fits into a line."""
    title = str(body.get("title") or "") if isinstance(body, dict) else ""
    why: Why = next((kind for kind, pattern in _KINDS if pattern.search(title)), "other")
    return RejectedStockError(
        f"{what}: {reason}", why=why, identities=frozenset(_identities(title, why))
    )


def _identities(title: str, why: Why) -> list[tuple[str, str]]:
    tracked = _TRACKED.findall(title)
    listed = _LISTED.search(title)
    if tracked or listed is None:
        return [(name, value.strip()) for name, value in tracked]
    if why == "unknown_location":
        return [("location_id", value) for value in _PLACES.split(listed[1].strip()) if value]
    parts = _NEXT.split(listed[1])
    named = [re.fullmatch(rf"{_NAMED}(.+)", part.strip(), re.DOTALL) for part in parts]
    return [(match[1], match[2]) for match in named if match is not None]

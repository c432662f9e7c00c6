"""What a bundle is made of, down to products that have stock. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

Components = Mapping[str, Mapping[str, int]]
"""Units of each component by bundle, as Brightpearl says; ids are Brightpearl's."""


@dataclass(frozen=True)
class BrokenBundle:
    """A bundle of which nobody can say how many there are."""

    product_id: str
    reason: str


def explode(
    product_id: str, components: Components, has_stock: Mapping[str, bool]
) -> dict[str, int] | BrokenBundle | None:
    """Units of each product with stock in one bundle; None for a product that is no bundle.

    Components that have no stock, such as a printed card, limit nothing. `has_stock` knows every
    product that exists.
    """
    if product_id not in components:
        return None
    found: Counter[str] = Counter()
    reason = _add(product_id, 1, components, has_stock, found, ())
    if not reason and not found:
        reason = "none of its components has stock"
    return BrokenBundle(product_id, reason) if reason else dict(found)


def _add(  # noqa: PLR0913, PLR0917 - a walk and what it carries along
    product_id: str,
    units: int,
    components: Components,
    has_stock: Mapping[str, bool],
    found: Counter[str],
    way: tuple[str, ...],
) -> str:
    """Add what is in a bundle; what is wrong with it, or nothing."""
    if product_id in way:
        return f"it contains itself, by way of product {way[-1]}"
    for part, each in components[product_id].items():
        if each < 1:
            return f"it contains {each} of product {part}"
        if part in components:
            if problem := _add(
                part, units * each, components, has_stock, found, (*way, product_id)
            ):
                return problem
        elif part not in has_stock:
            return f"its component, product {part}, does not exist"
        elif has_stock[part]:
            found[part] += units * each
    return ""

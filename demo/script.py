"""What is played in a demo without files of its own: many plain orders, and the awkward ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ABSENT_SKU = "SUMMER-HAT-RED"
"""Sold in the store before anybody created it in Brightpearl."""
UNMAPPED_CHANNEL = 3
"""A sales channel that the tables deliberately leave out."""
FRANCE = {
    "first_name": "Éloïse",
    "last_name": "Lefèvre",
    "street_1": "12 rue de la Paix",
    "city": "Lyon",
    "state": "Rhône",
    "zip": "69002",
    "country": "France",
    "country_iso2": "FR",
}


@dataclass(frozen=True)
class Scene:
    """A few orders, and what is to be seen."""

    title: str
    orders: Sequence[dict[str, Any]]
    is_paid_later: bool = False


def scenes(skus: Sequence[str]) -> list[Scene]:
    """The awkward orders; `skus` are at least sixty that both systems know."""
    first, second, third = skus[:3]
    return [
        Scene(
            "a guest abroad, in euros, with accents and a gift wrap",
            [
                {
                    "lines": [{"sku": first, "quantity": 2, "wrapping": "Kraft paper",
                               "wrapping_price": "1.99"}],
                    "email": "eloise@example.fr", "guest": True, "currency": "EUR",
                    "shipping": [{"to": FRANCE}],
                }
            ],
        ),
        Scene(
            "a coupon, a manual discount and prices that include tax",
            [
                {
                    "lines": [{"sku": first, "quantity": 3}, {"sku": second}],
                    "coupons": [{"code": "TEN", "type": "percent", "amount": "10"}],
                },
                {
                    "lines": [{"sku": second, "quantity": 3}, {"sku": third, "quantity": 2}],
                    "discount": "3.33", "tax_inclusive": True,
                },
            ],
        ),
        Scene(
            "paid with a gift certificate, store credit and a card",
            [
                {
                    "lines": [{"sku": third, "quantity": 2}],
                    "gift_certificate": "3.00", "store_credit": "2.50",
                }
            ],
        ),
        Scene(
            "a custom engraving, a fee, and sixty lines, more than an order shows at once",
            [
                {
                    "lines": [{"sku": first}, {"name": "Engraving: 'For Ada'", "price": "7.50"}],
                    "fees": [{"name": "Small order fee", "price": "1.50"}],
                },
                {"lines": [{"sku": sku} for sku in skus[:60]]},
            ],
        ),
        Scene("a declined payment", [{"lines": [{"sku": first}], "payment": "declined"}]),
        Scene(
            "a payment that takes its time",
            [{"lines": [{"sku": second}], "payment": "pending"}],
            is_paid_later=True,
        ),
        Scene(
            f"three orders for {ABSENT_SKU}, which Brightpearl does not know",
            [
                {"lines": [{"sku": ABSENT_SKU, "name": "Summer hat, red", "price": "14.00"},
                           {"sku": second}],
                 "email": f"hat-{number}@example.com"}
                for number in range(3)
            ],
        ),
        Scene(
            "an order from a channel nobody has mapped",
            [{"lines": [{"sku": first}], "channel_id": UNMAPPED_CHANNEL}],
        ),
    ]  # fmt: skip


@dataclass
class Played:
    """Ids of what was played, as far as the end has to know them."""

    not_timed: set[str] = field(default_factory=set)
    """Orders whose webhooks were lost on purpose, or that waited for a person."""
    unpaid: list[str] = field(default_factory=list)

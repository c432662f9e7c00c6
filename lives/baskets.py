"""What shoppers order: what may be ordered in both systems, and a basket for each kind of order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.controls import SYSTEMS, Controls

PLENTY = 1_000_000
SHORT, SCARCE = 20, 3
"""How many products run out, and how many units there are of every other of them."""


@dataclass(frozen=True)
class Skus:
    """SKUs that may be ordered, the same in both systems."""

    plenty: tuple[str, ...]
    short: tuple[str, ...]
    """Products of which Brightpearl has nothing, or a few."""
    digital: tuple[str, ...]

    @classmethod
    def stock(cls, controls: Controls) -> Skus:
        """Fill both systems, and add products that are short."""
        state = controls.state("bigcommerce", "variants", "products")
        kinds = {int(number): one["type"] for number, one in state["products"].items()}
        variants = list(state["variants"].values())
        plenty = [
            v["sku"]
            for v in variants
            if v["available"] > 0 and kinds[v["product_id"]] == "physical"
        ]
        digital = [v["sku"] for v in variants if kinds[v["product_id"]] == "digital"]
        wanted = [{"sku": sku, "on_hand": PLENTY} for sku in plenty]
        for system in SYSTEMS:
            controls.change_stock(system, wanted)
        short = [f"SHORT-{number:02}" for number in range(SHORT)]
        for number, sku in enumerate(short):
            product = {"sku": sku, "name": f"Rare {number}", "price_ex_tax": "7.30"}
            in_account = {**product, "stock": SCARCE * (number % 2)}
            controls.call("bigcommerce", "POST", "products", {**product, "stock": PLENTY})
            controls.call("brightpearl", "POST", "products", in_account)
        return cls(tuple(plenty), tuple(short), tuple(digital))


Basket = dict[str, Any]


def _lines(skus: Skus, chance: Random, **line: object) -> list[Basket]:
    """One to three lines of different products, one to four pieces each."""
    chosen = chance.sample(skus.plenty, chance.randint(1, 3))
    return [{"sku": sku, "quantity": chance.randint(1, 4), **line} for sku in chosen]


def card(skus: Skus, chance: Random) -> Basket:
    """Paid by card at once."""
    return {"lines": _lines(skus, chance)}


def authorised(skus: Skus, chance: Random) -> Basket:
    """The card is only authorised; staff capture later."""
    return {"lines": _lines(skus, chance), "payment": "authorized"}


def offline(skus: Skus, chance: Random) -> Basket:
    """Paid by bank transfer, some day."""
    return {"lines": _lines(skus, chance), "payment_method": "Bank deposit", "payment": "offline"}


def tenders(skus: Skus, chance: Random) -> Basket:
    """A guest pays with a gift certificate, store credit and a card."""
    credit, certificate = chance.choice([("2.50", "3.00"), ("1.11", "0"), ("0", "4.44")])
    return {
        "lines": _lines(skus, chance),
        "guest": True,
        "store_credit": credit,
        "gift_certificate": certificate,
    }


def inclusive(skus: Skus, chance: Random) -> Basket:
    """Prices with tax, a coupon and a fee."""
    return {
        "lines": _lines(skus, chance),
        "tax_inclusive": True,
        "coupons": [{"code": "TEN", "type": "percent", "amount": "10"}],
        "fees": [{"name": "Packing", "price": "2.49"}],
    }


def addresses(skus: Skus, chance: Random) -> Basket:
    """Two addresses, a product for each and one more."""
    chosen = chance.sample(skus.plenty, 3)
    return {
        "lines": [
            {"sku": sku, "quantity": chance.randint(1, 3), "address": number % 2}
            for number, sku in enumerate(chosen)
        ],
        "shipping": [{}, {"to": {"first_name": "Bo", "street_1": "2 Low Road", "city": "York"}}],
    }


def digital(skus: Skus, chance: Random) -> Basket:
    """Something to download together with something to send."""
    download = {"sku": chance.choice(skus.digital), "quantity": 1}
    return {"lines": [*_lines(skus, chance), download]}


def short(skus: Skus, chance: Random) -> Basket:
    """A product that the account has not, or not enough of."""
    rare = {"sku": chance.choice(skus.short), "quantity": chance.randint(1, 3)}
    return {"lines": [*_lines(skus, chance), rare]}


KINDS: Mapping[str, Callable[[Skus, Random], Basket]] = {
    "card": card,
    "authorised": authorised,
    "offline": offline,
    "tenders": tenders,
    "inclusive": inclusive,
    "addresses": addresses,
    "digital": digital,
    "short": short,
}

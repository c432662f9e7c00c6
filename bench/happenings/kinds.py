"""Kinds of orders: what a shopper asks for, by the kind's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from .shelf import Shelf

Basket = dict[str, Any]


def _lines(shelf: Shelf, chance: Random, **line: object) -> list[Basket]:
    """One to three lines of different products, one to four pieces each."""
    skus = chance.sample(shelf.plenty, chance.randint(1, 3))
    return [{"sku": sku, "quantity": chance.randint(1, 4), **line} for sku in skus]


def card(shelf: Shelf, chance: Random) -> Basket:
    """Paid by card at once."""
    return {"lines": _lines(shelf, chance)}


def authorised(shelf: Shelf, chance: Random) -> Basket:
    """The card is only authorised; staff capture later."""
    return {"lines": _lines(shelf, chance), "payment": "authorized"}


def offline(shelf: Shelf, chance: Random) -> Basket:
    """Paid by bank transfer, some day."""
    return {"lines": _lines(shelf, chance), "payment_method": "Bank deposit", "payment": "offline"}


def tenders(shelf: Shelf, chance: Random) -> Basket:
    """A guest pays with a gift certificate, store credit and a card."""
    credit, certificate = chance.choice([("2.50", "3.00"), ("1.11", "0"), ("0", "4.44")])
    return {
        "lines": _lines(shelf, chance),
        "guest": True,
        "store_credit": credit,
        "gift_certificate": certificate,
    }


def inclusive(shelf: Shelf, chance: Random) -> Basket:
    """Prices with tax, a coupon and a fee."""
    return {
        "lines": _lines(shelf, chance),
        "tax_inclusive": True,
        "coupons": [{"code": "TEN", "type": "percent", "amount": "10"}],
        "fees": [{"name": "Packing", "price": "2.49"}],
    }


def addresses(shelf: Shelf, chance: Random) -> Basket:
    """Two addresses, a product for each and one more."""
    skus = chance.sample(shelf.plenty, 3)
    return {
        "lines": [
            {"sku": sku, "quantity": chance.randint(1, 3), "address": number % 2}
            for number, sku in enumerate(skus)
        ],
        "shipping": [{}, {"to": {"first_name": "Bo", "street_1": "2 Low Lane", "city": "York"}}],
    }


def digital(shelf: Shelf, chance: Random) -> Basket:
    """Something to download beside something to send."""
    download = {"sku": chance.choice(shelf.digital), "quantity": 1}
    return {"lines": [*_lines(shelf, chance), download]}


def short(shelf: Shelf, chance: Random) -> Basket:
    """A product that the account has not, or not enough of."""
    rare = {"sku": chance.choice(shelf.short), "quantity": chance.randint(1, 3)}
    return {"lines": [*_lines(shelf, chance), rare]}


KINDS: Mapping[str, Callable[[Shelf, Random], Basket]] = {
    "card": card,
    "authorised": authorised,
    "offline": offline,
    "tenders": tenders,
    "inclusive": inclusive,
    "addresses": addresses,
    "digital": digital,
    "short": short,
}

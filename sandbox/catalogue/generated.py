"""A varied catalogue and shoppers of our own, the same for the same seed."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product as pairs
from random import Random

from sandbox.catalogue.countries import address_of
from sandbox.catalogue.model import Catalogue, Customer, Product

SKUS = 300
CUSTOMERS = 60
ADJECTIVES = ("Blue", "Café", "Vintage", "Señorita", "Oak", "Émaillé", "Mini", "Großer", "Nordic")
NOUNS = ("Mug", "Lantern", "Teapot", "Jam Jar", "Cushion", "Doorstop", "Apron", "Bowl", "Clock")
BRANDS = ("Hearth & Home", "Ærlig", "Nº 5 Mill Lane", "")
GARMENTS = ("T-Shirt", "Hoodie", "Socks")
COLOURS = ("Red", "Navy", "Forêt")
SIZES = ("S", "M", "L", "XL")
STANDARD, REDUCED, ZERO = Decimal(20), Decimal(5), Decimal(0)
ABROAD = ("Germany", "France", "EIRE", "USA", "Japan", "Switzerland")


def generate(seed: int = 1, skus: int = SKUS) -> Catalogue:
    """So many SKUs, simple and with variants, and 60 customers with accounts."""
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    products = [*_garments(chance), *_books(chance), *_digital(chance)]
    products += _simple(chance, skus - len(products))
    return Catalogue(products[:skus], list(_customers(chance)))


def _stock(chance: Random) -> int:
    return chance.choice((0, 2, 5, chance.randint(20, 400), chance.randint(200, 900)))


def _price(chance: Random, low: int, high: int) -> Decimal:
    return Decimal(chance.randint(low, high)) / 100


def _garments(chance: Random) -> Iterator[Product]:
    """Products with variants; children's sizes are zero-rated, as clothes for children are."""
    for number, (noun, adjective) in enumerate(pairs(GARMENTS, ADJECTIVES[:4]), start=1):
        name = f"{adjective} {noun}"
        rate = ZERO if number % 4 == 0 else STANDARD
        price = _price(chance, 499, 3999)
        for colour, size in pairs(COLOURS, SIZES):
            yield Product(
                sku=f"GAR-{number:02}-{colour[:3].upper()}-{size}",
                name=f"{name} {colour} {size}",
                price_ex_tax=price,
                tax_rate_percent=rate,
                weight_kg=_price(chance, 10, 60),
                stock=_stock(chance),
                parent_name=name,
                options=(("Colour", colour), ("Size", size)),
                brand=chance.choice(BRANDS),
            )


def _books(chance: Random) -> Iterator[Product]:
    for number in range(1, 21):
        yield Product(
            f"BOOK-{number:03}",
            f"Cookery for {chance.choice(ADJECTIVES)} Kitchens, vol. {number}",
            _price(chance, 599, 2499),
            ZERO,
            Decimal("0.6"),
            _stock(chance),
        )


def _digital(chance: Random) -> Iterator[Product]:
    for number in range(1, 6):
        name = f"Pattern No. {number} (download)"
        yield Product(
            f"DL-{number:03}", name, _price(chance, 199, 999), STANDARD, ZERO, 0, "digital"
        )


def _simple(chance: Random, count: int) -> Iterator[Product]:
    for number in range(1, count + 1):
        noun, adjective = chance.choice(NOUNS), chance.choice(ADJECTIVES)
        reduced = number % 9 == 0
        yield Product(
            sku=f"{noun[:3].upper()}-{number:04}",
            name=f"{adjective} {noun} {number}",
            price_ex_tax=_price(chance, 85, 8999),
            tax_rate_percent=REDUCED if reduced else STANDARD,
            weight_kg=_price(chance, 5, 300),
            stock=_stock(chance),
            brand=chance.choice(BRANDS),
        )


def _customers(chance: Random) -> Iterator[Customer]:
    for number in range(1, CUSTOMERS + 1):
        country = "United Kingdom" if number % 4 else chance.choice(ABROAD)
        email = f"shopper{number}@example.com"
        yield Customer(str(number), email, address_of(email, country))

"""Options that several commands share, and how their words are read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from core.errors import ConfigError
from core.ids import (
    GROUP,
    PRODUCT,
    STORE_PRODUCT,
    SYNCED,
    VARIANT,
    contact_id_of,
    merge_of,
    note_of,
    sku_key,
)
from core.times import from_text, utc_now

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

PairOption = Annotated[
    str | None, typer.Option("--pair", help="Which pair; the default one if not said.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
EntityArgument = Annotated[str, typer.Argument(metavar="ENTITY", help=", ".join(SYNCED))]
MONEY = "money"
"""What can be audited besides entities: a day's sales, taxes, refunds and payments."""
CATALOGUE = "catalogue"
"""The same: what stands in the way of a go-live."""
STOCK, CUSTOMERS, PRODUCTS, PRICES = "stock", "customers", "products", "prices"
AuditedArgument = Annotated[
    str, typer.Argument(metavar="ENTITY", help=f"{', '.join(SYNCED)}, {MONEY}, or {CATALOGUE}")
]


def synced_entity(name: str) -> str:
    """The entity, if this version syncs it.

    Raises: ConfigError for any other word.
    """
    if name in SYNCED:
        return name
    raise ConfigError(
        f"{name!r} is not something that Causeway syncs.",
        remedy=f"Known: {', '.join(SYNCED)}.",
    )


def known_keys(entity: str, texts: list[str]) -> list[str]:
    """The keys of records that a person names, each once.

    Raises: ConfigError for what cannot be a key.
    """
    kinds = {
        STOCK: stock_key,
        PRICES: _price_key,
        CUSTOMERS: _customer_key,
        PRODUCTS: product_key,
    }
    read = kinds.get(entity, _order_key)
    return list(dict.fromkeys(read(text) for text in texts))


def stock_key(text: str) -> str:
    """The key that a person means: a SKU in any case, `product:1007` or `variant:77`.

    Raises: ConfigError for what cannot be a key.
    """
    key = sku_key(text)
    number = next(
        (key.removeprefix(kind) for kind in (PRODUCT, VARIANT) if key.startswith(kind)), "1"
    )
    if not key or not number.isdecimal() or int(number) == 0:
        raise ConfigError(
            f"{text!r} is no key of stock.",
            remedy="Give a SKU, Brightpearl's product as in product:1007, or BigCommerce's variant "
            "as in variant:77.",
        )
    return key


def _price_key(text: str) -> str:
    key = sku_key(text)
    if not key or key.startswith(VARIANT):
        raise ConfigError(
            f"{text!r} is no key of prices.",
            remedy="Give a SKU, or Brightpearl's product as in product:1007.",
        )
    return stock_key(key)


def _customer_key(text: str) -> str:
    number = contact_id_of(text) or text
    if not merge_of(text) and (not number.isdecimal() or int(number) == 0):
        raise ConfigError(
            f"{text!r} is not the id of a BigCommerce customer.",
            remedy="Give it, or Brightpearl's contact as in contact:201.",
        )
    return text


def product_key(text: str) -> str:
    """The key of a product: `product:1007`, `group:12` or `store:77`.

    Raises: ConfigError.
    """
    kind, _, number = text.strip().partition(":")
    if f"{kind}:" not in {PRODUCT, GROUP, STORE_PRODUCT} or not number.isdecimal():
        raise ConfigError(
            f"{text!r} is no key of a product.",
            remedy="Give Brightpearl's product as in product:1007, its group as in group:12, or "
            "BigCommerce's product as in store:77.",
        )
    return text.strip()


def _order_key(text: str) -> str:
    number = note[1] if (note := note_of(text)) else text
    if not number.isdecimal() or int(number) == 0:
        raise ConfigError(
            f"{text!r} is not the id of a BigCommerce order.",
            remedy="Give it as in 250; of shipments also Brightpearl's goods note as in note-17.",
        )
    return text


def reconciled(name: str) -> str:
    """The entity, if it is one that is reconciled as a whole.

    Raises: ConfigError for any other word.
    """
    if synced_entity(name) in {STOCK, PRODUCTS}:
        return name
    raise ConfigError(
        f"Only {STOCK} and {PRODUCTS} are reconciled as a whole.",
        remedy=f"For {name}: causeway audit {name}, which puts what is missing into the inbox.",
    )


def a_day(name: str, day: str | None, days: int | None) -> str | None:
    """The day of an audit of money; an audit of anything else has none.

    Raises: ConfigError for what is no date, and for an option that this audit does not take.
    """
    if name in {STOCK, PRODUCTS} and (day is not None or days is not None):
        what = name.capitalize()
        raise ConfigError(f"{what} is compared as it is now: it takes neither --day nor --days.")
    if name != MONEY:
        if day is not None:
            raise ConfigError(f"--day is for the audit of {MONEY}; for {name} say --days.")
        return None
    if days is not None:
        raise ConfigError(f"--days is not for the audit of {MONEY}: say --day 2026-11-24.")
    try:
        return date.fromisoformat(day.strip()).isoformat() if day is not None else None
    except ValueError as error:
        raise ConfigError(f"--day {day!r} is not a day.", remedy="Write 2026-11-24.") from error


def moment(text: str, *, option: str, now: datetime | None = None) -> datetime:
    """The UTC moment of `2026-11-24`, `2026-11-24T09:30+01:00` or `90m`, `12h`, `3d`, `2w` ago.

    Raises: ConfigError naming the option.
    """
    if ago := re.fullmatch(r"(\d{1,5})([mhdw])", text.strip()):
        back = timedelta(**{UNITS[ago.group(2)]: int(ago.group(1))})
        return (now or utc_now()) - back
    try:
        return from_text(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{option} {text!r} is not a time.",
            remedy="Write 2026-11-24, 2026-11-24T09:30:00+01:00 (UTC if no offset is given), "
            "or how long ago: 90m, 12h, 3d, 2w.",
        ) from error

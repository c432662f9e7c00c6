"""How documents of both systems are read and written: strict in meaning, lenient in type."""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)
from pydantic_core import PydanticUseDefault

from core.cards import LONGER_THAN_PHONES, masked
from core.money import decimal
from core.times import from_text, to_iso


def _or_default(value: object) -> object:
    if value is None or value in ("", [], {}):
        raise PydanticUseDefault
    return value


OrDefault = BeforeValidator(_or_default)
"""Null, and a text, list or object that is empty, read as the field's default."""
Flag = Annotated[bool, BeforeValidator(lambda value: value or False)]
"""A flag; null reads as no."""


NO_FIELDS: set[str] = set()
"""The fields that were set, of every document: nobody asks for them."""


class Document(BaseModel):
    """An answer: fields we do not know may appear at any time; those we need have no default."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    def model_post_init(self, _context: object, /) -> None:
        """Forget which fields an answer had: nobody asks, and it is a third of a document's size.

        A whole catalogue is in memory when all of it is compared.
        """
        object.__setattr__(self, "__pydantic_fields_set__", NO_FIELDS)


class RequestBody(BaseModel):
    """A request: nothing travels that was not declared."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    def wire(self) -> dict[str, Any]:
        """The body to send; what is not set stays away."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _money(value: object) -> Decimal:
    if isinstance(value, Decimal | int | str) and value != "":
        try:
            return decimal(value)
        except (TypeError, ValueError):
            pass
    # The reason never holds the value, so neither does the cause.
    raise ValueError("not an amount of money")


def _text(value: object) -> object:
    """Null and an empty list or object are no text; one that holds something is not a text."""
    if isinstance(value, dict | list):
        if value:
            raise ValueError("not a text")
        return ""
    return "" if value is None else str(value)


def _moment(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value or None
    try:
        return from_text(value)
    except ValueError:
        pass
    raise ValueError("not a date")


@lru_cache(maxsize=10_000)
def _measure(text: str) -> Decimal:
    return Decimal(text)


Money = Annotated[
    Decimal, BeforeValidator(_money), PlainSerializer(str, return_type=str, when_used="json")
]
"""Text, integer or exact decimal on the wire; text when sent."""
Cents = Annotated[
    Decimal,
    BeforeValidator(_money),
    Field(decimal_places=2),
    PlainSerializer(float, return_type=float, when_used="json"),
]
"""Money of at most two places, sent as a JSON number: with so few places no cent is lost."""
Text = Annotated[str, BeforeValidator(_text)]
"""Text; null and a missing value read as ""."""
Repeated = Annotated[Text, AfterValidator(sys.intern)]
"""Text that many documents of a catalogue have in common: in memory it is there once."""
Typed = Annotated[Text, AfterValidator(masked)]
"""The same as people type it: the number of a payment card is masked before anybody reads it."""
Phone = Annotated[Text, AfterValidator(partial(masked, shortest=LONGER_THAN_PHONES))]
"""The same of a telephone number, which may be as long as the shorter ones of cards."""
Measure = Annotated[Decimal, AfterValidator(lambda value: _measure(str(value)))]
"""A weight or a length, in the other side's unit; equal ones are in memory once."""
Size = Annotated[Measure, BeforeValidator(lambda value: 0 if value is None else value)]
"""The same; null is 0."""
Id = Annotated[str, BeforeValidator(_text)]
"""An id, whether they send it as number or as text."""
OtherId = Annotated[str, BeforeValidator(lambda value: _text(value or "") if value != "0" else "")]
"""The id of another record; null and 0 read as "", which is none."""
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(to_iso, return_type=str, when_used="json"),
]
"""Aware UTC, from RFC 2822 or ISO 8601 with any offset."""


def broken_field(error: ValidationError) -> tuple[str, str]:
    """The first field that breaks a model, and what is wrong with it; never its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]

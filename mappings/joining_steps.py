"""Steps from several columns to one. README.md lists all steps for people."""

from __future__ import annotations

import string
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import field_validator

from mappings.context import Context
from mappings.steps import JoiningStep, plain, step

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind


@step("join")
class Join(JoiningStep):
    """The columns' texts behind each other, missing ones left out."""

    short: ClassVar[str | None] = "between"

    between: str = " "

    def of(self, values: Mapping[str, Any], context: Context) -> str:  # noqa: ARG002
        """Give the joined text."""
        return self.between.join(value for value in values.values() if value)


@step("first_filled")
class FirstFilled(JoiningStep):
    """The first of the columns that has a value."""

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money", "time"})
    gives: ClassVar[Kind | None] = None

    def of(self, values: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401, ARG002
        """Give the first value."""
        return next((value for value in values.values() if value not in ("", None)), None)


@step("template")
class Template(JoiningStep):
    """A text with columns in it: `BC-{order_id}`; `{value}` is the field's only column.

    Where one of the columns is missing, so is the text.
    """

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money", "count"})
    short: ClassVar[str | None] = "text"

    text: str

    @field_validator("text")
    @classmethod
    def _is_plain(cls, text: str) -> str:
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"is not a template: {error}") from error
        for _, name, form, conversion in parts:
            if name is not None and (not name.isidentifier() or form or conversion):
                raise ValueError("may hold only plain names in braces, such as {order_id}")
        return text

    def columns(self) -> frozenset[str]:
        """Give the names in braces."""
        return frozenset(name for _, name in _pieces(self.text) if name)

    def of(self, values: Mapping[str, Any], context: Context) -> str:  # noqa: ARG002
        """Give the filled text."""
        single = next(iter(values.values())) if len(values) == 1 else None
        texts: list[str] = []
        for literal, name in _pieces(self.text):
            texts.append(literal)
            if name:
                value = plain(single if name == "value" else values[name])
                if not value:
                    return ""
                texts.append(value)
        return "".join(texts)


@step("account_rate")
class AccountRate(JoiningStep):
    """The exchange rate, if it is against the account's currency; else nothing.

    BigCommerce tells the rate against the store's currency. Where the account keeps its books in
    another one, that rate must not reach it: Brightpearl then uses its own.
    """

    takes: ClassVar[frozenset[Kind]] = frozenset({"text", "money"})
    gives: ClassVar[Kind | None] = "money"

    rate: str
    against: str
    """Columns: the rate, and the currency it is against."""

    def columns(self) -> frozenset[str]:
        """Give both columns."""
        return frozenset({self.rate, self.against})

    def of(self, values: Mapping[str, Any], context: Context) -> Decimal | None:
        """Give the rate, or None."""
        if context.account_currency in ("", values[self.against]):
            rate: Decimal | None = values[self.rate]
            return rate
        return None


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((literal, name or "") for literal, name, _, _ in string.Formatter().parse(text))

"""What it means when an expectation fails, carried in its `meta`; and what several suites share.

A failed `STOP` means the whole batch is not to be trusted; `REFUSE` sends the rows' records to
quarantine; `NOTE` is only reported.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Severity(StrEnum):
    """What follows from a failed expectation."""

    STOP = "STOP"
    REFUSE = "REFUSE"
    NOTE = "NOTE"


class Rule(BaseModel):
    """The meaning of one expectation. Texts are for people and hold no data."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    severity: Severity
    reason: str
    """What is wrong with a row that fails, such as `the quantity is negative`."""
    class_: str = Field(default="", alias="class")
    """Class of the refusal, as in core/refusals.py (REFUSALS)."""
    field: str = ""
    remedy: str = ""
    """What to do before the record is released; may name what is wrong as `{value}`."""
    value_from: str = ""
    """Column that holds what is wrong; empty where that would show personal data."""

    @property
    def meta(self) -> dict[str, Any]:
        """As an expectation carries it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def stop(reason: str) -> dict[str, Any]:
    """`meta` of an expectation without which the batch is not to be trusted."""
    return Rule(severity=Severity.STOP, reason=reason).meta


def refuse(
    class_: str, reason: str, remedy: str, *, field: str, value_from: str | None = None
) -> dict[str, Any]:
    """`meta` of an expectation whose failing rows go to quarantine with a remedy.

    `value_from` is the column that holds what is wrong, the field itself unless given.
    """
    return Rule(
        severity=Severity.REFUSE,
        reason=reason,
        class_=class_,
        field=field,
        remedy=remedy,
        value_from=field if value_from is None else value_from,
    ).meta


def note(reason: str) -> dict[str, Any]:
    """`meta` of an expectation whose failure is only reported."""
    return Rule(severity=Severity.NOTE, reason=reason).meta


NUMBER = r"[1-9][0-9]*"
CURRENCY = r"[A-Z]{3}"
DAY = r"\d{4}-\d{2}-\d{2}"
EMAIL = r"[^@\s]+@[^@\s]+"
MOST = 10**9
"""No amount, quantity or total of a real order reaches this."""

CORRECT = "Correct the order in BigCommerce"
NO_CURRENCY = refuse(
    "currency",
    "the currency is not a three-letter code",
    "Add the currency to mappings/tables/currencies.csv and to Brightpearl",
    field="currency_code",
)
NO_EMAIL = refuse(
    "document",
    "there is no usable e-mail address",
    "Enter the shopper's e-mail in the order's billing address in BigCommerce",
    field="billing_email",
    value_from="",
)

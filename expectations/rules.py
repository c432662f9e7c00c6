"""What it means when an expectation fails, carried in its `meta`.

A failed `STOP` means the whole batch is not to be trusted; `REFUSE` sends the rows' orders to
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
    says: str
    """What is wrong with a row that fails, such as `the quantity is negative`."""
    klass: str = Field(default="", alias="class")
    """Class of the refusal: the kind of obstacle, as in core/orders.py (REFUSALS)."""
    field: str = ""
    remedy: str = ""
    """What to do before the order is released; may name the obstacle as `{value}`."""
    tell: str = ""
    """Column whose value is the obstacle; empty where that would tell personal data."""

    @property
    def meta(self) -> dict[str, Any]:
        """As an expectation carries it."""
        return self.model_dump(mode="json", by_alias=True)


def stop(says: str) -> dict[str, Any]:
    """`meta` of an expectation without which the batch is not to be trusted."""
    return Rule(severity=Severity.STOP, says=says).meta


def refuse(
    klass: str, says: str, remedy: str, *, field: str, tell: str | None = None
) -> dict[str, Any]:
    """`meta` of an expectation whose failing rows go to quarantine with a remedy.

    `tell` is the column that holds the obstacle, the field itself unless said otherwise.
    """
    told = field if tell is None else tell
    return Rule.model_validate(
        {
            "severity": Severity.REFUSE,
            "says": says,
            "class": klass,
            "field": field,
            "remedy": remedy,
            "tell": told,
        }
    ).meta


def note(says: str) -> dict[str, Any]:
    """`meta` of an expectation whose failure is only reported."""
    return Rule(severity=Severity.NOTE, says=says).meta

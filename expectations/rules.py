"""What it means when an expectation fails, carried in its `meta`; and what several suites share.

A failed `STOP` means the whole batch is not to be trusted; `REFUSE` sends the rows' records to
quarantine; `NOTE` is only reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.ids import EMAIL
from expectations.great import ExpectationSuite
from expectations.rows import (
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeBetween,
    ExpectValuesToBeInSet,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    ExpectValuesWithoutCards,
    RowExpectation,
    suite,
)


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

    @model_validator(mode="after")
    def _names_a_value_it_has(self) -> Self:
        if "{value}" in self.remedy and not self.value_from:
            raise ValueError("the remedy names a value, and value_from no column that holds it")
        return self

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
PERSON = rf"{EMAIL}|contact:{NUMBER}"
"""An e-mail, or the default contact of the channel (`contact_key` in core/ids.py)."""
MOST = 10**9
"""No amount, quantity or total of a real order reaches this."""

CORRECT = "Correct the order in BigCommerce"
NO_CURRENCY = refuse(
    "currency",
    "the currency is not a three-letter code",
    "Correct the right column of mappings/tables/currencies.csv",
    field="currency_code",
)
NO_EMAIL = refuse(
    "document",
    "there is no usable e-mail address",
    "Enter the shopper's e-mail in the order's billing address in BigCommerce",
    field="billing_email",
    value_from="",
)
NO_PERSON = refuse(
    "contact",
    "there is no usable e-mail address, and the channel has no default contact",
    "Add `{value},<id of a Brightpearl contact>` to mappings/tables/default_contacts.csv, or enter "
    "the shopper's e-mail in the order's billing address in BigCommerce",
    field="channel_id",
)
NO_CHANNEL = refuse(
    "channel",
    "the channel becomes no Brightpearl channel id",
    "Correct the right column of mappings/tables/channels.csv",
    field="channel_id",
)
NO_TAX_CODE = refuse(
    "tax_code",
    "a row has no tax code",
    "Add `{value},<Brightpearl tax code>` to mappings/tables/tax_codes.csv",
    field="tax_code",
    value_from="rate_percent",
)
NO_METHOD = refuse(
    "payment_method",
    "a payment has no method code of at most 36 characters",
    "Correct the right column of mappings/tables/payment_methods.csv",
    field="payment_method_code",
)


def row_expectations(
    remedy: str, *, may_be_negative: Sequence[str] = ()
) -> tuple[RowExpectation, ...]:
    """What the rows of any order or credit must have; `may_be_negative` are kinds of row."""
    return (
        ExpectValueLengthsToBeBetween(column="tax_code", min_value=1, meta=NO_TAX_CODE),
        ExpectValueLengthsToBeBetween(
            column="name",
            min_value=1,
            where={"product_id": [""]},
            meta=refuse("document", "a row has neither a product nor a name", remedy, field="name"),
        ),
        ExpectValuesToBeBetween(
            column="net",
            min_value=0,
            max_value=MOST,
            unless={"kind": list(may_be_negative)},
            meta=refuse("money", "a row's net amount is negative", remedy, field="net"),
        ),
    )


def refuse_card(field: str, columns: Sequence[str], remedy: str) -> RowExpectation:
    """Nobody is called, and nothing is sent to, the number of a payment card."""
    return ExpectValuesWithoutCards(
        columns=list(columns),
        meta=refuse(
            "card",
            f"the number of a payment card stands in the {field.replace('_', ' ')}",
            remedy,
            field=field,
            value_from="",
        ),
    )


def note_cards(columns: Sequence[str], where: str) -> RowExpectation:
    """Of a card's number in a text for staff, only the last four digits go on."""
    return ExpectValuesWithoutCards(
        columns=list(columns),
        meta=note(
            f"the number of a payment card was left out, but for its last four digits, of one of "
            f"{', '.join(columns)}: take it out of {where} as well"
        ),
    )


def payments_suite(
    name: str, payment_type: str, *, otherwise: str, remedy: str
) -> ExpectationSuite:
    """What must be true of customer payments of one type before they are sent."""
    return suite(
        name,
        ExpectValuesToBeUnique(
            columns=["transaction_ref", "payment_method_code"],
            meta=stop("two payments carry the same reference and method"),
        ),
        ExpectValueLengthsToBeBetween(
            column="transaction_ref",
            min_value=1,
            max_value=64,
            meta=stop("a payment's reference, its key, is blank or longer than 64 characters"),
        ),
        ExpectValuesToBeBetween(
            column="amount",
            min_value=0,
            strict_min=True,
            max_value=MOST,
            meta=refuse("document", "a payment is not a positive amount", remedy, field="amount"),
        ),
        ExpectValueLengthsToBeBetween(
            column="payment_method_code", min_value=1, max_value=36, meta=NO_METHOD
        ),
        ExpectValuesToBeInSet(
            column="payment_type", value_set=[payment_type], meta=stop(otherwise)
        ),
        ExpectValuesToMatchRegex(column="currency_code", regex=CURRENCY, meta=NO_CURRENCY),
    )

"""Why a row could not be mapped, and what the person who reads it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.refusals import release_remedy
from mappings.rules import FieldRule
from mappings.shapes import is_personal
from mappings.steps import plain

LONGEST_VALUE = 200
"""Characters of an obstacle's value that are kept; released by the same text."""


def refusal(rule: FieldRule, target: str, row: Mapping[str, Any], key: str) -> dict[str, str]:
    """A REFUSALS record for a rule that gave nothing. In: the row's source values by column.

    The value stays empty where it is missing or may be personal data; the record is then named by
    its key alone.
    """
    filled = [column for column in rule.about if plain(row[column])]
    column = next(iter(filled or rule.about), rule.to)
    is_private = is_personal(column)
    value = plain(row[column])[:LONGEST_VALUE] if filled and not is_private else ""
    return {
        "key": key,
        "class": rule.class_,
        "field": column,
        "value": value,
        "reason": _reason(rule, column, value, is_hidden=bool(filled) and is_private),
        "remedy": release_remedy(_help(rule, target, value), rule.class_, value=value, key=key),
    }


def _reason(rule: FieldRule, column: str, value: str, *, is_hidden: bool) -> str:
    words = _spoken(column)
    if is_hidden:
        return f"the order's {words} cannot be used"
    if not value:
        return f"the order has no {words}"
    reasons = [reason for step in rule.steps if (reason := step.reason(value))]
    return f"{words} {reasons[-1] if reasons else 'cannot be used'}"


def _help(rule: FieldRule, target: str, value: str) -> str:
    if rule.remedy:
        return rule.remedy.replace("{value}", value)
    system = target.partition(".")[0].capitalize()
    wanted = f"{system} {_spoken(rule.to)}"
    offers = [offer for step in rule.steps if (offer := step.remedy(value, wanted))]
    return offers[-1] if value and offers else "Complete the order in BigCommerce"


def _spoken(column: str) -> str:
    return column.replace("_", " ")

"""Why a row could not be mapped, and what the person who reads it can do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from mappings.rules import FieldRule
from mappings.shapes import is_personal
from mappings.steps import plain

LONGEST_VALUE = 200
"""Characters of an obstacle's value that are kept; released by the same text."""


def refusal(rule: FieldRule, target: str, row: Mapping[str, Any], order_id: str) -> dict[str, str]:
    """A REFUSALS record for a rule that gave nothing. In: the row's source values by column.

    The value stays empty where it is missing or may be personal data; the order is then named by
    its id alone.
    """
    filled = [column for column in rule.about if plain(row[column])]
    column = next(iter(filled or rule.about), rule.to)
    is_private = is_personal(column)
    value = plain(row[column])[:LONGEST_VALUE] if filled and not is_private else ""
    return {
        "order_id": order_id,
        "class": rule.class_,
        "field": column,
        "value": value,
        "reason": _reason(rule, column, value, is_hidden=bool(filled) and is_private),
        "remedy": _remedy(rule, target, value, order_id),
    }


def _reason(rule: FieldRule, column: str, value: str, *, is_hidden: bool) -> str:
    words = _spoken(column)
    if is_hidden:
        return f"the order's {words} cannot be used"
    if not value:
        return f"the order has no {words}"
    reasons = [reason for step in rule.steps if (reason := step.reason(value))]
    return f"{words} {reasons[-1] if reasons else 'cannot be used'}"


def _remedy(rule: FieldRule, target: str, value: str, order_id: str) -> str:
    release = f"causeway quarantine release --class {rule.class_}"
    by = f"--value {shlex.quote(value)}" if value else f"--key {shlex.quote(order_id)}"
    return f"{_help(rule, target, value)}, then: {release} {by}"


def _help(rule: FieldRule, target: str, value: str) -> str:
    if rule.remedy:
        return rule.remedy.replace("{value}", value)
    system = target.partition(".")[0].capitalize()
    wanted = f"{system} {_spoken(rule.to)}"
    offers = [offer for step in rule.steps if (offer := step.remedy(value, wanted))]
    return offers[-1] if value and offers else "Complete the order in BigCommerce"


def _spoken(column: str) -> str:
    return column.replace("_", " ")

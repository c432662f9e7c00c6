"""A mapping applied to a frame: column by column, every distinct value only once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.frames import frame, frame_of_columns
from core.refusals import REFUSALS, release_remedy
from mappings.rules import Context, EntityMapping, FieldRule, JoiningStep, ValueStep
from mappings.shapes import NOUNS, ORDER, RECORDS, is_personal, target_schema
from mappings.tables import lack_of_row, plain, row_to_add

__all__ = ["Context", "Mapped", "apply"]

Columns = Mapping[str, Sequence[Any]]
"""A frame's values by column; a missing one (empty text, too) is None."""
LONGEST_VALUE = 200
"""Characters of a refusal's value that are kept; released by the same text."""


@dataclass(frozen=True)
class Mapped:
    """What a mapping made of a frame."""

    frame: pd.DataFrame
    """The target's columns, in the source's order, less the rows that were refused."""
    refusals: pd.DataFrame
    """REFUSALS: every reason for every refused row. What else an order consists of is the caller's
    to take back."""


def apply(mapping: EntityMapping, rows: pd.DataFrame, context: Context) -> Mapped:
    """The target frame of a source frame. In: at least the columns that the mapping reads.

    A target column that no field fills is blank. An empty frame gives an empty one with its columns
    and dtypes.

    Raises: KeyError when the frame lacks a column, or the context a table or what is known.
    """
    record = RECORDS.get(mapping.target, "order_id")
    needed = {
        c for rule in mapping.fields for c in (*rule.source, *rule.about, *rule.where, record)
    }
    # Plain lists: a pandas operation per column costs a single order more than the work in it. Only
    # a missing value (NaN, NaT) differs from itself.
    source = {
        name: [None if v == "" or v != v else v for v in rows[name].tolist()]  # noqa: PLR0124
        for name in needed
    }
    made: dict[str, Sequence[Any]] = {}
    refused: dict[int, list[FieldRule]] = {}
    for rule in mapping.fields:
        made[rule.to] = values = _column(rule, source, len(rows), context)
        if rule.missing != "blank" and None in values:
            for position in _refused(rule, source, values):
                refused.setdefault(position, []).append(rule)
    if refused:
        kept = [position for position in range(len(rows)) if position not in refused]
        made = {name: [values[position] for position in kept] for name, values in made.items()}
    refusals = [
        _refusal(rule, mapping.target, source, position, record, context)
        for position in sorted(refused)
        for rule in refused[position]
    ]
    distinct = {tuple(refusal.values()): refusal for refusal in refusals}
    return Mapped(
        frame_of_columns(made, target_schema(mapping.target, made), len(rows) - len(refused)),
        frame(distinct.values(), REFUSALS),
    )


def _column(rule: FieldRule, source: Columns, size: int, context: Context) -> Sequence[Any]:
    """The values of a target column before the refused ones leave it."""
    if len(rule.source) == 1 and not rule.steps:
        return source[rule.source[0]]
    keys = list(zip(*(source[name] for name in rule.source), strict=True)) or [()] * size
    made: dict[tuple[Any, ...], Any] = {}
    for key in dict.fromkeys(keys):
        values = dict(zip(rule.source, key, strict=True))
        for step in rule.steps:
            if isinstance(step, JoiningStep):
                values = {"value": step.of(values, context)}
            elif isinstance(step, ValueStep):
                for column, value in values.items():
                    if step.column in ("", column) and (value is not None or step.fills):
                        values[column] = step.of(value, context)
            values = {column: None if v == "" else v for column, v in values.items()}
        (made[key],) = values.values()
    return [made[key] for key in keys]


def _refused(rule: FieldRule, source: Columns, values: Sequence[Any]) -> list[int]:
    """Positions of the rows for which a rule gave nothing, and that are refused for it."""
    return [
        position
        for position, value in enumerate(values)
        if value is None
        and all(source[column][position] in allowed for column, allowed in rule.where.items())
        and (
            rule.missing == "refuse"
            or any(source[column][position] is not None for column in rule.source)
        )
    ]


def _refusal(  # noqa: PLR0913, PLR0917 - a rule, a cell of a frame, and what is known
    rule: FieldRule, target: str, source: Columns, position: int, record: str, context: Context
) -> dict[str, str]:
    """Why a row could not be mapped, as a REFUSALS record, and what whoever reads it can do.

    The value stays empty where it is missing or may be personal data; the record is then named by
    its key alone.
    """
    key = str(source[record][position] or "")
    values = {column: source[column][position] for column in (*rule.source, *rule.about)}
    lack = next((one for step in rule.steps if (one := step.lack(values, context))), None)
    if lack:
        column, value = lack.column, plain(values[lack.column])[:LONGEST_VALUE]
        reason = f"{column.replace('_', ' ')} {lack_of_row(value, lack.table)}"
        action = row_to_add(value, lack.becomes, lack.table)
    else:
        texts = {column: plain(values[column]) for column in rule.about}
        column = next((name for name, text in texts.items() if text), next(iter(texts), rule.to))
        value = texts.get(column, "")
        for step in rule.steps:
            value = step.named(value, context)
        value, reason = _reason(rule, target, column, value[:LONGEST_VALUE])
        action = _remedy(rule, target, value)
    return {
        "key": key,
        "class": rule.class_,
        "field": column,
        "value": value,
        "reason": reason,
        "remedy": release_remedy(action, rule.class_, value=value, key=key),
    }


def _reason(rule: FieldRule, target: str, column: str, value: str) -> tuple[str, str]:
    """The value that a refusal may show, and why the row is refused."""
    noun, _ = NOUNS.get(target, ORDER)
    name = column.replace("_", " ")
    if not value:
        return "", f"the {noun} has no {name}"
    if is_personal(column):
        return "", f"the {noun}'s {name} cannot be used"
    reasons = [found for step in rule.steps if (found := step.reason(value))]
    return value, f"{name} {reasons[-1] if reasons else 'cannot be used'}"


def _remedy(rule: FieldRule, target: str, value: str) -> str:
    if rule.remedy and (value or "{value}" not in rule.remedy):
        return rule.remedy.replace("{value}", value)
    system = target.partition(".")[0].capitalize()
    wanted = f"{system} {rule.to.replace('_', ' ')}"
    offers = [offer for step in rule.steps if (offer := step.remedy(value, wanted))]
    noun, place = NOUNS.get(target, ORDER)
    return offers[-1] if value and offers else f"Complete the {noun} in {place}"

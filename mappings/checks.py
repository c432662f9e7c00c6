"""Checks of one rule of a mapping file against the frames, the steps and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mappings.files import Problem
from mappings.rules import FieldRule, JoiningStep, Step, ValueStep
from mappings.shapes import KEYS, REQUIRED, SOURCES, target_schema
from mappings.steps import Lookup, MostSpecific
from mappings.tables import Table
from mappings.tax_codes import TABLE as TAX_CODES

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind

Fault = tuple[str, str]
"""Where in the rule (`steps[1]`, or empty for the rule as a whole), and what is wrong."""


@dataclass(frozen=True)
class RuleContext:
    """What a file's rules are checked against."""

    source: str
    target: str
    tables: Mapping[str, Table]


def faults(rule: FieldRule, context: RuleContext) -> Iterator[Fault]:
    """Everything wrong with a rule whose steps could be built."""
    unknown = list(_unknown_columns(rule, context))
    yield from unknown
    yield from _key_faults(rule, context)
    if rule.to in REQUIRED[context.target] and not _is_always_filled(rule):
        if rule.missing != "refuse":
            yield "missing", f"must be `refuse`: {rule.to} is required"
        elif rule.where:
            yield "where", f"cannot be used: {rule.to} is required in every row"
    if not unknown:
        yield from _Flow(rule, context).faults()


def tables_used(rule: FieldRule) -> Iterator[Lookup | MostSpecific]:
    """The rule's look-ups."""
    return (step for step in rule.steps if isinstance(step, Lookup | MostSpecific))


def suggestion(word: str, known: Mapping[str, object] | frozenset[str]) -> str:
    """` (did you mean …?)` where something known is spelled nearly the same."""
    near = get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _unknown_columns(rule: FieldRule, context: RuleContext) -> Iterator[Fault]:
    target, source = target_schema(context.target, [rule.to]), SOURCES[context.source]
    if rule.to not in target:
        yield "to", f"{context.target} has no column {rule.to!r}{suggestion(rule.to, target)}"
    about = () if rule.about == rule.source else rule.about
    for key, columns in (("from", rule.source), ("about", about), ("where", rule.where)):
        for column in columns:
            if column not in source:
                hint = suggestion(column, source)
                yield key, f"{context.source} has no column {column!r}{hint}"


def _key_faults(rule: FieldRule, context: RuleContext) -> Iterator[Fault]:
    key = KEYS[context.target].get(rule.to)
    if key is None:
        return
    steps = tuple(step.name for step in rule.steps)
    texts = tuple(getattr(step, "text", "") for step in rule.steps if step.name == "template")
    if (rule.source, steps, "".join(texts)) != (key.source, key.steps, key.template):
        wanted = " and ".join(key.source)
        by = f" by the steps [{key.template or ', '.join(key.steps)}]" if key.steps else " as it is"
        yield "", f"must be made from {wanted}{by}: records are found again, and add up, by it"


def _is_always_filled(rule: FieldRule) -> bool:
    return bool(rule.steps) and rule.steps[-1].name in {"constant", "coalesce", "flag"}


class _Flow:
    """The kinds of value on their way through a rule's steps."""

    def __init__(self, rule: FieldRule, context: RuleContext) -> None:
        self.rule = rule
        self.context = context
        source = SOURCES[context.source]
        self.kinds: dict[str, Kind] = {column: source[column] for column in rule.source}

    def faults(self) -> Iterator[Fault]:
        if not self.kinds and not (self.rule.steps and self.rule.steps[0].name == "constant"):
            yield "from", "is missing; only a constant needs no column"
            return
        for position, step in enumerate(self.rule.steps):
            where = f"steps[{position}]"
            found = [*self._name_faults(step), *self._kind_faults(step)]
            yield from ((where, fault) for fault in found)
            if found:
                return
            self._take(step)
        yield from self._end_faults()

    def _touched(self, step: Step) -> list[str]:
        """The columns a step works on."""
        column = step.column if isinstance(step, ValueStep) else ""
        return [name for name in self.kinds if column in ("", name)]

    def _name_faults(self, step: Step) -> Iterator[str]:
        if isinstance(step, Lookup | MostSpecific) and step.table not in self.context.tables:
            hint = suggestion(step.table, self.context.tables)
            yield f"there is no table tables/{step.table}.csv{hint}"
        if isinstance(step, ValueStep) and step.column and step.column not in self.kinds:
            yield f"the column {step.column!r} is not among the columns that arrive here"

    def _kind_faults(self, step: Step) -> Iterator[str]:
        for name in self._touched(step):
            if self.kinds[name] not in step.takes:
                takes = " or ".join(sorted(step.takes))
                yield f"{step.name} takes {takes}, but {name} is {self.kinds[name]}"
        if not isinstance(step, JoiningStep):
            return
        single = {"value"} if len(self.kinds) == 1 else set()
        for name in sorted(step.columns() - set(self.kinds) - single):
            yield f"the column {name!r} is not among the columns that arrive here"
        if step.gives is None and len(set(self.kinds.values())) > 1:
            yield f"{step.name} needs columns of one kind"

    def _take(self, step: Step) -> None:
        if isinstance(step, JoiningStep):
            kind = next(iter(self.kinds.values())) if step.gives is None else step.gives
            self.kinds = {"value": kind}
        else:
            for name in self._touched(step):
                if step.gives is not None:
                    self.kinds[name] = step.gives

    def _end_faults(self) -> Iterator[Fault]:
        if len(self.kinds) > 1:
            names = ", ".join(self.kinds)
            yield "steps", f"leave {names} side by side; add first_filled, join or template"
            return
        target = target_schema(self.context.target, [self.rule.to])[self.rule.to]
        (kind,) = self.kinds.values()
        if kind != target:
            yield "steps", f"give {kind}, but {self.rule.to} is {target}"


def table_problems(rule: FieldRule, context: RuleContext) -> Iterator[Problem]:
    """What is wrong with a table for the way in which a rule uses it."""
    source = SOURCES[context.source]
    for step in tables_used(rule):
        table = context.tables.get(step.table)
        if table is None:
            continue
        is_by_number = isinstance(step, Lookup) and step is rule.steps[0]
        # With other steps the tax code of a rate alone is enough: places are looked up elsewhere.
        if table.name == TAX_CODES and len(rule.steps) > 1:
            is_by_number = False
        if is_by_number and any(source.get(name) == "money" for name in rule.source):
            yield from table.numeric_problems()
        if step is rule.steps[-1] and rule.missing != "blank" and not rule.where:
            for row in table.rows:
                if not row.becomes:
                    text = f"is blank, but {rule.to} needs a value"
                    yield Problem(table.file, row.line, "becomes", text)

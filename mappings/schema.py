"""What a mapping file may say; a file that says something else is answered line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

import mappings.catalogue_steps
import mappings.tracking  # noqa: F401 - with `mappings.steps`, it enters the steps in the registry
from mappings.checks import RuleContext, faults, suggestion, table_problems
from mappings.files import Document, Path, Problem, read_yaml
from mappings.rules import REGISTRY, EntityMapping, FieldRule, Missing, Owner, Step, build
from mappings.shapes import FILES, REQUIRED, SOURCES, TARGETS
from mappings.tables import Table

Model = TypeVar("Model", bound=BaseModel)


def _listed(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One name or a list of names."""


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _FieldContent(_Content):
    """One entry under `fields`, before its steps are read."""

    to: str
    source: Annotated[Names, Field(alias="from")] = ()
    steps: list[Any] = []
    missing: Missing | None = None
    class_: Annotated[str, Field(alias="class", pattern=r"^[a-z][a-z_]*$")] = "document"
    remedy: str = ""
    about: Names = ()
    where: dict[str, Names] = {}
    owner: Owner = ""


class _FileContent(_Content):
    source: str
    target: str
    fields: list[Any]


@dataclass(frozen=True)
class _File:
    """A file on its way through the checks."""

    name: str
    document: Document

    @property
    def file(self) -> str:
        return f"{self.name}.yaml"

    def problem(self, path: Path, field: str, message: str) -> Problem:
        return Problem(self.file, self.document.line(path), field, message)


def read_mapping(
    name: str, text: str, tables: Mapping[str, Table]
) -> tuple[EntityMapping | None, list[Problem]]:
    """The mapping of a file's text, and everything that is wrong with it.

    With problems there is no mapping, unless all of them are in the tables it uses.
    """
    document = read_yaml(f"{name}.yaml", text)
    if isinstance(document, Problem):
        return None, [document]
    file = _File(name, document)
    content = _checked(_FileContent, document.value, file, ())
    if not isinstance(content, _FileContent):
        return None, content
    if problems := _frame_problems(file, content):
        return None, problems
    context = RuleContext(content.source, content.target, tables)
    rules, problems = _rules(file, content, context)
    problems += _missing_columns(file, content, rules)
    mapping = (
        None if problems else EntityMapping(name, content.source, content.target, tuple(rules))
    )
    return mapping, problems + [p for rule in rules for p in table_problems(rule, context)]


def _frame_problems(file: _File, content: _FileContent) -> list[Problem]:
    problems = []
    for key, value, known in (
        ("source", content.source, SOURCES),
        ("target", content.target, TARGETS),
    ):
        if value not in known:
            text = f"{value!r} is not one of {', '.join(known)}{suggestion(value, known)}"
            problems.append(file.problem((key,), key, text))
    if not problems and (expected := FILES.get(file.name)) not in (
        None,
        (content.source, content.target),
    ):
        source, target = expected or ("", "")
        text = f"this file maps {source} to {target}"
        problems.append(file.problem(("source",), "source", text))
    return problems


def _rules(
    file: _File, content: _FileContent, context: RuleContext
) -> tuple[list[FieldRule], list[Problem]]:
    """The rules that could be read, and the problems of all."""
    rules: list[FieldRule] = []
    problems: list[Problem] = []
    for i, entry in enumerate(content.fields):
        rule, found = _rule(file, ("fields", i), entry, context)
        problems += found
        rules += [rule] if rule else []
    for to, times in Counter(rule.to for rule in rules).items():
        if times > 1:
            first, *others = [rule.line for rule in rules if rule.to == to]
            text = f"is filled already in line {first}"
            problems += [Problem(file.file, line, to, text) for line in others]
    return rules, problems


def _rule(
    file: _File, path: Path, entry: object, context: RuleContext
) -> tuple[FieldRule | None, list[Problem]]:
    content = _checked(_FieldContent, entry, file, path)
    if not isinstance(content, _FieldContent):
        return None, content
    steps, problems = _steps(file, path, content)
    required = content.to in REQUIRED[context.target]
    rule = FieldRule(
        to=content.to,
        source=content.source,
        steps=tuple(steps),
        missing=content.missing or ("refuse" if required else "blank"),
        class_=content.class_,
        remedy=content.remedy,
        about=content.about or content.source,
        where={column: frozenset(values) for column, values in content.where.items()},
        owner=content.owner,
        line=file.document.line(path),
    )
    if not problems:
        problems = [
            file.problem((*path, *_parts(where)), _named(content.to, where), message)
            for where, message in faults(rule, context)
        ]
    return rule, problems


def _steps(file: _File, path: Path, content: _FieldContent) -> tuple[list[Step], list[Problem]]:
    steps: list[Step] = []
    problems: list[Problem] = []
    for i, entry in enumerate(content.steps):
        where: Path = (*path, "steps", i)
        named = _named(content.to, f"steps[{i}]")
        match entry:
            case str():
                name, parameters = entry, None
            case dict() if len(entry) == 1:
                ((name, parameters),) = entry.items()
            case _:
                text = "a step is a name, or one name with its parameters"
                problems.append(file.problem(where, named, text))
                continue
        if name not in REGISTRY:
            text = f"there is no step {name!r}{suggestion(name, REGISTRY)}"
            problems.append(file.problem(where, named, text))
            continue
        try:
            steps.append(build(name, parameters))
        except ValidationError as error:
            problems += _problems_of(error, file, (*where, name), f"{named}.{name}", REGISTRY[name])
    return steps, problems


def _missing_columns(
    file: _File, content: _FileContent, rules: Sequence[FieldRule]
) -> list[Problem]:
    unread = len(content.fields) - len(rules)
    filled = {rule.to for rule in rules}
    missing = [c for c in TARGETS[content.target] if c in REQUIRED[content.target] - filled]
    if unread:  # a rule that could not be read may well be the one that is missed
        return []
    return [file.problem(("fields",), c, "is required, but no field fills it") for c in missing]


def _checked(model: type[Model], value: object, file: _File, path: Path) -> Model | list[Problem]:
    """The value as a model, or what is wrong with it."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        name = str(value["to"]) if isinstance(value, dict) and "to" in value else _spelled(path)
        return _problems_of(error, file, path, name, model)


def _problems_of(
    error: ValidationError, file: _File, path: Path, name: str, model: type[BaseModel]
) -> list[Problem]:
    """The validator's findings as sentences, each at its line."""
    problems = []
    known = [field.alias or key for key, field in model.model_fields.items()]
    for found in error.errors(include_input=False, include_url=False):
        where = found["loc"]
        match found["type"]:
            case "missing":
                message = "is missing"
            case "extra_forbidden":
                message = f"is not known here; known: {', '.join(known) or 'nothing'}"
            case "model_type" | "model_attributes_type":
                message = "must be a set of `key: value`"
            case _:
                message = found["msg"].removeprefix("Value error, ")
        place = ".".join(part for part in (name, _spelled(where)) if part)
        problems.append(file.problem((*path, *where), place, message))
    return problems


def _spelled(path: Path) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _named(to: str, where: str) -> str:
    return ".".join(part for part in (to, where) if part)


def _parts(where: str) -> Iterator[str | int]:
    """`steps[1]` as a path."""
    key, _, position = where.removesuffix("]").partition("[")
    if key:
        yield key
    if position:
        yield int(position)

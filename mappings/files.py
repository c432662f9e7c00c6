"""How the files of the mappings are read: YAML with the line of every value, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import ConfigError

Path = tuple[str | int, ...]
"""The place of a value in a document: keys and positions, outermost first."""
LONGEST = 1_000_000
"""Characters of the longest mapping file that is read."""
DEEPEST = 12
"""Levels of nesting; a mapping has five."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TYPED = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null")}
NAMED = re.compile(r"(?<![\w/.-])mappings/(tables/\w+\.csv|\w+\.yaml)")
"""A file of the mappings, as remedies name it wherever it is."""
SHOWN = 20
"""Problems spelled out in one error's text; the rest are counted."""


def with_paths(text: str, folder: PathLike[str] | None) -> str:
    """The text with each file of the mappings named by its path.

    In: the folder of the installation's own files; None for the shipped ones.
    """
    return text if folder is None else NAMED.sub(lambda found: f"{folder}/{found[1]}", text)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to correct. Reads as `orders.yaml:12: status_id: there is no table …`."""

    file: str
    """Inside the mappings folder, such as `orders.yaml` or `tables/channels.csv`."""
    line: int
    """From 1; 0 where the file as a whole is meant."""
    field: str
    """The target column or the key that is wrong; empty where the line says it all."""
    message: str

    def __str__(self) -> str:
        """Give place and problem on one line, as editors and terminals link it."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.message) if part)


class MappingError(ConfigError):
    """Mapping files or tables that cannot be used; `problems` lists everything found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            shown.append(f"… and {len(self.problems) - SHOWN} more")
        super().__init__(
            "\n".join(["The mappings cannot be used:", *shown]),
            remedy="\nCorrect the files, check them with: causeway mappings validate",
        )


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values, and the line from which each of them is."""

    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest value around it; 1 for the file."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


class _Unreadable(Exception):  # noqa: N818 - carries a problem to the caller; not for others
    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.line = node.start_mark.line + 1


def read_yaml(file: str, text: str) -> Document | Problem:
    """The document of a file's text, or what keeps it from being read.

    Anchors, aliases and repeated keys are refused: a mapping says everything once, where it is.
    """
    if len(text) > LONGEST:
        return Problem(file, 0, "", f"the file is longer than {LONGEST} characters")
    try:
        return _refused_event(file, text) or _document(file, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return Problem(file, line, "", f"this is not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        return Problem(file, 1, "", f"this is not YAML: {error}")
    except _Unreadable as error:
        return Problem(file, error.line, "", str(error))


def _document(file: str, text: str) -> Document | Problem:
    node = yaml.compose(text, Loader=_LOADER)
    if node is None:
        return Problem(file, 1, "", "the file is empty")
    lines: dict[Path, int] = {}
    return Document(_value(node, (), lines), lines)


def _refused_event(file: str, text: str) -> Problem | None:
    """What must be known before the document is built: libyaml builds it by recursion in C."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None):
            return Problem(file, line, "", "anchors and aliases (&, *) are not used in mappings")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            return Problem(file, line, "", f"values are nested deeper than {DEEPEST} levels")
    return None


def _value(node: Node, path: Path, lines: dict[Path, int]) -> Any:  # noqa: ANN401 - plain values
    lines[path] = node.start_mark.line + 1
    match node:
        case MappingNode():
            return _mapping(node, path, lines)
        case SequenceNode():
            return [_value(item, (*path, i), lines) for i, item in enumerate(node.value)]
        case ScalarNode():
            return _scalar(node)
    raise _Unreadable(node, f"cannot read a {type(node).__name__}")


def _mapping(node: MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            raise _Unreadable(key_node, "a key must be a word")
        key = str(key_node.value)
        if key in found:
            raise _Unreadable(key_node, f"the key {key!r} is given twice")
        found[key] = _value(value_node, (*path, key), lines)
        lines[(*path, key)] = key_node.start_mark.line + 1
    return found


def _scalar(node: ScalarNode) -> str | bool | int | float | None:
    """Text, unless YAML reads it as a flag, a number or nothing; a date stays text."""
    if node.tag in _TYPED:
        value: bool | int | float | None = SafeConstructor().construct_object(node)
        return value
    return str(node.value)

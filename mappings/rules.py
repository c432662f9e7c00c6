"""A mapping file as read and checked: which column becomes which, by which steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mappings.shapes import TARGETS
from mappings.steps import Step

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Schema

Missing = Literal["refuse", "refuse_unknown", "blank"]
"""What happens where no value comes out. `refuse`: the row is refused. `refuse_unknown`: it is, if
there was a value that nothing is known for; where there was none, the column stays blank. `blank`:
the column stays blank."""


@dataclass(frozen=True)
class FieldRule:
    """How one target column is made."""

    to: str
    source: tuple[str, ...]
    """Columns it is made from; none for a constant."""
    steps: tuple[Step, ...] = ()
    missing: Missing = "blank"
    class_: str = "document"
    """Refusal class."""
    remedy: str = ""
    """What helps, with `{value}` in it, as the start of a sentence; empty: the step's own words."""
    about: tuple[str, ...] = ()
    """Columns of which the first filled one names the obstacle."""
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Only rows with these values in these columns are refused; elsewhere it stays blank."""
    line: int = 0


@dataclass(frozen=True)
class EntityMapping:
    """One mapping file."""

    name: str
    """The file's, without `.yaml`."""
    source: str
    target: str
    fields: tuple[FieldRule, ...]

    @property
    def target_schema(self) -> Schema:
        """Columns of the frame that it gives."""
        return TARGETS[self.target]

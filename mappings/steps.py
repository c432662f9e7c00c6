"""What a step of a mapping is, and the registry of all of them. See `value_steps`, `joining_steps`.

A missing value (empty text, no amount, no time) passes through every step unchanged unless the step
is there to fill it. A value for which a step knows nothing becomes missing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from mappings.context import Context

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind

TEXTS: frozenset[Kind] = frozenset({"text"})

REGISTRY: dict[str, type[Step]] = {}
"""Every step by the name that mapping files call it."""


class Step(BaseModel):
    """Common to all steps. Parameters are checked when the mapping is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: ClassVar[str] = ""
    takes: ClassVar[frozenset[Kind]] = TEXTS
    """Kinds of column it can work on."""
    gives: ClassVar[Kind | None] = "text"
    """Kind of column that comes out; None: the one that went in."""
    fills: ClassVar[bool] = False
    """Whether it is also asked about missing values."""
    short: ClassVar[str | None] = None
    """The parameter meant by `{step: value}`."""

    def reason(self, value: str) -> str:  # noqa: ARG002 - most steps lose no value
        """Why nothing is known for a value, for people; empty for a step that loses none."""
        return ""

    def remedy(self, value: str, becomes: str) -> str:  # noqa: ARG002 - most steps lose no value
        """What makes it known, as the start of a sentence; `becomes` says what is wanted."""
        return ""


class ValueStep(Step):
    """One value becomes one value."""

    @abstractmethod
    def of(self, value: Any, context: Context) -> Any:  # noqa: ANN401 - what `takes` and `gives` say
        """The new value; empty text or None if there is none."""


class JoiningStep(Step):
    """Several columns become one, row by row."""

    @abstractmethod
    def of(self, values: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401
        """The new value from one row's values, by column; the missing ones are None."""

    def columns(self) -> frozenset[str]:
        """Columns it names itself; they have to be among the field's `from`."""
        return frozenset()


StepType = TypeVar("StepType", bound=Step)


def step(name: str) -> Callable[[type[StepType]], type[StepType]]:
    """Enter a step in the registry under the name that mapping files use."""

    def enter(kind: type[StepType]) -> type[StepType]:
        kind.name = name
        REGISTRY[name] = kind
        return kind

    return enter


def build(name: str, told: object) -> Step:
    """The step of that name with what the mapping tells it: a single value or named ones.

    Raises: KeyError for an unknown name; pydantic.ValidationError for wrong parameters.
    """
    kind = REGISTRY[name]
    if told is None:
        return kind.model_validate({})
    if isinstance(told, Mapping):
        return kind.model_validate(told)
    return kind.model_validate({kind.short or "value": told})


def plain(value: object) -> str:
    """A value as text: amounts without exponent or trailing zeros, everything else as it is."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)

"""What a mapping consists of: the rule of each column, the steps of a rule, and their registry.

A missing value (empty text, no amount, no time) passes through every step unchanged unless the step
is there to fill it. A value for which a step knows nothing becomes missing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from mappings.tables import Table

if TYPE_CHECKING:  # core.frames imports pandas, which checking a mapping file does not need
    from core.frames import Kind

TEXTS: frozenset[Kind] = frozenset({"text"})

Missing = Literal["refuse", "refuse_unknown", "blank"]
"""What happens where no value comes out. `refuse`: the row is refused. `refuse_unknown`: it is, if
there was a value that nothing is known for; where there was none, the column stays blank. `blank`:
the column stays blank."""
Owner = Literal["bigcommerce", "brightpearl", "last agreed", ""]
"""Whose value wins where both sides changed a field: one side's, or the one that both last agreed
on; "" where a person decides."""

REGISTRY: dict[str, type[Step]] = {}
"""Every step by the name that mapping files call it."""


@dataclass(frozen=True)
class Context:
    """What steps need to know of a batch besides the values."""

    zone: str
    """The store's IANA time zone."""
    tables: Mapping[str, Table]
    """By name, as `Bundle.tables`."""
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the names in `mappings.shapes.KNOWN`; keys as `core.ids.sku_key` makes them."""
    account_currency: str = ""
    """Brightpearl's base currency. Empty means: the store's own currency."""


class Lack(NamedTuple):
    """A row that a table lacks, and that a step needs."""

    table: str
    column: str
    """Of the source: its value has no row."""
    becomes: str
    """What its second cell is to hold, for people."""


class Step(BaseModel, ABC):
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

    @abstractmethod
    def of(self, value: Any, context: Context) -> Any:  # noqa: ANN401 - what `takes` and `gives` say
        """The new value; empty text or None if there is none."""

    def lack(self, values: Mapping[str, Any], context: Context) -> Lack | None:  # noqa: ARG002 - few
        """The row that is to blame where several tables are asked. In: the source's columns."""
        return None

    def named(self, value: str, context: Context) -> str:  # noqa: ARG002 - most need no tables
        """The part of a value that a refusal names, so that those alike wait for the same thing."""
        return value

    def reason(self, value: str) -> str:  # noqa: ARG002 - most steps lose no value
        """Why nothing is known for a value, for people; empty for a step that loses none."""
        return ""

    def remedy(self, value: str, becomes: str) -> str:  # noqa: ARG002 - most steps lose no value
        """What makes it known, as the start of a sentence; `becomes` says what is wanted."""
        return ""


class ValueStep(Step):
    """One value becomes one value, in each of the field's columns."""

    column: str = ""
    """Only in this one of the field's columns; empty: in all of them."""


class JoiningStep(Step):
    """Several columns become one, row by row: its value is a row's values by column."""

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


def build(name: str, parameters: object) -> Step:
    """The step of that name with the parameters of the mapping file: a single value or named ones.

    Raises: KeyError for an unknown name; pydantic.ValidationError for wrong parameters.
    """
    kind = REGISTRY[name]
    if parameters is None:
        return kind.model_validate({})
    if isinstance(parameters, Mapping):
        return kind.model_validate(parameters)
    return kind.model_validate({kind.short or "value": parameters})


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
    """What helps, with `{value}` in it, as the start of a sentence; empty: what the step says."""
    about: tuple[str, ...] = ()
    """Columns of which the first filled one is named in the refusal."""
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Only rows with these values in these columns are refused; elsewhere it stays blank."""
    owner: Owner = ""
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
    def owners(self) -> Mapping[str, Owner]:
        """Who owns each column that both sides may change."""
        return {rule.to: rule.owner for rule in self.fields if rule.owner}

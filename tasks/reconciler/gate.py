"""The validation gate: frames are checked by Great Expectations before they are mapped and sent.

What is refused leaves the batch with its reason; one bad record never holds up another. A set of
frames is a frozen dataclass whose frames are declared with `rows`; an instance without arguments is
a batch of no records, with every column and dtype.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

import pandas as pd

from core.crash_points import reached
from core.frames import Schema, concat, frame
from core.refusals import REFUSALS, Refusal, release_remedy
from mappings.bundle import Bundle
from mappings.engine import Context, apply
from tasks.policy import PURE, step
from tasks.reconciler.cases import refusal_rows
from tasks.reconciler.run import Run

Typed = TypeVar("Typed")
Checked = TypeVar("Checked", bound="Frames")


class Unreadable(Protocol):
    """A document of either system that breaks the model."""

    @property
    def field(self) -> str:
        """Of the document, what is wrong with it."""

    @property
    def reason(self) -> str:
        """What is wrong with it; never its value."""


def rows(
    schema: Schema, *, suite: str = "", mapping: str = "", is_keyed: bool = True
) -> pd.DataFrame:
    """Declare a frame of a set.

    In: the suite that validates it and the mapping file that makes it, if any; whether its rows
    belong to one record each.
    """
    found: pd.DataFrame = dataclasses.field(
        default_factory=lambda: frame([], schema),
        metadata={"schema": schema, "suite": suite, "mapping": mapping, "is_keyed": is_keyed},
    )
    return found


@dataclasses.dataclass(frozen=True)
class Frames:
    """The frames of a batch, and the rows of it that may not travel on (REFUSALS)."""

    KEY: ClassVar[str] = "order_id"
    """The column that names the record a row belongs to."""

    refusals: pd.DataFrame = rows(REFUSALS, is_keyed=False)
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """What the run's report counts of the batch, such as `rounding rows`."""

    @classmethod
    def mapped(cls, bundle: Bundle, found: Frames) -> Self:
        """The set that mapping files make of frames of the same names.

        What the files refuse is among the refusals.
        """
        context = Context(zone="UTC", tables=bundle.tables)
        made = {
            field.name: apply(bundle.mappings[file], getattr(found, field.name), context)
            for field in dataclasses.fields(cls)
            if (file := field.metadata.get("mapping"))
        }
        refusals = concat([one.refusals for one in made.values()], REFUSALS)
        frames: Mapping[str, Any] = {name: one.frame for name, one in made.items()}
        return cls(refusals=refusals, **frames)

    @property
    def has_rows(self) -> bool:
        """Whether there is anything in the batch."""
        return any(
            len(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if "schema" in field.metadata
        )

    def validated(self) -> Mapping[str, pd.DataFrame]:
        """The frames to validate, by the name of their suite."""
        return {
            suite: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if (suite := field.metadata.get("suite"))
        }

    def without(self, keys: Collection[str]) -> Self:
        """The same batch less these records, with all that belongs to them."""
        if not keys:
            return self
        left: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            if field.metadata.get("is_keyed"):
                of: pd.DataFrame = getattr(self, field.name)
                is_left = ~of[self.KEY].isin(list(keys))
                left[field.name] = of[is_left].reset_index(drop=True)
        return dataclasses.replace(self, **left)


def validate(run: Run, frames: Checked) -> Checked:
    """The batch less the records that may not travel on; the run remembers why.

    Each frame of `frames.validated()` is checked by the entity's suite of its name. A batch of no
    records passes as it is.

    Raises: ContractError when the batch as a whole cannot be trusted (a STOP).
    """
    return check_frames(run, frames) if frames.has_rows else frames


@step("validate", PURE)
def check_frames(run: Run, frames: Checked) -> Checked:
    """The batch less the records that may not travel on."""
    # Great Expectations takes seconds to import: only a process that validates pays for it.
    from expectations.check import check  # noqa: PLC0415

    reached("validating", run.entity, run.batch.keys)
    run.refuse(frames.refusals)
    run.report.counts.update(frames.counts)
    suites = importlib.import_module(run.suites).SUITES
    verdict = check(frames.validated(), suites, record=frames.KEY, now=run.now())
    run.refuse(verdict.refused)
    run.report.notes.update(verdict.notes)
    reached("validated", run.entity, run.batch.keys)
    return frames.without(run.refused_keys)


def refuse_unreadable(run: Run, documents: Iterable[tuple[str, Unreadable]], what: str) -> None:
    """Refuse the records, by key, of documents that break the model; `what` they are."""
    refusals = (
        (
            key,
            Refusal(
                "document",
                one.field,
                "",
                f"the {what}'s field {one.field} is not what it should be: {one.reason}",
                release_remedy(
                    f"Open the {what}, correct the field or report it", "document", key=key
                ),
            ),
        )
        for key, one in documents
    )
    run.refuse(refusal_rows(refusals))


def typed_rows(of: pd.DataFrame, row: type[Typed]) -> list[Typed]:
    """Each row as an instance of a dataclass whose fields are columns of the frame."""
    names = [field.name for field in dataclasses.fields(cast("Any", row))]
    return [row(*values) for values in zip(*(of[name].tolist() for name in names), strict=True)]


def typed_by_record(of: pd.DataFrame, row: type[Typed], key: str) -> dict[str, Typed]:
    """The typed row of each record, of a frame with one of each."""
    return dict(zip(of[key].tolist(), typed_rows(of, row), strict=True))


def typed_by_key(
    of: pd.DataFrame, row: type[Typed], key: str = Frames.KEY
) -> dict[str, list[Typed]]:
    """The typed rows of each record."""
    found: dict[str, list[Typed]] = defaultdict(list)
    for record, typed in zip(of[key].tolist(), typed_rows(of, row), strict=True):
        found[record].append(typed)
    return dict(found)

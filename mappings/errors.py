"""What is wrong with a mapping file or a table, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ConfigError

SHOWN = 20
"""Problems spelled out in one error's text; the rest are counted."""


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

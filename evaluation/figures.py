"""What an evaluation answers: figures with the bar that each has to reach."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, le
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `bar` is None where a figure only informs."""

    name: str
    value: float
    bar: float | None = None
    reached_if: Literal["at least", "at most"] = "at least"

    @property
    def is_reached(self) -> bool:
        """Whether the figure is on the right side of its bar; without a bar it always is."""
        compare: Callable[[float, float], bool] = ge if self.reached_if == "at least" else le
        return self.bar is None or compare(self.value, self.bar)

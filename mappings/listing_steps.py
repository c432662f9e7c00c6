"""Steps for texts that list several things. README.md lists all steps for people."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field

from mappings.context import Context
from mappings.steps import ValueStep, step


@step("listed")
class Listed(ValueStep):
    """The first of the things that a text lists, or the others; each counts once.

    They are apart by any of the `separators`, and by line breaks in any case.
    """

    short: ClassVar[str | None] = "take"

    take: Literal["first", "others"]
    separators: str = Field(default=",;|", min_length=1)

    def of(self, value: str, context: Context) -> str:  # noqa: ARG002 - needs no facts
        """Give the first, or the others with commas between them."""
        parts = re.split(rf"[{re.escape(self.separators)}\r\n]+", value)
        things = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
        return "".join(things[:1]) if self.take == "first" else ", ".join(things[1:])

"""What a check of `causeway doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    what: str
    """What was looked at."""
    state: Literal["ok", "warn", "fail"]
    text: str
    remedy: str = ""


def ok(what: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(what, "ok", text)


def warn(what: str, text: str, remedy: str) -> Finding:
    """It works, but not all of it, or not for long."""
    return Finding(what, "warn", text, remedy)


def fail(what: str, text: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(what, "fail", text, remedy)

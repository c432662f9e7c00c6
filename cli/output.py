"""What commands print: text or one JSON document on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import typer

from core.errors import CausewayError
from core.times import to_iso


def document(value: Any) -> None:  # noqa: ANN401 - any JSON document
    """Print the one JSON document of a command."""
    typer.echo(json.dumps(value, default=plain, ensure_ascii=False, indent=2))


def error_document(error: CausewayError) -> None:
    """Print a command's failure as its JSON document."""
    document({"error": error.message, "kind": type(error).__name__, "remedy": error.remedy})


def say(text: str = "") -> None:
    """A line for the person who asked."""
    typer.echo(text)


def warn(text: str) -> None:
    """A line on stderr."""
    typer.echo(text, err=True)


def finish(
    result: Mapping[str, Any] | Sequence[Any],
    *,
    as_json: bool,
    text: str = "",
    problem: str = "",
) -> None:
    """End a command: its document or its text on stdout; a problem on stderr makes exit code 1.

    Raises: typer.Exit with code 1 when there is a problem.
    """
    if as_json:
        document(result)
    elif text:
        say(text)
    if problem:
        warn(problem)
        raise typer.Exit(1)


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Whatever a library prints in the meantime goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago that was, for people: `12 s`, `4 min`, `3 h`, `5 d`; a dash for never."""
    if moment is None:
        return "-"
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """A value as JSON has it, of the kinds that json cannot write itself."""
    if isinstance(value, datetime):
        return to_iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")

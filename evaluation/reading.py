"""Reads labelled data, and says in a sentence what is missing or has another form."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class DataError(Exception):
    """Labelled data that cannot be measured on; its text is a sentence for people."""


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file, which has these columns and perhaps others.

    Raises: DataError.
    """
    rows = list(csv.DictReader(_text(path).splitlines(keepends=True)))
    if not rows:
        raise DataError(f"{path} has no rows.")
    if missing := [name for name in columns if name not in rows[0]]:
        raise DataError(f"{path} has no column {', '.join(missing)}.")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise DataError(f"Row {number} of {path} has not as many values as there are columns.")
    return rows


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """The document in a JSON file.

    Raises: DataError.
    """
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}.") from None


def read_json_lines(path: Path) -> list[Any]:
    """The documents in a file that has one a line.

    Raises: DataError.
    """
    found = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"Line {number} of {path} is no JSON: {error}.") from None
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}.") from None

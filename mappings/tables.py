"""Look-up tables: value for value, as CSV that a spreadsheet can edit."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from core.money import decimal
from mappings.files import Problem

ANY = "*"
"""The value of the row for every text without a row of its own."""
HEADER = ("value", "becomes", "note")
MORE: Mapping[str, tuple[str, ...]] = {"order_status": ("imports",)}
"""Columns that a table may have between `becomes` and `note`; older versions have none."""


@dataclass(frozen=True)
class TableRow:
    """One line of a table."""

    line: int
    """Line of the file, from 1."""
    value: str
    becomes: str
    """Empty: the value is known and deliberately becomes nothing."""
    note: str = ""
    more: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What it has in columns of MORE, where it has them."""


@dataclass(frozen=True)
class Table:
    """A table's rows, in the file's order. Texts are compared trimmed and whatever their case."""

    name: str
    rows: tuple[TableRow, ...]

    @property
    def file(self) -> str:
        """Its place in the mappings folder."""
        return f"tables/{self.name}.csv"

    @property
    def values(self) -> tuple[str, ...]:
        """The left column, as written."""
        return tuple(row.value for row in self.rows)

    def get(self, value: str | Decimal, column: str = "") -> str | None:
        """What the value becomes, or None when no row has it. A Decimal is compared as a number.

        The row `*` is for every text that has no row of its own. In: a column of MORE that comes
        first; one that is blank says the same as `becomes`.
        """
        if column and not isinstance(value, Decimal):
            rows = (row for row in self.rows if comparable(row.value) == comparable(value))
            return next((row.more.get(column) or row.becomes for row in rows), None)
        if isinstance(value, Decimal):
            return self._by_number.get(value)
        return self._by_text.get(comparable(value), self._by_text.get(ANY))

    def numeric_problems(self) -> list[Problem]:
        """What keeps the values from being compared as numbers."""
        problems = []
        seen: dict[Decimal, int] = {}
        for row in self.rows:
            number = _number(row.value)
            if number is None:
                text = f"{row.value!r} is not a number"
                problems.append(Problem(self.file, row.line, "value", text))
            elif (earlier := seen.setdefault(number, row.line)) != row.line:
                text = f"{row.value!r} is already in line {earlier}"
                problems.append(Problem(self.file, row.line, "value", text))
        return problems

    @cached_property
    def _by_text(self) -> dict[str, str]:
        return {comparable(row.value): row.becomes for row in self.rows}

    @cached_property
    def _by_number(self) -> dict[Decimal, str]:
        numbers = ((_number(row.value), row.becomes) for row in self.rows)
        return {number: becomes for number, becomes in numbers if number is not None}


def comparable(text: str) -> str:
    """The form in which values are compared: trimmed, one space for many, case-folded, NFC."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def plain(value: object) -> str:
    """A value as a table writes it: amounts without exponent or trailing zeros."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def as_cell(value: str) -> str:
    """The value as a table's cell, quoted where CSV needs it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([value])
    return line.getvalue()


def lack_of_row(value: str, table: str) -> str:
    """Why nothing is known for a value, for people."""
    return f"{value!r} has no row in mappings/tables/{table}.csv"


def row_to_add(value: str, becomes: str, table: str) -> str:
    """The row that makes a value known, as the start of a sentence."""
    return f"Add `{as_cell(value)},<{becomes}>` to mappings/tables/{table}.csv"


def read_table(name: str, text: str) -> tuple[Table, list[Problem]]:
    """The table of a file's text, and everything that is wrong with it.

    Three columns under the header `value,becomes,note`, and those of MORE; the note may be left
    out. A row that is wrong is left out of the table.
    """
    file = f"tables/{name}.csv"
    found: list[TableRow] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
        if problem := _header_problem(name, file, header):
            return Table(name, ()), [problem]
        for line, cells in _numbered(reader):
            row, problem = _row(file, line, header, cells, seen)
            found += [row] if row else []
            problems += [problem] if problem else []
    except csv.Error as error:
        problems.append(Problem(file, reader.line_num, "", f"this is not CSV: {error}"))
    return Table(name, tuple(found)), problems


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it starts; a quoted cell may span several."""
    last = getattr(reader, "line_num", 1)
    for cells in reader:
        yield last + 1, cells
        last = getattr(reader, "line_num", last + 1)


def _header_problem(name: str, file: str, header: Sequence[str]) -> Problem | None:
    wide = (*HEADER[:-1], *MORE.get(name, ()), HEADER[-1])
    if header in {HEADER, wide}:
        return None
    expected = ",".join(wide)
    hint = "; separate the columns by commas" if len(header) == 1 and ";" in header[0] else ""
    return Problem(file, 1, "", f"the first line must be `{expected}`{hint}")


def _row(
    file: str, line: int, header: Sequence[str], cells: Sequence[str], seen: dict[str, int]
) -> tuple[TableRow | None, Problem | None]:
    """The row, or what is wrong with it; remembers the value in `seen`.

    A row of `value,becomes` alone says of further columns the same as of `becomes`.
    """
    if not any(cell.strip() for cell in cells):
        return None, Problem(file, line, "", "the line is blank; remove it")
    short = len(HEADER) - 1
    if len(cells) not in {short, len(header) - 1, len(header)}:
        text = f"{len(cells)} columns instead of {len(header)}; quote a cell that holds a comma"
        return None, Problem(file, line, "", text)
    found = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    value = found["value"]
    if not value:
        return None, Problem(file, line, "value", "is blank")
    if (earlier := seen.setdefault(comparable(value), line)) != line:
        return None, Problem(file, line, "value", f"{value!r} is already in line {earlier}")
    names = header[short:-1]
    more = {name: found.get(name, found["becomes"]) for name in names}
    return TableRow(line, value, found["becomes"], found.get("note", ""), more), None


def _number(text: str) -> Decimal | None:
    try:
        return decimal(text)
    except ValueError:
        return None

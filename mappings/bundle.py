"""All mapping files and tables of one version, as text and as what the engine applies."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NoReturn, TypeVar

from mappings.cells import cell_problems
from mappings.files import MappingError, Problem
from mappings.rules import EntityMapping
from mappings.schema import read_mapping
from mappings.shapes import ADDED, FILES, TABLES
from mappings.tables import Table, read_table
from mappings.tax_codes import TABLE as TAX_CODES
from mappings.tax_codes import tax_code_problems

Content = TypeVar("Content")
SHIPPED = Path(__file__).parent
HASH_LENGTH = 12
LONGEST = 1_000_000
"""Characters of the longest file that is read."""
MOST_CACHED = 4
"""Versions that a process keeps as the engine applies them; to read one takes 50 ms."""


class _ByName(dict[str, Content]):
    """What files hold by name; what is not to be had is an error that says why."""

    def __init__(
        self, files: str, found: Mapping[str, Content], problems: Sequence[Problem]
    ) -> None:
        super().__init__(found)
        self._files = files
        self._problems = problems

    def __missing__(self, name: str) -> NoReturn:
        file = self._files.format(name)
        problems = [problem for problem in self._problems if problem.file == file]
        raise MappingError(problems or [Problem(file, 0, "", "there is no such file")])


@dataclass(frozen=True)
class Bundle:
    """One version of the mappings. It never changes; made by `load_bundle` or `from_files`."""

    files: Mapping[str, str]
    """Text by name inside the mappings folder: `orders.yaml`, `tables/channels.csv`."""
    version: str
    """`files-` and a hash, or the number under which it was published."""
    tables: Mapping[str, Table]
    """Every table by name. Raises MappingError for a name that no file has."""
    mappings: Mapping[str, EntityMapping]
    """Every mapping by name. Raises MappingError for a name that no file has, and for one that
    cannot be used."""
    problems: tuple[Problem, ...]
    """Everything that is wrong, by file and line; nothing for a bundle that can be used."""

    @classmethod
    def from_files(
        cls, files: Mapping[str, str], *, version: str | None = None, check: bool = True
    ) -> Bundle:
        """The bundle of these texts, read only once for the same content.

        Raises: MappingError naming file, line and field of everything wrong, unless it is not to
        `check`; `problems` lists the same.
        """
        texts = tuple((name, text.replace("\r\n", "\n")) for name, text in sorted(files.items()))
        bundle = _read(texts, version)
        if check and bundle.problems:
            raise MappingError(bundle.problems)
        return bundle

    @property
    def cell_problems(self) -> tuple[Problem, ...]:
        """Cells of tables that hold something else than they should: nothing is published so."""
        return tuple(cell_problems(self.tables))

    @property
    def hash(self) -> str:
        """SHA-256 of names and texts; equal for equal content, whatever the version."""
        return content_hash(self.files)

    def diff(self, other: Bundle) -> str:
        """What `other` says differently, as a unified diff; empty if nothing."""
        parts: list[str] = []
        for name in sorted({*self.files, *other.files}):
            before, after = self.files.get(name), other.files.get(name)
            parts += difflib.unified_diff(
                (before or "").splitlines(),
                (after or "").splitlines(),
                f"{self.version}/{name}" if before is not None else "/dev/null",
                f"{other.version}/{name}" if after is not None else "/dev/null",
                lineterm="",
            )
        return "\n".join(parts)


def load_bundle(path: Path | None = None, *, check: bool = True) -> Bundle:
    """The mappings in a folder: its `*.yaml` and `tables/*.csv`. Without a path, the shipped ones.

    Raises: MappingError when the folder or a file cannot be read, or (with `check`) used.
    """
    folder = path or SHIPPED
    if not folder.is_dir():
        raise MappingError([Problem(str(folder), 0, "", "there is no such folder")])
    files = {file.name: _text(file, file.name) for file in folder.glob("*.yaml")}
    for file in folder.glob("tables/*.csv"):
        name = f"tables/{file.name}"
        files[name] = _text(file, name)
    return Bundle.from_files(files, check=check)


def content_hash(files: Mapping[str, str]) -> str:
    """SHA-256 of names and texts, independent of their order."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _text(file: Path, name: str) -> str:
    """A file's text; a byte order mark, as spreadsheets write it, is left out."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise MappingError([Problem(name, line, "", "is not UTF-8; save it as UTF-8")]) from error
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
        raise MappingError([Problem(name, 0, "", text)]) from error


@lru_cache(maxsize=MOST_CACHED)
def _read(texts: tuple[tuple[str, str], ...], version: str | None) -> Bundle:
    files = dict(texts)
    version = version or f"files-{content_hash(files)[:HASH_LENGTH]}"
    problems = list(_misplaced(files))
    tables: dict[str, Table] = {}
    for name, text in files.items():
        if _is_table(name):
            table, found = read_table(PurePosixPath(name).stem, text)
            tables[table.name] = table
            problems += found
    mappings: dict[str, EntityMapping] = {}
    for name, text in files.items():
        if _is_mapping(name):
            mapping, found = read_mapping(PurePosixPath(name).stem, text, tables)
            mappings |= {mapping.name: mapping} if mapping else {}
            problems += found
    if TAX_CODES in tables:
        problems += tax_code_problems(tables[TAX_CODES])
    every = tuple(sorted(set(problems)))
    return Bundle(
        files,
        version,
        _ByName("tables/{}.csv", tables, every),
        _ByName("{}.yaml", mappings, every),
        every,
    )


def _misplaced(files: Mapping[str, str]) -> Iterator[Problem]:
    """Files that belong to no bundle, and those that every bundle has."""
    for name, text in files.items():
        if not _is_table(name) and not _is_mapping(name):
            yield Problem(name, 0, "", "is neither `<name>.yaml` nor `tables/<name>.csv`")
        elif len(text) > LONGEST:
            yield Problem(name, 0, "", f"is longer than {LONGEST} characters")
    needed = [f"{name}.yaml" for name in FILES if name not in ADDED] + [
        f"tables/{name}.csv" for name in TABLES
    ]
    for name in needed:
        if name not in files:
            yield Problem(name, 0, "", "is missing")


def _is_mapping(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".yaml" and str(path.parent) == "."


def _is_table(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".csv" and str(path.parent) == "tables"

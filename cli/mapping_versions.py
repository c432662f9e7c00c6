"""Versions of the mappings: the one in force, older ones, and what one of them wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cli.installation import has_database
from core.errors import ConfigError
from core.ids import SYNCED
from core.settings import Settings
from core.times import utc_now
from mappings.bundle import Bundle, load_bundle
from mappings.files import MappingError
from mappings.tables import HEADER, comparable
from store.database import Database, database_of
from store.inbox import OPERATOR, Inbox
from store.ledger import Ledger
from store.versions import Versions


def in_force(settings: Settings, pair: str, *, check: bool = True) -> Bundle:
    """The newest published version, else the files of the installation.

    Raises: MappingError when they do not load (of files only with `check`); StoreUnavailableError.
    """
    versions = Versions(database_of(settings)) if has_database(settings) else None
    number = versions.newest(pair) if versions else 0
    if not number:
        return load_bundle(settings.mappings_path, check=check)
    return published_bundle(settings, pair, number)


def published_bundle(settings: Settings, pair: str, number: int) -> Bundle:
    """A published version.

    Raises: ConfigError when there is none of that number.
    """
    version = Versions(database_of(settings)).get(pair, number)
    if version is None:
        raise ConfigError(
            f"There is no published version {number}.", remedy="See: causeway mappings history"
        )
    return Bundle.from_files(version.files, version=str(version.number))


def from_folder(settings: Settings, path: Path | None, *, check: bool = True) -> Bundle:
    """The files of a folder, or of the installation.

    Raises: MappingError.
    """
    return load_bundle(path or settings.mappings_path, check=check)


@dataclass(frozen=True)
class Added:
    """What became of the mappings with one row more in a table."""

    path: Path
    """The file that was written."""
    before: Bundle
    """What was in force."""
    after: Bundle
    """The same with the row, and with nothing else that the files may hold."""
    others: tuple[str, ...]
    """Files that differ from it in something else."""


def add_row(settings: Settings, pair: str, table: str, row: tuple[str, str, str]) -> Added:
    """Add a row to a table's file, and to what is in force; publishes nothing.

    Raises: ConfigError, MappingError; then nothing is written.
    """
    name = table.removeprefix("tables/").removesuffix(".csv")
    file = f"tables/{name}.csv"
    if settings.mappings_path is None:
        raise ConfigError(
            "The mapping files in use are those of the package, which an upgrade replaces.",
            remedy="Copy them first: causeway mappings copy FOLDER, then set "
            "CAUSEWAY_MAPPINGS_PATH to that folder.",
        )
    files, before = from_folder(settings, None), in_force(settings, pair)
    if file not in files.files:
        known = ", ".join(sorted(files.tables))
        raise ConfigError(f"There is no table {name}.", remedy=f"There are: {known}.")
    path = settings.mappings_path / file
    publish = "causeway mappings publish"
    written = _with_row(files, file, row, f"Correct that line of {path}, then: {publish}")
    after = (
        _with_row(before, file, row, f"Put the files in force: {publish}")
        if before.version.isdecimal()
        else written
    )
    if new := set(after.cell_problems) - set(before.cell_problems):
        raise MappingError(sorted(new))
    try:
        path.write_text(written.files[file], encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.",
            remedy="Give this user the right to write to the folder of mappings.",
        ) from error
    return Added(path, before, after, tuple(differing(after, written)))


def copy_shipped(folder: Path) -> int:
    """Copy the files of the package to a folder; how many.

    Raises: ConfigError when the folder holds something, or cannot be written.
    """
    files = load_bundle(None).files
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty.", remedy="Name a new folder.")
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.") from error
    return len(files)


def differing(before: Bundle, after: Bundle) -> list[str]:
    """The files that differ between two bundles."""
    names = sorted({*before.files, *after.files})
    return [name for name in names if before.files.get(name) != after.files.get(name)]


def said_of_files(in_force: Bundle, files: Bundle) -> str:
    """That the files differ from the version in force; empty where they do not, or are in force."""
    names = differing(in_force, files)
    if not names or not in_force.version.isdecimal():
        return ""
    return (
        f"Version {in_force.version} is in force, and the files differ from it "
        f"({', '.join(names)}). Put them in force by: causeway mappings publish"
    )


def _with_row(bundle: Bundle, file: str, row: tuple[str, str, str], remedy: str) -> Bundle:
    """The bundle with one row more in a table; the same where it has that row already.

    In: value, what it becomes, note; what helps where the value becomes something else already.

    Raises: ConfigError when the value becomes something else already; MappingError.
    """
    name, text = PurePosixPath(file).stem, bundle.files.get(file, ",".join(HEADER))
    for known in bundle.tables[name].rows if file in bundle.files else ():
        if comparable(known.value) != comparable(row[0]):
            continue
        if known.becomes == row[1]:
            return bundle
        raise ConfigError(
            f"The table {name} has {known.value!r} in line {known.line} already: it becomes "
            f"{known.becomes!r}.",
            remedy=remedy,
        )
    added = io.StringIO()
    header = next(csv.reader(io.StringIO(text)))
    cells = dict.fromkeys((cell.strip() for cell in header), "")
    cells.update(zip(HEADER, row, strict=True))
    csv.writer(added, lineterminator="\n").writerow(cells.values())
    ending = "" if text.endswith("\n") else "\n"
    files = {**bundle.files, file: f"{text}{ending}{added.getvalue()}"}
    return Bundle.from_files(files, version=bundle.version if bundle.version.isdecimal() else None)


def written_by(database: Database, pair: str, version: str) -> list[tuple[str, str]]:
    """Entity and key of every record that a version wrote, each once, in the order written."""
    entries = Ledger(database).by_version(pair, version)
    return list(
        dict.fromkeys((entry.entity, entry.key) for entry in entries if entry.entity in SYNCED)
    )


def requeue(database: Database, pair: str, written: Sequence[tuple[str, str]]) -> int:
    """Put those records back into the inbox; how many were not due before."""
    inbox, now = Inbox(database), utc_now()
    return sum(
        inbox.put(
            pair,
            entity,
            [key for of, key in written if of == entity],
            source=OPERATOR,
            now=now,
        )
        for entity in dict(written)
    )

"""`make size`: non-blank lines and files of Python by folder, and of `tasks/` by entity."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPLIT = "tasks"
"""The folder whose sub-folders are shown as well."""
TESTS = "tests"
"""A folder of files that is no package."""
SHARED = "(shared)"
"""Modules of that folder that belong to no sub-folder."""


def sizes(root: Path) -> Iterator[tuple[str, int, int]]:
    """Name, files and non-blank lines of each package, and below it of each entity's folder."""
    packages = [file.parent for file in root.glob("*/__init__.py")]
    for folder in sorted([*packages, *root.glob(TESTS)]):
        yield folder.name, *_size(list(folder.rglob("*.py")))
        if folder.name == SPLIT:
            yield f"  {SHARED}", *_size(list(folder.glob("*.py")))
            for entity in sorted(one for one in folder.iterdir() if (one / "__init__.py").exists()):
                yield f"  {entity.name}", *_size(list(entity.rglob("*.py")))


def to_text(rows: list[tuple[str, int, int]]) -> str:
    """The same as a table, with the sum of all packages."""
    packages = [row for row in rows if not row[0].startswith(" ")]
    total = ("total", sum(row[1] for row in packages), sum(row[2] for row in packages))
    lines = [("folder", "files", "lines"), *rows, total]
    width = max(len(str(line[0])) for line in lines)
    return "\n".join(f"{name:<{width}} {files!s:>6} {count!s:>7}" for name, files, count in lines)


def _size(files: list[Path]) -> tuple[int, int]:
    texts = (file.read_text("utf-8") for file in files)
    return len(files), sum(bool(line.strip()) for text in texts for line in text.splitlines())


if __name__ == "__main__":
    sys.stdout.write(to_text(list(sizes(ROOT))) + "\n")

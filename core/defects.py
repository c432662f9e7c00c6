"""Errors of our own code, as they may be shown: where they were raised, never with what values."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = (
    *("core", "store", "connectors", "mappings", "expectations", "tasks", "flows", "worker"),
    "receiver",
)
"""Folders of the code that works on records."""


class DefectError(Exception):
    """An error that nobody foresaw, by its class and place.

    Its own text is left out: it may hold a shopper's data, and Prefect shows what a step ends with.
    """

    def __init__(self, error: Exception) -> None:
        frames = [(_short(one.filename), one) for one in traceback.extract_tb(error.__traceback__)]
        ours = [(file, one) for file, one in frames if file.partition("/")[0] in OURS] or frames
        file, last = ours[-1]
        module = file.removesuffix(".py").replace("/", ".")
        super().__init__(f"{type(error).__name__} in {module}.{last.name}")
        shown = [one for one in frames if one in ours or one is frames[-1]]
        self.traceback = [f"{file}:{one.lineno} in {one.name}: {one.line}" for file, one in shown]
        """File, line, function and source of each frame of ours and of the last one."""
        self.add_note("\n".join(self.traceback))  # which logs show


def log_defect(log: logging.Logger, what: str, error: Exception) -> None:
    """Log an error that nobody foresaw, as it may be shown. In: what met it, as a subject."""
    defect = error if isinstance(error, DefectError) else DefectError(error)
    trace = "\n".join(defect.traceback)
    log.error("%s met an error that nobody foresaw: %s\n%s", what, defect, trace)


def _short(filename: str) -> str:
    """A file without the folder that the installation happens to be in."""
    _, is_library, inside = filename.rpartition("/site-packages/")
    return inside if is_library else filename.removeprefix(f"{ROOT}/")
